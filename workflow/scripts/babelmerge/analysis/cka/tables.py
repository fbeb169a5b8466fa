"""Tables 6 and 7 of the translation study: CKA by band of layers, and in the last layers.

Takes the long CKA tables of one direction, span by span (`cka.rows`); averages what
`curves` tells and computes nothing else. Each row is an expert on its own data.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

import pandas as pd

from babelmerge.analysis import curves, layers
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table

AGAINST = {"base-expert": "Base", "expert-expert": "Others", "expert-merge": "Merges"}
PARTNERS = {
    "base-expert": "the base",
    "expert-expert": "the other experts (mean)",
    "expert-merge": "merges (mean over methods)",
}
MEASURES = {"debiased": "debiased", "biased": "biased, as printed in papers"}
MEAN = "mean"  # instead of a method: the mean over methods
COLUMNS = [
    *("span", "dataset", "expert", "level", "where", "comparison", "method"),
    *("debiased", "low", "high", "biased", "floor", "n"),
]
NOTE = (
    "Linear CKA of each expert, on {data}, with {partners}. "
    "Debiased: 0 for unrelated representations, 1 for representations that are the same but for "
    "rotation and scale. Biased: as most papers print it; too high for few sentences. Its floor, "
    "what it would give here for unrelated representations: {floors}. {places} The file has every "
    "method, intervals and floors."
)
Tables = Mapping[str, pd.DataFrame]  # span -> long table


def bands_table(tables: Tables, direction: str, groups: curves.Groups | None = None) -> Table:
    """Table 6: bands of layers against base, other experts and merges; experts as rows.

    direction: words for the title. groups: as `curves.shown_groups` takes them. Without
    an expert in any of the long tables it has no rows.
    """
    frame = numbers(tables, "band", curves.bands, groups)
    places = list(dict.fromkeys(frame["where"]))
    against = _against(frame)
    columns = [(place, comparison) for place in places for comparison in against]
    header = [(_words(place), AGAINST[comparison]) for place, comparison in columns]
    told = "A band is the mean over its layers."
    title = f"CKA by band of layers: {direction}"
    return _table(title, frame, columns, header, told)


def last_table(tables: Tables, direction: str, groups: curves.Groups | None = None) -> Table:
    """Table 7: the last three layers against base, other experts and merges; experts as rows.

    After them stands what the final norm makes of the last. Arguments as `bands_table`.
    """
    frame = numbers(tables, "layer", _last, groups)
    places = list(dict.fromkeys(frame["where"]))
    columns = [(place, comparison) for comparison in _against(frame) for place in places]
    header = [(AGAINST[comparison], _words(place)) for place, comparison in columns]
    told = "L: the raw output of a block; Norm: the last one's after the final norm."
    title = f"CKA in the last layers: {direction}"
    return replace(_table(title, frame, columns, header, told), folded=True)


def numbers(
    tables: Tables,
    level: str,
    places: Callable[[pd.DataFrame], list[str]],
    groups: curves.Groups | None = None,
) -> pd.DataFrame:
    """`COLUMNS`: one row for each span, expert, place, comparison and method, means at the end.

    places: of a table, the names of layers or bands in order. No row without an expert.
    """
    parts = [
        _of_span(rows, level, places(rows), groups).assign(span=span)
        for span, rows in tables.items()
    ]
    parts = [part for part in parts if len(part)]
    return pd.concat(parts, ignore_index=True)[COLUMNS] if parts else pd.DataFrame(columns=COLUMNS)


def _of_span(rows: pd.DataFrame, level: str, places: Sequence[str], groups) -> pd.DataFrame:
    told = curves.told(rows, groups)
    told = told[told["comparison"].isin(curves.COMPARISONS)]
    told = told[(told["level"] == level) & told["where"].isin(places)]
    keys = ["dataset", "expert", "level", "where", "comparison", "method"]
    parts = {
        measure: told[told["measure"] == measure] for measure in ("debiased", "biased", "floor")
    }
    frame = parts["debiased"].rename(columns={"value": "debiased"})
    for measure in ("biased", "floor"):
        part = parts[measure].rename(columns={"value": measure})[[*keys, measure]]
        frame = frame.merge(part, on=keys, how="left", validate="one_to_one")
    order = {place: at for at, place in enumerate(places)}
    frame = frame.sort_values("where", key=lambda names: names.map(order), kind="stable")
    merged = frame[frame["comparison"] == "expert-merge"]
    figures = ["debiased", "low", "high", "biased", "floor", "n"]
    means = merged.groupby(keys[:-1], sort=False, as_index=False)[figures].mean()
    frame = pd.concat([frame, means.assign(method=MEAN)], ignore_index=True)
    return frame.astype({"n": int})


def _table(title: str, frame: pd.DataFrame, columns, header, told: str) -> Table:
    if frame.empty:
        nothing = "No expert could be compared with another model."
        return Table(title, (("Base",),), (), frame, nothing, "Expert")
    partners = labels.listing(PARTNERS[comparison] for comparison in _against(frame))
    data = "its own data" if _owned(frame) else "the data named"
    note = NOTE.format(data=data, partners=partners, floors=_floors(frame), places=told)
    return Table(
        title=title,
        header=tuple(header),
        rows=tuple(_rows(frame, columns)),
        frame=frame,
        note=note,
        corner="Expert",
    )


def _rows(frame: pd.DataFrame, columns: Sequence[tuple[str, str]]) -> Iterator[Row]:
    shown = frame[(frame["comparison"] != "expert-merge") | (frame["method"] == MEAN)]
    pairs = frame[["dataset", "expert"]].drop_duplicates().itertuples(index=False)
    every = [curves.Subject(*pair, _owned(frame)) for pair in pairs]
    for span, part in shown.groupby("span", sort=False):
        for measure, words in MEASURES.items():
            wide = part.pivot(
                index=["dataset", "expert"], columns=["where", "comparison"], values=measure
            ).reindex(columns=pd.MultiIndex.from_tuples(columns))
            section = f"{span.capitalize()} tokens, {words}"
            for subject in (one for one in every if one[:2] in wide.index):
                cells = _cells(wide.loc[subject[:2]])
                yield Row(section, curves.name(subject, every), cells)
            if len(wide) > 1:
                yield Row(section, "Mean", _cells(wide.mean()))


def _owned(frame: pd.DataFrame) -> bool:
    """Whether each data set has one expert, so that its name tells which."""
    return frame.groupby("dataset")["expert"].nunique().max() == 1


def _cells(values: pd.Series) -> tuple[Cell, ...]:
    return tuple(Cell(labels.number(value, 3)) for value in values)


def _against(frame: pd.DataFrame) -> list[str]:
    return [comparison for comparison in AGAINST if comparison in set(frame["comparison"])]


def _last(rows: pd.DataFrame) -> list[str]:
    return [*layers.last(curves.blocks(rows)), layers.NORM]


def _words(place: str) -> str:
    """'Late (28–36)' of a band, 'L36' of a layer."""
    if place == layers.NORM:
        return "Norm"
    word, _, ends = place.partition(" ")
    ends = "–".join(dict.fromkeys(ends.split("-")))
    return f"{word.capitalize()} ({ends})" if ends else f"L{place}"


def _floors(frame: pd.DataFrame) -> str:
    """'0.31 over source and 0.36 over target tokens (N = 1012)', means of what is shown."""
    means = frame[frame["comparison"] == "base-expert"].groupby("span", sort=False)["floor"].mean()
    if means.empty:
        means = frame.groupby("span", sort=False)["floor"].mean()
    parts = [f"{labels.number(value)} over {span}" for span, value in means.items()]
    sizes = sorted({int(number) for number in frame["n"].dropna()})
    size = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return f"{labels.listing(parts)} tokens (N = {size} sentences)"
