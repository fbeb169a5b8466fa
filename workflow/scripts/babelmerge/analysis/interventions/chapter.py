"""The report's section on interventions: blocks taken from an expert, neurons switched off."""

from collections.abc import Sequence

import pandas as pd

from babelmerge.analysis.interventions import findings, tables
from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.display import html as page
from babelmerge.display.material import Material, Section
from babelmerge.words import labels

FOLDER = "interventions/"
MOST_FIGURES = 6  # of groups that are shown unfolded
BLOCKS = (
    "A comparison tells what is alike, not what matters. So the explanation is put to the test: "
    "each merge gets back k blocks of the expert whose data set is scored, the last, the first or "
    "the middle ones, and is scored again; embeddings, final norm and head stay the merge's. Where "
    "a few blocks bring back most of what was lost, there the experts could not be merged. Scores "
    "are of the sentences that are probed ({n} a data set), not of the test set, and differences "
    "of a few percent on so many may be chance."
)
NEURONS = (
    "Neurons that were selected for a language because of when they are active need not matter for "
    "it. They are switched off, their activation set to 0 at every token, and every language of "
    "the direction is scored: by the likelihood of the reference, or of a text that has none, "
    "which sees small changes, and by the metric of outputs where there are any. Random sets of "
    "as many neurons in each block say what any such damage costs."
)
CAPTIONS = {
    "blocks": (
        "Share of the expert's score that a merge keeps when k blocks are taken from the expert "
        "that the data set belongs to. Thick: mean over the group's data sets; faint: single ones. "
        "k = 0 is the merge; what is missing at the right end lies outside the blocks. Expert: "
        "100%. All but blocks: only embeddings, final norm and head are the expert's."
    ),
    "neurons": (
        "What each language (columns) loses without the neurons of each language (rows; in "
        "brackets how many), and without random ones, mean over draws, on the same scale. Framed: "
        "the language itself. Orange: worse than with all neurons; blue: better. Hatched: the "
        "language has no neuron."
    ),
}


def interventions(material: Material) -> Section | None:
    """What changes when the explanation is put to the test."""
    body = _blocks(material) + _neurons(material)
    return Section("interventions", "Interventions", body) if body else None


def _found(material: Material, what: str) -> dict[str, pd.DataFrame]:
    """Name -> long table of blocks ({group}.{method}) or neurons ({direction})."""
    prefix = f"{FOLDER}{what}."
    names = [name for name in material.inside if name.startswith(prefix)]
    found = {name.removeprefix(prefix): material.inside[name] for name in names}
    return {name: table for name, table in found.items() if len(table)}


def _blocks(material: Material) -> str:
    found = _found(material, "blocks")
    if not found:
        return ""
    sizes = sorted({int(n) for rows in found.values() for n in rows["n"]})
    told = "–".join(map(str, dict.fromkeys([sizes[0], sizes[-1]])))
    body = f"<h3>Blocks taken from the expert</h3>{page.paragraphs([BLOCKS.format(n=told)])}"
    body += page.paragraphs(findings.overall(list(found.values())))
    body += page.bullets(" ".join(findings.blocks(rows)) for rows in found.values())
    names = [name for name in material.figures if name.startswith("interventions-blocks-")]
    drawn = _figures(material, names, "blocks")
    return body + (page.details("Figures of all groups", drawn) if _many(names) else drawn)


def _neurons(material: Material) -> str:
    found = _found(material, "neurons")
    if not found:
        return ""
    body = f"<h3>Neurons switched off</h3>{page.paragraphs([NEURONS])}"
    for direction, rows in found.items():
        words = neuron_tables.direction_words(rows, direction)
        body += f"<h4>{page.text(words)}</h4>" if len(found) > 1 else ""
        body += page.bullets(findings.neurons(rows))
        table = tables.loss_table(rows, words)
        body += page.table_box(table) if table else ""
        names = [f"interventions-neurons-{direction}"]
        body += _figures(material, [n for n in names if n in material.figures], "neurons")
    return body


def _many(names: Sequence[str]) -> bool:
    return len(names) > MOST_FIGURES


def _figures(material: Material, names: Sequence[str], what: str) -> str:
    """Figures side by side where there is room; the caption is at the first."""
    drawn = []
    for at, name in enumerate(names):
        lead = _lead(name) if what == "blocks" else ""
        told = CAPTIONS[what] if at == 0 else "As before."
        drawn.append(page.figure(material.figures[name], lead + told, name))
    return f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""


def _lead(name: str) -> str:
    return f"{labels.group(name.removeprefix('interventions-blocks-'))}. "
