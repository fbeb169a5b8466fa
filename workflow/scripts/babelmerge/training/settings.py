"""Settings of a training run: the one model of them, for studies, their documentation and training.

`Training` says each setting's name, meaning, range and default. A study's keys are checked by it; a
setting that is not given is None there, so that a model's training can change a study's key by
key, and `resolve` fills in the defaults when training begins. Plain data; imports no torch.
"""

import math
from collections.abc import Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, get_args

from pydantic import Discriminator, Field, Tag, ValidationError

from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint
from babelmerge.words.strict import Count, OneOrMore, Strict, Whole, form_or_mapping, key

Schedule = Literal["inverse_sqrt", "cosine", "linear", "constant"]
SCHEDULES: tuple[str, ...] = get_args(Schedule)
LORA = "lora: {r: …, alpha: …}"
BY_SIZE = "size"
SPLIT = "split"  # of `too_long`
ALL_LINEAR = "all-linear"
Positive = Annotated[float, Field(gt=0)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
# Of each of these one is given at most, of the first two exactly one.
EXCLUSIVE = (
    ("epochs", "steps"),
    ("batch_tokens", "batch_size"),
    ("warmup_steps", "warmup_ratio"),
)
REQUIRED = EXCLUSIVE[:2]


def setting(text: str, default: Any = None) -> Any:
    """A described setting that is None where it is not given; `default` is what then holds."""
    more = {} if default is None else {"default": default}
    return Field(default=None, description=text, json_schema_extra=more)


class Lora(Strict):
    """A low-rank adapter."""

    r: Count = key("Rank.", ...)
    alpha: Positive = key("The update is alpha/r times BA.", ...)
    dropout: Fraction = key("Dropout before A.", 0.0)
    targets: OneOrMore = key(
        "Linear maps adapted, such as [q_proj, v_proj]; all-linear: all but the output head "
        "and a mixture's experts, which are packed.",
        ALL_LINEAR,
    )
    rslora: bool = key("Scale by alpha/sqrt(r).", False)
    dora: bool = key("Learn the length of each output's weights beside their direction.", False)
    keep: Literal["adapter", "full"] | None = setting(
        "What is written: the adapter alone, put on the base where it is read; full: the model "
        "that both make, in the base's dtype, and the adapter beside it.",
        "adapter",
    )


class Temperature(Strict):
    """Data sets share an epoch by size^(1/temperature)."""

    temperature: Annotated[float, Field(ge=1)] = key(
        "1: every row once; above: small data sets more often, large ones less.", ...
    )


Sampling = Annotated[
    Annotated[Literal["size"], Tag("<one>")] | Annotated[Temperature, Tag("<mapping>")],
    Discriminator(form_or_mapping),
]


class Training(Strict):
    """How a model is trained. Keys left out come from the study's `training`, then the defaults.

    The loss is that of the answer alone and of the end token behind it, which an answer that
    max_length cuts does not have. Of tasks of kind text it is that of every token and of the end
    token, but for the first: BOS where the tokenizer puts one before texts, else the text's own.
    """

    method: Literal["full", "lora", "pretrain"] | None = setting(
        "full: all weights; pretrain: the same from a random start, and the default there; lora: "
        "an adapter on the base.",
        "full",
    )
    learning_rate: Positive | None = setting("Highest learning rate; required.")
    epochs: Positive | None = setting("Passes over the data; or steps.")
    steps: Count | None = setting("Optimizer steps; or epochs.")
    scheduler: Schedule | None = setting(
        "Course of the learning rate after the warm-up.", "constant"
    )
    warmup_steps: Whole | None = setting(
        "Steps of rising learning rate; or warmup_ratio. Default: none."
    )
    warmup_ratio: Fraction | None = setting("The same as a share of steps.")
    batch_size: Count | None = setting(
        "Sequences of a step, on all devices together; or batch_tokens."
    )
    batch_tokens: Count | None = setting(
        "Padded tokens of a step, on all devices together; or batch_size."
    )
    sampling: Sampling | None = setting(
        "How the data sets of a model share an epoch, which has as many rows as they have "
        "together. size: every row once; or {temperature: T}: by size^(1/T).",
        BY_SIZE,
    )
    gradient_accumulation: Count | None = setting(
        "Parts that each device computes its share of a step in.", 1
    )
    max_length: Count | None = setting("Tokens of a sequence at most.", 512)
    too_long: Literal["cut", "drop", "error", "split"] | None = setting(
        "Rows of more tokens. cut: their answers are cut, and those left out whose prompts alone "
        "are as long; drop: they are left out; error: refused before anything is trained; split, "
        "where all that a model learns is of kind text: they become several rows, each of which "
        "first reads the last token of the one before, so that every token is learnt once. What "
        "is cut, left out and split is counted in training.json and told in the report.",
        "cut",
    )
    packing: bool | None = setting(
        "Rows of a step share sequences of max_length tokens, each with positions of its own and "
        "blind to the others: the same steps and losses, with less padding.",
        False,
    )
    dtype: Literal["float32", "bfloat16", "bfloat16_mixed"] | None = setting(
        "bfloat16: optimizer too (an adapter stays float32); bfloat16_mixed: weights stay float32.",
        "float32",
    )
    weight_decay: Annotated[float, Field(ge=0)] | None = setting("AdamW's.", 0.0)
    max_grad_norm: Positive | None = setting("Gradient clipping.", 1.0)
    adam_beta1: Fraction | None = setting("AdamW's.", 0.9)
    adam_beta2: Fraction | None = setting("AdamW's.", 0.999)
    adam_epsilon: Positive | None = setting("AdamW's.", 1e-8)
    save_steps: Count | None = setting(
        "Steps between resumable states. Default: every five minutes, less often where that is "
        "long."
    )
    eval_steps: Count | None = setting(
        "Steps between losses on dev; the best state is kept. Default: dev is not read."
    )
    gradient_checkpointing: bool | None = setting("Less memory, more time.", False)
    seed: Whole | None = setting("Seed of order and initialisation. Default: the study's.")
    lora: Lora | None = setting("The adapter, for method lora.")


def _default(name: str) -> Any:
    extra = Training.model_fields[name].json_schema_extra
    return extra.get("default") if isinstance(extra, dict) else None


DEFAULTS = MappingProxyType({name: _default(name) for name in Training.model_fields})


def both(given: Collection[str]) -> list[tuple[str, ...]]:
    """Settings that exclude each other and are all given, in the order of `Training`."""
    found = [pair for pair in EXCLUSIVE if all(name in given for name in pair)]
    return [_ordered(pair) for pair in found]


def lacking(given: Collection[str]) -> list[tuple[str, ...]]:
    """What training needs one of and is not given, in the order of `Training`."""
    needed = (("learning_rate",), *REQUIRED)
    return [_ordered(names) for names in needed if not any(name in given for name in names)]


def alone(given: Mapping) -> str | None:
    """Which of method lora and the settings of its adapter is there without the other."""
    if (given.get("method") == "lora") == ("lora" in given):
        return None
    return "lora without method lora" if "lora" in given else "method lora without lora"


def _ordered(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(name for name in Training.model_fields if name in names)


def resolve(settings: Mapping, seed: int) -> dict:
    """Settings with defaults for what is absent or None; a `seed` among them wins.

    Raises ValueError for an unknown key (with the nearest), a missing learning rate, both or
    neither of epochs|steps and batch_tokens|batch_size, and values out of range.
    """
    given = {name: value for name, value in settings.items() if value is not None}
    _refuse(settings, given)
    resolved = {**DEFAULTS, **given}
    resolved["seed"] = seed if resolved["seed"] is None else resolved["seed"]
    if resolved["lora"] is not None:
        resolved["lora"] = _lora(resolved).model_dump(exclude_none=True)
    return resolved


def kept_alone(settings: Mapping) -> bool:
    """Whether what is trained is written as an adapter, without a full model."""
    return settings.get("method") == "lora" and _lora(settings).keep != "full"


def _lora(settings: Mapping) -> Lora:
    return Lora.model_validate(dict(settings["lora"]))


def warmup(settings: Mapping, total: int) -> int:
    """Number of warm-up steps of `total`; a ratio is rounded up."""
    if settings["warmup_ratio"] is not None:
        return math.ceil(settings["warmup_ratio"] * total)
    return settings["warmup_steps"] or 0


def _refuse(settings: Mapping, given: Mapping) -> None:
    """ValueError for the first of: unknown keys, choices, pairs, ranges."""
    for name in settings:
        if name not in DEFAULTS:
            raise ValueError(f"training: unknown key {shown(name)}{_nearest(name, DEFAULTS)}")
    wrong = _wrong(given)
    for name in wrong:
        if choices := _choices(name):
            raise ValueError(
                f"training.{name}: found {shown(given[name])}{_nearest(given[name], choices)}"
            )
    _refuse_pairs(given)
    if mismatch := alone(given):
        raise ValueError(f"training: found {mismatch}, expected method: lora and {LORA}")
    for name in wrong:
        raise ValueError(f"training.{name}: found {shown(given[name])}, expected {_expected(name)}")


def _wrong(given: Mapping) -> list[str]:
    """Names of the settings that `Training` does not accept, in its order."""
    try:
        Training.model_validate(dict(given))
    except ValidationError as error:
        return list(dict.fromkeys(str(one["loc"][0]) for one in error.errors()))
    return []


def _nearest(found: object, valid: Collection[str]) -> str:
    return f"{hint(found, valid)} (valid: {', '.join(valid)})"


def _choices(name: str) -> tuple[str, ...]:
    """The words that a setting is one of; none for a number."""
    first = get_args(Training.model_fields[name].annotation)[0]
    words = get_args(first) if hasattr(first, "__args__") else ()
    return tuple(word for word in words if isinstance(word, str))


def _refuse_pairs(given: Mapping) -> None:
    if "learning_rate" not in given:
        raise ValueError("training.learning_rate is missing; give one, such as 5.0e-5")
    for pair in EXCLUSIVE:
        found = [name for name in pair if name in given]
        if len(found) == 2 or (pair in REQUIRED and not found):
            raise ValueError(
                f"training: found {' and '.join(found) or 'neither'} of {' and '.join(pair)}; "
                "give exactly one"
            )


def _expected(name: str) -> str:
    """The range of a setting in words, from its schema."""
    if name == "lora":
        return f"{LORA} and no others than {', '.join(Lora.model_fields)}"
    if name == "sampling":
        return f"{BY_SIZE}, or {{temperature: T}} with T from 1"
    schema = Training.model_json_schema()["properties"][name]["anyOf"][0]
    if schema["type"] == "integer":
        return "a whole number above 0" if schema["minimum"] else "a whole number, 0 or above"
    if "exclusiveMaximum" in schema:
        return f"0 ≤ {name} < 1"
    if schema["type"] == "number":
        return "a number above 0" if "exclusiveMinimum" in schema else "a number, 0 or above"
    return "true or false"
