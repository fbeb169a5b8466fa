"""Which models are compared with which on one data set, and how tables name the comparison.

Takes model ids (base, experts/hi-en, merges/group/method, ...), gives pairs; no torch, no files.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple

from babelmerge.words import ids

OTHERS = "others"  # stands for the mean over all experts but the data set's own
HALVES = "split-half"  # a model against itself, on two halves of the sentences
RANDOM = "random"  # random subspaces of the same dimensions


class Relation(NamedTuple):
    """`comparison` names the kinds of model, the simpler first: base-expert, expert-merge."""

    comparison: str
    model: str
    other: str


def relations(models: Sequence[str], owner: str = "") -> list[Relation]:
    """Pairs to compare on a data set: base with all, experts with each other and with the rest.

    owner: the expert whose data set it is. It comes first in its pairs, and only it is compared
    with joint models, baselines and merges; without an owner every expert is. In other pairs
    `other` is the simpler model, as in (base-expert, experts/hi-en, base). Raises ValueError for an
    owner that is not among the models.
    """
    if owner and owner not in models:
        raise ValueError(f"{owner}: not among {', '.join(models)}; represent it on its data set")
    order = list(ids.KINDS.values())
    ranked = sorted(models, key=lambda m: (order.index(ids.kind(m)), m != owner))
    found = []
    for place, simple in enumerate(ranked):
        for model in ranked[place + 1 :]:
            kinds = ids.kind(simple), ids.kind(model)
            if kinds == ("expert", "expert"):
                found.append(Relation("expert-expert", simple, model))
            elif kinds[0] == "base" or (kinds[0] == "expert" and simple in (owner or simple,)):
                found.append(Relation("-".join(kinds), model, simple))
    return found


def with_others(
    found: Sequence[Relation], owner: str, peers: Collection[str] = ()
) -> list[tuple[Relation, list[int]]]:
    """Each relation and the places whose mean it is: its own, or the other experts' at the end.

    The last row, (expert-expert, owner, others), is the translation study's "average CKA between
    the checkpoint and the other fine-tuned checkpoints in the same direction" (Table 7); it is
    there when the owner is compared with an expert at all. peers: the direction's experts; when the
    owner is compared with any of them, the mean is over them alone: partners of other directions
    are represented on its data set too.
    """
    rows = [(relation, [place]) for place, relation in enumerate(found)]
    others = [place for place, r in enumerate(found) if r[:2] == ("expert-expert", owner)]
    others = [place for place in others if found[place].other in peers] or others
    if others:
        rows.append((Relation("expert-expert", owner, OTHERS), others))
    return rows
