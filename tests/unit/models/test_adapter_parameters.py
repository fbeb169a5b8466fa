"""LoRA on bare parameters (peft's target_parameters): maps as peft merges them, experts refused."""

import copy
import json
import logging

import made_up_adapters
import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file, save_file
from transformers import (
    GPT2Config,
    GPT2LMHeadModel,
    MixtralConfig,
    MixtralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3MoeConfig,
    Qwen3MoeForCausalLM,
)

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
GPT = GPT2Config(vocab_size=32, n_embd=16, n_layer=2, n_head=2, n_positions=16)
KINDS |= {
    "qwen2": (Qwen2ForCausalLM, Qwen2Config(**SIZES)),
    "tied": (Qwen2ForCausalLM, Qwen2Config(**SIZES, tie_word_embeddings=True)),
    "gpt2": (GPT2LMHeadModel, GPT),
}
MIXTURES = ("mixtral", "qwen3_moe")
FUSED = ["mlp.experts.gate_up_proj", "mlp.experts.down_proj"]
MAPS = ["v_proj.weight", "o_proj.weight", "embed_tokens.weight"]
SQUARE, OBLONG, TABLES = "attn.c_proj.weight", "attn.c_attn.weight", ["wte.weight", "wpe.weight"]
pytestmark = pytest.mark.filterwarnings("ignore")


def made(kind, root, parameters, name="a", **settings):
    """(base's folder, adapter's folder, peft's merged tensors)."""
    torch.manual_seed(0)
    model = KINDS[kind][0](KINDS[kind][1]).eval()
    model.save_pretrained(root / "base")
    settings = {"target_modules": ["q_proj"], "target_parameters": parameters, **settings}
    return root / "base", *made_up_adapters.write(root / name, model, 1, **settings)


def require_as_peft(adapter, base, merged):
    """Each tensor changes as peft changes it, and no other."""
    ours = [name for name in base.names if name in merged]  # experts lie otherwise in memory
    changed = {name for name in ours if not torch.equal(base.read(name), merged[name])}
    assert changed == {*adapter.names}
    for name in adapter.names:
        expected = merged[name] - base.read(name)
        torch.testing.assert_close(adapter.delta(name), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("kind", MIXTURES)
def test_a_map_s_weight_has_lora_as_the_map_has(kind, tmp_path):
    folder, adapter, merged = made(kind, tmp_path, MAPS)
    base = checkpoints.Checkpoint(folder)
    found = adapters.Adapter(adapter, base)
    require_as_peft(found, base, merged)
    assert len(found.names) == 7


@pytest.mark.parametrize("kind", MIXTURES)
def test_experts_that_are_kept_whole_are_refused_with_what_makes_them_a_model(kind, tmp_path):
    folder, adapter, merged = made(kind, tmp_path, None, modules_to_save=["mlp"])
    with pytest.raises(ValueError, match=r"experts.* is experts of a mixture .* merge_and_unload"):
        adapters.Adapter(adapter, checkpoints.Checkpoint(folder))
    adapted = PeftModel.from_pretrained(KINDS[kind][0].from_pretrained(folder), adapter)
    adapted.merge_and_unload().save_pretrained(tmp_path / "folded")
    recipe = recipes.make_recipe(folder, {"x": tmp_path / "folded"}, "linear", {})
    out = KINDS[kind][0].from_pretrained(merging.merge_files(recipe, tmp_path / "out"))
    for name, tensor in out.state_dict().items():
        torch.testing.assert_close(tensor, merged[name], rtol=0, atol=1e-6)


PATTERNS = {
    "by the parameter's name": {"alpha_pattern": {"v_proj.weight": 32}},
    "by the module's name": {"alpha_pattern": {"v_proj": 32, "q_proj": 2}},
    "by an expression": {"rank_pattern": {r"layers\.1\..*(v|o)_proj\.weight": 2, "q_proj": 3}},
    "both": {"rank_pattern": {"o_proj.*": 2}, "alpha_pattern": {r".*\.weight": 5, "_proj": 7}},
    "rsLoRA": {"alpha_pattern": {"o_proj.weight": 9}, "use_rslora": True},
}


@pytest.mark.parametrize("case", PATTERNS)
def test_patterns_are_looked_up_by_the_parameter_s_name(case, tmp_path):
    folder, path, merged = made("qwen2", tmp_path, MAPS, r=4, lora_alpha=4, **PATTERNS[case])
    base = checkpoints.Checkpoint(folder)
    require_as_peft(adapters.Adapter(path, base), base, merged)


@pytest.mark.parametrize("parameters", [[SQUARE], [OBLONG, "mlp.c_fc.weight"], TABLES])
def test_a_bare_weight_has_the_layout_that_it_has(parameters, tmp_path):
    """Also where the map lies as (inputs, outputs), and peft's LoRA on the map is turned."""
    folder, path, merged = made("gpt2", tmp_path, parameters, target_modules=[])
    base = checkpoints.Checkpoint(folder)
    require_as_peft(adapters.Adapter(path, base), base, merged)


@pytest.mark.parametrize("by_module", [True, False])
def test_a_tied_base_s_head_changes_with_its_embeddings_and_that_is_told(
    by_module, tmp_path, caplog
):
    settings = {"target_modules": ["embed_tokens", "q_proj"]} if by_module else {}
    parameters = None if by_module else ["embed_tokens.weight"]
    folder, path, _ = made("tied", tmp_path, parameters, **settings)
    with caplog.at_level(logging.WARNING):
        adapters.Adapter(path, checkpoints.Checkpoint(folder))
    assert "model.embed_tokens shares its weights with the output head" in caplog.text


QUERIES = {"target_modules": ["q_proj"]}
ALONE = {"target_modules": []}
BY_MODULE = {"target_modules": ["attn.c_proj", "mlp.c_fc", "wte"]}
# Architecture, of each of two adapters its bare parameters and its settings.
WRITTEN = {
    "embeddings": ("qwen2", (["embed_tokens.weight"], QUERIES), (["embed_tokens.weight"], QUERIES)),
    "maps and embeddings": ("qwen2", (MAPS, QUERIES), (MAPS[:1], QUERIES)),
    "nothing else": ("qwen2", (MAPS, ALONE), (MAPS[1:], ALONE)),
    "other ranks": ("qwen2", (MAPS, QUERIES | {"rank_pattern": {MAPS[0]: 3}}), (MAPS, QUERIES)),
    "by module too": ("qwen2", (MAPS, QUERIES), (None, {"target_modules": ["v_proj", "q_proj"]})),
    "embeddings by module too": (
        "qwen2",
        (MAPS, QUERIES),
        (None, {"target_modules": ["embed_tokens", "o_proj"]}),
    ),
    "gpt2": ("gpt2", ([SQUARE, OBLONG], ALONE), ([OBLONG, TABLES[0]], ALONE)),
    "tables": ("gpt2", (TABLES, ALONE), (TABLES, ALONE)),
    "turned maps": ("gpt2", ([SQUARE, OBLONG, TABLES[0]], ALONE), (None, BY_MODULE)),
}


@pytest.mark.parametrize("rank", [None, 2])
@pytest.mark.parametrize("case", WRITTEN)
def test_the_merge_as_an_adapter_is_what_peft_reads(case, rank, tmp_path):
    kind, *pairs = WRITTEN[case]
    written = [
        made(kind, tmp_path, names, str(n), **{"r": 2 + n, **settings})
        for n, (names, settings) in enumerate(pairs)
    ]
    folder, members = written[0][0], {str(n): one for n, (_, one, _) in enumerate(written)}
    base = checkpoints.Checkpoint(folder)
    full, thin = (
        recipes.make_recipe(folder, members, "task_arithmetic", {"weight": [0.5, 2.0]}, **output)
        for output in ({}, {"output": "adapter", "rank": rank})
    )
    merging.merge_files(thin, tmp_path / "thin")
    start = KINDS[kind][0].from_pretrained(folder)
    loaded = PeftModel.from_pretrained(copy.deepcopy(start), tmp_path / "thin")
    theirs = {n.replace(".default", ""): t for n, t in loaded.state_dict().items()}
    for name, tensor in load_file(tmp_path / "thin" / "adapter_model.safetensors").items():
        assert torch.equal(theirs[name], tensor), name
    found = loaded.merge_and_unload().state_dict()
    require_as_peft(adapters.Adapter(tmp_path / "thin", base), base, found)
    if rank is None:
        made_whole = load_file(merging.merge_files(full, tmp_path / "full") / "model.safetensors")
        for name in base.names:
            own, parts = base.read(name), (0.5 * written[0][2][name], 2.0 * written[1][2][name])
            expected = sum(parts) - 1.5 * own
            torch.testing.assert_close(made_whole[name], expected, rtol=0, atol=2e-6)
            torch.testing.assert_close(found[name], expected, rtol=0, atol=2e-6)


@pytest.mark.parametrize("method", ["knots", "core_space"])
def test_a_bare_turned_map_is_merged_as_the_map_is(method, tmp_path):
    """Factors of one update by either way of having LoRA give one merge."""
    folder, bare, _ = made("gpt2", tmp_path, [SQUARE, OBLONG], "bare", **ALONE)
    own = {"target_modules": ["attn.c_proj", "attn.c_attn"]}
    _, other, _ = made("gpt2", tmp_path, None, "other", **own)
    _, same, _ = made("gpt2", tmp_path, None, "same", **own)
    factors = load_file(bare / "adapter_model.safetensors")
    for name in [name for name in factors if "lora_A" in name]:
        a, b = factors[name], factors[name.replace("lora_A", "lora_B")]
        factors[name] = b.T.contiguous()
        factors[name.replace("lora_A", "lora_B")] = a.T.contiguous()
    save_file(factors, same / "adapter_model.safetensors")
    left, right = (
        merging.merge_files(
            recipes.make_recipe(
                folder, {"a": one, "b": other}, method, {"then": "ties", "density": 0.5}
            ),
            tmp_path / f"out-{one.name}",
        )
        for one in (bare, same)
    )
    left, right = (load_file(out / "model.safetensors") for out in (left, right))
    for name, tensor in left.items():
        torch.testing.assert_close(tensor, right[name], rtol=0, atol=1e-6)


def test_bare_tables_and_turned_maps_are_not_of_one_adapter(tmp_path):
    folder, one, _ = made("gpt2", tmp_path, TABLES, "one", **ALONE)
    _, two, _ = made("gpt2", tmp_path, None, "two", **BY_MODULE)
    parts = (folder, {"a": one, "b": two}, "task_arithmetic", {})
    with pytest.raises(ValueError, match=r"wpe.weight has LoRA as a bare .*output: model"):
        merging.merge_files(recipes.make_recipe(*parts, output="adapter"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
    merging.merge_files(recipes.make_recipe(*parts), tmp_path / "out")


def test_bare_parameters_are_a_list(tmp_path):
    folder, path, _ = made("qwen2", tmp_path, MAPS)
    config = json.loads((path / "adapter_config.json").read_text())
    config["target_parameters"] = "v_proj.weight"
    (path / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="target_parameters 'v_proj.weight'; expected a list"):
        adapters.Adapter(path, checkpoints.Checkpoint(folder))


@pytest.mark.parametrize("kind", MIXTURES)
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
