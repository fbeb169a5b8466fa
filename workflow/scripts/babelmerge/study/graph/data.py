"""Data: which rows are read from where, and what must not be in them."""

from dataclasses import asdict

from babelmerge.study.graph import paths
from babelmerge.study.plan.types import Dataset, Plan
from babelmerge.words import languages


def split_file(plan: Plan, dataset: str, split: str) -> str:
    return paths.of(plan, paths.DATA, dataset=dataset, split=split)


def splits(plan: Plan, dataset: str) -> list[str]:
    return [split_file(plan, dataset, split) for split in plan.datasets[dataset].splits]


def corpus_files(plan: Plan, dataset: str, split: str) -> list[str]:
    """Files of the user's own that a split is read from."""
    requests = plan.datasets[dataset].splits[split]
    return [path for request in requests for path in request.paths]


def held_out(plan: Plan, dataset: str, split: str) -> list[str]:
    """What a train split must not contain; only read when the study asks to drop it."""
    entry = plan.datasets[dataset]
    if split != "train" or entry.overlap != "drop":
        return []
    return [split_file(plan, dataset, other) for other in entry.splits if other != "train"]


def settings(plan: Plan, dataset: str, split: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "dataset": dataset,
        "split": split,
        "source_language": entry.source_language,
        "target_language": entry.target_language,
        "requests": [asdict(request) for request in entry.splits[split]],
        "overlap": entry.overlap if split == "train" else None,
        "names": _own_names(plan, entry),
    }


def _own_names(plan: Plan, dataset: Dataset) -> dict[str, str]:
    """Keys that a row carries for languages whose names prompts do not know by themselves."""
    sides = {"source": dataset.source_language, "target": dataset.target_language}
    own = plan.language_names
    return {
        f"{side}_language_name": own[code]
        for side, code in sides.items()
        if own.get(code, code) != languages.NAMES.get(code, code)
    }


def check_settings(plan: Plan, dataset: str) -> dict:
    return {"overlap": plan.datasets[dataset].overlap}


def checked(plan: Plan, dataset: str) -> str:
    return paths.of(plan, paths.CHECKED, dataset=dataset)


def checked_files(plan: Plan) -> list[str]:
    return [checked(plan, dataset) for dataset in plan.datasets]


def table_settings(plan: Plan) -> dict:
    return {"datasets": list(plan.datasets)}
