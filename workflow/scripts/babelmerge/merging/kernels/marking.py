"""Marks of what DARE keeps: made while its norms are summed up, and used when the merge is formed.

A bit an element, the lowest first, from a tensor's first element on. To read them takes less than
to draw the same numbers once more. The steps are written out as vectors, since no compiler makes
any of a loop in which differences, draws, bits and two sums go side by side. No torch.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from babelmerge.merging.kernels.compiled import compiled, inner
from babelmerge.merging.kernels.random_keys import GOLDEN, MIX_1, MIX_2

STEP = 16  # elements side by side: as many as `tallies` has sums
I16, I32, I64 = (ir.IntType(width) for width in (16, 32, 64))
FLOATS, DOUBLES = (ir.VectorType(kind, STEP) for kind in (ir.FloatType(), ir.DoubleType()))
HALVES, WORDS, STATES = (ir.VectorType(I16, STEP), ir.VectorType(I32, STEP), ir.VectorType(I64, 8))
BITS = ir.VectorType(ir.IntType(1), STEP)


def _numbers(vector, *values):
    """A constant of these whole numbers, or of one of them everywhere."""
    count, width = vector.count, vector.element.width
    given = values if len(values) > 1 else values * count
    return ir.Constant(vector, [value % (1 << width) for value in given])


def _everywhere(builder, vector, number):
    """A vector of this number."""
    first = ir.Constant(I32, 0)
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, first)
    zeros = _numbers(ir.VectorType(I32, vector.count), 0)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), zeros)


def _place(context, builder, signature, arguments, number, kind):
    """place(first): where elements of an array from `first` on lie, as a pointer to one `kind`."""
    array = context.make_array(signature.args[number])(context, builder, arguments[number])
    return lambda first: builder.bitcast(builder.gep(array.data, [first]), kind.as_pointer())


def _delta(builder, words, base):
    """bfloat16 elements, widened, minus the base's."""
    bits = builder.zext(builder.load(words, align=2), WORDS)
    wide = builder.bitcast(builder.shl(bits, _numbers(WORDS, 16)), FLOATS)
    return builder.fsub(wide, builder.load(base, align=4))


def _kept(builder, marked, loop):
    """The marks of a step."""
    byte = builder.mul(loop.index, ir.Constant(I64, STEP // 8))
    return builder.bitcast(builder.load(marked(byte), align=1), BITS)


def _mixed(builder, states):
    """`blocks.mixed` of each, as twice as many draws of 32 bits."""
    for shift, factor in ((30, MIX_1), (27, MIX_2)):
        states = builder.xor(states, builder.lshr(states, _numbers(STATES, shift)))
        states = builder.mul(states, _numbers(STATES, factor))
    states = builder.xor(states, builder.lshr(states, _numbers(STATES, 31)))
    return builder.bitcast(states, WORDS)


@intrinsic
def _draw_marks(typing_context, state, last, marks, steps):
    """`draw_marks` of so many steps."""

    def build(context, builder, signature, arguments):
        marked = _place(context, builder, signature, arguments, 2, I16)
        places = _numbers(STATES, *(GOLDEN * place for place in range(1, 9)))
        first = builder.add(_everywhere(builder, STATES, arguments[0]), places)
        states = cgutils.alloca_once_value(builder, first)
        with cgutils.for_range(builder, arguments[3], intp=I64) as loop:
            now = builder.load(states)
            builder.store(builder.add(now, _numbers(STATES, 8 * GOLDEN)), states)
            last = _everywhere(builder, WORDS, arguments[1])
            kept = builder.icmp_unsigned("<=", _mixed(builder, now), last)
            byte = builder.mul(loop.index, ir.Constant(I64, STEP // 8))
            builder.store(builder.bitcast(kept, I16), marked(byte), align=1)
        return context.get_dummy_value()

    return types.void(types.uint64, types.uint32, marks, types.int64), build


@intrinsic
def _add_sizes(typing_context, words, base, marks, lanes, steps):
    """`add_sizes` of so many steps."""

    def build(context, builder, signature, arguments):
        given = context, builder, signature, arguments
        kinds = (HALVES, FLOATS, I16, DOUBLES)
        at = [_place(*given, number, kind) for number, kind in enumerate(kinds)]
        ends = [at[3](ir.Constant(I64, first)) for first in (0, STEP)]
        sums = [cgutils.alloca_once_value(builder, builder.load(end, align=8)) for end in ends]
        with cgutils.for_range(builder, arguments[4], intp=I64) as loop:
            element = builder.mul(loop.index, ir.Constant(I64, STEP))
            delta = _delta(builder, at[0](element), at[1](element))
            size = builder.and_(builder.bitcast(delta, WORDS), _numbers(WORDS, 0x7FFFFFFF))
            wide = builder.fpext(builder.bitcast(size, FLOATS), DOUBLES)
            left = builder.select(_kept(builder, at[2], loop), wide, ir.Constant(DOUBLES, None))
            for total, some in zip(sums, (wide, left), strict=True):
                builder.store(builder.fadd(builder.load(total), some), total)
        for total, end in zip(sums, ends, strict=True):
            builder.store(builder.load(total), end, align=8)
        return context.get_dummy_value()

    return types.void(words, base, marks, lanes, types.int64), build


@intrinsic
def _load_marked(typing_context, words, base, marks, scale, out, steps):
    """`load_marked` of so many steps."""

    def build(context, builder, signature, arguments):
        kinds = {0: HALVES, 1: FLOATS, 2: I16, 4: FLOATS}
        given = context, builder, signature, arguments
        at = {number: _place(*given, number, kind) for number, kind in kinds.items()}
        with cgutils.for_range(builder, arguments[5], intp=I64) as loop:
            element = builder.mul(loop.index, ir.Constant(I64, STEP))
            delta = _delta(builder, at[0](element), at[1](element))
            kept = builder.sext(_kept(builder, at[2], loop), WORDS)
            bits = builder.and_(builder.bitcast(delta, WORDS), kept)
            scale = _everywhere(builder, FLOATS, arguments[3])
            left = builder.fmul(builder.bitcast(bits, FLOATS), scale)
            builder.store(left, at[4](element), align=4)
        return context.get_dummy_value()

    return types.void(words, base, marks, types.float32, out, types.int64), build


@compiled
def draw_marks(state, last, marks):
    """Mark what a drop keeps. marks: uint8, of whole steps. last: the largest draw that is kept.

    state: of the random stream before the first draw, see `blocks.drop`.
    """
    _draw_marks(state, last, marks, marks.size // (STEP // 8))


@inner
def add_sizes(words, base, marks, lanes):
    """Add the magnitudes of differences to their lanes: of all of them, and of those with a mark.

    words: bfloat16 elements of an expert, whole steps. base: float32. lanes: float64 (2 * STEP,).
    """
    _add_sizes(words, base, marks, lanes, words.size // STEP)


@inner
def load_marked(words, base, marks, scale, out):
    """The differences that have a mark, times scale, and 0 for the others. Whole steps."""
    _load_marked(words, base, marks, scale, out, words.size // STEP)
