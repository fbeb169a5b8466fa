"""Evaluation: what models can read, what each writes for each test set, and what that is worth."""

import functools
from dataclasses import asdict

from babelmerge.recipes.methods import METHODS
from babelmerge.study.graph import paths
from babelmerge.study.graph.data import checked, shots, split_file, splits
from babelmerge.study.graph.represent import probe_split
from babelmerge.study.graph.train import files_of, model_file, own_datasets, prompt, taken_inputs
from babelmerge.study.plan.types import Dataset, Plan, Trained
from babelmerge.tasks import kinds
from babelmerge.tasks.kind import COMPARING, LIKELIHOOD, SPACE
from babelmerge.training.settings import DEFAULTS
from babelmerge.words import ids, languages
from babelmerge.words.metrics import WITH_SPACE
from babelmerge.words.metrics import metric as facts_of

PROBES = ("neurons", "cka", "angles", "usage_alignment", "interventions")
MEASURING = ("babelmerge.evaluation.bertscore", "babelmerge.models")
# What training does with rows that are too long, and the key of the max_lengths at which it does.
POLICIES = {"cut": "trained", "drop": "dropping", "error": "refusing", "split": "splitting"}
Limits = dict[str, int | None]  # split -> how many of its first rows; None: all


# lengths


def length_inputs(plan: Plan, dataset: str) -> dict[str, list[str] | str]:
    """Rows, and the tokenizers of all that reads them: the base's, and those that models bring."""
    random = isinstance(plan.models["base"].source, Trained)
    return {
        "splits": splits(plan, dataset),
        "checked": [checked(plan, dataset)],
        "base": paths.of(plan, paths.TOKENIZER_CONFIG) if random else model_file(plan, "base"),
        "tokenizer": [paths.of(plan, paths.TOKENIZER)] if random else [],
        "others": [model_file(plan, model) for model in _own_readers(plan, dataset)],
    }


def _own_readers(plan: Plan, dataset: str) -> list[str]:
    """Models that may read a data set in a way of their own.

    Not those that are put on a base which must be trained first: they read as it does.
    """
    there = [m for m in plan.taken.values() if dataset in {*m.evaluate, *m.probe} and m.finished]
    trained = isinstance(plan.models["base"].source, Trained)
    return [m.id for m in there if m.id != "base" and not (trained and taken_inputs(plan, m.id))]


def length_settings(plan: Plan, dataset: str) -> dict:
    source, trained = plan.models["base"].source, isinstance(plan.models["base"].source, Trained)
    return {
        "dataset": dataset,
        "splits": list(plan.datasets[dataset].splits),
        "others": _own_readers(plan, dataset),
        "architecture": source.architecture if trained else None,
        "prompt": prompt(plan, dataset),
        "labels": _compared_labels(plan, dataset),
        **_compared(plan, dataset),
        "max_length": plan.generation["max_length"],
        "max_new_tokens": plan.generation["max_new_tokens"],
        "too_long": plan.too_long,
        **_trained(plan, dataset),
        "decoded": _decoded(plan, dataset),
        "probed": _probed(plan, dataset),
    }


def _compared_labels(plan: Plan, dataset: str) -> list[str]:
    """The labels of which the likeliest is taken; none where answers are written."""
    entry = plan.datasets[dataset]
    return entry.options.get("labels", []) if entry.answer == LIKELIHOOD else []


def _compared(plan: Plan, dataset: str) -> dict:
    """How choices are asked for where the likeliest is taken; nothing where answers are written."""
    likely = plan.datasets[dataset].answer == LIKELIHOOD
    return {"compared": asked(plan, dataset)} if likely else {}


def _trained(plan: Plan, dataset: str) -> dict:
    """Every max_length of models that learn from a data set, by what they do with longer rows."""
    sources = [m.source for m in plan.models.values() if isinstance(m.source, Trained)]
    found: dict = {"trained": set()}
    for training in (source.training for source in sources if dataset in source.datasets):
        policy = training.get("too_long", DEFAULTS["too_long"])
        most = training.get("max_length", DEFAULTS["max_length"])
        found.setdefault(POLICIES[policy], set()).add(most)
    whole = any(map(len, found.values())) and kinds.kind(plan.datasets[dataset].kind).whole
    lengths = {name: sorted(sizes) for name, sizes in found.items()}
    return lengths | ({"whole": True} if whole else {})


def _decoded(plan: Plan, dataset: str) -> Limits:
    """What models answer: test, what sweeps select on, what interventions are scored on."""
    found: Limits = {}
    if any(dataset in model.evaluate for model in plan.models.values()):
        found["test"] = None
    for merge in plan.sweeps.values():
        if dataset in merge.datasets:
            _widen(found, merge.selection["split"], merge.selection.get("rows"))
    split = probe_split(plan, dataset)
    if split and plan.analysis.get("interventions") and _scored(plan, dataset):
        _widen(found, split, plan.analysis.get("rows"))
    return found


def _probed(plan: Plan, dataset: str) -> Limits:
    """What is looked at inside models, or taken from dev for Fisher merging and RegMean."""
    found: Limits = {}
    split = probe_split(plan, dataset)
    chosen = dataset in plan.analysis.get("datasets", [dataset])
    if split and chosen and any(plan.analysis.get(name) is not None for name in PROBES):
        found[split] = plan.analysis.get("rows")
    counted = [m for m in plan.merges.values() if METHODS[m.algorithm].statistics]
    members = {member for merge in counted for member in merge.members}
    read = _scored(plan, dataset) or any(dataset in own_datasets(plan, m) for m in members)
    if counted and "dev" in plan.datasets[dataset].splits and read:
        _widen(found, "dev", None)
    return found


def _scored(plan: Plan, dataset: str) -> bool:
    return kinds.kind(plan.datasets[dataset].kind).scored


def _widen(found: Limits, split: str, rows: int | None) -> None:
    known = found.get(split, 0)
    found[split] = None if rows is None or known is None else max(known, rows)


# scores


def batch_size(plan: Plan) -> int:
    """Sentences decoded at a time: what a job needs room for, which in float32 is no setting."""
    return plan.generation["batch_size"]


def generation(plan: Plan) -> dict:
    """The settings of decoding that outputs depend on; in float32 not on the size of a batch."""
    exact = plan.generation["dtype"] == "float32"
    return {k: v for k, v in plan.generation.items() if not (exact and k == "batch_size")}


@functools.cache  # thousands of jobs share it
def generation_settings(plan: Plan, dataset: str) -> dict:
    return {"asked": asked(plan, dataset), "generation": generation(plan)}


def asked(plan: Plan, dataset: str) -> dict:
    """How a data set is asked: see `evaluation.answering`."""
    entry = plan.datasets[dataset]
    how = {"kind": entry.kind, "answer": entry.answer, "labels": entry.options.get("labels", [])}
    told = {key: entry.options[key] for key in COMPARING if key in entry.options}
    alone = {"template": ""} if kinds.kind(entry.kind).alone else {}
    shown = {"shots": shots(entry)} if shots(entry) else {}
    return {**prompt(plan, dataset), **alone, **how, **told, **shown}


@functools.cache  # thousands of jobs share it
def metric_settings(plan: Plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "kind": entry.kind,
        "metrics": list(entry.metrics),
        "target_language": entry.target_language,
        "candidates": _candidates(plan, entry),
        **plan.evaluation,
        **({"spaced": True} if _spaced(plan, dataset) else {}),
        **({"encoder": encoder_settings(plan)} if encoder(plan, dataset) else {}),
    }


def _candidates(plan: Plan, entry: Dataset) -> list[str]:
    """Languages that an answer may be in: the data set's own, and of a pair those of the study that
    are written as its target is, so that they could be taken for it."""
    own = {entry.source_language, entry.target_language}
    if len(own) < 2:
        return sorted(own)
    letters = set(languages.scripts(entry.target_language))
    return sorted(own | {code for code in _known(plan) if letters & set(languages.scripts(code))})


@functools.cache
def _known(plan: Plan) -> set[str]:
    """The study's languages that can be told from others."""
    sides = ((one.source_language, one.target_language) for one in plan.datasets.values())
    return {code for pair in sides for code in pair} & languages.NAMES.keys()


def _spaced(plan: Plan, dataset: str) -> bool:
    """Whether a score counts the spaces that choices begin with."""
    entry = plan.datasets[dataset]
    return WITH_SPACE in entry.metrics and entry.prompt.endswith(SPACE)


def encoder(plan: Plan, dataset: str) -> list[str]:
    """The model that measures scores of a data set, where one does."""
    measured = any(facts_of(metric).needs for metric in plan.datasets[dataset].metrics)
    return [paths.of(plan, paths.ENCODER)] if measured else []


def unreached(plan: Plan, dataset: str) -> list[str]:
    """Code that scoring a data set does not enter, so that editing it scores nothing anew."""
    return [] if encoder(plan, dataset) else list(MEASURING)


def encoder_settings(plan: Plan) -> dict:
    return {**asdict(plan.encoder.source), "layer": plan.encoder.layer}


def encoder_files(plan: Plan) -> list[str]:
    """Its files where it is taken from a local folder."""
    return files_of(plan.encoder.source)


def trivial(plan: Plan, dataset: str) -> list[str]:
    """Scores of what answers a data set without a model, where its kind has such baselines."""
    entry = plan.datasets[dataset]
    there = kinds.kind(entry.kind).trivial and "test" in entry.splits
    return [paths.of(plan, paths.TRIVIAL, dataset=dataset)] if there else []


def trivial_train(plan: Plan, dataset: str) -> list[str]:
    there = "train" in plan.datasets[dataset].splits
    return [split_file(plan, dataset, "train")] if there else []


def trivial_settings(plan: Plan, dataset: str) -> dict:
    entry = plan.datasets[dataset]
    return {
        "dataset": dataset,
        "kind": entry.kind,
        "asked": list(entry.metrics),
        "labels": entry.options.get("labels", []),
        **plan.evaluation,
    }


def output_file(plan: Plan, model: str, dataset: str) -> str:
    return paths.of(plan, paths.OUTPUT, model=model, dataset=dataset)


def score_files(plan: Plan) -> list[str]:
    """Score files, in the order of `scores.index`, of all models that have a folder."""
    cases = [(m, d) for m, d in _written(plan) if not ids.begun(m)]
    return [paths.of(plan, paths.SCORE, model=m, dataset=d) for m, d in cases]


def decoding_files(plan: Plan) -> list[str]:
    return [paths.of(plan, paths.DECODING, model=m, dataset=d) for m, d in _written(plan)]


def _written(plan: Plan) -> list[tuple[str, str]]:
    return [case for case in plan.evaluations if not plan.models[case[0]].live]
