"""Ranks within rows against numpy's stable sort, whichever way they are found."""

import numpy as np
import pytest

from babelmerge.merging.kernels import draws

DRAWN = np.random.default_rng(0).standard_normal((3, 700)).astype(np.float32)
INFINITE, UNKNOWN, BESIDE = (DRAWN.copy() for _ in range(3))
INFINITE[1, -1], UNKNOWN[1, ::2], BESIDE[1, 5] = np.inf, np.nan, 1e30
ROWS = {
    "drawn": DRAWN,
    "few sizes": np.round(2 * DRAWN),
    "all zero": 0 * DRAWN,
    "tiny": DRAWN * np.float32(1e-30),
    "subnormal": DRAWN * np.float32(1e-42),
    "wide": np.sign(DRAWN) * np.exp(20 * DRAWN),
    "beside an outlier": BESIDE,
    "infinite": INFINITE,
    "not a number": UNKNOWN,
    "one": DRAWN[:, :1],
    "two": DRAWN[:, :2],
}


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("largest_first", [False, True])
def test_ranks_are_those_of_a_stable_sort(kind, largest_first):
    bits = np.ascontiguousarray(ROWS[kind]).view(np.uint32)
    sizes = (bits & 0x7FFFFFFF).astype(np.int64) * (-1 if largest_first else 1)
    order = np.argsort(sizes, axis=1, kind="stable")
    expected = np.empty_like(order)
    np.put_along_axis(expected, order, np.broadcast_to(np.arange(bits.shape[1]), bits.shape), 1)
    found = np.empty(bits.shape, np.int32)
    draws.row_ranks(bits, np.uint32(0xFFFFFFFF if largest_first else 0), found)
    assert (found == expected).all()


@pytest.mark.parametrize("start", [0, 1, 7])
@pytest.mark.parametrize("size", [1, 2, 9])
def test_whole_draws_are_the_numbers_of_the_stream_in_any_part(start, size):
    key = np.uint64(2**63 + 5)
    whole = np.empty(20)
    draws.uniforms(key, 0, whole)
    found = draws.draws_of(key, start, np.empty(size // 2 + 1, np.uint64))[:size]
    assert (found / 2**32 == whole[start : start + size]).all()
    assert draws.draw_at(key, start) == found[0]
