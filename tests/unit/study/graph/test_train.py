"""Models that are trained and taken in, over several studies at once."""

import dataclasses
import re

from small_studies import shipped

from babelmerge.study.graph import evaluate, paths, train

STUDIES = ("translation-mini", "translation", "pretraining")


def test_every_model_is_made_by_one_rule_whatever_other_studies_do():
    """The miniature trains its base, the study of the paper's size takes its own in."""
    plans = {name: shipped(name) for name in STUDIES}
    kinds = (None, "base", "expert", "joint")
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
    assert made["translation", "base"] == [None]
    for (study, model), found in made.items():
        assert len(found) == (not model.startswith("merges/")), (study, model, found)


def test_a_taken_model_needs_a_tokenizer_where_it_is_asked_or_looked_into():
    plan = shipped("translation")
    base = plan.models["base"]
    assert train.taken_settings(plan, "base")["tokenizer"]
    alone = dataclasses.replace(base, evaluate=(), probe=())
    plan = dataclasses.replace(plan, models={"base": alone})
    assert not train.taken_settings(plan, "base")["tokenizer"]


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
