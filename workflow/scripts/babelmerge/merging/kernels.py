"""Compiled inner loops over the raw bits of tensors: what a merge spends its time in.

A merge of whole models is bound by memory, and torch would walk every tensor some fifty times. Here
each block of a few thousand elements is loaded once, stays in the processor's cache while it passes
the stages (load, sparsify, combine, store) and is stored once. The arithmetic is that of `methods`,
operation by operation in float32 without contraction, so both give the same bits.

Members come in as addresses of their elements with a code for their dtype; whoever calls keeps the
memory alive. Nothing here allocates more than a few blocks, takes the interpreter's lock or
depends on the number of threads. Compiled when first used and then kept on disk. No torch.
"""

from typing import NamedTuple

import numpy as np
from numba import carray, njit, types
from numba.extending import intrinsic

from babelmerge.merging import random_keys

GOLDEN = np.uint64(random_keys.GOLDEN)
MIX_1 = np.uint64(random_keys.MIX_1)
MIX_2 = np.uint64(random_keys.MIX_2)

BLOCK = 4096
F32, BF16, F16 = 0, 1, 2  # dtype codes
TRIM, DROP = 1, 2  # what becomes of a task vector; both: dropped, then trimmed
SUM, VOTE, WEIGHTED_VOTE = 0, 1, 2  # how task vectors become one
COMPILED = {"nogil": True, "cache": True, "error_model": "numpy"}


class Sources(NamedTuple):
    """One tensor of all members, the base first; deltas: 1 for experts minus base, 0 for experts."""

    addresses: np.ndarray  # uint64
    codes: np.ndarray  # int64
    deltas: int


class Stages(NamedTuple):
    """What is done to each block, one entry an expert where there is an array."""

    keep: int  # TRIM | DROP
    limits: np.ndarray  # float32: smallest magnitude that is kept
    cutoffs: np.ndarray  # int64: magnitudes equal to the limit are kept before this element
    keys: np.ndarray  # uint64: of the random streams
    cuts: np.ndarray  # uint64: random bits below this keep an element
    scales: np.ndarray  # float32: factor of what was not dropped
    combine: int  # SUM, VOTE, WEIGHTED_VOTE
    voters: np.ndarray  # float32: weights of the votes
    weights: np.ndarray  # float32: weights of the merge
    normalize: int  # divide by the number (VOTE) or the weights (WEIGHTED_VOTE) that agree
    divisor: np.float32  # of a SUM; in WEIGHTED_VOTE the least that is divided by
    majority: np.float32  # sign of an undecided VOTE
    variance_limit: np.float32  # elements of less variance over the experts are not merged
    variance_cutoff: np.int64
    factor: np.float32  # of the update, before the base is added


def _pointer_to(number_type):
    @intrinsic
    def pointer(typing_context, address):
        def build(context, builder, signature, arguments):
            kind = context.get_value_type(types.CPointer(number_type))
            return builder.inttoptr(arguments[0], kind)

        return types.CPointer(number_type)(types.uint64), build

    return pointer


_floats_at = _pointer_to(types.float32)
_words_at = _pointer_to(types.uint16)


@njit(**COMPILED)
def load(address, code, start, out):
    """Elements from `start` on, widened to float32; returns whether any is NaN or infinite."""
    size = out.size
    bits = out.view(np.uint32)
    if code == F32:
        values = carray(_floats_at(address), start + size)[start:].view(np.uint32)
        largest = np.uint32(0)
        for i in range(size):
            bits[i] = values[i]
            largest = max(largest, values[i] & np.uint32(0x7FFFFFFF))
        return largest >= np.uint32(0x7F800000)
    words = carray(_words_at(address), start + size)[start:]
    if code == BF16:
        largest = np.uint32(0)
        for i in range(size):
            bits[i] = np.uint32(words[i]) << np.uint32(16)
            largest = max(largest, bits[i] & np.uint32(0x7FFFFFFF))
        return largest >= np.uint32(0x7F800000)
    most = np.uint16(0)
    for i in range(size):
        most = max(most, words[i] & np.uint16(0x7FFF))
    for i in range(size):
        bits[i] = (np.uint32(words[i]) & np.uint32(0x7FFF)) << np.uint32(13)
    for i in range(size):
        # Half's exponent sits 112 lower; multiplied, subnormal numbers come out right too.
        out[i] *= np.float32(2.0**112)
    for i in range(size):
        bits[i] |= (np.uint32(words[i]) & np.uint32(0x8000)) << np.uint32(16)
    return most >= np.uint16(0x7C00)


@njit(**COMPILED)
def store(values, code, out, start):
    """Float32 values into an array of the output's dtype, rounded to nearest even.

    Returns whether any is NaN or infinite. float16 is left to the caller: out is float32 then.
    """
    bits = values.view(np.uint32)
    largest = np.uint32(0)
    for i in range(values.size):
        largest = max(largest, bits[i] & np.uint32(0x7FFFFFFF))
    if code == BF16:
        words = out.view(np.uint16)[start : start + values.size]
        for i in range(values.size):
            even = (bits[i] >> np.uint32(16)) & np.uint32(1)
            words[i] = np.uint16((bits[i] + np.uint32(0x7FFF) + even) >> np.uint32(16))
        return largest >= np.uint32(0x7F7F8000)  # what rounds to infinity is infinite
    out.view(np.float32)[start : start + values.size] = values
    return largest >= np.uint32(0x7F800000)


@njit(**COMPILED)
def _mask(condition):
    """All bits or none: a branch would be mispredicted half of the time."""
    return np.uint32(0) - np.uint32(condition)


@njit(**COMPILED)
def trim(row, begin, limit, cutoff):
    """Keep what is larger than the limit, and of what equals it what stands before the cutoff."""
    before = min(max(cutoff - begin, 0), row.size)
    bits = row.view(np.uint32)
    for i in range(before):
        bits[i] &= _mask(abs(row[i]) >= limit)
    for i in range(before, row.size):
        bits[i] &= _mask(abs(row[i]) > limit)


@njit(**COMPILED)
def _drop(row, begin, key, cut, scale):
    """Keep at random (see `randomness`), times scale."""
    for i in range(row.size):
        place = np.uint64(begin + i)
        state = key + ((place >> np.uint64(1)) + np.uint64(1)) * GOLDEN
        state = (state ^ (state >> np.uint64(30))) * MIX_1
        state = (state ^ (state >> np.uint64(27))) * MIX_2
        state ^= state >> np.uint64(31)
        bits = (state >> ((place & np.uint64(1)) << np.uint64(5))) & np.uint64(0xFFFFFFFF)
        row[i] = row[i] * scale if bits < cut else np.float32(0)


@njit(**COMPILED)
def _load_delta(address, code, start, base, out):
    """`load` minus the base; bfloat16, the usual case, in one walk."""
    if code != BF16:
        bad = load(address, code, start, out)
        for i in range(out.size):
            out[i] -= base[i]
        return bad
    words = carray(_words_at(address), start + out.size)[start:]
    bits = out.view(np.uint32)
    most = np.uint32(0)
    for i in range(out.size):
        wide = np.uint32(words[i]) << np.uint32(16)
        most = max(most, wide & np.uint32(0x7FFFFFFF))
        bits[i] = wide
    for i in range(out.size):
        out[i] -= base[i]
    return most >= np.uint32(0x7F800000)


@njit(**COMPILED)
def gather(sources, stages, begin, base, blocks):
    """Load and sparsify one block of every expert. Returns the member with bad values, or -1."""
    deltas = sources.deltas == 1
    if deltas and load(sources.addresses[0], sources.codes[0], begin, base):
        return 0
    for e in range(blocks.shape[0]):
        row = blocks[e]
        address, code = sources.addresses[e + 1], sources.codes[e + 1]
        if deltas:
            if _load_delta(address, code, begin, base, row):
                return e + 1
        elif load(address, code, begin, row):
            return e + 1
        if stages.keep & DROP:
            _drop(row, begin, stages.keys[e], stages.cuts[e], stages.scales[e])
        if stages.keep & TRIM:
            trim(row, begin, stages.limits[e], stages.cutoffs[e])
    return -1


@njit(**COMPILED)
def variances(blocks, out):
    """Variance over the experts, divided by their number, in float64: `methods.variance`."""
    share = 1.0 / blocks.shape[0]
    mean = np.zeros(out.size, np.float64)
    spread = np.zeros(out.size, np.float64)
    for e in range(blocks.shape[0]):
        row = blocks[e]
        for i in range(out.size):
            mean[i] += row[i] * share
    for e in range(blocks.shape[0]):
        row = blocks[e]
        for i in range(out.size):
            away = row[i] - mean[i]
            spread[i] += away * away * share
    for i in range(out.size):
        out[i] = np.float32(spread[i])


@njit(**COMPILED)
def keep_varied(blocks, begin, limit, cutoff):
    """Zero the elements whose variance is below the limit (or equal and not before the cutoff)."""
    size = blocks.shape[1]
    variance = np.empty(size, np.float32)
    masks = np.empty(size, np.uint32)
    variances(blocks, variance)
    before = min(max(cutoff - begin, 0), size)
    for i in range(before):
        masks[i] = _mask(variance[i] >= limit)
    for i in range(before, size):
        masks[i] = _mask(variance[i] > limit)
    for e in range(blocks.shape[0]):
        bits = blocks[e].view(np.uint32)
        for i in range(size):
            bits[i] &= masks[i]


@njit(**COMPILED)
def weighted_sum(blocks, weights, out):
    """sum w_i x_i, added in order; four experts at a time, so that `out` is walked less often."""
    out[:] = np.float32(0)
    four = weights.size // 4 * 4
    for e in range(0, four, 4):
        x0, x1, x2, x3 = blocks[e], blocks[e + 1], blocks[e + 2], blocks[e + 3]
        w0, w1, w2, w3 = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
        for i in range(out.size):
            out[i] = (((out[i] + x0[i] * w0) + x1[i] * w1) + x2[i] * w2) + x3[i] * w3
    for e in range(four, weights.size):
        row, weight = blocks[e], weights[e]
        for i in range(out.size):
            out[i] += row[i] * weight


@njit(**COMPILED)
def trimmed_sum(blocks, weights, limits, out):
    """`weighted_sum` of what is at least as large as each expert's limit."""
    out[:] = np.float32(0)
    for e in range(weights.size):
        row, weight, limit = blocks[e], weights[e], limits[e]
        for i in range(out.size):
            out[i] += (row[i] if abs(row[i]) >= limit else np.float32(0)) * weight


@njit(**COMPILED)
def elect(sums, majority):
    """Turn sums into the signs of `methods.ties`; undecided ones are 2 * majority, to be told apart.

    Returns the sum of the signs, undecided ones counting 0.
    """
    positive = 0
    negative = 0
    for i in range(sums.size):
        positive += sums[i] > 0
        negative += sums[i] < 0
    tie = np.float32(2) * majority
    for i in range(sums.size):
        above = np.float32(1) if sums[i] > 0 else tie
        sums[i] = np.float32(-1) if sums[i] < 0 else above
    return positive - negative


@njit(**COMPILED)
def _vote(blocks, stages, signs, count, out):
    """TIES as its authors have it, see `methods.ties`. Returns (undecided elements, balance)."""
    weighted_sum(blocks, stages.voters, signs)
    balance = elect(signs, stages.majority)
    out[:] = np.float32(0)
    count[:] = np.float32(0)
    weights = stages.weights
    none, one = np.float32(0), np.float32(1)
    four = weights.size // 4 * 4
    for e in range(0, four, 4):
        x0, x1, x2, x3 = blocks[e], blocks[e + 1], blocks[e + 2], blocks[e + 3]
        w0, w1, w2, w3 = weights[e], weights[e + 1], weights[e + 2], weights[e + 3]
        for i in range(out.size):
            a0, a1 = x0[i] * signs[i] > 0, x1[i] * signs[i] > 0
            a2, a3 = x2[i] * signs[i] > 0, x3[i] * signs[i] > 0
            total = out[i] + (x0[i] if a0 else none) * w0
            total += (x1[i] if a1 else none) * w1
            total += (x2[i] if a2 else none) * w2
            out[i] = total + (x3[i] if a3 else none) * w3
            count[i] += ((one if a0 else none) + (one if a1 else none)) + (
                (one if a2 else none) + (one if a3 else none)
            )
    for e in range(four, weights.size):
        row, weight = blocks[e], weights[e]
        for i in range(out.size):
            agrees = row[i] * signs[i] > 0
            out[i] += (row[i] if agrees else none) * weight
            count[i] += one if agrees else none
    undecided = 0
    for i in range(out.size):
        # A sum of 0 with something in it has both signs in it, so one of them agrees.
        undecided += (abs(signs[i]) > np.float32(1)) & (count[i] > 0)
    if stages.normalize:
        for i in range(out.size):
            out[i] /= max(count[i], np.float32(1))
    return undecided, balance


@njit(**COMPILED)
def _weighted_vote(blocks, stages, signs, count, out):
    """TIES and SCE as mergekit has them, see `methods.weighted_vote`."""
    weighted_sum(blocks, stages.voters, signs)
    out[:] = np.float32(0)
    count[:] = np.float32(0)
    for i in range(signs.size):
        signs[i] = np.float32(1) if signs[i] >= 0 else np.float32(-1)
    for e in range(blocks.shape[0]):
        row, weight = blocks[e], stages.weights[e]
        for i in range(out.size):
            value = row[i] * weight
            agrees = value * signs[i] > 0
            out[i] += value if agrees else np.float32(0)
            count[i] += weight if agrees else np.float32(0)
    if not stages.normalize:
        return
    if stages.divisor > 0:
        for i in range(out.size):
            out[i] /= max(count[i], stages.divisor)
    else:
        for i in range(out.size):
            out[i] /= count[i] if count[i] != 0 else np.float32(1)


@njit(**COMPILED)
def form(sources, stages, start, stop, add_base, out_code, out):
    """Elements start..stop-1 of a merged tensor into `out`; start is a multiple of BLOCK.

    add_base: 1 for base + factor * update, 0 for the update alone.
    Returns (member with bad values, the number of members when it is the result, or -1;
    undecided votes; balance of the votes).
    """
    experts = stages.weights.size
    undecided, balance = 0, 0
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base = np.empty(n, np.float32)
        blocks = np.empty((experts, n), np.float32)
        signs = np.empty(n, np.float32)
        count = np.empty(n, np.float32)
        part = np.empty(n, np.float32)
        bad = gather(sources, stages, begin, base, blocks)
        if bad >= 0:
            return bad, 0, 0
        if stages.variance_limit > 0 or stages.variance_cutoff >= 0:
            keep_varied(blocks, begin, stages.variance_limit, stages.variance_cutoff)
        if stages.combine == SUM:
            weighted_sum(blocks, stages.weights, part)
            if stages.divisor != 1:
                for i in range(n):
                    part[i] /= stages.divisor
        elif stages.combine == VOTE:
            more = _vote(blocks, stages, signs, count, part)
            undecided += more[0]
            balance += more[1]
        else:
            _weighted_vote(blocks, stages, signs, count, part)
        if add_base:
            finish(base, part, stages.factor)
        if store(part, out_code, out, begin - start):
            return experts + 1, 0, 0
    return -1, undecided, balance


@njit(**COMPILED)
def finish(base, update, factor):
    """base + factor * update, in the update's place."""
    if factor != np.float32(1):
        for i in range(update.size):
            update[i] *= factor
    for i in range(update.size):
        update[i] += base[i]


@njit(**COMPILED)
def apply(address, code, update, start, stop, factor, out_code, out):
    """base + factor * update for elements start..stop-1 of a tensor, as `form` ends.

    update: float32, of the whole tensor, left as it is. Returns whether a result is not finite.
    """
    bad = False
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base = np.empty(n, np.float32)
        load(address, code, begin, base)
        part = update[begin : begin + n]
        for i in range(n):
            base[i] += part[i] * factor
        bad |= store(base, out_code, out, begin - start)
    return bad


@njit(**COMPILED)
def cast(address, code, start, stop, out_code, out):
    """Elements start..stop-1 of one tensor in another dtype."""
    for begin in range(start, stop, BLOCK):
        part = np.empty(min(BLOCK, stop - begin), np.float32)
        load(address, code, begin, part)
        store(part, out_code, out, begin - start)
