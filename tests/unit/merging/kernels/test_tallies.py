"""The steps of the kernels' sums, each against its definition written out."""

import numpy as np
import pytest

from babelmerge.merging.kernels import blocks, tallies
from babelmerge.merging.kernels.tallies import LANES
from babelmerge.merging.methods import randomness

SIZES = [0, 1, LANES - 1, LANES, 8 * LANES - 1, 8 * LANES, 8 * LANES + 1, 1000, blocks.BLOCK]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("first", [0, 1, LANES - 1])
def test_values_are_added_to_their_lanes_one_after_the_other(size, first):
    values = (np.random.default_rng(size).standard_normal(size) * 1e3).astype(np.float32)
    found, expected = np.ones((2, LANES))
    tallies.add_to_lanes(values, first, found)
    for place, value in enumerate(values):
        expected[(first + place) % LANES] += np.float64(value)
    assert np.array_equal(found, expected)
    if not first:
        lanes = np.zeros(LANES)
        tallies.add_to_lanes(values, 0, lanes)
        assert tallies.lane_sum(values) == sum(lanes.tolist())


@pytest.mark.parametrize("cut", [0, 1, 1 << 31, (1 << 32) - 1, 1 << 32])
@pytest.mark.parametrize("begin", [0, 2, blocks.BLOCK])
@pytest.mark.parametrize("size", [1, 2, 7, 999])
def test_a_drop_keeps_what_is_drawn_below_the_cut(cut, begin, size):
    key = 2**63 + 99
    row = np.random.default_rng(3).standard_normal(size).astype(np.float32)
    drawn = randomness.uniform_bits(key, begin, begin + size).numpy()
    expected = np.where(drawn < cut, row * np.float32(1.7), np.float32(0))
    blocks.drop(row, begin, np.uint64(key), np.uint64(cut), np.float32(1.7))
    assert np.array_equal(row.view(np.uint32), expected.view(np.uint32))
