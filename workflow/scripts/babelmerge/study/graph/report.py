"""The report of a plan: what it reads, and what it tells besides."""

from babelmerge.study.graph import (
    evaluate,
    interventions,
    merge,
    mergeability,
    neurons,
    paths,
    represent,
    scores,
    similarity,
    train,
)
from babelmerge.study.graph.data import checked
from babelmerge.study.plan.types import Plan, Taken
from babelmerge.tasks import kinds

PARTS = (scores, merge, train, neurons, similarity, mergeability, interventions)


def figures(plan: Plan) -> list[str]:
    """Names of the figures of a study, without their endings."""
    return [name for part in PARTS for name in part.figures(plan)]


def tables(plan: Plan) -> list[str]:
    """Names of the tables of a study, without their endings."""
    inside = [name for part in (neurons, similarity, mergeability) for name in part.tables(plan)]
    return [*scores.table_names(plan), *inside]


def comparisons(plan: Plan) -> list[str]:
    """The long tables about the inside of models."""
    return [
        *neurons.files(plan),
        *neurons.usage_files(plan),
        *similarity.files(plan, "cka"),
        *similarity.files(plan, "angles"),
        *mergeability.task_vector_files(plan).values(),
        *mergeability.files(plan).values(),
        *interventions.block_files(plan),
        *interventions.neuron_files(plan),
    ]


def inputs(plan: Plan) -> dict[str, list[str]]:
    return {
        "scores": [paths.of(plan, paths.SCORES)] if plan.evaluations else [],
        "retention": scores.retention_files(plan),
        "tables": [paths.of(plan, paths.TABLE, table=name) for name in tables(plan)],
        "figures": [paths.of(plan, paths.FIGURE, figure=name) for name in figures(plan)],
        "sweeps": [path for group in merge.swept(plan) for path in merge.sweep_files(plan, group)],
        "training": train.cost_files(plan),
        "outputs": sample_outputs(plan) if plan.merges else [],
        "decodings": evaluate.decoding_files(plan),
        "data": [checked(plan, dataset) for dataset in plan.datasets],
        "looked_at": [represent.facts_file(plan, *case) for case in looked_at(plan)],
        "inside": comparisons(plan),
    }


def looked_at(plan: Plan) -> list[tuple[str, str]]:
    """(model, data set) of what is looked at inside, for a study without scores to tell of."""
    if plan.evaluations or not comparisons(plan):
        return []
    probed = [dataset for d in plan.directions.values() for dataset in d.datasets]
    return [(model, d) for d in probed for model in represent.represented(plan, d)]


def samples(plan: Plan) -> list[dict]:
    """For each group and data set, the outputs to set side by side: base, expert, merges."""
    found = []
    for group in plan.groups.values():
        for dataset in group.datasets:
            own = plan.owner(dataset, group.members)
            merges = [m.model for m in plan.merges_of(group.name) if dataset in m.datasets]
            shown = [m for m in ("base", own, *merges) if m]
            models = [m for m in shown if dataset in plan.models[m].evaluate]
            found.append({"group": group.name, "dataset": dataset, "models": models})
    return found


def sample_outputs(plan: Plan) -> list[str]:
    cases = [(model, case["dataset"]) for case in samples(plan) for model in case["models"]]
    return [evaluate.output_file(plan, *case) for case in dict.fromkeys(cases)]


def settings(plan: Plan, configuration: dict) -> dict:
    """What the report tells besides its inputs; `configuration` is the study, resolved."""
    told = ("title", "description", "reference", "languages", "seed", "selection")
    scored = [d for d in plan.datasets.values() if kinds.kind(d.kind).scored]
    prompts = dict.fromkeys(dataset.prompt for dataset in scored)
    root = paths.of(plan, paths.COMPARISONS) + "/"
    return {
        "study": {
            "name": plan.name,
            "metric": next(iter(scores.metrics_shown(plan)), None),
            "shown": scores.metrics_shown(plan),
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
        "sweeps": {
            group: [one.method for one in merges] for group, merges in merge.swept(plan).items()
        },
        "samples": samples(plan),
        "looked_at": [list(case) for case in looked_at(plan)],
        "taken": {id_: _taken_in_words(plan, id_) for id_ in plan.taken},
        "owned": {id_: list(model.datasets) for id_, model in plan.of_kind("expert").items()},
        "inside": [path.removeprefix(root).removesuffix(".tsv") for path in comparisons(plan)],
        "published": plan.published,
        "warnings": list(plan.warnings),
        "configuration": configuration,
    }


def _taken_in_words(plan: Plan, model: str) -> str:
    source = plan.models[model].source
    return source.path or f"{source.hub} ({source.revision or 'main'})"


def _base_in_words(plan: Plan) -> str:
    source = plan.models["base"].source
    if isinstance(source, Taken):
        return _taken_in_words(plan, "base")
    size = source.architecture or {}
    return f"{size.get('model_type', 'a model')} trained from scratch in this study"
