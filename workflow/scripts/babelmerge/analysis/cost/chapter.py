"""The report's chapter on what training cost."""

from babelmerge.analysis.cost import figures, findings, tables
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

INTRODUCTION = (
    "One model of all languages can be had in two ways: by training it on all of them at once, or "
    "by training an expert for each and merging. When one language gets new data, the first way "
    "trains everything again, the second one expert."
)


def cost(parts: Parts) -> str:
    """What each way takes, and what was published on it."""
    table = parts.frame("cost")
    if table.empty:
        return ""
    body = page.paragraphs([INTRODUCTION])
    body += page.bullets([*findings.told(table, parts.study), *findings.choosing(table)])
    keys = [key for key in parts.figures if key[0] == "cost"]
    body += chapters.drawn(parts, keys, figures.BARS, lambda key: _lead(parts, key[1]))
    body += parts.table("cost")
    claims = list(findings.claims(table, parts.frame("published")))
    if claims:
        body += "<h3>What was published</h3>" + page.bullets(claims)
    return body + page.paragraphs([findings.DEPENDS])


def _lead(parts: Parts, direction: str) -> str:
    words = tables.called(direction, parts.study)
    return f"{words}. " if words else ""
