"""DELLA's drop in blocks of rows against its definition in torch, to the last bit."""

import numpy as np
import pytest
import torch

from babelmerge.merging.kernels import blocks, loops, pruning
from babelmerge.merging.kernels.shares import chances
from babelmerge.merging.kernels.staging import stages
from babelmerge.merging.methods import randomness, sparsifying

torch.set_num_threads(1)
KEY = 2**63 + 12345
LENGTHS = [1, 2, 3, 7, 896, loops.BLOCK + 1]
POINTS = [(0.4, 0.1), (0.5, 0.3), (0.3, 0.0), (0.9, 0.099), (1.0, 0.1), (0.0, 0.1)]
DRAWN = np.random.default_rng(0).standard_normal((6, max(LENGTHS))).astype(np.float32)
OUTLIER, HALF, WIDE = DRAWN.copy(), DRAWN.copy(), np.sign(DRAWN) * np.exp(20 * DRAWN)
OUTLIER[:, 0], HALF[:, ::2] = 1e30, 0
ROWS = {
    "drawn": DRAWN,
    "few sizes": np.round(2 * DRAWN) / 8,
    "half zeros": HALF,
    "all zero": 0 * DRAWN,
    "all alike": np.ones_like(DRAWN),
    "tiny": DRAWN * np.float32(1e-30),
    "subnormal": DRAWN * np.float32(1e-42),
    "wide": WIDE.clip(-1e38, 1e38),
    "beside an outlier": OUTLIER,
}


def pruned(values, density, epsilon, divided, first=0):
    """By the kernel: a block that begins at row `first` of its tensor."""
    across, inner = values.shape[1], int(np.prod(values.shape[2:]))
    low, half = chances(density, epsilon, across)
    done = stages(
        1,
        keep=loops.PRUNE,
        keys=np.array([KEY], np.uint64),
        lows=np.array([low], np.float32),
        epsilons=np.array([half], np.float32),
        divided=int(divided),
        across=across,
        inner=inner,
    )
    block = values.reshape(1, -1).copy()
    pruning.prune_block(done, first * across * inner, block, pruning.table_for(done))
    return torch.from_numpy(block).view(values.shape)


def expected(values, density, epsilon, divided, first=0):
    """In plain torch, from the ranks of a stable sort."""
    delta = torch.from_numpy(values)
    start = first * delta[0].numel()
    uniform = randomness.uniforms(KEY, values.shape, start=start)
    if not 0 < density < 1:
        return delta * density
    made = torch.empty_like(delta)
    sparsifying._drop(delta, uniform, density, epsilon, divided, made)
    return made


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("divided", [True, False])
def test_rows_are_pruned_as_in_torch(kind, divided):
    for length in LENGTHS:
        values = np.ascontiguousarray(ROWS[kind][:, :length])
        for point in POINTS:
            for first in (0, 1, 3):  # rows of odd length begin between two that share a draw
                found = pruned(values, *point, divided, first)
                assert torch.equal(found, expected(values, *point, divided, first))


@pytest.mark.parametrize("divided", [True, False])
def test_more_dimensions_are_ranked_along_the_second(divided):
    values = DRAWN[:, :12].reshape(6, 3, 4).copy()
    found = pruned(values, 0.4, 0.3, divided, 1)
    assert torch.equal(found, expected(values, 0.4, 0.3, divided, 1))
    assert 0 < int((found != 0).sum()) < values.size


def test_what_was_marked_in_any_parts_is_what_is_kept():
    values = HALF[0, :4000].copy()
    for size in (1, 7, 8, 9, 4000):
        marks, edges = np.zeros(-(-size // 8), np.uint8), [0, 0, size // 3, size // 2 + 1, size]
        for begin, end in zip(edges[:-1], edges[1:], strict=True):
            blocks.mark(values[begin:end], begin, marks)
        assert np.array_equal(np.unpackbits(marks, bitorder="little")[:size], values[:size] != 0)
        for begin in range(0, size, 1000):
            row = DRAWN[1, begin:size].copy()
            blocks.keep_marked(row, begin, marks, np.float32(0.7))
            kept = values[begin:size] != 0
            assert np.array_equal(row, np.where(kept, DRAWN[1, begin:size] * np.float32(0.7), 0))


def test_chances_grow_from_rank_to_rank_and_decide_as_fractions_do():
    found, cuts = np.empty(4864, np.float32), np.empty(4864, np.uint32)
    pruning.chances_by_rank(np.float32(0.3), np.float32(0.1), found, cuts)
    assert found[0] == np.float32(0.3) and (np.diff(found) >= 0).all()
    below, at = (cuts.astype(np.float64) - 1) / 2**32, cuts.astype(np.float64) / 2**32
    assert (below < found).all() and (at >= found).all()


@pytest.mark.parametrize("point", [(0.1, 0.1), (0.95, 0.05), (0.5, 0.6), (0.5, -0.1)])
def test_chances_outside_0_and_1_are_refused(point):
    with pytest.raises(ValueError, match=r"expected within \(0, 1\); choose an epsilon"):
        chances(*point, 9)
