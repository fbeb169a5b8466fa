"""Quantised models in folders are told while the study is read, before any work."""

import json

import made_up_models
import pytest
import torch
from small_studies import changed, made

from babelmerge.study.checks import taken
from babelmerge.study.grammar.yaml import StudyError

BASE = "base: {path: models/base}"


def study(folder):
    return made(changed(BASE, f"base: {{path: {folder}}}"))


@pytest.mark.parametrize("mark", ["config", "weights"])
def test_a_quantised_base_is_told_with_its_key(tmp_path, mark):
    tensors = made_up_models.tensors(0)
    taken.check(study(made_up_models.save(tmp_path / "good", tensors)))
    config = {**made_up_models.CONFIG}
    if mark == "config":
        config["quantization_config"] = {"quant_method": "awq"}
    else:
        tensors["model.layers.0.mlp.down_proj.weight_scale"] = torch.ones(1)
    folder = made_up_models.save(tmp_path / "bad", tensors, config)
    with pytest.raises(StudyError, match=r"base\.path: found .*bad.*quantised.*dequantise"):
        taken.check(study(folder))


def test_a_folder_without_a_model_is_told_with_the_models_in_it(tmp_path):
    """As that of a training, whose checkpoints are folders in it."""
    run = tmp_path / "run"
    run.mkdir()
    with pytest.raises(StudyError, match=r"base\.path: found .*run; .*has no config\.json") as told:
        taken.check(study(run))
    assert "lie in" not in str(told.value)
    made_up_models.save(run / "checkpoint-500", made_up_models.tensors(0))
    with pytest.raises(StudyError, match=r"models lie in its folders checkpoint-500"):
        taken.check(study(run))
    taken.check(study(run / "checkpoint-500"))
    (run / "checkpoint-500/model.safetensors").unlink()
    with pytest.raises(StudyError, match="found no weights"):
        taken.check(study(run / "checkpoint-500"))


def test_a_folder_that_says_nothing_is_left_to_its_job(tmp_path):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": "llama"})[:-1])
    (tmp_path / "model.safetensors").write_bytes(b"cut")
    taken.check(study(tmp_path))
    taken.check(study(tmp_path / "absent"))
