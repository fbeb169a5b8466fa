"""The files of what was collected of an expert for Fisher and RegMean: written, and read back.

One safetensors file an expert: float32 tensors by the name of the parameter that they belong to.
Both stream, a tensor (or a run of them) in memory at a time.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors import SafetensorError, safe_open
from torch import Tensor

from babelmerge.models import checkpoints

Shapes = Mapping[str, tuple[int, ...]]
UNSHARDED = 1 << 62


class StatisticsFile:
    """One expert's statistics; `get` reads a tensor when it is asked for."""

    def __init__(self, path: str | Path):
        try:
            self._file = safe_open(path, framework="pt")
        except (OSError, SafetensorError) as error:
            raise ValueError(
                f"{path}: cannot be read as statistics ({error}); collect them again"
            ) from error
        self._names = frozenset(self._file.keys())

    def get(self, name: str) -> Tensor | None:
        """The statistics of one parameter, None where there are none."""
        return self._file.get_tensor(name) if name in self._names else None


def open_all(paths: Mapping[str, str | Path]) -> dict[str, StatisticsFile]:
    """Expert id -> its statistics, from id -> file."""
    return {id_: StatisticsFile(path) for id_, path in paths.items()}


def write(
    work: Path,
    shapes: Shapes,
    runs: Sequence[Sequence[str]],
    compute: Callable[[Sequence[str]], Mapping[str, Tensor]],
) -> Path:
    """Stream tensors into one file in `work`; a run of names is computed when its first is due."""
    waiting, found = iter(runs), {}

    def pieces(name: str) -> list[np.ndarray]:
        if not found:
            found.update(compute(next(waiting)))
        tensor = found.pop(name)
        checkpoints.require_finite(tensor, name, "statistics")
        return [checkpoints.as_bytes(tensor)]

    layout = {name: ("F32", shape) for name, shape in shapes.items()}
    checkpoints.write_tensors(work, layout, pieces, max_shard_bytes=UNSHARDED)
    return work / "model.safetensors"
