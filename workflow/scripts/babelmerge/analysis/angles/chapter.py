"""The report's section on representations: CKA and principal angles by layer."""

from collections.abc import Callable, Iterator, Mapping

import pandas as pd

from babelmerge.analysis import curves
from babelmerge.analysis.angles import findings as about_angles
from babelmerge.analysis.cka import findings
from babelmerge.analysis.cka import tables as similarity_tables
from babelmerge.display import html as page
from babelmerge.display import sections as shared
from babelmerge.display.material import Material, Section
from babelmerge.words import labels

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
CAPTIONS = {
    "cka": (
        "Debiased CKA by layer, with {confidence} intervals, of each expert on its own data: with "
        "the base, the other experts (mean) and merges, by method (of the group of the whole "
        "direction; where there is none, the mean over groups). Shaded: mid and late layers. N: "
        "after the final norm. Dots: what the biased estimate would give for unrelated "
        "representations; printed values near it mean nothing."
    ),
    "angles": (
        "Median principal angle by layer, of the same pairs. Dashes: the expert on two halves of "
        "the sentences. Dots: random subspaces (grey: 95% of draws). N: after the final norm. "
        "Below: the mean over late layers by the number of directions r; blue: all merges."
    ),
    "angle-pairs": (
        "Median principal angle in late layers, in degrees: models (rows) with each expert on its "
        "own data (columns); dark: far apart. Framed, without colour: the expert on two halves of "
        "the sentences. Orange in the colour bar: the mean of these, and random subspaces."
    ),
}
MAKERS = {"bands": similarity_tables.bands_table, "last": similarity_tables.last_table}


def representations(material: Material) -> Section | None:
    """Where in depth models part, against what chance and halves of the data give."""
    cka, angles = _with_experts(material, "cka"), _with_experts(material, "angles")
    if not cka and not angles:
        return None
    groups = {g: sets for family in material.families.values() for g, sets in family.items()}
    body = ""
    if cka:
        named = {shared.words(name, tables): tables for name, tables in cka.items()}
        body += page.paragraphs([CKA]) + page.bullets(findings.directions(named, groups))
        for name, tables in cka.items():
            body += shared.heading("CKA", name, tables)
            body += page.paragraphs(findings.spans(tables, groups))
            body += _said(findings.cka, tables, groups)
            body += "".join(_tables(material, name, tables, groups))
            body += _figures(material, "cka", name)
    if angles:
        body += "<h3>Principal angles</h3>" + page.paragraphs([ANGLES])
        for name, tables in angles.items():
            body += shared.heading("Principal angles", name, tables)
            body += _said(about_angles.angles, tables, groups)
            body += _figures(material, "angles", name) + _figures(material, "angle-pairs", name)
    return Section("representations", "Representations", body)


def _with_experts(material: Material, what: str) -> dict[str, dict[str, pd.DataFrame]]:
    """Direction -> span -> long table, of those that have an expert."""
    told = {
        name: {span: table for span, table in tables.items() if curves.subjects(table)}
        for name, tables in shared.by_direction(material, what).items()
    }
    return {name: tables for name, tables in told.items() if tables}


def _said(find: Callable, tables: shared.Tables, groups: Mapping) -> str:
    """For each span, what matters most as a paragraph and the rest as a list."""
    found = [find(rows, span, groups) for span, rows in tables.items()]
    return "".join(page.paragraphs(said[:1]) + page.bullets(said[1:]) for said in found)


def _tables(material: Material, name: str, tables: shared.Tables, groups: Mapping) -> Iterator[str]:
    """Tables 6 and 7, the second folded: it is long."""
    for which, make in MAKERS.items():
        table = make(tables, shared.words(name, tables), groups)
        box = page.table_box(table, material.tables.get(f"cka-{which}-{name}"))
        yield box if which == "bands" else page.details(table.title, box)


def _figures(material: Material, kind: str, direction: str) -> str:
    confidence = material.study.get("evaluation", {}).get("confidence", 0.95)
    caption = CAPTIONS[kind].format(confidence=labels.percent(confidence))
    return shared.figures(material, kind, direction, caption)
