"""The report: one HTML file that tells the story of a study, offline, on any screen.

It joins chapters that are files of their own; those that found nothing to say are empty, and
skipped.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import jinja2

from babelmerge.files.atomic import write_atomically

TEMPLATE = "report.html.j2"


class Chapter(NamedTuple):
    """A chapter: its anchor, its heading, and the file with its body, a fragment of HTML."""

    id: str
    title: str
    file: str | Path


def write_report(
    path: str | Path, name: str, chapters: Iterable[Chapter], title: str | None = None
) -> Path:
    """Write the report of a study to one self-contained HTML file; returns its path.

    name: the study's; it stands for a title where there is none. The file appears whole or not at
    all.
    """
    write_atomically(path, render(name, chapters, title))
    return Path(path)


def render(name: str, chapters: Iterable[Chapter], title: str | None = None) -> str:
    """The page as text; the same chapters give the same text."""
    told = [
        {"id": one.id, "title": one.title, "html": Path(one.file).read_text(encoding="utf-8")}
        for one in chapters
    ]
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    return environment.get_template(TEMPLATE).render(
        title=title or name, name=name, sections=[one for one in told if one["html"]]
    )
