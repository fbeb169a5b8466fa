"""What KnOTS of one linear map costs: seconds, memory, and how far from its dense definition.

`python benchmarks/merging/knots.py [--size 4096] [--experts 4] [--rank 64] [--threads 1] [--dense]`
prints a table. Random adapters in bfloat16; TIES at density 0.5 in the shared basis, from the
factors to the update as a float32 matrix; the fastest of three. --dense: the same by its definition
beside it, the singular value decomposition of all updates side by side in float64, as the authors'
code has it (minutes at 4096, once). Memory is the most above what was in use when it began.
"""

import argparse
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

import torch  # noqa: E402
from torch import Tensor  # noqa: E402

from babelmerge.merging.adapters import (
    core_space,  # noqa: E402
    knots,  # noqa: E402
)
from babelmerge.merging.methods import elementwise  # noqa: E402
from babelmerge.models.factors import Factors, product  # noqa: E402

DENSITY = 0.5
SMALLEST = knots.SMALLEST


def main() -> None:
    asked = arguments()
    torch.set_num_threads(asked.threads)
    members = [adapter(seed, asked.size, asked.rank) for seed in range(asked.experts)]
    spaces = {"knots (QR form)": knots.merge_map, "core_space": core_space.merge_map}
    total = asked.experts * asked.rank
    print(f"{asked.size} x {asked.size}, {asked.experts} experts of rank {asked.rank} ({total})")
    print("| method | seconds | MB |\n|---|---|---|")
    made = {}
    for name, space in spaces.items():
        made[name] = report(name, lambda space=space: product(space(members, ties)), 3)
    if asked.dense:
        made["dense"] = report("knots (dense)", lambda: dense(members), 1)
        apart = (made["knots (QR form)"] - made["dense"]).norm() / made["dense"].norm()
        print(f"QR form against dense: {float(apart):.1e} in the Frobenius norm")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=4096, help="inputs and outputs")
    parser.add_argument("--experts", type=int, default=4)
    parser.add_argument("--rank", type=int, default=64, help="of each expert")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--dense", action="store_true", help="by its definition too")
    return parser.parse_args()


def adapter(seed: int, size: int, rank: int) -> Factors:
    generator = torch.Generator().manual_seed(seed)
    b, a = (
        0.02 * torch.randn(shape, generator=generator) for shape in ((size, rank), (rank, size))
    )
    return Factors(b.to(torch.bfloat16), a.to(torch.bfloat16), 2.0)


def ties(parts: list[Tensor]) -> Tensor:
    trimmed = [elementwise.trim_share(part, DENSITY) for part in parts]
    return elementwise.ties(trimmed, [1.0] * len(parts))


def dense(members: list[Factors]) -> Tensor:
    side_by_side = torch.cat([product(one) for one in members], dim=1)
    u, s, vh = torch.linalg.svd(side_by_side.double(), full_matrices=False)
    keep = s > SMALLEST
    parts = [(s[keep, None] * part).float() for part in vh[keep].chunk(len(members), dim=1)]
    return u[:, keep].float() @ ties([part.contiguous() for part in parts])


def report(name: str, run: Callable[[], Tensor], times: int) -> Tensor:
    """Print the fastest of some runs, after one that compiles what is compiled on first use."""
    if times > 1:
        run()
    seconds, made = [], None
    with Peak() as peak:
        for _ in range(times):
            start = time.perf_counter()
            made = run()
            seconds.append(time.perf_counter() - start)
    print(f"| {name} | {min(seconds):.2f} | {peak.megabytes:.0f} |")
    return made


class Peak:
    """The most resident memory above what was in use at the start."""

    def __enter__(self) -> "Peak":
        self._start = self._most = resident()
        self._stop = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)
        self._watcher.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._watcher.join()

    @property
    def megabytes(self) -> float:
        return (self._most - self._start) / 1e6

    def _watch(self) -> None:
        while not self._stop.wait(0.01):
            self._most = max(self._most, resident())


def resident() -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS"))


if __name__ == "__main__":
    main()
