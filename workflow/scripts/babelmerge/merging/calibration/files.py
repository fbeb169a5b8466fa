"""What was collected of an expert for Fisher and RegMean, read tensor by tensor.

Files as `calibration` writes them: one safetensors file an expert, tensors by the name of the
parameter that they belong to.
"""

from collections.abc import Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from torch import Tensor


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
