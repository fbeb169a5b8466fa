"""What Fisher merging and RegMean must know of an expert, from its own dev data.

`fisher`: the diagonal of the empirical Fisher information, for every parameter. `gram`: the mean
outer product of the inputs of every linear layer. Both are files of float32 tensors, named as the
tensors of the model that they belong to, which `regression` merges with. Rows become tokens as in
training. Works on any decoder that transformers loads; writes only the file that it is told to, and
its facts beside it; knows nothing of studies or merging.

Memory: beside the model, at most `memory` bytes of sums at a time. What needs more is collected in
several passes over the rows, one for each run of tensors that fits (`calibration_passes`).
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import islice
from pathlib import Path

import numpy as np

from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.files.atomic import folder_beside, write_atomically
from babelmerge.merging.calibration import passes as sums
from babelmerge.models import checkpoints
from babelmerge.models import loading as models

LOG = logging.getLogger(__name__)

MEMORY = 8 << 30  # bytes of sums held at a time
Shapes = Mapping[str, tuple[int, ...]]


def collect(
    kind: str,
    folder: str | Path,
    rows: Iterable[Mapping],
    out_file: str | Path,
    *,
    template: str,
    chat: bool = False,
    limit: int | None = None,
    max_length: int | None = None,
    dtype: str = "float32",
    batch_tokens: int = sums.BATCH_TOKENS,
    memory: int = MEMORY,
) -> dict:
    """Write one kind of statistics of the model in `folder`; returns the facts of {out_file}.json.

    rows: see `prompts`; the first `limit` are used, those whose prompt fills max_length are not.
    out_file: a safetensors file, put in its place whole. dtype: of the model; gradients and sums of
    what it computes. ValueErrors for an unknown kind, rows that cannot be used, values that are not
    finite, and a model whose tensors have other names in its files than in memory.
    """
    if kind not in KINDS:
        raise ValueError(f"no statistics of kind {kind!r}; expected {' or '.join(KINDS)}")
    shapes_of, collected = KINDS[kind]
    model, tokenizer = models.load(folder, dtype)
    training_checks.check_vocabulary(model, tokenizer)
    shapes = shapes_of(model)
    _check_names(folder, kind, shapes)
    out_file = Path(out_file)
    with folder_beside(out_file) as work:
        counts = training_checks.Counts()
        encoding = (template, tokenizer, max_length, chat)
        triples = training_checks.tokenised(islice(rows, limit), *encoding, counts)
        tokens = batching.store(triples, work, "dev", len(tokenizer))
        training_checks.check_rows(counts, "dev", max_length)
        passes = split(shapes, memory)
        LOG.info("%s: %d rows, %d tensors, passes: %d", kind, len(tokens), len(shapes), len(passes))
        _write(work, shapes, passes, lambda names: collected(model, tokens, names, batch_tokens))
        os.replace(work / "model.safetensors", out_file)
    facts = {
        "kind": kind,
        "model": checkpoints.fingerprint(folder),
        "dtype": dtype,
        "labels": "reference" if kind == "fisher" else None,
        **counts.facts(),
        "rows": len(tokens),
        "positions": int((tokens.lengths - 1).sum()),
    }
    text = json.dumps(facts, indent=1) + "\n"
    write_atomically(out_file.with_suffix(".json"), text)
    return facts


def split(shapes: Shapes, memory: int) -> list[list[str]]:
    """Names in order, in runs whose float32 tensors fit into memory; a larger tensor is alone."""
    runs: list[list[str]] = []
    filled = 0
    for name, shape in shapes.items():
        size = 4 * int(np.prod(shape, dtype=np.int64))
        if not runs or filled + size > memory:
            runs.append([])
            filled = 0
        runs[-1].append(name)
        filled += size
    return runs


def _parameter_shapes(model) -> Shapes:
    return {name: tuple(p.shape) for name, p in model.named_parameters()}


def _gram_shapes(model) -> Shapes:
    return {name: (m.in_features, m.in_features) for name, m in sums.linear_maps(model).items()}


# Kind -> (shapes of its tensors by name, what sums them over the rows).
KINDS: dict[str, tuple[Callable, Callable]] = {
    "fisher": (_parameter_shapes, sums.fisher),
    "gram": (_gram_shapes, sums.gram),
}


def _check_names(folder: str | Path, kind: str, shapes: Shapes) -> None:
    """ValueError when there is nothing to collect, or a merge would not find it by its name."""
    if not shapes:
        raise ValueError(
            f"{folder}: {kind} has no layer to look at (no nn.Linear in its blocks), so RegMean "
            "would be the plain mean; merge it by linear, or by another method"
        )
    stored = set(checkpoints.Checkpoint(folder).names)
    unknown = [name for name in shapes if name not in stored]
    if unknown:
        raise ValueError(
            f"{folder}: {unknown[0]} ({len(unknown)} such tensors) is not in its files, where a "
            "merge looks for it: transformers renames the tensors of this architecture; merge it "
            "by a method that needs no statistics"
        )


def _write(work: Path, shapes: Shapes, passes: Sequence[Sequence[str]], compute: Callable) -> None:
    """Stream tensors into work/model.safetensors, a pass whenever the next tensor needs one."""
    waiting, found = iter(passes), {}

    def pieces(name: str) -> list[np.ndarray]:
        if not found:
            found.update(compute(next(waiting)))
        tensor = found.pop(name)
        checkpoints.require_finite(tensor, name, "statistics")
        return [checkpoints.as_bytes(tensor)]

    layout = {name: ("F32", shape) for name, shape in shapes.items()}
    checkpoints.write_tensors(work, layout, pieces, max_shard_bytes=1 << 62)
