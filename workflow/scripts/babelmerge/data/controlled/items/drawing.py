"""Draws the items of a split, reproducibly, and says them in a language."""

import random
from collections.abc import Hashable, Iterator, Mapping
from types import MappingProxyType, ModuleType

from babelmerge.data.controlled.items import (
    continuations,
    minimal_pairs,
    passages,
    reasoning,
    relations,
    sentiment,
    summaries,
    themes,
)
from babelmerge.data.controlled.items.draws import turns
from babelmerge.data.controlled.languages.speakers import MIXERS, SPEAKERS
from babelmerge.data.controlled.meaning import SPLITS, split_of_core

MAKERS = MappingProxyType(
    {
        "sentiment": sentiment,
        "reasoning": reasoning,
        "relations": relations,
        "passages": passages,
        "continuations": continuations,
        "summaries": summaries,
        "themes": themes,
    }
)
PAIRS = "minimal_pairs"
MIXED = "mul"  # several languages in one item, by ISO 639-2; of kinds that have `mixed`
HELD_OUT_PERCENT = 10  # of the cores are dev, as many test
# Fewer than each split of each kind holds.
MOST = MappingProxyType({"train": 100_000, "dev": 10_000, "test": 10_000})


def sample(kind: str, split: str, size: int, seed: int | str) -> Iterator[Hashable]:
    """``size`` distinct items of a kind and split, the same for a seed everywhere.

    What is to be balanced (labels, places of the right choice) is so in every few items. Raises
    ValueError at once for an unknown split and for more items than MOST says.
    """
    _check(kind, split, size, MOST)
    return _drawn(MAKERS[kind], split, size, random.Random(f"{kind}/{split}/{seed}"))


def _check(kind: str, split: str, size: int, most: Mapping[str, int]) -> None:
    if split not in SPLITS:
        raise ValueError(f"controlled corpus: unknown split {split!r}; use {', '.join(SPLITS)}")
    if not 0 <= size <= most[split]:
        raise ValueError(
            f"controlled corpus: asked for {size} {kind} items of {split}; ask for 0 to "
            f"{most[split]}"
        )


def _drawn(maker: ModuleType, split: str, size: int, rng: random.Random) -> Iterator[Hashable]:
    seen: set[Hashable] = set()
    for turn in turns(rng, maker.TURNS):
        if len(seen) == size:
            return
        while True:
            item = maker.draw(rng, turn)
            if item not in seen and split_of_core(maker.core(item), HELD_OUT_PERCENT) == split:
                break
        seen.add(item)
        yield item


def rows(
    kind: str, language: str, split: str, size: int, seed: int | str
) -> Iterator[dict[str, str]]:
    """Items of a kind in a language, each with the fields of its task kind and an id.

    The items of one seed are the same in every language, but for minimal pairs, which each language
    has of its own. Raises ValueError as ``sample`` does, and for a language without items.
    """
    known = [*SPEAKERS, *([MIXED] if hasattr(MAKERS.get(kind), "mixed") else [])]
    if language not in known:
        raise ValueError(
            f"controlled corpus: no {kind} items in {language!r}; it has them in "
            f"{', '.join(known)}: take this language's from files or the hub"
        )
    if kind == PAIRS:
        _check(kind, split, size, minimal_pairs.MOST)
        return minimal_pairs.rows(language, split, size, seed)
    return _said(kind, language, sample(kind, split, size, seed))


def _said(kind: str, language: str, items: Iterator[Hashable]) -> Iterator[dict[str, str]]:
    for number, item in enumerate(items):
        yield {"id": str(number), **_row(kind, language, item)}


def documents(
    kind: str, language: str, split: str, size: int, seed: int | str
) -> Iterator[dict[str, str]]:
    """Items as texts that tell all of it: what is asked about, and what is right, but no choices.

    The right end of a beginning goes on behind it; questions and answers are on lines of their own.
    Of kinds with choices; raises as ``rows`` does.
    """
    gap = SPEAKERS[language].gap if kind == "continuations" and language in SPEAKERS else "\n"
    for row in rows(kind, language, split, size, seed):
        told = [row[name] for name in MAKERS[kind].FIELDS if name != "choices"]
        yield {"id": row["id"], "source": gap.join(told)}


def _row(kind: str, language: str, item: Hashable) -> dict[str, str]:
    maker = MAKERS[kind]
    return maker.mixed(item, MIXERS) if language == MIXED else maker.row(item, SPEAKERS[language])
