"""Alignment before merging: the units of one decoder in the order of another's (Git Re-Basin).

Models can compute the same with their units in another order, and averages of such models mean
nothing. Weight matching (Ainsworth et al. 2023, arXiv:2209.04836) finds the permutations P that
maximise the inner product of the reference's weights with those of the permuted model, which is
the same as minimising their distance. `roles` says which units there are and which
symmetries rotary embeddings, norms and tied embeddings leave.

By default MLP neurons and attention heads move. Then no permutation depends on another, except
heads and groups of one block, and the maximum is found in one pass: by an assignment for each MLP,
by nested assignments for attention. Two more symmetries are matched when asked for:
- values: inner dimensions of the values. They depend on the heads of their group; the two take
  turns (exact with one query head per KV head).
- residual: the width, for models that were not trained from one base, whose streams then have no
  dimension in common and whose neurons can't be compared. Begins with the embeddings (the same
  tokens in both), then residual and blocks take turns until nothing moves: a local maximum.
Experts of one base share its stream, and nearly always the order of its neurons too.

Unlike the authors' code, which permutes every layer in random order until nothing improves, there
is no randomness here, what does not interact is solved once and exactly, ties stay where they are,
and a permuted copy is recovered bit for bit. A permutation is a LongTensor: unit i of the aligned
model is unit order[i] of the model. Reads one block at a time, writes nothing.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.merging.alignment.aligned import Aligned, config_of
from babelmerge.merging.alignment.layout import Config, Permutations, layout_of
from babelmerge.merging.alignment.roles import EMBEDDINGS, SYMMETRIES
from babelmerge.merging.alignment.units import match_block, match_residual
from babelmerge.merging.streaming.members import Model, Readable
from babelmerge.merging.streaming.opening import opened
from babelmerge.recipes.points import nearest

DEFAULT = ("neurons", "heads")
ROUNDS = 20  # residual and blocks take turns at most this often; each turn is an improvement


def match(
    reference: Model,
    model: Model,
    config: Config | None = None,
    symmetries: Sequence[str] = DEFAULT,
) -> dict[str, Tensor]:
    """The permutations that bring a model's units into the order of a reference's.

    Args:
        reference, model: model directories, members, or state dicts, of equal shapes.
        config: config.json as a mapping, or a config object; by default a member's own.
        symmetries: what may move, out of neurons, heads, values (with heads) and residual.
    Returns all permutations of the model by name (see `Layout.sizes`); what may not move, stays.
    Memory: where models are not near each other, the scores of an MLP (neurons^2 * 8 bytes: 190 MB
    for 4,864, 970 MB for 11,008); for the residual a few copies of the embeddings.
    Raises ValueError for an unknown architecture or symmetry, shapes that differ, and values that
    are not finite.
    """
    _require_symmetries(symmetries)
    ours, theirs = opened(reference), opened(model)
    config = config_of(config, ours, theirs)
    layout = layout_of(ours, config)
    _require_same_shapes(ours, theirs)
    found = layout.identity()
    if "residual" in symmetries:
        names = [name for name in ours.names if name.endswith(EMBEDDINGS)]
        found = match_residual(ours, Aligned(theirs, found, config), names)
    for _ in range(ROUNDS):
        view = Aligned(theirs, found, config)
        for block in layout.blocks:
            found |= match_block(ours, view, block, symmetries)
        if "residual" not in symmetries:
            break
        view = Aligned(theirs, found, config)
        found = match_residual(ours, view, _shared(ours, theirs))
        if torch.equal(found["residual"], view.permutations["residual"]):
            break
    return found


def apply(
    model: Model, permutations: Permutations, config: Config | None = None
) -> dict[str, Tensor]:
    """The permuted model as a state dict; tied tensors stay tied. See `Aligned`."""
    view = Aligned(model, permutations, config)
    tensors = {name: view.read(name) for name in view.names}
    tied = getattr(view, "aliases", {})
    return {**tensors, **{name: tensors[original] for name, original in tied.items()}}


def align(
    reference: Model,
    model: Model,
    config: Config | None = None,
    symmetries: Sequence[str] = DEFAULT,
) -> Aligned:
    """`match`, and the model seen through what was found: ready to be merged with the reference."""
    theirs = opened(model)
    ours = opened(reference)
    config = config_of(config, ours, theirs)
    return Aligned(theirs, match(ours, theirs, config, symmetries), config)


def inverse(permutations: Permutations) -> dict[str, Tensor]:
    """The permutations that undo these."""
    return {key: torch.argsort(order) for key, order in permutations.items()}


def moved(permutations: Permutations) -> dict[str, tuple[int, int]]:
    """Per kind of unit (neurons, heads, values, residual): how many are elsewhere, of how many."""
    counts: dict[str, tuple[int, int]] = {}
    for key, order in permutations.items():
        kind = key.rpartition(".")[2]
        before = counts.get(kind, (0, 0))
        elsewhere = int((order != torch.arange(len(order))).sum())
        counts[kind] = (before[0] + elsewhere, before[1] + len(order))
    return counts


def _require_symmetries(symmetries: Sequence[str]) -> None:
    for name in symmetries:
        if name not in SYMMETRIES:
            raise ValueError(f"alignment: no symmetry {name!r}; {nearest(name, SYMMETRIES)}")
    if "values" in symmetries and "heads" not in symmetries:
        raise ValueError("alignment: values move within the groups of their heads; add heads")


def _require_same_shapes(ours: Readable, theirs: Readable) -> None:
    """ValueError unless both have the same tensors; a copy of a tied one is not counted."""
    tied = {*getattr(ours, "aliases", {}), *getattr(theirs, "aliases", {})}
    if differing := sorted((set(ours.names) ^ set(theirs.names)) - tied):
        models = ("reference", "model")
        has, lacks = models if differing[0] in ours.names else models[::-1]
        raise ValueError(
            f"{has} has {differing[0]}, which {lacks} lacks ({len(differing)} such tensors); only "
            "models of the same architecture can be aligned"
        )
    for name in _shared(ours, theirs):
        if ours.shape(name) != theirs.shape(name):
            raise ValueError(
                f"{name}: reference has shape {ours.shape(name)}, model has {theirs.shape(name)}; "
                "only models of the same architecture can be aligned"
            )


def _shared(ours: Readable, theirs: Readable) -> list[str]:
    names = set(theirs.names)
    return [name for name in ours.names if name in names]
