"""Task vectors (expert - base): norm, cosine, sparsity, sign agreement, stable rank.

Pure functions over tensors, in float64 and in a fixed order (see `moments`); adapters are measured
by their factors, B A never formed. Definitions are those of the pretraining study (section 4,
appendix C) and the adapter study (A.2) where they have them; sparsity is Hoyer's (2004,
Non-negative matrix factorization with sparseness constraints).
"""

import math
from collections.abc import Sequence

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh
from torch import Tensor

from babelmerge.analysis.task_vectors.moments import moments, pieces

BLOCK = 1 << 18  # elements of a matrix that are widened to float64 at a time
SMALL_SIDE = 256  # up to this many rows or columns a Gram matrix is cheaper than Lanczos
BASIS = 20  # vectors that Lanczos keeps before it restarts
TOLERANCE = 1e-5  # of Lanczos' residual; the singular value's error goes with its square


def norm(delta: Tensor) -> float:
    """L2 norm over all elements."""
    return float(moments(pieces([delta])).norms[0])


def cosine(a: Tensor, b: Tensor) -> float:
    """<a, b> / (|a| |b|) over all elements of two tensors of one shape; NaN when one is 0."""
    _same_shape([a, b])
    return float(moments(pieces([a, b])).cosines[0, 1])


def zero_share(delta: Tensor) -> float:
    """Share of elements that are exactly 0: training in bfloat16 leaves many; NaN without any."""
    return float(moments(pieces([delta])).zero_shares[0])


def sparsity(delta: Tensor) -> float:
    """Hoyer's sparsity; see `Moments.sparsities`."""
    return float(moments(pieces([delta])).sparsities[0])


def sign_agreement(deltas: Sequence[Tensor]) -> tuple[np.ndarray, float]:
    """((m, m) pairwise shares of equal signs, share of the votes for the more frequent sign).

    Pairs count elements where both are not 0, votes those where at least two are; NaN for none.
    """
    _same_shape(deltas)
    found = moments(pieces(deltas))
    return found.sign_agreement, found.majority_share


def stable_rank(matrix: Tensor) -> float:
    """Squared Frobenius over squared spectral norm, |W|_F^2 / |W|_2^2: from 1 to the rank.

    More than two dimensions are read as (first, all others); a vector has stable rank 1. NaN for a
    matrix that is 0.
    """
    return _stable_rank(matrix) if matrix.numel() else math.nan


def _stable_rank(matrix: Tensor) -> float:
    flat = matrix.reshape(matrix.shape[0], -1) if matrix.dim() > 1 else matrix.reshape(1, -1)
    squares = norm(flat) ** 2
    if squares == 0:
        return math.nan
    return max(1.0, squares / _largest_square(flat))


def _largest_square(matrix: Tensor) -> float:
    """The square of a matrix's largest singular value."""
    if min(matrix.shape) <= SMALL_SIDE:
        return _by_gram(matrix if len(matrix) >= matrix.shape[1] else matrix.T)
    return _by_lanczos(matrix)


def _by_gram(tall: Tensor) -> float:
    blocks = tall.split(max(1, BLOCK // tall.shape[1]))
    gram = sum(block.double().T @ block.double() for block in blocks)
    return float(torch.linalg.eigvalsh(gram)[-1])


def _by_lanczos(matrix: Tensor) -> float:
    """The largest eigenvalue of WᵀW, from some fifty products with vectors, in blocks of rows."""
    columns = matrix.shape[1]
    blocks = matrix.split(max(1, BLOCK // columns))

    def apply(vector: np.ndarray) -> np.ndarray:
        given = torch.from_numpy(np.ascontiguousarray(vector)).reshape(-1)
        result = torch.zeros(columns, dtype=torch.float64)
        for block in blocks:
            wide = block.double()
            result += wide.T @ (wide @ given)
        return result.numpy()

    # A fixed start, so that the same matrix has the same number; not constant, because row sums
    # of 0 would hide the direction that is looked for.
    start = np.random.default_rng(0).random(columns) - 0.5
    operator = LinearOperator((columns, columns), matvec=apply, dtype=np.float64)
    basis = min(columns, BASIS)
    (found,) = eigsh(
        operator, 1, which="LA", v0=start, ncv=basis, tol=TOLERANCE, return_eigenvectors=False
    )
    return float(found)


def lora_dot(
    a1: Tensor, b1: Tensor, a2: Tensor, b2: Tensor, scale1: float = 1.0, scale2: float = 1.0
) -> float:
    """<s1 B1 A1, s2 B2 A2> = s1 s2 sum (B1ᵀB2) * (A1A2ᵀ), elementwise, over r1 x r2 numbers.

    a: (r, inputs), b: (outputs, r), as peft stores them; ranks may differ. ValueError for factors
    that do not fit.
    """
    _check_factors(a1, b1, a2, b2)
    left = b1.double().T @ b2.double()
    right = a1.double() @ a2.double().T
    return scale1 * scale2 * math.fsum((left * right).reshape(-1).tolist())


def lora_delta_dot(a: Tensor, b: Tensor, tuned: Tensor, base: Tensor, scale: float = 1.0) -> float:
    """<s B A, tuned - base> = s sum (Bᵀ (tuned - base)) * A, of an adapter and a full model."""
    _check_factors(a, b, a, b)
    if tuned.shape != base.shape or tuned.shape != (len(b), a.shape[1]):
        shapes = [tuple(t.shape) for t in (b, a, tuned, base)]
        raise ValueError(f"b, a, tuned and base have shapes {shapes}; B A has the others' shape")
    rows = max(1, BLOCK // max(1, a.shape[1]))
    left = torch.zeros(a.shape, dtype=torch.float64)
    for part, ours, start in zip(b.split(rows), tuned.split(rows), base.split(rows), strict=True):
        left += part.double().T @ (ours.double() - start.double())
    return scale * math.fsum((left * a.double()).sum(dim=1).tolist())


def lora_stable_rank(a: Tensor, b: Tensor) -> float:
    """Stable rank of B A from the r x r core of its QR factors; NaN when it is 0."""
    _check_factors(a, b, a, b)
    left = torch.linalg.qr(b.double(), mode="r").R
    right = torch.linalg.qr(a.double().T, mode="r").R
    squares = torch.linalg.svdvals(left @ right.T) ** 2
    largest = float(squares[0]) if len(squares) else 0.0
    return math.fsum(squares.tolist()) / largest if largest else math.nan


def layer_of(name: str) -> int | None:
    """The block that a tensor belongs to: the first number in its name; None outside the blocks."""
    return next((int(part) for part in name.split(".") if part.isdecimal()), None)


def module_kind(name: str) -> str:
    """What a tensor is in any block: self_attn.q_proj, mlp.down_proj, embed_tokens, lm_head, ...

    The name without what stands before the block's number, other numbers and the ending .weight;
    outside the blocks without its first part. Experts of a mixture share a kind; a bias is its own.
    """
    parts = name.split(".")
    numbers = [position for position, part in enumerate(parts) if part.isdecimal()]
    start = numbers[0] + 1 if numbers else (1 if len(parts) > 2 else 0)
    kept = [part for part in parts[start:] if not part.isdecimal()]
    if len(kept) > 1 and kept[-1] == "weight":
        kept.pop()
    return ".".join(kept) or name


def _same_shape(tensors: Sequence[Tensor]) -> None:
    shapes = [tuple(tensor.shape) for tensor in tensors]
    if len(set(shapes)) != 1:
        raise ValueError(f"task vectors of shapes {shapes}; expected one or more of one shape")


def _check_factors(a1: Tensor, b1: Tensor, a2: Tensor, b2: Tensor) -> None:
    fits = a1.shape[0] == b1.shape[1] and a2.shape[0] == b2.shape[1]
    if fits and a1.shape[1] == a2.shape[1] and b1.shape[0] == b2.shape[0]:
        return
    shapes = [tuple(factor.shape) for factor in (a1, b1, a2, b2)]
    raise ValueError(
        f"factors of shapes {shapes}; expected a: (r, inputs), b: (outputs, r) twice, with the "
        "same inputs and outputs"
    )
