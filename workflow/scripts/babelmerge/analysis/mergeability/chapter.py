"""The report's chapter on whether the inside of experts predicts what merges keep."""

from babelmerge.analysis.mergeability import figures, findings, outlook, scatter, tables
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

QUESTION = (
    "Which experts could be merged, judged by their inside alone? For each pair of experts: how "
    "alike their states are, how alike their task vectors, how alike their languages."
)
PREDICTION = (
    "What merges kept of their experts' scores, against the mean likeness of the pairs in them. "
    "Merges that share experts are not independent, so p comes from exchanging the experts."
)


def mergeability(parts: Parts) -> str:
    """Which pairs of experts look compatible, and how well that told what merges kept."""
    table = parts.frame("compatibility")
    if table.empty or table["value"].notna().sum() == 0:
        return ""
    body = page.paragraphs([QUESTION])
    if parts.study["scored"]:  # without scores the first chapter has said it
        body += page.bullets(outlook.in_short(table))
    return body + parts.table("compatibility") + _predicted(parts)


def _predicted(parts: Parts) -> str:
    correlations, points = parts.frame("correlations"), parts.frame("mergeability")
    if correlations.empty:
        return ""
    told = findings.outlooks(points) if len(points) else []
    body = "<h3>Did it tell what merges kept?</h3>" + page.paragraphs([PREDICTION])
    body += page.paragraphs([*told, *findings.predictions(correlations)])
    if correlations["value"].isna().all():  # then there is nothing to draw
        return body
    dropped = tables.outcome_of(correlations) == tables.DROP
    caption = scatter.CAPTION if dropped else figures.CAPTION
    body += chapters.drawn(parts, [("mergeability",)], caption)
    return body + parts.table("correlations")
