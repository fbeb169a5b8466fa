"""The report's chapter on task vectors: how far experts moved, and what merges keep of each."""

import pandas as pd

from babelmerge.analysis.task_vectors import figures, findings, kept_figure
from babelmerge.analysis.task_vectors.projection import kept_rows
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

INTRODUCTION = (
    "A task vector is an expert's weights minus the base's. Merging adds task vectors: those that "
    "point the same way add up, those that point against each other cancel, and those at right "
    "angles leave each other alone."
)
CAPTIONS = {
    "task-vectors": figures.DEPTH,
    "task-vector-kinds": figures.MODULES,
    "task-vector-cosines": figures.COSINES,
    "task-vector-tasks": figures.TASKS,
}


def task_vectors(parts: Parts) -> str:
    """Where in depth experts differ, and what each merge keeps of each expert."""
    table = parts.frame("experts")
    if table.empty:
        return ""
    body = page.paragraphs([INTRODUCTION]) + page.paragraphs(
        [*findings.task_vectors(table), *findings.by_task(table, parts.study.get("tasks", {}))]
    )
    body += chapters.side_by_side(
        [
            page.figure(parts.figures[name,], caption)
            for name, caption in CAPTIONS.items()
            if (name,) in parts.figures
        ]
    )
    rows = kept_of(parts)
    if len(rows):
        body += "<h3>What merges keep of each expert</h3>" + page.bullets(findings.kept(rows))
        drawn = chapters.of_groups(parts, "kept", kept_figure.CAPTION)
        body += parts.table("kept") + page.details("Layer by layer, group by group", drawn)
    return body


def kept_of(parts: Parts) -> pd.DataFrame:
    """`kept_rows` of all groups whose task vectors, long tables (group, name), are there."""
    found = [kept_rows(table, group) for group, table in parts.named("group").items()]
    found = [rows for rows in found if len(rows)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()
