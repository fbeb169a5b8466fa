"""Random numbers that are a function of where they are used, not of when.

Element i of a stream is a hash of (key, i), so any part of a tensor can be drawn alone, in any
order, on any number of threads and on any device, with the same bits. The hash is SplitMix64
(Steele, Lea and Flood 2014: state + i * golden ratio, then Stafford's mix 13), whose 64 bits give
two elements 32 bits each. Tensors only; `kernels` has the same function, compiled, for the CPU.
"""

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.kernels import draws
from babelmerge.merging.kernels.random_keys import GOLDEN, HALF, MIX_1, MIX_2, cut, key_for

__all__ = ["cut", "kept", "key_for", "uniform_bits", "uniforms"]


def uniform_bits(key: int, start: int, stop: int, device: str | torch.device = "cpu") -> Tensor:
    """32 random bits, as int64 from 0 to 2**32 - 1, for each of the elements start..stop-1."""
    place = torch.arange(start, stop, dtype=torch.int64, device=device)
    mixed = _mix((place // 2 + 1) * _signed(GOLDEN) + _signed(key))
    return _shifted(mixed, 32 * (place % 2)) & (HALF - 1)


def uniforms(
    key: int, shape: tuple[int, ...], device: str | torch.device = "cpu", start: int = 0
) -> Tensor:
    """float64 numbers in [0, 1), in memory order; below a density exactly where `kept` is true.

    start: the place of the first in its stream.
    """
    size = torch.Size(shape).numel()
    if torch.device(device).type != "cpu":
        bits = uniform_bits(key, start, start + size, device)
        return bits.to(torch.float64).div_(HALF).view(shape)
    found = np.empty(size)

    def draw(first: int, stop: int) -> None:
        draws.uniforms(np.uint64(key), start + first, found[first:stop])

    draws.spread(draw, size, 1, torch.get_num_threads())
    return torch.from_numpy(found).view(shape)


def kept(key: int, shape: tuple[int, ...], density: float, device="cpu") -> Tensor:
    """Mask of the elements that survive, each with probability `density`."""
    size = torch.Size(shape).numel()
    return (uniform_bits(key, 0, size, device) < cut(density)).view(shape)


def _mix(state: Tensor) -> Tensor:
    state = (state ^ _shifted(state, 30)) * _signed(MIX_1)
    state = (state ^ _shifted(state, 27)) * _signed(MIX_2)
    return state ^ _shifted(state, 31)


def _shifted(state: Tensor, by: int | Tensor) -> Tensor:
    """Logical shift to the right: torch's keeps the sign, so the bits that it copies are cut."""
    places = 64 - torch.as_tensor(by, device=state.device)
    # 1 << 64 does not exist: nothing is shifted then, and nothing is to be cut.
    mask = torch.where(places < 64, (torch.ones_like(places) << places.clamp(max=63)) - 1, -1)
    return (state >> by) & mask


def _signed(number: int) -> int:
    """The int64 that has the bits of an unsigned 64-bit number."""
    return number - (1 << 64) if number >= 1 << 63 else number
