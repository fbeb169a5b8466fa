"""Experts of a mixture are the same tensors, packed in one or apart in files."""

import json

import pytest
import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, MixtralConfig, Qwen2MoeConfig

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.models.dialect import experts
from babelmerge.models.dialect.opening import alike
from babelmerge.recipes import recipes

SIZES = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
}
MIXTURE = {"moe_intermediate_size": 8, "shared_expert_intermediate_size": 8, "num_experts": 3}
KINDS = {
    "qwen2_moe": lambda: Qwen2MoeConfig(**SIZES, **MIXTURE),
    "mixtral": lambda: MixtralConfig(**SIZES, num_local_experts=3),
}


def model(kind, seed):
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(KINDS[kind]()).eval()


def packed(made, folder):
    """As it is in memory."""
    folder.mkdir()
    made.config.save_pretrained(folder)
    state = {name: one.clone() for name, one in made.state_dict().items()}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    return folder


def apart(made, folder):
    made.save_pretrained(folder)
    assert any(".experts.0." in name for name in checkpoints.Checkpoint(folder).names)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_packed_experts_are_those_that_transformers_takes_apart(tmp_path, kind):
    made = model(kind, 1)
    files = checkpoints.Checkpoint(apart(made, tmp_path / "a"))
    other = checkpoints.Checkpoint(packed(made, tmp_path / "p"))
    for first, second in ((files, other), (other, files)):
        left, right = alike([first, second])
        assert set(left.names) == set(right.names)
        assert all(torch.equal(left.read(name), right.read(name)) for name in left.names)


def test_a_merge_of_both_forms_is_that_of_one(tmp_path):
    base, expert = model("qwen2_moe", 1), model("qwen2_moe", 2)
    forms = {}
    for number, (first, second) in enumerate(((apart, apart), (apart, packed), (packed, apart))):
        folder = tmp_path / str(number)
        folder.mkdir()
        members = first(base, folder / "base"), second(expert, folder / "e")
        recipe = recipes.make_recipe(members[0], {"e": members[1]}, "ties", {"density": 0.5})
        out = merging.merge_files(recipe, folder / "out")
        loaded = AutoModelForCausalLM.from_pretrained(out).state_dict()
        forms[number] = dict(loaded)
    for other in (forms[1], forms[2]):
        assert all(torch.equal(other[name], one) for name, one in forms[0].items())


def test_what_cannot_be_taken_apart_is_named_with_a_way_out(tmp_path):
    made = model("qwen2_moe", 1)
    base, other = apart(made, tmp_path / "a"), packed(made, tmp_path / "p")
    tensors = checkpoints.Checkpoint(other).state_dict()
    turned = {
        name: one.transpose(1, 2).contiguous() if ".experts." in name else one.clone()
        for name, one in tensors.items()
    }
    save_file(turned, other / "model.safetensors", {"format": "pt"})
    recipe = recipes.make_recipe(base, {"e": other}, "linear", {})
    message = r"experts\.0\..*experts\.(gate_up|down)_proj.*save both with one version"
    with pytest.raises(ValueError, match=message):
        merging.merge_files(recipe, tmp_path / "out")


@pytest.mark.parametrize("kind", sorted(experts.TURNED))
def test_experts_that_lie_turned_are_no_slices(tmp_path, kind):
    """Gates and ups of (inputs, outputs) may have the shapes of others by chance."""
    parts = {"gate_up_proj": torch.rand(2, 8, 8), "down_proj": torch.rand(2, 4, 8)}
    whole = {f"model.layers.0.mlp.experts.{name}": one for name, one in parts.items()}
    shapes = {"gate_proj": (4, 8), "up_proj": (4, 8), "down_proj": (4, 8)}
    names = [
        (f"experts.{n}.{role}.weight", shape) for n in (0, 1) for role, shape in shapes.items()
    ]
    split = {f"model.layers.0.mlp.{name}": torch.rand(shape) for name, shape in names}
    for id_, tensors in (("p", whole), ("a", split)):
        (tmp_path / id_).mkdir()
        save_file(tensors, tmp_path / id_ / "model.safetensors", {"format": "pt"})
        (tmp_path / id_ / "config.json").write_text(json.dumps({"model_type": kind}))
    models = [checkpoints.Checkpoint(tmp_path / id_) for id_ in ("p", "a")]
    assert set(alike(models)[0].names) == set(whole)
