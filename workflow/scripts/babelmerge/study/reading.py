"""Read a study whole: its file, its plan, and every check that needs no work to be done.

Everything that can be wrong with a study is found here, as a ValueError that names the file.
"""

from pathlib import Path

from babelmerge.recipes.methods import METHODS
from babelmerge.study.checks import (
    adapters,
    beside,
    harness,
    packing,
    path_lengths,
    splitting,
    taken,
)
from babelmerge.study.checks import files as named_files
from babelmerge.study.grammar import study as grammar
from babelmerge.study.grammar.study import Study
from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan import expand as planning
from babelmerge.study.plan.types import Plan
from babelmerge.tasks.kinds import KINDS
from babelmerge.words.showing import shown

FILE = "config.yaml"


def read(file: str | Path, data: str | Path) -> tuple[Study, Plan]:
    """A study and its plan. data: the folder that relative file patterns start from."""
    study = grammar.load(file, data=data)
    plan = planning.expand(study)
    built = [kind.name for kind in KINDS.values() if kind.built]
    planning.check_built(plan, built, tuple(METHODS))
    named_files.check_files(plan)
    taken.check(plan)
    adapters.check(plan)
    harness.check(plan)
    packing.check(plan)
    path_lengths.check(plan)
    splitting.check(plan)
    return study, plan


def read_all(studies: object, data: object) -> dict[str, tuple[Study, Plan]]:
    """The studies that config.yaml names, by name."""
    if not isinstance(data, str | int):  # a folder may be called 2026
        raise StudyError(message(FILE, "data", shown(data), "a folder", "For example data: '.'"))
    found: dict[str, tuple[Study, Plan]] = {}
    for file in files(studies):
        study, plan = read(file, str(data))
        if plan.name in found:
            text = f"{plan.name} twice, {found[plan.name][1].study} and {file}"
            raise StudyError(message(FILE, "studies", text, "each name once", "Rename one file."))
        found[plan.name] = study, plan
    beside.check({name: plan for name, (_, plan) in found.items()})
    return found


def files(studies: object) -> list[str]:
    """The study files of a list, or of one text with commas between them."""
    if isinstance(studies, str) and "," in studies and Path(studies).is_file():
        found = f"the file {shown(studies)}, with a comma in its name, where studies are parted"
        raise StudyError(message(FILE, "studies", found, "no comma", "Rename the file."))
    named = studies.split(",") if isinstance(studies, str) else studies
    if isinstance(named, list) and named and all(isinstance(f, str) and f.strip() for f in named):
        return [file.strip() for file in named]
    expected = "study files: a list, or one text with commas between them"
    remedy = "For example --config studies=config/studies/translation-mini.yaml."
    raise StudyError(message(FILE, "studies", shown(studies), expected, remedy))
