"""What a sweep or a search is asked, from the files and settings of its job."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

from babelmerge.data.lengths import readable
from babelmerge.evaluation.sweeps.scoring import Task
from babelmerge.files import provenance
from babelmerge.files.rows import read_rows
from babelmerge.models import adapter_config, checkpoints

SETTINGS = ("method", "datasets", "selection", "asked", "generation", "align")
HELD = "{} (held)"  # a column of a search's table: of a data set, the rows it does not see
Settings = Mapping[str, Any]


def task(cfg: Settings, files: Any, threads: int, batch_size: int) -> Task:
    """What a point's score depends on besides the point. cfg: of `study.graph.merge`.

    files: the job's inputs, named base, members, dev, lengths and, for some methods, statistics.
    """
    selection, dev = cfg["selection"], {}
    for dataset, path, lengths in zip(cfg["datasets"], files.dev, files.lengths, strict=True):
        rows = islice(read_rows(path), selection.get("rows"))
        dev[dataset] = list(readable(rows, lengths, selection["split"]))
    folders = (Path(path).parent for path in files.members)
    paths = [str(adapter_config.merged(folder, cfg["factors"])) for folder in folders]
    return Task(
        base=str(Path(files.base).parent),
        members=dict(zip(cfg["members"], paths, strict=True)),
        method=cfg["method"],
        dev=dev,
        metric=selection["metric"],
        asked=cfg["asked"],
        generation={**cfg["generation"], "batch_size": batch_size},
        statistics=dict(zip(cfg["members"], files.get("statistics") or [], strict=False)),
        threads=threads,
        align=cfg.get("align", False),
    )


def context(cfg: Settings, one: Task, code: str, lock: str) -> dict[str, Any]:
    """The same as fingerprints: a score is taken over only if all of it is as it was."""
    return {
        "code": code,
        "lock": lock,
        "models": [checkpoints.fingerprint(path) for path in (one.base, *one.members.values())],
        "dev": [provenance.digest(rows) for rows in one.dev.values()],
        "statistics": [provenance.file_digest(path) for path in one.statistics.values()],
        "settings": {k: cfg[k] for k in SETTINGS if k in cfg},
    }


def halved(one: Task, rows: int | None = None) -> tuple[Task, Task]:
    """The half that is searched on and the other, of every data set. rows: of each only the first.

    Raises ValueError for a data set of one row.
    """
    seen, unseen = {}, {}
    for name, found in one.dev.items():
        if len(found) < 2:
            raise ValueError(
                f"{name}: {len(found)} row(s) to select on; a search needs two at least, one to "
                "search on and one to be judged by"
            )
        seen[name], unseen[name] = halves(found[:rows])
    return replace(one, dev=seen), replace(one, dev=unseen)


def halves(rows: Sequence) -> tuple[list, list]:
    """The rows that a search optimises on, and those it does not see, each in order.

    Which row is where depends on its number alone and follows no pattern, so that rows which say
    the same in two languages lie on one side, and labels that take turns are on both.
    """
    drawn = sorted(range(len(rows)), key=lambda number: provenance.digest(["half", number]))
    first = set(drawn[: (len(rows) + 1) // 2])
    return [r for i, r in enumerate(rows) if i in first], [
        r for i, r in enumerate(rows) if i not in first
    ]
