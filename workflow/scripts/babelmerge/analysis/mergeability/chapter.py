"""The report's sections on task vectors and on whether the inside predicts the outside."""

import pandas as pd

from babelmerge.analysis.mergeability import findings, tables
from babelmerge.analysis.mergeability import outlook as report_inspection
from babelmerge.analysis.task_vectors import projection as kept
from babelmerge.display import html as page
from babelmerge.display.material import Material, Section
from babelmerge.words import labels

VECTORS = "task_vectors/"
EXPERTS = "experts"
INTRODUCTION = (
    "A task vector is an expert's weights minus the base's. Merging adds task vectors: those that "
    "point the same way add up, those that point against each other cancel, and those at right "
    "angles leave each other alone."
)
QUESTION = (
    "Which experts could be merged, judged by their inside alone? For each pair of experts: how "
    "alike their states are in late layers, how alike their task vectors, how alike their "
    "languages."
)
PREDICTION = (
    "What merges kept of their experts' scores, against the mean likeness of the pairs in them. "
    "Merges that share experts are not independent, so p comes from exchanging the experts."
)
CAPTIONS = {
    "task-vectors": (
        "Task vectors by block; E: the embeddings. Norm over the base's norm, stable rank "
        "(‖·‖F² / ‖·‖2²: how many directions an update uses), cosine and equal signs of pairs. "
        "Dotted: vectors that have nothing in common."
    ),
    "task-vector-kinds": (
        "Which modules moved, and in which experts moved alike: mean over experts (top) and over "
        "pairs (bottom) for each kind of matrix and block."
    ),
    "task-vector-cosines": (
        "Cosine of whole task vectors: blue for experts that moved the same way, orange for "
        "experts that moved against each other."
    ),
    "kept": (
        "What each merge keeps of each expert's task vector, by block (E: embeddings). Solid: the "
        "projection of the merge on the expert, 1 when all of it is there; dashed, hollow: cosine, "
        "1 for the same direction at any length; black: the merge's norm over the experts' mean. "
        "Dotted: 1/n, what an average of unrelated experts keeps."
    ),
    "mergeability": (
        "Retention against likeness. Large: mean over a group's experts; faint: each expert. r: "
        "Pearson's, ρ: Spearman's, over groups, mean of methods; p from exchanging experts, naive: "
        "as if groups were independent."
    ),
}


def task_vectors(material: Material) -> Section | None:
    """Where in depth experts differ, and what each merge keeps of each expert."""
    table = material.inside.get(VECTORS + EXPERTS)
    if table is None or table.empty:
        return None
    body = page.paragraphs([INTRODUCTION]) + page.paragraphs(findings.task_vectors(table))
    names = ("task-vectors", "task-vector-kinds", "task-vector-cosines")
    body += _drawn(_figure(material, name, CAPTIONS[name]) for name in names)
    rows = kept_of(material)
    if len(rows):
        body += "<h3>What merges keep of each expert</h3>" + page.bullets(findings.kept(rows))
        body += page.table_box(tables.kept_table(rows), material.tables.get("kept"))
        body += page.details("Layer by layer, group by group", _kept_figures(material))
    return Section("task-vectors", "Task vectors", body)


def mergeability(material: Material) -> Section | None:
    """Which pairs of experts look compatible, and how well that told what merges kept."""
    table = material.inside.get("compatibility")
    if table is None or table["value"].notna().sum() == 0:
        return None
    body = page.paragraphs([QUESTION])
    if not material.scores.empty:  # without scores the first section has said it
        body += page.bullets(report_inspection.in_short(table))
    box = page.table_box(tables.pairs_table(table), material.tables.get("compatibility"))
    pairs = len(table[["model", "other"]].drop_duplicates())
    body += box if pairs <= 10 else page.details(f"All {pairs} pairs", box)
    correlations = material.inside.get("correlations")
    if correlations is not None and len(correlations):
        body += "<h3>Did it tell what merges kept?</h3>" + page.paragraphs([PREDICTION])
        points = material.inside.get("mergeability")
        told = findings.outlooks(points) if points is not None and len(points) else []
        body += page.paragraphs([*told, *findings.predictions(correlations)])
        body += _drawn([_figure(material, "mergeability", CAPTIONS["mergeability"])])
        box = tables.correlations_table(correlations)
        body += page.table_box(box, material.tables.get("correlations"))
    return Section("mergeability", "Mergeability", body)


def kept_of(material: Material) -> pd.DataFrame:
    """`kept.kept_rows` of all groups whose task vectors are there."""
    groups = [name.removeprefix(VECTORS) for name in material.inside if name.startswith(VECTORS)]
    found = [
        kept.kept_rows(material.inside[VECTORS + group], group)
        for group in groups
        if group != EXPERTS
    ]
    found = [rows for rows in found if len(rows)]
    return pd.concat(found, ignore_index=True) if found else pd.DataFrame()


def _kept_figures(material: Material) -> str:
    names = [name for name in material.figures if name.startswith("kept-")]
    leads = [f"{labels.group(name.removeprefix('kept-'))}. " for name in names]
    return _drawn(
        _figure(material, name, lead + (CAPTIONS["kept"] if at == 0 else "As before."))
        for at, (name, lead) in enumerate(zip(names, leads, strict=True))
    )


def _figure(material: Material, name: str, caption: str) -> str:
    path = material.figures.get(name)
    return page.figure(path, caption, name) if path is not None else ""


def _drawn(figures) -> str:
    drawn = "".join(figures)
    return f'<div class="figures">{drawn}</div>' if drawn else ""
