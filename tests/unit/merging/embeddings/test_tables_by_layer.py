"""Gemma 3n and 4 have a row of each token, or of the first, for every layer: it goes by token."""

import json

import pytest
import torch
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel
from transformers import AutoModelForCausalLM, Gemma3nTextConfig, Gemma4TextConfig

from babelmerge import merging
from babelmerge.evaluation.live.memory import Live
from babelmerge.merging.sweeping import Sweep
from babelmerge.models.checkpoints import Checkpoint, read_json
from babelmerge.recipes import recipes

TABLE = "model.embed_tokens_per_layer.weight"
WORDS = ["<unk>", *(f"w{number}" for number in range(39))]
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "head_dim": 8,
    "hidden_size_per_layer_input": 4,
    "layer_types": ["sliding_attention", "full_attention"],
    "num_kv_shared_layers": 0,
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
OF_3N = {"laurel_rank": 4, "altup_num_inputs": 2, "activation_sparsity_pattern": [0.0, 0.0]}
OF_3N |= {"intermediate_size": [24, 24]}
KINDS = {
    "gemma3n": lambda **rows: Gemma3nTextConfig(**SIZES, **OF_3N, **rows),
    "gemma4": lambda **rows: Gemma4TextConfig(
        **SIZES, intermediate_size=24, global_head_dim=8, **rows
    ),
}


def member(folder, kind, seed, order, added=(), first=None):
    """A saved model and its tokenizer of one word a token; first: rows of the table."""
    torch.manual_seed(seed)
    size = len(order) + len(added)
    config = KINDS[kind](vocab_size=size, vocab_size_per_layer_input=first or size)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    made = Tokenizer(WordLevel({w: n for n, w in enumerate(order)}, unk_token="<unk>"))
    made.add_tokens([AddedToken(one, special=True) for one in added])
    made.save(str(folder / "tokenizer.json"))
    said = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    return folder


def logits(folder, text):
    """Of every token of a text, by what the token is."""
    tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
    ids = [tokenizer.token_to_id(word) for word in text]
    with torch.no_grad():
        found = AutoModelForCausalLM.from_pretrained(folder)(torch.tensor([ids])).logits[0]
    return {word: found[:, number] for word, number in tokenizer.get_vocab().items()}


def merged(root, base, expert, embeddings, weight=1.0):
    point = {"weight": weight, "embeddings": embeddings}
    return merging.merge_files(
        recipes.make_recipe(base, {"e": expert}, "task_arithmetic", point), root / "out"
    )


def is_one(left, right):
    return all(torch.allclose(left[word], right[word], atol=1e-4) for word in right)


@pytest.mark.parametrize(
    ("kind", "firsts"),
    [
        ("gemma3n", (20, 20)),
        ("gemma3n", (30, None)),
        ("gemma3n", (None, 25)),
        ("gemma4", (None,) * 2),
    ],
)
@pytest.mark.parametrize("added", [[], ["<think>", "</think>"]])
def test_a_merge_at_weight_1_is_the_expert_whose_tokens_lie_elsewhere(
    tmp_path, kind, firsts, added
):
    orders = WORDS, [*WORDS[:10], *WORDS[10:][::-1]]
    base = member(tmp_path / "base", kind, 0, orders[0], first=firsts[0])
    expert = member(tmp_path / "e", kind, 1, orders[1], added, first=firsts[1])
    out = merged(tmp_path, base, expert, "common")
    for text in (WORDS[1:9], WORDS[15:], [*WORDS[5:30:3], *added]):
        assert is_one(logits(out, text), logits(expert, text))
    assert read_json(out / "config.json")["vocab_size_per_layer_input"] == 40 + len(added)
    live, points = Live(base), Sweep(base, {"e": expert}, "task_arithmetic", embeddings="common")
    ((_, tensors),) = points.points([{"weight": 1.0}])
    live.take(tensors)
    assert torch.equal(live.model.state_dict()[TABLE], Checkpoint(out).read(TABLE))


@pytest.mark.parametrize("turned", [20, 30])
def test_a_table_for_the_first_tokens_stays_where_what_is_moved_lies_behind_it(tmp_path, turned):
    orders = WORDS, [*WORDS[:turned], *WORDS[turned:][::-1]]
    pair = (member(tmp_path / str(n), "gemma3n", n, one, first=20) for n, one in enumerate(orders))
    base, expert = pair
    out = merged(tmp_path, base, expert, "common")
    assert Checkpoint(out).shape(TABLE)[0] == 20
    assert is_one(logits(out, WORDS), logits(expert, WORDS))


def test_rows_of_the_base_stay_with_its_table(tmp_path):
    base = member(tmp_path / "base", "gemma3n", 0, WORDS, first=20)
    expert = member(tmp_path / "e", "gemma3n", 1, WORDS[::-1], ["<think>"])
    with pytest.raises(ValueError, match=r"rows.*embeddings: common"):
        merged(tmp_path, base, expert, "strict")
    out = merged(tmp_path, base, expert, "base")
    assert torch.equal(Checkpoint(out).read(TABLE), Checkpoint(base).read(TABLE))
    assert read_json(out / "config.json")["vocab_size_per_layer_input"] == 20
