"""Minimal pairs: a sentence of the corpus, and the same with one word in a form that is wrong.

Each language has contrasts of its own (`rules`): agreement in number and gender, numerals, cases,
classifiers, particles, vowel harmony. Pairs come in twos, and the two forms of one are those of the
other with good and bad exchanged. So both forms are forms of the corpus, each is wrong as often as
it is right, and neither counts of words nor lengths tell which sentence is the good one.
"""

import random
from collections.abc import Iterator
from itertools import islice
from types import MappingProxyType

from babelmerge.data.controlled import space
from babelmerge.data.controlled.items.draws import pick, turns
from babelmerge.data.controlled.items.rules import CONTRASTS, Pair
from babelmerge.data.controlled.languages import segments
from babelmerge.data.controlled.languages.grammars import GRAMMARS
from babelmerge.data.controlled.meaning import Meaning
from babelmerge.data.controlled.strata import STRATA

FIELDS = ("good", "bad")
ASKED = ("who", "what", "where")
MARKS = ".?。？؟\u202f"  # that end sentences
# Fewer than each split of each language holds.
MOST = MappingProxyType({"train": 20_000, "dev": 2_000, "test": 2_000})
PATIENCE = 20_000  # meanings looked at in vain before a contrast is taken to be used up


def rows(language: str, split: str, size: int, seed: int | str) -> Iterator[dict[str, str]]:
    """``size`` pairs of a language and split, with the fields of their task kind and an id."""
    for number, pair in enumerate(islice(pairs(language, split, seed), size)):
        yield {"id": str(number), "good": pair.good, "bad": pair.bad}


def pairs(language: str, split: str, seed: int | str) -> Iterator[Pair]:
    """All pairs, twins one after the other, the contrasts by turns until they are used up."""
    rng = random.Random(f"minimal_pairs/{language}/{split}/{seed}")
    names = tuple(CONTRASTS[language])
    streams = {name: _twins(rng, language, split, name) for name in names}
    for name in turns(rng, names):
        if not streams:
            return
        if name in streams and (twins := next(streams[name], None)):
            yield from twins
        else:
            streams.pop(name, None)


def _twins(rng: random.Random, language: str, split: str, name: str) -> Iterator[tuple[Pair, Pair]]:
    """Two pairs in which the same two forms are right and wrong the other way round.

    They end when so many meanings were looked at that there can hardly be more of them.
    """
    waiting: dict[tuple[str, str], list[Pair]] = {}
    seen: set[str] = set()
    looked = 0
    for pair in _candidates(rng, language, split, name):
        looked += 1
        if looked > PATIENCE:
            return
        if pair is None or pair.good in seen:
            continue
        seen.add(pair.good)
        if others := waiting.get((pair.wrong, pair.right)):
            looked = 0
            yield others.pop(), pair
        else:
            waiting.setdefault((pair.right, pair.wrong), []).append(pair)


def _candidates(rng: random.Random, language: str, split: str, name: str) -> Iterator[Pair | None]:
    """Pairs of meanings drawn from the corpus; None of those that the contrast is not in."""
    contrast = CONTRASTS[language][name].contrast
    strata = [
        number
        for number, kind in enumerate(STRATA)
        if kind.frame in contrast.frames and kind.extra not in ASKED
        for _ in range(kind.weight)
    ]
    while True:
        stratum = pick(rng, strata)
        meaning = space.meaning_at(split, stratum, rng.randrange(space.size(split, stratum)))
        sibling = contrast.sibling(rng, meaning)
        yield broken(language, name, meaning, sibling) if sibling else None


def broken(language: str, name: str, meaning: Meaning, sibling: Meaning) -> Pair | None:
    """The sentence of a meaning, and with a word of its sibling's, or None."""
    rule = CONTRASTS[language][name]
    good, other = (GRAMMARS[language](one) for one in (meaning, sibling))
    ours, theirs = (segments.words(text.rstrip(MARKS), language) for text in (good, other))
    at = _differing(ours, theirs, rule.at)
    if at is None or (rule.level and len(ours) != len(theirs)):
        return None
    right, wrong = ours[at], theirs[at]
    first = {index % len(found) == 0 for index, found in ((at, ours), (at, theirs))}
    ours[at] = wrong
    bad = segments.joined(ours, language) + good[len(good.rstrip(MARKS)) :]
    found = Pair(good, bad, name, right, wrong)
    return found if len(first) == 1 and rule.fair(found) else None


def _differing(ours: list[str], theirs: list[str], at: int) -> int | None:
    """The index, below zero from the end, of a word in which two sentences differ, where that is
    not the only one."""
    length = min(len(ours), len(theirs))
    indices = range(length) if at >= 0 else range(-1, -length - 1, -1)
    found = [index for index in indices if ours[index] != theirs[index]]
    nth = at if at >= 0 else -at - 1
    several = len(found) > 1 or len(ours) != len(theirs)
    return found[nth] if several and nth < len(found) else None
