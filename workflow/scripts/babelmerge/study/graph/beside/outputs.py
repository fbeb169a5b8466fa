"""What models write, read: how outputs fail as such, and samples of all models side by side.

Of texts that are written freely; choices, whether likeliest or written, have other failures.
"""

from collections.abc import Callable, Mapping, Sequence

from babelmerge.study.graph import chapters, evaluate, paths, scores
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.plan.types import Plan
from babelmerge.tasks import kinds
from babelmerge.tasks.kind import GENERATED

OFF_TARGET = "off_target"


def written(plan: Plan) -> list[str]:
    """The data sets whose answers are texts that models write."""
    found = plan.datasets.values()
    free = [d for d in found if d.answer == GENERATED and kinds.kind(d.kind).read is None]
    return [dataset.id for dataset in free]


def cases(plan: Plan) -> list[tuple[str, str]]:
    """(model, data set) of what was written: of experts on their own data sets."""
    wanted = set(written(plan))
    return [
        (model, dataset)
        for model, dataset in plan.evaluations
        if dataset in wanted and not plan.models[model].live and _shown(plan, model, dataset)
    ]


def _shown(plan: Plan, model: str, dataset: str) -> bool:
    return plan.models[model].kind != "expert" or plan.owner(dataset) == model


def settings(plan: Plan) -> list[dict]:
    """Whose each file of outputs is, and what tells of them: see `analysis.outputs.counting`."""
    return [_case(plan, model, dataset) for model, dataset in cases(plan)]


def _case(plan: Plan, model: str, dataset: str) -> dict:
    place, kind = {"model": model, "dataset": dataset}, kinds.kind(plan.datasets[dataset].kind)
    facts = {
        **scores.whose(plan, model),
        "dataset": dataset,
        "outputs": paths.of(plan, paths.OUTPUT, **place),
        "decoding": paths.of(plan, paths.DECODING, **place),
    }
    if OFF_TARGET in kind.always:
        return {**facts, "sentences": paths.of(plan, paths.SENTENCES, **place)}
    spoken = sorted({one.target_language for one in plan.datasets.values()})
    return {**facts, "language": plan.datasets[dataset].target_language, "candidates": spoken}


def inputs(plan: Plan) -> list[str]:
    names = ("outputs", "decoding", "sentences")
    return [case[name] for case in settings(plan) for name in names if name in case]


# shown


def directions(plan: Plan) -> dict[str, list[str]]:
    """Direction -> its data sets with something written."""
    there = {dataset for _, dataset in cases(plan)}
    found = {
        name: [dataset for dataset in one.datasets if dataset in there]
        for name, one in plan.directions.items()
    }
    return {name: datasets for name, datasets in found.items() if datasets}


def samples(plan: Plan, free: bool = True) -> list[dict]:
    """For each group and data set, the outputs to set side by side: of trained models, merges.

    Of data sets whose answers are written, or of the others; those first that groups hold.
    """
    own = set(written(plan))
    held = [
        (group.name, dataset)
        for group in plan.groups.values()
        for dataset in group.datasets
        if not group.live
    ]
    seen = {dataset for _, dataset in held}
    alone = [("", dataset) for dataset in plan.datasets if free and dataset not in seen]
    found = [
        _sample(plan, group, dataset)
        for group, dataset in (*held, *alone)
        if (dataset in own) == free
    ]
    return [case for case in found if case["models"]]


def _sample(plan: Plan, group: str, dataset: str) -> dict:
    shown = _trained(plan, group, dataset)
    shown += [m.model for m in plan.merges_of(group) if dataset in m.datasets]
    models = [model for model in shown if dataset in plan.models[model].evaluate]
    return {
        **({"group": group} if group else {}),
        "dataset": dataset,
        "source_language": plan.datasets[dataset].source_language,
        "target_language": plan.datasets[dataset].target_language,
        "models": models,
    }


def _trained(plan: Plan, group: str, dataset: str) -> list[str]:
    """The base, the expert, the joint model of a group (or all) and baselines."""
    own = plan.owner(dataset, plan.groups[group].members) if group else plan.owner(dataset)
    joint = [plan.joint_of(group)] if group else _finished(plan, "joint")
    return [model for model in ("base", own, *joint, *_finished(plan, "baseline")) if model]


def _finished(plan: Plan, kind: str) -> list[str]:
    return [model.id for model in plan.of_kind(kind).values() if model.finished]


def sample_files(
    plan: Plan, shown: Sequence[Mapping], file: Callable[[Plan, str, str], str]
) -> list[str]:
    """A file of each model and data set that samples are shown of."""
    return [file(plan, model, case["dataset"]) for case in shown for model in case["models"]]


def _decoding(plan: Plan, model: str, dataset: str) -> str:
    return paths.of(plan, paths.DECODING, model=model, dataset=dataset)


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its endings."""
    return {("outputs",): "outputs"} if cases(plan) else {}


def chapter(plan: Plan) -> Chapter | None:
    """Of a study in which models write."""
    if not cases(plan):
        return None
    shown = samples(plan)
    return Chapter(
        study={"directions": directions(plan), "samples": shown},
        long={("outputs",): paths.of(plan, paths.OUTPUTS)},
        tables=chapters.tables(plan, tables(plan)),
        files={
            "outputs": sample_files(plan, shown, evaluate.output_file),
            "decodings": sample_files(plan, shown, _decoding),
        },
    )
