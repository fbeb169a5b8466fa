"""Compiled: DELLA's drop over one block of every expert, which holds whole rows of its tensor.

A row is ranked, drawn and dropped while it lies in the processor's cache. What is kept is what
`methods.magprune` keeps, bit for bit; the random numbers are those of a row's place in the tensor,
wherever the block begins. No torch.

A row is only put in order where each element's own chance is asked for. To drop, it is enough to
know about which rank an element has: of few the draw lies between the chances of ranks so near.
Masks are made in loops of their own, for a choice between two numbers, half of them the one, would
be compiled to a branch that is mispredicted as often.
"""

import numpy as np

from babelmerge.merging.kernels.blocks import clear, copy
from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.draws import count_by_size, desk_for, draw_at, draws_of, rank

CROWD = 4  # elements a bin, where it is enough to rank them roughly
DOUBTS = 64  # elements of a row that are ranked one by one: of more it is faster to rank all
SIZE = np.uint32(0x7FFFFFFF)  # the bits of a magnitude


@compiled
def table_for(stages):
    """What rows are pruned with: room to rank, to draw, for four rows; chances by rank, cuts."""
    size, experts = stages.across, stages.lows.size
    chances, cuts = np.empty((experts, size), np.float32), np.empty((experts, size), np.uint32)
    for e in range(experts):
        chances_by_rank(stages.lows[e], stages.epsilons[e], chances[e], cuts[e])
    rows, ranks = np.empty((4, size), np.uint32), np.empty(size, np.int32)
    return desk_for(size), np.empty(size // 2 + 1, np.uint64), rows, ranks, chances, cuts


@compiled
def chances_by_rank(low, epsilon, chances, cuts):
    """The chance of each rank to be kept, as `methods.keep_probabilities` has it; they grow.

    cuts: draws below this whole number keep it. (Draws have 32 bits and float32 numbers below 1 no
    more, so that none is in between.)
    """
    steps, two = np.float32(max(1, chances.size - 1)), np.float32(2)
    for place in range(chances.size):
        chance = low + np.float32(place) / steps * two * epsilon
        chances[place] = chance
        cuts[place] = np.uint32(min(np.ceil(np.float64(chance) * 2.0**32), 2.0**32 - 1))


@compiled
def prune_block(stages, begin, blocks, table):
    """Prune the rows of every expert in place. begin: place of the block, where a row begins."""
    slab = stages.across * stages.inner
    for e in range(blocks.shape[0]):
        block, scale, chances = blocks[e], stages.scales[e], table[4][e]
        if chances[-1] <= 0:
            clear(block)
        elif chances[0] < 1:
            for first in range(0, block.size, slab):
                values = block[first : first + slab].view(np.uint32)
                _prune_slab(values, begin + first, e, stages, table)
            if scale != 1:
                for i in range(block.size):
                    block[i] *= scale


@inner
def _prune_slab(values, begin, e, stages, table):
    """A row, or rows that lie side by side, of one expert. values: their bits."""
    desk, states, rows, ranks, chances, cuts = table
    across, inner, key = stages.across, stages.inner, stages.keys[e]
    if inner == 1:
        drawn = draws_of(key, begin, states)
        prune_row(values, drawn, chances[e], cuts[e], stages.divided, desk, ranks, rows)
        copy(rows[0], values)
        return
    row, drawn = rows[2], rows[3]
    for beside in range(inner):
        for i in range(across):
            row[i] = values[beside + i * inner]
            drawn[i] = draw_at(key, begin + beside + i * inner)
        prune_row(row, drawn, chances[e], cuts[e], stages.divided, desk, ranks, rows)
        for i in range(across):
            values[beside + i * inner] = rows[0, i]


@inner
def prune_row(bits, drawn, chances, cuts, divided, desk, ranks, rows):
    """One row's bits, pruned, into the first of rows; divided: by each element's own chance."""
    made = rows[0]
    if chances[0] == chances[-1]:
        clear(ranks)
    elif not divided and _prune_roughly(bits, drawn, cuts, desk, rows):
        return
    else:
        begins, keys, places = desk
        rank(bits, np.uint32(0), begins, keys, places, ranks)
    for i in range(bits.size):
        made[i] = cuts[np.uint32(ranks[i])]
    for i in range(bits.size):
        made[i] = bits[i] & np.uint32(_below(drawn[i], made[i]))
    if divided:
        values = made.view(np.float32)
        for i in range(bits.size):
            values[i] /= chances[np.uint32(ranks[i])]


@inner
def _prune_roughly(bits, drawn, cuts, desk, rows):
    """The same by bins, whose first and last rank tell the fate of nearly all elements.

    The few others are ranked one by one; returns False, with rows undefined, where they are many.
    """
    begins, _, places = desk
    chosen, made, doubtful, doubts = places[0], rows[0], rows[1], 0
    if not count_by_size(bits, np.uint32(0), bits.size // CROWD + 2, begins, chosen):
        return False
    for i in range(bits.size):
        bin_ = np.uint32(chosen[i])
        made[i] = cuts[np.uint32(begins[bin_])]
        doubtful[i] = cuts[np.uint32(begins[np.uint32(bin_ + 1)] - 1)]
    for i in range(bits.size):
        kept, perhaps = _below(drawn[i], made[i]), _below(drawn[i], doubtful[i])
        made[i] = bits[i] & np.uint32(kept)
        doubtful[i] = bits[i] & np.uint32(perhaps & ~kept)
    for i in range(bits.size):
        if doubtful[i] & SIZE:  # what becomes of a zero makes no difference
            doubtful[doubts] = i
            doubts += 1
    if doubts > DOUBTS:
        return False
    for k in range(doubts):
        i = np.int64(doubtful[k])
        made[i] = bits[i] & np.uint32(_below(drawn[i], cuts[_rank_of(bits, i)]))
    return True


@inner
def _below(number, limit):
    """All bits where a number is below the limit, else none."""
    return (np.int64(number) - np.int64(limit)) >> np.int64(63)


@inner
def _rank_of(bits, place):
    """The rank of one element's magnitude, from 0: of equal ones those before it count too."""
    size, found = np.int64(bits[place] & SIZE), np.int64(0)
    before, after = bits[:place], bits[place:]
    for i in range(before.size):
        found -= _below(before[i] & SIZE, size + 1)
    for i in range(after.size):
        found -= _below(after[i] & SIZE, size)
    return found
