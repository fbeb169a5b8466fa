"""Compiled readings of tensors that make nothing: exact counts and places of magnitudes.

How many magnitudes lie where (so that the k-th largest is found without sorting), and where in
memory the last element that is kept stands (`ranks` and `windows` ask). Counts are whole numbers,
so that no order of work changes them. As in `kernels`: addresses in, no torch, no locks.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import BLOCK, gather, shaped
from babelmerge.merging.kernels.combining import variances
from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.masks import ALL, LANES, MAGNITUDE, filled, first, ones, within
from babelmerge.merging.kernels.walks import varied

SNIPPET = 32  # neighbours in a sample
UPPER_BINS = 1 << 15  # without the sign
LOWER_BINS = 1 << 16
ZERO_BIN = UPPER_BINS - 1  # no finite number has these bits, so exact zeros are counted here
MAGNITUDES, VARIANCE = 0, 1  # of each task vector; over the experts


@inner
def _rows(sources, stages, begin, n, what, base, blocks, variance):
    """The rows whose magnitudes are scanned: every expert's, or the variance alone (one row)."""
    if what == VARIANCE and varied(sources, stages, begin, variance[0]):
        return -1
    bad = gather(sources, stages, begin, base, blocks)
    if what == VARIANCE:
        variances(blocks, variance[0])
    return bad


@compiled
def count_uppers(sources, stages, start, stop, what, counts):
    """Add to counts (rows, UPPER_BINS) the upper halves of the bits of magnitudes.

    Exact zeros go to ZERO_BIN. Returns the member with bad values or -1.
    """
    experts = stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks, variance = spare[0][:n], shaped(room, experts, n), shaped(spare[1], 1, n)
        bad = _rows(sources, stages, begin, n, what, base, blocks, variance)
        if bad >= 0:
            return bad
        rows = variance if what == VARIANCE else blocks
        for e in range(counts.shape[0]):
            bits = rows[e].view(np.uint32)
            for i in range(n):
                magnitude = bits[i] & np.uint32(0x7FFFFFFF)
                place = magnitude >> np.uint32(16)
                counts[e, place if magnitude else np.uint32(ZERO_BIN)] += 1
    return -1


@compiled
def count_lowers(sources, stages, start, stop, what, slots, counts):
    """Of magnitudes whose upper half has a slot, count the lower halves (slots, LOWER_BINS).

    slots: (rows, UPPER_BINS) of int16, -1 where an upper half is of no interest.
    """
    experts = stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks, variance = spare[0][:n], shaped(room, experts, n), shaped(spare[1], 1, n)
        _rows(sources, stages, begin, n, what, base, blocks, variance)
        rows = variance if what == VARIANCE else blocks
        for e in range(slots.shape[0]):
            bits = rows[e].view(np.uint32)
            for i in range(n):
                magnitude = bits[i] & np.uint32(0x7FFFFFFF)
                slot = slots[e, magnitude >> np.uint32(16)]
                if slot >= 0:
                    counts[slot, magnitude & np.uint32(0xFFFF)] += 1


@compiled
def sample(sources, stages, step, what, out):
    """Fill out (rows, snippets, SNIPPET) with magnitudes of snippets that lie `step` apart.

    Returns the member with bad values or -1.
    """
    experts = stages.weights.size
    base = np.empty(SNIPPET, np.float32)
    blocks = np.empty((experts, SNIPPET), np.float32)
    variance = np.empty((1, SNIPPET), np.float32)
    for k in range(out.shape[1]):
        bad = _rows(sources, stages, k * step, SNIPPET, what, base, blocks, variance)
        if bad >= 0:
            return bad
        rows = variance if what == VARIANCE else blocks
        for e in range(out.shape[0]):
            for i in range(SNIPPET):
                out[e, k, i] = abs(rows[e, i])
    return -1


@compiled
def count_near(sources, stages, start, stop, what, lows, widths, shift, counts, rest, outside):
    """Count the magnitudes within each row's window of bits.

    lows (multiples of 2**shift), widths: uint32 (rows,). counts: int32 (rows, bins) of the numbers
    whose last `shift` bits are 0, by (bits - low) >> shift; rest: uint32 (rows, room) takes the
    bits of the others in the window. outside: int64 (rows, 3): how many lie beyond the window, are
    exactly zero, are in `rest`. Returns the member with bad values, -1, or -2 when `rest` is full.
    """
    experts = stages.weights.size
    padded = np.empty(BLOCK, np.uint32)
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks, variance = spare[0][:n], shaped(room, experts, n), shaped(spare[1], 1, n)
        bad = _rows(sources, stages, begin, n, what, base, blocks, variance)
        if bad >= 0:
            return bad
        rows = variance if what == VARIANCE else blocks
        for e in range(lows.size):
            if outside[e, 2] + n > rest.shape[1]:
                return -2
            bits, filler = filled(rows[e], padded)
            outside[e, 1] -= filler
            _note(bits, lows[e], widths[e], shift, counts[e], rest[e], outside[e])
    return -1


@inner
def _note(bits, low, width, shift, counts, rest, outside):
    """`count_near` of one block of one row, whose number of elements 64 divides."""
    last, top = np.uint32((1 << shift) - 1), np.uint32(low + width)
    beyond, zeros, listed = 0, 0, outside[2]
    for i in range(0, bits.size, LANES):
        beyond += ones(within(bits, i, top, ALL - top))
        zeros += ones(within(bits, i, np.uint32(0), np.uint32(1)))
        mask = within(bits, i, low, width)
        while mask:
            place = np.uint32((bits[i + first(mask)] & MAGNITUDE) - low)
            mask &= mask - np.uint64(1)
            if place & last:
                rest[listed] = place + low
                listed += 1
            else:
                counts[place >> np.uint32(shift)] += 1
    outside[0] += beyond
    outside[1] += zeros
    outside[2] = listed


@compiled
def magnitudes(sources, stages, start, stop, what, out):
    """Lay the magnitudes of start..stop-1 out in rows (rows, elements). Returns as count_uppers."""
    experts = stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks, variance = spare[0][:n], shaped(room, experts, n), shaped(spare[1], 1, n)
        bad = _rows(sources, stages, begin, n, what, base, blocks, variance)
        if bad >= 0:
            return bad
        rows = variance if what == VARIANCE else blocks
        for e in range(out.shape[0]):
            row = rows[e]
            for i in range(n):
                out[e, begin - start + i] = abs(row[i])
    return -1


@compiled
def count_equal(sources, stages, start, stop, what, row_number, limit, wanted):
    """(elements of one row that have the limit as their magnitude, the place of the wanted-th).

    It ends at that one; the place is -1 where there are not so many, or wanted is 0.
    """
    experts = stages.weights.size
    found, bits_of_limit = 0, np.array([limit], np.float32).view(np.uint32)[0]
    padded = np.empty(BLOCK, np.uint32)
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks, variance = spare[0][:n], shaped(room, experts, n), shaped(spare[1], 1, n)
        _rows(sources, stages, begin, n, what, base, blocks, variance)
        row = variance[0] if what == VARIANCE else blocks[row_number]
        bits, filler = filled(row, padded)
        for i in range(0, bits.size, LANES):
            mask = within(bits, i, bits_of_limit, np.uint32(1))
            if i + LANES > n:
                mask &= (np.uint64(1) << np.uint64(LANES - filler)) - np.uint64(1)
            here = ones(mask)
            if found < wanted <= found + here:
                for _ in range(wanted - found - 1):
                    mask &= mask - np.uint64(1)
                return wanted, begin + i + first(mask)
            found += here
    return found, -1


@compiled
def uppers_of(values, counts):
    """Add the upper halves of a float32 array's magnitudes to counts (UPPER_BINS,)."""
    bits = values.view(np.uint32)
    for i in range(bits.size):
        counts[(bits[i] & np.uint32(0x7FFFFFFF)) >> np.uint32(16)] += 1


@compiled
def lowers_of(values, upper, counts):
    """Add the lower halves of magnitudes with this upper half to counts (LOWER_BINS,)."""
    bits = values.view(np.uint32)
    for i in range(bits.size):
        magnitude = bits[i] & np.uint32(0x7FFFFFFF)
        if magnitude >> np.uint32(16) == upper:
            counts[magnitude & np.uint32(0xFFFF)] += 1
