"""What a merge is made from, and which rooms of code it does not enter."""

import dataclasses

import pytest
from small_studies import shipped

from babelmerge.study.graph import merge, train


@pytest.fixture(scope="module")
def plan():
    return shipped("translation")


def adapters(plan, *names):
    """The plan with some experts trained as adapters."""
    changed = {}
    for name in names:
        source = plan.models[name].source
        lora = dataclasses.replace(source, training={**source.training, "method": "lora"})
        changed[name] = dataclasses.replace(plan.models[name], source=lora)
    return dataclasses.replace(plan, models={**plan.models, **changed})


def test_merges_of_full_models_enter_neither_adapters_nor_alignment(plan):
    for group in plan.groups:
        assert merge.unreached(plan, group) == [merge.ADAPTERS, merge.ALIGNMENT]


def test_a_group_with_an_adapter_may_enter_adapters(plan):
    lora = adapters(plan, "experts/hi-en")
    assert merge.unreached(lora, "many-to-one") == [merge.ALIGNMENT]
    assert merge.unreached(lora, "one-to-many") == [merge.ADAPTERS, merge.ALIGNMENT]


def test_what_is_taken_from_the_hub_may_turn_out_to_be_an_adapter():
    plan = shipped("pretraining")
    assert not train.may_be_adapter(plan, plan.models["base"])
    assert train.may_be_adapter(plan, plan.models["experts/de"])


def test_merges_of_merges_are_what_their_members_are():
    plan = shipped("adapters")
    inner = plan.groups["multitask-each"].members[0]
    assert train.may_be_adapter(plan, plan.models[inner])


def test_folders_say_themselves_what_they_hold(plan, tmp_path):
    model = dataclasses.replace(
        plan.models["experts/hi-en"], source=dataclasses.replace(plan.models["base"].source)
    )
    local = dataclasses.replace(model.source, hub=None, revision=None, path=str(tmp_path))
    model = dataclasses.replace(model, source=local)
    assert not train.may_be_adapter(plan, model)
    (tmp_path / "adapter_config.json").write_text("{}")
    assert train.may_be_adapter(plan, model)
