"""Marks of a drop against the stream of random numbers, and the sums and rows that go by them."""

import numpy as np
import pytest

from babelmerge.merging.kernels import blocks, loops, marking, tallies
from babelmerge.merging.kernels.random_keys import GOLDEN
from babelmerge.merging.kernels.staging import stages
from babelmerge.merging.methods import randomness

KEYS = np.array([2**63 + 99, 7], np.uint64)
CUTS = np.array([round(0.4 * 2**32), 2**32], np.uint64)
SIZES = [16, 1024, 3 * 1024 + 48, blocks.BLOCK, 2 * blocks.BLOCK + 16]


def made(size, seed=0):
    """Elements of a base and of two experts, as the bits of bfloat16, one member a row."""
    drawn = np.random.default_rng(seed).standard_normal((3, size)).astype(np.float32)
    drawn[1:, ::7] = drawn[0, ::7]
    return (drawn.view(np.uint32) >> 16).astype(np.uint16)


def wide(words):
    return (words.astype(np.uint32) << 16).view(np.float32)


def sources(rows, code):
    addresses = np.array([row.ctypes.data for row in rows], np.uint64)
    return loops.Sources(addresses, np.full(len(rows), code), 1)


def drawn_below(key, begin, stop, cut):
    return randomness.uniform_bits(int(key), begin, stop).numpy() < int(cut)


def sums_of_drop(given, size):
    marks = np.zeros((2, -(-size // 8)), np.uint8)
    done = stages(2, keys=KEYS, cuts=CUTS, marks=marks)
    sums = np.zeros((2, 2, -(-size // blocks.BLOCK)))
    return tallies.sums_of_drop(given, done, 0, size, sums), sums, marks


@pytest.mark.parametrize("begin", [0, 64, 4096])
@pytest.mark.parametrize("last", [0, 1 << 31, (1 << 32) - 1])
def test_marks_are_of_the_draws_up_to_the_last_that_is_kept(begin, last):
    marks = np.zeros(20, np.uint8)
    state = np.uint64((int(KEYS[0]) + begin // 2 * GOLDEN) % 2**64)
    marking.draw_marks(state, np.uint32(last), marks)
    kept = drawn_below(KEYS[0], begin, begin + 160, last + 1)
    assert np.array_equal(np.unpackbits(marks, bitorder="little"), kept)


@pytest.mark.parametrize("size", SIZES)
def test_sums_and_marks_are_those_of_the_same_numbers_in_float32(size):
    words = made(size)
    full = wide(words)
    bad, sums, marks = sums_of_drop(sources(words, loops.BF16), size)
    also_bad, expected, _ = sums_of_drop(sources(full, loops.F32), size)
    assert bad == also_bad == -1
    assert np.array_equal(sums, expected)
    for row, key, cut in zip(marks, KEYS, CUTS, strict=True):
        kept = drawn_below(key, 0, size, cut)
        assert np.array_equal(np.unpackbits(row, bitorder="little")[:size], kept)
    assert np.array_equal(sums[0, 1], sums[1, 1])  # nothing of it is dropped


@pytest.mark.parametrize("size", [1, 15, 16, 17, 1024, 1031])
@pytest.mark.parametrize("begin", [0, 8, 4096])
@pytest.mark.parametrize("scale", [1.0, 2.5])
def test_rows_are_the_differences_that_have_a_mark(size, begin, scale):
    words = made(begin + size)
    marks = np.random.default_rng(1).integers(0, 256, (2, (begin + size + 7) // 8), np.uint8)
    done = stages(2, keep=loops.MARKED, marks=marks, scales=np.full(2, scale, np.float32))
    base, rows = np.empty(size, np.float32), np.empty((2, size), np.float32)
    assert blocks.gather(sources(words, loops.BF16), done, begin, base, rows) == -1
    full = wide(words)[:, begin:]
    bits = np.unpackbits(marks, axis=1, bitorder="little")[:, begin : begin + size]
    expected = np.where(bits == 1, full[1:] - full[0], np.float32(0)) * np.float32(scale)
    assert np.array_equal(rows.view(np.uint32), expected.view(np.uint32))
    by_float32, again = wide(words), np.empty_like(rows)
    blocks.gather(sources(by_float32, loops.F32), done, begin, base, again)
    assert np.array_equal(rows, again)


@pytest.mark.parametrize("member", [0, 1, 2])
@pytest.mark.parametrize("bits", [0x7F80, 0xFF80, 0x7FC0])
def test_what_is_not_finite_is_found_while_it_is_marked(member, bits):
    words = made(blocks.BLOCK + 32)
    words[member, blocks.BLOCK + 5] = bits
    assert sums_of_drop(sources(words, loops.BF16), words.shape[1])[0] == member
