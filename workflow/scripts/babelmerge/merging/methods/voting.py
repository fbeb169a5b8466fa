"""TIES' votes over task vectors that torch has made (pruned, windowed), by the kernels on a CPU.

The same bits as `elementwise`, which has them on other devices: torch would walk such
vectors some forty times. Tensors in, a tensor out; nothing is read from members.
"""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.kernels import draws, loops, tallies
from babelmerge.merging.kernels.staging import stages
from babelmerge.merging.methods import elementwise

NOTHING = np.empty(0, np.float32)


def balance(deltas: Sequence[Tensor]) -> float:
    """The sum of the elected signs, undecided elements counting 0."""
    if not _are_on_cpu(deltas):
        return float(elementwise.elected_signs(deltas).sum(dtype=torch.float64))
    sources, _alive = _sources(deltas)
    everything = np.zeros((1, len(deltas)), np.float32)
    found = []

    def add(start: int, stop: int) -> None:
        sums = np.zeros(1, np.int64)
        tallies.balances(sources, stages(len(deltas)), start, stop, everything, sums)
        found.append(int(sums[0]))

    _by_blocks(add, deltas[0].numel())
    return float(sum(found))


def ties(
    deltas: Sequence[Tensor],
    weights: Sequence[float],
    normalize: bool,
    semantics: str,
    majority: Callable[[], float],
) -> Tensor:
    """`elementwise.ties`. majority: only asked where an element's vote is tied."""
    made = None
    if _are_on_cpu(deltas) and deltas[0].numel():
        made = _compiled(deltas, weights, normalize, semantics, majority)
    if made is None:
        return elementwise.ties(deltas, weights, normalize, semantics, majority)
    return made


def _compiled(
    deltas: Sequence[Tensor],
    weights: Sequence[float],
    normalize: bool,
    semantics: str,
    majority: Callable[[], float],
) -> Tensor | None:
    """None where something is not finite, which torch's arithmetic carries on."""
    numbers = np.array(weights, np.float32)
    mergekit = semantics == "mergekit"
    done = stages(
        len(deltas),
        combine=loops.WEIGHTED_VOTE if mergekit else loops.VOTE,
        voters=numbers if mergekit else np.ones_like(numbers),
        weights=numbers,
        normalize=int(normalize),
        divisor=np.float32(0),
    )
    made = _formed(deltas, done)
    if made is None or mergekit:
        return made
    other = _formed(deltas, done._replace(majority=np.float32(-1)))
    return made if other is None or torch.equal(made, other) or majority() > 0 else other


def _formed(deltas: Sequence[Tensor], done: loops.Stages) -> Tensor | None:
    sources, _alive = _sources(deltas)
    out, bad = np.empty(deltas[0].numel(), np.float32), []

    def form(start: int, stop: int) -> None:
        part = out[start:stop].view(np.uint8)
        bad.append(loops.form(sources, done, start, stop, 0, loops.F32, part, NOTHING))

    _by_blocks(form, out.size)
    return None if max(bad) >= 0 else torch.from_numpy(out).view(deltas[0].shape)


def _are_on_cpu(deltas: Sequence[Tensor]) -> bool:
    return all(one.device.type == "cpu" and one.dtype == torch.float32 for one in deltas)


def _sources(deltas: Sequence[Tensor]) -> tuple[loops.Sources, list[np.ndarray]]:
    """The vectors as the kernels read them (there is no base), and what keeps them alive."""
    alive = [one.contiguous().view(-1).numpy() for one in deltas]
    addresses = np.array([one.ctypes.data for one in (alive[0], *alive)], np.uint64)
    return loops.Sources(addresses, np.full(len(alive) + 1, loops.F32), 0), alive


def _by_blocks(run: Callable[[int, int], object], size: int) -> None:
    """run(start, stop) for parts that begin at a block of the kernels, on torch's threads."""
    blocks = -(-size // loops.BLOCK)
    draws.spread(
        lambda first, last: run(first * loops.BLOCK, min(size, last * loops.BLOCK)),
        blocks,
        loops.BLOCK,
        torch.get_num_threads(),
    )
