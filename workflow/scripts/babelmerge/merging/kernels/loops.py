"""Compiled loops over a range of a tensor: what a merge spends its time in.

Addresses in, merged elements out, block by block through the stages of `blocks` and `combining`.
Nothing here allocates more than a few blocks, takes the interpreter's lock or depends on the number
of threads. No torch.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import (
    BF16,
    BLOCK,
    CEIL,
    DROP,
    F16,
    F32,
    MARKED,
    NOT_FINITE,
    NOT_FINITE_WORD,
    PRUNE,
    SUM,
    TRIM,
    VOTE,
    WEIGHTED_VOTE,
    Sources,
    Stages,
    bits_of,
    float_of,
    load,
    reach,
    shaped,
    size_bits,
    store,
    store_applied,
    word_of,
    words_at,
)
from babelmerge.merging.kernels.combining import (
    finish,
    keep_varied,
    vote,
    votes_by_weight,
    weighted_sum,
)
from babelmerge.merging.kernels.compiled import compiled
from babelmerge.merging.kernels.pruning import gather_whole, table_for

__all__ = [
    "BF16",
    "BLOCK",
    "CEIL",
    "DROP",
    "F16",
    "F32",
    "MARKED",
    "PRUNE",
    "SUM",
    "TRIM",
    "VOTE",
    "WEIGHTED_VOTE",
    "Sources",
    "Stages",
    "apply",
    "cast",
    "form",
]


@compiled
def form(sources, stages, start, stop, add_base, out_code, out, update):
    """Elements start..stop-1 of a merged tensor into `out`, bytes; start is a multiple of BLOCK.

    add_base: 1 for base + factor * update, 0 for the update alone. update: float32 room for the
    update of these elements, before the factor, or an empty array. Returns the member with bad
    values, the number of members when it is the result, or -1.
    """
    experts = stages.weights.size
    if not add_base and not update.size and _is_plain(sources, stages, out_code):
        if not plain_sum(sources.addresses, stages, start, stop, out):
            return -1  # else what is not finite is found below
    first, last, step = reach(stages, start, stop)
    room, spare = np.empty(experts * step, np.float32), np.empty((4, step), np.float32)
    table = table_for(stages)
    for begin in range(first, last, step):
        n = min(step, last - begin)
        blocks = shaped(room, experts, n)
        base, signs, count, part = spare[0][:n], spare[1][:n], spare[2][:n], spare[3][:n]
        bad = gather_whole(sources, stages, begin, base, blocks, table)
        if bad >= 0:
            return bad
        if stages.variance_limit > 0 or stages.variance_cutoff >= 0:
            keep_varied(blocks, begin, stages.variance_limit, stages.variance_cutoff)
        if stages.combine == SUM:
            weighted_sum(blocks, stages.weights, part)
            if stages.divisor != 1:
                for i in range(n):
                    part[i] /= stages.divisor
        elif stages.combine == VOTE:
            vote(blocks, stages, signs, count, part)
        else:
            votes_by_weight(blocks, stages, signs, count, part)
        here, end = max(start, begin), min(stop, begin + n)  # rows may reach beyond
        if update.size:
            update[here - start : end - start] = part[here - begin : end - begin]
        if add_base:
            finish(base, part, stages.factor)
        if store(part[here - begin : end - begin], out_code, out, here - start):
            return experts + 1
    return -1


@compiled
def _is_plain(sources, stages, out_code):
    """Whether two to four bfloat16 experts are added up as they are, into bfloat16."""
    plain = stages.combine == SUM and stages.keep == 0 and not sources.deltas
    plain &= 2 <= stages.weights.size <= 4
    plain &= stages.variance_limit <= 0 and stages.variance_cutoff < 0 and out_code == BF16
    for e in range(1, sources.codes.size):
        plain &= sources.codes[e] == BF16
    return plain


@compiled
def plain_sum(addresses, stages, start, stop, out):
    """sum w_i x_i / divisor of two to four experts in one walk, as `form` has it.

    addresses: of bfloat16 elements, after the base's. Returns whether one of the elements, or a
    result, is not finite.
    """
    weights = stages.weights
    if weights.size == 2:  # bilingual merges are made by dozens
        return _sum_of_two(addresses[1], addresses[2], stages, start, stop, out)
    four = weights.size == 4  # else the third stands for the fourth, with a weight of 0
    last, weight = (addresses[4], weights[3]) if four else (addresses[3], np.float32(0))
    return _sum_of_four(addresses, last, weight, stages, start, stop, out)


@compiled
def _sum_of_four(addresses, last, weight, stages, start, stop, out):
    size = stop - start
    words0, words1 = words_at(addresses[1], start, size), words_at(addresses[2], start, size)
    words2, words3 = words_at(addresses[3], start, size), words_at(last, start, size)
    w0, w1, w2 = stages.weights[0], stages.weights[1], stages.weights[2]
    divisor, words = stages.divisor, out.view(np.uint16)[:size]
    largest, most = np.uint32(0), np.uint32(0)
    for i in range(size):
        x0, x1 = np.uint32(words0[i]) << np.uint32(16), np.uint32(words1[i]) << np.uint32(16)
        x2, x3 = np.uint32(words2[i]) << np.uint32(16), np.uint32(words3[i]) << np.uint32(16)
        most = max(most, size_bits(x0))
        most = max(most, size_bits(x1))
        most = max(most, size_bits(x2))
        most = max(most, size_bits(x3))
        total = (np.float32(0) + float_of(x0) * w0) + float_of(x1) * w1
        total = (total + float_of(x2) * w2) + float_of(x3) * weight
        bits = bits_of(total / divisor)
        largest = max(largest, size_bits(bits))
        words[i] = word_of(bits)
    return most >= NOT_FINITE or largest >= NOT_FINITE_WORD


@compiled
def _sum_of_two(first, second, stages, start, stop, out):
    size = stop - start
    left, right = words_at(first, start, size), words_at(second, start, size)
    w0, w1, divisor = stages.weights[0], stages.weights[1], stages.divisor
    words = out.view(np.uint16)[:size]
    largest, most = np.uint32(0), np.uint32(0)
    for i in range(size):
        x0, x1 = np.uint32(left[i]) << np.uint32(16), np.uint32(right[i]) << np.uint32(16)
        most = max(most, size_bits(x0))
        most = max(most, size_bits(x1))
        total = (np.float32(0) + float_of(x0) * w0) + float_of(x1) * w1
        bits = bits_of(total / divisor)
        largest = max(largest, size_bits(bits))
        words[i] = word_of(bits)
    return most >= NOT_FINITE or largest >= NOT_FINITE_WORD


@compiled
def apply(address, code, update, start, stop, factor, out_code, out):
    """base + factor * update for elements start..stop-1 of a tensor, as `form` ends.

    update: float32, of the whole tensor, left as it is. Returns whether a result is not finite.
    """
    size = stop - start
    if code == BF16 and out_code == BF16:  # the usual dtypes, in one walk
        words = words_at(address, start, size)
        return store_applied(words, update[start:stop], factor, out.view(np.uint16)[:size])
    bad = False
    room = np.empty(BLOCK, np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base = room[:n]
        load(address, code, begin, base)
        part = update[begin : begin + n]
        for i in range(n):
            base[i] += part[i] * factor
        bad |= store(base, out_code, out, begin - start)
    return bad


@compiled
def cast(address, code, start, stop, out_code, out):
    """Elements start..stop-1 of one tensor in another dtype. Returns whether one is not finite."""
    bad = False
    room = np.empty(BLOCK, np.float32)
    for begin in range(start, stop, BLOCK):
        part = room[: min(BLOCK, stop - begin)]
        load(address, code, begin, part)
        bad |= store(part, out_code, out, begin - start)
    return bad
