"""What cannot be aligned is refused, and named."""

import pytest
import torch
from families import config, model
from transformers import Phi3Config, Qwen2MoeConfig

from babelmerge.merging.alignment import align as alignment

torch.set_num_threads(1)


def test_unknown_architectures_and_tensors_are_refused():
    small = {"hidden_size": 16, "intermediate_size": 8, "num_hidden_layers": 1, "vocab_size": 8}
    small |= {"num_attention_heads": 2, "num_key_value_heads": 2, "pad_token_id": 0}
    for shape, words in (
        (Phi3Config(**small), "'phi3': it fuses q, k and v"),
        (Qwen2MoeConfig(**small, num_experts=2), "'qwen2_moe': its experts"),
        ({"model_type": "bloom"}, "'bloom': where its units sit .* gemma, .* qwen3"),
    ):
        with pytest.raises(ValueError, match=words):
            alignment.match({}, {}, shape)
    made = model(config())
    state = made.state_dict()
    sinks = {**state, "model.layers.0.self_attn.sinks": torch.zeros(4)}
    with pytest.raises(ValueError, match="does not know the tensor model.layers.0.self_attn.sinks"):
        alignment.match(sinks, sinks, made.config)
    fused = {n: t for n, t in state.items() if "layers.1.self_attn.q_proj.weight" not in n}
    with pytest.raises(ValueError, match="lacks model.layers.1.self_attn.q_proj.weight"):
        alignment.match(fused, fused, made.config)


def test_errors_name_what_does_not_fit():
    made = model(config())
    state = made.state_dict()
    with pytest.raises(ValueError, match="give config="):
        alignment.match(state, state)
    with pytest.raises(ValueError, match="no symmetry 'head'; did you mean heads?"):
        alignment.match(state, state, made.config, ["head"])
    with pytest.raises(ValueError, match="add heads"):
        alignment.match(state, state, made.config, ["values"])
    with pytest.raises(ValueError, match=r"has shape \(12, 24\), its config asks for \(6, 24\)"):
        alignment.match(state, state, config(kv=1))
    less = {n: t for n, t in state.items() if n != "model.norm.weight"}
    with pytest.raises(ValueError, match="reference has model.norm.weight, which model lacks"):
        alignment.match(state, less, made.config)
    wide = model(config(vocab_size=41)).state_dict()
    with pytest.raises(ValueError, match=r"embed_tokens.weight: reference has shape \(40, 24\)"):
        alignment.match(state, wide, made.config)
    broken = {n: t.clone() for n, t in state.items()}
    broken["model.layers.0.mlp.up_proj.weight"][0, 0] = float("nan")
    with pytest.raises(ValueError, match="model: model.layers.0.mlp.up_proj.weight has 1 of 480"):
        alignment.match(state, broken, made.config)
    heads = "model.layers.0.self_attn.heads"
    for permutations, words in (
        ({heads: torch.tensor([0, 2, 1, 3])}, "takes heads out of their KV group"),
        ({heads: torch.tensor([0, 0, 2, 3])}, "no permutation of 0..3"),
        (
            {"model.layers.0.mlp.neuron": torch.arange(20)},
            "did you mean model.layers.0.mlp.neurons",
        ),
        ({"model.layers.0.self_attn.values": torch.arange(12).flip(0)}, "does not follow its KV"),
    ):
        with pytest.raises(ValueError, match=words):
            alignment.apply(state, permutations, made.config)
