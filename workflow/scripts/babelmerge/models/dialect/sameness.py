"""Models that are one, in folders of their own: told by their bytes, mostly by a few of them.

Looks at pieces of every tensor, and reads the whole only of models that are equal in all of them.
No torch.
"""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

PIECE = 1 << 12  # bytes of a tensor that are looked at, in three places
WHOLE = 1 << 24


def equal(models: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Pairs of models, by label, that have the same tensors; both must have one set of names."""
    for (one, left), (other, right) in itertools.combinations(models.items(), 2):
        theirs = set(right.names)
        names = [n for n in left.names if n in theirs]
        if len(names) == len(left.names) == len(right.names) and _same(left, right, names):
            yield one, other


def _same(left: Any, right: Any, names: list[str]) -> bool:
    if any(left.code(name) != right.code(name) for name in names):
        return False
    if any(left.shape(name) != right.shape(name) for name in names):
        return False
    looks = (_places, _all)
    return all(_alike(left.raw(name), right.raw(name), look) for look in looks for name in names)


def _alike(left: np.ndarray, right: np.ndarray, look: Any) -> bool:
    return all(np.array_equal(left[place], right[place]) for place in look(left.size))


def _places(size: int) -> Iterator[slice]:
    for start in (0, size // 2, max(0, size - PIECE)):
        yield slice(start, start + PIECE)


def _all(size: int) -> Iterator[slice]:
    for start in range(0, size, WHOLE):
        yield slice(start, start + WHOLE)
