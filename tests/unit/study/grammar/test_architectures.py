"""`base.architecture` against what transformers' configurations say, without importing them."""

import sys

import pytest
from pydantic_core import PydanticCustomError

from babelmerge.study.grammar import architectures, decoders

SMALL = {"model_type": "llama", "hidden_size": 64, "num_attention_heads": 4, "head_dim": 16}
TYPES = ("llama", "qwen2", "qwen3", "gpt2", "gpt_neox", "bloom", "opt", "mixtral", "gemma3_text")


def refused(**asked) -> str:
    with pytest.raises(PydanticCustomError) as caught:
        architectures.check({**SMALL, **asked})
    context = caught.value.context
    return f"{context['word']}; expected {context['expected']}. {context['remedy']}"


def test_transformers_is_read_and_not_imported(monkeypatch):
    monkeypatch.setitem(sys.modules, "transformers.models", None)
    decoders.configuration.cache_clear()
    assert len(decoders.known()) > 50 and "silu" in decoders.activations()
    assert decoders.configuration("llama").settings["hidden_size"].types == {"int"}


@pytest.mark.parametrize("model_type", TYPES)
def test_what_is_known_is_what_a_configuration_has(model_type):
    from transformers import AutoConfig

    real = AutoConfig.for_model(model_type)
    known = decoders.configuration(model_type)
    assert known.aliases == real.attribute_map
    public = {name for name in real.to_dict() if not name.startswith("_")}
    assert public - set(known.settings) <= {"model_type", "output_attentions"}
    for name, setting in known.settings.items():
        if setting.default is not None and name in public:
            architectures.check({"model_type": model_type, name: setting.default})


@pytest.mark.parametrize(
    ("asked", "parts"),
    [
        ({"hiden_size": 64}, ["unknown key 'hiden_size'", "setting of llama", "'hidden_size'"]),
        ({"model_type": "lama"}, ["model_type 'lama'", "decoder", "'llama'"]),
        ({"model_type": ["llama"]}, ["model_type ['llama']"]),
        ({"model_type": "bert_tiny"}, ["model_type 'bert_tiny'"]),
        ({"hidden_size": "64"}, ["hidden_size: '64'", "a whole number"]),
        ({"hidden_size": True}, ["hidden_size: True"]),
        ({"rms_norm_eps": 1}, ["rms_norm_eps: 1", "a number with a point"]),
        ({"rms_norm_eps": float("nan")}, ["rms_norm_eps: nan", "finite"]),
        ({"rope_parameters": {"rope_theta": float("inf")}}, ["rope_parameters", "finite"]),
        ({"num_hidden_layers": 0}, ["num_hidden_layers: 0", "from 1"]),
        ({"initializer_range": 2.0}, ["initializer_range: 2.0", "from 0 to 1"]),
        ({"hidden_act": "silo"}, ["hidden_act: 'silo'", "'silu'"]),
        ({"hidden_size": 65}, ["hidden_size 65 with num_attention_heads 4", "such as 68"]),
        ({"num_key_value_heads": 3}, ["num_attention_heads 4 with num_key_value_heads 3"]),
        ({"num_attention_heads": 10**12}, ["hidden_size 64 with"]),
    ],
)
def test_what_no_decoder_can_be_made_of_is_named(asked, parts):
    told = refused(**asked)
    for part in parts:
        assert part in told, told


def test_a_size_may_have_its_common_name_or_the_types_own():
    for sizes in ({"n_embd": 64, "n_head": 4}, {"hidden_size": 64, "num_attention_heads": 4}):
        architectures.check({"model_type": "gpt2", **sizes})
    with pytest.raises(PydanticCustomError) as caught:
        architectures.check({"model_type": "gpt2", "n_embd": 64, "num_attention_heads": 5})
    assert caught.value.context["word"] == "n_embd 64 with num_attention_heads 5"


def test_heads_with_a_size_of_their_own_need_not_share_the_hidden_size():
    heads = {"num_attention_heads": 8, "num_key_value_heads": 4}
    architectures.check({"model_type": "qwen3", "hidden_size": 100, **heads})


def test_without_transformers_nothing_is_checked_but_numbers(monkeypatch):
    for read in (decoders.known, decoders.activations, decoders.configuration):
        read.cache_clear()
    monkeypatch.setattr(decoders, "_source", lambda path: "")
    architectures.check({"model_type": "llama", "hiden_size": 64})
    for read in (decoders.known, decoders.activations, decoders.configuration):
        read.cache_clear()
