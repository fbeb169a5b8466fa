"""What drawing anything takes: picks that are the same on every platform, balanced turns, facts."""

import random
from collections.abc import Iterator, Sequence
from typing import TypeVar

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.meaning import Meaning, Phrase

T = TypeVar("T")
PAST = words.TIMES["past"]


def pick(rng: random.Random, of: Sequence[T]) -> T:
    """One of a sequence, by ``randrange`` alone, which never changes between versions."""
    return of[rng.randrange(len(of))]


def chance(rng: random.Random, percent: int) -> bool:
    return rng.randrange(100) < percent


def several(rng: random.Random, of: Sequence[T], number: int) -> list[T]:
    """``number`` different ones, in random order."""
    pool = list(of)
    return [pool.pop(rng.randrange(len(pool))) for _ in range(number)]


def weighted(rng: random.Random, weights: dict[str, int]) -> str:
    """A key, as often as its weight says."""
    return pick(rng, [key for key, weight in weights.items() for _ in range(weight)])


def turns(rng: random.Random, values: Sequence[T]) -> Iterator[T]:
    """The values in blocks, each of which has every value once in random order."""
    while True:
        yield from several(rng, values, len(values))


def human(name: str) -> Phrase:
    return Phrase(name, words.DEFINITE[words.CLASS[name]][0])


def being(who: str, place: str, tense: str, time: str | None, negative: bool = False) -> Meaning:
    """Somebody is somewhere."""
    return Meaning(
        "location", tense, human(who), place=place, direction="at", time=time, negative=negative
    )


def going(who: str, place: str, time: str) -> Meaning:
    return Meaning("motion", "past", human(who), "go", place=place, direction="to", time=time)
