"""Models that are trained and taken in, over several studies at once."""

import dataclasses
import re
from pathlib import Path

from small_studies import SMALL, changed, made, shipped

from babelmerge.study.graph import evaluate, paths, report, train
from babelmerge.study.graph.data import split_file

STUDIES = ("translation-mini", "translation", "pretraining", "translation-files")


def test_every_model_is_made_by_one_rule_whatever_other_studies_do():
    """The miniature trains its base, the study of the paper's size takes its own in."""
    plans = {name: shipped(name) for name in STUDIES}
    kinds = (train.TAKEN, train.TRIMMED, "base", "expert", "joint")
    made = {}
    for plan in plans.values():
        for model in plan.models.values():
            before, after = paths.of(plan, paths.MODEL, model="\0").split("\0")
            file = f"{before}{model.id}{after}"
            made[plan.name, model.id] = [
                kind
                for kind in kinds
                if re.fullmatch(f"{before}({train.pattern(plans, kind)}){after}", file)
            ]
    assert made["translation-mini", "base"] == ["base"]
    assert made["translation", "base"] == [train.TAKEN]
    assert made["translation-files", "base"] == [train.TRIMMED]
    for (study, model), found in made.items():
        assert len(found) == (not model.startswith("merges/")), (study, model, found)


def test_a_taken_model_needs_a_tokenizer_where_it_is_asked_or_looked_into():
    plan = shipped("translation")
    base = plan.models["base"]
    assert train.taken_settings(plan, "base")["tokenizer"]
    alone = dataclasses.replace(base, evaluate=(), probe=())
    plan = dataclasses.replace(plan, models={"base": alone})
    assert not train.taken_settings(plan, "base")["tokenizer"]


def test_a_trimmed_base_is_told_by_the_texts_of_its_tasks_and_no_more_what_it_was():
    plan = shipped("translation-files")
    read = [d for d in plan.datasets if d.startswith("messages/")]
    files = train.vocabulary_files(plan)
    assert files == [split_file(plan, dataset, "train") for dataset in read]
    told = train.trimmed_settings(plan)
    assert told["hub"] and told["tokenizer"] and len(told["asked"]) == len(files) == 4
    adapter = train.settings(plan, next(iter(plan.of_kind("expert"))))
    assert adapter["base"] == str(Path(train.model_file(plan, "base")).parent)
    assert "vocabulary" not in train.taken_settings(shipped("translation"), "base")


def test_a_trimmed_base_is_told_how_its_tasks_are_asked():
    plan = made(ASKED)
    chosen, felt = train.trimmed_settings(plan)["asked"]
    assert chosen == {
        "template": "{source}{space}",
        "chat": False,
        "answer": "likelihood",
        "labels": [],
        "shots": True,
        "tokenization": "joint",
    }
    assert felt["chat"] and felt["labels"] == ["bad", "good"] and not felt["shots"]


ASKED = """
title: Asked
languages: [en]
base: {path: models/base, vocabulary: {of: [chosen, felt]}}
corpora: {own: {files: "{task}-{language}-{split}.jsonl"}}
tasks:
  chosen:
    kind: multiple_choice
    train: {corpus: own}
    test: {corpus: own}
    prompt: "{question}"
    shots: 3
    tokenization: joint
  felt:
    kind: classification
    labels: [bad, good]
    train: {corpus: own}
    prompt: "{text}"
    chat: true
training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4}
experts: {felt: {of: felt}}
groups: {}
methods: {}
"""


def test_no_study_no_model():
    assert not re.fullmatch(train.pattern({}, "base"), "")


def test_a_base_from_scratch_depends_on_the_vocabulary_and_not_only_on_its_config():
    plan = shipped("translation-mini")
    tokenizer = paths.of(plan, paths.TOKENIZER)
    assert train.inputs(plan, "base")["tokenizer"] == tokenizer
    assert train.settings(plan, "base")["tokenizer"] == plan.models["base"].source.tokenizer
    dataset = next(iter(plan.datasets))
    assert evaluate.length_inputs(plan, dataset)["tokenizer"] == [tokenizer]
    assert "tokenizer" not in train.inputs(plan, next(iter(plan.of_kind("expert"))))


def test_who_reads_an_adapter_needs_the_base_and_who_reads_a_full_model_does_not():
    plan = shipped("adapters")
    base = {"base": train.model_file(plan, "base")}
    adapters = [m.id for m in plan.models.values() if m.kind in ("expert", "joint")]
    assert len(adapters) > 18 and all(train.below(plan, model) == base for model in adapters)
    assert train.below(plan, "base", "merges/sentiment/ties-0.5") == {}
    assert train.below(plan, "base", adapters[0]) == base
    assert train.read(plan, adapters[0]) == base | {"model": train.model_file(plan, adapters[0])}
    model = plan.models[adapters[0]]
    training = {**model.source.training, "lora": {**model.source.training["lora"], "keep": "full"}}
    full = dataclasses.replace(model, source=dataclasses.replace(model.source, training=training))
    plan = dataclasses.replace(plan, models={**plan.models, model.id: full})
    assert train.below(plan, model.id) == {}
    mini = shipped("translation-mini")
    assert all(train.below(mini, model) == {} for model in mini.models)


def test_a_kept_state_comes_from_the_training_that_keeps_it():
    more = "{each: translation, checkpoints: [4, 8]}"
    plan = made(SMALL.replace("{each: translation}", more))
    told = train.settings(plan, "experts/hi-en")["kept"]
    assert told == {"folder": "results/made/kept/experts/hi-en", "steps": [4, 8]}
    assert train.kept_inputs(plan, "experts/hi-en@8") == train.model_file(plan, "experts/hi-en")
    assert train.kept_settings(plan, "experts/hi-en@8") == {"folder": told["folder"] + "/8"}
    file = train.model_file(plan, "experts/hi-en@8")
    before, after = file.split("experts/hi-en@8")
    kept = train.pattern({"made": plan}, train.KEPT)
    assert re.fullmatch(f"{before}({kept}){after}", file)
    assert "kept" not in train.settings(shipped("translation-mini"), "experts/hi-en")


def test_a_base_that_learns_nothing_is_made_of_its_tokenizer_alone():
    own = "{architecture: {model_type: llama}, tokenizer: {vocab_size: 300, of: translation}}"
    plan = made(SMALL.replace("{path: models/base}", own))
    assert train.tokenizer_data(plan) == [
        paths.of(plan, paths.DATA, dataset=d, split="train") for d in plan.datasets
    ]
    found = train.settings(plan, "base")
    assert found["datasets"] == {"train": [], "dev": []} and found["prompt"] == {}
    assert train.inputs(plan, "base")["train"] == [] and train.checks(plan, "base") == []
    assert "base" not in plan.trained and "trained 0 steps" in report.setup(plan).study["base"]


def test_a_setting_at_its_default_is_in_no_job():
    training = shipped("adapters").models["experts/sentiment-en"].source.training
    assert "keep" not in training["lora"]


def test_all_models_of_the_hub_are_looked_up_before_anything_is_trained():
    """Checkpoints along training and baselines too; a study without such models asks nobody."""
    plan = shipped("pretraining")
    found = train.looked_up(plan)
    assert set(found) == set(plan.taken)
    kinds = {name.split("/")[0] + "@" * ("@" in name) for name in found}
    assert {"base", "experts", "experts@", "joint", "joint@", "baselines"} <= kinds
    step = next(name for name in found if name.startswith("experts/en@"))
    assert found[step]["revision"] == f"checkpoint_{step.partition('@')[2]}"
    assert train.hub_checked(plan) == [paths.of(plan, paths.HUB_CHECKED)]
    assert not train.looked_up(shipped("pretraining-mini"))
    assert train.hub_checked(shipped("pretraining-mini")) == []


def test_a_tokenizer_that_is_taken_from_the_hub_is_looked_up_too():
    """It is fetched once the data are made and checked, too late to hear that it is not there."""
    base = "base: {{architecture: {{model_type: llama}}, tokenizer: {{hub: {}}}}}"
    for told, revision in (("a/b", None), ("a/b, revision: v2", "v2")):
        plan = made(changed("base: {path: models/base}", base.format(told)))
        place = {"hub": "a/b", "revision": revision}
        assert train.looked_up(plan) == {"the base's tokenizer": place}
        assert train.hub_checked(plan)
