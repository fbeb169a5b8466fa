"""The files and folders that a plan reads: all are there before any work is done."""

import csv
import os
import stat
from collections.abc import Iterable
from pathlib import Path

from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Plan
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

# Of a table of published values; `analysis.scores.published` says what they are.
PUBLISHED = ("model_kind", "expert", "method", "family", "dataset", "metric", "value", "source")
MISSING = "is missing"


def check_files(plan: Plan) -> None:
    """StudyError that lists every file and folder a plan reads and that it could not read."""
    wanted = {(path, False): f"{id_} {split}" for id_, split, path in _corpus_files(plan)}
    sources = {id_: model.source for id_, model in plan.taken.items()}
    sources |= {"evaluation.bertscore": plan.encoder.source} if plan.encoder else {}
    wanted |= {(source.path, True): name for name, source in sources.items() if source.path}
    if own := plan.analysis.get("mergeability", {}).get("typology"):
        wanted |= {(own["path"], False): "analysis.mergeability.typology"}
    found = {place: problem(*place) for place in wanted}
    _refuse(plan, {p[0]: wanted[p] for p, said in found.items() if said == MISSING})
    wrong = [f"  {p[0]} {said} (for {wanted[p]})" for p, said in found.items() if said]
    if wrong:
        raise StudyError(f"{plan.study}: {len(wrong)} file(s) can't be read:\n" + "\n".join(wrong))
    if plan.published:
        _check_published(plan.study, plan.published)


def problem(path: str, folder: bool = False) -> str | None:
    """What keeps a file (or folder) from being read; None for nothing."""
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        return MISSING
    except (OSError, ValueError) as error:
        return f"can't be reached: {_told(error)}"
    if folder != stat.S_ISDIR(mode):
        return "is no folder" if folder else "is a folder, and a file is expected"
    if not folder and not stat.S_ISREG(mode):
        return "is no regular file"
    readable = os.access(path, os.R_OK | os.X_OK if folder else os.R_OK)
    return None if readable else "may not be read; change its permissions"


def _told(error: OSError | ValueError) -> str:
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def _corpus_files(plan: Plan) -> Iterable[tuple[str, str, str]]:
    """(data set, split, path) of every file of the user's own."""
    for dataset in plan.datasets.values():
        for split, requests in dataset.splits.items():
            for request in requests:
                for path in request.paths:
                    yield dataset.id, split, path


def _refuse(plan: Plan, missing: dict[str, str]) -> None:
    """StudyError for what is missing, with what would bring it."""
    if not missing:
        return
    told = [f"  {path} (for {use})" for path, use in missing.items()]
    told += [
        f"results/{name} is what a study called {name} builds: run it first"
        for name in sorted({p.split("/")[1] for p in missing if p.startswith("results/")})
    ]
    raise StudyError(
        f"{plan.study}: {len(missing)} file(s) are missing; give the folder that holds them by "
        "--data FOLDER, or correct `corpora` or `path` in the study:\n" + "\n".join(told)
    )


def _check_published(study: str, path: str) -> None:
    """StudyError for a table of published values that can't be read, lacks columns or numbers."""

    def refuse(found: str, expected: str, remedy: str = "") -> StudyError:
        return StudyError(message(study, "published", f"{path}, {found}", expected, remedy))

    if said := problem(path):
        remedy = "The path starts at the folder that the workflow runs in."
        raise refuse(f"which {said}", "a table of published values, tab-separated", remedy)
    try:
        rows = list(csv.reader(Path(path).read_text(encoding="utf-8").splitlines(), delimiter="\t"))
    except (UnicodeDecodeError, csv.Error) as error:
        raise refuse(str(error), "tab-separated text in UTF-8") from None
    header = rows[0] if rows else []
    if lacking := [name for name in PUBLISHED if name not in header]:
        remedy = nearest(lacking[0], header)
        raise refuse(f"without {listed(lacking)}", f"columns {listed(PUBLISHED)}", remedy)
    at = header.index("value")
    for line, row in enumerate(rows[1:], start=2):
        if row and not _is_number(row[at] if at < len(row) else ""):
            raise refuse(f"line {line}: {shown(row)}", "a number under value")


def _is_number(text: str) -> bool:
    try:
        return bool(text) and abs(float(text)) < float("inf")
    except ValueError:
        return False
