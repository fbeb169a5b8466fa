"""Which file is made from which, and with which settings: from a plan to paths and parameters.

Only the rules use it. A rule's settings are one mapping with a fixed order of keys that holds
exactly what its result depends on, because Snakemake compares parameters as an unordered set.
"""

from dataclasses import asdict
from pathlib import Path

from babelmerge import languages
from babelmerge import plan as planning

# A figure with a panel for each group is legible up to about so many.
MOST_PANELS = 12


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
    return [
        f"results/{plan.name}/data/{d}/checked.json" for d in plan.models[model].source.datasets
    ]


# models


def pattern(plans: dict, kind: str) -> str:
    """Regular expression of the model ids that one rule makes, over all studies."""
    chosen = {
        "fetch": lambda m: _taken(m),
        "train_base": lambda m: _trained(m) and m.kind == "base",
        "train_expert": lambda m: _trained(m) and m.kind == "expert",
        "train_joint": lambda m: _trained(m) and m.kind == "joint",
    }[kind]
    ids = sorted({m.id for plan in plans.values() for m in plan.models.values() if chosen(m)})
    return "|".join(map(_escape, ids)) or "no-such-model"


def _escape(model: str) -> str:
    return "".join(c if c.isalnum() or c in "/-_@" else f"[{c}]" for c in model)


def _taken(model) -> bool:
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


def selection_data(plan, group: str) -> list[str]:
    return [_dataset_file(plan, d, "dev") for d in plan.groups[group].datasets]


def sweeps(plan, group: str, method: str) -> list[str]:
    """The sweep that a recipe is chosen from; a grid of one point needs none."""
    swept = _merge(plan, group, method).swept
    return [f"results/{plan.name}/sweeps/{group}/{method}.tsv"] if swept else []


def _grid(plan, merge) -> list[dict]:
    """The points as merging takes them; random methods get the study's seed."""
    seed = {"seed": plan.seed} if merge.algorithm == "dare" else {}
    return [{**seed, **point} for point in merge.grid]


def sweep_settings(plan, group: str, method: str) -> dict:
    entry = _merge(plan, group, method)
    return {
        "method": entry.algorithm,
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
        "members": list(entry.members),
        "grid": _grid(plan, entry),
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


def _merges_of(plan, group: str) -> list:
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
    if own is None:
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
    cases = [_case(plan, m, d) for m in _merges_of(plan, group) for d in m.datasets]
    return {"cases": [case for case in cases if case], "test": dict(plan.evaluation)}


def retention_scores(plan, group: str) -> list[str]:
    names = ("base", "expert", "joint", "merged")
    cases = retention_settings(plan, group)["cases"]
    return sorted({case[name] for case in cases for name in names if name in case})


def retention_files(plan) -> list[str]:
    return [f"results/{plan.name}/comparisons/retention/{group}.tsv" for group in plan.groups]


# tables and figures


def metrics_shown(plan) -> list[str]:
    """The metric that selects first, then chrF in the form that the study scores."""
    scored = [m for d in plan.datasets.values() for m in d.metrics]
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
    return names


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
    merged = {merge.group for merge in plan.merges.values()}
    return {
        "scores": f"{folder}/comparisons/scores.tsv",
        "retention": retention_files(plan),
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
    }


def samples(plan) -> list[dict]:
    """For each group and data set, the outputs to set side by side: base, expert, merges."""
    found = []
    for group in plan.groups.values():
        for dataset in group.datasets:
            own = owner(plan, group.name, dataset)
            merges = [m.model for m in _merges_of(plan, group.name) if dataset in m.datasets]
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
    prompts = dict.fromkeys(d.prompt for d in plan.datasets.values())
    return {
        "study": {
            "name": plan.name,
            "metric": metrics_shown(plan)[0],
            "shown": metrics_shown(plan),
            **{key: configuration[key] for key in told if configuration.get(key) is not None},
            "language_names": plan.language_names,
            "base": _base_in_words(plan),
            "prompt": next(iter(prompts)) if len(prompts) == 1 else None,
            "generation": dict(plan.generation),
            "evaluation": plan.evaluation,
        },
        "families": {
            family: {group: list(plan.groups[group].datasets) for group in groups}
            for family, groups in plan.families.items()
        },
        "models": list(plan.trained),
        "datasets": list(plan.datasets),
        "sweeps": {group: list(sweep_files(plan, group)) for group in plan.groups},
        "samples": samples(plan),
        "published": plan.published,
        "warnings": list(plan.warnings),
        "configuration": configuration,
    }


def _base_in_words(plan) -> str:
    source = plan.models["base"].source
    if _taken(plan.models["base"]):
        return source.path or f"{source.hub} ({source.revision or 'main'})"
    size = source.architecture or {}
    return f"{size.get('model_type', 'a model')} trained from scratch in this study"
