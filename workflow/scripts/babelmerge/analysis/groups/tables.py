"""Tables of a direction: means over its data sets, the best merge by each method, ablations."""

from collections.abc import Iterable, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups.comparing import CHOSEN, MEAN
from babelmerge.analysis.groups.lines import (
    Line,
    columns,
    interval,
    label,
    lines,
    merges,
    printed,
    unit,
)
from babelmerge.analysis.scores.published import lookup, note
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS, SIGNIFICANT
from babelmerge.words.metrics import metric as facts_of

INTERVALS = (
    "In brackets: 95% interval of a bootstrap over sentences, the same numbers in every data set; "
    "differences are paired."
)
MARKED = "*: differs from the main group's merge by the same method (paired bootstrap, p < 0.05)."


class Shown:
    """What the tables of a direction have in common. cfg: of `study.graph.beside.groups.shown`."""

    def __init__(self, table: pd.DataFrame, cfg: Mapping, published: pd.DataFrame | None) -> None:
        self.table, self.cfg, self.published = table, cfg, published
        self.lines = lines(table)
        self.metric, self.datasets = cfg["metric"], cfg["datasets"]
        self.words = labels.direction_words(self.datasets, cfg["direction"])
        self.asides: list[float] = []
        self.found: dict[str, Mapping] = {}

    def cell(self, line: Line, dataset: str, metric: str, text: str, best: bool) -> Cell:
        """A cell with the published value beside it."""
        family = self.cfg["families"].get(line.name, line.name)
        if family not in self.found:
            self.found[family] = lookup(self.published, family)
        aside = printed(line, dataset, metric, self.datasets, self.found[family])
        self.asides.append(aside)
        told = labels.number(aside, facts_of(metric).digits) if aside == aside else ""
        return Cell(text, best, told)

    def row(self, line: Line, cells: Iterable[Cell]) -> Row:
        return Row(line.section, self.label(line), tuple(cells))

    def label(self, line: Line) -> str:
        plain, several = label(line, self.datasets), len(merges(self.lines)) > 1
        best_of = several and line.chosen == CHOSEN
        return f"{plain} (best on {self.cfg['chosen_on']})" if best_of else plain

    def note(self, *sentences: str) -> str:
        return " ".join(filter(None, [*sentences, note(self.published, [self.asides])]))

    def caution(self) -> str:
        """How the best merge was chosen, where there was a choice."""
        count = len(merges(self.lines))
        if count < 2:
            return ""
        if self.cfg["chosen_on"] != "test":
            return f"The best of {count} merges was chosen on {self.cfg['chosen_on']}."
        return (
            f"The best of {count} merges was chosen by its mean on test, as not all of them have a "
            "score on other rows; so its score flatters it a little."
        )


def means(table: pd.DataFrame, cfg: Mapping, published: pd.DataFrame | None = None) -> Table | None:
    """Every model that answers for all data sets: the mean of each metric, and differences."""
    shown = Shown(table, cfg, published)
    whole = [line for line in shown.lines if line.has(MEAN, shown.metric)]
    if len(shown.datasets) < 2 or not whole:
        return None
    metrics = [m for m in dict.fromkeys(table["metric"]) if any(ln.has(MEAN, m) for ln in whole)]
    metrics = [shown.metric, *(m for m in metrics if m != shown.metric)]
    against = {"own": "To the experts", "joint": "To the joint model"}
    against = {k: v for k, v in against.items() if (table["against"] == k).any()}
    best = {metric: _best(whole, MEAN, metric) for metric in metrics}
    rows = [
        shown.row(
            line,
            [
                *(_mean_cell(shown, line, metric, line in best[metric]) for metric in metrics),
                *(Cell(_difference(line, MEAN, shown.metric, name)) for name in against),
            ],
        )
        for line in whole
    ]
    header = [("Mean", facts_of(metric).label) for metric in metrics]
    header += [(f"Difference, {facts_of(shown.metric).label}", told) for told in against.values()]
    title = f"{shown.words}: means over {len(shown.datasets)} {unit(shown.datasets)}"
    told = shown.note("Bold: best of its block.", INTERVALS, LIMITS, shown.caution())
    return Table(title, tuple(header), tuple(rows), table, told)


def _mean_cell(shown: Shown, line: Line, metric: str, best: bool) -> Cell:
    number, facts = line.number(MEAN, metric), facts_of(metric)
    first = metric == shown.metric
    plain = labels.number(facts.factor * number["value"], facts.digits)
    text = interval(number, metric) if first else plain
    return shown.cell(line, MEAN, metric, text, best)


def best(table: pd.DataFrame, cfg: Mapping, published: pd.DataFrame | None = None) -> Table | None:
    """Base, experts, joint models, and of each method the best merge, on every data set.

    None where every method was given one setting: that is the table of scores.
    """
    shown = Shown(table, cfg, published)
    leading = [line for line in merges(shown.lines) if line.chosen]
    if len(leading) == len(merges(shown.lines)):
        return None
    lines_ = [line for line in shown.lines if line.kind != "merge"] + leading
    title = f"{shown.words}: the best merge by each method, {facts_of(shown.metric).label}"
    told = ("Bold: best of its block.", "Of each method the setting with the best mean on "
            f"{cfg['chosen_on']} is shown.")  # fmt: skip
    return _by_dataset(shown, lines_, title, told)


def ablations(
    table: pd.DataFrame, cfg: Mapping, published: pd.DataFrame | None = None
) -> Table | None:
    """The main group's merges, and every further group's on the data sets that it holds."""
    shown = Shown(table, cfg, published)
    further = [line for line in shown.lines if line.relation]
    if not further:
        return None
    used = {line.method for line in further}
    own = [line for line in merges(shown.lines) if line.chosen == CHOSEN or line.method in used]
    trained = [line for line in shown.lines if line.kind != "merge"]
    title = f"{shown.words}: groups compared, {facts_of(shown.metric).label}"
    told = (
        f"Main group: {labels.group(cfg['group'])}. A difference is that of the mean over the "
        f"{unit(shown.datasets)} that a group holds.",
        *(INTERVALS, MARKED, LIMITS, shown.caution()),
    )
    return _by_dataset(shown, [*trained, *own, *further], title, told, differences=True)


def _by_dataset(
    shown: Shown, rows: Sequence[Line], title: str, told: Sequence[str], differences: bool = False
) -> Table:
    places = columns(shown.datasets)
    best = {d: [] if differences else _best(rows, d, shown.metric) for d, _ in places}
    made = []
    for line in rows:
        cells = [_cell(shown, line, d, line in best[d]) for d, _ in places]
        if differences:
            cells.append(Cell(_difference(line, MEAN, shown.metric, "main")))
        made.append(shown.row(line, cells))
    header = [(heading,) for _, heading in places]
    header += [("Difference to the main group",)] if differences else []
    names = {line.name for line in rows}, {line.method for line in rows}
    kept = shown.table["name"].isin(names[0]) & shown.table["method"].isin(names[1])
    frame = shown.table[kept & (shown.table["metric"] == shown.metric)]
    return Table(title, tuple(header), tuple(made), frame, shown.note(*told))


def _cell(shown: Shown, line: Line, dataset: str, best: bool) -> Cell:
    facts, number = facts_of(shown.metric), line.number(dataset, shown.metric)
    text = labels.number(facts.factor * number["value"], facts.digits)
    sure = dataset != MEAN and line.number(dataset, shown.metric, "main")["p"] < SIGNIFICANT
    return shown.cell(line, dataset, shown.metric, f"{text}*" if sure else text, best)


def _difference(line: Line, dataset: str, metric: str, against: str) -> str:
    number = line.number(dataset, metric, against)
    return interval(number, metric, sign=True)


def _best(rows: Sequence[Line], dataset: str, metric: str) -> list[Line]:
    """Best of the trained, and best of the merged, as printed."""
    facts = facts_of(metric)
    sign = facts.factor if facts.higher_is_better else -facts.factor
    found = []
    for merged in (False, True):
        block = [line for line in rows if (line.kind == "merge") == merged]
        values = [
            round(sign * line.number(dataset, metric)["value"], facts.digits) for line in block
        ]
        known = [value for value in values if value == value]
        if len(known) > 1:
            top = max(known)
            found += [line for line, value in zip(block, values, strict=True) if value == top]
    return found
