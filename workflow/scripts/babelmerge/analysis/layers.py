"""Layers of a decoder: their names, the bands they are averaged over, and work on them at once.

A model of L blocks has L + 2 layers here: 0 is the embeddings, k the raw output of block k, and
`norm` what the final norm makes of layer L. Knows no files and not what is measured. No torch.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

from threadpoolctl import threadpool_limits

NORM = "norm"
_busy = threading.Lock()


def names(count: int) -> list[str]:
    """Names of `count` layers in order: "0", ..., "L", "norm"; ValueError for fewer than two."""
    if count < 2:
        raise ValueError(f"{count} layers; expected the embeddings, each block and the final norm")
    return [str(layer) for layer in range(count - 1)] + [NORM]


def bands(blocks: int) -> dict[str, range]:
    """Layers by band, named with their range: early, mid, late and all of 0..L.

    For 36 blocks the translation study's: early 0-11, mid 12-27, late 28-36 (Table 6); for others
    the same shares of the depth. The row after the final norm belongs to none. A band that would be
    empty (one block) is left out.
    """
    if blocks < 1:
        raise ValueError(f"{blocks} blocks; expected a model with at least one")
    mid = max(1, round(blocks * 12 / 36))
    late = max(mid, round(blocks * 28 / 36))
    spans = {"early": (0, mid), "mid": (mid, late), "late": (late, blocks + 1)}
    found = {name: range(*span) for name, span in spans.items()} | {"all": range(blocks + 1)}
    return {f"{name} {span[0]}-{span[-1]}": span for name, span in found.items() if span}


def last(blocks: int, number: int = 3) -> list[str]:
    """Names of the last blocks' layers, L last (Table 7 of the translation study shows three)."""
    return [str(layer) for layer in range(max(0, blocks - number + 1), blocks + 1)]


def over_layers(function: Callable[[int], object], count: int, threads: int = 1) -> list:
    """[function(0), ..., function(count - 1)], layers side by side, one thread for each.

    Each layer is computed by one thread alone, so that results have the same bits for any number.
    """
    with one_thread_each(), ThreadPoolExecutor(max(1, threads)) as pool:
        try:
            return list(pool.map(function, range(count)))
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@contextmanager
def one_thread_each() -> Iterator[None]:
    """NumPy's and SciPy's linear algebra with one thread per caller while this lasts.

    Callers run side by side instead: a BLAS' own threads wait for each other when the machine is
    shared (an eigendecomposition took three times as long with two), and its last digits depend on
    their number. Torch keeps its number.
    """
    with _busy, threadpool_limits(limits=1, user_api="blas"):
        yield
