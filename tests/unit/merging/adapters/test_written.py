"""Merges written as adapters: peft gives the merged model's logits, or the error is told."""

import copy
import json
import math

import pytest
import torch
from made_up_adapters import Family, close
from peft import PeftModel
from safetensors.torch import load_file

from babelmerge.merging.adapters import output
from babelmerge.models.adapters import Adapter

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")
QUERY = "model.layers.0.self_attn.q_proj.weight"
TOKENS = torch.arange(24).view(2, 12) % 64


def written(folder, merge, **settings):
    folder.mkdir(exist_ok=True)
    return output.write_adapter(folder, merge, **settings)


def logits(model):
    with torch.no_grad():
        return model.eval()(TOKENS).logits


def folded(family, merge):
    """The merged full model."""
    model = copy.deepcopy(family.model)
    state = {n: t + merge[n] if n in merge else t for n, t in family.weights.items()}
    model.load_state_dict(state)
    return model


WRITTEN = {
    "task_arithmetic": {"weight": [0.5, -0.25, 2.0]},
    "linear": {},
    "knots": {"then": "ties", "density": 0.5},
    "core_space": {"then": "ties", "density": 0.5},
    "ctm": {"then": "ties", "density": 0.5},
    "layer_swap": {"from": "ta", "top": 1, "then": "linear"},
    "tsv": {},
    "iso_c": {},
    "subspace_boosting": {"beta": 0.2},
}


@pytest.mark.parametrize("method", WRITTEN)
def test_an_exact_adapter_loads_in_peft_and_gives_the_merged_model_s_logits(
    method, family, tmp_path
):
    merge = family.merge(method, **WRITTEN[method])
    report = written(tmp_path / "out", merge)
    assert (report.error, report.errors) == (0, {})
    loaded = PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")
    expected = logits(folded(family, merge))
    assert float((expected - logits(family.model)).abs().max()) > 0.01
    close(logits(loaded), expected, atol=1e-5)
    again = Adapter(tmp_path / "out", family.base)
    for name in merge:
        close(again.delta(name), merge[name])
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(family.path)


@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "knots"])
@pytest.mark.parametrize("rank", [1, 5, 13])
def test_a_truncated_adapter_reports_its_error(method, rank, family, tmp_path):
    more = {} if method == "task_arithmetic" else {"density": 0.5}
    merge = family.merge(method, **more)
    report = written(tmp_path / "out", merge, rank=rank)
    made = Adapter(tmp_path / "out", family.base)
    assert max(made.rank(name) for name in merge) == rank
    left = whole = 0.0
    for name in merge:
        delta = merge[name].double()
        singular = torch.linalg.svdvals(delta)
        least = float(singular[rank:].norm())
        error = float((delta - made.delta(name)).norm())
        assert error == pytest.approx(least, rel=1e-4, abs=2e-5)
        norm = float(delta.norm())
        assert report.errors[name] == pytest.approx(least / norm, rel=1e-3, abs=1e-5)
        left, whole = left + least**2, whole + norm**2
    assert report.error == pytest.approx(math.sqrt(left / whole), rel=1e-3, abs=1e-5)
    PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")


def test_biases_whole_modules_and_embeddings_are_written_too(tmp_path):
    settings = {
        "modules_to_save": ["norm"],
        "bias": "lora_only",
        "target_modules": ["embed_tokens", "q_proj"],
    }
    family = Family(tmp_path, **settings)
    merge = family.merge("task_arithmetic", weight=[0.5, -0.25, 1.0])
    written(tmp_path / "out", merge)
    names = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert "base_model.model.model.embed_tokens.lora_embedding_A" in names
    loaded = PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")
    close(logits(loaded), logits(folded(family, merge)), atol=1e-5)
    again = Adapter(tmp_path / "out", family.base)
    assert set(again.names) == set(merge.names)
    for name in merge:
        close(again.delta(name), merge[name])


def test_adapters_that_cannot_be_written(family, tmp_path):
    ties = family.merge("ties", density=0.5)
    with pytest.raises(
        ValueError, match="ties: the merged update of .* has no exact factors; give"
    ):
        written(tmp_path / "out", ties)
    with pytest.raises(ValueError, match="dtype is 'int8'; expected float32, bfloat16, float16"):
        written(tmp_path / "out", family.merge("linear"), dtype="int8")
    assert not list((tmp_path / "out").iterdir())


def test_the_dtype_of_a_written_adapter(family, tmp_path):
    merge = family.merge("linear")
    written(tmp_path / "out", merge, dtype="bfloat16")
    tensors = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert {t.dtype for t in tensors.values()} == {torch.bfloat16}
    close(Adapter(tmp_path / "out", family.base).delta(QUERY), merge[QUERY], atol=2e-3)
