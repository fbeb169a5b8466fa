"""LoRA adapters read: peft's own merged models as the oracle, and what is refused by name."""

import copy
import json
import math
import shutil

import made_up_adapters
import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file
from transformers import GPT2Config, GPT2LMHeadModel

from babelmerge.files import tensor_headers
from babelmerge.models import adapter_base, adapter_config, adapters, checkpoints, loading

torch.set_num_threads(1)
WHOLE = "model.norm.weight"
QUERY = "model.layers.0.self_attn.q_proj.weight"
CASES = {
    "plain": {},
    "alpha is not r": {"r": 3, "lora_alpha": 16},
    "rsLoRA": {"use_rslora": True, "r": 5, "lora_alpha": 7},
    "patterns": {
        "rank_pattern": {"layers.0.self_attn.q_proj": 2, "v_proj": 3},
        "alpha_pattern": {"^model.layers.1.self_attn.q_proj": 1, r"layers\.\d+\..*v_proj": 32},
    },
    "rsLoRA with patterns": {
        "use_rslora": True,
        "rank_pattern": {"q_proj": 2},
        "alpha_pattern": {"v_proj": 3},
    },
    "biases of B": {"lora_bias": True},
    "biases of layers": {"bias": "lora_only"},
    "all biases": {"bias": "all"},
    "whole modules": {"modules_to_save": ["norm", "lm_head"]},
    "embeddings": {"target_modules": ["embed_tokens", "q_proj"]},
    "embeddings and head": {"target_modules": ["embed_tokens", "lm_head"], "use_rslora": True},
    "every linear map": {"target_modules": "all-linear"},
    "DoRA": {"use_dora": True},
    "DoRA, rsLoRA, embeddings": {
        "use_dora": True,
        "use_rslora": True,
        "target_modules": ["embed_tokens", "down_proj"],
    },
}


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """(the model's directory opened, the transformers model)."""
    model = tiny_models.model(0, tied=False)
    return checkpoints.Checkpoint(
        tiny_models.save(model, tmp_path_factory.mktemp("b") / "b")
    ), model


@pytest.fixture(scope="module")
def plain(base, tmp_path_factory):
    return made_up_adapters.write(tmp_path_factory.mktemp("a") / "plain", base[1], 1)


def changed(folder, target, name="adapter_config.json", **changes):
    """A copy of an adapter whose config says something else."""
    shutil.copytree(folder, target)
    config = json.loads((target / name).read_text())
    (target / name).write_text(json.dumps({**config, **changes}))
    return target


def with_tensors(folder, target, change):
    """A copy of an adapter whose tensors went through a function."""
    shutil.copytree(folder, target)
    file = target / "adapter_model.safetensors"
    save_file({n: t.contiguous() for n, t in change(load_file(file)).items()}, file)
    return target


def alone(folder, base):
    """An adapter's folder as a study keeps it, on a base beside it."""
    facts = {"base": adapter_base.fact(folder, base)}
    checkpoints.write_json(folder / checkpoints.MANIFEST, facts)
    tiny_models.tokenizer(64).save_pretrained(folder)
    return folder


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize("case", CASES)
def test_a_loaded_adapter_is_what_peft_merges_rounded_once(case, dtype, tmp_path):
    """Bit for bit: peft merges in float32, on one thread, and the result is rounded."""
    model = tiny_models.model(0, tied=False).to(dtype)
    place = tiny_models.save(model, tmp_path / "base")
    folder, merged = made_up_adapters.write(tmp_path / "a", model.float(), 3, **CASES[case])
    loaded, _ = loading.load(alone(folder, place), "auto", where="cpu")
    for name, tensor in loaded.state_dict().items():
        assert tensor.dtype == dtype and torch.equal(tensor, merged[name].to(dtype)), name
    opened = adapters.opened(folder)
    assert all(torch.equal(opened.read(n), merged[n].to(dtype)) for n in opened.names)
    wide, _ = loading.load(folder, where="cpu")
    assert all(torch.equal(t, merged[n].to(dtype).float()) for n, t in wide.state_dict().items())


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("case", CASES)
def test_base_plus_delta_is_what_peft_merges(case, base, tmp_path):
    folder, merged = made_up_adapters.write(tmp_path / "a", base[1], 3, **CASES[case])
    adapter = adapters.Adapter(folder, base[0])
    different = {n for n in base[0].names if not torch.equal(base[0].read(n), merged[n])}
    assert different and set(adapter.names) == different
    for name in base[0].names:
        made = base[0].read(name) + adapter.delta(name)
        torch.testing.assert_close(made, merged[name], rtol=0, atol=2e-6)


@pytest.mark.parametrize("dora", [False, True])
def test_layers_stored_the_other_way_round(dora, tmp_path):
    """GPT-2's maps are (inputs, outputs), one of them square, whatever the config says of them."""
    torch.manual_seed(0)
    model = GPT2LMHeadModel(
        GPT2Config(n_embd=16, n_layer=2, n_head=2, vocab_size=32, n_positions=8)
    ).eval()
    model.save_pretrained(tmp_path / "base")
    settings = {"target_modules": ["c_attn", "c_proj"], "fan_in_fan_out": True, "use_dora": dora}
    folder, merged = made_up_adapters.write(tmp_path / "a", model, 1, **settings)
    opened = checkpoints.Checkpoint(tmp_path / "base")
    adapter = adapters.Adapter(folder, opened)
    assert len(adapter.names) == 6 and all(map(adapter.transposed, adapter.names))
    for name in adapter.names:
        made = opened.read(name) + adapter.delta(name)
        torch.testing.assert_close(made, merged[name], rtol=0, atol=1e-6)
        assert torch.equal(adapter.folded(name), merged[name])
    other = adapters.Adapter(changed(folder, tmp_path / "b", fan_in_fan_out=False), opened)
    assert all(torch.equal(other.folded(name), merged[name]) for name in adapter.names)


def test_no_map_of_a_linear_layer_is_turned(base, tmp_path):
    """By peft at least, whatever an adapter's config says; one of another's code is believed."""
    folder, merged = made_up_adapters.write(tmp_path / "a", base[1], 3)  # q_proj is square
    turned = adapters.Adapter(changed(folder, tmp_path / "b", fan_in_fan_out=True), base[0])
    torch.testing.assert_close(turned.folded(QUERY), merged[QUERY], rtol=0, atol=2e-6)
    own = copy.copy(base[0])
    own.config = {**base[0].config, "model_type": "of-its-own"}
    with pytest.raises(ValueError, match="the other way round .fan_in_fan_out."):
        adapters.Adapter(tmp_path / "b", own)


def test_bfloat16_factors_on_a_bfloat16_base(tmp_path):
    model = tiny_models.model(0, tied=False).to(torch.bfloat16)
    opened = checkpoints.Checkpoint(tiny_models.save(model, tmp_path / "base"))

    def half(peft_model):
        peft_model.to(torch.bfloat16)

    folder, _ = made_up_adapters.write(tmp_path / "a", model, 1, prepare=half)
    found = adapters.Adapter(folder, opened).factors(QUERY)
    assert found.b.dtype == torch.bfloat16
    expected = found.b.double() @ found.a.double() * 2
    delta = adapters.Adapter(folder, opened).delta(QUERY)
    assert delta.dtype == torch.float32
    torch.testing.assert_close(delta.double(), expected, rtol=1e-5, atol=1e-8)


def test_factors_scale_and_rank(base, tmp_path):
    folder, _ = made_up_adapters.write(
        tmp_path / "a", base[1], 1, r=4, lora_alpha=6, use_rslora=True, rank_pattern={"v_proj": 9}
    )
    adapter = adapters.Adapter(folder, base[0])
    found = adapter.factors(QUERY)
    assert (found.b.shape, found.a.shape, found.rank) == ((32, 4), (4, 32), 4)
    assert found.scale == 6 / math.sqrt(4)
    value = adapter.factors(QUERY.replace("q_proj", "v_proj"))
    assert (value.rank, value.scale) == (9, 6 / 3)
    assert adapter.factors(WHOLE) is None and not adapter.delta(WHOLE).any()
    assert adapter.rank(QUERY) == 4 and adapter.rank(WHOLE) == 0


@pytest.mark.filterwarnings("ignore")
def test_a_copy_of_the_base_s_embeddings_is_no_change_of_its_own(base, tmp_path):
    """peft saves the embeddings themselves beside the LoRA on them."""
    settings = {"target_modules": ["embed_tokens"]}
    folder, _ = made_up_adapters.write(tmp_path / "a", base[1], 1, **settings)
    name = "model.embed_tokens.weight"
    assert f"base_model.model.{name.replace('.weight', '.base_layer.weight')}" in load_file(
        folder / "adapter_model.safetensors"
    )
    adapter = adapters.Adapter(folder, base[0])
    assert adapter.has_factors(name) and adapter.transposed(name)

    def trained(tensors):
        return {n: t + 1 if "base_layer" in n else t for n, t in tensors.items()}

    other = adapters.Adapter(with_tensors(folder, tmp_path / "b", trained), base[0])
    torch.testing.assert_close(other.delta(name), adapter.delta(name) + 1)
    with pytest.raises(ValueError, match="embed_tokens.weight is a whole tensor and has no fact"):
        other.factors(name)


def test_dora_has_no_factors(base, tmp_path):
    folder, _ = made_up_adapters.write(tmp_path / "a", base[1], 1, use_dora=True)
    with pytest.raises(ValueError, match=r"q_proj.weight is made by DoRA .use_dora. and has no"):
        adapters.Adapter(folder, base[0]).factors(QUERY)


def test_folded_is_the_full_model(base, plain):
    folded = adapters.Folded(adapters.Adapter(plain[0], base[0]))
    assert folded.names == base[0].names and folded.config == base[0].config
    for name in folded.names:
        torch.testing.assert_close(folded.read(name), plain[1][name], rtol=0, atol=1e-6)
        data = checkpoints.as_tensor(folded.raw(name), folded.code(name), folded.shape(name))
        assert torch.equal(data, folded.read(name))


def test_what_inspection_asks(base, plain, tmp_path):
    adapter = adapters.Adapter(plain[0], base[0])
    update = adapter.update(QUERY)
    assert torch.allclose(update.scale * update.b @ update.a, adapter.delta(QUERY), atol=1e-7)
    assert adapter.update(WHOLE) is None and adapter.bytes(WHOLE) == 0
    assert adapter.bytes(QUERY) == 2 * 4 * 32 * 4
    adapter.require_finite(QUERY)
    dora, merged = made_up_adapters.write(tmp_path / "d", base[1], 1, use_dora=True)
    whole = adapters.Adapter(dora, base[0]).update(QUERY)
    torch.testing.assert_close(whole, merged[QUERY], rtol=0, atol=1e-6)


REFUSED = {
    "another type": ({"peft_type": "IA3"}, "is an adapter of type IA3, expected LORA; fold it"),
    "no type": ({"peft_type": None}, "of type None"),
    "QALoRA": ({"use_qalora": True}, "use_qalora: QALoRA is not merged"),
    "aLoRA": ({"alora_invocation_tokens": [1, 2]}, "activated LoRA"),
    "tokens": ({"trainable_token_indices": [3]}, "trained tokens"),
    "parameters": ({"target_parameters": ["x"]}, "bare parameters"),
    "PiSSA": ({"init_lora_weights": "pissa_niter_4"}, "'pissa_niter_4', which changes the base"),
    "OLoRA": ({"init_lora_weights": "olora"}, "'olora', which changes the base"),
    "rank": ({"r": 0}, "r 0; expected a whole number from 1"),
    "alpha": ({"lora_alpha": "8"}, "lora_alpha '8'; expected a finite number"),
    "another rank": ({"r": 5}, "self_attn.q_proj has rank 5 by the config, B is .32, 4."),
    "DoRA without it": ({"use_dora": True}, "use_dora is True, .* has no magnitude vector"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_configs_that_are_refused(case, base, plain, tmp_path):
    changes, message = REFUSED[case]
    with pytest.raises(ValueError, match=message):
        adapters.Adapter(changed(plain[0], tmp_path / "a", **changes), base[0])


def renamed(old, new):
    return lambda tensors: {n.replace(old, new): t for n, t in tensors.items()}


def only(tensors):
    return {n: t for n, t in tensors.items() if "lora_B" not in n or "layers.1" in n}


def narrow(tensors):
    return {n: t[:, :-2] if "lora_A" in n else t for n, t in tensors.items()}


TENSORS = {
    "no such layer": (renamed("layers.0", "layers.7"), "layers.7.self_attn.q_proj.weight, which"),
    "no such name": (renamed("lora_A.weight", "lora_C.weight"), "neither a part of LoRA"),
    "no prefix": (renamed("base_model.model.", ""), "neither a part of LoRA"),
    "A alone": (only, "layers.0.self_attn.q_proj has only one of A and B"),
    "another width": (narrow, r"q_proj: B A is .32, 30., .*q_proj.weight of the base is .32, 32."),
    "a head": (
        lambda t: {**t, "base_model.model.lm_head.weight": torch.zeros(65, 32)},
        r"lm_head.weight is .65, 32., lm_head.weight of the base is .64, 32.",
    ),
}


@pytest.mark.parametrize("case", TENSORS)
def test_adapters_that_do_not_fit_the_base(case, base, plain, tmp_path):
    change, message = TENSORS[case]
    with pytest.raises(ValueError, match=message):
        adapters.Adapter(with_tensors(plain[0], tmp_path / "a", change), base[0])


def test_values_that_are_not_finite_name_file_and_tensor(base, plain, tmp_path):
    def broken(tensors):
        for name, tensor in tensors.items():
            if "layers.1.self_attn.v_proj.lora_A" in name:
                tensor[0, 0] = math.nan
        return tensors

    adapter = adapters.Adapter(with_tensors(plain[0], tmp_path / "a", broken), base[0])
    adapter.delta(QUERY)
    with pytest.raises(ValueError, match=r"adapter_model.safetensors: .*layers.1.*v_proj.lora_A"):
        adapter.delta("model.layers.1.self_attn.v_proj.weight")


def test_pickles_and_missing_files(base, plain, tmp_path):
    shutil.copytree(plain[0], tmp_path / "a")
    (tmp_path / "a/adapter_model.safetensors").rename(tmp_path / "a/adapter_model.bin")
    with pytest.raises(ValueError, match="adapter_model.bin is a pickle.*save_pretrained"):
        adapters.Adapter(tmp_path / "a", base[0])
    (tmp_path / "a/adapter_model.bin").unlink()
    with pytest.raises(ValueError, match="no adapter_model.safetensors; fetch or train"):
        adapters.Adapter(tmp_path / "a", base[0])
    assert adapter_config.is_adapter(plain[0]) and not adapter_config.is_adapter(base[0].path)
    with pytest.raises(ValueError, match="not an adapter's directory"):
        adapters.Adapter(base[0].path, base[0])


def test_lora_on_a_head_that_is_tied(tmp_path):
    model = tiny_models.model(0, tied=True)
    opened = checkpoints.Checkpoint(tiny_models.save(model, tmp_path / "base"))
    untied = tiny_models.model(0, tied=False)
    folder, _ = made_up_adapters.write(tmp_path / "a", untied, 1, target_modules=["lm_head"])
    with pytest.raises(ValueError, match="which the base ties to its embeddings"):
        adapters.Adapter(folder, opened)


@pytest.mark.filterwarnings("ignore")
def test_lora_on_embeddings_that_are_tied_is_said(tmp_path, caplog):
    model = tiny_models.model(0, tied=True)
    opened = checkpoints.Checkpoint(tiny_models.save(model, tmp_path / "base"))
    folder, merged = made_up_adapters.write(
        tmp_path / "a", model, 1, target_modules=["embed_tokens"]
    )
    adapter = adapters.Adapter(folder, opened)
    assert "shares its weights with the output head" in caplog.text
    name = "model.embed_tokens.weight"
    made = opened.read(name) + adapter.delta(name)
    torch.testing.assert_close(made, merged[name], rtol=0, atol=1e-6)


def test_bases_that_differ_are_named(base, plain, tmp_path):
    one, two, three = (
        adapter_config.read_config(changed(plain[0], tmp_path / x, base_model_name_or_path=name))
        for x, name in (("1", "org/one"), ("2", "org/two"), ("3", None))
    )
    adapter_base.check_same({"hi": one, "ta": three})
    with pytest.raises(ValueError, match="hi is an adapter of org/one, bn one of org/two"):
        adapter_base.check_same({"ta": three, "hi": one, "bn": two})


@pytest.mark.parametrize(
    "patterns, module",
    [
        ({"q_proj": 2}, "a.q_proj"),
        ({"q_proj": 2}, "a.xq_proj"),
        ({"a.q_proj": 2}, "a.q_proj"),
        ({"^a.q_proj": 2}, "b.a.q_proj"),
        ({"layers.1.q": 2}, "model.layers.11.q"),
        ({r"layers\.(0|1)\.q": 2, "q": 3}, "m.layers.0.q"),
        ({"q": 3, r"layers\.(0|1)\.q": 2}, "m.layers.0.q"),
        ({"proj": 2}, "a.q_proj"),
    ],
)
def test_patterns_match_as_peft_s(patterns, module):
    from peft.utils.other import get_pattern_key

    expected = patterns.get(get_pattern_key(patterns.keys(), module), 7)
    config = adapter_config.AdapterConfig(None, r=7, alpha=14, rank_pattern=patterns)
    assert config.rank(module) == expected
    assert config.scale(module) == 14 / expected


def test_weights_beside_an_adapters_own_are_told(plain, tmp_path):
    """As LLaVA writes its projector; what a training leaves there is no weight."""
    folder = shutil.copytree(plain[0], tmp_path / "a")
    for name in ("training_args.bin", "optimizer.pt", "rng_state_0.pth"):
        (folder / name).write_bytes(b"")
    assert tensor_headers.beside(folder) == []
    for name in ("non_lora_trainables.bin", "more.safetensors"):
        (folder / name).write_bytes(b"")
    assert tensor_headers.beside(folder) == ["more.safetensors", "non_lora_trainables.bin"]


def test_a_head_that_an_adapter_brings_is_named_with_a_way_out(base, plain, tmp_path):
    more = {"base_model.model.score.weight": torch.ones(2, 32)}
    folder = with_tensors(plain[0], tmp_path / "t", lambda tensors: {**tensors, **more})
    folder = changed(folder, tmp_path / "c", modules_to_save=["score"])
    with pytest.raises(ValueError, match="score.weight is of a module that the adapter brings"):
        adapters.Adapter(folder, base[0])
