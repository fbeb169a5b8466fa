"""Compiled sums over tensors: squares, magnitudes, and the balance of votes.

Sums are kept by row of BLOCK elements and rounded in a fixed order, and votes are whole numbers, so
that no order of work changes them. As in `kernels`: addresses in, no torch, no locks.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import (
    BF16,
    BLOCK,
    GOLDEN,
    PRUNE,
    clear,
    drop,
    gather,
    load,
    mark,
    reach,
    shaped,
    words_at,
)
from babelmerge.merging.kernels.combining import balance, keep_varied, trimmed_sum
from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.marking import STEP, add_sizes, draw_marks
from babelmerge.merging.kernels.pruning import prune_block, table_for

LANES = 16  # partial sums that run side by side; their order is fixed, whatever the machine


@compiled
def lane_sum(values):
    """Sum in float64 of at most BLOCK values, in an order that no machine changes.

    LANES sums side by side (element i goes to lane i modulo LANES), then those one by one.
    """
    lanes = np.zeros(LANES)
    add_to_lanes(values, 0, lanes)
    return in_order(lanes)


@compiled
def add_to_lanes(values, first, lanes):
    """Add each value to its lane, the first one to lane `first`."""
    before = min(values.size, -first % LANES)
    for i in range(before):
        lanes[first + i] += values[i]
    rest = values[before:]
    whole = rest.size // (8 * LANES) * (8 * LANES)
    width = min(LANES, rest.size)  # as a constant it would be unrolled, and then not vectorised
    for at in range(0, whole, 8 * LANES):
        x = rest[at : at + 8 * LANES]
        for k in range(width):
            total = (((lanes[k] + x[k]) + x[k + 16]) + x[k + 32]) + x[k + 48]
            lanes[k] = (((total + x[k + 64]) + x[k + 80]) + x[k + 96]) + x[k + 112]
    for i in range(whole, rest.size):
        lanes[i % LANES] += rest[i]


@inner
def in_order(lanes):
    """The lanes' sum, one by one."""
    total = 0.0
    for k in range(lanes.size):
        total += lanes[k]
    return total


@compiled
def row_sums(sources, stages, start, stop, squared, sums):
    """Sums of squares (or magnitudes) of each expert's kept elements, one for each row of BLOCK.

    sums: float64 (experts, rows of start..stop). Terms are rounded to float32 before they are added
    in float64, see `lane_sum`.
    """
    experts = stages.weights.size
    varied = stages.variance_limit > 0 or stages.variance_cutoff >= 0
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty(BLOCK, np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks = spare[:n], shaped(room, experts, n)
        bad = gather(sources, stages, begin, base, blocks)
        if bad >= 0:
            return bad
        if varied:
            keep_varied(blocks, begin, stages.variance_limit, stages.variance_cutoff)
        for e in range(experts):
            row = blocks[e]
            if squared:
                for i in range(n):
                    row[i] = row[i] * row[i]
            else:
                for i in range(n):
                    row[i] = abs(row[i])
            sums[e, (begin - start) // BLOCK] = lane_sum(row)
    return -1


@compiled
def sums_of_drop(sources, stages, start, stop, sums):
    """Sums of magnitudes by row of BLOCK, before the random drop of `stages` and after it.

    sums: float64 (2, experts, rows of start..stop). Stages neither drop nor trim by themselves
    (keep is 0). What is kept is marked in the stages' marks, whose bits are all 0 before. Returns
    the member with bad values or -1.
    """
    experts = stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty(BLOCK, np.float32)
    lanes = np.empty(2 * LANES, np.float64)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        base, blocks = spare[:n], shaped(room, experts, n)
        here = sums[:, :, (begin - start) // BLOCK]
        plain = _are_plain(sources, stages, n) and not load(sources.addresses[0], BF16, begin, base)
        if plain and _sums_of_plain(sources, stages, begin, base, lanes, here):
            continue  # else what is not finite is found below
        bad = gather(sources, stages, begin, base, blocks)
        if bad >= 0:
            return bad
        for e in range(experts):
            row = blocks[e]
            for i in range(n):
                row[i] = abs(row[i])
            here[0, e] = lane_sum(row)
            drop(row, begin, stages.keys[e], stages.cuts[e], np.float32(1))
            here[1, e] = lane_sum(row)
            mark(row, begin, stages.marks[e])
    return -1


@inner
def _are_plain(sources, stages, size):
    """Whether so many elements of a block are read as bfloat16, and something of all is kept."""
    plain = sources.deltas == 1 and size % STEP == 0
    for code in sources.codes:
        plain &= code == BF16
    for cut in stages.cuts:
        plain &= cut > 0
    return plain


@inner
def _sums_of_plain(sources, stages, begin, base, lanes, sums):
    """`sums_of_drop` of one block as differences of bfloat16. Returns whether all are finite."""
    place, fine = begin // 8, True
    for e in range(sums.shape[1]):
        marks = stages.marks[e][place : place + base.size // 8]
        state = stages.keys[e] + np.uint64(begin >> 1) * GOLDEN
        draw_marks(state, np.uint32(stages.cuts[e] - np.uint64(1)), marks)
        clear(lanes)
        words = words_at(sources.addresses[e + 1], begin, base.size)
        add_sizes(words, base, marks, lanes)
        sums[0, e], sums[1, e] = in_order(lanes[:LANES]), in_order(lanes[LANES:])
        fine &= sums[0, e] < np.inf
    return fine


@compiled
def sums_of_prune(sources, stages, start, stop, sums):
    """`sums_of_drop` where stages prune by rows, of which few begin where a row of BLOCK does.

    What is kept is marked in the stages' marks, if there is room, whose bits are all 0 before.
    """
    experts = stages.weights.size
    first, last, step = reach(stages, start, stop)
    room, spare = np.empty(experts * step, np.float32), np.empty(step, np.float32)
    lanes = np.zeros((2, experts, sums.shape[2], LANES), np.float64)
    table = table_for(stages)
    for begin in range(first, last, step):
        n = min(step, last - begin)
        base, blocks = spare[:n], shaped(room, experts, n)
        here, end = max(start, begin), min(stop, begin + n)
        bad = gather(sources, stages, begin, base, blocks)
        if bad >= 0:
            return bad
        for e in range(experts):
            row = blocks[e]
            for i in range(n):
                row[i] = abs(row[i])
        for after in range(2):
            for e in range(experts):
                part = blocks[e][here - begin : end - begin]
                _add_by_row(part, here - start, lanes[after, e])
                if after and stages.marks.shape[1]:
                    mark(part, here, stages.marks[e])
            if not after:
                prune_block(stages, begin, blocks, table)
    for after in range(2):
        for e in range(experts):
            for row in range(sums.shape[2]):
                sums[after, e, row] = in_order(lanes[after, e, row])
    return -1


@inner
def _add_by_row(values, place, lanes):
    """Add values to the lanes (rows of BLOCK, LANES) that `lane_sum` would add each one to.

    place: of the first value, from the beginning of the first row.
    """
    i = 0
    while i < values.size:
        row, within = (place + i) // BLOCK, (place + i) % BLOCK
        stop = min(values.size, i + BLOCK - within)
        add_to_lanes(values[i:stop], within % LANES, lanes[row])
        i = stop


def balances(sources, stages, start, stop, limits, sums):
    """Add to sums (points,) the elected signs of start..stop-1, undecided ones counting 0.

    limits: float32 (points, experts), by which each point trims what `stages` leaves.
    """
    kernel = balances_of_rows if stages.keep & PRUNE else balances_of_elements
    kernel(sources, stages, start, stop, limits, sums)


@compiled
def balances_of_elements(sources, stages, start, stop, limits, sums):
    """`balances` where each element stands for itself."""
    experts = stages.weights.size
    room, spare = np.empty(experts * BLOCK, np.float32), np.empty((2, BLOCK), np.float32)
    for begin in range(start, stop, BLOCK):
        n = min(BLOCK, stop - begin)
        blocks, signs = shaped(room, experts, n), spare[1][:n]
        gather(sources, stages, begin, spare[0][:n], blocks)
        for point in range(limits.shape[0]):
            trimmed_sum(blocks, stages.voters, limits[point], signs)
            sums[point] += balance(signs)


@compiled
def balances_of_rows(sources, stages, start, stop, limits, sums):
    """`balances` where rows are pruned, which may reach beyond start..stop."""
    experts, table = stages.weights.size, table_for(stages)
    first, last, step = reach(stages, start, stop)
    room, spare = np.empty(experts * step, np.float32), np.empty((2, step), np.float32)
    for begin in range(first, last, step):
        n = min(step, last - begin)
        blocks, signs = shaped(room, experts, n), spare[1][:n]
        gather(sources, stages, begin, spare[0][:n], blocks)
        prune_block(stages, begin, blocks, table)
        inside = signs[max(start, begin) - begin : min(stop, begin + n) - begin]
        for point in range(limits.shape[0]):
            trimmed_sum(blocks, stages.voters, limits[point], signs)
            sums[point] += balance(inside)


@compiled
def row_totals(values):
    """Sum of each row of BLOCK of a float32 array (any length)."""
    rows = np.empty(-(-values.size // BLOCK), np.float64)
    for row in range(rows.size):
        rows[row] = lane_sum(values[row * BLOCK : (row + 1) * BLOCK])
    return rows
