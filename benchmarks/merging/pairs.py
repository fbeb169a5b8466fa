"""All bilingual merges of ten models of half a billion parameters, formed in one live model.

    python benchmarks/merging/pairs.py [--models 10] [--folder DIR] [--dtype bfloat16]

The floor of a merge is one read of its two models: the bytes of their files, by `cat` where the
files are in the page cache. Ours opens the pair, forms its mean and puts it into the live model, as
`evaluation.live` does for groups with `keep: false`; asking the model is left out, no file is
written. Wall and CPU seconds, since machines are shared. --folder keeps the models (1 GB each).
"""

import argparse
import itertools
import resource
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import speed
from transformers import AutoModelForCausalLM

from babelmerge import merging

POINT = {"weight": 1.0, "normalize": True, "semantics": "mergekit"}


def seconds(work: Callable[[], object]) -> tuple[float, float]:
    """(wall, CPU) seconds, those of child processes too."""
    start, before = time.perf_counter(), cpu()
    work()
    return time.perf_counter() - start, cpu() - before


def cpu() -> float:
    own = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in own)


def read(paths: list[Path]) -> None:
    files = [str(path / "model.safetensors") for path in paths]
    subprocess.run(["sh", "-c", 'cat "$@" > /dev/null', "sh", *files], check=True)


def measured(base: Path, models: Mapping[str, Path], dtype: str) -> Iterator[tuple[tuple, tuple]]:
    """For each pair the seconds of one read of it and of one merge, taking turns."""
    live = AutoModelForCausalLM.from_pretrained(base, dtype=dtype)

    def merge(pair: tuple[str, ...]) -> None:
        sweep = merging.Sweep(base, {name: models[name] for name in pair}, "linear")
        merging.load_into(live, next(sweep.points([POINT]))[1])

    merge(tuple(models)[:2])  # compiles the kernels, and reads the base
    for pair in itertools.combinations(models, 2):
        paths = [models[name] for name in pair]
        yield seconds(partial(read, paths)), seconds(partial(merge, pair))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--models", type=int, default=10)
    parser.add_argument("--folder", type=Path, help="where models are made (kept if given)")
    parser.add_argument("--dtype", default="bfloat16", help="of the live model")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        made = speed.make_models(folder / "24", 24, options.models)
        rows = list(measured(*made, options.dtype))
    print(f"{speed.machine()}. {len(rows)} merges of two of {options.models}, {options.dtype}.\n")
    print("| | one read of both, s | ours, s | x (median) | all merges, s |\n|---|---|---|---|---|")
    for name, at in (("wall", 0), ("CPU", 1)):
        floors, ours = ([row[which][at] for row in rows] for which in (0, 1))
        middle = statistics.median(own / floor for own, floor in zip(ours, floors, strict=True))
        shown = map(statistics.median, (floors, ours))
        print(f"| {name} | {' | '.join(f'{x:.2f}' for x in (*shown, middle, sum(ours)))} |")


if __name__ == "__main__":
    main()
