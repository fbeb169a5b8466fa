"""Looking inside: which models are represented on which data sets.

Models are represented on what they could be evaluated on, and experts also on the data of those
that they are merged with; baselines are not, they may be built in another way.
"""

import functools

from babelmerge.study.graph import paths
from babelmerge.study.graph.data import split_file
from babelmerge.study.graph.train import prompt
from babelmerge.study.plan.analysis import KINDS
from babelmerge.study.plan.types import Direction, Plan


def probe_split(plan: Plan, dataset: str) -> str | None:
    """The rows that models are represented on: the split that `analysis` asks for, else the other.

    None for a data set that has neither.
    """
    splits = plan.datasets[dataset].splits
    wanted = dict.fromkeys([plan.analysis["split"], "dev", "test"])
    return next((split for split in wanted if split in splits), None)


def probe_file(plan: Plan, dataset: str) -> str | None:
    split = probe_split(plan, dataset)
    return split and split_file(plan, dataset, split)


def experts(plan: Plan) -> list[str]:
    return [model.id for model in plan.of_kind("expert").values() if model.finished]


@functools.cache
def represented(plan: Plan, dataset: str) -> list[str]:
    """Models that are represented on a data set, the base first; those that are finished.

    There may be hundreds of the others, and all pairs are compared.
    """
    if dataset not in plan.analysis.get("datasets", [dataset]):
        return []
    partners = {m for g in plan.groups.values() if dataset in g.datasets for m in g.members}
    return [
        model.id
        for model in plan.of_kind(*KINDS).values()
        if (dataset in model.probe or model.id in partners) and model.finished
    ]


def models_of(plan: Plan, direction: str) -> list[str]:
    """Models that are represented on every data set of a direction, partners aside."""
    wanted = set(plan.directions[direction].datasets)
    models = plan.of_kind(*KINDS).values()
    return [m.id for m in models if wanted <= set(m.probe) and m.finished]


def owned(plan: Plan, direction: str) -> dict[str, str]:
    """Data set of a direction -> its expert, where it has one."""
    sets = plan.directions[direction].datasets
    return {dataset: plan.owners[dataset] for dataset in sets if dataset in plan.owners}


def spanned(plan: Plan, directions: list[Direction]) -> list[tuple[str, str]]:
    """(direction, span) of all spans of some directions."""
    return [(direction.id, span) for direction in directions for span in direction.spans]


def file(plan: Plan, model: str, dataset: str) -> str:
    return paths.of(plan, paths.REPRESENTATION, model=model, dataset=dataset)


def facts_file(plan: Plan, model: str, dataset: str) -> str:
    return paths.of(plan, paths.REPRESENTATION_FACTS, model=model, dataset=dataset)


@functools.cache  # thousands of jobs share it
def settings(plan: Plan, dataset: str) -> dict:
    return {
        "rows": plan.analysis.get("rows"),
        "max_length": plan.generation["max_length"],
        "dtype": plan.generation["dtype"],
        "prompt": prompt(plan, dataset),
    }


def direction_files(plan: Plan, direction: str) -> list[str]:
    """Representations of a direction: each model's data sets, then the next model's."""
    return [
        file(plan, model, dataset)
        for model in models_of(plan, direction)
        for dataset in plan.directions[direction].datasets
    ]
