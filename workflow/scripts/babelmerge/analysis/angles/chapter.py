"""The report's chapter on representations: CKA and principal angles by layer."""

from collections.abc import Callable

from babelmerge.analysis import curves
from babelmerge.analysis.angles import figures, findings, heatmap
from babelmerge.analysis.cka import figures as cka_figures
from babelmerge.analysis.cka import findings as cka_findings
from babelmerge.display import chapters, labels
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts, Tables

CKA = (
    "Every model reads the same sentences; in each layer a sentence is the mean of its tokens' "
    "states. Linear CKA asks whether two models find the same sentences alike: it is 1 when their "
    "representations are the same but for rotation and scale. The debiased estimate, shown unless "
    "said otherwise, is 0 on average for representations that have nothing in common; the biased "
    "one, which papers print, is far above 0 for them when sentences are few. Layer 0 is the "
    "embeddings, layer k what block k gives. Intervals are from resampled sentences: they do not "
    "say how much another seed of training would change."
)
ANGLES = (
    "Principal angles compare the directions in which sentences differ most: 0° when two models "
    "use the same r directions, 90° when they share none. Unlike CKA they depend on how features "
    "are turned, as merging weights does. Two levels to hold them against: one model on two halves "
    "of the sentences (what the choice of sentences alone does; each half has half as many), and "
    "random subspaces of the same size."
)


def representations(parts: Parts) -> str:
    """Where in depth models part, against what chance and halves of the data give."""
    return _cka(parts) + _angles(parts)


def _cka(parts: Parts) -> str:
    told, groups = _with_experts(parts, "cka"), parts.study["groups"]
    if not told:
        return ""
    named = {chapters.words(direction, found): found for direction, found in told.items()}
    body = page.paragraphs([CKA]) + page.bullets(cka_findings.directions(named, groups))
    caption = cka_figures.CAPTION.format(confidence=labels.percent(parts.study["confidence"]))
    for direction, found in told.items():
        body += chapters.heading("CKA", direction, found)
        body += page.paragraphs(cka_findings.spans(found, groups))
        body += _said(cka_findings.cka, found, groups)
        body += parts.table("cka-bands", direction) + parts.table("cka-last", direction)
        body += chapters.of_direction(parts, "cka", direction, caption)
    return body


def _angles(parts: Parts) -> str:
    told, groups = _with_experts(parts, "angles"), parts.study["groups"]
    if not told:
        return ""
    body = "<h3>Principal angles</h3>" + page.paragraphs([ANGLES])
    for direction, found in told.items():
        body += chapters.heading("Principal angles", direction, found)
        body += _said(findings.angles, found, groups)
        body += chapters.of_direction(parts, "angles", direction, figures.CAPTION)
        body += chapters.of_direction(parts, "angle-pairs", direction, heatmap.CAPTION)
    return body


def _with_experts(parts: Parts, what: str) -> dict[str, Tables]:
    """Direction -> span -> long table, of those that have an expert."""
    told = {
        direction: {span: rows for span, rows in found.items() if curves.subjects(rows)}
        for direction, found in parts.by_direction(what).items()
    }
    return {direction: found for direction, found in told.items() if found}


def _said(find: Callable, found: Tables, groups: curves.Groups) -> str:
    """For each span, what matters most as a paragraph and the rest as a list."""
    every = [find(rows, span, groups) for span, rows in found.items()]
    return "".join(page.paragraphs(said[:1]) + page.bullets(said[1:]) for said in every)
