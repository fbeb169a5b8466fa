"""The report's section on neurons: counts by language and layer, and how alike models use them."""

from collections.abc import Callable, Mapping

import pandas as pd

from babelmerge.analysis.neurons import findings
from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.display import html as page
from babelmerge.display import sections as shared
from babelmerge.display.material import Material, Section

INTRODUCTION = (
    "A neuron is a row of a block's gate projection, active at a token when its gate is positive; "
    "its rate of activity is the share of tokens at which it is. Rates are taken over the tokens "
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
CAPTIONS = {
    "neurons": (
        "Language-specific neurons by block (0 at the bottom) and language (columns), for every "
        "model. One colour scale for all panels. Framed: the language that the expert was trained "
        "on. Lines part early, middle and late blocks. Hatched: no count."
    ),
    "neuron-changes": (
        "The same counts minus the base's: green where a model has more neurons of a language in a "
        "block, purple where it has fewer, white where as many. One scale for all panels, even "
        "about 0. Framed: the language that the expert was trained on."
    ),
    "usage": (
        "Cosine (left) and Pearson's r (right) of rates of activity, by block. Top: means over "
        "pairs, on one scale with shuffled neurons (dots, 95% of shuffles in grey): the distance "
        "to these counts, not the height. Middle: the same without merges, faint lines are single "
        "pairs. Bottom: experts and merges, mean by method; dashes: joint training. Middle and "
        "bottom have scales of their own, up to 1, where models are the same."
    ),
}


def neurons(material: Material) -> Section | None:
    """Neurons of each language before and after training, and what merges do to their use."""
    selected = shared.by_direction(material, "neurons")
    used = shared.by_direction(material, "usage_alignment")
    if not selected and not used:
        return None
    body = ""
    if selected:
        settings = material.study.get("analysis", {}).get("neurons")
        told = INTRODUCTION.format(definition=neuron_tables.definition(settings))
        body += page.paragraphs([told])
        for name, tables in selected.items():
            body += shared.heading("Neurons by language", name, tables)
            body += _listed(findings.counts, tables)
            body += _table(material, name, tables, settings)
            for kind in ("neurons", "neuron-changes"):
                body += shared.figures(material, kind, name, CAPTIONS[kind])
    if used:
        body += "<h3>How alike models use their neurons</h3>" + page.paragraphs([USAGE])
        for name, tables in used.items():
            body += shared.heading("Use of neurons", name, tables) + _listed(findings.usage, tables)
            body += shared.figures(material, "usage", name, CAPTIONS["usage"])
    return Section("neurons", "Neurons", body)


def _listed(find: Callable[[pd.DataFrame, str], list[str]], tables: shared.Tables) -> str:
    return page.bullets(" ".join(find(rows, span)) for span, rows in tables.items())


def _table(material: Material, name: str, tables: shared.Tables, settings: Mapping | None) -> str:
    """Table 5, when some language has an expert."""
    tables = {
        span: rows for span, rows in tables.items() if (rows["model"] == neuron_rows.BASE).any()
    }
    if not any((rows["measure"] == "after").any() for rows in tables.values()):
        return ""
    table = neuron_tables.neuron_table(tables, shared.words(name, tables), settings)
    return page.table_box(table, material.tables.get(f"neurons-{name}"))
