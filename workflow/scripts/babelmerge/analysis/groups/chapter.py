"""The report's chapter on ablations: further groups, merges across tasks, other studies."""

from collections.abc import Mapping

from babelmerge.analysis.groups import findings, studies_figure
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

INTRODUCTION = (
    "Other groups over the same data sets, each beside the merge of the main group by the same "
    "method: the same experts merged otherwise, an expert that was trained on more data, some of "
    "the experts, experts of other tasks or directions too."
)
ACROSS = (
    "Experts of several tasks merged all at once, and the merges of each task merged again, beside "
    "the merges of each task by itself."
)
STUDIES = (
    "The same question asked with another base: what this study and those beside it have in common."
)


def ablations(parts: Parts) -> str:
    """What further groups give, direction by direction; merges across tasks; other studies."""
    rows = _training_rows(parts)
    body = "".join(_direction(parts, name, rows) for name in parts.study["directions"])
    body = page.paragraphs([INTRODUCTION]) + body if body else ""
    if across := parts.table("across-tasks"):
        body += "<h3>Across tasks</h3>" + page.paragraphs([ACROSS]) + across
    return body + _studies(parts)


def _direction(parts: Parts, name: str, rows: Mapping[str, float]) -> str:
    """The groups of one direction."""
    table = parts.frame("groups", name)
    if table.empty:
        return ""
    told, metric = parts.study["changes"][name], parts.study["metrics"][name]
    datasets = parts.study["directions"][name]
    sentences = [*findings.changes(table, told, datasets, metric, rows)]
    said = page.bullets([*sentences, *findings.otherwise(table, metric)])
    body = chapters.heading("Groups", name, {"": table[table["dataset"] != ""]})
    box = parts.table("ablations", name)  # which folds itself where it is long
    many = box.count('scope="row"') > page.MOST_ROWS
    return body + (page.details("Group by group", said) if many else said) + box


def _studies(parts: Parts) -> str:
    """This study beside others."""
    table = parts.table("studies")
    if not table:
        return ""
    drawn = chapters.drawn(parts, [("studies",)], studies_figure.CAPTION)
    return "<h3>Beside other studies</h3>" + page.paragraphs([STUDIES]) + drawn + table


def _training_rows(parts: Parts) -> dict[str, float]:
    """Data set -> number of its training rows."""
    sizes = parts.frame("sizes")
    if "train" not in sizes:
        return {}
    pairs = zip(sizes["dataset"], sizes["train"], strict=True)
    return {dataset: float(count) for dataset, count in pairs if count}
