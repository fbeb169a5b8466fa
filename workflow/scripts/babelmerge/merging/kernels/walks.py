"""Compiled merges that are usual enough for a walk of their own: bfloat16, two to four experts.

What `loops.form` makes block by block, stage after stage, is made here element after element, and
nothing is written down between. The arithmetic is that of `blocks` and `combining`, operation by
operation, so both give the same bits. Addresses in, merged elements out. No torch.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import (
    BF16,
    NOT_FINITE,
    NOT_FINITE_WORD,
    SUM,
    TRIM,
    VOTE,
    all_or_none,
    bits_of,
    float_of,
    size_bits,
    word_of,
    words_at,
)
from babelmerge.merging.kernels.combining import four_weights, variance_of_four
from babelmerge.merging.kernels.compiled import inner

NONE = np.float32(-1)  # elements have no limit in common


@inner
def is_plain(sources, stages, out_code):
    """Whether experts are added up as they are, into bfloat16: `plain_sum`."""
    plain = stages.combine == SUM and stages.keep == 0 and not sources.deltas
    return plain and out_code == BF16 and _is_usual(sources, stages)


@inner
def is_trimmed(sources, stages, out_code):
    """Whether task vectors are trimmed, if at all, and combined, into bfloat16: `updated`."""
    trimmed = sources.deltas == 1 and stages.keep & ~TRIM == 0
    return trimmed and out_code == BF16 and _is_usual(sources, stages)


@inner
def _is_usual(sources, stages):
    usual = 2 <= stages.weights.size <= 4
    usual &= stages.variance_limit <= 0 and stages.variance_cutoff < 0
    return usual and _are_narrow(sources)


@inner
def _are_narrow(sources):
    """Whether all that is read is bfloat16: the experts, and the base of task vectors."""
    narrow = True
    for e in range(1 - sources.deltas, sources.codes.size):
        narrow &= sources.codes[e] == BF16
    return narrow


@inner
def varied(sources, stages, begin, out):
    """The variance of each element over four bfloat16 experts, of whole task vectors.

    out: float32 (elements of a block,). Returns whether it was made: not of others, and not where
    something is not finite.
    """
    usual = sources.deltas == 1 and stages.weights.size == 4 and stages.keep == 0
    if not usual or not _are_narrow(sources):
        return False
    words, words0, words1, words2, words3 = _opened(sources.addresses, 4, begin, out.size)
    limits = np.float32(0), np.float32(0), np.float32(0), np.float32(0)
    most = np.uint32(0)
    for i in range(out.size):
        here = words[i], words0[i], words1[i], words2[i], words3[i]
        _, y0, y1, y2, y3, most = _read(here, limits, most)
        out[i] = variance_of_four(y0, y1, y2, y3)
    return most < NOT_FINITE


@inner
def updated(addresses, stages, begin, update, out):
    """A block of base + factor * update, bfloat16. update: float32, gets the update.

    Returns whether it was made: not where something is not finite, or where of the magnitudes that
    equal a limit some are kept and others not.
    """
    least = np.zeros(4, np.float32)
    if stages.keep & TRIM:
        for e in range(stages.weights.size):
            least[e] = _least(stages.limits[e], stages.cutoffs[e], begin, begin + out.size)
            if least[e] < 0:
                return False
    limits = least[0], least[1], least[2], least[3]
    members = _opened(addresses, stages.weights.size, begin, out.size)
    if stages.combine == SUM:
        return not _summed(members, stages, limits, update, out)
    if stages.combine == VOTE:
        return not _voted(members, stages, limits, update, out)
    return not _voted_by_weight(members, stages, limits, update, out)


@inner
def _least(limit, cutoff, start, stop):
    """What an element of a range has to reach at least: the limit, or more; NONE: they differ."""
    if cutoff >= stop:
        return limit
    if cutoff > start or limit >= np.float32(np.inf):
        return NONE
    return float_of(bits_of(limit) + np.uint32(1))  # what equals it is not kept: the next float32


@inner
def plain_sum(addresses, stages, start, stop, out):
    """sum w_i x_i / divisor of two to four experts in one walk, as `loops.form` has it.

    addresses: of bfloat16 elements, after the base's. Returns whether one of the elements, or a
    result, is not finite.
    """
    weights = stages.weights
    if weights.size == 2:  # bilingual merges are made by dozens
        return _sum_of_two(addresses[1], addresses[2], stages, start, stop, out)
    four = weights.size == 4  # else the third stands for the fourth, with a weight of 0
    last, weight = (addresses[4], weights[3]) if four else (addresses[3], np.float32(0))
    return _sum_of_four(addresses, last, weight, stages, start, stop, out)


@inner
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


@inner
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


@inner
def _wide(word):
    """The float32 that a bfloat16 is."""
    return float_of(np.uint32(word) << np.uint32(16))


@inner
def _where(condition, number):
    """The number, or 0: a choice between both would be made by a jump."""
    return float_of(bits_of(number) & all_or_none(condition))


@inner
def _opened(addresses, given, start, size):
    """The base's elements and those of four experts; one that lacks is the base once more.

    Its task vector is 0, and adds and votes nothing.
    """
    third = addresses[3] if given > 2 else addresses[0]
    fourth = addresses[4] if given > 3 else addresses[0]
    base, first = words_at(addresses[0], start, size), words_at(addresses[1], start, size)
    second, third = words_at(addresses[2], start, size), words_at(third, start, size)
    return base, first, second, third, words_at(fourth, start, size)


@inner
def _read(words, limits, most):
    """Of one element the base, four trimmed task vectors, and the most that was seen."""
    base, x0, x1 = _wide(words[0]), _wide(words[1]), _wide(words[2])
    x2, x3 = _wide(words[3]), _wide(words[4])
    most = max(most, size_bits(bits_of(base)))
    most = max(most, size_bits(bits_of(x0)))
    most = max(most, size_bits(bits_of(x1)))
    most = max(most, size_bits(bits_of(x2)))
    most = max(most, size_bits(bits_of(x3)))
    x0, x1, x2, x3 = x0 - base, x1 - base, x2 - base, x3 - base
    y0, y1 = _where(abs(x0) >= limits[0], x0), _where(abs(x1) >= limits[1], x1)
    y2, y3 = _where(abs(x2) >= limits[2], x2), _where(abs(x3) >= limits[3], x3)
    return base, y0, y1, y2, y3, most


@inner
def _voted(members, stages, limits, update, out):
    """`combining.vote`. Returns whether anything is not finite."""
    words, words0, words1, words2, words3 = members
    v0, v1, v2, v3 = four_weights(stages.voters)
    w0, w1, w2, w3 = four_weights(stages.weights)
    none, one, majority, normalize = np.float32(0), np.float32(1), stages.majority, stages.normalize
    factor, most, largest = stages.factor, np.uint32(0), np.uint32(0)
    for i in range(out.size):
        here = words[i], words0[i], words1[i], words2[i], words3[i]
        base, y0, y1, y2, y3, most = _read(here, limits, most)
        total = ((y0 * v0 + y1 * v1) + y2 * v2) + y3 * v3
        above = one if total > 0 else majority
        sign = -one if total < 0 else above
        a0, a1, a2, a3 = y0 * sign > 0, y1 * sign > 0, y2 * sign > 0, y3 * sign > 0
        merged = none + _where(a0, y0) * w0
        merged += _where(a1, y1) * w1
        merged += _where(a2, y2) * w2
        merged += _where(a3, y3) * w3
        count = (_where(a0, one) + _where(a1, one)) + (_where(a2, one) + _where(a3, one))
        merged = merged / (max(count, one) if normalize else one)
        update[i] = merged
        bits = bits_of(base + merged * factor)
        largest = max(largest, size_bits(bits))
        out[i] = word_of(bits)
    return most >= NOT_FINITE or largest >= NOT_FINITE_WORD


@inner
def _by_weight(y0, y1, y2, y3, voters, weights, divisor, normalize):
    """`combining.votes_by_weight` of one element."""
    none, one = np.float32(0), np.float32(1)
    total = ((y0 * voters[0] + y1 * voters[1]) + y2 * voters[2]) + y3 * voters[3]
    sign = one if total >= 0 else -one
    y0, y1, y2, y3 = y0 * weights[0], y1 * weights[1], y2 * weights[2], y3 * weights[3]
    a0, a1, a2, a3 = y0 * sign > 0, y1 * sign > 0, y2 * sign > 0, y3 * sign > 0
    merged = ((none + _where(a0, y0)) + _where(a1, y1)) + _where(a2, y2)
    merged += _where(a3, y3)
    weight = ((none + _where(a0, weights[0])) + _where(a1, weights[1])) + _where(a2, weights[2])
    weight += _where(a3, weights[3])
    share = max(weight, divisor) if divisor > 0 else (weight if weight != 0 else one)
    return merged / (share if normalize else one)


@inner
def _voted_by_weight(members, stages, limits, update, out):
    """`combining.votes_by_weight`, and the base. Returns as `_voted`."""
    words, words0, words1, words2, words3 = members
    voters, weights = four_weights(stages.voters), four_weights(stages.weights)
    divisor, normalize, factor = stages.divisor, stages.normalize, stages.factor
    most, largest = np.uint32(0), np.uint32(0)
    for i in range(out.size):
        here = words[i], words0[i], words1[i], words2[i], words3[i]
        base, y0, y1, y2, y3, most = _read(here, limits, most)
        merged = _by_weight(y0, y1, y2, y3, voters, weights, divisor, normalize)
        update[i] = merged
        bits = bits_of(base + merged * factor)
        largest = max(largest, size_bits(bits))
        out[i] = word_of(bits)
    return most >= NOT_FINITE or largest >= NOT_FINITE_WORD


@inner
def _summed(members, stages, limits, update, out):
    """`combining.weighted_sum` over the divisor. Returns as `_voted`."""
    words, words0, words1, words2, words3 = members
    w0, w1, w2, w3 = four_weights(stages.weights)
    divisor, factor = stages.divisor, stages.factor
    most, largest = np.uint32(0), np.uint32(0)
    for i in range(out.size):
        here = words[i], words0[i], words1[i], words2[i], words3[i]
        base, y0, y1, y2, y3, most = _read(here, limits, most)
        total = (((np.float32(0) + y0 * w0) + y1 * w1) + y2 * w2) + y3 * w3
        merged = total / divisor
        update[i] = merged
        bits = bits_of(base + merged * factor)
        largest = max(largest, size_bits(bits))
        out[i] = word_of(bits)
    return most >= NOT_FINITE or largest >= NOT_FINITE_WORD
