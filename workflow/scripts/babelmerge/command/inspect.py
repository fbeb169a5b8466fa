"""The command inspect: what `inspection` finds, as a page, JSON or TSV."""

import argparse
import math
import os
import sys
import textwrap
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from babelmerge.analysis.task_vectors import inspection
from babelmerge.analysis.task_vectors import measures as task_vectors
from babelmerge.command import merge as command_merge
from babelmerge.command import terminal
from babelmerge.command.terminal import fixed, number, share, shorten, table
from babelmerge.files.atomic import write_atomically
from babelmerge.models.dialect.vocabulary import STRICT
from babelmerge.words.showing import plain

DIGITS = 12  # of numbers in JSON and TSV: what every machine and thread count agrees on
SIDE_BY_SIDE = {"kind": 4, "layer": 4, "tensor": 3}  # experts that get a column each
MATRIX = 10  # experts whose pairs fit the page
TITLES = {
    "kind": ("By module", "module"),
    "layer": ("By layer", "layer"),
    "tensor": ("By tensor", "tensor"),
}
COLUMNS = ("level", "where", "measure", "expert", "other", "value")


def inspect(options: argparse.Namespace) -> int:
    """Measure, then tables, JSON or TSV."""
    if len(options.paths) < 2:
        options.parser.error("expected BASE and at least one EXPERT")
    base, *experts = options.paths
    progress = None if options.quiet else terminal.Progress("reading")
    with terminal.warnings_shown(progress):
        found = inspection.inspect(
            base,
            command_merge.named(experts),
            stable_ranks=options.stable_rank,
            threads=options.threads or min(8, os.cpu_count() or 1),
            progress=progress,
            embeddings=options.embeddings or STRICT,
        )
    if options.json:
        print(terminal.as_json(_as_json(found, options.per)))
    elif options.tsv:
        _write(_as_tsv(found, options.per), options.tsv)
    else:
        print("\n\n".join(part for part in _page(found, options.per) if part))
    return 0


def _page(found: inspection.Inspection, per: str) -> Iterable[str]:
    yield _heading(found)
    yield _experts(found)
    if len(found.experts) > 1:
        yield _pairs(found)
    levels = {"model": (), "layer": ("kind", "layer"), "tensor": ("kind", "layer", "tensor")}
    for level in levels[per]:
        yield _by_place(level, found.summaries(level), list(found.experts))
    if levels[per]:
        yield _legend(found)


def _legend(found: inspection.Inspection) -> str:
    """What the columns of `_by_place` say, as far as they are there."""
    says = []
    if len(found.experts) > 2:
        says += ["cosine, signs: mean of the pairs", "lowest: cosine of any pair"]
    if not np.isnan(found.model.stable_ranks).all():
        says.append("rank: mean stable rank")
    return ". ".join(says)


def _heading(found: inspection.Inspection) -> str:
    amount = terminal.count(found.model.moments.size)
    rows = [("base", str(found.base)), *((id_, str(p)) for id_, p in found.experts.items())]
    return f"{amount} weights in {len(found.tensors)} tensors\n{table(rows[0], rows[1:], left=2)}"


def _experts(found: inspection.Inspection) -> str:
    columns = found.model.columns()
    rows = [
        (
            id_,
            number(columns["norm"][place], 4),
            terminal.percent(columns["relative_norm"][place]),
            share(columns["zero_share"][place]),
            fixed(columns["sparsity"][place], 2),
            number(columns["stable_rank"][place]),
        )
        for place, id_ in enumerate(found.experts)
    ]
    header = ("expert − base", "norm", "relative", "unchanged", "sparsity", "stable rank")
    note = (
        "relative: to the base's norm. unchanged: exactly 0. sparsity: Hoyer's, 0 if all changes\n"
        "are of one size, 0.20 if they are Gaussian, 1 if there is one alone."
    )
    return f"{table(header, rows)}\n{note}"


def _pairs(found: inspection.Inspection) -> str:
    ids, moments = list(found.experts), found.model.moments
    cosines, signs = moments.cosines, moments.sign_agreement
    upper = np.triu_indices(len(ids), 1)
    if 2 < len(ids) <= MATRIX:
        title = "Pairs: cosine above the diagonal, equal signs below (50% by chance)"
        text = f"{title}\n{_matrix(ids, cosines, signs)}"
    else:
        ranges = _range(cosines[upper], fixed), _range(signs[upper], share)
        text = "Pairs: cosine {}, equal signs {} (50% by chance)".format(*ranges)
    if len(ids) == 2 or math.isnan(moments.majority_share):
        return text
    return (
        f"{text}\nMajority: {share(moments.majority_share)} of the changes have the more frequent "
        f"sign of their element ({share(moments.majority_by_chance)} by chance)"
    )


def _matrix(ids: Sequence[str], above: np.ndarray, below: np.ndarray) -> str:
    def cell(i: int, j: int) -> str:
        return "" if i == j else fixed(above[i, j]) if i < j else share(below[i, j])

    names = [shorten(id_, 8 if len(ids) > 5 else 14) for id_ in ids]
    rows = [[name, *(cell(i, j) for j in range(len(ids)))] for i, name in enumerate(names)]
    return table(["", *names], rows)


def _range(values: np.ndarray, text: Any) -> str:
    known = values[~np.isnan(values)]
    if not len(known):
        return terminal.UNKNOWN
    ends = dict.fromkeys(text(float(value)) for value in (known.min(), known.max()))
    return " to ".join(ends)


def _by_place(level: str, summaries: Sequence[inspection.Summary], ids: Sequence[str]) -> str:
    """A row for each layer, module or tensor: relative norms, and how much the pairs agree."""
    each = len(ids) <= SIDE_BY_SIDE[level]
    names = [shorten(id_, 9) for id_ in ids] if each else ["smallest", "mean", "largest"]
    title, column = TITLES[level]
    header = [column, "weights", *names, "cosine", "lowest", "signs", "majority", "rank"]
    moved = [bool(summary.moments.norms.any()) for summary in summaries]
    rows = [_row(s, len(ids), each) for s, has in zip(summaries, moved, strict=True) if has]
    same = [_label(s) for s, has in zip(summaries, moved, strict=True) if not has]
    lines = [f"{title}: relative norms, and how much the experts agree"]
    lines += [table(header, rows)] if rows else []
    unchanged = plain(f"changed by none: {', '.join(same)}")
    lines += textwrap.wrap(unchanged, terminal.WIDTH) if same else []
    return "\n".join(lines)


def _label(summary: inspection.Summary) -> str:
    """Of a tensor only what tells it from others: 3 self_attn.q_proj."""
    if summary.level != "tensor":
        return summary.where
    layer, kind = task_vectors.layer_of(summary.where), task_vectors.module_kind(summary.where)
    return kind if layer is None else f"{layer} {kind}"


def _row(summary: inspection.Summary, number_of_experts: int, each: bool) -> list[str]:
    norms = summary.relative_norms
    if not each:
        norms = np.array([norms.min(), norms.mean(), norms.max()])
    upper = np.triu_indices(number_of_experts, 1)
    cosines, signs = summary.moments.cosines[upper], summary.moments.sign_agreement[upper]
    return [
        _label(summary),
        terminal.count(summary.moments.size),
        *(terminal.percent(norm) for norm in norms),
        fixed(_mean(cosines)),
        fixed(cosines.min()) if len(cosines) > 1 else "",
        share(_mean(signs)),
        share(summary.moments.majority_share) if number_of_experts > 2 else "",
        number(_mean(summary.stable_ranks)),
    ]


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return math.fsum(known) / len(known) if len(known) else math.nan


def _as_json(found: inspection.Inspection, per: str) -> dict[str, Any]:
    content: dict[str, Any] = {
        "base": str(found.base),
        "experts": {id_: str(path) for id_, path in found.experts.items()},
    }
    for level in inspection.LEVELS[: inspection.LEVELS.index(per) + 1]:
        content[level] = {s.where: _place(s, list(found.experts)) for s in found.summaries(level)}
    return content


def _place(summary: inspection.Summary, ids: Sequence[str]) -> dict[str, Any]:
    columns = {name: list(map(_plain, v.tolist())) for name, v in summary.columns().items()}
    return {
        "elements": summary.moments.size,
        "base_norm": _plain(math.sqrt(summary.base_squares)),
        "majority_share": _plain(summary.moments.majority_share),
        "majority_by_chance": _plain(summary.moments.majority_by_chance),
        "experts": {id_: {n: v[i] for n, v in columns.items()} for i, id_ in enumerate(ids)},
        **{
            name: [list(map(_plain, row)) for row in matrix.tolist()]
            for name, matrix in summary.matrices().items()
        },
    }


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(f"{value:.{DIGITS}g}")


def _as_tsv(found: inspection.Inspection, per: str) -> str:
    lines = ["\t".join(COLUMNS)]
    for row in found.rows(per):
        value = _plain(row["value"])
        cells = {**row, "value": "" if value is None else f"{value:.{DIGITS}g}"}
        lines.append("\t".join(plain(str(cells[column])) for column in COLUMNS))
    return "\n".join(lines) + "\n"


def _write(text: str, file: str) -> None:
    if file == "-":
        sys.stdout.write(text)
    else:
        write_atomically(Path(file), text)
