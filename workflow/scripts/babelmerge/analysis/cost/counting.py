"""The long table of costs: what was measured, added up for each way to one model of all languages.

part: `new`, when nothing is there yet, or `update`, when one expert is trained anew. way: `joint`,
or `experts`, trained apart and merged. measure: `wall`, seconds until the model is there when
experts are trained side by side; `one`, on one machine, one after the other; `work`, seconds of
all devices that were held; `tokens`; of experts also `models`, `merging` (the slowest of the
merges) and `choosing` (sweeps on dev, in no other number). Merging counts as one device.
"""

from collections.abc import Iterator, Mapping, Sequence

MEASURES = ("wall", "one", "work", "tokens")
NEW, UPDATE, JOINT, EXPERTS = "new", "update", "joint", "experts"
Record = Mapping


def rows(
    case: Mapping,
    training: Mapping[str, Record],
    merging: Mapping[str, Record],
    sweeps: Mapping[str, float],
) -> Iterator[dict]:
    """Rows of one case (`study.graph.beside.cost`).

    training: model -> training.json. merging: path -> merging.json. sweeps: path -> its seconds.
    """
    joint, experts = training[case["joint"]], [training[name] for name in case["experts"]]
    apart = _apart(experts, case["merging"], merging) | {"models": len(experts)}
    apart["choosing"] = sum(sweeps[path] for path in case["sweeps"])
    facts = {"direction": case["direction"], "unit": _unit([joint, *experts])}
    found = [(NEW, JOINT, case["joint"], _alone(joint), ""), (NEW, EXPERTS, "", apart, "")]
    for update in case["updates"]:
        new = training[update["new"]]
        again = _apart([new], update["merging"], merging)
        anew, estimated = _again(joint, training, update)
        found += [(UPDATE, JOINT, update["new"], anew, estimated)]
        found += [(UPDATE, EXPERTS, update["new"], again, "")]
    if not case["updates"]:
        found += _any_update(case, joint, experts, merging)
    for part, way, what, numbers, estimated in found:
        told = {"part": part, "way": way, "what": what, "estimated": estimated}
        yield from ({**facts, **told, "measure": m, "value": v} for m, v in numbers.items())


def _any_update(
    case: Mapping, joint: Record, experts: Sequence[Record], merging: Mapping[str, Record]
) -> list[tuple]:
    """What it would be to train the expert that takes longest once more."""
    at = max(range(len(experts)), key=lambda i: experts[i]["seconds"])
    again, name = _apart([experts[at]], case["merging"], merging), case["experts"][at]
    anew = (UPDATE, JOINT, name, _alone(joint), "yes")
    return [anew, (UPDATE, EXPERTS, name, again, "yes")]


def _alone(record: Record) -> dict[str, float]:
    seconds = record["seconds"]
    return dict(zip(MEASURES, (seconds, seconds, _work(record), record["tokens"]), strict=True))


def _apart(
    experts: Sequence[Record], paths: Sequence[str], merging: Mapping[str, Record]
) -> dict[str, float]:
    """Of experts and the slowest of their merges."""
    merged = max((merging[path] for path in paths), key=lambda one: one["seconds"])
    extra, graphics = merged["seconds"], any(map(_graphics, experts))
    held = extra if graphics else extra * merged["threads"]
    seconds = [one["seconds"] for one in experts]
    return {
        "wall": max(seconds) + extra,
        "one": sum(seconds) + extra,
        "work": sum(map(_work, experts)) + held,
        "tokens": sum(one["tokens"] for one in experts),
        "merging": extra,
    }


def _again(
    joint: Record, training: Mapping[str, Record], update: Mapping
) -> tuple[dict[str, float], str]:
    """The joint model on the updated data: one that was trained, else an estimate.

    A training by epochs takes as much longer as it has more tokens; one by steps takes as long.
    """
    if update["joint"]:
        return _alone(training[update["joint"]]), ""
    old, new = (training.get(update[key], {}).get("tokens", 0) for key in ("old", "new"))
    longer = (joint["tokens"] - old + new) / joint["tokens"] if _by_epochs(joint) else 1.0
    return {name: value * longer for name, value in _alone(joint).items()}, "yes"


def _by_epochs(record: Record) -> bool:
    return not record["settings"].get("steps")


def _work(record: Record) -> float:
    """Seconds of devices: of GPUs, or of CPU threads."""
    return record["seconds"] * record["devices"] * (1 if _graphics(record) else record["threads"])


def _graphics(record: Record) -> bool:
    return record["gpu_hours"] > 0


def _unit(records: Sequence[Record]) -> str:
    return "GPU" if any(map(_graphics, records)) else "CPU"
