"""The report's chapter on interventions: blocks taken from an expert, neurons switched off."""

from babelmerge.analysis.interventions import figures, findings
from babelmerge.display import chapters, labels
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts

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


def interventions(parts: Parts) -> str:
    """What changes when the explanation is put to the test."""
    return _blocks(parts) + _neurons(parts)


def _blocks(parts: Parts) -> str:
    """Long tables: (blocks, group, method); figures: (blocks, group)."""
    found = [rows for key, rows in parts.long.items() if key[0] == "blocks" and len(rows)]
    if not found:
        return ""
    sizes = sorted({int(n) for rows in found for n in rows["n"]})
    told = "–".join(map(str, dict.fromkeys([sizes[0], sizes[-1]])))
    body = f"<h3>Blocks taken from the expert</h3>{page.paragraphs([BLOCKS.format(n=told)])}"
    body += page.paragraphs(findings.overall(found))
    body += page.bullets(" ".join(findings.blocks(rows)) for rows in found)
    drawn = chapters.of_groups(parts, "blocks", figures.BLOCKS)
    many = sum(key[0] == "blocks" for key in parts.figures) > MOST_FIGURES
    return body + (page.details("Figures of all groups", drawn) if many else drawn)


def _neurons(parts: Parts) -> str:
    """Long tables, tables and figures: (neurons, direction)."""
    found = parts.named("neurons")
    if not found:
        return ""
    body = f"<h3>Neurons switched off</h3>{page.paragraphs([NEURONS])}"
    for direction, rows in found.items():
        words = labels.direction_words(rows["dataset"].unique(), direction)
        body += f"<h4>{page.text(words)}</h4>" if len(found) > 1 else ""
        body += page.bullets(findings.neurons(rows))
        body += parts.table("neurons", direction)
        body += chapters.drawn(parts, [("neurons", direction)], figures.NEURONS)
    return body
