"""Which unit of one model is which of another: scores that are exact, and assignments.

Rows are units, columns their weights. The score of a pair is the inner product of their weights
(the weight matching of Ainsworth et al. 2023, arXiv:2209.04836), and the assignment of largest
total score is found by shortest augmenting paths (scipy). Where several are best, units stay where
they are. Touches tensors only.

Scores do not depend on threads or machines: weights are rounded to 21 bits below the largest of
their row, so that a sum of 1,024 products is a whole number below 2^53 (times a power of two) and
exact in float64 whatever the order; such sums are added in a fixed order.

Most models that are merged are near each other, and then the full scores are not needed: see
`same_rows` and `nearest`, which find what the assignment would and prove it.
"""

import hashlib
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Sequence

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor

from babelmerge.models import checkpoints

BITS = 21
COLUMNS = 1024  # 2 * BITS + log2(COLUMNS) <= 53
ROWS = 512
ELEMENTS = 1 << 22  # of a matrix in float64 at once
STAY = 2.0**-40  # what staying is worth, as a share of a unit's scores: above rounding, below use
LEAST_EXPONENT = -400  # rows smaller than 2^-400 count as zero; their products would underflow

SKETCH = 4  # `nearest` looks first at every fourth column of one matrix,
COLUMNS_AT_LEAST = 256  # but no fewer than this
ROUNDING = 2.0**-14  # of squared norms: more than rounding can change a squared distance
DOUBTFUL = 8  # with more than one doubtful row in 8 a proof costs what an assignment does

Pairs = Iterable[tuple[Tensor, Tensor]]


def inner_products(pairs: Pairs) -> Tensor:
    """Scores (units, units) in float64, added over pairs of (units, weights) matrices.

    Memory: the scores, and 1,024 columns of one matrix in float64.
    """
    scores = None
    for left, right in pairs:
        if scores is None:
            scores = torch.zeros(left.shape[0], right.shape[0], dtype=torch.float64)
        for column in range(0, left.shape[1], COLUMNS):
            columns = slice(column, column + COLUMNS)
            ours, theirs = _rounded(left[:, columns]), _rounded(right[:, columns]).T
            for row in range(0, left.shape[0], ROWS):
                # Apart, not accumulated by the product: that would round in an order of its own.
                scores[row : row + ROWS] += ours[row : row + ROWS] @ theirs
    return scores


def assign(scores: Tensor) -> Tensor:
    """For each row the column that it is given: largest total score; of equal ones, who stays.

    scores: square, float64; changed while this runs, and put back. Staying is worth 2^-40 of the
    largest scores of a unit, so the total is the largest up to that share. No further memory; n^3
    operations at worst.
    """
    least, most = zip(*(scores.aminmax(dim=dim) for dim in (0, 1)), strict=True)
    sizes = sum(torch.maximum(a.abs(), b.abs()) for a, b in zip(least, most, strict=True))
    diagonal = scores.diagonal().clone()
    scores.neg_().diagonal().sub_(STAY * sizes + torch.finfo(torch.float64).tiny)
    _, columns = linear_sum_assignment(scores.numpy())
    scores.neg_().diagonal().copy_(diagonal)
    return torch.from_numpy(columns).long()


def value(scores: Tensor, order: Tensor) -> float:
    """The total score of an assignment."""
    return sum(scores[torch.arange(len(order)), order].tolist())


def nearest(pairs: Callable[[], Pairs]) -> Tensor | None:
    """For each row its nearest column, when that is one for each and provably so; or else None.

    Largest scores are smallest squared distances, and when every row gets its nearest column no
    assignment is better. Distances over some of the weights are at most those over all: a quarter
    of the first matrix names the nearest and bounds the others from below, and only rows for which
    that is too little are compared in full. For models that are near each other this is a small
    part of `inner_products`, and no memory grows with the square of the units.
    """
    left, right = next(iter(pairs()))
    if len(left) == 1:
        return torch.zeros(1, dtype=torch.int64)
    step = max(1, min(SKETCH, left.shape[1] // COLUMNS_AT_LEAST))
    left, right = left[:, ::step], right[:, ::step]
    blocks = left.split(4 * ROWS)
    parts = [_least(lambda b=block: [(b, right)]).topk(2, largest=False) for block in blocks]
    order = torch.cat([part.indices[:, 0] for part in parts])
    if len(order.unique()) < len(order):
        return None
    own = sum(_squares(ours, theirs, order) for ours, theirs in pairs())
    doubtful = (torch.cat([part.values[:, 1] for part in parts]) <= own).nonzero().view(-1)
    if len(doubtful) * DOUBTFUL > len(order):
        return None
    if len(doubtful):
        others = _least(lambda: ((ours[doubtful], theirs) for ours, theirs in pairs()))
        others[torch.arange(len(doubtful)), order[doubtful]] = torch.inf
        if bool((others.amin(dim=1) <= own[doubtful]).any()):
            return None
    return order


def assign_groups(heads: Tensor, groups: Tensor) -> Tensor:
    """The order of heads, in whole groups, of largest total score: exact, by nesting.

    heads: scores (heads, heads); groups: (groups, groups), of what heads of a group share. Each
    pair of groups is worth its own score and the best assignment of its heads; then groups are
    assigned.
    """
    count = groups.shape[0]
    size = heads.shape[0] // count
    blocks = heads.view(count, size, count, size)
    inner = [[assign(blocks[g, :, h]) for h in range(count)] for g in range(count)]
    worth = torch.tensor(
        [[value(blocks[g, :, h], inner[g][h]) for h in range(count)] for g in range(count)],
        dtype=torch.float64,
    )
    order = assign(groups + worth).tolist()
    return torch.cat([h * size + inner[g][h] for g, h in enumerate(order)])


def assign_values(
    queries: Tensor, keys: Tensor, values: Tensor, outputs: Tensor
) -> tuple[Tensor, Tensor]:
    """Orders of heads, in whole groups, and of the values' inner dimensions within each group.

    Scores of query heads (heads, heads), of groups' keys (groups, groups), of inner dimensions
    (groups, dim, groups, dim) and of what reads them (heads, dim, heads, dim). For a pair of groups
    heads and dimensions depend on each other and take turns until neither gains: exact with one
    head a group, else the better of two starts. Returns (heads,) and (groups * dim,).
    """
    count, dim = keys.shape[0], values.shape[1]
    size = queries.shape[0] // count
    queries = queries.view(count, size, count, size)
    outputs = outputs.view(count, size, dim, count, size, dim)
    best = [
        [_take_turns(queries[g, :, h], values[g, :, h], outputs[g, :, :, h]) for h in range(count)]
        for g in range(count)
    ]
    worth = torch.tensor([[found[0] for found in row] for row in best], dtype=torch.float64)
    order = assign(keys + worth).tolist()
    heads = torch.cat([h * size + best[g][h][1] for g, h in enumerate(order)])
    return heads, torch.cat([h * dim + best[g][h][2] for g, h in enumerate(order)])


def digests(matrices: Iterable[Tensor]) -> list[bytes]:
    """A digest of each row over all matrices (same number of rows): equal for the same bytes."""
    hashes: list = []
    for matrix in matrices:
        hashes = hashes or [hashlib.blake2b(digest_size=16) for _ in matrix]
        lines = checkpoints.as_bytes(matrix).reshape(len(matrix), -1)
        for digest, line in zip(hashes, lines, strict=True):
            digest.update(line)
    return [digest.digest() for digest in hashes]


def same_rows(ours: Sequence[bytes], theirs: Sequence[bytes]) -> Tensor | None:
    """Where each of our rows lies among theirs when they have the same rows in any order, or None.

    No assignment can be better, and this one does not round. Rows that can stay, stay.
    """
    if Counter(ours) != Counter(theirs):
        return None
    places = defaultdict(deque)
    for place, (our, their) in enumerate(zip(ours, theirs, strict=True)):
        if our != their:
            places[their].append(place)
    pairs = enumerate(zip(ours, theirs, strict=True))
    return torch.tensor([n if our == their else places[our].popleft() for n, (our, their) in pairs])


def same_groups(
    heads: tuple[Sequence[bytes], Sequence[bytes]], groups: tuple[Sequence[bytes], Sequence[bytes]]
) -> Tensor | None:
    """`same_rows` for heads in groups.

    heads, groups: (ours, theirs), digests of heads and of what the heads of a group share.
    """
    size = len(heads[0]) // len(groups[0])
    parts = [[list(side[n : n + size]) for n in range(0, len(side), size)] for side in heads]
    whole = [
        [b"".join([shared, *sorted(part)]) for shared, part in zip(side, own, strict=True)]
        for side, own in zip(groups, parts, strict=True)
    ]
    order = same_rows(*whole)
    if order is None:
        return None
    ours, theirs = parts
    return torch.cat([h * size + same_rows(ours[g], theirs[h]) for g, h in enumerate(order)])


def _least(pairs: Callable[[], Pairs]) -> Tensor:
    """Squared distances (rows, rows) less what rounding may have added; float64."""
    ours, theirs = 0, 0
    for left, right in pairs():
        ours, theirs = ours + _squares(left), theirs + _squares(right)
    squares = (1 - ROUNDING) * (ours[:, None] + theirs)
    return squares.sub_(inner_products(pairs()), alpha=2)


def _squares(matrix: Tensor, other: Tensor | None = None, order: Tensor | None = None) -> Tensor:
    """Squared norms of rows, or squared distances to another's rows in an order; float64."""
    step = max(1, ELEMENTS // max(1, matrix.shape[1]))
    found = []
    for start in range(0, len(matrix), step):
        part = matrix[start : start + step].double()
        if other is not None:
            part = part - other[order[start : start + step]].double()
        found.append(part.square().sum(dim=1))
    return torch.cat(found)


def _take_turns(queries: Tensor, values: Tensor, outputs: Tensor) -> tuple[float, Tensor, Tensor]:
    """(score, order of heads, order of dimensions) of one pair of groups; see `assign_values`."""
    stay = torch.arange(len(queries))
    starts = [stay] if len(queries) == 1 else [stay, assign(queries)]
    found = [_climb(queries, values, outputs, start) for start in starts]
    return max(found, key=lambda one: one[0])  # of equal ones the first, which began by staying


def _climb(
    queries: Tensor, values: Tensor, outputs: Tensor, heads: Tensor
) -> tuple[float, Tensor, Tensor]:
    every_head, every_dim = torch.arange(len(queries)), torch.arange(len(values))
    best = None
    while True:
        dims = assign(values + outputs[every_head, :, heads].sum(dim=0))
        by_head = queries + outputs[:, every_dim, :, dims].sum(dim=0)
        heads = assign(by_head)
        score = value(by_head, heads) + value(values, dims)
        if best is not None and score <= best[0] + STAY * abs(best[0]):
            return best
        best = (score, heads, dims)


def _rounded(matrix: Tensor) -> Tensor:
    """Float64, each element rounded to BITS bits below the largest of its row."""
    exact = matrix.double()
    _, exponents = torch.frexp(exact.abs().amax(dim=1, keepdim=True))
    scales = np.ldexp(1.0, BITS - exponents.clamp(min=LEAST_EXPONENT).numpy())
    scales = torch.from_numpy(scales)
    return (exact * scales).round_().div_(scales)
