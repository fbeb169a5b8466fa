"""Sentences on ablations: what a further group gives beside the main one, computed from numbers."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.analysis.groups.comparing import MEAN, SAME
from babelmerge.analysis.groups.lines import Line, interval, lines, merges, unit
from babelmerge.display import labels
from babelmerge.evaluation.statistics import SIGNIFICANT
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of


def changes(
    table: pd.DataFrame,
    told: Sequence[Mapping],
    datasets: Sequence[str],
    metric: str,
    rows: Mapping[str, float],
) -> Iterator[str]:
    """One sentence or two for each further group.

    table: the long table of a direction. told: of `study.graph.beside.ablations.chapter`. rows:
    data set -> number of its training rows.
    """
    every = lines(table)
    for change in told:
        found = [line for line in every if line.name == change["name"] and line.relation]
        sentences = [s for line in found for s in _told(line, change, datasets, metric)]
        if sentences:
            name = labels.group(change["name"])
            yield " ".join([f"{name}: {_what(change, rows)}", *sentences])


def otherwise(table: pd.DataFrame, metric: str) -> Iterator[str]:
    """How near the best other merge of the main group's experts comes to them; one sentence."""
    every = [line for line in lines(table) if line.has(MEAN, metric)]
    others = [line for line in every if line.relation == SAME]
    main = merges(every)
    experts = [line for line in every if line.kind == "expert"]
    if not (others and main and experts):
        return
    sign = 1 if facts_of(metric).higher_is_better else -1
    best = max(others, key=lambda line: sign * line.number(MEAN, metric)["value"])
    values = [one.number(MEAN, metric)["value"] for one in (best, main[0], experts[0])]
    told = [interval(one.number(MEAN, metric), metric) for one in (best, main[0], experts[0])]
    found, plain, own = values
    text = (
        f"The best other merge of the same experts ({labels.group(best.name)}, "
        f"{labels.method(best.method)}) scores {told[0]}, {labels.method(main[0].method)} "
        f"{told[1]}, the experts {told[2]}"
    )
    if sign * (own - plain) > 0:
        way = (found - plain) / (own - plain)
        nearer = f"{labels.percent(way)} of the way to" if way > 0 else "no nearer to"
        text += f": {nearer} the experts"
        text += _sure(best.number(MEAN, metric, "main"))
    yield f"{text}."


def _what(change: Mapping, rows: Mapping[str, float]) -> str:
    """In what a group differs, in words."""
    count = len(change["members"])
    if change["pair"]:
        old, new = change["pair"]
        names = [labels.model_id(one["model"]) for one in (new, old)]
        sizes = [sum(rows.get(d, 0) for d in one["datasets"]) for one in (new, old)]
        known = all(sizes) and sizes[0] != sizes[1]
        sized = f", trained on {sizes[0]:,.0f} rows instead of {sizes[1]:,.0f}" if known else ""
        return f"{labels.inside(names[0])} instead of {labels.inside(names[1])}{sized}."
    words = {
        "same": _otherwise(change),
        "cluster": f"{count} of the experts alone.",
        "tasks": _across(change, "tasks"),
        "directions": _across(change, "directions"),
        "other": "other experts.",
    }
    return words[change["relation"]]


def _otherwise(change: Mapping) -> str:
    """How the same experts are merged, in words."""
    to = change.get("align")
    if not to:
        return "the same experts by other methods."
    whose = "the base" if to == "base" else labels.inside(labels.model_id(to))
    return f"the same experts, their neurons and heads first matched to those of {whose}."


def _across(change: Mapping, what: str) -> str:
    count, members = len(change["members"]), change["members"]
    if all(ids.of_kind(member, "merge") for member in members):
        return f"{count} merges merged again, across {what}."
    return f"{count} experts of several {what} at once."


def _told(line: Line, change: Mapping, datasets: Sequence[str], metric: str) -> Iterator[str]:
    """The difference to the main group, on average and where it is significant."""
    mean = line.number(MEAN, metric, "main")
    if mean["value"] != mean["value"]:
        return
    held = [d for d in datasets if line.has(d, metric)]
    where = f"on average of {len(held)} {unit(datasets)}" if len(held) > 1 else _names(held)
    method = labels.method(line.method)
    others = change.get("beside", [line.method])
    partner = "" if line.method in others else f"from that by {labels.method(others[0])} "
    yield (
        f"By {method}, {facts_of(metric).word} differs {partner}by "
        f"{interval(mean, metric, sign=True)} {where}{_sure(mean)}."
    )
    if len(held) > 1:
        yield from _parts(line, change, held, metric)


def _parts(line: Line, change: Mapping, held: Sequence[str], metric: str) -> Iterator[str]:
    own = set(change["pair"][1]["datasets"]) if change["pair"] else set()
    ours = [dataset for dataset in held if dataset in own]
    for dataset in ours:
        number = line.number(dataset, metric, "main")
        text = interval(number, metric, sign=True)
        yield f"On {_names([dataset])}, whose expert is another, by {text}{_sure(number)}."
    others = [d for d in held if d not in ours]
    sure = [d for d in others if line.number(d, metric, "main")["p"] < SIGNIFICANT]
    beside = " other" if ours else ""
    if len(sure) == len(others) > 2:
        yield f"Significant on each of the {len(others)}{beside} {unit(held)}."
    elif sure:
        yield f"Significant alone: {_names(sure)}, of {len(others)}{beside} {unit(held)}."
    else:
        many = f"{len(others)}{beside} {unit(held)}"
        yield f"On none of the {many} alone is the difference significant."


def _sure(number: Mapping) -> str:
    if number["p"] != number["p"]:
        return " (not tested)"
    return "" if number["p"] < SIGNIFICANT else " (which may be chance)"


def _names(datasets: Sequence[str]) -> str:
    return labels.listing(map(labels.pair, datasets))
