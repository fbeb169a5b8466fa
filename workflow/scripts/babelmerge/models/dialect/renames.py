"""Tensors by the names that today's transformers has in memory, by its own tables of older ones.

Files may have the names of a family's first release, and others those of what was trained from it
and saved from memory. What `layouts` cannot place is asked here: transformers and torch are
imported then, and the family's class is made without weights. Reads no tensors.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from babelmerge.models.dialect import configs


class Files(Protocol):
    """What is asked of a model's files here, see `tensor_files.TensorFiles`."""

    names: Sequence[str]

    def renamed(self, names: dict[str, str]) -> "Files": ...


One = TypeVar("One", bound=Files)


def alike(models: Sequence[One]) -> list[One]:
    """The models by the first one's names, where each side has some that the other has not."""
    known = [one for one in models if hasattr(one, "renamed") and getattr(one, "config", None)]
    odd = [one for one in known[1:] if _is_unlike(known[0], one)]
    today = namer(known[0].config) if odd else None
    if today is None:
        return list(models)
    ours = _by_today(known[0].names, today)
    return [_named(one, ours, today) if one in odd else one for one in models]


def finder(model: Files) -> Callable[[str], str | None]:
    """What gives a model's name of a tensor by any that transformers knows; None for no tensor."""
    today = namer(getattr(model, "config", {}))
    ours = _by_today(model.names, today) if today else {}
    return lambda name: ours.get(today(name)) if today else None


def namer(config: Mapping[str, Any]) -> Callable[[str], str] | None:
    """What gives a tensor's name of today; None for a config that no class can be made from."""
    made = _empty(config)
    if made is None:
        return None
    from transformers.conversion_mapping import get_model_conversion_mapping
    from transformers.core_model_loading import WeightRenaming, rename_source_key

    tables = [t for t in get_model_conversion_mapping(made) if isinstance(t, WeightRenaming)]
    state, prefix = made.state_dict(), made.base_model_prefix
    return lambda name: rename_source_key(name, tables, [], prefix, state)[0]


def _is_unlike(ours: Files, theirs: Files) -> bool:
    left, right = set(ours.names), set(theirs.names)
    same = getattr(theirs, "config", {}).get("model_type") == ours.config.get("model_type")
    return same and bool(left - right) and bool(right - left)


def _by_today(names: Sequence[str], today: Callable[[str], str]) -> dict[str, str]:
    """Names of today -> names in the files, of tensors that have one of their own."""
    found: dict[str, list[str]] = {}
    for name in names:
        found.setdefault(today(name), []).append(name)
    return {new: some[0] for new, some in found.items() if len(some) == 1}


def _named(model: One, ours: Mapping[str, str], today: Callable[[str], str]) -> One:
    places = {old: ours.get(new, old) for new, old in _by_today(model.names, today).items()}
    names = {places.get(name, name): name for name in model.names}
    return model.renamed(names) if len(names) == len(model.names) else model


def _empty(config: Mapping[str, Any]) -> Any:
    """A model of a config's class without weights; no code of its own is run."""
    made, kinds = configs.made(config), config.get(configs.UNSAID)
    if made is None or not (isinstance(kinds, list) and kinds and isinstance(kinds[0], str)):
        return None
    import torch
    import transformers

    kind = getattr(transformers, kinds[0], None)
    if not (isinstance(kind, type) and issubclass(kind, transformers.PreTrainedModel)):
        return None
    try:
        with torch.device("meta"):
            return kind(made)
    except Exception:  # each class has errors of its own
        return None
