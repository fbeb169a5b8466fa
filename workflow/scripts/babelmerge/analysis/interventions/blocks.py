"""Merges that get blocks back from an expert: the model in memory, and its scores as long rows.

For each data set of a group, k blocks (the last, the first or the middle ones) of the merge are
replaced by those of the expert that the data set belongs to; embeddings, final norm and head stay
the merge's. If late blocks are where experts cannot share, few of them restore the most.
"""

import logging
import math
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import torch

from babelmerge.analysis.interventions.cases import Case
from babelmerge.evaluation.live.memory import Live
from babelmerge.merging.streaming.members import Members
from babelmerge.models.adapters import opened
from babelmerge.recipes.spans import block_of
from babelmerge.words.metrics import metric as facts_of

LOG = logging.getLogger(__name__)

MERGE, BASE = "merge", "base"
REST = -1  # stands for everything outside the blocks
Score = Callable[[Sequence[Case]], dict[str, float]]  # by data set


def placed(place: str, k: int, blocks: int) -> range:
    """Numbers of the last, first or middle k of so many blocks."""
    starts = {"last": blocks - k, "first": 0, "middle": (blocks - k) // 2}
    return range(starts[place], starts[place] + k)


def values(blocks: int, steps: int) -> list[int]:
    """Up to `steps` values of k from 0 to all blocks, evenly; each once."""
    parts = max(1, min(steps - 1, blocks))
    return [round(blocks * step / parts) for step in range(parts + 1)]


def _taken_from(id_: str) -> str:
    """How a model is called among the members: one of them may be the base of the merge."""
    return f"blocks of {id_}"


class LiveBlocks(Live):
    """A merge in memory, parts of which are replaced by those of other models, in place.

    merge: its folder; others: id -> folder of models of the same shape (ValueError else). dtype: of
    the computation; tensors are cast as if the model had been loaded in it.
    """

    def __init__(self, merge: str | Path, others: Mapping[str, str | Path], dtype: str = "float32"):
        named = {_taken_from(id_): model for id_, model in others.items()}
        self.members = Members(merge, named, opened)
        super().__init__(merge, dtype)
        self._state = self.model.state_dict()
        self._packed = any(name not in self._state for name in self.members.names)
        self._names: dict[int, list[str]] = {part: [] for part in (*range(self.blocks), REST)}
        for name in self.members.names:
            self._names[_part(name)].append(name)
        self._held = dict.fromkeys(self._names, MERGE)

    @property
    def blocks(self) -> int:
        return self.members.blocks

    @torch.no_grad()
    def put(self, source: str = MERGE, blocks: Collection[int] = (), rest: bool = False) -> None:
        """These blocks (with `rest` also everything outside blocks) from source, else the merge's.

        Only what changes is copied, but for models whose tensors transformers packs in memory.
        `put()` gives the merge back, to the bit.
        """
        taken = {*blocks, REST} if rest else {*blocks}
        wanted = {part: source if part in taken else MERGE for part in self._names}
        changed = [part for part in wanted if wanted[part] != self._held[part]]
        self._held = wanted
        if self._packed and changed:
            self.take({name: self._read(name) for name in self.members.names})
            return
        for name in (name for part in changed for name in self._names[part]):
            self._state[name].copy_(self._read(name))

    def put_whole(self, source: str) -> None:
        """All of another model."""
        self.put(source, range(self.blocks), rest=True)

    def share(self, blocks: Collection[int]) -> float:
        """Share of all parameters that these blocks hold."""
        held = (name for block in blocks for name in self._names[block])
        return sum(self._size(name) for name in held) / self.members.size

    def _read(self, name: str) -> torch.Tensor:
        """A tensor of the model that its part is held from."""
        held = self._held[_part(name)]
        theirs = self.members.base if held == MERGE else self.members.experts[_taken_from(held)]
        return theirs.read(name)

    def _size(self, name: str) -> int:
        return math.prod(self.members.base.shape(name)) if self.members.is_merged(name) else 0


def _part(name: str) -> int:
    """The number of a tensor's block, REST for what lies outside them."""
    block = block_of(name)
    return REST if block is None else block


def rows(
    live: LiveBlocks,
    cases: Sequence[Case],
    score: Score,
    places: Sequence[str],
    steps: int,
) -> Iterator[dict]:
    """Long rows: place, k, blocks, share, dataset, owner, metric, value, expert, merged, outside,
    base, retention, n.

    cases: data sets with their owners, ids of `live`'s models, of which `BASE` is one. value: the
    score with k of so many blocks from the owner (share: of all parameters); expert, merged, base:
    scores of the whole models on the same rows; outside: of the merge with all but blocks from the
    owner; retention: value / expert, turned where less is better, empty where the expert learnt
    nothing, that is, scores no better than the base or than chance. k = 0 is the merge; what k =
    all blocks lacks to the expert is outside the blocks. The model is the merge again at the end.
    """
    ordered = sorted(cases, key=lambda case: case.name)
    found: dict[str, list[dict]] = {}
    for owner, own in groupby(ordered, key=lambda case: case.name):
        own = list(own)
        LOG.info("%s on %d data sets", owner, len(own))
        levels = _levels(live, owner, own, score)
        known = {range(0): levels["merged"]}
        for place in places:
            for k in values(live.blocks, steps):
                blocks = placed(place, k, live.blocks) if k else range(0)
                if blocks not in known:
                    live.put(owner, blocks)
                    known[blocks] = score(own)
                at = {"place": place, "k": k, "blocks": live.blocks, "share": live.share(blocks)}
                for case in own:
                    facts = {name: scores[case.dataset] for name, scores in levels.items()}
                    value = known[blocks][case.dataset]
                    found.setdefault(case.dataset, []).append({**at, **_row(case, value, facts)})
    live.put()
    for case in cases:
        yield from found[case.dataset]


def _levels(
    live: LiveBlocks, owner: str, own: Sequence[Case], score: Score
) -> dict[str, dict[str, float]]:
    """What curves are read against: name of the column -> data set -> score."""
    found = {}
    live.put_whole(owner)
    found["expert"] = score(own)
    live.put()
    found["merged"] = score(own)
    live.put(owner, rest=True)
    found["outside"] = score(own)
    live.put_whole(BASE)
    found["base"] = score(own)
    return found


def _row(case: Case, value: float, levels: Mapping[str, float]) -> dict:
    facts, expert, base = facts_of(case.metric), levels["expert"], levels["base"]
    learnt = expert < base if facts.is_cost else expert > max(base, 0.0) and expert >= facts.floor
    return {
        "dataset": case.dataset,
        "owner": case.name,
        "metric": case.metric,
        "value": value,
        **levels,
        "retention": facts.kept(value, expert) if learnt else float("nan"),
        "n": len(case.rows),
    }
