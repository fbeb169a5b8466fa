"""The steps of an alignment: one block's neurons or heads, or the residual stream.

Each step looks at a model through the permutations found so far and adds to them. A step reads the
tensors that its units have weights in, twice, one at a time.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence

from torch import Tensor

from babelmerge.merging.alignment import matching
from babelmerge.merging.alignment.aligned import Aligned
from babelmerge.merging.alignment.layout import Layout, heads_key, neurons_key, rows, values_key
from babelmerge.merging.streaming.members import Readable
from babelmerge.models import checkpoints


def match_block(
    ours: Readable, view: Aligned, block: str, symmetries: Sequence[str]
) -> dict[str, Tensor]:
    """The permutations of one block, composed with those that the view has already."""
    steps = {}
    if "neurons" in symmetries:
        steps[neurons_key(block)] = _match_neurons(ours, view, block)
    if "heads" in symmetries:
        heads, values = _match_heads(ours, view, block, "values" in symmetries)
        steps |= {heads_key(block): heads, values_key(block): values}
    return {key: view.permutations[key][step] for key, step in steps.items()}


def _match_neurons(ours: Readable, view: Aligned, block: str) -> Tensor:
    units = Units(ours, view, _tensors(view.layout, block))
    return units.match(("neurons",), view.layout.neurons)


def match_residual(ours: Readable, view: Aligned, names: Sequence[str]) -> dict[str, Tensor]:
    """The view's permutations, the residual's composed with its best step over these tensors."""
    step = Units(ours, view, names).match(("residual",), view.layout.width)
    return {**view.permutations, "residual": view.permutations["residual"][step]}


def _match_heads(ours: Readable, view: Aligned, block: str, inside: bool) -> tuple[Tensor, Tensor]:
    """Orders of query heads, and of value rows; with `inside` those move within their group too."""
    layout = view.layout
    units = Units(ours, view, _tensors(layout, block))
    own, shared = (("queries", "outputs"), layout.heads), (("keys", "values"), layout.groups)
    heads = matching.same_groups(units.digests(*own), units.digests(*shared))
    if heads is None and inside:
        value_rows = layout.groups * layout.head_dim
        output_rows = layout.heads * layout.head_dim
        return matching.assign_values(
            units.scores(("queries",), layout.heads),
            units.scores(("keys",), layout.groups),
            units.scores(("values",), value_rows).view(2 * (layout.groups, layout.head_dim)),
            units.scores(("outputs",), output_rows).view(2 * (layout.heads, layout.head_dim)),
        )
    if heads is None:
        heads = matching.assign_groups(units.scores(*own), units.scores(*shared))
    return heads, rows(layout.group_order(heads), layout.head_dim)


class Units:
    """The units of a reference and a model as rows of matrices, over some of their tensors."""

    def __init__(self, ours: Readable, view: Aligned, names: Iterable[str]):
        self.ours, self.view = ours, view
        self.names = sorted(names)  # so that scores do not depend on the order in the files

    def match(self, roles: Collection[str], count: int) -> Tensor:
        """Which of the model's units each of the reference's is: the cheapest way to be sure."""
        order = matching.same_rows(*self.digests(roles, count))
        if order is None:
            order = matching.nearest(lambda: self._pairs(roles, count))
        return matching.assign(self.scores(roles, count)) if order is None else order

    def digests(self, roles: Collection[str], count: int) -> tuple[list[bytes], list[bytes]]:
        """Of the reference's units and the model's; comes first, so it looks at all values."""
        for label, model in (("reference", self.ours), ("model", self.view)):
            for name in self._names(roles):
                _require_finite(model, label, name)
        ours, theirs = (self._rows(model, roles, count) for model in (self.ours, self.view))
        return matching.digests(ours), matching.digests(theirs)

    def scores(self, roles: Collection[str], count: int) -> Tensor:
        return matching.inner_products(self._pairs(roles, count))

    def _pairs(self, roles: Collection[str], count: int) -> Iterator[tuple[Tensor, Tensor]]:
        ours, theirs = (self._rows(model, roles, count) for model in (self.ours, self.view))
        return zip(ours, theirs, strict=True)

    def _rows(self, model: Readable, roles: Collection[str], count: int) -> Iterator[Tensor]:
        """(count, weights) for every dimension that has one of the roles."""
        for name in self._names(roles):
            dims = [n for n, role in enumerate(self.view.layout.roles[name][1]) if role in roles]
            for dim in dims:
                yield model.read(name).cpu().movedim(dim, 0).reshape(count, -1)

    def _names(self, roles: Collection[str]) -> list[str]:
        places = self.view.layout.roles
        return [name for name in self.names if any(role in roles for role in places[name][1])]


def _tensors(layout: Layout, block: str) -> list[str]:
    return [name for name, (place, _) in layout.roles.items() if place == block]


def _require_finite(model: Readable, label: str, name: str) -> None:
    tensor = model.read(name)
    file = getattr(model, "file", None)
    checkpoints.require_finite(tensor, name, f"{label} ({file(name)})" if file else label)
