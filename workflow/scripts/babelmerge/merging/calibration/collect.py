"""What Fisher merging and RegMean must know of an expert, from its own dev data.

`fisher`: the diagonal of the empirical Fisher information, for every parameter. `gram`: the mean
outer product of the inputs of every linear layer. Both are files of float32 tensors, named as the
tensors of the model that they belong to, which `methods.regression` merges with. Rows become tokens
as in training. Works on any decoder that transformers loads; writes only the file that it is told
to, and its facts beside it; knows nothing of studies or merging.

Memory: beside the model, at most `memory` bytes of sums at a time. What needs more is collected in
several passes over the rows, one for each run of tensors that fits (`passes`).
"""

import json
import logging
import os
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.data import batches, tokenised
from babelmerge.files.atomic import folder_beside, write_atomically
from babelmerge.merging.calibration import files, passes
from babelmerge.merging.calibration.files import Shapes
from babelmerge.models import checkpoints, loading
from babelmerge.models.adapters import opened

LOG = logging.getLogger(__name__)

MEMORY = 8 << 30  # bytes of sums held at a time


def collect(
    kind: str,
    folder: str | Path,
    rows: Iterable[Mapping],
    out_file: str | Path,
    *,
    prompt: Mapping,
    limit: int | None = None,
    max_length: int | None = None,
    dtype: str = "float32",
    batch_tokens: int = passes.BATCH_TOKENS,
    memory: int = MEMORY,
) -> dict:
    """Write one kind of statistics of the model in `folder`; returns the facts of {out_file}.json.

    rows, prompt: see `tasks.learning`; the first `limit` are used, but for those whose prompt fills
    max_length. out_file: a safetensors file, put in its place whole. dtype: of the model; gradients
    and sums of what it computes. ValueErrors for an unknown kind, rows that cannot be used, values
    that are not finite, and a model whose tensors have other names in its files than in memory.
    """
    model, tokenizer, shapes, collected = loaded(kind, folder, dtype)
    counts = tokenised.Counts()
    encoding = (prompt, tokenizer, max_length, counts)
    triples = tokenised.tokenised(islice(rows, limit), *encoding)
    out_file = Path(out_file)
    with folder_beside(out_file) as work:
        tokens = batches.store(triples, work, "dev", len(tokenizer))
        tokenised.check_rows(counts, "dev", max_length)
        runs = split(shapes, memory)
        LOG.info("%s: %d rows, %d tensors, passes: %d", kind, len(tokens), len(shapes), len(runs))
        sums = partial(collected, model, tokens, batch_tokens=batch_tokens)
        os.replace(files.write(work, shapes, runs, sums), out_file)
    found = facts(kind, folder, dtype, counts, tokens)
    write_atomically(out_file.with_suffix(".json"), json.dumps(found, indent=1) + "\n")
    return found


def loaded(kind: str, folder: str | Path, dtype: str) -> tuple[Any, Any, Shapes, Callable]:
    """(model, tokenizer, shapes of what is collected, what collects it), checked."""
    if kind not in KINDS:
        raise ValueError(f"no statistics of kind {kind!r}; expected {' or '.join(KINDS)}")
    shapes_of, collected = KINDS[kind]
    model, tokenizer = loading.load(folder, dtype)
    tokenised.check_vocabulary(model, tokenizer)
    shapes = shapes_of(model)
    _check_names(folder, kind, shapes)
    return model, tokenizer, shapes, collected


def facts(
    kind: str,
    folder: str | Path,
    dtype: str,
    counts: tokenised.Counts,
    tokens: batches.Tokens,
) -> dict:
    """What is written beside statistics."""
    return {
        "kind": kind,
        "model": checkpoints.fingerprint(folder),
        "dtype": dtype,
        "labels": "reference" if kind == "fisher" else None,
        **counts.facts(),
        "rows": len(tokens),
        "positions": int((tokens.lengths - 1).sum()),
    }


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
    return {name: (m.in_features, m.in_features) for name, m in passes.linear_maps(model).items()}


# Kind -> (shapes of its tensors by name, what sums them over the rows).
KINDS: dict[str, tuple[Callable, Callable]] = {
    "fisher": (_parameter_shapes, passes.fisher),
    "gram": (_gram_shapes, passes.gram),
}


def _check_names(folder: str | Path, kind: str, shapes: Shapes) -> None:
    """ValueError when there is nothing to collect, or a merge would not find it by its name."""
    if not shapes:
        raise ValueError(
            f"{folder}: {kind} has no layer to look at (no nn.Linear in its blocks), so RegMean "
            "would be the plain mean; merge it by linear, or by another method"
        )
    stored = set(opened(folder).names)
    unknown = [name for name in shapes if name not in stored]
    if unknown:
        raise ValueError(
            f"{folder}: {unknown[0]} ({len(unknown)} such tensors) is not in its files, where a "
            "merge looks for it: transformers renames the tensors of this architecture; merge it "
            "by a method that needs no statistics"
        )
