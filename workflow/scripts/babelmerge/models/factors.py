"""LoRA updates as factors, and what they are as matrices. Tensors only."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

import torch
from torch import Tensor


class Factors(NamedTuple):
    """An update scale * b @ a, for b (outputs, r) and a (r, inputs)."""

    b: Tensor
    a: Tensor
    scale: float = 1.0

    @property
    def rank(self) -> int:
        """The number of columns of b: the rank of the update, at most."""
        return self.a.shape[0]


@contextmanager
def one_thread() -> Iterator[None]:
    """Torch on one CPU thread: the same bytes whatever number it was set to.

    Torch's own call, since MKL lies inside torch, where threadpoolctl cannot reach it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def flipped(factors: Factors) -> Factors:
    """The factors of the transposed update."""
    return Factors(factors.a.T, factors.b.T, factors.scale)


def product(factors: Factors) -> Tensor:
    """The update (outputs, inputs) in float32; the same bits for any number of threads."""
    with one_thread():
        return factors.b.float() @ factors.a.float() * factors.scale
