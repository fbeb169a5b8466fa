"""Settings of a training run: defaults, names, ranges. Plain data; imports no torch.

`resolve` is the only door: training code reads resolved settings and never a raw mapping.
"""

import difflib
import math
from collections.abc import Mapping
from types import MappingProxyType

METHODS = ("full", "pretrain")
LATER_METHODS = ("lora",)
SCHEDULES = ("constant", "linear", "cosine", "inverse_sqrt")
DTYPES = ("float32", "bfloat16", "bfloat16_mixed")

DEFAULTS = MappingProxyType(
    {
        "method": "full",
        "learning_rate": None,
        "epochs": None,  # or steps
        "steps": None,
        "scheduler": "constant",
        "warmup_steps": None,  # or warmup_ratio, of all steps
        "warmup_ratio": None,
        "batch_tokens": None,  # padded tokens of a step, on all devices together; or batch_size
        "batch_size": None,  # sequences of a step, on all devices together
        "gradient_accumulation": 1,  # parts that each device computes its share of a step in
        "max_length": 512,
        "dtype": "float32",  # bfloat16: weights and optimizer too; bfloat16_mixed: float32 weights
        "weight_decay": 0.0,
        "max_grad_norm": 1.0,
        "adam_beta1": 0.9,
        "adam_beta2": 0.999,
        "adam_epsilon": 1e-8,
        "save_steps": None,  # None: every five minutes, less often where that is long
        "eval_steps": None,  # loss on dev so often, and the best state kept; None: at the end only
        "gradient_checkpointing": False,
        "seed": None,
        "lora": None,  # of method lora
    }
)
EXCLUSIVE = (("epochs", "steps", True), ("batch_tokens", "batch_size", True))
CHOICES = MappingProxyType({"method": METHODS, "scheduler": SCHEDULES, "dtype": DTYPES})
COUNTS = ("steps", "batch_tokens", "batch_size", "gradient_accumulation", "max_length")
COUNTS_OR_NONE = ("save_steps", "eval_steps")
POSITIVE = ("learning_rate", "epochs", "max_grad_norm", "adam_epsilon")
SHARES = ("warmup_ratio", "adam_beta1", "adam_beta2")


def resolve(settings: Mapping, seed: int) -> dict:
    """Settings with defaults for what is absent or None; a `seed` among them wins.

    Raises ValueError for an unknown key (with the nearest), a missing learning rate, both or
    neither of epochs|steps and batch_tokens|batch_size, and values out of range.
    """
    for key in settings:
        if key not in DEFAULTS:
            raise ValueError(f"training: unknown key {key!r}{_nearest(key, DEFAULTS)}")
    resolved = DEFAULTS | {key: value for key, value in settings.items() if value is not None}
    resolved["seed"] = seed if resolved["seed"] is None else resolved["seed"]
    _check_choices(resolved)
    _check_pairs(resolved)
    _check_ranges(resolved)
    return resolved


def warmup(settings: Mapping, total: int) -> int:
    """Number of warm-up steps of `total`; a ratio is rounded up."""
    if settings["warmup_ratio"] is not None:
        return math.ceil(settings["warmup_ratio"] * total)
    return settings["warmup_steps"] or 0


def _nearest(found, valid) -> str:
    close = difflib.get_close_matches(str(found), list(valid), n=1)
    hint = f"; did you mean {close[0]!r}?" if close else ""
    return f"{hint} (valid: {', '.join(valid)})"


def _check_choices(settings: Mapping) -> None:
    if settings["method"] in LATER_METHODS:
        raise ValueError(f"training.method: {settings['method']} is not built yet; use full")
    for key, valid in CHOICES.items():
        if settings[key] not in valid:
            raise ValueError(
                f"training.{key}: found {settings[key]!r}{_nearest(settings[key], valid)}"
            )


def _check_pairs(settings: Mapping) -> None:
    if settings["learning_rate"] is None:
        raise ValueError("training.learning_rate is missing; give one, such as 5.0e-5")
    for one, other, required in (*EXCLUSIVE, ("warmup_steps", "warmup_ratio", False)):
        given = [key for key in (one, other) if settings[key] is not None]
        if len(given) == 2 or (required and not given):
            raise ValueError(
                f"training: found {' and '.join(given) or 'neither'} of {one} and {other}; "
                "give exactly one"
            )


def _check_ranges(settings: Mapping) -> None:
    for key in COUNTS + COUNTS_OR_NONE:
        value = settings[key]
        if value is not None and (isinstance(value, bool) or value != int(value) or value < 1):
            raise ValueError(f"training.{key}: found {value!r}, expected a whole number above 0")
    for key in POSITIVE:
        value = settings[key]
        if value is not None and not (isinstance(value, int | float) and value > 0):
            raise ValueError(f"training.{key}: found {value!r}, expected a number above 0")
    for key in SHARES:
        value = settings[key]
        if value is not None and not 0 <= value < 1:
            raise ValueError(f"training.{key}: found {value!r}, expected 0 ≤ {key} < 1")
