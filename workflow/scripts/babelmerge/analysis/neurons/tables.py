"""Table 5 of the translation study: language-specific neurons before and after fine-tuning.

Takes the long tables of one direction, span by span (`rows.selection_rows`); counts nothing
itself. `findings` speaks of the same frame.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import languages

COLUMNS = ("dataset", "language", "expert", "span", "before", "after", "change", "kept")
COUNTS = "Base → expert"
NOTE = (
    "Neurons specific to the language, summed over all blocks: in the base, and in the expert "
    "trained on that language's data; source and target: counted over the tokens of the source or "
    "the target sentence. Change: the expert's count against the base's. Kept: share of the base's "
    "neurons that are still specific to the language in the expert. {definition}"
)
DEFINITION = (
    "A neuron is selected when it is among the {rho} of all neurons whose activity differs most "
    "between the languages (lowest entropy); it counts for each language in which it is active "
    "more often than {tau} of all rates of activity in that model and span."
)
LAPE = (
    "Only rates of activity above {tau} of all in that model and span count; of the neurons that "
    "have such a rate in some language, the {rho} whose activity differs most between the "
    "languages (lowest entropy) are selected, for each language in which they have one."
)
UNKNOWN = (
    "A neuron is selected when its activity differs most between the languages (lowest entropy), "
    "and counts for each language in which it is active more often than most."
)


def before_after(tables: Mapping[str, pd.DataFrame]) -> pd.DataFrame:
    """One row per language and span: counts in the base and in the language's own expert.

    tables: span -> long table. expert is empty, and after missing, for a language without one;
    change = after / before - 1 and kept are missing where the base has no neuron. No row of a
    table whose base lacks neurons. Raises ValueError when it has no counts of the base otherwise.
    """
    found = [row for span, rows in tables.items() for row in _counted(rows, span)]
    return pd.DataFrame(found, columns=list(COLUMNS))


def neuron_table(
    tables: Mapping[str, pd.DataFrame],
    direction: str,
    settings: Mapping | None = None,
) -> Table | None:
    """Languages against spans: 'base → expert', relative change, share kept; their sum at the end.

    direction: words for the title. settings: rho, tau and order of the selection, for the note.
    None when the base has no neurons.
    """
    frame = before_after(tables)
    if frame.empty:
        return None
    spans = list(dict.fromkeys(frame["span"]))
    rows = [
        Row("", languages.name(part["language"].iloc[0]), tuple(_cells(part, spans)))
        for _, part in frame.groupby("dataset", sort=False)
    ]
    if frame.loc[frame["after"].notna(), "dataset"].nunique() > 1:
        rows.append(Row("", "All", tuple(_cells(_summed(frame), spans))))
    return Table(
        title=f"Language-specific neurons before and after fine-tuning: {direction}",
        header=tuple((_words(span), name) for span in spans for name in (COUNTS, "Change", "Kept")),
        rows=tuple(rows),
        frame=frame,
        note=NOTE.format(definition=definition(settings)),
        corner="Language",
    )


def definition(settings: Mapping | None) -> str:
    """What a language-specific neuron is, with the study's numbers where they are known."""
    if not settings or not {"rho", "tau"} <= set(settings):
        return UNKNOWN
    said = LAPE if settings.get("order") == "lape" else DEFINITION
    rho, tau = (f"{100 * settings[name]:g}%" for name in ("rho", "tau"))
    return said.format(rho=f"{rho} (rho)", tau=f"{tau} (tau)")


def _words(span: str) -> str:
    return f"{span.capitalize()} span"


def _counted(rows: pd.DataFrame, span: str) -> list[dict]:
    total = rows[rows["level"] == "total"]
    base = total[(total["model"] == neuron_rows.BASE) & (total["measure"] == "selected")]
    if base.empty and neuron_rows.BASE in neuron_rows.without(rows):
        return []
    if base.empty:
        raise ValueError(
            f"neurons, {span} span: found no counts of the base; represent it on every data set "
            "of the direction"
        )
    own = total[total["measure"] == "after"].set_index("dataset")
    kept = total[total["measure"] == "kept"].set_index(["model", "dataset"])["value"]
    return [_row(row, own, kept, span) for row in base.to_dict("records")]


def _row(row: Mapping, own: pd.DataFrame, kept: pd.Series, span: str) -> dict:
    dataset, before = row["dataset"], float(row["value"])
    at = {"dataset": dataset, "language": row["language"], "expert": "", "span": span}
    missing = dict.fromkeys(("after", "change", "kept"), np.nan)
    if dataset not in own.index:
        return {**at, "before": before, **missing}
    expert, after = own.at[dataset, "model"], float(own.at[dataset, "value"])
    some = before or np.nan
    shares = {"change": after / some - 1, "kept": kept.get((expert, dataset), np.nan) / some}
    return {**at, "expert": expert, "before": before, "after": after, **shares}


def _summed(frame: pd.DataFrame) -> pd.DataFrame:
    """Sums over the languages that have an expert, one row a span."""
    known = frame.dropna(subset="after")
    known = known.assign(kept=known["kept"] * known["before"])
    sums = known.groupby("span", sort=False)[["before", "after", "kept"]].sum().reset_index()
    some = sums["before"].where(sums["before"] > 0)
    return sums.assign(change=sums["after"] / some - 1, kept=sums["kept"] / some)


def _cells(part: pd.DataFrame, spans: Sequence[str]) -> list[Cell]:
    part = part.set_index("span").reindex(spans)
    cells = []
    for span in spans:
        row = part.loc[span]
        counts = (labels.number(row[side], 0) for side in ("before", "after"))
        cells.append(Cell(f" {labels.ARROW} ".join(counts)))
        cells += [Cell(labels.signed_percent(row["change"])), Cell(labels.percent(row["kept"]))]
    return cells
