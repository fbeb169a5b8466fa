"""Rows that share sequences: nothing changes but how full they are."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import PROMPT, make_model, make_rows, make_tokenizer, run, weights_hash

from babelmerge.data import batches as batching
from babelmerge.data import packing, tokenised
from babelmerge.models import losses, packed
from babelmerge.training import loop as training_loop

MOST = 60
ARCHITECTURES = {
    "llama": {},
    "qwen2": {},
    "gpt2": {"n_inner": 64, "resid_pdrop": 0.0, "embd_pdrop": 0.0, "attn_pdrop": 0.0},
    "gemma3_text": {"head_dim": 16, "sliding_window": 4, "layer_types": None},
}
GPT2 = ("intermediate_size", "num_key_value_heads")  # what it calls otherwise or lacks


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


@pytest.fixture(scope="module")
def tokens(tokenizer, tmp_path_factory):
    rows = make_rows(24, seed=2, longest=9)
    triples = tokenised.tokenised(rows, PROMPT, tokenizer, MOST, tokenised.Counts())
    return batching.store(triples, tmp_path_factory.mktemp("tokens"), "train", len(tokenizer))


def model_of(tokenizer, name, attention="sdpa"):
    changes = {"model_type": name, "initializer_range": 0.3, **ARCHITECTURES[name]}
    if name == "gpt2":
        changes |= dict.fromkeys(GPT2)
        model = _gpt2(tokenizer)
    else:
        model = make_model(tokenizer, **{k: v for k, v in changes.items() if v is not None})
    model.set_attn_implementation(attention)
    return model


def _gpt2(tokenizer):
    from transformers import GPT2Config, GPT2LMHeadModel

    sizes = {"n_embd": 32, "n_layer": 2, "n_head": 2, "n_positions": 128}
    torch.manual_seed(0)
    config = GPT2Config(
        vocab_size=len(tokenizer), initializer_range=0.3, **sizes, **ARCHITECTURES["gpt2"]
    )
    return GPT2LMHeadModel(config)


def loss_and_slopes(model, batch, plain):
    model.zero_grad()
    loss = losses.summed_loss(model, batch, plain)
    loss.backward()
    slopes = {n: p.grad.clone() for n, p in model.named_parameters() if p.grad is not None}
    return loss.item(), slopes


@pytest.mark.parametrize("attention", ["eager", "sdpa"])
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_loss_and_gradients_are_those_of_the_rows_apart(tokenizer, tokens, name, attention):
    model, rows = model_of(tokenizer, name, attention), np.arange(len(tokens))
    plain = losses.has_plain_head(model.eval(), "cpu")
    packed.check(model)
    expected, slopes = loss_and_slopes(model, batching.collate(tokens, rows), plain)
    batch = packing.collate(tokens, rows, MOST)
    assert len(batch.input_ids) < len(rows) / 2 and batch.input_ids.shape[1] <= MOST
    found, packed_slopes = loss_and_slopes(model, batch, plain)
    assert found == pytest.approx(expected, rel=1e-5)
    assert batch.labels.numel() == tokens.targets_in(rows)
    largest = max(slope.abs().max() for slope in slopes.values())
    for name_, slope in slopes.items():
        torch.testing.assert_close(packed_slopes[name_], slope, rtol=1e-3, atol=1e-5 * largest)


def test_rows_that_were_not_kept_apart_would_be_noticed(tokenizer, tokens):
    """The test above has force: without positions the loss is another."""
    model, rows = model_of(tokenizer, "llama").eval(), np.arange(len(tokens))
    batch = packing.collate(tokens, rows, MOST)
    blind = batching.Batch(batch.input_ids, batch.positions, batch.labels, rows, batch.tokens)
    with torch.no_grad():
        apart, mixed = (losses.summed_loss(model, one, True).item() for one in (batch, blind))
    assert abs(apart - mixed) > 1e-2 * apart


@pytest.mark.parametrize(
    "architecture",
    [
        {"model_type": "bloom", "n_head": 2, "n_layer": 2},
        {"model_type": "mamba", "state_size": 4, "expand": 2},
    ],
)
def test_architectures_that_cannot_keep_rows_apart_are_refused_by_name(
    tmp_path, tokenizer, architecture
):
    from transformers import AutoConfig, AutoModelForCausalLM

    settings_ = {"hidden_size": 32, "num_hidden_layers": 2, "vocab_size": len(tokenizer)}
    config = AutoConfig.for_model(**{**settings_, **architecture})
    model = AutoModelForCausalLM.from_config(config)
    with pytest.raises(ValueError, match=f"packing: {architecture['model_type']} does not keep"):
        run(tmp_path, tokenizer, model=model, steps=1, packing=True)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 60))
@settings(max_examples=200, deadline=None)
def test_every_row_has_one_line_and_lines_are_few_and_even(lengths, most):
    lengths = np.array(lengths)
    lines = packing.share(lengths, most)
    assert sorted(np.concatenate(lines).tolist()) == list(range(len(lengths)))
    sums = [int(lengths[line].sum()) for line in lines]
    assert all(s <= most or len(line) == 1 for s, line in zip(sums, lines, strict=True))
    if lengths.max() <= most:
        assert len(lines) <= 2 * -(-int(lengths.sum()) // most)


# --- runs -------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [{"batch_size": 8}, {"batch_tokens": 200, "batch_size": None}])
def test_a_packed_run_takes_the_same_steps(tmp_path, tokenizer, size):
    whole, record = run(tmp_path / "1", tokenizer, steps=6, **size)
    shared, other = run(tmp_path / "2", tokenizer, steps=6, packing=True, max_length=MOST, **size)
    for key in ("tokens", "target_tokens", "steps", "epochs"):
        assert other[key] == record[key]
    assert other["last_loss"] == pytest.approx(record["last_loss"], rel=1e-5)
    for one, two in zip(whole.parameters(), shared.parameters(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)


def packed_run(folder):
    tokenizer = make_tokenizer()
    changes = {"packing": True, "save_steps": 2, "eval_steps": 3, "steps": 8}
    return run(folder, tokenizer, dev=make_rows(5, seed=8), **changes)[1]


def test_a_packed_run_that_was_cut_short_ends_with_the_same_bytes(tmp_path, monkeypatch):
    undisturbed, plain = packed_run(tmp_path / "undisturbed"), training_loop._step

    def step(job, rows, rate, number):
        if number == 5:
            raise KeyboardInterrupt
        return plain(job, rows, rate, number)

    monkeypatch.setattr(training_loop, "_step", step)
    with pytest.raises(KeyboardInterrupt):
        packed_run(tmp_path)
    monkeypatch.undo()
    resumed = packed_run(tmp_path)
    assert weights_hash(tmp_path) == weights_hash(tmp_path / "undisturbed")
    assert resumed["dev_losses"] == undisturbed["dev_losses"]


def test_an_adapter_can_be_trained_on_packed_rows_with_less_memory(tmp_path, tokenizer):
    adapter = {"method": "lora", "lora": {"r": 4, "alpha": 8}, "steps": 3}
    found = []
    for number, change in enumerate(({}, {"packing": True, "gradient_checkpointing": True})):
        model = make_model(tokenizer, model_type="llama")
        record = run(tmp_path / str(number), tokenizer, model=model, **adapter, **change)[1]
        found.append(record["last_loss"])
    assert found[1] == pytest.approx(found[0], rel=1e-5)
