"""Merging by least interference, from the task vectors alone: WUDI, SWUDI, SWUDI-A, ACE.

RegMean without data: the rows of a task vector τ_i (outputs, inputs) span about what its expert's
inputs did, so τ_iᵀ τ_i stands for their Gram matrix. Each method says what it does with

    H = Σ τ_iᵀ τ_i / |τ_i|²   and   D = Σ τ_i τ_iᵀ τ_i / |τ_i|²,

in whose terms the interference Σ |(τ - τ_i) τ_iᵀ|² / |τ_i|² has the gradient 2 (τ H - D) and its
minimum where τ H = D. Float32 task vectors of one tensor come in, a float32 update comes out;
between the two everything is float64. What is no linear map is averaged, as in `spectral`; maps are
taken as (outputs, inputs), the way torch's linear layers store them. No files, no state dicts.
"""

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from babelmerge.merging.methods.linear_algebra import EPSILON, NULL, singular
from babelmerge.merging.methods.spectral import averaged
from babelmerge.models.factors import one_thread

BETAS = (0.9, 0.999)  # Adam's, as torch has them
SMALL_STEP = 1e-8  # Adam's epsilon
SMALL_VALUE = 1e-8  # the authors' least eigenvalue of H, whose trace is the number of experts
SQUARE = 0.9999  # ratio of the sides from which the authors take a map to be square
UNEVEN = 0.3  # the authors' bound of ACE's heterogeneity
SMALL_TRACE = 1e-12  # what ACE adds to traces


def wudi(deltas: Sequence[Tensor], steps: int = 300, learning_rate: float = 1e-5) -> Tensor:
    """WUDI: some steps of Adam from the sum of the task vectors down the interference.

    Cheng et al. 2025, arXiv:2503.08099, and their code, which divides by the squared norms as here
    (but in a script on coefficients). How far it goes is up to the learning rate, which is
    absolute: the authors take 1e-5 for vision models and 2e-5 for RoBERTa, 300 steps each.
    """
    if deltas[0].dim() != 2:
        return averaged(deltas)
    with one_thread():
        gram, target, wide = _normal(deltas)
        merged = STARTS["sum"](wide)
        mean, square = torch.zeros_like(merged), torch.zeros_like(merged)
        for step in range(1, int(steps) + 1):
            slope = 2 * (merged @ gram - target)
            mean = BETAS[0] * mean + (1 - BETAS[0]) * slope
            square = BETAS[1] * square + (1 - BETAS[1]) * slope.square()
            size = (square / (1 - BETAS[1] ** step)).sqrt() + SMALL_STEP
            merged -= learning_rate * mean / (1 - BETAS[0] ** step) / size
        return merged.to(torch.float32)


def swudi(
    deltas: Sequence[Tensor], time: float = 300.0, rank: float = 0.65, start: str = "sum"
) -> Tensor:
    """SWUDI: where the gradient flow of WUDI is after some time, along the main directions of H.

    With H = V diag(λ) Vᵀ and f = 1 - e^(-time λ) for the largest share `rank` of the eigenvalues, 0
    for the rest: τ = τ_0 (I - V diag(f) Vᵀ) + D V diag(f / λ) Vᵀ, from the sum of the task vectors,
    their mean, or zero (Wei et al. 2026, arXiv:2606.07289, and their code, whose defaults these
    are; for language models they take a rank of 0.85). A long time and a rank of 1 give the exact
    minimum that is nearest to the start. Eigenvalues of 0 up to float32 rounding count as 0. Scales
    with the task vectors, as the norms in H cancel their size.

    ValueError for a rank outside 0..1, a time below 0, and another start.
    """
    if not 0 <= rank <= 1 or not time >= 0 or start not in STARTS:
        raise ValueError(
            f"swudi: rank is {rank}, time {time}, start {start!r}; expected a share from 0 to 1, a "
            f"number from 0 and one of {', '.join(STARTS)}"
        )
    if deltas[0].dim() != 2 or not deltas[0].numel():
        return averaged(deltas)
    return _filtered(deltas, time, start, lambda values: _rank_of(rank, len(values)))


def swudi_a(
    deltas: Sequence[Tensor], rank_rule: str = "participation_sqrt", start: str = "sum"
) -> Tensor:
    """SWUDI-A: SWUDI after endless time, in as many directions of H as its eigenvalues tell.

    Of Wei et al. 2026 as well, and their code, which has more rules than `RULES`. Their default is
    participation_sqrt; for language models that were trained in full they name gavish_donoho. What
    is not along these directions stays as it starts, see `swudi`.

    ValueError for another rule or start.
    """
    if rank_rule not in RULES or start not in STARTS:
        raise ValueError(
            f"swudi_a: rank_rule is {rank_rule!r}, start {start!r}; expected one of "
            f"{', '.join(RULES)} and one of {', '.join(STARTS)}"
        )
    if deltas[0].dim() != 2 or not deltas[0].numel():
        return averaged(deltas)
    outputs, inputs = deltas[0].shape
    return _filtered(
        deltas,
        math.inf,
        start,
        lambda values: RULES[rank_rule](values.clamp(min=SMALL_VALUE).sqrt(), outputs, inputs),
    )


def ace(deltas: Sequence[Tensor], ridge: float = 1e-2, rank: float = 0.3) -> Tensor:
    """ACE: RegMean with covariances from the task vectors, a shared prior and refined directions.

    Xu et al. 2026, arXiv:2603.02945, as in their code. τ_i without the mean of its rows is t_i, and
    Σ_i = t_iᵀ t_i. The merge is Σ t_i (Σ_i + ε_i I) (Σ (Σ_i + ε_i I) + 1 cᵀ)⁻¹ with ε_i = ridge and
    c the mean of the rows of Σ Σ_i. Where the experts' sizes are uneven, that is, the variance of
    the log |τ_i|² over the square of their mean is above 0.3, Σ_i and ε_i are divided by the trace
    of Σ_i, c by the mean |τ_i|², and the merge gets σ U Vᵀ on top: the largest share `rank` of the
    singular directions of merge + Σ τ_i (Σ_i - their mean), all as large as their mean value σ.

    The ridge is absolute: where it outweighs the Σ_i, this is the mean of the t_i, weighted by one
    over the traces of uneven ones, and nothing is put on top: in their code, where the mean of the
    Σ_i has the ridges in it, that is then Σ τ_i times ridge over trace, hundreds of times the
    updates. Experts without a t_i, up to float32 rounding, take no part (there a ridge over a trace
    of 0 outgrows everything), and maps of one row, which have none, are averaged. ValueError for a
    rank outside 0..1 and a ridge below 0.
    """
    if not 0 <= rank <= 1 or not ridge >= 0:
        raise ValueError(
            f"ace: ridge is {ridge}, rank {rank}; expected a number from 0 and a share from 0 to 1"
        )
    if deltas[0].dim() != 2 or not deltas[0].numel() or len(deltas[0]) == 1:
        return averaged(deltas)
    with one_thread():
        every = [delta.to(torch.float64) for delta in deltas]
        rests = [delta - delta.mean(dim=0, keepdim=True) for delta in every]
        pairs = [(d, t) for d, t in zip(every, rests, strict=True) if t.norm() > NULL * d.norm()]
        if not pairs:
            return torch.zeros_like(deltas[0])
        wide, centred = zip(*pairs, strict=True)
        sizes = torch.stack([delta.square().sum() for delta in wide])
        uneven = _is_uneven(sizes)
        grams = [delta.T @ delta for delta in centred]
        traces = [float(gram.trace()) + SMALL_TRACE for gram in grams]
        divisors = traces if uneven else [1.0] * len(traces)
        grams = [gram / divisor for gram, divisor in zip(grams, divisors, strict=True)]
        ridged = [
            gram + ridge / divisor * torch.eye(len(gram), dtype=gram.dtype, device=gram.device)
            for gram, divisor in zip(grams, divisors, strict=True)
        ]
        prior = sum(grams).mean(dim=0, keepdim=True)
        if uneven:
            prior = prior / (float(sizes.mean()) + SMALL_TRACE)
        above, below = sum(map(torch.matmul, centred, ridged)), sum(ridged) + prior
        merged = _divided(above, below, sum(ridge / divisor for divisor in divisors))
        if uneven and sum(ridge / trace for trace in traces) <= len(traces):
            mean = sum(ridged) / len(ridged)
            rest = sum(d @ (gram - mean) for d, gram in zip(wide, grams, strict=True))
            merged = merged + _evened(merged + rest, rank)
        return merged.to(torch.float32)


def _filtered(
    deltas: Sequence[Tensor], time: float, start: str, rank_of: Callable[[Tensor], int]
) -> Tensor:
    """Where the flow from a start is after some time along the main directions of H.

    rank_of: eigenvalues, rising -> how many of the last are main directions.
    """
    with one_thread():
        gram, target, wide = _normal(deltas)
        values, vectors = torch.linalg.eigh(gram)
        kept = torch.arange(len(values)) >= len(values) - rank_of(values)
        kept = kept.to(values.device) & (values > NULL**2 * values[-1])
        passed = torch.where(kept, -torch.expm1(-time * values), 0.0)
        inverse = torch.where(kept, passed / torch.where(kept, values, 1.0), 0.0)
        first = STARTS[start](wide)
        turned = (first @ vectors) * (1 - passed) + (target @ vectors) * inverse
        return (turned @ vectors.T).to(torch.float32)


def _participating(roots: Tensor, outputs: int, inputs: int) -> int:
    """The participation ratio of the roots of H's eigenvalues, rounded up."""
    return math.ceil(float(roots.sum().square() / roots.square().sum()))


def _above_noise(roots: Tensor, outputs: int, inputs: int) -> int:
    """How many roots are above what noise alone would have: at least one.

    The threshold of Gavish and Donoho (2014) for noise of unknown size. Its divisor is the root of
    the median of a Marchenko-Pastur distribution, for which the authors' code has stand-ins.
    """
    side = min(outputs, inputs) / max(outputs, inputs)
    known = 2 * (side + 1) + 8 * side / (side + 1 + math.sqrt(side**2 + 14 * side + 1))
    median = (1 - side) ** 2 + side if side < SQUARE else 2 + math.sqrt(3)
    return max(1, int((roots > math.sqrt(known / median) * roots.median()).sum()))


# How many main directions H has, by the roots of its eigenvalues and the sides of the map.
RULES: dict[str, Callable[[Tensor, int, int], int]] = {
    "participation_sqrt": _participating,
    "gavish_donoho": _above_noise,
}
STARTS: dict[str, Callable[[Sequence[Tensor]], Tensor]] = {
    "sum": lambda wide: sum(wide[1:], wide[0].clone()),
    "mean": lambda wide: sum(wide[1:], wide[0].clone()) / len(wide),
    "zero": lambda wide: torch.zeros_like(wide[0]),
}


def _normal(deltas: Sequence[Tensor]) -> tuple[Tensor, Tensor, list[Tensor]]:
    """H, D and the task vectors in float64; experts without a change take no part in H and D."""
    wide = [delta.to(torch.float64) for delta in deltas]
    gram = wide[0].new_zeros(wide[0].shape[1], wide[0].shape[1])
    target = torch.zeros_like(wide[0])
    for delta in wide:
        size = float(delta.square().sum())
        if size > 0:
            own = delta.T @ delta / size
            gram += own
            target += delta @ own
    return gram, target, wide


def _rank_of(share: float, size: int) -> int:
    """Directions that a share has: rounded up, at least one, but of a share of 0 none."""
    return max(1, math.floor(share * size + 0.999)) if share > 0 else 0


def _is_uneven(sizes: Tensor) -> bool:
    if len(sizes) < 2:
        return False
    logs = torch.log(sizes + SMALL_TRACE)
    return float(logs.var() / (logs.mean().square() + SMALL_TRACE)) > UNEVEN


def _divided(left: Tensor, right: Tensor, least: float) -> Tensor:
    """left right⁻¹, by least squares where there is no inverse, or rounding alone makes one.

    least: the smallest eigenvalue that is known of what is divided by.
    """
    noise = 2 * math.sqrt(len(right)) * EPSILON  # of products of float32 entries
    found, failed = torch.linalg.solve_ex(right.T, left.T)
    alone = least <= noise**2 * float(right.trace())
    if alone or int(failed) or not bool(torch.isfinite(found).all()):
        return left @ torch.linalg.pinv(right, rtol=noise)
    return found.T


def _evened(matrix: Tensor, share: float) -> Tensor:
    """The largest share of the singular directions, each with the mean of their values."""
    count = int(min(matrix.shape) * share)
    u, s, v = singular(matrix, count)
    return float(s.sum()) / max(1, count) * (u @ v.T)
