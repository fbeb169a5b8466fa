"""How far models can read, by transformers' own configurations."""

import pytest

from babelmerge.models import positions

LEARNT = {
    "gpt2": {"n_embd": 8, "n_layer": 1, "n_head": 2, "n_positions": 24},
    "opt": {
        "hidden_size": 8,
        "num_hidden_layers": 1,
        "num_attention_heads": 2,
        "ffn_dim": 8,
        "word_embed_proj_dim": 8,
        "max_position_embeddings": 24,
    },
}
ENDLESS = ["llama", "qwen2", "gpt_neox", "bloom", "mpt"]


@pytest.mark.parametrize("kind", LEARNT)
def test_a_model_that_learns_positions_has_a_last_one(kind, tmp_path):
    from transformers import AutoConfig

    architecture = {"model_type": kind, "vocab_size": 16, **LEARNT[kind]}
    AutoConfig.for_model(**architecture).save_pretrained(tmp_path)
    assert positions.of_architecture(architecture) == positions.of_folder(tmp_path) == (24, None)


@pytest.mark.parametrize("kind", ENDLESS)
def test_others_have_no_last_one(kind):
    assert positions.of_architecture({"model_type": kind}).last is None


def test_those_whose_positions_are_computed_say_how_many_they_are_made_for():
    made = {"model_type": "llama", "max_position_embeddings": 24}
    assert positions.of_architecture(made) == (None, 24)
    assert positions.of_architecture({"model_type": "bloom"}) == (None, None)
