"""What the rounding of a merge's output takes from the change that was merged.

A change of a thousandth of the weights is finer than bfloat16 can tell: part of it is gone when it
is written, and nothing in the arithmetic says so. Told is a share, from a sample of every tensor.
No torch.
"""

import math
import threading

import numpy as np

SAMPLE = 1 << 13  # elements at the start of each `passes.CHUNK`
NARROW = ("BF16", "F16")  # dtypes for which there is something to tell
DIGITS = 4


class Rounding:
    """Sums over what was seen, on any number of threads; they do not depend on the order."""

    def __init__(self) -> None:
        self._seen: list[tuple[float, float, int, int]] = []
        self._lock = threading.Lock()

    def see(
        self,
        base: np.ndarray,
        exact: np.ndarray,
        rounded: np.ndarray,
        own: np.ndarray | None = None,
    ) -> None:
        """Elements of one tensor in float32: the base's, the merge's, and what is written of it.

        own: the base's as they would be written, where its dtype is another.
        """
        with np.errstate(all="ignore"):  # what is not finite is refused by who writes it
            wanted, kept = (one.astype(np.float64) - base for one in (exact, rounded))
            squares, product = float((wanted * wanted).sum()), float((wanted * kept).sum())
        changed = wanted != 0
        unmoved = int((changed & (rounded == (base if own is None else own))).sum())
        with self._lock:
            self._seen.append((squares, product, int(changed.sum()), unmoved))

    def facts(self) -> dict[str, float]:
        """lost: of the merged change, by projection. unmoved: of the elements that it changes,
        those that are written as the base's would be.

        Empty where nothing was to be rounded, or nothing changed.
        """
        wanted, kept = (math.fsum(row[n] for row in self._seen) for n in (0, 1))
        changed, unmoved = (sum(row[n] for row in self._seen) for n in (2, 3))
        if not wanted:
            return {}
        shares = {"lost": max(0.0, 1 - kept / wanted), "unmoved": unmoved / changed}
        return {name: round(share, DIGITS) for name, share in shares.items()}


def samples(size: int, step: int) -> list[slice]:
    """The places of a tensor of so many elements that are looked at."""
    return [slice(start, min(start + SAMPLE, size)) for start in range(0, size, step)]
