"""Data: which rows are read from where, and what must not be in them."""

from dataclasses import asdict

from babelmerge.study.graph import paths
from babelmerge.study.plan.splits import SPLITS
from babelmerge.study.plan.types import CorpusRequest, Dataset, Plan
from babelmerge.tasks import kinds
from babelmerge.words import languages


def split_file(plan: Plan, dataset: str, split: str) -> str:
    return paths.of(plan, paths.DATA, dataset=dataset, split=split)


def splits(plan: Plan, dataset: str) -> list[str]:
    return [split_file(plan, dataset, split) for split in plan.datasets[dataset].splits]


def corpus_files(plan: Plan, dataset: str, split: str) -> list[str]:
    """Files of the user's own that a split is read from, and the examples before its rows."""
    entry = plan.datasets[dataset]
    requests = [*entry.splits[split], *(_pool(entry, split)[1] if _shown(entry, split) else ())]
    return list(dict.fromkeys(path for request in requests for path in request.paths))


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
        **_examples(plan, entry, split),
    }


def _shown(dataset: Dataset, split: str) -> bool:
    """Whether examples are shown before the rows of a split: those that models answer."""
    return bool(dataset.options.get("shots")) and split != SPLITS[0]


def _pool(dataset: Dataset, split: str) -> tuple[str, tuple[CorpusRequest, ...]]:
    """What examples are drawn from, in words and as requests; none for the split itself."""
    if dataset.examples:
        return dataset.options["shots_from"], dataset.examples
    earlier = [other for other in SPLITS[: SPLITS.index(split)] if other in dataset.splits]
    return (earlier[0], dataset.splits[earlier[0]]) if earlier else (split, ())


def shots(dataset: Dataset) -> str:
    """How many examples are shown before a test row, and where they are from; for signatures."""
    number = dataset.options.get("shots")
    return f"{number} of {_pool(dataset, SPLITS[-1])[0]}" if number else ""


def _examples(plan: Plan, dataset: Dataset, split: str) -> dict:
    """Which examples are shown before the rows of a split; nothing where none are."""
    if not _shown(dataset, split):
        return {}
    requests = [asdict(request) for request in _pool(dataset, split)[1]]
    return {
        "shots": {
            "number": dataset.options["shots"],
            "seed": plan.seed,
            "where": _where(dataset, split),
            "requests": requests,
        }
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
            "answer": dataset.answer,
            **{key: value for key, value in dataset.options.items() if key == "unusable"},
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
