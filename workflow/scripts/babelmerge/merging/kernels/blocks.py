"""Compiled stages over one block of a tensor: load, sparsify, store (`combining` has the rest).

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
from numba import carray, types
from numba.extending import intrinsic

from babelmerge.merging.kernels import random_keys
from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.marking import STEP, load_marked

GOLDEN = np.uint64(random_keys.GOLDEN)
MIX_1 = np.uint64(random_keys.MIX_1)
MIX_2 = np.uint64(random_keys.MIX_2)

BLOCK = 4096
# By a byte of marks, all bits or none of each of eight elements, two to a number.
MARKS = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1, bitorder="little")
MASKS = (MARKS.astype(np.uint32) * np.uint32(0xFFFFFFFF)).view(np.uint64)
F32, BF16, F16 = 0, 1, 2  # dtype codes
NOT_FINITE = np.uint32(0x7F800000)  # the least bits of a magnitude that is infinite or NaN
NOT_FINITE_WORD = np.uint32(0x7F7F8000)  # or that rounds to such a bfloat16
TRIM, DROP, CEIL = 1, 2, 4  # what becomes of a task vector: dropped, then trimmed, then ceiled
PRUNE = 8  # or dropped by the ranks of its rows, which lie in a block whole: see `pruning`
MARKED = 16  # or what an earlier reading has marked is kept
SUM, VOTE, WEIGHTED_VOTE = 0, 1, 2  # how task vectors become one


class Sources(NamedTuple):
    """One tensor of all members, the base first; deltas: 1 for experts - base, 0 for experts."""

    addresses: np.ndarray  # uint64
    codes: np.ndarray  # int64
    deltas: int


class Stages(NamedTuple):
    """What is done to each block, one entry an expert where there is an array."""

    keep: int  # TRIM | DROP | CEIL, or PRUNE, or MARKED
    limits: np.ndarray  # float32: smallest magnitude that is kept
    cutoffs: np.ndarray  # int64: magnitudes equal to the limit are kept before this element
    ceilings: np.ndarray  # float32: larger magnitudes are outliers, and not kept
    ceiling_cutoffs: np.ndarray  # int64: so are those equal to the ceiling before this element
    keys: np.ndarray  # uint64: of the random streams
    cuts: np.ndarray  # uint64: random bits below this keep an element
    scales: np.ndarray  # float32: factor of what is left after DROP, CEIL, PRUNE or MARKED
    lows: np.ndarray  # float32: chance that PRUNE keeps the smallest of a row
    epsilons: np.ndarray  # float32: half of what the largest has more
    divided: int  # PRUNE divides each element by its chance
    marks: np.ndarray  # uint8 (experts, an eighth of the elements): a bit for each that is kept
    across: int  # elements of a row that PRUNE ranks
    inner: int  # from one of them to the next; rows lie side by side where it is not 1
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


@intrinsic
def float_of(typing_context, bits):
    """The float32 that has these bits."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.float32))

    return types.float32(types.uint32), build


@intrinsic
def bits_of(typing_context, number):
    """The bits of a float32."""

    def build(context, builder, signature, arguments):
        return builder.bitcast(arguments[0], context.get_value_type(types.uint32))

    return types.uint32(types.float32), build


@inner
def copy(values, out):
    """out[:] = values, without an error to tell of shapes, which takes seconds to compile."""
    for i in range(out.size):
        out[i] = values[i]


@inner
def clear(out):
    """out[:] = 0."""
    for i in range(out.size):
        out[i] = 0


@inner
def size_bits(bits):
    """The bits of a float32's magnitude, which as whole numbers are in the order of magnitudes."""
    return np.uint32(bits & np.uint32(0x7FFFFFFF))


@inner
def word_of(bits):
    """The bits of a float32 rounded to bfloat16, to nearest even."""
    even = (bits >> np.uint32(16)) & np.uint32(1)
    return np.uint16((bits + np.uint32(0x7FFF) + even) >> np.uint32(16))


@inner
def words_at(address, start, size):
    """The 16-bit elements of a tensor from `start` on, as they lie."""
    return carray(_words_at(address), start + size)[start:]


@inner
def load(address, code, start, out):
    """Elements from `start` on, widened to float32; returns whether any is NaN or infinite."""
    size = out.size
    bits = out.view(np.uint32)
    if code == F32:
        values = carray(_floats_at(address), start + size)[start:].view(np.uint32)
        largest = np.uint32(0)
        for i in range(size):
            bits[i] = values[i]
            largest = max(largest, size_bits(values[i]))
        return largest >= NOT_FINITE
    words = words_at(address, start, size)
    if code == BF16:
        largest = np.uint32(0)
        for i in range(size):
            bits[i] = np.uint32(words[i]) << np.uint32(16)
            largest = max(largest, size_bits(bits[i]))
        return largest >= NOT_FINITE
    most = np.uint16(0)
    for i in range(size):
        most = max(most, np.uint16(words[i] & np.uint16(0x7FFF)))
    for i in range(size):
        bits[i] = (np.uint32(words[i]) & np.uint32(0x7FFF)) << np.uint32(13)
    for i in range(size):
        # Half's exponent sits 112 lower; multiplied, subnormal numbers come out right too.
        out[i] *= np.float32(2.0**112)
    for i in range(size):
        bits[i] |= (np.uint32(words[i]) & np.uint32(0x8000)) << np.uint32(16)
    return most >= np.uint16(0x7C00)


@inner
def store(values, code, out, start):
    """Float32 values into an array of the output's dtype, rounded to nearest even.

    Returns whether any is NaN or infinite. float16 is left to the caller: out is float32 then.
    """
    bits = values.view(np.uint32)
    largest = np.uint32(0)
    for i in range(values.size):
        largest = max(largest, size_bits(bits[i]))
    if code == BF16:
        words = out.view(np.uint16)[start : start + values.size]
        for i in range(values.size):
            words[i] = word_of(bits[i])
        return largest >= NOT_FINITE_WORD
    copy(values, out.view(np.float32)[start : start + values.size])
    return largest >= NOT_FINITE


@inner
def slab(stages):
    """Elements that only can be sparsified together: a ranked row with those beside it, or one."""
    return stages.across * stages.inner if stages.keep & PRUNE else 1


@inner
def reach(stages, start, stop):
    """(first, last, step): blocks of `step` elements from `first` to `last` hold start..stop-1.

    They are of whole slabs. Where each element stands for itself, blocks begin at `start` and end
    at `stop`.
    """
    whole = slab(stages)
    return start // whole * whole, -(-stop // whole) * whole, max(1, BLOCK // whole) * whole


@inner
def shaped(room, rows, n):
    """The first of a flat room as (rows, n). Room is made once: to get it anew a block is slow."""
    return room[: rows * n].reshape((rows, n))


@inner
def all_or_none(condition):
    """All bits or none: a branch would be mispredicted half of the time."""
    return np.uint32(0) - np.uint32(condition)


@inner
def store_applied(words, update, factor, out):
    """base + factor * update, both bfloat16: `load`, the update, and `store` in one walk.

    words: the base's bits. Returns whether any result is NaN or infinite.
    """
    largest = np.uint32(0)
    for i in range(out.size):
        bits = bits_of(float_of(np.uint32(words[i]) << np.uint32(16)) + update[i] * factor)
        largest = max(largest, size_bits(bits))
        out[i] = word_of(bits)
    return largest >= NOT_FINITE_WORD


@inner
def trim(row, begin, limit, cutoff):
    """Keep what is larger than the limit, and of what equals it what stands before the cutoff."""
    before = min(max(cutoff - begin, 0), row.size)
    bits = row.view(np.uint32)
    for i in range(before):
        bits[i] &= all_or_none(abs(row[i]) >= limit)
    for i in range(before, row.size):
        bits[i] &= all_or_none(abs(row[i]) > limit)


@inner
def ceil(row, begin, ceiling, cutoff, scale):
    """Zero what is larger than the ceiling, or equals it and stands before the cutoff; times scale.

    The opposite of `trim` with the same numbers.
    """
    before = min(max(cutoff - begin, 0), row.size)
    none = np.float32(0)
    for i in range(before):
        row[i] = row[i] * scale if abs(row[i]) < ceiling else none
    for i in range(before, row.size):
        row[i] = row[i] * scale if abs(row[i]) <= ceiling else none


@inner
def mixed(state):
    """The random bits that a place in a stream has, see `randomness`."""
    state = (state ^ (state >> np.uint64(30))) * MIX_1
    state = (state ^ (state >> np.uint64(27))) * MIX_2
    return state ^ (state >> np.uint64(31))


@compiled
def drop(row, begin, key, cut, scale):
    """Keep at random (see `randomness`), times scale. begin: even, two neighbours share a draw."""
    if cut == 0:
        clear(row)
        return
    state, draws = key + np.uint64(begin >> 1) * GOLDEN, np.empty((row.size + 1) // 2, np.uint64)
    for pair in range(draws.size):
        state += GOLDEN
        draws[pair] = mixed(state)
    drawn, last = draws.view(np.uint32), np.uint32(cut - np.uint64(1))  # 32 bits: twice as fast
    for i in range(row.size):
        row[i] = row[i] * scale if drawn[i] <= last else np.float32(0)


@compiled
def mark(row, begin, marks):
    """Set the bit of each element that is not 0. marks: uint8, from the tensor's first element on.

    The bits of an element are begin % 8 and so on of byte begin // 8, lowest first.
    """
    bits, size = row.view(np.uint32), row.size
    first = min(size, -begin % 8)
    last = first + (size - first) // 8 * 8
    for i in range(first):
        marks[(begin + i) // 8] |= np.uint8(np.uint32(bits[i] != 0) << np.uint32((begin + i) % 8))
    for i in range(last, size):
        marks[(begin + i) // 8] |= np.uint8(np.uint32(bits[i] != 0) << np.uint32((begin + i) % 8))
    whole = marks[(begin + first) // 8 : (begin + last) // 8]
    for byte in range(whole.size):
        eight, found = bits[first + 8 * byte : first + 8 * byte + 8], np.uint32(0)
        for bit in range(8):
            found |= np.uint32(eight[bit] != 0) << np.uint32(bit)
        whole[byte] = np.uint8(found)


@compiled
def keep_marked(row, begin, marks, scale):
    """Zero what has no bit, see `mark`, and multiply the rest. begin: a multiple of 8."""
    bits, size = row.view(np.uint32), row.size
    here = marks[begin // 8 : (begin + size + 7) // 8]
    pairs = row[: size // 8 * 8].view(np.uint64)
    for byte in range(size // 8):
        masks, at = MASKS[here[byte]], 4 * byte
        pairs[at] &= masks[0]
        pairs[at + 1] &= masks[1]
        pairs[at + 2] &= masks[2]
        pairs[at + 3] &= masks[3]
    for i in range(size // 8 * 8, size):
        bits[i] &= np.uint32(0) - ((np.uint32(here[i // 8]) >> np.uint32(i % 8)) & np.uint32(1))
    if scale != 1:
        for i in range(size):
            row[i] *= scale


@inner
def _load_delta(address, code, start, base, limit, out):
    """`load` minus the base; 0 where that is smaller than the limit."""
    if code == BF16:  # the usual dtype, in one walk
        words = words_at(address, start, out.size)
        largest = np.uint32(0)
        for i in range(out.size):
            bits = np.uint32(words[i]) << np.uint32(16)
            largest = max(largest, size_bits(bits))
            delta = float_of(bits) - base[i]
            out[i] = delta if abs(delta) >= limit else np.float32(0)
        return largest >= NOT_FINITE
    bad = load(address, code, start, out)
    for i in range(out.size):
        delta = out[i] - base[i]
        out[i] = delta if abs(delta) >= limit else np.float32(0)
    return bad


@inner
def _load_marked(address, begin, base, marks, scale, out):
    """bfloat16 elements minus the base, where they have a mark, times scale. begin: as `mark`."""
    words, here = words_at(address, begin, out.size), marks[begin // 8 :]
    whole = out.size // STEP * STEP
    load_marked(words[:whole], base[:whole], here[: whole // 8], scale, out[:whole])
    rest = out[whole:]
    for i in range(rest.size):
        rest[i] = float_of(np.uint32(words[whole + i]) << np.uint32(16)) - base[whole + i]
    keep_marked(rest, 0, here[whole // 8 :], scale)


@compiled
def gather(sources, stages, begin, base, blocks):
    """Load and sparsify one block of every expert. Returns the member with bad values, or -1."""
    deltas = sources.deltas == 1
    if deltas and load(sources.addresses[0], sources.codes[0], begin, base):
        return 0
    drops, trims = stages.keep & DROP, stages.keep & TRIM
    for e in range(blocks.shape[0]):
        row = blocks[e]
        address, code = sources.addresses[e + 1], sources.codes[e + 1]
        if deltas and stages.keep == MARKED and code == BF16:  # finite: it was read to be marked
            _load_marked(address, begin, base, stages.marks[e], stages.scales[e], row)
            continue
        # Where all that equal the limit are kept, as nearly everywhere, trimming costs no walk.
        at_once = deltas and trims and not drops and stages.cutoffs[e] >= begin + row.size
        if deltas:
            limit = stages.limits[e] if at_once else np.float32(0)
            bad = _load_delta(address, code, begin, base, limit, row)
        else:
            bad = load(address, code, begin, row)
        if bad:
            return e + 1
        if drops:
            drop(row, begin, stages.keys[e], stages.cuts[e], stages.scales[e])
        if trims and not at_once:
            trim(row, begin, stages.limits[e], stages.cutoffs[e])
        if stages.keep & MARKED:
            keep_marked(row, begin, stages.marks[e], stages.scales[e])
        if stages.keep & CEIL:
            ceil(row, begin, stages.ceilings[e], stages.ceiling_cutoffs[e], stages.scales[e])
    return -1
