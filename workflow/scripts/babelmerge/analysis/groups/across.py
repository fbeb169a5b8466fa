"""Merges across tasks: systems against tasks, as Table 3 of arXiv:2601.16127.

Takes long tables of `comparing`, one a direction.
"""

from collections.abc import Iterator, Mapping

import pandas as pd

from babelmerge.analysis.groups.comparing import CHOSEN, MEAN
from babelmerge.analysis.groups.lines import SECTIONS, Line, interval, label, lines
from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation.statistics import LIMITS
from babelmerge.words.metrics import metric as facts_of

Long = Mapping[str, pd.DataFrame]
Shown = Mapping[str, Mapping]  # direction -> {datasets, metric, joint, chosen_on}
System = tuple[str, str]  # section, label

ACROSS, WITHIN = SECTIONS["tasks"], "Each task merged by itself"
NOTE = (
    "Means over languages with the 95% interval of a bootstrap over sentences. Mean: of the tasks, "
    "each as shown and counting the same; it has no interval. Bold: best of its block. The best "
    "merge of each task is the one with the best mean on"
)


def across_tasks(tables: Long, shown: Shown) -> Table | None:
    """Systems against tasks, and their mean. tables: of each direction; shown: of `across`.

    None where nothing is merged across tasks.
    """
    used = {ln.method for table in tables.values() for ln in _across(table)}
    if not used:
        return None
    found = {name: dict(_systems(tables[name], shown[name], used)) for name in shown}
    order = list(dict.fromkeys(key for own in found.values() for key in own))
    order.sort(key=lambda key: (key[0] != "", key[0] == ACROSS))
    values = {key: [_shown(found[d].get(key), shown[d]["metric"]) for d in shown] for key in order}
    averaged = all(facts_of(facts["metric"]).higher_is_better for facts in shown.values())
    for own in values.values():
        own += [sum(own) / len(own)] if averaged else []
    digits = [facts_of(facts["metric"]).digits for facts in shown.values()]
    digits += [max(digits)] if averaged else []
    best = _best(values, digits, shown)
    rows = []
    for key in order:
        cells = [_text(found[d].get(key), shown[d]["metric"]) for d in shown]
        cells += [labels.number(values[key][-1], digits[-1])] if averaged else []
        marked = [Cell(text, (key, at) in best) for at, text in enumerate(cells)]
        rows.append(Row(*key, tuple(marked)))
    header = [(_heading(name, shown),) for name in shown] + [("Mean of tasks",)] * averaged
    frame = pd.DataFrame(list(_records(found, shown)))
    told = ", ".join(dict.fromkeys(facts["chosen_on"] for facts in shown.values()))
    note = f"{NOTE} {told}. {LIMITS}"
    return Table("Merges within and across tasks", tuple(header), tuple(rows), frame, note)


def _across(table: pd.DataFrame) -> list[Line]:
    return [line for line in lines(table) if line.relation == "tasks"]


def _systems(table: pd.DataFrame, facts: Mapping, used: set[str]) -> Iterator[tuple[System, Line]]:
    """Base, experts, the joint model, the main group's merges that matter, those across tasks."""
    for line in lines(table):
        if line.kind in ("base", "expert"):
            yield ("", label(line, facts["datasets"])), line
        elif line.name == facts["joint"]:
            yield ("", "Joint model of each task"), line
        elif line.relation == "tasks":
            yield (ACROSS, label(line, facts["datasets"])), line
        elif line.kind == "merge" and not line.relation:
            if line.method in used:
                yield (WITHIN, labels.method(line.method)), line
            if line.chosen == CHOSEN:
                yield (WITHIN, "The best merge of each task"), line


def _shown(line: Line | None, metric: str) -> float:
    """A mean as it is shown; missing where a language lacks."""
    if line is None:
        return float("nan")
    return facts_of(metric).factor * line.number(MEAN, metric)["value"]


def _text(line: Line | None, metric: str) -> str:
    return interval(line.number(MEAN, metric), metric) if line else labels.MISSING


def _heading(name: str, shown: Shown) -> str:
    words = labels.direction_words(shown[name]["datasets"], name)
    return f"{words}, {facts_of(shown[name]['metric']).label}"


def _best(values: Mapping[System, list[float]], digits: list[int], shown: Shown) -> set:
    """(system, column) of the best of what was trained and of what was merged, as printed."""
    signs = [1 if facts_of(f["metric"]).higher_is_better else -1 for f in shown.values()]
    signs += [1] * (len(digits) - len(signs))
    found = set()
    for merged in (False, True):
        block = [key for key in values if bool(key[0]) == merged]
        for at, sign in enumerate(signs):
            printed = {key: sign * round(values[key][at], digits[at]) for key in block}
            known = {key: value for key, value in printed.items() if value == value}
            if len(known) > 1:
                top = max(known.values())
                found |= {(key, at) for key, value in known.items() if value == top}
    return found


def _records(found: Mapping[str, Mapping[System, Line]], shown: Shown) -> Iterator[dict]:
    for name, own in found.items():
        metric = shown[name]["metric"]
        for (_, system), line in own.items():
            number = line.number(MEAN, metric)
            facts = {"system": system, "kind": line.kind, "name": line.name, "method": line.method}
            told = {key: number[key] for key in ("value", "low", "high")}
            yield facts | {"task": name, "metric": metric} | told
