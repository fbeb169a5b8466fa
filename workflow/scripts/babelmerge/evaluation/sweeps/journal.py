"""Sweeps: which points of a grid still need a score, where scores are kept, and which point wins.

The journal is what makes a sweep cheap to extend and safe to kill: one line for each point that was
scored, under a fingerprint of everything the score depends on, so that a later run takes it over if
and only if it would come out the same. Knows nothing of models or merging.
"""

import json
import logging
import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from babelmerge.files import provenance

LOG = logging.getLogger(__name__)
Point = Mapping[str, object]
Scores = Mapping[str, float]
FACTS = ("mean", "seconds", "selected", "alias_of")


def read_journal(path: str | Path) -> dict[str, dict]:
    """Entries of a journal by fingerprint; a line that a kill cut short is passed over."""
    entries = {}
    if not Path(path).exists():
        return entries
    for line in Path(path).read_bytes().split(b"\n"):  # a kill may cut within a character
        try:
            entry = json.loads(line)
            entries[entry["key"]] = entry
        except (ValueError, TypeError, KeyError):
            continue
    return entries


def append(path: Path, entry: Mapping) -> None:
    """One more line, on disk when this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(path, "a+b") as stream:
        # After a kill the last line may lack its end; a new entry must not grow onto it.
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            if stream.read(1) != b"\n":
                stream.write(b"\n")
        stream.write(json.dumps(entry, ensure_ascii=False).encode() + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def run(
    grid: Sequence[Point],
    aliases: Mapping[int, int],
    context: object,
    journal: str | Path,
    evaluate: Callable[[Sequence[Point]], Iterable[tuple[int, Scores, float]]],
    level: int = logging.WARNING,
) -> list[dict]:
    """Score every point once and keep each score as soon as it is known.

    Args:
        grid: the points. aliases: index of a point → index of an earlier point that is the same
        model; it takes over that score. context: JSON-able, everything besides the point that a
        score depends on. journal: file of the scores known so far; appended to. evaluate: yields
        (index, score by data set, seconds) for each of the points it is given, in any order.
        level: at which it is logged how many of the points are new.
    Returns: for each point {"scores", "seconds", "alias_of"}, in the order of the grid.
    """
    known = read_journal(journal)
    keys = [provenance.digest([context, dict(point)]) for point in grid]
    missing = [i for i in range(len(grid)) if i not in aliases and keys[i] not in known]
    LOG.log(
        level,
        "%d points: %d to score, %d known, %d the same model as another",
        len(grid),
        len(missing),
        len(grid) - len(missing) - len(aliases),
        len(aliases),
    )
    done = evaluate([grid[i] for i in missing]) if missing else ()
    for index, scores, seconds in done:
        i = missing[index]
        known[keys[i]] = {"key": keys[i], "scores": dict(scores), "seconds": round(seconds, 3)}
        append(Path(journal), known[keys[i]] | {"point": dict(grid[i])})
        LOG.info("point %d of %d: %s: %s", i + 1, len(grid), dict(grid[i]), dict(scores))
    if lost := [i for i in missing if keys[i] not in known]:
        raise RuntimeError(f"{len(lost)} of {len(missing)} points came back without a score")
    return [_result(i, aliases, keys, known) for i in range(len(grid))]


def _result(i: int, aliases: Mapping[int, int], keys: Sequence[str], known: Mapping) -> dict:
    entry = known[keys[aliases.get(i, i)]]
    seconds = 0.0 if i in aliases else entry["seconds"]
    return {"scores": entry["scores"], "seconds": seconds, "alias_of": aliases.get(i)}


def table(grid: Sequence[Point], results: Sequence[Mapping]) -> pd.DataFrame:
    """One row a point: its parameters, score by data set, mean, seconds, selected, alias_of.

    Selected is the point with the highest mean over the data sets; the first such in grid order,
    so that the choice does not depend on anything else.
    """
    rows = [
        {**point, **result["scores"], "mean": mean_of(result["scores"].values())}
        | {"seconds": result["seconds"], "selected": False, "alias_of": result["alias_of"]}
        for point, result in zip(grid, results, strict=True)
    ]
    frame = pd.DataFrame(rows)
    frame["alias_of"] = frame["alias_of"].astype("Int64")
    frame.loc[select(frame["mean"]), "selected"] = True
    return frame


def winner(grid: Sequence[Point], sweep: str | Path | None) -> Point:
    """The point that a sweep's or search's table selected; a grid's only one where there is none.

    A search's table holds its points itself.
    """
    if sweep is None:
        return grid[0]
    table = pd.read_csv(sweep, sep="\t")
    number = int(table["selected"].astype(bool).to_numpy().argmax())
    return json.loads(table["point"][number]) if searched(table) else grid[number]


def searched(table: pd.DataFrame) -> bool:
    """Whether a table is that of a search, and not of a grid."""
    return "held" in table


def select(means: Sequence[float]) -> int:
    """Index of the highest mean, the first if there are several; ValueError if one is no number."""
    values = list(means)
    if lost := [number for number, value in enumerate(values) if math.isnan(value)]:
        raise ValueError(
            f"sweep: of {len(values)} points {len(lost)} have no mean score, point {lost[0] + 1} "
            "the first; check the dev data, and that the point makes a model that answers"
        )
    return max(range(len(values)), key=lambda i: (values[i], -i))


def mean_of(values: Iterable[float]) -> float:
    """The mean of some scores."""
    values = list(values)
    return sum(values) / len(values)
