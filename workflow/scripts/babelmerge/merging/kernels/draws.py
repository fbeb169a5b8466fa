"""Compiled: a stream of random numbers, ranks of magnitudes within rows, and DELLA's drop by both.

Both give the same for any split of the work. `spread` splits it over threads: compiled code runs
without the interpreter's lock. No torch.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from babelmerge.merging.kernels.blocks import GOLDEN, clear, float_of, mixed
from babelmerge.merging.kernels.compiled import compiled, inner

SHORT = 1 << 9  # elements of a row that is ranked by small digits
LEAST = 1 << 16  # elements that are worth a thread
SPARE = 2  # bins an element, so that few share one
LEAST_TOP = np.float32(1e-20).view(np.uint32)  # bits: by smaller numbers one can't divide


@compiled
def uniforms(key, start, out):
    """Float64 numbers in [0, 1) of a stream from its element `start` on: `methods.randomness`."""
    size, half = np.float64(1 << 32), np.uint64(0xFFFFFFFF)
    before = min(start % 2, out.size)  # two neighbours share a draw
    if before:
        out[0] = np.float64(_mixed(key, start // 2) >> np.uint64(32)) / size
    first, pairs = (start + before) // 2, (out.size - before) // 2
    for pair in range(pairs):
        state, at = _mixed(key, first + pair), before + 2 * pair
        out[at] = np.float64(state & half) / size
        out[at + 1] = np.float64(state >> np.uint64(32)) / size
    if before + 2 * pairs < out.size:
        out[out.size - 1] = np.float64(_mixed(key, first + pairs) & half) / size


@compiled
def draws_of(key, start, states):
    """The same draws as whole numbers below 2**32, of as many elements as fit. states: room."""
    state = key + np.uint64(start // 2) * GOLDEN
    for pair in range(states.size):
        state += GOLDEN
        states[pair] = mixed(state)
    return states.view(np.uint32)[start % 2 :]


@compiled
def draw_at(key, place):
    """One of them."""
    return np.uint32(_mixed(key, place // 2) >> np.uint64(32 * (place % 2)))


@inner
def _mixed(key, number):
    return mixed(key + (np.uint64(number) + np.uint64(1)) * GOLDEN)


@compiled
def row_ranks(bits, flip, out):
    """Rank of each element's magnitude within its row, from 0; equal ones in memory order.

    bits: (rows, n) uint32, those of float32 values. flip: all bits set ranks the largest first, 0
    the smallest. out: (rows, n) int32.
    """
    rows, size = bits.shape
    begins, keys, places = desk_for(size)
    for row in range(rows):
        rank(bits[row], flip, begins, keys, places, out[row])


@inner
def desk_for(size):
    """Room to `rank` a row of so many elements: bins, keys and places twice."""
    keys, places = np.empty((2, size), np.uint32), np.empty((2, size), np.int32)
    return np.empty(SPARE * size + 2, np.int32), keys, places


@inner
def rank(bits, flip, begins, keys, places, out):
    """`row_ranks` of one row."""
    if not _rank_by_size(bits, flip, begins, keys, places, out):
        _rank_by_digits(bits, flip, keys, places, out)


@inner
def _rank_by_size(bits, flip, begins, keys, places, out):
    """Lay a row out by size in SPARE bins an element, then put what shares a bin in order.

    Returns False, with `out` undefined, where that would take long (most share a bin, as beside an
    outlier) or the sizes have no bins (NaN, infinity, next to nothing).
    """
    size = bits.size
    if not count_by_size(bits, flip, SPARE * size, begins, places[1]):
        return False
    for i in range(size):
        at = begins[places[1, i]]
        begins[places[1, i]] = at + 1
        keys[0, at], places[0, at] = (bits[i] ^ flip) & np.uint32(0x7FFFFFFF), i
    if not _insert(keys[0], places[0], 16 * size):
        return False
    for i in range(size):
        out[places[0, i]] = i
    return True


@inner
def count_by_size(bits, flip, bins, begins, chosen):
    """Each element's bin, of so many that are equally wide, and how many lie in those before it.

    Returns False where the sizes have no bins.
    """
    top = np.uint32(0)
    for i in range(bits.size):
        top = max(top, np.uint32(bits[i] & np.uint32(0x7FFFFFFF)))
    if top < LEAST_TOP or top >= np.uint32(0x7F800000):
        return False
    scale = np.float32(bins - 1) / float_of(top)
    clear(begins[: bins + 1])
    for i in range(bits.size):
        magnitude = np.uint32(bits[i] & np.uint32(0x7FFFFFFF))
        bin_ = min(np.int32(float_of(magnitude) * scale), np.int32(bins - 1))
        chosen[i] = bins - 1 - bin_ if flip else bin_
        begins[chosen[i] + 1] += 1
    for bin_ in range(bins):
        begins[bin_ + 1] += begins[bin_]
    return True


@inner
def _insert(keys, places, most):
    """Sort keys that are nearly in order, equal ones as they stand; False after `most` moves."""
    for i in range(1, keys.size):
        key, place, at = keys[i], places[i], i
        while at and keys[at - 1] > key:
            keys[at], places[at] = keys[at - 1], places[at - 1]
            at -= 1
        keys[at], places[at] = key, place
        most -= i - at
        if most < 0:
            return False
    return True


@inner
def _rank_by_digits(bits, flip, keys, places, out):
    """A counting pass for each digit, the lowest first; short rows have smaller digits."""
    size = bits.size
    digits, width = (4, 8) if size < SHORT else (3, 11)
    bins, mask = 1 << width, np.uint32((1 << width) - 1)
    counts = np.zeros((digits, bins), np.int32)
    for i in range(size):
        key = (bits[i] ^ flip) & np.uint32(0x7FFFFFFF)
        keys[0, i], places[0, i] = key, i
        for digit in range(digits):
            counts[digit, (key >> np.uint32(digit * width)) & mask] += 1
    now = 0
    for digit in range(digits):
        shift, here = np.uint32(digit * width), counts[digit]
        if here[(keys[now, 0] >> shift) & mask] == size:
            continue  # all have the same digit
        _cumulate(here)
        _scatter(keys[now], places[now], shift, mask, here, keys[1 - now], places[1 - now])
        now = 1 - now
    for i in range(size):
        out[places[now, i]] = i


@inner
def _cumulate(counts):
    """From how many there are in each bin to where each bin begins, in place."""
    total = 0
    for bin_ in range(counts.size):
        here = counts[bin_]
        counts[bin_] = total
        total += here


@inner
def _scatter(keys, places, shift, mask, begins, to_keys, to_places):
    """Elements in the order of one digit, those that share it as they were."""
    for i in range(keys.size):
        bin_ = (keys[i] >> shift) & mask
        at = begins[bin_]
        begins[bin_] = at + 1
        to_keys[at], to_places[at] = keys[i], places[i]


@compiled
def prune(values, chances, low, epsilon, rescale, out):
    """Elements that are kept at random, by the rank of their magnitude: `methods.magprune`.

    values, out: (rows, n) float32; chances: float64. low: chance of a row's smallest, float32, as
    epsilon is. rescale: each is divided by its chance of being kept.
    """
    rows, size = values.shape
    bits = values.view(np.uint32)
    (begins, keys, places), ranks = desk_for(size), np.empty(size, np.int32)
    steps, two, none, one = np.float32(size - 1), np.float32(2), np.float32(0), np.float32(1)
    for row in range(rows):
        rank(bits[row], np.uint32(0), begins, keys, places, ranks)
        value, uniform, made = values[row], chances[row], out[row]
        for i in range(size):
            share = np.float32(ranks[i]) / steps
            chance = low + share * two * epsilon
            kept = value[i] if uniform[i] < np.float64(chance) else none
            made[i] = kept / (chance if rescale else one)


def spread(run: Callable[[int, int], object], size: int, weight: int, threads: int) -> None:
    """run(start, stop) for parts of range(size), on threads. weight: elements of one of them."""
    parts = max(1, min(threads, size, size * weight // LEAST))
    edges = [size * part // parts for part in range(parts + 1)]
    if parts == 1:
        run(0, size)
        return
    with ThreadPoolExecutor(parts) as pool:
        list(pool.map(run, edges[:-1], edges[1:]))
