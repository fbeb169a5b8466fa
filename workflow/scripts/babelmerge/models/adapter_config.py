"""What an adapter_config.json of peft says, and what of it we take. No tensors, no torch.

Taken is LoRA with alpha/r or alpha/sqrt(r) (rsLoRA), ranks and alphas by pattern, DoRA, biases,
whole modules, embeddings and bare weights (target_parameters). What would make an adapter mean
something else than its factors say is refused by name: other kinds of adapters, variants of LoRA,
and initialisations that change the base (PiSSA and the like, unless they were converted when
saved).
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from babelmerge.files import links, quantised
from babelmerge.files.directories import read_json
from babelmerge.files.tensor_headers import read_header, require_known
from babelmerge.words.patterns import Clock, Endings, mistake
from babelmerge.words.showing import plain, shown

CONFIG = "adapter_config.json"
BESIDE = "adapter"  # in a full model's directory: the adapter that it is made of, see `lora.keep`
WEIGHTS = "adapter_model.safetensors"
PICKLE = "adapter_model.bin"
WHOLE = "model.safetensors"  # of a full model
FOLD = (
    "fold it into its base where it was trained (peft: merge_and_unload, then save_pretrained) and "
    "give that model"
)
# Switches of peft's LoraConfig under which the update is not scale * B A, and what they are called.
VARIANTS = {
    "use_qalora": "QALoRA",
    "use_bdlora": "BD-LoRA",
    "alora_invocation_tokens": "activated LoRA (aLoRA)",
    "arrow_config": "Arrow routing",
    "velora_config": "VeLoRA",
    "monteclora_config": "MonteCLoRA",
    "kasa_config": "KaSA",
    "megatron_config": "Megatron layers",
    "layer_replication": "replicated layers",
    "trainable_token_indices": "trained tokens (trainable_token_indices)",
}
# Keys of peft's configs under which modules are told by regular expressions -> in lists too?
PATTERNS = {"rank_pattern": True, "alpha_pattern": True, "layers_pattern": True}
PATTERNS |= {"modules_to_save": True, "target_modules": False, "exclude_modules": False}
LARGEST = 2**53  # beyond which a number is no rank and no alpha
PLAIN_STARTS = ("gaussian", "eva", "orthogonal")  # starting values that leave the base as it is


@dataclass(frozen=True)
class AdapterConfig:
    """A LoRA adapter's settings; patterns are peft's, regular expressions by module."""

    path: Path
    r: int
    alpha: float
    rslora: bool = False
    dora: bool = False
    fan_in_fan_out: bool = False
    rank_pattern: Mapping[str, int] = field(default_factory=dict)
    alpha_pattern: Mapping[str, float] = field(default_factory=dict)
    base: str | None = None
    task_type: str | None = None
    targets: tuple[str, ...] = ()  # ends of modules' names, where they are listed
    parameters: tuple[str, ...] = ()  # ends of names of bare parameters with LoRA
    saved: tuple[str, ...] = ()  # ends of names of modules that are kept whole (modules_to_save)
    tying: bool = False  # a head that is the embeddings stays that
    clock: Clock = field(default_factory=Clock, compare=False, repr=False)  # of the patterns

    def rank(self, module: str) -> int:
        return self.rank_pattern.get(self._first(self._ranks, module), self.r)

    def scale(self, module: str) -> float:
        """What multiplies B A: alpha / r, or alpha / sqrt(r) for rsLoRA."""
        alpha = self.alpha_pattern.get(self._first(self._alphas, module), self.alpha)
        rank = self.rank(module)
        return alpha / (math.sqrt(rank) if self.rslora else rank)

    @cached_property
    def _ranks(self) -> Endings:
        return Endings(self.rank_pattern, self.clock)

    @cached_property
    def _alphas(self) -> Endings:
        return Endings(self.alpha_pattern, self.clock)

    @cached_property
    def _bare(self) -> tuple[str, ...]:
        return tuple(f".{end}" for end in self.parameters)

    def is_bare(self, module: str) -> bool:
        """Whether LoRA is on a module's bare weight (target_parameters), not on the module."""
        return f".{module}.weight".endswith(self._bare)

    def is_saved(self, name: str) -> bool:
        """Whether a tensor's module is trained as a copy of its own, or one around it is."""
        parts = name.split(".")[:-1]
        modules = (".".join(parts[: count + 1]) for count in range(len(parts)))
        return any(module.endswith(self.saved) for module in modules)

    def _first(self, patterns: Endings, module: str) -> str | None:
        """The first pattern that fits the end of a module's name at a dot.

        Of a bare parameter it is that parameter's name, as in peft.
        """
        try:
            return patterns.first(f"{module}.weight" if self.is_bare(module) else module)
        except ValueError as error:
            raise ValueError(f"{self.path}: {CONFIG}: {error}") from None


def is_adapter(path: str | Path) -> bool:
    """Whether a directory holds an adapter instead of a full model."""
    return (Path(path) / CONFIG).is_file()


def adapter_of(model: str | Path) -> Path:
    """The adapter that a model is, or that is kept beside a full one; ValueError without one."""
    found = source_of(model)
    if not is_adapter(found):
        raise ValueError(
            f"{model}: is no adapter and has none beside it, and merging by factors (knots, "
            "core_space) needs one; give an adapter's folder as the expert's path, or choose "
            "another method"
        )
    return found


def source_of(model: str | Path) -> Path:
    """The adapter that lies beside a full model, else the model (which may be an adapter)."""
    kept = Path(model) / BESIDE
    return kept if is_adapter(kept) else Path(model)


def merged(model: str | Path, factors: bool) -> Path:
    """What of a model is merged: its adapter, whose factors no rounding has touched, if it has one.

    factors: whether the method needs one; ValueError then.
    """
    return adapter_of(model) if factors else source_of(model)


def read_config(path: str | Path) -> AdapterConfig:
    """The settings of an adapter's directory; ValueError that names what cannot be merged."""
    path = Path(path)
    if not is_adapter(path):
        raise ValueError(f"{path}: has no {CONFIG}; not an adapter's directory")
    links.refuse(path)
    found = read_json(path / CONFIG)
    _refuse(path, found)
    return AdapterConfig(
        path,
        r=_rank(path, "r", found.get("r", 8)),
        alpha=_alpha(path, "lora_alpha", found.get("lora_alpha", 8)),
        rslora=bool(found.get("use_rslora")),
        dora=bool(found.get("use_dora")),
        fan_in_fan_out=bool(found.get("fan_in_fan_out")),
        rank_pattern=_by_pattern(path, found, "rank_pattern", _rank),
        alpha_pattern=_by_pattern(path, found, "alpha_pattern", _alpha),
        base=_word(path, found, "base_model_name_or_path"),
        task_type=_word(path, found, "task_type"),
        targets=_targets(found.get("target_modules")),
        parameters=_targets(found.get("target_parameters")),
        saved=_targets(found.get("modules_to_save")),
        tying=bool(found.get("ensure_weight_tying")),
    )


def weights(path: str | Path) -> Path:
    """The adapter's file of weights; a pickle is refused with the way to convert it."""
    path = Path(path)
    if (path / WEIGHTS).is_file():
        return path / WEIGHTS
    if (path / PICKLE).is_file():
        raise ValueError(
            f"{path}: {PICKLE} is a pickle, which can run code when it is loaded; convert it where "
            "you trust it (peft: PeftModel.from_pretrained on its base, then save_pretrained, "
            "which writes safetensors) and give that directory"
        )
    if (path / WHOLE).is_file():
        raise ValueError(
            f"{path}: has {CONFIG}, which makes it an adapter, and {WHOLE} in place of {WEIGHTS}; "
            f"take {CONFIG} away if it is a full model, else fetch the adapter again"
        )
    raise ValueError(f"{path}: has {CONFIG} and no {WEIGHTS}; fetch or train the adapter again")


def read_entries(path: str | Path) -> dict[str, dict]:
    """The header of the adapter's file of weights; ValueError for one with nothing in it."""
    file = weights(path)
    entries = read_header(file)
    bare = [name for name, fact in entries.items() if 0 in fact["shape"]]
    if bare or not entries:
        count = f"{len(bare)} of {len(entries)} tensors have no elements"
        found = f"{count}, such as {bare[0]}" if bare else "it holds no tensors"
        raise ValueError(
            f"{file}: is empty: {found}; expected the trained factors. Under DeepSpeed ZeRO-3 each "
            "process has but a part of them: gather them when "
            "saving (stage3_gather_16bit_weights_on_model_save: true, or zero_to_fp32.py on the "
            "training checkpoint) and save the adapter again, or fetch another of its checkpoints"
        )
    facts = {name: (fact["dtype"], tuple(fact["shape"])) for name, fact in entries.items()}
    quantised.refuse(file, {}, facts)
    for name, (code, _) in facts.items():
        require_known(file, name, code)
    return entries


def _refuse(path: Path, found: Mapping[str, Any]) -> None:
    refuse_slow_patterns(path, found)
    kind = found.get("peft_type")
    if kind != "LORA":
        raise ValueError(f"{path}: is an adapter of type {plain(kind)}, expected LORA; {FOLD}")
    for key, name in VARIANTS.items():
        if found.get(key):
            raise ValueError(f"{path}: {CONFIG} has {key}: {name} is not merged; {FOLD}")
    _refuse_parameters(path, found.get("target_parameters") or ())
    start = found.get("init_lora_weights", True)
    if isinstance(start, str) and start.lower() not in PLAIN_STARTS:
        raise ValueError(
            f"{path}: init_lora_weights is {shown(start)}, which changes the base that the factors "
            "are added to; save the adapter converted (peft: save_pretrained with "
            f"path_initial_model_for_weight_conversion), or {FOLD}"
        )


def _refuse_parameters(path: Path, names: Any) -> None:
    """ValueError unless bare parameters with LoRA are weights of maps, where it is as on the map.

    On experts in one tensor it is a pair of factors each, of another form.
    """
    if not isinstance(names, list | tuple):
        raise ValueError(
            f"{path}: {CONFIG} has target_parameters {shown(names)}; expected a list of names, as "
            "peft writes it; correct the file, or fetch the adapter again"
        )
    if odd := [name for name in names if not str(name).endswith(".weight")]:
        raise ValueError(
            f"{path}: {CONFIG} has target_parameters {', '.join(map(shown, odd[:3]))}: LoRA on "
            "bare parameters that are no map's weight, such as experts in one tensor, is not read "
            f"here; {FOLD}"
        )


def _targets(value: Any) -> tuple[str, ...]:
    return tuple(map(str, value)) if isinstance(value, list) else ()


def _rank(path: Path, key: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < LARGEST:
        raise ValueError(
            f"{path}: {CONFIG} has {key} {shown(value)}; expected a whole number from 1"
        )
    return value


def _alpha(path: Path, key: str, value: Any) -> float:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not number or not abs(value) < LARGEST:
        raise ValueError(f"{path}: {CONFIG} has {key} {shown(value)}; expected a finite number")
    return float(value)


def _by_pattern(
    path: Path, found: Mapping[str, Any], key: str, check: Callable[[Path, str, Any], Any]
) -> dict[str, Any]:
    """Checked values by regular expressions that can be looked up."""
    given = found.get(key) or {}
    if not isinstance(given, dict):
        raise ValueError(f"{path}: {CONFIG} has {key} {shown(given)}; expected a mapping")
    return {name: check(path, f"{key}: {plain(name)}:", value) for name, value in given.items()}


def _word(path: Path, found: Mapping[str, Any], key: str) -> str | None:
    value = found.get(key) or None
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{path}: {CONFIG} has {key} {shown(value)}; expected a word, or null")
    return value


def refuse_slow_patterns(path: str | Path, found: Mapping[str, Any]) -> None:
    """ValueError for a regular expression of an adapter's config that none should try."""
    for key, listed in PATTERNS.items():
        given = found.get(key)
        words = [given] if isinstance(given, str) else given
        for pattern in words if listed and isinstance(words, list | dict) else [given]:
            if isinstance(pattern, str) and (told := mistake(pattern)):
                raise ValueError(f"{path}: {CONFIG}: {key}: {shown(pattern)} {told}")
