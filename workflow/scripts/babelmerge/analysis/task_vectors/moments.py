"""Sums over the elements of several task vectors, from which most measures of them follow.

One walk over a tensor gives inner products, magnitudes, zeros and signs of all experts and pairs.
Sums are float64 over rows of fixed length, the row sums added exactly (math.fsum): the same bits
for any thread count, and the sums of tensors add up to those of a model in any order. Pure
functions over tensors.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

PIECE = 1 << 15  # elements at a time: fits the cache, and torch works on it with one thread
ROW = 4096


@dataclass(frozen=True)
class Moments:
    """Sums over the elements of m task vectors, from which all but the stable rank follows.

    products: (m, m) inner products. magnitudes: (m,) sums of |delta|. nonzero: (m, m) counts of
    elements where both are not 0 (diagonal: where one is not). agreeing: (m, m) counts of those
    with equal signs. voters: (m + 1,) counts of elements by how many experts changed them, each
    with a vote for its sign. majority: how many votes went to the more frequent sign, where at
    least two were given. All float64 (which holds counts up to 2^53 exactly), so that NaN says
    unknown: factors of an adapter only give products.
    """

    size: int
    products: np.ndarray
    magnitudes: np.ndarray
    nonzero: np.ndarray
    agreeing: np.ndarray
    voters: np.ndarray
    majority: float

    @property
    def norms(self) -> np.ndarray:
        """(m,) L2 norms."""
        return np.sqrt(np.diagonal(self.products))

    @property
    def cosines(self) -> np.ndarray:
        """(m, m) cosines; NaN where a task vector is 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.clip(self.products / np.outer(self.norms, self.norms), -1.0, 1.0)

    @property
    def zero_shares(self) -> np.ndarray:
        """(m,) shares of elements that are exactly 0; NaN without elements."""
        return 1.0 - _ratio(np.diagonal(self.nonzero), self.size)

    @property
    def sparsities(self) -> np.ndarray:
        """(m,) Hoyer's sparsity, (sqrt n - L1 / L2) / (sqrt n - 1).

        0 when all magnitudes are equal, 1 when one element is not 0, about 0.2 for Gaussian values.
        NaN for a task vector that is 0 or has one element.
        """
        root = math.sqrt(self.size)
        return _ratio(root - _ratio(self.magnitudes, self.norms), root - 1.0)

    @property
    def sign_agreement(self) -> np.ndarray:
        """(m, m) share of equal signs among elements where both are not 0; NaN if there are none.

        Independent signs agree in half of them.
        """
        return _ratio(self.agreeing, self.nonzero)

    @property
    def majority_share(self) -> float:
        """Share of the votes that the more frequent sign gets, where at least two are given.

        NaN if there are no such elements.
        """
        return float(_ratio(self.majority, _votes(self.voters)))

    @property
    def majority_by_chance(self) -> float:
        """What `majority_share` would be if signs were independent: 0.75 where two vote.

        E max(k, n - k) for k of n heads, over the elements' numbers of votes n.
        """
        expected = [_more_heads(number) for number in range(2, len(self.voters))]
        return float(_ratio(np.dot(self.voters[2:], expected), _votes(self.voters)))


def moments(pieces: Iterable[Sequence[Tensor]]) -> Moments:
    """Moments of task vectors that come in pieces: each m flat float64 tensors of equal length.

    A piece holds at most PIECE elements (`pieces` cuts tensors into such). ValueError for values
    that are not finite.
    """
    sums: list[list[float]] = []
    counts, size, number = np.zeros(()), 0, 0
    for piece in pieces:
        size, number = size + piece[0].numel(), len(piece)
        # As Python's numbers: small arrays kept between large ones would fragment the memory.
        rows = _row_sums(piece).tolist()
        sums = sums or [[] for _ in rows]
        for column, values in zip(sums, rows, strict=True):
            column.extend(values)
        counts = counts + _counts(piece)
    if not number:
        raise ValueError("no pieces: a tensor without elements still has one, which is empty")
    if not all(math.isfinite(value) for column in sums for value in column):
        raise ValueError("a task vector holds NaN or infinity, or its squares overflow float64")
    totals = np.array([math.fsum(column) for column in sums])
    products = np.empty((number, number))
    upper = np.triu_indices(number)
    products[upper] = totals[number:]
    products.T[upper] = totals[number:]
    nonzero, agreeing = counts[: 2 * number**2].reshape(2, number, number)
    voters, majority = counts[2 * number**2 : -1], float(counts[-1])
    return Moments(size, products, totals[:number], nonzero, agreeing, voters, majority)


def combine(parts: Sequence[Moments]) -> Moments:
    """Moments of task vectors whose tensors have these moments; exactly rounded, in any order."""
    return Moments(
        size=sum(part.size for part in parts),
        products=_fsum([part.products for part in parts]),
        magnitudes=_fsum([part.magnitudes for part in parts]),
        nonzero=np.sum([part.nonzero for part in parts], axis=0),
        agreeing=np.sum([part.agreeing for part in parts], axis=0),
        voters=np.sum([part.voters for part in parts], axis=0),
        majority=math.fsum(part.majority for part in parts),
    )


def pieces(deltas: Sequence[Tensor], base: Tensor | None = None) -> Iterator[list[Tensor]]:
    """Tensors of one shape (minus a base's, if given) in flat float64 pieces, for `moments`."""
    flat = [delta.reshape(-1) for delta in deltas]
    start = base.reshape(-1) if base is not None else None
    for low in range(0, max(1, flat[0].numel()), PIECE):
        here = slice(low, low + PIECE)
        zero = start[here].double() if start is not None else 0.0
        yield [tensor[here].double() - zero for tensor in flat]


def _row_sums(piece: Sequence[Tensor]) -> Tensor:
    """(m + m (m + 1) / 2, rows): sums of |d_i|, then of d_i d_j for i <= j, of each row."""
    number = len(piece)
    sums = [_rows(delta.abs()) for delta in piece]
    sums += [_rows(piece[i] * piece[j]) for i in range(number) for j in range(i, number)]
    return torch.stack(sums)


def _rows(values: Tensor) -> Tensor:
    whole = values.numel() // ROW * ROW
    rows = values[:whole].view(-1, ROW).sum(dim=1)
    return torch.cat([rows, values[whole:].sum().reshape(1)])


def _counts(piece: Sequence[Tensor]) -> np.ndarray:
    """Both not 0, equal signs, elements by votes, votes of the majority, in one row.

    float32 holds them exactly.
    """
    signs = torch.stack([delta.sign() for delta in piece]).float()
    some = signs.abs()
    both, balance = some @ some.T, signs @ signs.T
    voters = torch.bincount(some.sum(dim=0).to(torch.int32), minlength=len(piece) + 1).double()
    # The majority leads by |balance| over all votes; single votes are no majority.
    lead = signs.sum(dim=0).abs().sum(dtype=torch.float64)
    votes = (voters * torch.arange(len(voters))).sum()
    counts = (both, (both + balance) / 2, voters, (votes + lead) / 2 - voters[1])
    return torch.cat([count.double().reshape(-1) for count in counts]).numpy()


def _fsum(arrays: Sequence[np.ndarray]) -> np.ndarray:
    stacked = np.stack(arrays).reshape(len(arrays), -1)
    sums = [math.fsum(column) for column in stacked.T.tolist()]
    return np.array(sums).reshape(arrays[0].shape)


def _ratio(values, divisor):
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.true_divide(values, divisor)


def _votes(voters: np.ndarray) -> float:
    """Votes where at least two are given."""
    return float(np.dot(voters[2:], np.arange(2, len(voters))))


def _more_heads(number: int) -> float:
    """Expected size of the larger side of so many tossed coins."""
    return sum(math.comb(number, k) * max(k, number - k) for k in range(number + 1)) / 2**number
