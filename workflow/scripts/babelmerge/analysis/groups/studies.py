"""Studies beside each other: the same systems on the same data sets, a column a study.

Takes long tables of `comparing`, one a study and direction; what is compared is said by
`study.graph.beside.studies`.
"""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.lines import Line, interval, label, lines, unit
from babelmerge.analysis.scores.published import NAN
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS
from babelmerge.files.long_tables import read_long
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of

Long = Mapping[str, Mapping[str, pd.DataFrame]]  # study -> direction -> long table
COLUMNS = "study direction metric kind name method system dataset languages value low high".split()
NOTE = (
    "A column a study, under its base. Means over languages, with the 95% interval of a bootstrap "
    "over sentences where a study has no other languages. Bold: best merge that has all of them."
)


def read(files: Sequence[str], cfg: Mapping) -> Long:
    """The long tables of all studies. files: study by study, directions in their order."""
    places = [(study, name) for study in cfg["studies"] for name in cfg["directions"]]
    found: dict[str, dict[str, pd.DataFrame]] = {study: {} for study in cfg["studies"]}
    for (study, name), path in zip(places, files, strict=True):
        found[study][name] = read_long(path)
    return found


def side_by_side(tables: Long, cfg: Mapping) -> pd.DataFrame:
    """One score a row: of each line that all studies have, on each data set and in the mean.

    cfg: of `study.graph.beside.studies.settings`. languages: how many the score is over. A data set
    of which the studies scored different numbers of rows is left out, and a line that one lacks.
    """
    rows = [
        row
        for name, facts in cfg["directions"].items()
        for row in _rows({study: tables[study][name] for study in cfg["studies"]}, name, facts)
    ]
    return pd.DataFrame(rows, columns=COLUMNS)


def _rows(tables: Mapping[str, pd.DataFrame], name: str, facts: Mapping) -> Iterator[dict]:
    own = {
        study: {(ln.kind, ln.name, ln.method): ln for ln in lines(t)} for study, t in tables.items()
    }
    for key in map(tuple, facts["lines"]):
        several = {study: found[key] for study, found in own.items() if key in found}
        if len(several) < len(own):
            continue
        held = [d for d in facts["datasets"] if _same(list(several.values()), d, facts["metric"])]
        whole = facts["whole"] and held == facts["datasets"]
        system = label(next(iter(several.values())), facts["datasets"])
        for study, line in several.items() if held else ():
            told = {"study": study, "direction": name, "metric": facts["metric"]}
            told |= dict(zip(("kind", "name", "method", "system"), (*key, system), strict=True))
            yield from (told | number for number in _numbers(line, held, facts["metric"], whole))


def _same(several: Sequence[Line], dataset: str, metric: str) -> bool:
    """Whether all have a score on as many rows."""
    counts = {line.numbers.get((dataset, metric, ""), {}).get("n") for line in several}
    return len(counts) == 1 and None not in counts


def _numbers(line: Line, held: Sequence[str], metric: str, whole: bool) -> Iterator[dict]:
    """Of each data set, and of their mean; the mean's interval where it is over the whole line."""
    numbers = {dataset: line.number(dataset, metric) for dataset in held}
    mean = sum(number["value"] for number in numbers.values()) / len(numbers)
    told = line.number(MEAN, metric) if whole else {"value": mean, "low": NAN, "high": NAN}
    for dataset, number in {**numbers, MEAN: told}.items():
        count = 1 if dataset else len(held)
        facts = {key: number[key] for key in ("value", "low", "high")}
        yield {"dataset": dataset, "languages": count, **facts}


def studies(records: pd.DataFrame, cfg: Mapping) -> Table | None:
    """Systems against studies, direction by direction. records: of `side_by_side`."""
    means = records[records["dataset"] == MEAN]
    if means.empty:
        return None
    best = _best(means, cfg)
    rows = []
    for (name, *key, system), part in systems(means):
        by_study = {row["study"]: row for row in part.to_dict("records")}
        facts = cfg["directions"][name]
        cells = [_cell(by_study[study], (study, name, *key) in best) for study in cfg["studies"]]
        rows.append(Row(heading(name, cfg), called(system, part, facts), tuple(cells)))
    header = tuple((title,) for title in cfg["studies"].values())
    note = " ".join(filter(None, [NOTE, LIMITS, *_left_out(records, cfg)]))
    return Table("Studies beside each other", header, tuple(rows), records, note)


def systems(means: pd.DataFrame) -> Iterator[tuple[tuple[str, ...], pd.DataFrame]]:
    """((direction, kind, name, method, system), its rows) in order."""
    keys = ["direction", "kind", "name", "method", "system"]
    return iter(means.groupby(keys, sort=False))


def heading(name: str, cfg: Mapping) -> str:
    """A direction and its metric."""
    facts = cfg["directions"][name]
    words = labels.direction_words(facts["datasets"], name)
    return f"{words}, {facts_of(facts['metric']).label}"


def called(system: str, part: pd.DataFrame, facts: Mapping) -> str:
    """A system, with how many of the data sets its mean is over where that is not all."""
    count, every = part["languages"].iloc[0], len(facts["datasets"])
    several = unit(facts["datasets"])
    return system if count == every else f"{system} ({count} of {every} {several})"


def _cell(row: Mapping, best: bool) -> Cell:
    return Cell(interval(row, row["metric"]), best)


def _best(means: pd.DataFrame, cfg: Mapping) -> set[tuple[str, ...]]:
    """(study, direction, kind, name, method) of the best merges, as printed."""
    found: set[tuple[str, ...]] = set()
    for (study, name), part in means[means["kind"] == "merge"].groupby(["study", "direction"]):
        whole = part[part["languages"] == len(cfg["directions"][name]["datasets"])]
        facts = facts_of(cfg["directions"][name]["metric"])
        sign = 1 if facts.higher_is_better else -1
        printed = (sign * facts.factor * whole["value"]).round(facts.digits)
        if len(whole) > 1:
            top = whole[printed == printed.max()]
            keys = top[["kind", "name", "method"]].itertuples(index=False)
            found |= {(study, name, *key) for key in keys}
    return found


def _left_out(records: pd.DataFrame, cfg: Mapping) -> Iterator[str]:
    """What the studies do not have alike, by name."""
    gone = [labels.direction_words(sets, d) for d, sets in cfg["lacking"]["directions"].items()]
    told = set(records["dataset"])
    planned = [d for facts in cfg["directions"].values() for d in facts["datasets"]]
    gone += [_dataset(d) for d in (*cfg["lacking"]["datasets"], *planned) if d not in told]
    for name, facts in cfg["directions"].items():
        if lines_ := _systems_gone(records[records["direction"] == name], facts):
            gone.append(f"of {heading(name, cfg)}: {labels.listing(lines_)}")
    if gone:
        yield f"Left out, since the studies do not have them alike: {'; '.join(gone)}."


def _dataset(dataset: str) -> str:
    return f"{labels.pair(dataset)} of {labels.task(ids.task(dataset), within=True)}"


def _systems_gone(records: pd.DataFrame, facts: Mapping) -> list[str]:
    """Lines that are not there; a group whose merges are all gone, by its name alone."""
    there = set(records[["kind", "name", "method"]].itertuples(index=False, name=None))
    every = [tuple(line) for line in (*facts["lines"], *facts["lacking"])]
    kept = {name for kind, name, _ in there if kind == "merge"}
    words = [
        labels.group(name) if kind == "merge" and name not in kept else _words(kind, name, method)
        for kind, name, method in every
        if (kind, name, method) not in there
    ]
    return list(dict.fromkeys(words))


def _words(kind: str, name: str, method: str) -> str:
    if kind == "merge":
        return f"{labels.group(name)}: {labels.method(method)}"
    return "the experts" if kind == "expert" else labels.model_id(name)
