"""One decoder under another's names: prefixes and buffers are mapped, what has no place is told."""

import json
import shutil

import made_up_models
import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel, GPTNeoXConfig, GPTNeoXForCausalLM

from babelmerge import merging
from babelmerge.files import layouts
from babelmerge.merging.streaming.members import Members
from babelmerge.models import differences
from babelmerge.models.adapters import Adapter
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.recipes import recipes

FORMS = ("model.language_model.", "language_model.model.", "model.", "transformer.", "")
MASK = torch.tril(torch.ones(1, 1, 16, 16))
BUFFERS = {
    "bytes": {"h.{}.attn.bias": MASK.to(torch.uint8)},
    "switches": {"h.{}.attn.bias": MASK.bool()},
    "floats": {"h.{}.attn.bias": MASK, "h.{}.attn.masked_bias": torch.tensor(-1e4)},
    "none": {},
}


def renamed(source, target, rename, more=None):
    """A copy of a model by other names, with more tensors."""
    shutil.copytree(source, target)
    tensors = {rename(n): t for n, t in load_file(source / "model.safetensors").items()}
    save_file({**tensors, **(more or {})}, target / "model.safetensors", metadata={"format": "pt"})
    return target


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    """Three saved models: transformer.h.0 and so on."""
    root, paths = tmp_path_factory.mktemp("gpt2"), []
    sizes = {"n_embd": 16, "n_layer": 2, "n_head": 2, "vocab_size": 32, "n_positions": 16}
    for seed in range(3):
        torch.manual_seed(seed)
        GPT2LMHeadModel(GPT2Config(**sizes)).save_pretrained(root / str(seed))
        paths.append(root / str(seed))
    return paths


def merged(base, experts, out):
    recipe = recipes.make_recipe(base, experts, "dare", {"density": 0.5, "weight": 0.5})
    return merging.merge_files(recipe, out)


@pytest.mark.parametrize("kind", BUFFERS)
@pytest.mark.parametrize("bare", [0, 1])
def test_bare_names_and_buffers_of_the_hub_merge_with_todays(gpt2, tmp_path, kind, bare):
    more = {n.format(i): t.clone() for i in range(2) for n, t in BUFFERS[kind].items()}
    old = renamed(gpt2[bare], tmp_path / "old", lambda n: n.removeprefix("transformer."), more)
    models = [old if place == bare else path for place, path in enumerate(gpt2)]
    ids = ("a", "b")
    out = merged(models[0], dict(zip(ids, models[1:], strict=True)), tmp_path / "out")
    plain = merged(gpt2[0], dict(zip(ids, gpt2[1:], strict=True)), tmp_path / "plain")
    ours, theirs = (GPT2LMHeadModel.from_pretrained(one).state_dict() for one in (out, plain))
    if bare:  # the base's names, so the same random drops
        assert all(torch.equal(ours[name], theirs[name]) for name in theirs)
    names = {n.removeprefix("transformer.") for n in load_file(plain / "model.safetensors")}
    assert {n.removeprefix("transformer.") for n in load_file(out / "model.safetensors")} == names
    assert differences.compare(old, gpt2[bare]).tensors == ()


def test_buffers_that_all_have_stay(gpt2, tmp_path):
    more = {f"transformer.h.{number}.attn.bias": MASK.clone() for number in range(2)}
    old = [renamed(p, tmp_path / str(n), str, more) for n, p in enumerate(gpt2)]
    assert set(more) < set(Members(old[0], old[1:]).names)


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("theirs", FORMS)
def test_every_form_of_a_prefix_finds_every_other(ours, theirs):
    ends = ("embed_tokens.weight", "layers.0.self_attn.q_proj.weight", "norm.weight")
    known = {ours + end for end in ends}
    assert [layouts.place_of(theirs + end, known) for end in ends] == [ours + e for e in ends]
    assert layouts.place_of(theirs + "layers.9.x.weight", known) is None
    both = {*known, *("transformer." + end for end in ends), *("gpt_neox." + end for end in ends)}
    assert layouts.place_of("language_model." + ends[0], both) is None  # two places


@pytest.mark.parametrize("old", layouts.RENAMED)
@pytest.mark.parametrize("prefix", ["model.", "backbone.", ""])
def test_names_of_older_versions_find_todays_and_the_other_way(old, prefix):
    """In one tensor of a layer, which has others beside it."""
    end = "weight" if old.endswith(".") else ""
    names = [f"{prefix}layers.0{part}{end}" for part in (old, layouts.RENAMED[old])]
    beside = prefix + "layers.0.norm.weight"
    for ours, theirs in (names, names[::-1]):
        assert layouts.place_of(theirs, {ours, beside}) == ours
        assert layouts.place_of(theirs, {theirs, ours, beside}) == theirs


@pytest.mark.parametrize("older", [0, 1])
def test_heads_by_both_names_are_one_tensor(tmp_path, older):
    """GPT-NeoX has embed_out in files and lm_head in memory, so in adapters too."""
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    config = GPTNeoXConfig(vocab_size=32, num_attention_heads=2, **sizes)
    for seed in range(2):
        torch.manual_seed(seed)
        model = GPTNeoXForCausalLM(config)
        model.save_pretrained(tmp_path / str(seed), save_original_format=seed == older)
    names = [set(load_file(tmp_path / one / "model.safetensors")) for one in "01"]
    assert names[0] ^ names[1] == {"embed_out.weight", "lm_head.weight"}
    recipe = recipes.make_recipe(
        tmp_path / "0", {"a": tmp_path / "1"}, "task_arithmetic", {"weight": 1.0}
    )
    made = GPTNeoXForCausalLM.from_pretrained(merging.merge_files(recipe, tmp_path / "out"))
    ours, theirs = made.state_dict(), model.state_dict()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in theirs)


def test_biases_are_no_buffers():
    assert layouts.is_buffer("transformer.h.0.attn.bias", (1, 1, 8, 8))
    assert layouts.is_buffer("model.layers.0.self_attn.rotary_emb.inv_freq", (4,))
    for name in ("h.0.attn.c_attn.bias", "h.0.attn.bias", "h.0.self_attn.bias"):
        assert not layouts.is_buffer(name, (8,))


def test_what_has_no_place_is_told_with_both_names(tmp_path):
    made = made_up_models.tensors(0)
    base = made_up_models.save(tmp_path / "base", made)
    other = {n.replace("mlp.down_proj", "ffn.out"): tensor for n, tensor in made.items()}
    expert = made_up_models.save(tmp_path / "expert", other)
    with pytest.raises(ValueError) as told:
        Members(base, {"x": expert})
    message = str(told.value)
    assert "base has model.layers.0.mlp.down_proj.weight, which x lacks (2 such" in message
    assert "x has model.layers.0.ffn.out.weight, which base lacks" in message
    assert "train all from one base" not in message


@pytest.mark.parametrize("ours", FORMS)
@pytest.mark.parametrize("theirs", FORMS)
def test_an_adapter_finds_its_modules_under_any_form(tmp_path, ours, theirs):
    made = {n.replace("model.", ours, 1): t for n, t in made_up_models.tensors(0).items()}
    base = Checkpoint(made_up_models.save(tmp_path / "base", made))
    folder = tmp_path / "adapter"
    folder.mkdir()
    module = f"base_model.model.{theirs}layers.0.mlp.down_proj"
    sides = {"A": torch.ones(2, 20), "B": torch.ones(12, 2)}
    tensors = {f"{module}.lora_{side}.weight": made for side, made in sides.items()}
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2}))
    adapter = Adapter(folder, base)
    assert adapter.names == (f"{ours}layers.0.mlp.down_proj.weight",)
    recipe = recipes.make_recipe(base.path, {"x": folder}, "linear", {}, output="adapter")
    if ours == theirs:
        merging.merge_files(recipe, tmp_path / "out")
    else:
        with pytest.raises(ValueError, match="for what the base calls"):
            merging.merge_files(recipe, tmp_path / "out")


@pytest.mark.parametrize(
    "name",
    [
        "transformer.rotary_pos_emb.inv_freq",
        "esm.encoder.layer.0.attention.self.rotary_embeddings.inv_freq",
        "transformer.h.0.attn.causal_mask",
        "model.decoder.version",
        "bert.embeddings.token_type_ids",
    ],
)
def test_what_models_make_for_themselves_is_no_weight(name):
    assert layouts.is_buffer(name, (1, 8))
    assert not layouts.is_buffer(f"{name}.weight", (1, 8))


def test_positions_that_are_sines_are_a_table_and_learnt_ones_weights():
    name = "model.encoder.embed_positions.weight"
    assert layouts.is_buffer(name, (16, 8), {"model_type": "marian"})
    for kind in ("bart", "opt", "mbart"):
        assert not layouts.is_buffer(name, (16, 8), {"model_type": kind})


@pytest.mark.parametrize("who", [0, 1, 2])
@pytest.mark.parametrize("nothing", [True, False])
def test_a_bias_that_is_nothing_need_not_be_there(tmp_path, who, nothing):
    """BART and its like fill final_logits_bias with zeros where a file has none."""
    bias = {"final_logits_bias": torch.zeros(1, 32) if nothing else torch.ones(1, 32)}
    folders = [
        made_up_models.save(
            tmp_path / str(n), made_up_models.tensors(n) | (bias if n == who else {})
        )
        for n in range(3)
    ]
    if nothing:
        assert "final_logits_bias" not in Members(folders[0], folders[1:]).names
    else:
        with pytest.raises(ValueError, match="has final_logits_bias, which .* lacks"):
            Members(folders[0], folders[1:])


@pytest.mark.parametrize("wrapper", ["_orig_mod.", "module.", "module._orig_mod.", "model."])
@pytest.mark.parametrize("who", [0, 1])
def test_names_of_wrapped_models_are_those_of_what_is_in_them(tmp_path, wrapper, who):
    made = [made_up_models.tensors(n) for n in range(2)]
    folders = [
        made_up_models.save(
            tmp_path / str(n), {wrapper * (n == who) + key: one for key, one in tensors.items()}
        )
        for n, tensors in enumerate(made)
    ]
    recipe = recipes.make_recipe(folders[0], {"a": folders[1]}, "linear", {"weight": 1.0})
    out = load_file(merging.merge_files(recipe, tmp_path / "out") / "model.safetensors")
    prefix = wrapper * (who == 0 and wrapper == "model.")
    assert {prefix + name for name in made[0]} == set(out)
    assert all(torch.equal(out[prefix + name], one) for name, one in made[1].items())


@pytest.mark.parametrize("who", ["base", "x"])
def test_what_one_has_beyond_its_architecture_is_told_with_a_way_out(tmp_path, who):
    """A pooler that a head does without, layers for predicting more tokens: in the hub's files."""
    more = {"mtp.fc.weight": torch.ones(2, 2)}
    base, expert = (
        made_up_models.save(
            tmp_path / id_, made_up_models.tensors(n) | (more if id_ == who else {})
        )
        for n, id_ in enumerate(("base", "x"))
    )
    with pytest.raises(ValueError, match=f"{who} has mtp.fc.weight.*or, where {who} has them"):
        Members(base, {"x": expert})
