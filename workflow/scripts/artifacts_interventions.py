"""Which file is made from which, for the rules that change models: the end of `artifacts_inside`.

Blocks: one table a group and method. Neurons: one table a direction, also where nothing is merged.
"""

import re

import artifacts
import artifacts_inside as inside

from babelmerge.study.grammar.corpora import METRICS

SCORED = "translation"  # the kind of task whose outputs are decoded and scored


def pattern(plans: dict) -> str:
    """Regular expression of the names of groups, which may hold dots."""
    names = sorted({group for plan in plans.values() for group in plan.groups}, reverse=True)
    return "|".join(map(re.escape, names)) or "no-such-group"


def _settings(plan, what: str) -> dict | None:
    return (plan.analysis.get("interventions") or {}).get(what)


def _rows(plan) -> int | None:
    limits = (plan.analysis["interventions"].get("rows"), plan.analysis.get("rows"))
    return min((limit for limit in limits if limit), default=None)


def _case(plan, dataset: str, name: str, metric: str | None) -> dict:
    entry = plan.datasets[dataset]
    scored = entry.kind == SCORED and metric in METRICS[SCORED] and metric != "off_target"
    return {
        "dataset": dataset,
        "name": name,
        "prompt": {"template": entry.prompt, "chat": entry.chat},
        "metric": metric if scored else None,
    }


# blocks


def block_merges(plan) -> list:
    """The merges that blocks are put into: the methods asked for, else the first of each group."""
    settings = _settings(plan, "blocks")
    if settings is None:
        return []
    chosen = []
    for group in plan.groups:
        found = artifacts.merges_of(plan, group)
        wanted = settings.get("methods") or [merge.method for merge in found[:1]]
        chosen += [m for m in found if m.method in wanted and block_cases(plan, m.group, m.method)]
    return chosen


def block_cases(plan, group: str, method: str) -> list[dict]:
    """The data sets of a group that can be scored, each with the member that it belongs to."""
    metric = plan.merges[f"merges/{group}/{method}"].selection["metric"]
    owners = {d: artifacts.owner(plan, group, d) for d in plan.groups[group].datasets}
    cases = [_case(plan, d, own, metric) for d, own in owners.items() if own]
    return [c for c in cases if c["metric"] and inside.probe_file(plan, c["dataset"])]


def block_inputs(plan, group: str, method: str) -> dict[str, list[str] | str]:
    cases = block_cases(plan, group, method)
    return {
        "merge": artifacts.model_file(plan, f"merges/{group}/{method}"),
        "base": artifacts.model_file(plan, "base"),
        "owners": [artifacts.model_file(plan, id_) for id_ in _owners(cases)],
        "data": [inside.probe_file(plan, case["dataset"]) for case in cases],
    }


def block_settings(plan, group: str, method: str) -> dict:
    settings = _settings(plan, "blocks")
    cases = block_cases(plan, group, method)
    return {
        "cases": cases,
        "owners": _owners(cases),
        "places": settings["places"],
        "steps": settings["steps"],
        "rows": _rows(plan),
        "generation": dict(plan.generation),
    }


def _owners(cases: list[dict]) -> list[str]:
    return list(dict.fromkeys(case["name"] for case in cases))


def block_files(plan, group: str | None = None) -> list[str]:
    """Tables of all groups, or of one."""
    return [
        f"results/{plan.name}/comparisons/interventions/blocks.{merge.group}.{merge.method}.tsv"
        for merge in block_merges(plan)
        if group in (None, merge.group)
    ]


# neurons


def neuron_models(plan, direction: str) -> list[str]:
    """The models asked for that are represented in a direction.

    By default the base, and the joint model with the fewest data sets, else the first merge.
    """
    there = inside.models_of(plan, direction)
    wanted = _settings(plan, "neurons").get("models")
    if wanted:
        return [model for model in wanted if model in there]
    kinds = {kind: [m for m in there if plan.models[m].kind == kind] for kind in ("joint", "merge")}
    joint = sorted(kinds["joint"], key=lambda m: len(plan.models[m].probe))
    return [m for m in there if m == "base"] + [*joint, *kinds["merge"]][:1]


def neuron_directions(plan) -> list[str]:
    """Directions with several languages and a model that is asked for."""
    if _settings(plan, "neurons") is None or plan.analysis.get("neurons") is None:
        return []
    several = [name for name, sets in inside.directions(plan).items() if len(sets) > 1]
    return [name for name in several if neuron_models(plan, name)]


def neuron_inputs(plan, direction: str) -> dict[str, list[str]]:
    """Models; representations, each model's data sets, then the next model's; probe sentences."""
    models, datasets = neuron_models(plan, direction), inside.directions(plan)[direction]
    return {
        "models": [artifacts.model_file(plan, model) for model in models],
        "representations": [
            inside.representation_file(plan, model, dataset)
            for model in models
            for dataset in datasets
        ],
        "data": [inside.probe_file(plan, dataset) for dataset in datasets],
    }


def neuron_settings(plan, direction: str) -> dict:
    languages = inside.directions(plan)[direction]
    metric = next((m.selection["metric"] for m in plan.merges.values()), None)
    first = next((m for d in languages for m in plan.datasets[d].metrics), None)
    return {
        "models": neuron_models(plan, direction),
        "cases": [_case(plan, d, code, metric or first) for d, code in languages.items()],
        "span": inside.spans(plan, direction)[-1],
        "neurons": plan.analysis["neurons"],
        "draws": _settings(plan, "neurons")["draws"],
        "rows": _rows(plan),
        "seed": plan.seed,
        "generation": dict(plan.generation),
    }


def neuron_files(plan) -> list[str]:
    root = f"results/{plan.name}/comparisons/interventions"
    return [f"{root}/neurons.{direction}.tsv" for direction in neuron_directions(plan)]


def files(plan) -> list[str]:
    """All tables of interventions."""
    return [*block_files(plan), *neuron_files(plan)]
