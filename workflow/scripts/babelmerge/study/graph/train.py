"""Models that are trained or taken in."""

import re
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from babelmerge.study.graph import paths
from babelmerge.study.graph.chapters import Key
from babelmerge.study.graph.data import checked, lengths, split_file
from babelmerge.study.plan.types import Kept, Merged, Model, Plan, Taken, Trained, Trimmed
from babelmerge.tasks import kinds
from babelmerge.training.settings import kept_alone

TAKEN, TRIMMED, KEPT = "taken", "trimmed", "kept"


def model_file(plan: Plan, model: str) -> str:
    """The file of a model that is written last, and that everything made from it depends on."""
    return paths.of(plan, paths.MODEL, model=model)


def pattern(plans: dict[str, Plan], kind: str) -> str:
    """Regular expression of the models of a kind that are trained, over all studies.

    kind: or one of TAKEN, TRIMMED and KEPT. What one study trains another may take in, so each
    study's names count behind its own folder only.
    """
    found = []
    for plan in plans.values():
        names = [model.id for model in plan.models.values() if _made(model) == kind]
        folder = paths.of(plan, paths.MODEL, model="").removesuffix("/manifest.json")
        found.append(f"(?<={re.escape(folder)})(?:{paths.alternatives(names)})")
    return "|".join(found) or paths.alternatives([])


def _made(model: Model) -> str:
    """The kind of a model that is trained, else in which other way it comes to be."""
    others = {Taken: TAKEN, Trimmed: TRIMMED, Kept: KEPT}
    return others.get(type(model.source), model.kind)


# taken in


def taken_settings(plan: Plan, model: str) -> dict:
    """Where it is, and whether it needs a tokenizer of its own: it is asked or looked into."""
    entry = plan.models[model]
    asked = bool(entry.evaluate or entry.probe or plan.benchmarks)
    return {"model": model, "tokenizer": asked, **asdict(entry.source)}


def hub_checked(plan: Plan) -> list[str]:
    """What says that the hub has the models that are taken from there; nothing where none is."""
    return [paths.of(plan, paths.HUB_CHECKED)] if looked_up(plan) else []


def looked_up(plan: Plan) -> dict[str, dict]:
    """Model -> its repository on the hub and its revision, of all that are taken from there.

    The encoder of BERTScore and a tokenizer that a base from scratch is given are among them.
    """
    sources = {id_: model.source for id_, model in plan.taken.items()}
    sources |= {"the encoder of BERTScore": plan.encoder.source} if plan.encoder else {}
    found = {
        name: {"hub": source.hub, "revision": source.revision}
        for name, source in sources.items()
        if isinstance(source, Taken) and source.hub
    }
    tokenizer = getattr(plan.models["base"].source, "tokenizer", None) or {}
    if tokenizer.get("hub"):
        place = {"hub": tokenizer["hub"], "revision": tokenizer.get("revision")}
        found["the base's tokenizer"] = place
    return found


def taken_files(plan: Plan, model: str) -> list[str]:
    """Files of a model that is taken from a local folder; nothing for one from the hub."""
    return files_of(plan.models[model].source)


def files_of(source: Taken) -> list[str]:
    """The files of a model in a local folder."""
    folder = source.path
    if not folder:
        return []
    kept = (".json", ".safetensors", ".model", ".txt", ".jinja")
    return sorted(str(p) for p in Path(folder).iterdir() if p.is_file() and p.suffix in kept)


def taken_inputs(plan: Plan, model: str) -> dict[str, str]:
    """The base, which an adapter is put on; a baseline on the hub is none."""
    entry = plan.models[model]
    if not isinstance(entry.source, Taken):
        return {}
    adapter = may_be_adapter(plan, entry) and (entry.source.path or entry.kind != "baseline")
    return {"base": model_file(plan, "base")} if model != "base" and adapter else {}


def vocabulary_files(plan: Plan) -> list[str]:
    """The rows that tell which tokens of a ready base are kept."""
    own = plan.models["base"].source.vocabulary
    return [split_file(plan, dataset, "train") for dataset in own]


def vocabulary_checks(plan: Plan) -> list[str]:
    """Checks of these rows, which know of no lengths yet."""
    return [checked(plan, dataset) for dataset in plan.models["base"].source.vocabulary]


def trimmed_settings(plan: Plan) -> dict:
    """What is taken in, and how each of the data sets is read: see `vocabulary_files`."""
    own = plan.models["base"].source.vocabulary
    return {**taken_settings(plan, "base"), "asked": [_asked(plan, dataset) for dataset in own]}


def _asked(plan: Plan, dataset: str) -> dict:
    """What decides which texts are made of a data set's rows: see `vocabularies.texts`."""
    entry = plan.datasets[dataset]
    joined = entry.options.get("tokenization")
    return {
        **prompt(plan, dataset),
        "answer": entry.answer,
        "labels": entry.options.get("labels", []),
        "shots": bool(entry.options.get("shots")),
        **({"tokenization": joined} if joined else {}),
    }


def read(plan: Plan, model: str) -> dict[str, str]:
    """What a job needs to read a model: it, and the base that it may be put on."""
    return {"model": model_file(plan, model), **below(plan, model)}


def below(plan: Plan, *models: str) -> dict[str, str]:
    """The base, where one of these models may be an adapter that is put on it when it is read."""
    found = (taken_inputs(plan, m) or kept_alone(_training(plan, m)) for m in models)
    return {"base": model_file(plan, "base")} if any(found) else {}


def _training(plan: Plan, model: str) -> dict:
    """How a model is trained; empty for one that is taken in, kept or merged."""
    return getattr(plan.models[model].source, "training", {})


def may_be_adapter(plan: Plan, model: Model) -> bool:
    """Whether a model is a LoRA adapter; on the hub any but the base may turn out to be one."""
    source = model.source
    if isinstance(source, Taken):
        if source.path:
            return (Path(source.path) / "adapter_config.json").is_file()
        return model.kind != "base"
    if isinstance(source, Trained):
        return source.training["method"] == "lora"
    if isinstance(source, Merged):
        members = plan.merges[model.id].members
        return any(may_be_adapter(plan, plan.models[member]) for member in members)
    return may_be_adapter(plan, plan.models[source.model])


# trained


def checks(plan: Plan, model: str) -> list[str]:
    """Checks that must have passed before a model is trained on its data sets."""
    return [lengths(plan, dataset) for dataset in plan.models[model].source.datasets]


def tokenizer_checks(plan: Plan) -> list[str]:
    """The same before a tokenizer is learnt, which knows of no lengths yet."""
    return [checked(plan, dataset) for dataset in _spoken(plan)]


def tokenizer_data(plan: Plan) -> list[str]:
    return [split_file(plan, dataset, "train") for dataset in _spoken(plan)]


def tokenizer_settings(plan: Plan) -> dict:
    prompts = [plan.datasets[dataset].prompt for dataset in _spoken(plan)]
    return {"tokenizer": plan.models["base"].source.tokenizer, "prompts": prompts}


def _spoken(plan: Plan) -> tuple[str, ...]:
    """The data sets that a tokenizer is learnt from."""
    source = plan.models["base"].source
    return source.spoken or source.datasets


def _read(plan: Plan, model: str) -> dict[str, list[str]]:
    """The data sets of each split that a model reads, in order, as often as it reads them."""
    source = plan.models[model].source
    repeat = source.repeat or [1] * len(source.datasets)
    selects = source.training.get("eval_steps")  # else dev would be read and change nothing
    return {
        "train": [d for d, n in zip(source.datasets, repeat, strict=True) for _ in range(n)],
        "dev": [d for d in source.datasets if selects and "dev" in plan.datasets[d].splits],
    }


def inputs(plan: Plan, model: str) -> dict:
    begin = plan.models[model].source.start
    random = begin == "random"
    start = paths.of(plan, paths.TOKENIZER_CONFIG) if random else model_file(plan, begin)
    read = _read(plan, model)
    return {
        "start": start,
        **({"tokenizer": paths.of(plan, paths.TOKENIZER)} if random else {}),
        **{split: [split_file(plan, d, split) for d in own] for split, own in read.items()},
    }


def settings(plan: Plan, model: str) -> dict:
    """start: base for any model that is there, the base or a state of another."""
    source = plan.models[model].source
    adapter = source.training["method"] == "lora"
    return {
        "model": model,
        **({"base": _base_name(plan)} if adapter else {}),
        "start": "random" if source.start == "random" else "base",
        "architecture": source.architecture,
        **({"tokenizer": source.tokenizer} if source.start == "random" else {}),
        "training": source.training,
        "datasets": _read(plan, model),
        "prompt": learnt(plan, source.datasets),
        **({"kept": _states(plan, model)} if source.kept else {}),
    }


def _states(plan: Plan, model: str) -> dict:
    """The states that a training keeps: see `training.kept`."""
    folder = paths.of(plan, paths.KEPT_STATES, model=model)
    return {"folder": folder, "steps": list(plan.models[model].source.kept)}


def kept_inputs(plan: Plan, model: str) -> str:
    """The model whose training keeps a state, which lies beside it: see `kept_settings`."""
    return model_file(plan, plan.models[model].source.model)


def kept_settings(plan: Plan, model: str) -> dict:
    source = plan.models[model].source
    return {"folder": paths.of(plan, paths.KEPT_STATE, model=source.model, step=source.step)}


def _base_name(plan: Plan) -> str:
    """What an adapter says that it was trained on: where the base is from, else where it lies."""
    source = plan.models["base"].source
    taken = (source.hub or source.path) if type(source) is Taken else None
    return taken or str(Path(model_file(plan, "base")).parent)


def learnt(plan: Plan, datasets: Sequence[str]) -> dict:
    """How rows are read that a model learns from: alike, or by data set where these differ."""
    each = {dataset: _learnt(plan, dataset) for dataset in datasets}
    first = next(iter(each.values()), {})
    return first if all(one == first for one in each.values()) else each


def _learnt(plan: Plan, dataset: str) -> dict:
    whole = kinds.kind(plan.datasets[dataset].kind).whole
    return {**prompt(plan, dataset), **({"whole": True} if whole else {})}


def own_datasets(plan: Plan, model: str) -> list[str]:
    """What a model has learnt from, as far as is known: data sets of its own.

    Text counts where we train on it, or where the model has nothing else; beside answers it may be
    there to be looked at only.
    """
    entry = plan.models[model]
    trained = entry.source.datasets if isinstance(entry.source, Trained) else ()
    own = [d for d in entry.datasets if kinds.kind(plan.datasets[d].kind).learnt]
    answered = [d for d in own if d in trained or not kinds.kind(plan.datasets[d].kind).whole]
    return answered or own


def prompt(plan: Plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {"template": entry.prompt, "chat": entry.chat}


# shown


def curve_files(plan: Plan) -> list[str]:
    return [paths.of(plan, paths.TRAINING_CURVE, model=model) for model in plan.trained]


def cost_files(plan: Plan) -> list[str]:
    return [paths.of(plan, paths.TRAINING, model=model) for model in plan.trained]


def curve_settings(plan: Plan) -> dict:
    return {"models": list(plan.trained)}


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure, without its ending."""
    return {("training",): "training"} if plan.trained else {}


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table, without its endings."""
    return {("training",): "training"} if plan.trained else {}


def table_settings(plan: Plan) -> dict:
    return {"models": list(plan.trained)}
