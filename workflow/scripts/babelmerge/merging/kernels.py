"""Compiled loops over a range of a tensor: what a merge spends its time in.

Addresses in, merged elements out, block by block through the stages of `blocks` and `combining`.
Nothing here allocates more than a few blocks, takes the interpreter's lock or depends on the number
of threads. No torch.
"""

import numpy as np

from babelmerge.merging.blocks import (
    BF16,
    BLOCK,
    DROP,
    F16,
    F32,
    SUM,
    TRIM,
    VOTE,
    WEIGHTED_VOTE,
    Sources,
    Stages,
    gather,
    load,
    store,
)
from babelmerge.merging.combining import (
    finish,
    keep_varied,
    vote,
    votes_by_weight,
    weighted_sum,
)
from babelmerge.merging.compiled import compiled

__all__ = [
    "BF16",
    "BLOCK",
    "DROP",
    "F16",
    "F32",
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
    """Elements start..stop-1 of a merged tensor into `out`; start is a multiple of BLOCK.

    add_base: 1 for base + factor * update, 0 for the update alone. update: float32 room for the
    update of these elements, before the factor, or an empty array. Returns the member with bad
    values, the number of members when it is the result, or -1.
    """
    experts = stages.weights.size
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base = np.empty(n, np.float32)
        blocks = np.empty((experts, n), np.float32)
        signs = np.empty(n, np.float32)
        count = np.empty(n, np.float32)
        part = np.empty(n, np.float32)
        bad = gather(sources, stages, begin, base, blocks)
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
        if update.size:
            update[begin - start : begin - start + n] = part
        if add_base:
            finish(base, part, stages.factor)
        if store(part, out_code, out, begin - start):
            return experts + 1
    return -1


@compiled
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


@compiled
def cast(address, code, start, stop, out_code, out):
    """Elements start..stop-1 of one tensor in another dtype. Returns whether one is not finite."""
    bad = False
    for begin in range(start, stop, BLOCK):
        part = np.empty(min(BLOCK, stop - begin), np.float32)
        load(address, code, begin, part)
        bad |= store(part, out_code, out, begin - start)
    return bad
