"""What people look at is made from what: tables, figures and the report of a plan.

The end of `artifacts`, and like it only for the rules: paths and settings, nothing computed.
"""

import artifacts
import artifacts_inside
import presentation_inside

# A figure with a panel for each group is legible up to about so many.
MOST_PANELS = 12


# tables and figures


def metrics_shown(plan) -> list[str]:
    """The metric that selects first, then chrF in the form that the study scores; none of text."""
    scored = [m for d in plan.datasets.values() for m in d.metrics]
    if not scored:
        return []
    first = next((m.selection["metric"] for m in plan.merges.values()), scored[0])
    second = next((m for m in ("chrf", "chrf++") if m in scored and m != first), None)
    return [first, second] if second else [first]


def tables(plan) -> dict[str, dict]:
    """Name -> what a score table shows: one for a family of one group, else one a metric."""
    shown = {}
    for family, groups in plan.families.items():
        content = {group: list(plan.groups[group].datasets) for group in groups}
        facts = {"family": family, "groups": content, "published": plan.published}
        if len(groups) == 1:
            shown[family] = {**facts, "metrics": metrics_shown(plan)}
        else:
            shown |= {f"{family}-{m}": {**facts, "metrics": [m]} for m in metrics_shown(plan)}
    return shown


def directions(plan) -> dict[str, list[str]]:
    """Data sets by direction: all into the pivot, all out of it, the others by themselves."""
    found: dict[str, list[str]] = {}
    for dataset in plan.datasets.values():
        sides = (dataset.source_language, dataset.target_language)
        names = ["xx" if side != plan.pivot else side for side in sides]
        if plan.pivot not in sides:
            names = list(sides)
        if dataset.id in plan.models["base"].evaluate:
            found.setdefault("-".join(dict.fromkeys(names)), []).append(dataset.id)
    return found


def figures(plan) -> list[str]:
    """Names of the figures of a study, without their endings."""
    names = [f"matrix-{direction}" for direction in directions(plan)]
    if plan.groups:
        names.append("retention-overview")
    legible = [name for name, groups in plan.families.items() if len(groups) <= MOST_PANELS]
    names += [f"retention-{family}" for family in legible]
    swept = dict.fromkeys(merge.group for merge in plan.sweeps.values())
    names += [f"sweeps-{group}" for group in swept]
    if plan.trained:
        names.append("training")
    return [*names, *presentation_inside.figures(plan)]


def matrix_settings(plan, direction: str) -> dict:
    return {"datasets": directions(plan)[direction], "metric": metrics_shown(plan)[0]}


def retention_shown(plan) -> dict:
    return {"groups": list(plan.groups), "metric": metrics_shown(plan)[0]}


def retention_figure(plan, family: str) -> dict:
    """What one retention figure shows: a family of groups, or an overview of them all."""
    groups = plan.families.get(family, tuple(plan.groups))
    overview = family not in plan.families
    return {"groups": list(groups), "metric": metrics_shown(plan)[0], "overview": overview}


def retention_drawn(plan, family: str) -> list[str]:
    chosen = retention_figure(plan, family)["groups"]
    return [f"results/{plan.name}/comparisons/retention/{group}.tsv" for group in chosen]


def sweep_shown(plan, group: str) -> dict:
    methods = [merge.method for merge in plan.sweeps.values() if merge.group == group]
    return {"group": group, "methods": methods, "metric": metrics_shown(plan)[0]}


def sweep_files(plan, group: str) -> dict[str, str]:
    """Method -> sweep table of a group, where the grid had more than one point."""
    chosen = [m for m in plan.sweeps.values() if m.group == group]
    return {m.method: f"results/{plan.name}/sweeps/{group}/{m.method}.tsv" for m in chosen}


def training_files(plan, ending: str) -> list[str]:
    """training.tsv or training.json of every model that is trained here."""
    return [f"results/{plan.name}/models/{model}/training.{ending}" for model in plan.trained]


# report


def report_inputs(plan) -> dict[str, list[str] | str]:
    folder = f"results/{plan.name}"
    names = [*(f"scores-{name}" for name in tables(plan))]
    if plan.groups:
        names += ["retention", "retention-summary"]
    names += presentation_inside.tables(plan)
    merged = {merge.group for merge in plan.merges.values()}
    return {
        "scores": [f"{folder}/comparisons/scores.tsv"] if plan.evaluations else [],
        "retention": artifacts.retention_files(plan),
        "tables": [f"{folder}/tables/{name}.tsv" for name in names],
        "figures": [f"{folder}/figures/{name}.svg" for name in figures(plan)],
        "sweeps": [p for group in plan.groups for p in sweep_files(plan, group).values()],
        "training": training_files(plan, "json"),
        "outputs": sample_outputs(plan) if merged else [],
        "decodings": [
            output_file(plan, model, dataset).replace(".jsonl", ".decoding.json")
            for model, dataset in plan.evaluations
        ],
        "data": [f"{folder}/data/{dataset}/checked.json" for dataset in plan.datasets],
        "looked_at": [
            artifacts_inside.representation_file(plan, *case).replace(".safetensors", ".json")
            for case in looked_at(plan)
        ],
        "inside": list(presentation_inside.comparisons(plan).values()),
    }


def looked_at(plan) -> list[tuple[str, str]]:
    """(model, data set) of what is looked at inside, for a study without scores to tell of."""
    if plan.evaluations or not presentation_inside.comparisons(plan):
        return []
    probed = [d for sets in artifacts_inside.directions(plan).values() for d in sets]
    return [(m, d) for d in probed for m in artifacts_inside.represented(plan, d)]


def samples(plan) -> list[dict]:
    """For each group and data set, the outputs to set side by side: base, expert, merges."""
    found = []
    for group in plan.groups.values():
        for dataset in group.datasets:
            own = artifacts.owner(plan, group.name, dataset)
            merges = [
                m.model for m in artifacts.merges_of(plan, group.name) if dataset in m.datasets
            ]
            shown = [m for m in ("base", own, *merges) if m]
            models = [m for m in shown if dataset in plan.models[m].evaluate]
            found.append({"group": group.name, "dataset": dataset, "models": models})
    return found


def output_file(plan, model: str, dataset: str) -> str:
    return f"results/{plan.name}/outputs/{model}/{dataset}.jsonl"


def sample_outputs(plan) -> list[str]:
    cases = [(model, case["dataset"]) for case in samples(plan) for model in case["models"]]
    return [output_file(plan, *case) for case in dict.fromkeys(cases)]


def report_settings(plan, configuration: dict) -> dict:
    """What the report tells besides its inputs; `configuration` is the study, resolved."""
    told = ("title", "description", "reference", "languages", "seed", "selection")
    prompts = dict.fromkeys(d.prompt for d in plan.datasets.values() if d.kind != "text")
    return {
        "study": {
            "name": plan.name,
            "metric": next(iter(metrics_shown(plan)), None),
            "shown": metrics_shown(plan),
            **{key: configuration[key] for key in told if configuration.get(key) is not None},
            "language_names": plan.language_names,
            "base": _base_in_words(plan),
            "prompt": next(iter(prompts)) if len(prompts) == 1 else None,
            "generation": dict(plan.generation),
            "evaluation": plan.evaluation,
            "analysis": plan.analysis,
        },
        "families": {
            family: {group: list(plan.groups[group].datasets) for group in groups}
            for family, groups in plan.families.items()
        },
        "models": list(plan.trained),
        "datasets": list(plan.datasets),
        "sweeps": {group: list(sweep_files(plan, group)) for group in plan.groups},
        "samples": samples(plan),
        "looked_at": [list(case) for case in looked_at(plan)],
        "taken": {id_: _taken_in_words(plan, id_) for id_ in plan.taken},
        "owned": {id_: list(model.datasets) for id_, model in plan.of_kind("expert").items()},
        "inside": list(presentation_inside.comparisons(plan)),
        "published": plan.published,
        "warnings": list(plan.warnings),
        "configuration": configuration,
    }


def _taken_in_words(plan, model: str) -> str:
    source = plan.models[model].source
    return source.path or f"{source.hub} ({source.revision or 'main'})"


def _base_in_words(plan) -> str:
    source = plan.models["base"].source
    if artifacts.taken(plan.models["base"]):
        return _taken_in_words(plan, "base")
    size = source.architecture or {}
    return f"{size.get('model_type', 'a model')} trained from scratch in this study"
