"""Data: which rows are read from where, and what must not be in them."""

from dataclasses import asdict

from babelmerge.study.graph import paths
from babelmerge.study.plan.types import Dataset, Plan
from babelmerge.tasks import kinds
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
    """What a split must not contain, by `overlap`; only read when the study asks to drop it."""
    entry = plan.datasets[dataset]
    apart = {"train": ("dev", "test"), "dev": ("test",)}.get(split, ())
    others = [other for other in apart if other in entry.splits]
    return [split_file(plan, dataset, o) for o in others] if entry.overlap == "drop" else []


def settings(plan: Plan, dataset: str, split: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "dataset": dataset,
        "split": split,
        "source_language": entry.source_language,
        "target_language": entry.target_language,
        "requests": [asdict(request) for request in entry.splits[split]],
        "overlap": entry.overlap if split == "train" or held_out(plan, dataset, split) else None,
        "names": _own_names(plan, entry),
        **_task(entry, split),
    }


def _task(dataset: Dataset, split: str) -> dict:
    """What checks and completes rows that are more than texts; nothing for others."""
    if kinds.kind(dataset.kind).settle is None:
        return {}
    return {
        "task": {
            "kind": dataset.kind,
            "labels": dataset.options.get("labels", []),
            "where": _where(dataset, split),
        }
    }


def _where(dataset: Dataset, split: str) -> str:
    """A split with the files or repositories that it is read from."""
    sources = dict.fromkeys(
        source
        for request in dataset.splits[split]
        for source in (*request.paths, request.options.get("hub"))
        if source
    )
    return f"{dataset.id}: {split}" + (f" ({', '.join(sources)})" if sources else "")


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
    entry = plan.datasets[dataset]
    labels = entry.options.get("labels", [])
    where = {split: _where(entry, split) for split in entry.splits} if labels else {}
    return {
        "overlap": entry.overlap,
        "selected": kinds.kind(entry.kind).scored,
        "selection_on_test": entry.test_may_be_dev,
        "labels": labels,
        **({"where": where} if where else {}),
    }


def checked(plan: Plan, dataset: str) -> str:
    return paths.of(plan, paths.CHECKED, dataset=dataset)


def checked_files(plan: Plan) -> list[str]:
    return [checked(plan, dataset) for dataset in plan.datasets]


def lengths(plan: Plan, dataset: str) -> str:
    """What says which rows are too long for the models that read them."""
    return paths.of(plan, paths.LENGTHS, dataset=dataset)


def lengths_files(plan: Plan) -> list[str]:
    return [lengths(plan, dataset) for dataset in plan.datasets]


def table_settings(plan: Plan) -> dict:
    return {"datasets": list(plan.datasets)}
