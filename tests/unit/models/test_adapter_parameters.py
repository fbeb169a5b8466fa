"""LoRA on bare parameters (peft's target_parameters): of maps as on the map, of experts refused."""

import made_up_adapters
import pytest
import torch
from peft import PeftModel
from transformers import MixtralConfig, MixtralForCausalLM, Qwen3MoeConfig, Qwen3MoeForCausalLM

from babelmerge import merging
from babelmerge.models import adapters, checkpoints
from babelmerge.recipes import recipes

SIZES = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
SIZES |= {"num_attention_heads": 2, "num_key_value_heads": 1}
QWEN = SIZES | {"head_dim": 8, "num_experts": 3, "moe_intermediate_size": 12}
KINDS = {
    "mixtral": (MixtralForCausalLM, MixtralConfig(**SIZES, num_local_experts=3)),
    "qwen3_moe": (Qwen3MoeForCausalLM, Qwen3MoeConfig(**QWEN, num_experts_per_tok=2)),
}
FUSED = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
MAPS = ["v_proj.weight", "o_proj.weight", "embed_tokens.weight"]
pytestmark = pytest.mark.filterwarnings("ignore")


def made(kind, root, parameters):
    torch.manual_seed(0)
    model = KINDS[kind][0](KINDS[kind][1]).eval()
    model.save_pretrained(root / "base")
    settings = {"target_modules": ["q_proj"], "target_parameters": parameters}
    return root / "base", *made_up_adapters.write(root / "a", model, 1, **settings)


@pytest.mark.parametrize("kind", KINDS)
def test_a_map_s_weight_has_lora_as_the_map_has(kind, tmp_path):
    folder, adapter, merged = made(kind, tmp_path, MAPS)
    base = checkpoints.Checkpoint(folder)
    found = adapters.Adapter(adapter, base)
    ours = [name for name in base.names if name in merged]  # experts lie otherwise in memory
    changed = {name for name in ours if not torch.equal(base.read(name), merged[name])}
    assert changed == {*found.names} and len(changed) == 7
    for name in found.names:
        expected = merged[name] - base.read(name)
        torch.testing.assert_close(found.delta(name), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_experts_in_one_tensor_are_refused_and_the_remedy_applies(kind, tmp_path):
    folder, adapter, merged = made(kind, tmp_path, FUSED)
    told = "target_parameters 'mlp.experts.*experts in one tensor, is not read here; fold it"
    with pytest.raises(ValueError, match=told):
        adapters.Adapter(adapter, checkpoints.Checkpoint(folder))
    model = KINDS[kind][0].from_pretrained(folder)
    PeftModel.from_pretrained(model, adapter).merge_and_unload().save_pretrained(tmp_path / "full")
    recipe = recipes.make_recipe(folder, {"x": tmp_path / "full"}, "linear", {})
    out = KINDS[kind][0].from_pretrained(merging.merge_files(recipe, tmp_path / "out"))
    for name, tensor in out.state_dict().items():
        torch.testing.assert_close(tensor, merged[name], rtol=0, atol=1e-6)
