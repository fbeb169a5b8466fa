"""Averages weighted by what the experts' data say: Fisher merging and RegMean.

Float32 tensors of one parameter come in (whole parameters, not task vectors) and one goes out; sums
and solutions are float64. The statistics are collected by `calibration`, from each expert's own dev
data. mergekit has neither method, so there are no `semantics` to choose. No files, no state dicts.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from babelmerge.merging.methods import linear_algebra
from babelmerge.models.factors import one_thread

FLOOR = 1e-6  # the authors' smallest Fisher value, here a share of the tensor's mean
ALPHA = 0.9  # the authors' for most models (.1 for T5 and DeBERTa); 1 keeps the Gram as it is
BLOCK = 1 << 20  # elements held in float64 at a time

Statistics = Sequence[Tensor | None]


def fisher(
    experts: Sequence[Tensor],
    fishers: Statistics,
    weights: Sequence[float],
    floor: float = FLOOR,
    mean: float | None = None,
) -> Tensor:
    """Fisher merging: Σ w_i F_i θ_i / Σ w_i F_i, element by element (Matena & Raffel 2022).

    fishers: each expert's diagonal Fisher information, shaped as its tensor. Values below `floor`
    times `mean`, the mean over the whole tensor and all experts (default: of what is given), count
    as that, which makes an element that no expert's data touches the weighted mean (so it is under
    a floor of 0, where the quotient would be 0/0). Only ratios of the weights matter, and of all
    Fishers together. With no expert's Fisher (None: a tensor that is no trained parameter) the
    weighted mean.

    Divergences: the floor is a maximum, of every expert (MergeLM and RegMean's authors add it
    instead), and relative, where theirs is the number 1e-6: a large model's squared gradients are
    all below that, and its merge would be the plain mean. Each expert's Fisher is not divided by
    its norm over the model, as some do: that is a weight.

    ValueErrors for weights that are negative, not finite or all 0, a floor below 0, and
    statistics that are missing for some experts only, have another shape, or hold negative or
    non-finite values.
    """
    _check_weights(weights, floor)
    if not _given("fisher", experts, fishers, experts[0].shape):
        fishers = [torch.ones_like(expert) for expert in experts]
    if any(not bool((one >= 0).all() and torch.isfinite(one).all()) for one in fishers):
        raise ValueError(
            "fisher: a statistic is negative or not finite; it is a mean of squares, so the file "
            "is damaged: collect it again"
        )
    shares = [weight / math.fsum(weights) for weight in weights]
    least = floor * (mean_information(fishers) if mean is None else mean)
    merged = torch.empty(experts[0].numel(), dtype=torch.float32, device=experts[0].device)
    flat = [[tensor.reshape(-1) for tensor in group] for group in (experts, fishers)]
    for start in range(0, merged.numel(), BLOCK):
        part = slice(start, start + BLOCK)
        values, information = ([tensor[part].double() for tensor in group] for group in flat)
        merged[part] = _weighted(values, information, shares, least)
    return merged.view(experts[0].shape)


def mean_information(fishers: Statistics) -> float:
    """Mean of the Fisher information over a tensor's elements and all experts, in float64."""
    given = [one for one in fishers if one is not None]
    sums = (one.sum(dtype=torch.float64).item() for one in given)
    return math.fsum(sums) / max(1, sum(one.numel() for one in given))


def regmean(experts: Sequence[Tensor], grams: Statistics, alpha: float = ALPHA) -> Tensor:
    """RegMean: the linear map that is nearest to the experts', each on its own inputs.

    W = (Σ G_i W_iᵀ)ᵀ (Σ G_i)⁻¹ for experts W_i (out, in) minimises Σ |X_i (W - W_i)ᵀ|² when
    G_i = X_iᵀ X_i (Jin et al. 2023, arXiv:2212.09849). grams (in, in): mean outer products of the
    inputs; off-diagonal entries are multiplied by alpha first, 0 gives a mean weighted by each
    input's own mean square, 1 the plain fit. With no Gram for any expert (None: embeddings, tied
    heads, norms, biases, whatever is no linear layer) the plain mean, as in the authors' code.

    Solved in float64 as the mean of the experts plus a correction, (Σ G_i) Cᵀ = Σ G_i (W_i - mean)ᵀ
    with C of least norm: directions that no expert's data have, where the original's inverse is
    noise or an error, keep the mean. That happens at alpha 1 with few rows, and to inputs that are
    always 0. MergeBench takes embeddings and head from the base instead.

    ValueErrors for alpha outside 0..1, and Grams that are missing for some experts only or don't
    fit the tensor.
    """
    if not 0 <= alpha <= 1:
        raise ValueError(f"regmean: alpha is {alpha}; expected a factor from 0 to 1")
    inputs = experts[0].shape[-1] if experts[0].dim() == 2 else 0
    mean = torch.zeros_like(experts[0], dtype=torch.float64)
    for expert in experts:
        mean += expert
    mean /= len(experts)
    if not _given("regmean", experts, grams, torch.Size((inputs, inputs))):
        return mean.to(torch.float32)
    with one_thread():
        total = mean.new_zeros(inputs, inputs)
        right = mean.new_zeros(inputs, len(mean))
        for expert, gram in zip(experts, grams, strict=True):
            shrunk = _shrunk(gram, alpha)
            total += shrunk
            right += shrunk @ (expert - mean).T
        return (mean + linear_algebra.solve(total, right).T).to(torch.float32)


def _weighted(
    values: Sequence[Tensor], information: Sequence[Tensor], shares: Sequence[float], least: float
) -> Tensor:
    above, below, mean = (torch.zeros_like(values[0]) for _ in range(3))
    for value, one, share in zip(values, information, shares, strict=True):
        factor = one.clamp(min=least) * share
        above += factor * value
        below += factor
        mean += share * value
    return torch.where(below > 0, above / torch.where(below > 0, below, 1.0), mean).float()


def _shrunk(gram: Tensor, alpha: float) -> Tensor:
    """The Gram in float64 with its off-diagonal entries times alpha."""
    wide = gram.to(torch.float64)
    shrunk = wide * alpha
    shrunk.diagonal().copy_(wide.diagonal())
    return shrunk


def _given(
    method: str, experts: Sequence[Tensor], statistics: Statistics, shape: torch.Size
) -> bool:
    """Whether there are statistics of this tensor: of all experts, in the shape, or of none."""
    if len(statistics) != len(experts):
        raise ValueError(
            f"{method}: {len(statistics)} statistics for {len(experts)} experts; give one for each"
        )
    missing = [number for number, one in enumerate(statistics, 1) if one is None]
    if missing and len(missing) < len(experts):
        raise ValueError(
            f"{method}: experts {missing} of {len(experts)} have no statistics of a tensor that "
            "others have; collect all with one version from models of one architecture"
        )
    for one in statistics:
        if one is not None and one.shape != shape:
            raise ValueError(
                f"{method}: statistics have shape {tuple(one.shape)}, expected {tuple(shape)} for "
                f"a tensor of shape {tuple(experts[0].shape)}; collect them from these experts"
            )
    return not missing


def _check_weights(weights: Sequence[float], floor: float) -> None:
    if not all(math.isfinite(weight) and weight >= 0 for weight in weights) or not any(weights):
        raise ValueError(
            f"fisher: the weights are {list(weights)}; expected numbers from 0, one above it: "
            "they are shares of an average"
        )
    if not (math.isfinite(floor) and floor >= 0):
        raise ValueError(f"fisher: floor is {floor}; expected a number from 0, as {FLOOR:g}")
