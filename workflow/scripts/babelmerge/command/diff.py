"""The command diff: what `differences` finds, as a page or JSON."""

import argparse
import itertools
import math
from collections.abc import Iterable, Sequence

from babelmerge.command import terminal
from babelmerge.command.terminal import number, share, shorten, table
from babelmerge.models import differences

MOST = 20  # tensors, and keys of one file, listed unless all are asked for


def diff(options: argparse.Namespace) -> int:
    """Compare; 0 when the models are the same, 1 when not."""
    if len(options.paths) != 2:
        options.parser.error("expected two models, A and B")
    a, b = options.paths
    progress = None if options.quiet else terminal.Progress("comparing")
    with terminal.warnings_shown(progress):
        found = differences.compare(a, b, progress)
    if options.json:
        print(terminal.as_json(found.as_json()))
    elif not options.quiet:
        print("\n\n".join(_differences(found, MOST if not options.all else None)))
    return 0 if found.same else 1


def _differences(found: differences.Comparison, most: int | None) -> Iterable[str]:
    if found.same:
        yield f"same: {found.identical} tensors, configuration and tokenizer"
    else:
        yield f"tensors: {found.identical} identical, {len(found.tensors)} differ"
    if found.tensors:
        yield _tensor_table(found.tensors, most)
    if found.files:
        yield _file_table(found.files, most)


def _file_table(found: Sequence[differences.FileDifference], most: int | None) -> str:
    """Keys that differ, so many of each file; what is left of a file is counted below."""
    rows, more = [], []
    for file, several in itertools.groupby(found, key=lambda row: row.file):
        keys = list(several)
        rows += [
            (file, shorten(row.key, 40), shorten(row.a, 24), shorten(row.b, 24))
            for row in keys[:most]
        ]
        if left := len(keys[most:]) if most else 0:
            more.append(f"… and {left} more in {file} (--all)")
    return "\n".join([table(("file", "key", "a", "b"), rows, left=4), *more])


def _tensor_table(found: Sequence[differences.TensorDifference], most: int | None) -> str:
    ranked = sorted(found, key=lambda row: -row.relative if row.relative >= 0 else -math.inf)
    rows = [
        (
            row.name,
            f"{row.what} {row.detail}".strip(),
            number(row.largest),
            number(row.relative),
            share(row.changed),
        )
        for row in ranked[:most]
    ]
    header = ("tensor", "", "max |b − a|", "relative", "changed")
    left = len(found) - len(rows)
    text = table(header, rows, left=2)
    less = "" if any(math.isnan(row.relative) for row in ranked) else " that differ less"
    return f"{text}\n… and {left} more{less} (--all)" if left > 0 else text
