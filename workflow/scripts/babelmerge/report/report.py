"""The report: one HTML file that tells the story of a study, offline, on any screen.

`write_report` takes a `Material` and writes the page. Later stages add a section by a function in
`SECTIONS`, or hand ready sections over in `Material.extra`.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

import jinja2

from babelmerge.analysis.angles import chapter as report_similarity
from babelmerge.analysis.interventions import chapter as report_interventions
from babelmerge.analysis.mergeability import chapter as report_mergeability
from babelmerge.analysis.mergeability import outlook as report_inspection
from babelmerge.analysis.neurons import chapter as report_neurons
from babelmerge.display.material import Material, Section
from babelmerge.files.atomic import write_atomically
from babelmerge.report import sections

__all__ = ["SECTIONS", "Material", "Section", "render", "write_report"]

TEMPLATE = "report.html.j2"
Maker = Callable[[Material], Section | None]
SECTIONS: tuple[Maker, ...] = (
    report_inspection.inspected,
    sections.question,
    sections.setup,
    sections.experts,
    sections.merges,
    sections.failures,
    report_similarity.representations,
    report_neurons.neurons,
    report_mergeability.task_vectors,
    report_mergeability.mergeability,
    report_interventions.interventions,
    sections.reproducibility,
)


def write_report(path: str | Path, material: Material, makers: Sequence[Maker] = SECTIONS) -> Path:
    """Write the report of a study to one self-contained HTML file; returns its path.

    The file appears whole or not at all. Raises ValueError when a figure is not our SVG.
    """
    write_atomically(path, render(material, makers))
    return Path(path)


def render(material: Material, makers: Sequence[Maker] = SECTIONS) -> str:
    """The page as text; the same material gives the same text."""
    made = [section for section in (make(material) for make in makers) if section is not None]
    # What made the report stays last, whatever else is told.
    body = [*made[:-1], *material.extra, *made[-1:]]
    loader = jinja2.FileSystemLoader(Path(__file__).parent)
    environment = jinja2.Environment(
        loader=loader, autoescape=True, undefined=jinja2.StrictUndefined
    )
    title = material.study.get("title") or material.study["name"]
    return environment.get_template(TEMPLATE).render(
        title=title, name=material.study["name"], sections=body
    )
