"""Families whose files have other names than transformers has in memory are one model in both."""

import json

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM, ExaoneMoeConfig, FlintConfig, HYV3Config

from babelmerge import merging
from babelmerge.files import layouts
from babelmerge.merging.streaming.members import Members
from babelmerge.models.adapters import Adapter
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.models.dialect import renames
from babelmerge.models.dialect.opening import alike
from babelmerge.recipes import recipes

SIZES = {
    "vocab_size": 32,
    "hidden_size": 16,
    "intermediate_size": 24,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "pad_token_id": 0,
}
MIXTURE = {"moe_intermediate_size": 8, "num_experts": 3, "num_experts_per_tok": 2}
KINDS = {
    "a bias of experts": lambda: ExaoneMoeConfig(**SIZES, **MIXTURE, n_group=1, topk_group=1),
    "sinks of attention": lambda: FlintConfig(**SIZES),
}


def saved(kind, seed, folder, **form):
    torch.manual_seed(seed)
    made = AutoModelForCausalLM.from_config(KINDS[kind]()).eval()
    with torch.no_grad():
        for one in [*made.parameters(), *(b for b in made.buffers() if b.is_floating_point())]:
            one.add_(torch.rand(one.shape) / 8)
    made.save_pretrained(folder, **form)
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_names_of_files_and_of_memory_are_one(tmp_path, kind):
    """A merge by either's names is the expert at weight 1, and no layout knows the names."""
    memory, ids = {"save_original_format": False}, torch.arange(1, 9)[None]
    for number, (ours, theirs) in enumerate((({}, memory), (memory, {}))):
        base = saved(kind, 0, tmp_path / f"base{number}", **ours)
        expert = saved(kind, 1, tmp_path / f"expert{number}", **theirs)
        names = [Checkpoint(one).names for one in (base, expert)]
        assert any(layouts.place_of(name, set(names[0])) is None for name in names[1])
        recipe = recipes.make_recipe(base, {"x": expert}, "task_arithmetic", {"weight": 1.0})
        out = merging.merge_files(recipe, tmp_path / f"out{number}")
        found, made = (AutoModelForCausalLM.from_pretrained(one) for one in (out, expert))
        with torch.no_grad():
            assert torch.allclose(found(ids).logits, made(ids).logits, atol=1e-5)


def test_what_no_table_knows_is_refused_with_both_names_and_a_way_out(tmp_path):
    """Names stay as they are where a family, its class or the tensor is unknown."""
    base, expert = (saved("sinks of attention", n, tmp_path / str(n)) for n in range(2))
    changed = {n.replace("up_proj", "rising"): n for n in Checkpoint(expert).names}
    odd = Checkpoint(expert).renamed(changed)
    assert alike([Checkpoint(base), odd])[1].names == odd.names
    with pytest.raises(ValueError, match=r"up_proj.*rising.*two versions.*load and save both"):
        Members(Checkpoint(base), {"x": odd})
    for config in ({}, {"model_type": "of-its-own"}, {"model_type": "flint"}):
        assert renames.namer(config) is None
    said = json.loads((base / "config.json").read_text())
    for kinds in (["Trainer"], [3], "FlintForCausalLM", ["torch"]):
        assert renames.namer({**said, "architectures": kinds}) is None


def test_an_adapter_by_names_of_memory_fits_files_with_others(tmp_path):
    """As transformers saves Hy-V3 in the names of its first release, and peft does not."""
    more = {"moe_intermediate_size": 8, "num_experts": 3, "num_experts_per_tok": 2}
    torch.manual_seed(0)
    made = AutoModelForCausalLM.from_config(HYV3Config(**SIZES, **more)).eval()
    made.save_pretrained(tmp_path / "base")
    adapted = get_peft_model(made, LoraConfig(r=2, target_modules=["down_proj"]))
    for name, one in adapted.named_parameters():
        if "lora_B" in name:
            one.data.normal_()
    adapted.save_pretrained(tmp_path / "adapter")
    told = Adapter(tmp_path / "adapter", Checkpoint(tmp_path / "base"))
    assert any(layouts.place_of(n, set(made.state_dict())) is None for n in told.names)
    recipe = recipes.make_recipe(
        tmp_path / "base", {"x": tmp_path / "adapter"}, "task_arithmetic", {"weight": 1.0}
    )
    out = AutoModelForCausalLM.from_pretrained(merging.merge_files(recipe, tmp_path / "out"))
    ids = torch.arange(1, 9)[None]
    with torch.no_grad():
        assert torch.allclose(out(ids).logits, adapted.merge_and_unload()(ids).logits, atol=1e-4)
