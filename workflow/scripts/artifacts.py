"""Which file is made from which, and with which settings: from a plan to paths and parameters.

Only the rules use it. A rule's settings are one mapping with a fixed order of keys that holds
exactly what its result depends on, because Snakemake compares parameters as an unordered set.
"""

from dataclasses import asdict
from pathlib import Path

from babelmerge.recipes.methods import METHODS
from babelmerge.study.plan import expand as planning
from babelmerge.words import languages


def _dataset_file(plan, dataset: str, split: str) -> str:
    return f"results/{plan.name}/data/{dataset}/{split}.jsonl"


def model_file(plan, model: str) -> str:
    """The file of a model that is written last, and that everything made from it depends on."""
    return f"results/{plan.name}/models/{model}/manifest.json"


def _own_names(plan, dataset) -> dict[str, str]:
    """Keys that a row carries when the study itself names its languages."""
    sides = {"source": dataset.source_language, "target": dataset.target_language}
    own = plan.language_names
    return {
        f"{side}_language_name": own[code]
        for side, code in sides.items()
        if own.get(code, code) != languages.name(code)
    }


# data


def splits(plan, dataset: str) -> list[str]:
    return [_dataset_file(plan, dataset, split) for split in plan.datasets[dataset].splits]


def corpus_files(plan, dataset: str, split: str) -> list[str]:
    """Files of the user's own that a split is read from."""
    requests = plan.datasets[dataset].splits[split]
    return [path for request in requests for path in request.paths]


def held_out(plan, dataset: str, split: str) -> list[str]:
    """What a train split must not contain; only read when the study asks to drop it."""
    if split != "train" or plan.datasets[dataset].overlap != "drop":
        return []
    return [path for path in splits(plan, dataset) if not path.endswith("/train.jsonl")]


def data_settings(plan, dataset: str, split: str) -> dict:
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


def checks(plan, model: str) -> list[str]:
    """Checks that must have passed before a model is trained on its data sets."""
    datasets = plan.models[model].source.datasets
    return [f"results/{plan.name}/data/{dataset}/checked.json" for dataset in datasets]


# models


def pattern(plans: dict, kind: str) -> str:
    """Regular expression of the model ids that one rule makes, over all studies."""
    chosen = {
        "fetch": lambda m: taken(m),
        "train_base": lambda m: _trained(m) and m.kind == "base",
        "train_expert": lambda m: _trained(m) and m.kind == "expert",
        "train_joint": lambda m: _trained(m) and m.kind == "joint",
    }[kind]
    ids = sorted({m.id for plan in plans.values() for m in plan.models.values() if chosen(m)})
    return "|".join(map(_escape, ids)) or "no-such-model"


def _escape(model: str) -> str:
    return "".join(c if c.isalnum() or c in "/-_@" else f"[{c}]" for c in model)


def taken(model) -> bool:
    return isinstance(model.source, planning.Taken)


def _trained(model) -> bool:
    return isinstance(model.source, planning.Trained)


def taken_settings(plan, model: str) -> dict:
    return {"model": model, **asdict(plan.models[model].source)}


def taken_files(plan, model: str) -> list[str]:
    """Files of a model that is taken from a local folder; nothing for one from the hub."""
    folder = plan.models[model].source.path
    if not folder:
        return []
    kept = (".json", ".safetensors", ".model", ".txt", ".jinja")
    return sorted(str(p) for p in Path(folder).iterdir() if p.is_file() and p.suffix in kept)


def taken_inputs(plan, model: str) -> dict[str, str]:
    """The base, which an adapter is merged into; on the hub any expert may turn out to be one."""
    entry = plan.models[model]
    path = entry.source.path
    adapter = (Path(path) / "adapter_config.json").is_file() if path else entry.kind != "baseline"
    return {"base": model_file(plan, "base")} if model != "base" and adapter else {}


def _needs_tokenizer(plan, model: str) -> bool:
    entry = plan.models[model]
    return _trained(entry) and entry.source.start == "random"


def tokenizer_data(plan) -> list[str]:
    return [_dataset_file(plan, d, "train") for d in plan.models["base"].source.datasets]


def tokenizer_settings(plan) -> dict:
    source = plan.models["base"].source
    prompts = [plan.datasets[d].prompt for d in source.datasets]
    return {"tokenizer": source.tokenizer, "prompts": prompts}


def training_inputs(plan, model: str) -> dict:
    source = plan.models[model].source
    start = (
        f"results/{plan.name}/tokenizer/tokenizer_config.json"
        if _needs_tokenizer(plan, model)
        else model_file(plan, "base")
    )
    repeat = source.repeat or [1] * len(source.datasets)
    has_dev = [d for d in source.datasets if "dev" in plan.datasets[d].splits]
    return {
        "start": start,
        "train": [
            _dataset_file(plan, d, "train")
            for d, times in zip(source.datasets, repeat, strict=True)
            for _ in range(times)
        ],
        "dev": [_dataset_file(plan, d, "dev") for d in has_dev],
    }


def training_settings(plan, model: str) -> dict:
    source = plan.models[model].source
    return {
        "model": model,
        "start": source.start,
        "architecture": source.architecture,
        "training": source.training,
        "repeat": list(source.repeat),
        "prompt": _one_prompt(plan, source.datasets),
    }


def _one_prompt(plan, datasets) -> dict:
    """The prompt that a model's data sets share: those of one task do."""
    return _prompt(plan, datasets[0])


def _prompt(plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {"template": entry.prompt, "chat": entry.chat}


# merging


def members(plan, group: str) -> list[str]:
    return [model_file(plan, m) for m in plan.groups[group].members]


def _merge(plan, group: str, method: str):
    return plan.merges[f"merges/{group}/{method}"]


def selection_data(plan, group: str, method: str) -> list[str]:
    entry = _merge(plan, group, method)
    return [_dataset_file(plan, d, entry.selection["split"]) for d in entry.datasets]


def sweeps(plan, group: str, method: str) -> list[str]:
    """The sweep that a recipe is chosen from; a grid of one point needs none."""
    swept = _merge(plan, group, method).swept
    return [f"results/{plan.name}/sweeps/{group}/{method}.tsv"] if swept else []


def _grid(plan, merge) -> list[dict]:
    """The points as merging takes them; random methods get the study's seed."""

    def seeded(point: dict) -> dict:
        then = point.get("then", METHODS[merge.algorithm].defaults.get("then"))
        random = METHODS[then or merge.algorithm].random
        return {"seed": plan.seed, **point} if random else dict(point)

    return [seeded(point) for point in merge.grid]


def statistics(plan, group: str, method: str) -> list[str]:
    """What Fisher merging and RegMean read of each member; nothing for other methods."""
    entry = _merge(plan, group, method)
    kind = METHODS[entry.algorithm].statistics
    if kind is None:
        return []
    rows = entry.grid[0].get("rows", METHODS[entry.algorithm].defaults["rows"])
    root = f"results/{plan.name}/statistics"
    return [f"{root}/{member}/{kind}-{rows}.safetensors" for member in entry.members]


def own_dev(plan, model: str) -> list[str]:
    """Dev rows of a model's own data sets."""
    datasets = _scorable(plan, model)
    return [_dataset_file(plan, d, "dev") for d in datasets if "dev" in plan.datasets[d].splits]


def _scorable(plan, model: str) -> list[str]:
    """A model's own data sets, without text that is only looked at."""
    return [d for d in plan.models[model].datasets if plan.datasets[d].kind != "text"]


def statistics_settings(plan, model: str, kind: str, rows: str) -> dict:
    return {
        "kind": kind,
        "rows": int(rows),
        "max_length": plan.generation.get("max_length"),
        "dtype": "float32",
        "prompt": _one_prompt(plan, _scorable(plan, model)),
    }


def sweep_settings(plan, group: str, method: str) -> dict:
    entry = _merge(plan, group, method)
    return {
        "method": entry.algorithm,
        "factors": METHODS[entry.algorithm].factors,
        "members": list(entry.members),
        "grid": _grid(plan, entry),
        "datasets": list(entry.datasets),
        "selection": dict(entry.selection),
        "prompt": _one_prompt(plan, entry.datasets),
        "generation": dict(plan.generation),
    }


def recipe_settings(plan, group: str, method: str) -> dict:
    entry = _merge(plan, group, method)
    return {
        "method": entry.algorithm,
        "factors": METHODS[entry.algorithm].factors,
        "members": list(entry.members),
        "grid": _grid(plan, entry),
        "statistics": statistics(plan, group, method),
    }


# evaluation


def generation_settings(plan, dataset: str) -> dict:
    return {"prompt": _prompt(plan, dataset), "generation": dict(plan.generation)}


def metric_settings(plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "kind": entry.kind,
        "metrics": list(entry.metrics),
        "target_language": entry.target_language,
        "candidates": sorted({entry.source_language, entry.target_language}),
        **plan.evaluation,
    }


def score_file(plan, model: str, dataset: str) -> str:
    return f"results/{plan.name}/scores/{model}/{dataset}.json"


def scores(plan) -> list[str]:
    return [score_file(plan, model, dataset) for model, dataset in plan.evaluations]


def score_index(plan) -> list[dict]:
    """For each score file, in the order of `scores`, whose it is."""
    return [_score_row(plan, model, dataset) for model, dataset in plan.evaluations]


def _score_row(plan, model: str, dataset: str) -> dict:
    entry, merge = plan.models[model], plan.merges.get(model)
    return {
        "model": model,
        "kind": entry.kind,
        "expert": model.split("/")[1] if entry.kind == "expert" else "",
        "group": merge.group if merge else "",
        "method": merge.method if merge else "",
        "dataset": dataset,
        "source_language": plan.datasets[dataset].source_language,
        "target_language": plan.datasets[dataset].target_language,
    }


def sentence_file(plan, model: str, dataset: str) -> str:
    return f"results/{plan.name}/scores/{model}/{dataset}.sentences.tsv"


# comparisons


def merges_of(plan, group: str) -> list:
    return [merge for merge in plan.merges.values() if merge.group == group]


def owner(plan, group: str, dataset: str) -> str | None:
    """The member of a group that a data set belongs to: the expert a merge is compared with."""
    members = plan.groups[group].members
    return next((m for m in members if dataset in plan.models[m].datasets), None)


def joint_of(plan, group: str) -> str | None:
    """The joint model trained on the fewest data sets that still hold all of a group's."""
    wanted = set(plan.groups[group].datasets)
    fitting = [m for m in plan.of_kind("joint").values() if wanted <= set(m.evaluate)]
    return min(fitting, key=lambda m: len(m.evaluate)).id if fitting else None


def _case(plan, merge, dataset: str) -> dict | None:
    """The sentence files that one row of the retention table compares."""
    own, joint = owner(plan, merge.group, dataset), joint_of(plan, merge.group)
    if own is None or dataset not in plan.models[merge.model].evaluate:
        return None
    base = "base" if dataset in plan.models["base"].evaluate else None
    compared = {"base": base, "expert": own, "joint": joint, "merged": merge.model}
    return {
        "group": merge.group,
        "method": merge.method,
        "model": merge.model,
        "dataset": dataset,
        **{name: sentence_file(plan, m, dataset) for name, m in compared.items() if m},
    }


def retention_settings(plan, group: str) -> dict:
    cases = [_case(plan, m, d) for m in merges_of(plan, group) for d in m.datasets]
    return {"cases": [case for case in cases if case], "test": dict(plan.evaluation)}


def retention_scores(plan, group: str) -> list[str]:
    names = ("base", "expert", "joint", "merged")
    cases = retention_settings(plan, group)["cases"]
    return sorted({case[name] for case in cases for name in names if name in case})


def retention_files(plan) -> list[str]:
    return [f"results/{plan.name}/comparisons/retention/{group}.tsv" for group in plan.groups]
