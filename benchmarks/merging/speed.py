"""A merge and a sweep against mergekit and the disk, on models of half a billion parameters.

    python benchmarks/merging/speed.py [--runs 5] [--folder DIR] [--peer once|never]
        [--write | --only METHOD ...]

Makes a Qwen2-shaped base (0.494 B parameters, bfloat16, random) and four experts near it, then runs
in turn, each as a process of its own: the floor (read five models, write one, by cat, cp and sync),
ours and mergekit on the same recipe file with the same dtype. What is written is on the disk before
the next run begins. The files are in the page cache; a second table has runs for which they were
dropped from it. Also: private memory, for the model and for one of twice the layers; 30 points of a
TIES grid in one process, beside a plain copy of the base into the same live model; the same on a
GPU where torch sees one. Everything is done in --folder (default: a temporary one, about 15 GB with
--peer once). --write puts the tables into benchmarks/README.md between its markers; --only prints
the first table for some methods.
"""

import argparse
import json
import os
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import yaml

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

from babelmerge.files import directories, tensor_files  # noqa: E402
from babelmerge.recipes import recipes  # noqa: E402

EXPERTS = 4
# A first run leaves bytecode beside the sources, as it does for those who use this.
INHERITED = {k: value for k, value in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
POINTS = {
    "linear": ("linear", {"weight": 0.25, "semantics": "mergekit"}),
    "task_arithmetic": ("task_arithmetic", {"weight": 0.3, "semantics": "mergekit"}),
    "dare": ("dare", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    "dare_ties": ("dare_ties", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    "ties": ("ties", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    "ties (original)": ("ties", {"density": 0.4, "weight": 0.3}),
    "sce": ("sce", {"select_topk": 0.5, "semantics": "mergekit"}),
    "sce (original)": ("sce", {"select_topk": 0.5}),
    "della": ("della", {"density": 0.4, "weight": 0.3, "epsilon": 0.1, "semantics": "mergekit"}),
}
COLD = ("linear", "ties")
SHAPE = {
    "architectures": ["Qwen2ForCausalLM"],
    "model_type": "qwen2",
    "hidden_size": 896,
    "intermediate_size": 4864,
    "num_attention_heads": 14,
    "num_key_value_heads": 2,
    "max_position_embeddings": 32768,
    "rms_norm_eps": 1e-6,
    "rope_theta": 1000000.0,
    "vocab_size": 151936,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
    "torch_dtype": "bfloat16",
}


def tensors(layers: int) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a Qwen2 model of this many blocks."""
    width, inner, values = SHAPE["hidden_size"], SHAPE["intermediate_size"], 128
    shapes = {
        "model.embed_tokens.weight": (SHAPE["vocab_size"], width),
        "model.norm.weight": (width,),
    }
    block = {
        "input_layernorm.weight": (width,),
        "post_attention_layernorm.weight": (width,),
        "self_attn.q_proj.weight": (width, width),
        "self_attn.q_proj.bias": (width,),
        "self_attn.k_proj.weight": (values, width),
        "self_attn.k_proj.bias": (values,),
        "self_attn.v_proj.weight": (values, width),
        "self_attn.v_proj.bias": (values,),
        "self_attn.o_proj.weight": (width, width),
        "mlp.gate_proj.weight": (inner, width),
        "mlp.up_proj.weight": (inner, width),
        "mlp.down_proj.weight": (width, inner),
    }
    for layer in range(layers):
        shapes |= {f"model.layers.{layer}.{name}": shape for name, shape in block.items()}
    return shapes


def bfloat16(values: np.ndarray) -> np.ndarray:
    """The bits of float32 values rounded to bfloat16."""
    bits = values.view(np.uint32)
    return ((bits + 0x7FFF + ((bits >> 16) & 1)) >> 16).astype(np.uint16)


def make_models(folder: Path, layers: int, experts: int = EXPERTS) -> tuple[Path, dict[str, Path]]:
    """Base and experts in `folder`, as the pipeline would leave them (with a manifest)."""
    paths = [folder / name for name in ("base", *(f"expert{k}" for k in range(1, experts + 1)))]
    layout = {name: ("BF16", shape) for name, shape in tensors(layers).items()}
    for number, path in enumerate(paths):
        if (path / "manifest.json").is_file():
            continue
        first, second = np.random.default_rng(0), np.random.default_rng(number)

        def piece(name: str, first=first, second=second, number=number):
            shape = layout[name][1]
            values = first.standard_normal(shape, dtype=np.float32) * np.float32(0.02)
            if number:
                values += second.standard_normal(shape, dtype=np.float32) * np.float32(0.001)
            return [bfloat16(values)]

        hashes: dict[str, str] = {}
        with directories.saving(path, hashes) as partial:
            directories.write_json(partial / "config.json", {**SHAPE, "num_hidden_layers": layers})
            hashes |= tensor_files.write_tensors(partial, layout, piece)
    return paths[0], {path.name: path for path in paths[1:]}


def cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


class Measured:
    """A process run to its end: wall and CPU seconds, most private memory at once."""

    def __init__(self, command: list[str], **environment: str):
        os.sync()
        start, before = time.perf_counter(), cpu_of_children()
        process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**INHERITED, "PYTHONPATH": str(ROOT / "workflow" / "scripts"), **environment},
        )
        self.private = 0
        watcher = threading.Thread(target=self._watch, args=(process,), daemon=True)
        watcher.start()
        self.output = process.communicate()[0].decode(errors="replace")
        self.seconds, self.cpu = time.perf_counter() - start, cpu_of_children() - before
        watcher.join()
        if process.returncode:
            raise SystemExit(f"{' '.join(command)} failed:\n{self.output[-3000:]}")

    def _watch(self, process: subprocess.Popen) -> None:
        status = Path(f"/proc/{process.pid}/status")
        while process.poll() is None:
            try:
                text = status.read_text()
            except OSError:
                return
            kilobytes = [
                line.split()[1] for line in text.splitlines() if line.startswith("RssAnon")
            ]
            self.private = max(self.private, *map(int, kilobytes), 0)
            time.sleep(0.01)


def floor(folder: Path, models: list[Path]) -> float:
    """Seconds to read all models and to write one to the disk, as plain file copies do."""
    files = [str(model / "model.safetensors") for model in models]
    copy = str(folder / "copy")
    work = f'cat "$@" > /dev/null; cp "$1" {copy}; sync {copy}'
    both = Measured(["sh", "-c", work, "sh", *files])
    Path(copy).unlink()
    return both.seconds


def drop_from_cache(models: list[Path]) -> None:
    """Make the next reading of these models one from the disk."""
    os.sync()
    for model in models:
        with open(model / "model.safetensors", "rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def recipe_file(folder: Path, base: Path, experts: dict[str, Path], label: str) -> Path:
    method, point = POINTS[label]
    path = folder / f"{label.split()[0]}-{point.get('semantics', 'original')}.yaml"
    recipe = recipes.make_recipe(base, experts, method, {**point, "dtype": "bfloat16"})
    recipe["dtype"] = "bfloat16"  # mergekit then works and writes in bfloat16, as its users have it
    path.write_text(yaml.safe_dump(recipe, sort_keys=False), encoding="utf-8")
    return path


def ours(recipe: Path, out: Path, *options: str) -> Measured:
    shutil.rmtree(out, ignore_errors=True)
    command = [sys.executable, "-m", "babelmerge", "merge", "--quiet", *options]
    return Measured([*command, str(recipe), str(out)])


def peer(recipe: Path, out: Path, *options: str) -> Measured:
    shutil.rmtree(out, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "mergekit-yaml"), str(recipe), str(out)]
    return Measured([*command, "--no-copy-tokenizer", "--quiet", *options])


def merges(
    folder: Path,
    base: Path,
    experts: dict[str, Path],
    runs: int,
    with_peer: bool,
    labels: Iterable[str] = POINTS,
) -> list:
    """A row a method: floor, ours and mergekit in seconds, medians; ours and theirs in turn."""
    rows = []
    for label in labels:
        recipe = recipe_file(folder, base, experts, label)
        floors, mine = [], []
        for _ in range(runs):
            floors.append(floor(folder, [base, *experts.values()]))
            mine.append(ours(recipe, folder / "ours"))
        comparable = with_peer and "original" not in label
        theirs = peer(recipe, folder / "theirs") if comparable else None
        row = {
            "method": label,
            "floor": statistics.median(floors),
            "ours": statistics.median(run.seconds for run in mine),
            "cpu": statistics.median(run.cpu for run in mine),
            "private": max(run.private for run in mine) / 1e6,
            "theirs": theirs.seconds if theirs else None,
        }
        print(json.dumps(row), flush=True)
        rows.append(row)
    return rows


def cold_merges(folder: Path, base: Path, experts: dict[str, Path], runs: int) -> list:
    """The same where each reading is from the disk: floor and ours in seconds, medians."""
    models, rows = [base, *experts.values()], []
    for label in COLD:
        recipe, floors, mine = recipe_file(folder, base, experts, label), [], []
        for _ in range(runs):
            drop_from_cache(models)
            floors.append(floor(folder, models))
            drop_from_cache(models)
            mine.append(ours(recipe, folder / "ours").seconds)
        rows.append([label, statistics.median(floors), statistics.median(mine)])
    return rows


SWEEP = """
import os, sys, time, json
from concurrent.futures import ThreadPoolExecutor
import numpy as np
import torch
from transformers import AutoModelForCausalLM
from babelmerge import merging
from babelmerge.files.tensor_files import TensorFiles
base, experts = sys.argv[1], dict(item.split("=", 1) for item in sys.argv[2:])
where = "cuda" if torch.cuda.is_available() else "cpu"
model = AutoModelForCausalLM.from_pretrained(base, dtype="auto").to(where)
grid = [{"density": d, "weight": w} for d in (.4, .5, .6, .7, .8, .9) for w in (.1, .2, .3, .4, .5)]
times, start = [], time.perf_counter()
for _, tensors in merging.Sweep(base, experts, "ties").points(grid):
    merging.load_into(model, tensors)
    if where == "cuda":
        torch.cuda.synchronize()
    times.append(time.perf_counter() - start)
    start = time.perf_counter()
copies = []
if where == "cpu":  # the floor: the base's bytes into the same live model
    files, state, step = TensorFiles(base), model.state_dict(), 1 << 21
    pairs = [(state[n].view(torch.uint8).numpy().reshape(-1), files.raw(n)) for n in files.names]
    parts = [(to[i:i + step], raw[i:i + step]) for to, raw in pairs
             for i in range(0, raw.size, step)]
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for _ in range(7):
            start = time.perf_counter()
            list(pool.map(lambda part: np.copyto(*part), parts))
            copies.append(time.perf_counter() - start)
print(json.dumps({"first": times[0], "rest": times[1:], "where": where, "copies": copies}))
"""


def sweep(base: Path, experts: dict[str, Path]) -> dict:
    """Seconds of each of 30 TIES points, formed and put into a live model, scoring left out."""
    command = [sys.executable, "-c", SWEEP, str(base)]
    run = Measured([*command, *(f"{name}={path}" for name, path in experts.items())])
    return json.loads(run.output.strip().splitlines()[-1]) | {"total": run.seconds}


def table(rows: list[dict]) -> str:
    lines = [
        "| method | floor, s | ours, s | ours / floor | ours, CPU s | private memory, GB "
        "| mergekit, s | mergekit / ours |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        theirs = f"{row['theirs']:.1f}" if row["theirs"] else ""
        ratio = f"{row['theirs'] / row['ours']:.1f}" if row["theirs"] else ""
        lines.append(
            f"| {row['method']} | {row['floor']:.2f} | {row['ours']:.2f} "
            f"| {row['ours'] / row['floor']:.1f} | {row['cpu']:.1f} | {row['private']:.2f} "
            f"| {theirs} | {ratio} |"
        )
    return "\n".join(lines)


def cold_table(rows: list) -> str:
    lines = ["| read from the disk | floor, s | ours, s | ours / floor |", "|---|---|---|---|"]
    lines += [f"| {label} | {low:.2f} | {our:.2f} | {our / low:.1f} |" for label, low, our in rows]
    return "\n".join(lines)


def told_sweep(found: dict, rows: list[dict]) -> str:
    rest = found["rest"]
    each = sum(rest) / len(rest)
    text = (
        f"30 TIES points (6 densities × 5 weights, original semantics) put into a live model on "
        f"{found['where']}: the first {found['first']:.2f} s with all thresholds, each further one "
        f"{each:.3f} s on average (a new density {max(rest):.2f} s, a new weight "
        f"{statistics.median(rest):.2f} s); the whole process {found['total']:.1f} s."
    )
    if found["copies"]:
        low = statistics.median(found["copies"])
        text += (
            " The floor, a copy of the base's bytes into the live model on as many threads: "
            f"{low:.3f} s, so a new weight takes {statistics.median(rest) / low:.1f} times that. "
            "It reads the base and an update in float32 and writes the model, 8 bytes an element "
            f"where the copy moves 4: {2 * low:.3f} s at the copy's rate."
        )
    single = next((row["theirs"] for row in rows if row["method"] == "ties"), None)
    if single:
        minutes = 30 * single / 60
        text += f" 30 runs of mergekit at the {single:.0f} s measured above: {minutes:.0f} min."
    return text


def machine() -> str:
    names = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    return f"{len(os.sched_getaffinity(0))} cores of {names[0]}, Python {platform.python_version()}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--folder", type=Path, help="where models are made (kept if given)")
    parser.add_argument("--peer", choices=("once", "never"), default="once")
    parser.add_argument("--runs", type=int, default=5)
    some = parser.add_mutually_exclusive_group()
    some.add_argument("--write", action="store_true", help="into benchmarks/README.md")
    some.add_argument("--only", nargs="+", choices=POINTS, help="the first table, of these methods")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or Path(temporary)
        base, experts = make_models(folder / "24", 24)
        ours(recipe_file(folder, base, experts, "ties"), folder / "ours")  # compiles the kernels
        given = folder, base, experts, options.runs, options.peer == "once"
        if options.only:
            print(table(merges(*given, options.only)))
            return
        rows = merges(*given)
        cold = cold_merges(folder, base, experts, options.runs)
        found = sweep(base, experts)
        large, more = make_models(folder / "48", 48)
        twice = ours(recipe_file(folder, large, more, "ties"), folder / "ours").private / 1e6
        text = "\n\n".join(
            [
                f"{machine()}. Medians of {options.runs} runs, mergekit once.",
                table(rows),
                cold_table(cold),
                f"Private memory of ties with twice the layers: {twice:.2f} GB.",
                told_sweep(found, rows),
            ]
        )
    print(text)
    if options.write:
        write_between(ROOT / "benchmarks" / "README.md", "merging", text)


def write_between(path: Path, name: str, text: str) -> None:
    """Replace what stands between <!-- name --> and <!-- /name -->."""
    content = path.read_text(encoding="utf-8")
    start, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    head, rest = content.split(start)
    path.write_text(f"{head}{start}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")


if __name__ == "__main__":
    main()
