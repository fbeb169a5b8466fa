"""Compiled stages over one block of every expert: variances, sums, votes, and the base added.

The arithmetic is that of `methods`, operation by operation in float32 without contraction, so both
give the same bits. Walks over arrays; no addresses, no torch.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import SUM, VOTE, all_or_none, bits_of, clear, float_of
from babelmerge.merging.kernels.compiled import inner


@inner
def variance_of_four(x0, x1, x2, x3):
    """`variances` of one element of four experts."""
    share = 0.25
    b0, b1, b2, b3 = np.float64(x0), np.float64(x1), np.float64(x2), np.float64(x3)
    mean = ((b0 * share + b1 * share) + b2 * share) + b3 * share
    a0, a1, a2, a3 = b0 - mean, b1 - mean, b2 - mean, b3 - mean
    total = (a0 * a0 * share + a1 * a1 * share) + a2 * a2 * share
    return np.float32(total + a3 * a3 * share)


@inner
def variances(blocks, out):
    """Variance over the experts, divided by their number, in float64: `methods.variance`.

    Exactly 0 where all are alike; the shares of four are exact, so that theirs add up to that.
    """
    experts = blocks.shape[0]
    share = 1.0 / experts
    if experts == 4:  # the usual number, in one walk
        x0, x1, x2, x3 = blocks[0], blocks[1], blocks[2], blocks[3]
        for i in range(out.size):
            out[i] = variance_of_four(x0[i], x1[i], x2[i], x3[i])
        return
    mean = np.zeros(out.size, np.float64)
    spread = np.zeros(out.size, np.float64)
    unlike = np.zeros(out.size, np.uint32)
    first = blocks[0]
    for e in range(experts):
        row = blocks[e]
        for i in range(out.size):
            mean[i] += row[i] * share
            unlike[i] |= all_or_none(row[i] != first[i])
    for e in range(experts):
        row = blocks[e]
        for i in range(out.size):
            away = row[i] - mean[i]
            spread[i] += away * away * share
    for i in range(out.size):
        out[i] = np.float32(spread[i])
    bits = out.view(np.uint32)
    for i in range(out.size):
        bits[i] &= unlike[i]


@inner
def keep_varied(blocks, begin, limit, cutoff):
    """Zero the elements whose variance is below the limit (or equal and not before the cutoff)."""
    size = blocks.shape[1]
    variance = np.empty(size, np.float32)
    masks = np.empty(size, np.uint32)
    variances(blocks, variance)
    before = min(max(cutoff - begin, 0), size)
    for i in range(before):
        masks[i] = all_or_none(variance[i] >= limit)
    for i in range(before, size):
        masks[i] = all_or_none(variance[i] > limit)
    for e in range(blocks.shape[0]):
        bits = blocks[e].view(np.uint32)
        for i in range(size):
            bits[i] &= masks[i]


@inner
def weighted_sum(blocks, weights, out):
    """sum w_i x_i, added in order; four experts at a time, so that `out` is walked less often."""
    clear(out)
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


@inner
def trimmed_sum(blocks, weights, limits, out):
    """`weighted_sum` of what is at least as large as each expert's limit."""
    clear(out)
    for e in range(weights.size):
        row, weight, limit = blocks[e], weights[e], limits[e]
        for i in range(out.size):
            out[i] += (row[i] if abs(row[i]) >= limit else np.float32(0)) * weight


@inner
def balance(sums):
    """How many sums are above 0, less how many are below."""
    positive = 0
    negative = 0
    for i in range(sums.size):
        positive += sums[i] > 0
        negative += sums[i] < 0
    return positive - negative


@inner
def vote(blocks, stages, signs, count, out):
    """TIES as its authors have it, see `methods.ties`: the majority decides the undecided."""
    if stages.weights.size <= 4:
        _vote_of_four(blocks, stages, count, out)
        return
    weighted_sum(blocks, stages.voters, signs)
    clear(out)
    clear(count)
    weights, majority = stages.weights, stages.majority
    none, one = np.float32(0), np.float32(1)
    for i in range(signs.size):
        above = one if signs[i] > 0 else majority
        signs[i] = -one if signs[i] < 0 else above
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
    if stages.normalize:
        for i in range(out.size):
            out[i] /= max(count[i], one)


@inner
def _four(blocks, nothing):
    """The rows of four experts at most; for those that lack zeros, which agree with no sign."""
    clear(nothing)
    number = blocks.shape[0]
    second = blocks[1] if number > 1 else nothing
    third = blocks[2] if number > 2 else nothing
    return blocks[0], second, third, blocks[3] if number > 3 else nothing


@inner
def four_weights(weights):
    number, none = weights.size, np.float32(0)
    second = weights[1] if number > 1 else none
    third = weights[2] if number > 2 else none
    return weights[0], second, third, weights[3] if number > 3 else none


@inner
def _vote_of_four(blocks, stages, nothing, out):
    """`vote` of the usual numbers of experts, in one walk. nothing: room of a row."""
    x0, x1, x2, x3 = _four(blocks, nothing)
    v0, v1, v2, v3 = four_weights(stages.voters)
    w0, w1, w2, w3 = four_weights(stages.weights)
    none, one, majority, normalize = np.float32(0), np.float32(1), stages.majority, stages.normalize
    for i in range(out.size):
        y0, y1, y2, y3 = x0[i], x1[i], x2[i], x3[i]
        total = ((y0 * v0 + y1 * v1) + y2 * v2) + y3 * v3
        above = one if total > 0 else majority
        sign = -one if total < 0 else above
        a0, a1, a2, a3 = y0 * sign > 0, y1 * sign > 0, y2 * sign > 0, y3 * sign > 0
        merged = none + (y0 if a0 else none) * w0
        merged += (y1 if a1 else none) * w1
        merged += (y2 if a2 else none) * w2
        merged += (y3 if a3 else none) * w3
        count = ((one if a0 else none) + (one if a1 else none)) + (
            (one if a2 else none) + (one if a3 else none)
        )
        out[i] = merged / (max(count, one) if normalize else one)


@inner
def votes_by_weight(blocks, stages, signs, count, out):
    """TIES and SCE as mergekit has them, see `methods.weighted_vote`."""
    if stages.weights.size <= 4:
        if stages.normalize:
            _votes_of_four(blocks, stages, count, out)
        else:
            _sum_of_votes_of_four(blocks, stages, count, out)
        return
    weighted_sum(blocks, stages.voters, signs)
    clear(out)
    clear(count)
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


@inner
def _votes_of_four(blocks, stages, nothing, out):
    """`votes_by_weight` of the usual numbers of experts, in one walk. nothing: room of a row."""
    x0, x1, x2, x3 = _four(blocks, nothing)
    v0, v1, v2, v3 = four_weights(stages.voters)
    w0, w1, w2, w3 = four_weights(stages.weights)
    none, one, least = np.float32(0), np.float32(1), stages.divisor
    clamped = stages.divisor > 0
    for i in range(out.size):
        y0, y1, y2, y3 = x0[i], x1[i], x2[i], x3[i]
        total = ((y0 * v0 + y1 * v1) + y2 * v2) + y3 * v3
        sign = one if total >= 0 else -one
        y0, y1, y2, y3 = y0 * w0, y1 * w1, y2 * w2, y3 * w3
        a0, a1, a2, a3 = y0 * sign > 0, y1 * sign > 0, y2 * sign > 0, y3 * sign > 0
        merged = none + (y0 if a0 else none)
        merged += y1 if a1 else none
        merged += y2 if a2 else none
        merged += y3 if a3 else none
        weight = none + (w0 if a0 else none)
        weight += w1 if a1 else none
        weight += w2 if a2 else none
        weight += w3 if a3 else none
        divisor = max(weight, least) if clamped else (weight if weight != 0 else one)
        out[i] = merged / divisor


@inner
def _sum_of_votes_of_four(blocks, stages, nothing, out):
    """`_votes_of_four` where nothing is divided."""
    x0, x1, x2, x3 = _four(blocks, nothing)
    v0, v1, v2, v3 = four_weights(stages.voters)
    w0, w1, w2, w3 = four_weights(stages.weights)
    none, one = np.float32(0), np.float32(1)
    for i in range(out.size):
        y0, y1, y2, y3 = x0[i], x1[i], x2[i], x3[i]
        total = ((y0 * v0 + y1 * v1) + y2 * v2) + y3 * v3
        sign = one if total >= 0 else -one
        merged = none + _if_alike(y0 * w0, sign)
        merged += _if_alike(y1 * w1, sign)
        merged += _if_alike(y2 * w2, sign)
        out[i] = merged + _if_alike(y3 * w3, sign)


@inner
def combine(blocks, stages, signs, count, out):
    """What the task vectors of a block become. signs, count: room of a row."""
    if stages.combine == SUM:
        weighted_sum(blocks, stages.weights, out)
        if stages.divisor != 1:
            for i in range(out.size):
                out[i] /= stages.divisor
    elif stages.combine == VOTE:
        vote(blocks, stages, signs, count, out)
    else:
        votes_by_weight(blocks, stages, signs, count, out)


@inner
def _if_alike(number, sign):
    """The number where it has the sign, else 0."""
    return float_of(bits_of(number) & all_or_none(number * sign > 0))


@inner
def finish(base, update, factor):
    """base + factor * update, in the update's place."""
    for i in range(update.size):
        update[i] = base[i] + update[i] * factor
