"""Scores: whose they are, what was learnt, by which metrics they are shown, tables and matrices.

A study may have tasks with metrics of their own. A score is only ever set beside scores of the same
metric: a direction is of one task, and a table or figure over groups is made for each metric that
their data sets have.
"""

from collections.abc import Callable, Iterable, Iterator

from babelmerge.study.graph import paths
from babelmerge.study.graph.beside import live
from babelmerge.study.graph.chapters import Key
from babelmerge.study.graph.evaluate import trivial
from babelmerge.study.plan.types import Plan
from babelmerge.tasks import kinds
from babelmerge.words.ids import begun
from babelmerge.words.trivial import CHANCE

# comparisons


def index(plan: Plan) -> list[dict]:
    """For each score, in the plan's order of evaluations, whose it is.

    And where it lies, of merges that are formed in memory: `evaluate.score_files` has the others.
    Branches of experts are no rivals of theirs: tables of retention alone have their scores.
    """
    return [_row(plan, model, dataset) for model, dataset in plan.evaluations if not begun(model)]


def whose(plan: Plan, model: str) -> dict[str, str]:
    """What tells a model in long tables."""
    entry, merge = plan.models[model], plan.merges.get(model)
    return {
        "model": model,
        "kind": entry.kind,
        "expert": entry.name if entry.kind == "expert" else "",
        "group": merge.group if merge else "",
        "method": merge.method if merge else "",
    }


def _row(plan: Plan, model: str, dataset: str) -> dict:
    return {
        **whose(plan, model),
        "dataset": dataset,
        "owner": plan.owner(dataset) or "",
        "source_language": plan.datasets[dataset].source_language,
        "target_language": plan.datasets[dataset].target_language,
        **({"file": live.score(plan, model, dataset)} if plan.models[model].live else {}),
    }


def learning_settings(plan: Plan) -> dict:
    """Finished experts on those of their own data sets that they are tested on."""
    experts = [m for m in plan.of_kind("expert").values() if m.finished]
    pairs = [(m, dataset) for m in experts for dataset in m.datasets if dataset in m.evaluate]
    return {
        "cases": [_learnt(plan, model.id, dataset) for model, dataset in pairs],
        "test": dict(plan.evaluation),
    }


def _learnt(plan: Plan, expert: str, dataset: str) -> dict:
    """The sentence files of an expert and, where it is tested, the base."""
    models = {"value": expert}
    models |= {"base": "base"} if dataset in plan.models["base"].evaluate else {}
    files = {
        name: paths.of(plan, paths.SENTENCES, model=model, dataset=dataset)
        for name, model in models.items()
    }
    return {"expert": expert, "dataset": dataset, **files, **chance(plan, dataset)}


def learning_scores(plan: Plan) -> list[str]:
    cases = learning_settings(plan)["cases"]
    names = ("value", "base", "chance")
    return sorted({case[name] for case in cases for name in names if name in case})


# metrics


def _of_task(plan: Plan, dataset: str) -> list[str]:
    """What is shown of a data set's task: the metric that selects merges, or its main one, first.

    Then those that its kind shows beside it, such as chrF.
    """
    entry = plan.datasets[dataset]
    metrics = entry.metrics
    if not metrics:
        return []
    selected = [merge.selection["metric"] for merge in plan.merges.values()]
    first = next((metric for metric in selected if metric in metrics), metrics[0])
    found = [first]
    for names in kinds.kind(entry.kind).beside:
        found += [name for name in names if name in metrics and name not in found][:1]
    return found


def metrics_shown(plan: Plan, datasets: Iterable[str] | None = None) -> list[str]:
    """The metrics of tables over some data sets, or all: those of each task, each once."""
    chosen = plan.datasets if datasets is None else datasets
    return list(dict.fromkeys(m for dataset in chosen for m in _of_task(plan, dataset)))


def main_metrics(plan: Plan, datasets: Iterable[str]) -> list[str]:
    """The first metric of each task among some data sets, each once."""
    return list(dict.fromkeys(m for dataset in datasets for m in _of_task(plan, dataset)[:1]))


def metric_of(plan: Plan, group: str) -> str | None:
    """The metric that a group's story is told in: of its first task."""
    return next(iter(main_metrics(plan, plan.groups[group].datasets)), None)


def having(plan: Plan, groups: Iterable[str], metric: str) -> dict[str, list[str]]:
    """Group -> its data sets that are scored by a metric; no groups without."""
    found = {
        group: [d for d in plan.groups[group].datasets if metric in plan.datasets[d].metrics]
        for group in groups
    }
    return {group: datasets for group, datasets in found.items() if datasets}


def held(plan: Plan, groups: Iterable[str]) -> list[str]:
    return [dataset for group in groups for dataset in plan.groups[group].datasets]


# shown


def warned(plan: Plan) -> dict:
    """What the notes of tables of scores warn of."""
    return {"chosen_on_test": list(plan.chosen_on_test)}


def tables(plan: Plan) -> dict[str, dict]:
    """Name -> what a score table shows: a family of one group and task whole, others by metric.

    A task that merges are also tested on, and that no member is of, has a table of its own.
    """
    shown: dict[str, dict] = {}
    for family, groups in plan.families.items():
        datasets = held(plan, groups)
        metrics = metrics_shown(plan, datasets)
        facts = {"family": family, "published": plan.published, **warned(plan)}
        alone = len(groups) == 1 and len({plan.datasets[d].task for d in datasets}) == 1
        if alone:
            whole = {groups[0]: datasets}
            shown[family] = {**facts, "groups": whole, "metrics": metrics}
        else:
            shown |= {
                f"{family}-{m}": {**facts, "groups": having(plan, groups, m), "metrics": [m]}
                for m in metrics
            }
        shown |= {f"{family}-on-{task}": {**facts, **own} for task, own in _on(plan, groups)}
    return shown


def _on(plan: Plan, groups: Iterable[str]) -> Iterator[tuple[str, dict]]:
    """(task, its data sets by group, and metrics) of tasks that merges of others are tested on."""
    tasks = {plan.datasets[dataset].task for dataset in held(plan, groups)}
    merged = {group: [m.model for m in plan.merges_of(group)] for group in groups}
    asked = {
        group: dict.fromkeys(d for model in models for d in plan.models[model].evaluate)
        for group, models in merged.items()
    }
    others = dict.fromkeys(plan.datasets[d].task for found in asked.values() for d in found)
    for task in (task for task in others if task not in tasks):
        own = {g: [d for d in asked[g] if plan.datasets[d].task == task] for g in asked}
        first = next(dataset for datasets in own.values() for dataset in datasets)
        metrics = dict.fromkeys([*_of_task(plan, first), *rates(plan, first)])
        yield task, {"groups": {g: ds for g, ds in own.items() if ds}, "metrics": list(metrics)}


def rate_tables(plan: Plan) -> dict[str, dict]:
    """Name -> what a table of a rate of failing outputs shows: one a family that is so scored."""
    found = {}
    for family, groups in plan.families.items():
        for rate in dict.fromkeys(r for d in held(plan, groups) for r in rates(plan, d)):
            own = {
                group: [d for d in plan.groups[group].datasets if rate in rates(plan, d)]
                for group in groups
            }
            facts = {"family": family, "published": plan.published, **warned(plan)}
            kept = {group: datasets for group, datasets in own.items() if datasets}
            found[f"{family}-{rate}"] = {**facts, "groups": kept, "metrics": [rate]}
    return found


def rates(plan: Plan, dataset: str) -> tuple[str, ...]:
    """Rates of outputs that fail as such: those that the study asks for, and unread choices."""
    entry = plan.datasets[dataset]
    kind = kinds.kind(entry.kind)
    found = kind.counted(kind.always, entry.answer)
    return tuple(name for name in found if kind.read or name in entry.metrics)


def score_table(plan: Plan, name: str) -> dict:
    """What the table of scores of a name shows."""
    return {**tables(plan), **rate_tables(plan)}[name]


def trivial_files(plan: Plan, name: str) -> list[str]:
    """What the data sets of a table of scores score without a model."""
    datasets = dict.fromkeys(d for held in score_table(plan, name)["groups"].values() for d in held)
    return [path for dataset in datasets for path in trivial(plan, dataset)]


def chance(plan: Plan, dataset: str) -> dict[str, str]:
    """The file that tells what a data set scores by chance, where that can be told."""
    told = set(CHANCE) & set(kinds.kind(plan.datasets[dataset].kind).trivial)
    path = trivial(plan, dataset) if told else []
    return {"chance": path[0]} if path else {}


def own_tables(plan: Plan) -> dict[str, dict]:
    """What is put behind the name of the table of experts' own scores -> its metric."""
    tested = dict.fromkeys(dataset for _, dataset in plan.evaluations)
    metrics = main_metrics(plan, tested)
    told = warned(plan)
    return {f"-{m}" if len(metrics) > 1 else "": {"metric": m, **told} for m in metrics}


def pattern(plans: dict[str, Plan], made: Callable[[Plan], dict[str, dict]]) -> str:
    """Regular expression of what may stand behind a table's name: of `own_tables` or the like."""
    names = {only for plan in plans.values() for only in made(plan)}
    return "|" + paths.alternatives(name for name in names if name)


def matrices(plan: Plan) -> dict[str, dict]:
    """Direction -> what a matrix shows: its data sets that models are tested on, in one metric."""
    tested = {dataset for _, dataset in plan.evaluations}
    found = {}
    for direction in plan.directions.values():
        datasets = [dataset for dataset in direction.datasets if dataset in tested]
        if datasets:
            metric = _of_task(plan, datasets[0])[0]
            found[direction.id] = {"datasets": datasets, "metric": metric}
    return found


def matrix_figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    shown = {name: facts["metric"] for name, facts in matrices(plan).items()}
    return {("matrix", name, metric): f"matrix-{name}" for name, metric in shown.items()}
