"""LoRA updates as factors: products, exact sums by concatenation, and the best of a lower rank.

An update of a linear map is scale * B A with B (outputs, r) and A (r, inputs). Only products of B
and A mean anything: B Q and Q⁻¹ A are the same update for any invertible Q, so nothing here acts on
the factors apart from each other, as peft's add_weighted_adapter does (`linear`, `ties`, `dare`:
154 to 162% away from the operation on B A). Products are float32; decompositions float64, on one
thread (see `linear_algebra`). Tensors only.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from babelmerge.merging.methods.linear_algebra import singular
from babelmerge.merging.methods.selection import total
from babelmerge.models.factors import Factors, one_thread


class Truncated(NamedTuple):
    """Factors of a lower rank, the norm of what they stand for, and that of what they leave out."""

    factors: Factors
    norm: float
    error: float


def concatenated(members: Sequence[Factors], weights: Sequence[float]) -> Factors:
    """sum w_i scale_i B_i A_i exactly: B = [w_1 s_1 B_1, w_2 s_2 B_2, …], A = [A_1; A_2; …].

    What peft calls `cat`. Ranks add up and may differ. Float32, scale 1. Weights may be negative;
    peft multiplies both factors by the root of a weight's size. ValueError for members whose
    outputs or inputs differ, and for none.
    """
    _check(members)
    pairs = zip(members, weights, strict=True)
    b = torch.cat([one.b.float() * (weight * one.scale) for one, weight in pairs], dim=1)
    return Factors(b, torch.cat([one.a.float() for one in members]))


def scaled(members: Sequence[Factors]) -> list[tuple[Tensor, Tensor]]:
    """(scale * B, A) of each in float64; ValueError for members whose outputs or inputs differ."""
    _check(members)
    return [(one.b.double() * one.scale, one.a.double()) for one in members]


def truncated(factors: Factors, rank: int) -> Truncated:
    """The update of this rank that is nearest in the Frobenius norm, by its factors alone.

    B = Q_b R_b, Aᵀ = Q_a R_a, and the singular value decomposition of the small R_b R_aᵀ gives that
    of B A (Eckart-Young: its first triplets are the nearest). The root of each singular value goes
    to either side. Has fewer than `rank` columns where the update has a lower rank.
    """
    with one_thread():
        ((b, a),) = scaled([factors])
        left, small = torch.linalg.qr(b)
        right, other = torch.linalg.qr(a.T)
        u, s, vh = torch.linalg.svd(small @ other.T, full_matrices=False)
        count = min(rank, int((s > 0).sum()))
        root = s[:count].sqrt()
        kept = Factors(
            (left @ u[:, :count] * root).float(), (root * (right @ vh[:count].T)).T.float()
        )
    return Truncated(kept, _norm(s), _norm(s[count:]))


def truncated_matrix(delta: Tensor, rank: int) -> Truncated:
    """`truncated` of an update that has no factors, (outputs, inputs).

    Takes the singular vectors of the smaller side (seconds to minutes a matrix of 4096²).
    """
    with one_thread():
        u, s, v = singular(delta, rank)
        root = s.sqrt()
        kept = Factors((u * root).float(), (v * root).T.float())
        left_out = delta - kept.b @ kept.a
    return Truncated(kept, math.sqrt(total(delta.square())), math.sqrt(total(left_out.square())))


def _norm(values: Tensor) -> float:
    return math.sqrt(math.fsum(values.square().tolist()))


def _check(members: Sequence[Factors]) -> None:
    if not members:
        raise ValueError("found no factors to merge; give at least one adapter's")
    shapes = {(one.b.shape[0], one.a.shape[1]) for one in members}
    if len(shapes) > 1:
        raise ValueError(
            f"updates of one tensor have shapes {sorted(shapes)}; expected adapters of one base"
        )
    for one in members:
        if one.b.shape[1] != one.a.shape[0]:
            raise ValueError(
                f"B has {one.b.shape[1]} columns, A has {one.a.shape[0]} rows; expected the rank "
                "of one adapter"
            )
