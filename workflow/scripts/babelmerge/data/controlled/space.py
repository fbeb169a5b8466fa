"""Counts meanings and draws them, reproducibly and split by split. Knows no language."""

import random
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache
from itertools import accumulate

from babelmerge.data.controlled.meaning import SPLITS, Meaning, split_of
from babelmerge.data.controlled.strata import STRATA, complete, variants


@cache
def _shelves(stratum: int) -> dict[str, tuple[list[Meaning], list[int]]]:
    """For each split, its cores in a stratum and the running totals of their variants."""
    kind = STRATA[stratum]
    cores: dict[str, list[Meaning]] = {split: [] for split in SPLITS}
    for core in kind.cores():
        cores[split_of(core)].append(core)
    return {
        split: (found, list(accumulate(len(variants(kind, core)) for core in found)))
        for split, found in cores.items()
    }


def size(split: str, stratum: int) -> int:
    """Number of meanings of a split in one stratum (an index of STRATA)."""
    totals = _shelves(stratum)[split][1]
    return totals[-1] if totals else 0


def count(split: str | None = None) -> int:
    """Number of distinct meanings, in one split or (None) in all."""
    splits = SPLITS if split is None else (_known(split),)
    return sum(size(name, stratum) for name in splits for stratum in range(len(STRATA)))


def meaning_at(split: str, stratum: int, number: int) -> Meaning:
    """Meaning ``number`` (from 0) of a split in a stratum."""
    cores, totals = _shelves(stratum)[split]
    at = bisect_right(totals, number)
    before = totals[at - 1] if at else 0
    choices = variants(STRATA[stratum], cores[at])
    return complete(cores[at], choices[number - before])


def sample(split: str, size: int, seed: int | str) -> Iterator[Meaning]:
    """``size`` distinct meanings of a split in random order, the same for a seed everywhere.

    Frames come in the proportions of ``STRATA`` (a small one that is used up gives its share to
    the others), so questions and short frames are not drowned by the larger ones.
    Raises ValueError when the split is unknown or holds fewer meanings than asked for.
    """
    available = count(_known(split))
    if not 0 <= size <= available:
        raise ValueError(
            f"controlled corpus: asked for {size} meanings of {split}, which has {available}; "
            f"ask for 0 to {available}"
        )
    return _draw(split, size, random.Random(f"{split}/{seed}"))


def _draw(split: str, number: int, rng: random.Random) -> Iterator[Meaning]:
    chosen = [
        (stratum, index)
        for stratum, share in enumerate(_shares(split, number))
        for index in _distinct(rng, size(split, stratum), share)
    ]
    for last in range(len(chosen) - 1, -1, -1):
        at = rng.randrange(last + 1)
        chosen[at], chosen[last] = chosen[last], chosen[at]
        yield meaning_at(split, *chosen[last])


def _shares(split: str, number: int) -> list[int]:
    """How many meanings each stratum gives: by weight, never more than it has."""
    sizes = [size(split, stratum) for stratum in range(len(STRATA))]
    shares = [0] * len(sizes)
    while number:
        unfilled = [i for i, limit in enumerate(sizes) if shares[i] < limit]
        total = sum(STRATA[i].weight for i in unfilled)
        # rounded up, so that every round gives something and the first strata the remainder
        wanted = [-(-number * STRATA[i].weight // total) for i in unfilled]
        for i, want in zip(unfilled, wanted, strict=True):
            give = min(sizes[i] - shares[i], want, number)
            shares[i] += give
            number -= give
    return shares


def _distinct(rng: random.Random, limit: int, number: int) -> list[int]:
    """``number`` distinct integers below ``limit``, using nothing of ``rng`` but ``randrange``."""
    if number * 3 > limit:
        pool = list(range(limit))
        for i in range(number):
            at = rng.randrange(i, limit)
            pool[i], pool[at] = pool[at], pool[i]
        return pool[:number]
    found: dict[int, None] = {}
    while len(found) < number:
        found[rng.randrange(limit)] = None
    return list(found)


def _known(split: str) -> str:
    if split not in SPLITS:
        raise ValueError(f"controlled corpus: unknown split {split!r}; use {', '.join(SPLITS)}")
    return split
