"""Which of 64 magnitudes lie within a window of bits, as the bits of one whole number.

Eight vector instructions look at 64 elements, and only those within are then looked at alone. A
loop over elements has a branch or a write for each. No torch.
"""

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from babelmerge.merging.kernels.blocks import clear, copy
from babelmerge.merging.kernels.compiled import inner

LANES = 64
WORD = ir.IntType(32)
WORDS = ir.VectorType(WORD, LANES)
MAGNITUDE = np.uint32(0x7FFFFFFF)  # all bits of a float32 but the sign
ALL = np.uint32(0x80000000)  # one more than the bits of any magnitude


def _everywhere(builder, word):
    """A vector of 64 that are all this number."""
    one = builder.insert_element(ir.Constant(WORDS, ir.Undefined), word, ir.Constant(WORD, 0))
    return builder.shuffle_vector(one, one, ir.Constant(WORDS, [0] * LANES))


@intrinsic
def within(typing_context, bits, start, low, width):
    """Bit k says whether low <= magnitude of bits[start + k] < low + width, for 64 of uint32."""

    def build(context, builder, signature, arguments):
        array, start, low, width = arguments
        data = context.make_array(signature.args[0])(context, builder, array).data
        words = builder.load(builder.bitcast(builder.gep(data, [start]), WORDS.as_pointer()))
        words.align = 4
        sizes = builder.and_(words, _everywhere(builder, ir.Constant(WORD, int(MAGNITUDE))))
        above = builder.sub(sizes, _everywhere(builder, low))
        found = builder.icmp_unsigned("<", above, _everywhere(builder, width))
        return builder.bitcast(found, ir.IntType(LANES))

    return types.uint64(bits, types.int64, types.uint32, types.uint32), build


@intrinsic
def ones(typing_context, mask):
    """How many bits are set."""

    def build(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.int64(types.uint64), build


@intrinsic
def first(typing_context, mask):
    """The lowest bit that is set; there is one."""

    def build(context, builder, signature, arguments):
        return builder.cttz(arguments[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), build


@inner
def filled(row, room):
    """The bits of a row, and how many zeros were put behind them so that 64 divides their number.

    room: uint32, at least as many as that; not touched where there are none to put.
    """
    bits = row.view(np.uint32)
    filler = -bits.size % LANES
    if filler == 0:
        return bits, 0
    copy(bits, room[: bits.size])
    clear(room[bits.size : bits.size + filler])
    return room[: bits.size + filler], filler
