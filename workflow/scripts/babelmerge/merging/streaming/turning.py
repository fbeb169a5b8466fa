"""Updates on the sphere, in torch: weighted sums whose weights follow from inner products.

The products are of whole tensors, found once, so that the sums can be made some rows at a time.
`updates` has the table. All make a whole tensor.
"""

from collections.abc import Callable, Sequence
from itertools import combinations_with_replacement

from torch import Tensor

from babelmerge.merging.methods import elementwise, spherical
from babelmerge.merging.streaming.inputs import Inputs
from babelmerge.recipes.settings import Settings


def _spherical(
    inputs: Inputs,
    name: str,
    shares: Callable[[spherical.Products], Sequence[float]],
    origin: str = "zero",
) -> Tensor:
    """A weighted sum of whole tensors, or of task vectors on the base, by their inner products."""
    based, order = origin == "base", inputs.planner.order
    pairs = combinations_with_replacement(order, 2)
    found = inputs.products(name, [(i + 1, j + 1) for i, j in pairs], deltas=based)
    weights = shares(spherical.square(found, len(order)))
    merged = elementwise.linear(
        inputs.deltas(name) if based else inputs.experts(name), weights, normalize=False
    )
    return inputs.base(name) + merged if based else merged


def karcher(inputs: Inputs, name: str, point: Settings) -> Tensor:
    steps, tol, semantics = int(point.max_iter), point.tol, point.semantics
    return _spherical(
        inputs, name, lambda found: spherical.karcher_shares(found, steps, tol, semantics)
    )


def multislerp(inputs: Inputs, name: str, point: Settings) -> Tensor:
    weights, told = inputs.ordered(point.weights), (point.normalize, point.eps, point.semantics)
    return _spherical(
        inputs,
        name,
        lambda found: spherical.multislerp_shares(found, weights, *told),
        point.origin,
    )


def nuslerp(inputs: Inputs, name: str, point: Settings) -> Tensor:
    weights, semantics = inputs.ordered(point.weights), point.semantics
    if _has_vectors(inputs, name, point):
        based = point.origin == "base"
        pair = inputs.deltas(name) if based else inputs.experts(name)
        merged = spherical.nuslerp(*pair, weights, False, point.nuslerp_row_wise, semantics)
        return inputs.base(name) + merged if based else merged
    t = spherical.position(weights, semantics)

    def shares(found: spherical.Products) -> tuple[float, float]:
        return spherical.nuslerp_shares(found[0][0], found[1][1], found[0][1], t, semantics)

    return _spherical(inputs, name, shares, point.origin)


def _has_vectors(inputs: Inputs, name: str, point: Settings) -> bool:
    """Whether nuslerp takes a tensor vector by vector."""
    return not point.nuslerp_flatten and len(inputs.shape(name)) > 1


def by_rows(inputs: Inputs, name: str, point: Settings) -> bool:
    """Whether rows of a tensor are merged as if they were alone, once its angle is known."""
    return not (_has_vectors(inputs, name, point) and point.nuslerp_row_wise)
