"""Adapters that were saved with nothing in them are refused as that, by all who read one."""

import json

import made_up_models
import pytest
import torch
from safetensors.torch import save_file

from babelmerge import merging
from babelmerge.analysis.task_vectors import inspection
from babelmerge.merging import files as merge_files
from babelmerge.models import adapter_config, adapter_taking
from babelmerge.recipes import recipes

NAME = "base_model.model.model.layers.{}.mlp.down_proj.lora_{}.weight"
GOOD = {NAME.format(0, "A"): torch.ones(2, 20), NAME.format(0, "B"): torch.ones(12, 2)}
# What ZeRO-3 leaves where nobody gathered the parts, and how much of it the message counts.
EMPTY = {
    "no tensor": ({}, "it holds no tensors"),
    "shape 0": ({name: torch.empty(0) for name in GOOD}, "2 of 2 tensors have no elements"),
    "no ranks": (
        {NAME.format(0, "A"): torch.empty(0, 20), NAME.format(0, "B"): torch.empty(12, 0)},
        "2 of 2 tensors have no elements",
    ),
    "one layer": (
        {**GOOD, NAME.format(1, "A"): torch.empty(0), NAME.format(1, "B"): torch.empty(0)},
        "2 of 4 tensors have no elements, such as base_model.model.model.layers.1",
    ),
}


def adapter(folder, tensors):
    folder.mkdir()
    save_file(tensors, folder / "adapter_model.safetensors")
    config = {"peft_type": "LORA", "r": 2, "target_modules": ["down_proj"]}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@pytest.mark.parametrize("kind", EMPTY)
def test_an_empty_adapter_is_refused_with_its_cause(tmp_path, kind):
    tensors, found = EMPTY[kind]
    base = made_up_models.save(tmp_path / "base", made_up_models.tensors(0))
    good, bad = adapter(tmp_path / "good", GOOD), adapter(tmp_path / "bad", tensors)
    recipe = recipes.make_recipe(base, {"good": good, "bad": bad}, "linear", {})
    doors = (
        lambda: merge_files.check_files(recipe, tmp_path / "out"),
        lambda: merging.merge(base, {"good": good, "bad": bad}, "linear"),
        lambda: inspection.inspect(base, {"good": good, "bad": bad}),
        lambda: adapter_taking.keep(base, bad, tmp_path),
    )
    for enter in doors:
        with pytest.raises(ValueError) as told:
            enter()
        parts = (str(bad / "adapter_model.safetensors"), "is empty", found, "ZeRO-3", "gather")
        assert all(part in str(told.value) for part in parts), str(told.value)


def test_an_adapter_that_was_not_trained_and_one_given_twice_are_told(tmp_path, caplog):
    base = made_up_models.save(tmp_path / "base", made_up_models.tensors(0))
    blank = {**GOOD, NAME.format(0, "B"): torch.zeros(12, 2)}
    given = {"good": GOOD, "again": GOOD, "new": blank}
    experts = {id_: adapter(tmp_path / id_, tensors) for id_, tensors in given.items()}
    recipe = recipes.make_recipe(base, experts, "linear", {})
    merge_files.check_files(recipe, tmp_path / "out")
    told = [record.getMessage() for record in caplog.records]
    assert "good and again have the same weights: it counts twice" in told
    assert any(str(experts["new"]) in one and "every B of it is zero" in one for one in told)


def test_a_full_model_with_an_adapters_config_is_told_from_an_adapter_that_is_not_whole(tmp_path):
    (tmp_path / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA"}))
    with pytest.raises(ValueError, match="fetch or train the adapter again"):
        adapter_config.weights(tmp_path)
    (tmp_path / "model.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="take adapter_config.json away if it is a full model"):
        adapter_config.weights(tmp_path)
