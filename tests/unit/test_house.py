"""The house stays in order: small folders, faces that speak, short rules, jobs without a study.

Who may import whom is checked by import-linter (see pyproject.toml).
"""

import ast
import re
from pathlib import Path

import pytest
from places import ROOT, SCRIPTS

PACKAGE = SCRIPTS / "babelmerge"
MOST_FILES = 15
MOST_LINES = 30  # of a rule
CODE = (".py", ".smk", ".j2")
HOUSE = (PACKAGE, ROOT / "workflow" / "rules", ROOT / "tests", ROOT / "benchmarks")
# Faces of rooms that are used as a whole; the others import nothing, see docs/architecture.md.
IMPORTING = ("", "data/controlled", "merging", "models", "study/graph")
ROOMS = sorted(face.parent for face in PACKAGE.rglob("__init__.py"))
SHORT = re.compile(r"(?:use )?(?:rule|checkpoint) \w+")


def place(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix().removeprefix(".")


def code_by_folder() -> dict[Path, list[str]]:
    """Folder -> its files of code; rule scripts apart, which Snakemake wants in one folder."""
    found: dict[Path, list[str]] = {}
    for top in HOUSE:
        for path in top.rglob("*"):
            if path.suffix in CODE:
                found.setdefault(path.parent, []).append(path.name)
    return found


def rules() -> dict[str, int]:
    """Rule -> its number of lines."""
    found = {}
    for file in sorted((ROOT / "workflow" / "rules").glob("*.smk")):
        for part in re.split(r"(?m)^(?=\S)", file.read_text(encoding="utf-8")):
            if head := SHORT.match(part):
                found[f"{file.name}: {head[0]}"] = len(part.rstrip().splitlines())
    return found


def imports(path: Path) -> set[str]:
    """Dotted names that a file imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def test_no_folder_of_code_is_crowded():
    folders = code_by_folder()
    assert len(folders) > 30
    crowded = {str(k): len(names) for k, names in folders.items() if len(names) > MOST_FILES}
    assert not crowded, f"more than {MOST_FILES} files; give some of them a folder of their own"


def test_every_folder_of_the_package_has_a_face():
    folders = {path.parent for path in PACKAGE.rglob("*.py")}
    assert folders == set(ROOMS)


@pytest.mark.parametrize("room", ROOMS, ids=place)
def test_a_face_says_what_its_room_is_for(room):
    tree = ast.parse((room / "__init__.py").read_text(encoding="utf-8"))
    told = ast.get_docstring(tree) or ""
    assert len(told.split()) >= 8, f"{place(room)}: say what it offers and where to start"
    if place(room) not in IMPORTING:
        assert len(tree.body) == 1, f"{place(room)}: what a face imports, every user depends on"


def test_a_rule_reads_alone():
    lines = rules()
    assert len(lines) > 40
    assert not {name: n for name, n in lines.items() if n > MOST_LINES}


def test_no_job_imports_a_study_and_each_begins_with_job():
    scripts = [
        path
        for path in SCRIPTS.glob("*.py")
        if path.name not in ("calling.py", "job.py", "warm.py")
    ]
    assert len(scripts) > 40
    for path in scripts:
        studies = {n for n in imports(path) if f"{n}.".startswith("babelmerge.study.")}
        assert not studies, f"{path.name} runs in a job; hand it what it needs as params"
        first = next(
            line for line in path.read_text(encoding="utf-8").splitlines() if "import " in line
        )
        assert first == "from job import running", f"{path.name}: its first import is job"
