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
    PRUNE,
    SUM,
    TRIM,
    VOTE,
    WEIGHTED_VOTE,
    Sources,
    Stages,
    copy,
    gather,
    load,
    reach,
    shaped,
    store,
    store_applied,
    words_at,
)
from babelmerge.merging.kernels.combining import combine, finish, keep_varied
from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.pruning import prune_block, table_for
from babelmerge.merging.kernels.walks import is_plain, is_trimmed, plain_sum, updated

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


def form(sources, stages, start, stop, add_base, out_code, out, update):
    """Elements start..stop-1 of a merged tensor into `out`, bytes; start is a multiple of BLOCK.

    add_base: 1 for base + factor * update, 0 for the update alone. update: float32 room for the
    update of these elements, before the factor, or an empty array. Returns the member with bad
    values, the number of members when it is the result, or -1.
    """
    # Two kernels: the few who prune by rows wait for the one that takes longer to compile.
    kernel = form_rows if stages.keep & PRUNE else form_elements
    return kernel(sources, stages, start, stop, add_base, out_code, out, update)


@compiled
def form_elements(sources, stages, start, stop, add_base, out_code, out, update):
    """`form` where each element stands for itself."""
    if not add_base and not update.size and is_plain(sources, stages, out_code):
        if not plain_sum(sources.addresses, stages, start, stop, out):
            return -1  # else what is not finite is found below
    usual, experts = add_base and is_trimmed(sources, stages, out_code), stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty(4 * BLOCK, np.float32)
    for begin in range(start, stop, BLOCK):
        n, at = min(BLOCK, stop - begin), begin - start
        blocks, rows = shaped(room, experts, n), shaped(spare, 4, n)
        if usual:
            kept, words = update[at : at + n] if update.size else rows[3], out.view(np.uint16)
            if updated(sources.addresses, stages, begin, kept, words[at : at + n]):
                continue
        bad = gather(sources, stages, begin, rows[0], blocks)
        if bad >= 0:
            return bad
        ends = begin, begin + n
        if _made(blocks, stages, begin, rows, ends, start, add_base, out_code, out, update):
            return experts + 1
    return -1


@compiled
def form_rows(sources, stages, start, stop, add_base, out_code, out, update):
    """`form` where rows are pruned, which may reach beyond start..stop."""
    experts, table = stages.weights.size, table_for(stages)
    first, last, step = reach(stages, start, stop)
    room, spare = np.empty(experts * step, np.float32), np.empty(4 * step, np.float32)
    for begin in range(first, last, step):
        n = min(step, last - begin)
        blocks, rows = shaped(room, experts, n), shaped(spare, 4, n)
        bad = gather(sources, stages, begin, rows[0], blocks)
        if bad >= 0:
            return bad
        prune_block(stages, begin, blocks, table)
        ends = max(start, begin), min(stop, begin + n)
        if _made(blocks, stages, begin, rows, ends, start, add_base, out_code, out, update):
            return experts + 1
    return -1


@inner
def _made(blocks, stages, begin, rows, ends, start, add_base, out_code, out, update):
    """The elements between `ends` of a block that begins at `begin`, from what is gathered of it.

    rows: the base, and room for three more. Returns whether a result is not finite.
    """
    here, end = ends
    base, signs, count, part = rows[0], rows[1], rows[2], rows[3]
    if stages.variance_limit > 0 or stages.variance_cutoff >= 0:
        keep_varied(blocks, begin, stages.variance_limit, stages.variance_cutoff)
    combine(blocks, stages, signs, count, part)
    if update.size:
        copy(part[here - begin : end - begin], update[here - start : end - start])
    if add_base:
        finish(base, part, stages.factor)
    return store(part[here - begin : end - begin], out_code, out, here - start)


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
