"""A made-up report's material, its section and its scripts, for tests of what people are shown."""

import re
import runpy
import types
from pathlib import Path

import made_up_study
import pytest
from places import SCRIPTS

from babelmerge.display import style as figure_style
from babelmerge.report.report import Material

STUDY = {"name": "made-up", "metric": "bleu", "title": "Made up", "languages": ["en", "hi"]}
LANGUAGES = ("hi", "bn")


class Wildcards(dict):
    """Names as attributes too."""

    __getattr__ = dict.__getitem__


def shown(folder: Path, inside: dict, drawn: dict, table: str) -> dict:
    """Long tables, figures and one table file, as `Material` takes them.

    inside: name, as in `cka/xx-en.source`, -> long table. drawn: name -> a figure, which stands for
    those of all directions and spans. table: the name of the file.
    """
    paths = {n: figure_style.save(figure, folder / n, ("svg",))[0] for n, figure in drawn.items()}
    places = dict.fromkeys(name.partition("/")[2] for name in inside)
    file = folder / f"{table}.tsv"
    file.write_text("dataset\n")
    figures = {f"{name}-{place}": path for name, path in paths.items() for place in places}
    return {"inside": inside, "figures": figures, "tables": {table: file}}


def bare(**changes):
    """A material of only what is needed."""
    scores = made_up_study.scores()
    values = {"study": STUDY, "families": made_up_study.groups(), "scores": scores} | changes
    return Material(**values)


def material(study: dict, **parts) -> Material:
    """Of a study of two languages that has scores."""
    facts = {
        "study": study,
        "families": made_up_study.groups(LANGUAGES),
        "scores": made_up_study.scores(LANGUAGES),
    }
    return Material(**facts | parts)


def captions(content: str) -> list[str]:
    """What stands below the figures of a section, whose ids are all different and all there."""
    ids = re.findall(r'\bid="([^"]*)"', content)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r'(?:"#|\(#)([^")]+)', content)) <= set(ids)
    return re.findall(r"<figcaption>(.*?)</figcaption>", content)


def run_script(
    name: str,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: list[str],
    outputs: list[str],
    cfg: dict,
    **wildcards: str,
) -> None:
    """A script as Snakemake runs it, without the warm server, which only changes where."""
    job = types.SimpleNamespace(
        rule=name,
        wildcards=Wildcards(wildcards),
        input=files,
        output=outputs,
        params=types.SimpleNamespace(cfg=cfg),
        log=[str(folder / "log")],
        threads=1,
    )
    monkeypatch.syspath_prepend(str(SCRIPTS))
    runpy.run_path(str(SCRIPTS / f"{name}.py"), init_globals={"snakemake": job})
