"""Updates that are made element by element, in torch: sums, votes, picks, what is dropped before.

One small function a method: it takes the tensors and numbers that the method's pure functions want
of `Inputs` and calls them. `updates` has the table. (`linear` makes a whole tensor, the others an
update of the base's.)
"""

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from babelmerge.merging.kernels.random_keys import key_for
from babelmerge.merging.methods import elementwise, picking, randomness, sparsifying, voting
from babelmerge.merging.streaming import planner
from babelmerge.merging.streaming.inputs import Inputs
from babelmerge.recipes.settings import Settings


def linear(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return elementwise.linear(inputs.experts(name), inputs.ordered(point.weights), point.normalize)


def task_arithmetic(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _summed(inputs, point, inputs.deltas(name))


def _summed(inputs: Inputs, point: Settings, deltas: list[Tensor]) -> Tensor:
    weights = inputs.ordered(point.weights)
    return elementwise.task_arithmetic(deltas, weights, point.normalize, point.semantics)


def _dropped(inputs: Inputs, name: str, point: Settings) -> list[Tensor]:
    densities = inputs.ordered(point.densities)
    keys = [key_for(point.seed, id_, name) for id_ in inputs.ids]
    return [
        elementwise.drop(delta, density, key, point.rescale, point.semantics)
        for key, delta, density in zip(keys, inputs.deltas(name), densities, strict=True)
    ]


def dare(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _summed(inputs, point, _dropped(inputs, name, point))


def _voted(
    inputs: Inputs,
    name: str,
    point: Settings,
    sparse: Callable[[Inputs], list[Tensor]],
    majority: float | None,
) -> Tensor:
    """sparse: the sparsified task vectors of a inputs. majority: None, of this tensor alone."""
    weights, deltas = inputs.ordered(point.weights), sparse(inputs)

    def sign() -> float:
        return inputs.own_majority(name, deltas, sparse) if majority is None else majority

    return voting.ties(deltas, weights, point.normalize, point.semantics, sign)


def ties(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _trimmed_vote(inputs, name, point, lambda some: some.deltas(name))


def _trimmed_vote(
    inputs: Inputs, name: str, point: Settings, before: Callable[[Inputs], list[Tensor]]
) -> Tensor:
    densities = inputs.ordered(planner.trim_densities(point))
    trim, numbers, majority = elementwise.trim_share, densities, None
    if point.semantics == "mergekit":
        trim, majority = elementwise.trim_count, 1.0
    elif point.scope == "model":
        trim, numbers = elementwise.trim, inputs.planner.model_limits().tolist()
        majority = inputs.planner.model_majority()

    def trimmed(some: Inputs) -> list[Tensor]:
        return [trim(d, number) for d, number in zip(before(some), numbers, strict=True)]

    return _voted(inputs, name, point, trimmed, majority)


def dare_ties(inputs: Inputs, name: str, point: Settings) -> Tensor:
    def dropped(some: Inputs) -> list[Tensor]:
        return _dropped(some, name, point)

    if planner.trims(point):
        return _trimmed_vote(inputs, name, point, dropped)
    return _voted(inputs, name, point, dropped, _majority_rule(point))


def sce(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return elementwise.sce(inputs.deltas(name), point.select_topk, point.semantics)


def breadcrumbs(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _summed(inputs, point, _windowed(inputs, name, point))


def breadcrumbs_ties(inputs: Inputs, name: str, point: Settings) -> Tensor:
    def windowed(some: Inputs) -> list[Tensor]:
        return _windowed(some, name, point)

    return _voted(inputs, name, point, windowed, _majority_rule(point))


def _windowed(inputs: Inputs, name: str, point: Settings) -> list[Tensor]:
    return [
        sparsifying.breadcrumbs(delta, density, gamma, point.rescale, point.semantics, point.scope)
        for delta, density, gamma in zip(
            inputs.deltas(name),
            inputs.ordered(point.densities),
            inputs.ordered(point.gamma),
            strict=True,
        )
    ]


def della(inputs: Inputs, name: str, point: Settings) -> Tensor:
    def pruned(some: Inputs) -> list[Tensor]:
        return _pruned(some, name, point)

    return _voted(inputs, name, point, pruned, _majority_rule(point))


def della_linear(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return _summed(inputs, point, _pruned(inputs, name, point))


def _pruned(inputs: Inputs, name: str, point: Settings) -> list[Tensor]:
    pruned = []
    numbers = zip(inputs.ordered(point.densities), inputs.ordered(point.epsilon), strict=True)
    for id_, delta, (density, epsilon) in zip(
        inputs.ids, inputs.deltas(name), numbers, strict=True
    ):
        first = inputs.rows.start * delta[0].numel() if inputs.rows else 0
        uniform = partial(_uniforms, key_for(point.seed, id_, name), delta.device, first)
        pruned.append(
            sparsifying.magprune(delta, density, epsilon, uniform, point.rescale, point.semantics)
        )
    return pruned


def _uniforms(key: int, device: torch.device, first: int, start: int, stop: int) -> Tensor:
    return randomness.uniforms(key, (stop - start,), device, first + start)


def magmax(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return picking.magmax(inputs.deltas(name))


def nearswap(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return picking.nearswap(*inputs.deltas(name), point.t, point.semantics)


def arcee_fusion(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return picking.arcee_fusion(inputs.base(name), *inputs.experts(name), point.semantics)


def ram(inputs: Inputs, name: str, point: Settings) -> Tensor:
    return picking.ram(inputs.deltas(name), point.least)


def ramplus_tl(inputs: Inputs, name: str, point: Settings) -> Tensor:
    def overlaps() -> Tensor:
        parts = [inputs] if inputs.rows is None else inputs.windows(name)
        return sum(picking.overlaps(some.deltas(name), point.least) for some in parts)

    counts = inputs.once("overlaps", overlaps)
    return picking.ramplus_tl(inputs.deltas(name), point.least, point.gain, point.cap, counts)


def localize_and_stitch(inputs: Inputs, name: str, point: Settings) -> Tensor:
    deltas = inputs.deltas(name)
    if point.scope == "model":
        return picking.stitched(deltas, inputs.planner.model_limits().tolist())
    pairs = zip(deltas, inputs.ordered(point.densities), strict=True)
    return picking.stitched(deltas, [picking.own_limit(*pair) for pair in pairs])


def _majority_rule(point: Settings) -> float | None:
    """mergekit's undecided votes are positive; the others' go with the tensor's majority."""
    return 1.0 if point.semantics == "mergekit" else None
