"""Nothing random is ever computed with: what transformers loads comes from the files, all of it.

transformers fills a tensor that it does not find with random numbers, and says so in a warning.
Here that is an error, and so is a tensor that it does not know or that has another shape. It
compares names itself, so its own rules hold: old names, prefixes, experts that lie apart in files
and together in memory, tied heads, buffers that it ignores. Reads nothing but what it is given.
"""

import logging
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

FEW = 3  # names that a message lists
TALKER = "transformers.modeling_utils"  # whose warnings are errors here


def loaded(kind: type, where: str | Path, source: str | Path | None = None, **options: Any):
    """The model that a class of transformers loads from `source`, or from a `state_dict`.

    where: what a message calls the tensors' place. options: of `from_pretrained`. ValueError naming
    the first tensors that are missing, unknown or of another shape, and how many there are.
    """
    options = {"trust_remote_code": False, "ignore_mismatched_sizes": True, **options}
    try:
        with _quiet():
            model, found = kind.from_pretrained(source, output_loading_info=True, **options)
    except RuntimeError as error:
        raise ValueError(
            f"{where}: its tensors cannot be put together ({_first_line(error)}); fetch or save "
            "the model again, whole"
        ) from error
    require_whole(where, found)
    return model


def body(kind: type, source: str | Path, **options: Any):
    """The same of a model without its heads, which its files may hold, and without a pooler."""
    try:
        with _quiet():
            model, found = kind.from_pretrained(
                source, output_loading_info=True, trust_remote_code=False, **options
            )
    except RuntimeError as error:
        raise ValueError(f"{source}: its tensors do not fit ({_first_line(error)})") from error
    lacking = [name for name in found["missing_keys"] if "pooler" not in name.split(".")]
    require_whole(source, {**found, "missing_keys": lacking, "unexpected_keys": ()})
    return model


def require_whole(where: str | Path, found: Mapping[str, Collection]) -> None:
    """ValueError unless a load found each tensor, and no other. found: transformers' loading info.

    A tied head that is absent is not missing, and one that is there is not too much.
    """
    shapes = sorted(found["mismatched_keys"], key=lambda one: one[0])
    told = {
        "lacks": sorted(found["missing_keys"]),
        "has, beyond these,": sorted(found["unexpected_keys"]),
        "has another shape of": [
            f"{name}: {tuple(ours)}, expected {tuple(theirs)}" for name, ours, theirs in shapes
        ],
    }
    unfit = [f"{verb} {_listed(names)}" for verb, names in told.items() if names]
    if unfit:
        raise ValueError(
            f"{where}: its tensors are not those that its config.json asks for: it "
            f"{'; it '.join(unfit)} (names as transformers has them in memory). What is missing "
            "would be random numbers: fetch or save the model again, whole, or give it the "
            "config.json that it was saved with"
        )


def _listed(names: Collection[str]) -> str:
    """'2 tensors (a, b)', the first few of many."""
    more = ", …" if len(names) > FEW else ""
    number = f"{len(names)} tensor{'s' * (len(names) > 1)}"
    return f"{number} ({', '.join(list(names)[:FEW])}{more})"


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0]


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' table of what it filled in, which we say ourselves."""
    talker = logging.getLogger(TALKER)
    before, talker.disabled = talker.disabled, True
    try:
        yield
    finally:
        talker.disabled = before
