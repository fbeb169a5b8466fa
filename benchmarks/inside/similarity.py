"""All CKA pairs and principal angles of one direction at the translation study's size.

`python benchmarks/inside/similarity.py [threads]` prints a table: 5 models (base and four experts),
37 layers, 2 spans, 1,012 sentences, 2,048 features, random states whose directions fall off as
1 / sqrt(rank). The naive form is what the definition says, pair by pair in feature space and in
float64, with the norms of each model computed once; it runs on one layer in so many, with the same
number of threads, and is scaled. Data are made before and not timed. On a shared machine CPU
seconds over the number of threads say what the seconds would be on a free one.
"""

import itertools
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

import numpy as np  # noqa: E402

from babelmerge.analysis import layers as layerwise  # noqa: E402
from babelmerge.analysis.angles import rows as geometry_pairs  # noqa: E402
from babelmerge.analysis.cka import pairs as similarity_pairs  # noqa: E402
from babelmerge.analysis.cka.cka import centred  # noqa: E402

MODELS, LAYERS, SPANS, SENTENCES, FEATURES = 5, 37, 2, 1012, 2048
RANKS = (64, 32, 16, 8)
KEPT = 4  # different layers that are kept in memory and used in turn
SAMPLED = 4  # layers that the naive form runs on


def main(threads: int = 2) -> None:
    states = made_up()
    print(
        f"{MODELS} models, {LAYERS} layers, {SPANS} spans, N = {SENTENCES}, d = {FEATURES}, "
        f"{threads} thread(s), {openly()}\n"
    )
    print("| what | seconds | CPU seconds | x |\n|---|---|---|---|")
    ours, found = timed(lambda: similarity_pairs.compare(states, resamples=0, threads=threads))
    line("all CKA pairs, biased, debiased and floor", ours)
    naive, expected = timed(lambda: by_definition(states, threads))
    naive = naive * LAYERS * SPANS / SAMPLED
    line(f"naive, from {SAMPLED} of {LAYERS * SPANS} layers", naive, naive / ours)
    worst = max(np.abs(a.biased - b).max() for a, b in zip(found, expected, strict=False))
    bootstrap, _ = timed(lambda: similarity_pairs.compare(states, resamples=1000, threads=threads))
    line("the same with 1,000 resamples of each pair", bootstrap)
    pairs = similarity_pairs.all_pairs(MODELS)
    halved = (0, 1)  # the base and the data set's own expert
    angles, _ = timed(lambda: geometry_pairs.compare(states, pairs, RANKS, halved, threads=threads))
    line(f"angles of all pairs, ranks {RANKS}, and split halves", angles)
    print(f"\nLargest difference from the naive form: {worst:.1e}")


class Layers:
    """A model's layers of both spans in a row, made from a few that are kept."""

    def __init__(self, kept: list[np.ndarray]):
        self.kept = kept

    def __len__(self) -> int:
        return LAYERS * SPANS

    def __getitem__(self, layer: int) -> np.ndarray:
        return self.kept[layer % len(self.kept)]


def made_up() -> dict[str, Layers]:
    generator = np.random.default_rng(0)
    scale = (np.arange(1, FEATURES + 1) ** -0.5).astype(np.float32)
    shape = (SENTENCES, FEATURES)
    common = [generator.normal(size=shape).astype(np.float32) * scale for _ in range(KEPT)]

    def states(noise: float) -> Layers:
        own = (generator.normal(size=shape).astype(np.float32) * scale for _ in range(KEPT))
        return Layers([c + np.float32(noise) * o for c, o in zip(common, own, strict=True)])

    return {f"model {number}": states(0.2 * number) for number in range(MODELS)}


def by_definition(states: dict[str, Layers], threads: int) -> list[np.ndarray]:
    """|XᵀY|² / (|XᵀX| |YᵀY|) of every pair, layer by layer."""

    def one(layer: int) -> np.ndarray:
        x = [centred(layers[layer]) for layers in states.values()]
        norms = [np.linalg.norm(a.T @ a) for a in x]
        matrix = np.eye(len(x))
        for i, j in itertools.combinations(range(len(x)), 2):
            cross = np.linalg.norm(x[i].T @ x[j]) ** 2
            matrix[i, j] = matrix[j, i] = cross / (norms[i] * norms[j])
        return matrix

    return layerwise.over_layers(one, SAMPLED, threads)


def timed(function) -> tuple[np.ndarray, object]:
    """(seconds, CPU seconds of all threads), and the result."""
    started, used = time.perf_counter(), time.process_time()
    result = function()
    return np.array([time.perf_counter() - started, time.process_time() - used]), result


def line(what: str, spent: np.ndarray, ratios: np.ndarray | None = None) -> None:
    """A row of the table; the ratio is that of seconds."""
    ratio = "" if ratios is None else f"{ratios[0]:.1f}"
    print(f"| {what} | {spent[0]:.1f} | {spent[1]:.1f} | {ratio} |", flush=True)


def openly() -> str:
    """The machine's load, because a shared one is slower."""
    try:
        load = Path("/proc/loadavg").read_text().split()[0]
    except OSError:
        return "load unknown"
    return f"load at the start {load}"


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
