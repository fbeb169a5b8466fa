"""One piece of a merged tensor, formed by the kernels into memory: what `Former`'s threads do.

Each function makes elements start..stop of a tensor in the output's dtype, in place where there is
a target, and refuses what is not finite by name. No torch.
"""

import numpy as np

from babelmerge.files.tensor_headers import SIZES
from babelmerge.merging.kernels import loops
from babelmerge.merging.rounding import NARROW, SAMPLE, Rounding
from babelmerge.merging.streaming.members import not_finite
from babelmerge.merging.streaming.passes import Handle, Passes
from babelmerge.merging.streaming.stages import Formation

# Arrays of each dtype; numpy has no bfloat16, so that is its bits.
ARRAYS = {"F32": np.float32, "BF16": np.uint16, "F16": np.float16, "F64": np.float64}
NOWHERE = np.empty(0, np.float32)  # no room for the update: it is not kept


def form(
    passes: Passes,
    made: Formation,
    start: int,
    stop: int,
    code: str,
    target: np.ndarray | None,
    update: np.ndarray = NOWHERE,
) -> np.ndarray:
    """base + factor * update, or a whole tensor; the update itself goes to `update` too."""
    out = _room(target, stop - start, code)
    plus, to = int(made.add_base), _code(code)
    bad = loops.form(made.tensor.sources, made.stages, start, stop, plus, to, _bytes(out), update)
    passes.require_finite(made.tensor, bad)
    whole = _finished(out, target, code, made.tensor)
    if passes.rounding is not None and code in NARROW:
        _look(passes.rounding, made, start, whole[:SAMPLE], code)
    return whole


def _look(rounding: Rounding, made: Formation, start: int, written: np.ndarray, code: str) -> None:
    """Form the elements that were written once more, in float32, and see what was lost."""
    sources, stop = made.tensor.sources, start + written.size
    exact, base = np.empty((2, written.size), np.float32)
    plus = int(made.add_base)
    loops.form(sources, made.stages, start, stop, plus, loops.F32, _bytes(exact), NOWHERE)
    loops.cast(sources.addresses[0], sources.codes[0], start, stop, loops.F32, _bytes(base))
    own = _room(None, written.size, code)
    loops.cast(sources.addresses[0], sources.codes[0], start, stop, _code(code), _bytes(own))
    with np.errstate(over="ignore"):
        own = own.astype(written.dtype, copy=False)
    rounding.see(base, exact, _widened(written), _widened(own))


def _widened(values: np.ndarray) -> np.ndarray:
    """In float32."""
    wide = values.dtype == np.uint16  # the bits of bfloat16
    found = (values.astype(np.uint32) << 16).view(np.float32) if wide else values
    return found.astype(np.float32)


def apply(
    tensor: Handle,
    start: int,
    stop: int,
    code: str,
    target: np.ndarray,
    update: np.ndarray,
    factor: np.float32,
) -> np.ndarray:
    """base + factor * an update of the whole tensor that was kept."""
    out = _room(target, stop - start, code)
    address, own = tensor.sources.addresses[0], tensor.sources.codes[0]
    if loops.apply(address, own, update, start, stop, factor, _code(code), _bytes(out)):
        raise not_finite("the merge", tensor.name, 1, tensor.size)
    return _finished(out, target, code, tensor)


def cast(tensor: Handle, start: int, stop: int, code: str, target: np.ndarray | None) -> np.ndarray:
    """A member's own elements in another dtype."""
    out = _room(target, stop - start, code)
    address, own = tensor.sources.addresses[-1], tensor.sources.codes[-1]
    if loops.cast(address, own, start, stop, _code(code), _bytes(out)):
        raise not_finite(f"its copy in {code}", tensor.name, 1, tensor.size)
    return _finished(out, target, code, tensor)


def copy(
    piece: np.ndarray, target: np.ndarray | None, code: str, place: tuple[str, str]
) -> np.ndarray:
    """A member's own bytes as they are. place: who it is and which tensor, for the message."""
    if code in ARRAYS and (bad := _count_bad(piece, code)):
        raise not_finite(*place, bad, piece.nbytes // SIZES[code])
    if target is not None:
        target[:] = piece
    return piece


def bound(number: float, target: np.ndarray | None, code: str) -> np.ndarray:
    """One number that is infinite, as `Members.endless` has it."""
    made = np.array([number], ARRAYS[code] if code != "BF16" else np.float32)
    made = made.view(np.uint16)[1:] if code == "BF16" else made
    if target is not None:
        target[:] = made
    return made


def _code(code: str) -> int:
    """What the kernels write: bfloat16, or float32, from which numpy makes the others."""
    return loops.BF16 if code == "BF16" else loops.F32


def _bytes(out: np.ndarray) -> np.ndarray:
    """The memory itself: numba then compiles, and loads, a kernel once and not for each dtype."""
    return out.view(np.uint8)


def _room(target: np.ndarray | None, size: int, code: str) -> np.ndarray:
    if target is not None and code in ("F32", "BF16"):
        return target
    return np.empty(size, np.uint16 if code == "BF16" else np.float32)


def _finished(out: np.ndarray, target: np.ndarray | None, code: str, tensor: Handle) -> np.ndarray:
    if code in ("F32", "BF16"):
        return out
    with np.errstate(over="ignore"):
        made = out.astype(ARRAYS[code])
    if bad := int((~np.isfinite(made)).sum()):
        raise not_finite(f"the merge in {code}", tensor.name, bad, tensor.size)
    if target is not None:
        target[:] = made
    return made


def _count_bad(data: np.ndarray, code: str) -> int:
    """How many numbers of these bytes are NaN or infinite."""
    values = np.ascontiguousarray(data).view(ARRAYS[code])
    if code == "BF16":
        return int(np.count_nonzero((values & 0x7F80) == 0x7F80))
    return int(values.size - np.count_nonzero(np.isfinite(values)))
