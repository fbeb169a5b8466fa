"""The report's chapter on neurons: counts by language and layer, and how alike models use them."""

from collections.abc import Callable

import pandas as pd

from babelmerge.analysis.neurons import figures, findings, tables, usage_figures
from babelmerge.analysis.neurons.rows import LACKING
from babelmerge.display import chapters
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts, Tables

INTRODUCTION = (
    "A neuron is a row of a block's gate projection (in a model whose MLPs have no gates: of the "
    "projection up), active at a token when its pre-activation is positive; its rate of activity "
    "is the share of tokens at which it is. Rates are taken over the tokens "
    "of the source and of the target sentence apart: the first tell how a model reads, the second "
    "how it writes. {definition} Counts are of single models: how far they would differ with "
    "another seed of training is not known."
)
USAGE = (
    "Two models use their neurons alike in a block when their rates of activity are: the cosine of "
    "the two lists of rates, neuron by neuron. Rates are never negative, so that lists with "
    "nothing in common have a high cosine as well. Beside it stand Pearson's r, which is 0 for "
    "such lists, and what both give when one model's neurons are shuffled. Rates are averaged over "
    "the direction's languages where it has several."
)
CAPTIONS = {"neurons": figures.COUNTS, "neuron-changes": figures.DIFFERENCES}


def neurons(parts: Parts) -> str:
    """Neurons of each language before and after training, and what merges do to their use."""
    return _selected(parts) + _used(parts)


def _selected(parts: Parts) -> str:
    selected = parts.by_direction("neurons")
    if not selected:
        return ""
    definition = tables.definition(parts.study.get("neurons"))
    body = page.paragraphs([INTRODUCTION.format(definition=definition)])
    for direction, found in selected.items():
        body += chapters.heading("Neurons by language", direction, found)
        body += page.paragraphs(findings.left_out(found.values()))
        if not _any(found):
            continue
        body += _listed(findings.counts, found)
        body += parts.table("neurons", direction) if _told(found) else ""
        for kind, caption in CAPTIONS.items():
            body += chapters.of_direction(parts, kind, direction, caption)
    return body


def _told(found: Tables) -> bool:
    """Whether some language has an expert, which its table of before and after is about."""
    return any((rows["measure"] == "after").any() for rows in found.values())


def _any(found: Tables) -> bool:
    """Whether some model has neurons."""
    return any((rows["measure"] != LACKING).any() for rows in found.values())


def _used(parts: Parts) -> str:
    used = parts.by_direction("usage_alignment")
    if not used:
        return ""
    body = "<h3>How alike models use their neurons</h3>" + page.paragraphs([USAGE])
    for direction, found in used.items():
        body += chapters.heading("Use of neurons", direction, found)
        body += page.paragraphs(findings.left_out(found.values()))
        if not _any(found):
            continue
        body += _listed(findings.usage, found)
        body += chapters.of_direction(parts, "usage", direction, usage_figures.CAPTION)
    return body


def _listed(find: Callable[[pd.DataFrame, str], list[str]], found: Tables) -> str:
    return page.bullets(" ".join(find(rows, span)) for span, rows in found.items())
