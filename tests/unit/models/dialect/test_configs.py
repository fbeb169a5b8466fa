"""Configs that compute otherwise are told by key and value, spellings of one thing are not."""

import json
import re
from pathlib import Path

import pytest
import torch
import transformers
from transformers.models.auto.configuration_auto import (
    CONFIG_MAPPING,
    CONFIG_MAPPING_NAMES,
    model_type_to_module_name,
)

from babelmerge.files import directories
from babelmerge.models.dialect import configs, vocabulary

SIZES = {
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
}


def config(kind, **keys):
    """A config.json as transformers writes it today, every key in it."""
    made = getattr(transformers, f"{kind}Config")(**{**SIZES, **keys})
    return json.loads(made.to_json_string(use_diff=False))


LLAMA = config("Llama", head_dim=8)
QWEN = config("Qwen3", head_dim=8)
ROPE = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
ROPE |= {"original_max_position_embeddings": 512}


def gemma(**text):
    parts = {"text_config": {**SIZES, "head_dim": 8}, "vision_config": {}}
    made = config("Gemma3", **parts)
    return {**made, "text_config": without(made["text_config"], **text)}


def without(content, *keys, **changes):
    """The same without some keys, and with others."""
    return {k: v for k, v in content.items() if k not in keys} | changes


OLD = without(LLAMA, "rope_parameters", rope_theta=10000.0)
OLD_GEMMA = {"rope_theta": 1e6, "rope_local_base_freq": 1e4, "rope_parameters": None}
SPELLINGS = {
    "head_dim null": (LLAMA, {**LLAMA, "head_dim": None}),
    "head_dim absent": (LLAMA, without(LLAMA, "head_dim")),
    "head_dim of a class without": (config("Qwen2"), {**config("Qwen2"), "head_dim": 8}),
    "groups null": (
        {**LLAMA, "num_key_value_heads": 4},
        {**LLAMA, "num_key_value_heads": None},
    ),
    "silu and swish": (LLAMA, {**LLAMA, "hidden_act": "swish"}),
    "defaults left out": (LLAMA, without(LLAMA, "rms_norm_eps", "hidden_act", "mlp_bias")),
    "theta of old": (OLD, LLAMA),
    "theta by default": (without(OLD, "rope_theta"), LLAMA),
    "whole and broken numbers": (LLAMA, {**OLD, "rope_theta": 10000}),
    "rope type by default": (
        LLAMA,
        {**LLAMA, "rope_parameters": {"rope_theta": 1e4}},
    ),
    "type and rope_type": (
        {**OLD, "rope_scaling": {"type": "linear", "factor": 2.0}},
        {**OLD, "rope_scaling": {"rope_type": "linear", "factor": 2.0}},
    ),
    "scaling of old": (
        {**OLD, "rope_scaling": ROPE},
        {**LLAMA, "rope_parameters": {**ROPE, "rope_theta": 1e4}},
    ),
    "layer types derived": (QWEN, without(QWEN, "layer_types")),
    "a part of old": (gemma(), gemma(**OLD_GEMMA)),
}
HARMLESS = {
    "who saved it": {"transformers_version": "4.40.0", "_name_or_path": "somebody/else"},
    "training": {"attention_dropout": 0.1, "initializer_range": 0.5, "use_cache": False},
    "tokens": {"eos_token_id": [3, 4], "pad_token_id": 0, "max_position_embeddings": 9999},
    "how it is run": {"use_mamba_kernels": False, "attn_impl": "flash", "init_method": "small"},
    "a trainer's": {"unsloth_fixed": True, "torch_dtype": "float16", "pretraining_tp": 2},
    "class not said": {"architectures": ["LlamaForCausalLM"]},
}
# Keys of which equal weights compute otherwise -> two values.
TELLING = {
    "hidden_act": ("silu", "gelu"),
    "rms_norm_eps": (1e-6, 1e-5),
    "layer_norm_eps": (1e-5, 1e-3),
    "sliding_window": (4096, 128),
    "partial_rotary_factor": (1.0, 0.5),
    "num_experts_per_tok": (2, 4),
    "norm_topk_prob": (True, False),
    "embedding_multiplier": (1.0, 12.0),
    "logits_scaling": (1.0, 8.0),
    "layer_types": (["full_attention"] * 2, ["sliding_attention", "full_attention"]),
    "activation_function": ("gelu", "relu"),
    "no_such_key_yet": (1, 2),
}


@pytest.mark.parametrize("case", SPELLINGS)
def test_spellings_of_one_thing_are_equal_either_way(case):
    for ours, theirs in (SPELLINGS[case], SPELLINGS[case][::-1]):
        assert configs.compare(ours, theirs) == ((), ())
        assert configs.spelt_alike(ours, theirs)


@pytest.mark.parametrize("case", HARMLESS)
def test_what_does_not_compute_is_passed_over(case):
    assert configs.compare(LLAMA, {**LLAMA, **HARMLESS[case]}) == ((), ())
    part = gemma(**HARMLESS[case])
    assert configs.compare(gemma(), part).differences == ()


@pytest.mark.parametrize("key", TELLING)
@pytest.mark.parametrize("place", ["", "text_config"])
def test_any_other_key_is_told_with_both_values(key, place):
    one, other = TELLING[key]
    start = gemma() if place else {**QWEN, "use_sliding_window": True}
    key = "hidden_activation" if place and key == "hidden_act" else key  # by which Gemma goes
    sides = [
        {**start, place: {**start[place], key: value}} if place else {**start, key: value}
        for value in (one, other)
    ]
    (told, *_), _ = configs.compare(*sides)
    assert told == (f"{place}.{key}" if place else key, one, other)
    assert repr(one)[:20] in str(told)
    assert not configs.spelt_alike(*sides)


@pytest.mark.parametrize(
    ("ours", "theirs", "key"),
    [
        (without(LLAMA, "rms_norm_eps"), {**LLAMA, "rms_norm_eps": 1e-5}, "rms_norm_eps"),
        (without(LLAMA, "head_dim"), {**LLAMA, "head_dim": 16}, "head_dim"),
        (config("Qwen2"), {**config("Qwen2"), "head_dim": 16}, "head_dim"),
        ({**OLD, "rope_theta": 5e5}, LLAMA, "rope_parameters.rope_theta"),
        (OLD, {**OLD, "rope_scaling": ROPE}, "rope_parameters.rope_type"),
        (gemma(), gemma(**{**OLD_GEMMA, "rope_local_base_freq": 2e4}), "text_config.rope_param"),
        (LLAMA, QWEN, "model_type"),
        (LLAMA, {**LLAMA, "architectures": ["A"]} | {"model_type": "x"}, "model_type"),
    ],
)
def test_a_default_counts_as_if_it_were_written(ours, theirs, key):
    for one, other in ((ours, theirs), (theirs, ours)):
        told = [found.key for found in configs.compare(one, other).differences]
        assert any(name.startswith(key) for name in told), told


def test_what_no_class_knows_is_left_open_where_one_side_has_it_alone():
    for start in (LLAMA, {"model_type": "made_up", "hidden_size": 3}):
        found = configs.compare(start, {**start, "gate_of_its_own": 2})
        assert found.differences == () and [one.key for one in found.unsettled] == [
            "gate_of_its_own"
        ]
        (told, *_), _ = configs.compare({**start, "own": 1}, {**start, "own": 2})
        assert told == ("own", 1, 2)


@pytest.mark.parametrize(
    ("kind", "ours", "theirs", "differs"),
    [
        ("gemma2", {"hidden_act": "silu"}, {"hidden_act": "gelu"}, False),
        ("gemma2", {"hidden_activation": "silu"}, {"hidden_activation": "gelu"}, True),
        ("gemma", {"hidden_act": "silu"}, {"hidden_act": "gelu"}, True),
        ("gemma", {"hidden_act": "gelu"}, {"hidden_act": "gelu_pytorch_tanh"}, False),  # of old
    ],
)
def test_activations_count_by_the_key_that_the_class_goes_by(kind, ours, theirs, differs):
    start = {**SIZES, "model_type": kind, "hidden_activation": "gelu_pytorch_tanh"}
    start = start if kind == "gemma2" else without(start, "hidden_activation")
    for one, other in ((ours, theirs), (theirs, ours)):
        found = configs.compare({**start, **one}, {**start, **other})
        assert bool(found.differences) is differs and not found.unsettled


@pytest.mark.parametrize("kind", ["SequenceClassification", "TokenClassification", "CausalLM"])
def test_labels_count_where_rows_of_a_head_stand_for_them(kind):
    start = {**LLAMA, "architectures": [f"LlamaFor{kind}"]}
    names = [["no", "yes"], ["yes", "no"], ["No", "YES"], ["LABEL_0", "LABEL_1"]]
    first, *others = ({**start, "id2label": dict(enumerate(some))} for some in names)
    told = [[d.key for d in configs.compare(first, one).differences] for one in others]
    assert told == [["id2label.0", "id2label.1"] if kind != "CausalLM" else [], [], []]


def test_dtypes_are_no_spelling():
    assert not configs.spelt_alike({**LLAMA, "dtype": "float32"}, {**LLAMA, "dtype": "float16"})


def test_classes_say_whether_they_tie():
    kinds = {"llama": False, "gemma": True, "gpt2": True, "made_up": False}
    assert {kind: configs.ties_by_default({"model_type": kind}) for kind in kinds} == kinds


WINDOW = {"sliding_window": 4096, "max_position_embeddings": 4096, "use_sliding_window": False}
BASE = without(config("Qwen2"), "layer_types", **WINDOW, max_window_layers=28, use_mrope=False)
TUNED = without(BASE, "use_mrope", max_window_layers=21, sliding_window=2048)


def test_windows_that_no_text_is_longer_than_are_no_difference():
    tuned = {**TUNED, "max_position_embeddings": 2048}
    assert configs.compare(BASE, tuned) == configs.compare(tuned, BASE) == ((), ())
    none = {**TUNED, "sliding_window": None, "use_mrope": True}
    assert [one.key for one in configs.compare(BASE, none).differences] == ["use_mrope"]
    assert configs.compare(BASE, {**TUNED, "use_sliding_window": True}).differences
    used = {**BASE, "use_sliding_window": True}
    found = configs.compare(used, {**used, "max_window_layers": 21}).differences
    assert [one.key for one in found] == ["max_window_layers"]
    mistral = config("Mistral", max_position_embeddings=4096, sliding_window=4096)
    (found,) = configs.compare(mistral, {**mistral, "sliding_window": 128}).differences
    assert found.key == "sliding_window"


PHI = config("Phi3", pad_token_id=0) | {"original_max_position_embeddings": 64}
LONG = {"type": "longrope", "short_factor": [1.0] * 4, "long_factor": [2.0] * 4}


@pytest.mark.parametrize(
    ("made", "rope", "differs"),
    [
        (PHI, LONG, True),
        (LLAMA, {"rope_type": "dynamic", "factor": 2.0}, True),
        (LLAMA, {"rope_type": "yarn", "factor": 2.0}, True),
        (LLAMA, ROPE, False),
        (LLAMA, {"rope_type": "linear", "factor": 2.0}, False),
    ],
)
def test_how_long_texts_may_be_counts_where_positions_go_by_it(made, rope, differs):
    ours, theirs = (
        {**made, "rope_parameters": None, "rope_scaling": rope, "max_position_embeddings": size}
        for size in (1024, 4096)
    )
    found = configs.compare(ours, theirs).differences
    assert [one.key for one in found] == ["max_position_embeddings"] * differs


@pytest.mark.parametrize("kind", ["Roberta", "XLMRoberta", "M2M100", "MPNet", "Bert", "Llama"])
def test_padding_counts_where_positions_are_numbered_from_it(kind):
    ours, theirs = (getattr(transformers, f"{kind}Config")(pad_token_id=n) for n in (0, 1))
    ours, theirs = (json.loads(one.to_json_string(use_diff=False)) for one in (ours, theirs))
    found = [one.key for one in configs.compare(ours, theirs).differences]
    assert found == ["pad_token_id"] * (ours["model_type"] in configs.FROM_PAD)
    assert bool(found) is (kind not in ("Bert", "Llama"))


def test_classes_that_number_positions_from_padding_are_those_of_transformers():
    """By what they compute: an id that is padding in one of two equal models moves the rest."""
    for kind in ("Roberta", "Bert"):
        sizes = {**SIZES, "vocab_size": 16, "max_position_embeddings": 16}
        config_of, made = (getattr(transformers, kind + end) for end in ("Config", "Model"))
        models = [made(config_of(pad_token_id=n, **sizes)).eval() for n in (1, 3)]
        models[1].load_state_dict(models[0].state_dict())
        ids = torch.tensor([[5, 6, 7]])
        ours, theirs = (model(ids).last_hidden_state for model in models)
        assert torch.allclose(ours, theirs) is (kind == "Bert")


def test_no_class_of_transformers_that_masks_padding_in_positions_is_left_out():
    """By its source: ids that are no padding are counted. Of sounds, none has tokens."""
    masked = re.compile(r"\bne\((self\.)?(padding_idx|pad_token_id)\)\.int\(")
    root = Path(transformers.__file__).parent / "models"
    files = (file for file in root.glob("*/modeling_*.py") if masked.search(file.read_text()))
    rooms = {file.parent.name for file in files}
    kinds = [kind for kind in CONFIG_MAPPING_NAMES if model_type_to_module_name(kind) in rooms]
    padded = {kind for kind in kinds if "pad_token_id" in vars(CONFIG_MAPPING[kind])}
    assert len(padded) > 20
    assert padded - {"data2vec-audio"} == configs.FROM_PAD


@pytest.mark.parametrize("key", ["num_hidden_layers", "num_labels"])
def test_no_class_is_asked_to_list_what_has_no_end(key):
    endless = {**without(QWEN, "layer_types", "rms_norm_eps"), key: 2**40}
    assert not configs.ties_by_default(endless)
    assert configs.compare(QWEN, endless).differences or key == "num_labels"


@pytest.mark.parametrize("key", ["vocab_size", "decoder_vocab_size"])
def test_a_size_is_told_wherever_a_config_has_it(key):
    assert vocabulary.sized({key: 5, "x": 1}, 7) == {"vocab_size": 7, key: 7, "x": 1}
    parts = {"text_config": {key: 5}}
    assert vocabulary.sized(parts, 7) == {"text_config": {"vocab_size": 7, key: 7}}
    assert configs.compare({key: 5, "model_type": "x"}, {key: 6, "model_type": "x"}) == ((), ())


@pytest.mark.parametrize("keys", [("dtype",), ("torch_dtype",), ("dtype", "torch_dtype"), ()])
def test_a_dtype_is_told_wherever_a_config_has_it(tmp_path, keys):
    part = dict.fromkeys(keys, "float16")
    ours = {**part, "text_config": {**part, "x": 1}, "vision_config": {"dtype": None}}
    directories.write_config(ours, "bfloat16", tmp_path)
    made = json.loads((tmp_path / "config.json").read_text())
    assert {made[key] for key in keys or ("dtype",)} == {"bfloat16"}
    assert made["text_config"] == {**dict.fromkeys(keys, "bfloat16"), "x": 1}
    assert made["vision_config"] == {"dtype": None}
