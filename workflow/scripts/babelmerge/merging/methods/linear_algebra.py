"""Singular triplets, polar factors and least squares for merging, in float64.

Float64 because the results are rounded to float32 once and must be exact there: in float32 the
small singular vectors of a task vector are off by a percent, and no longer at right angles. It
costs about twice the time of float32 on a CPU. Singular values and vectors come from the Gram
matrix of the smaller side (several times faster than an SVD, and of a tall matrix the only large
product), unless its squares would hide small values; then from LAPACK's SVD. What is computed is a
function of the matrix alone: the sign of a singular vector never shows in the results that callers
make. BLAS adds in an order that depends on the number of threads, so callers work inside
`one_thread`. Tensors only.
"""

import math

import torch
from torch import Tensor

# Squared singular values down to this share of the largest come out of a Gram matrix to 1e-8.
SQUARED = 1e-8
# Singular values below this share of the largest are rounding of float32 entries, hence 0.
NULL = 1e-6
EPSILON = 2.0**-23  # of float32


def singular(matrix: Tensor, count: int | None = None) -> tuple[Tensor, Tensor, Tensor]:
    """The `count` largest singular triplets that are not null: U (m, k), s (k,), V (n, k).

    matrix (m, n) = U diag(s) Vᵀ when count is None (all). Float64, s falling. Triplets with s at
    most NULL times the largest are left out, as their vectors would be any: k may be smaller than
    count, and is 0 for a matrix of zeros. Columns of U and V are known up to a common sign, and
    within equal singular values up to a rotation; where count cuts through equal ones, which of
    them are kept is LAPACK's choice.
    """
    if matrix.shape[0] < matrix.shape[1]:
        v, s, u = singular(matrix.T, count)
        return u, s, v
    wide = matrix.to(torch.float64)
    count = min(wide.shape[1], wide.shape[1] if count is None else count)
    if not count:
        return wide[:, :0], wide.new_zeros(0), wide.new_zeros(wide.shape[1], 0)
    squares, vectors = torch.linalg.eigh(wide.T @ wide)  # rising
    squares, v = squares.flip(0)[:count], vectors.flip(1)[:, :count]
    if squares[-1] >= SQUARED * squares[0] and squares[0] > 0:
        s = squares.sqrt()
        return wide @ v / s, s, v
    u, s, vh = torch.linalg.svd(wide, full_matrices=False)
    kept = int((s[:count] > NULL * s[0]).sum())
    return u[:, :kept], s[:kept], vh[:kept].T


def polar(matrix: Tensor) -> Tensor:
    """U Vᵀ of the singular value decomposition: the matrix of orthonormal columns that is nearest.

    The nearest in the Frobenius norm (orthogonal Procrustes). Null directions stay null: a matrix
    without full rank gives a partial isometry, where a library's U Vᵀ would fill them with vectors
    that depend on the library.
    """
    u, _, v = singular(matrix)
    return u @ v.T


def solve(matrix: Tensor, right: Tensor) -> Tensor:
    """X with matrix X = right, for a positive semidefinite float64 matrix (n, n) with noise.

    Scaled to a diagonal of ones first. Cholesky where its pivots are clear of the rounding of
    float32 entries; otherwise the least-squares solution of least norm (of the scaled X), from
    the eigenvectors above that noise: X is 0 where the matrix has nothing to say.
    """
    diagonal = matrix.diagonal()
    scale = torch.where(diagonal > 0, diagonal.clamp(min=0).rsqrt(), 0.0)
    scaled = scale[:, None] * matrix * scale
    scaled.diagonal().copy_(torch.ones_like(diagonal))  # also of rows that are 0
    right = scale[:, None] * right
    noise = 2 * math.sqrt(len(matrix)) * EPSILON  # spectral norm of entries' rounding, at most
    factor, failed = torch.linalg.cholesky_ex(scaled)
    if not failed and float(factor.diagonal().min()) ** 2 > 10 * noise:
        return scale[:, None] * torch.cholesky_solve(right, factor)
    values, vectors = torch.linalg.eigh(scaled)
    inverse = torch.where(values > noise, 1 / values, 0.0)
    return scale[:, None] * (vectors @ (inverse[:, None] * (vectors.T @ right)))
