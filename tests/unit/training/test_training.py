"""Training: what a step computes, what a run repeats exactly, and what stops it."""

import json
import math
import signal
import socket
from pathlib import Path

import pytest
import torch
from tiny_training import (
    PROMPT,
    ROWS,
    die_in_step,
    make_model,
    make_rows,
    make_tokenizer,
    run,
    run_apart,
    weights_hash,
)
from torch import distributed
from torch.nn import functional
from transformers import AutoModelForCausalLM, AutoTokenizer

from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.models import loading as models
from babelmerge.models import losses
from babelmerge.training import loop as training_loop


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def stored(folder, tokenizer, rows=ROWS):
    counts = training_checks.Counts()
    triples = training_checks.tokenised(rows, PROMPT, tokenizer, 128, counts)
    return batching.store(triples, folder, "train", len(tokenizer))


# --- what a step computes ---------------------------------------------------------------------


def test_the_loss_is_that_of_target_tokens_and_eos_only(tmp_path, tokenizer):
    model, tokens = make_model(tokenizer), stored(tmp_path, tokenizer)
    total = 0.0
    for index in range(5):  # by hand: one row, every position, no padding
        ids = torch.tensor(tokens.row(index).astype("int64"))
        logits = model(ids.unsqueeze(0)).logits[0].double()
        for place in range(int(tokens.prompt_lengths[index]), len(ids)):
            total -= functional.log_softmax(logits[place - 1], 0)[ids[place]].item()
        assert ids[-1] == tokenizer.eos_token_id
    batch = batching.collate(tokens, torch.arange(5).numpy())
    found = losses.summed_loss(model, batch, plain_head=True).item()
    assert found == pytest.approx(total, rel=1e-6)
    assert losses.summed_loss(model, batch, plain_head=False).item() == pytest.approx(total, 1e-6)
    assert batch.labels.numel() == tokens.targets_in(batch.rows)


@pytest.mark.parametrize("limit", [1 << 25, 20])
def test_the_sliced_loss_has_the_gradients_of_the_plain_one(monkeypatch, limit):
    monkeypatch.setattr(losses, "SLICE", limit)
    draw = torch.Generator().manual_seed(0)
    hidden = torch.randn(7, 4, generator=draw, requires_grad=True)
    weight = torch.randn(9, 4, generator=draw, requires_grad=True)
    labels = torch.randint(9, (7,), generator=draw)
    plain = functional.cross_entropy(hidden @ weight.T, labels, reduction="sum") * 0.3
    expected = torch.autograd.grad(plain, (hidden, weight))
    sliced = losses.sliced_cross_entropy(hidden, weight, labels) * 0.3
    torch.testing.assert_close(sliced, plain)
    for found, wanted in zip(torch.autograd.grad(sliced, (hidden, weight)), expected, strict=True):
        torch.testing.assert_close(found, wanted)
    with torch.no_grad():
        torch.testing.assert_close(losses.sliced_cross_entropy(hidden, weight, labels) * 0.3, plain)


@pytest.mark.parametrize(
    ("change", "plain"),
    [
        ({"model_type": "qwen2"}, True),
        ({"model_type": "llama"}, True),
        ({"model_type": "gemma2", "final_logit_softcapping": 0.5, "head_dim": 16}, False),
        ({"model_type": "cohere"}, False),
    ],
)
def test_heads_that_scale_or_cap_logits_are_noticed(tokenizer, change, plain):
    model = make_model(tokenizer, **change).eval()
    assert losses.has_plain_head(model, "cpu") is plain


def test_a_bias_that_starts_at_zero_is_no_plain_head(tokenizer):
    model = make_model(tokenizer, tie_word_embeddings=False).eval()
    model.lm_head.bias = torch.nn.Parameter(torch.zeros(len(tokenizer)))
    assert not losses.has_plain_head(model, "cpu")


def test_splitting_a_step_changes_nothing_but_rounding(tmp_path, tokenizer):
    whole, record = run(tmp_path / "1", tokenizer, steps=6)
    for parts in (2, 4):
        folder = tmp_path / str(parts)
        split, other = run(folder, tokenizer, steps=6, gradient_accumulation=parts)
        assert other["tokens"] == record["tokens"]
        assert other["last_loss"] == pytest.approx(record["last_loss"], rel=1e-5)
        for one, two in zip(whole.parameters(), split.parameters(), strict=True):
            torch.testing.assert_close(one, two, rtol=1e-3, atol=1e-5)


def test_gradient_checkpointing_changes_nothing_but_memory(tmp_path, tokenizer):
    whole, record = run(tmp_path / "1", tokenizer, steps=3)
    _, other = run(tmp_path / "2", tokenizer, steps=3, gradient_checkpointing=True)
    assert other["last_loss"] == pytest.approx(record["last_loss"], rel=1e-6)


def test_training_learns_and_records_what_it_took(tmp_path, tokenizer):
    rows, dev = make_rows(200, seed=2), make_rows(20, seed=5)
    settings = {"steps": None, "epochs": 2.5, "batch_size": 16, "learning_rate": 5e-3}
    _, record = run(tmp_path, tokenizer, rows, dev, **settings)
    folder = tmp_path / "model"
    written = json.loads((folder / "training.json").read_text())
    assert written["steps"] == math.ceil(2.5 * math.ceil(200 / 16)) == record["steps"]
    assert record["last_loss"] < 0.8 * record["first_loss"]
    assert record["first_loss"] == pytest.approx(math.log(len(tokenizer)), rel=0.05)
    assert written["dev_losses"][str(record["steps"])] < record["first_loss"]
    assert record["unchanged_share"] < 0.01 and record["peak_memory_bytes"] > 1 << 20
    assert record["target_tokens"] < record["tokens"] and record["epochs"] <= 2.6
    lines = [line.split("\t") for line in (folder / "training.tsv").read_text().splitlines()]
    assert lines[0] == ["step", "tokens", "seconds", "loss", "learning_rate", "dev_loss"]
    assert len(lines) >= 21 and [int(line[0]) for line in lines[1:]][-1] == record["steps"]
    assert json.loads((folder / "manifest.json").read_text())["model"] == "experts/en-hi"
    assert not list((tmp_path / "run").iterdir())


def test_the_written_model_is_the_trained_one_and_knows_its_eos(tmp_path, tokenizer):
    model, _ = run(tmp_path, tokenizer, steps=2)
    loaded = AutoModelForCausalLM.from_pretrained(tmp_path / "model")
    for name, tensor in model.state_dict().items():
        assert torch.equal(tensor, loaded.state_dict()[name]), name
    assert loaded.generation_config.eos_token_id == tokenizer.eos_token_id
    text = ROWS[0]["target"]
    found = models.load_tokenizer(tmp_path / "model")
    assert len(found) == len(tokenizer) and found(text).input_ids == tokenizer(text).input_ids


def test_a_llama_base_is_read_as_it_is_by_the_librarys_own_loader(tmp_path, tokenizer):
    model = make_model(tokenizer, model_type="llama")
    run(tmp_path, tokenizer, model=model, steps=1)
    found = AutoTokenizer.from_pretrained(tmp_path / "model")
    text = ROWS[0]["target"]
    assert len(found) == len(tokenizer) and found(text).input_ids == tokenizer(text).input_ids


def test_the_best_state_on_dev_is_kept(tmp_path, tokenizer):
    dev = make_rows(10, seed=5)
    rows = make_rows(8, seed=2)  # few rows and a high rate: dev soon gets worse
    changes = {"steps": 60, "eval_steps": 6, "learning_rate": 2e-2, "scheduler": "constant"}
    model, record = run(tmp_path, tokenizer, rows, dev, **changes)
    kept = record["kept_step"]
    assert record["dev_losses"][kept] == min(record["dev_losses"].values())
    assert kept < 60
    tokens = stored(tmp_path / "dev", tokenizer, dev)
    batch = batching.collate(tokens, torch.arange(10).numpy())
    with torch.no_grad():
        loss = losses.summed_loss(model, batch, True).item() / len(batch.labels)
    assert loss == pytest.approx(record["dev_losses"][kept], rel=1e-5)


def test_several_data_sets_have_a_loss_on_dev_each(tmp_path, tokenizer):
    dev = [row | {"dataset": f"t/{n % 9 // 6}"} for n, row in enumerate(make_rows(9, seed=5))]
    _, record = run(tmp_path, tokenizer, dev=dev, steps=4, eval_steps=2)
    whole, parts = record["dev_losses"][record["kept_step"]], record["dev_losses_by_data_set"]
    tokens = stored(tmp_path / "dev", tokenizer, dev)
    weights = [tokens.targets_in(torch.arange(a, b).numpy()) for a, b in ((0, 6), (6, 9))]
    assert list(parts) == ["t/0", "t/1"]
    mean = sum(w * loss for w, loss in zip(weights, parts.values(), strict=True)) / sum(weights)
    assert mean == pytest.approx(whole, rel=1e-5)
    _, record = run(tmp_path / "one", tokenizer, dev=dev[:6], steps=1)
    assert "dev_losses_by_data_set" not in record


def test_bfloat16_leaves_small_updates_undone_and_mixed_does_not(tmp_path, tokenizer):
    pure, record = run(tmp_path / "1", tokenizer, learning_rate=1e-5, dtype="bfloat16")
    assert next(pure.parameters()).dtype == torch.bfloat16
    assert record["unchanged_share"] > 0.3
    mixed, record = run(tmp_path / "2", tokenizer, learning_rate=1e-5, dtype="bfloat16_mixed")
    assert next(mixed.parameters()).dtype == torch.float32
    assert record["unchanged_share"] < 0.05


# --- what a run repeats exactly ---------------------------------------------------------------

RESUMABLE = {"save_steps": 3, "eval_steps": 4, "batch_size": 8, "steps": 14, "epochs": None}


def train_resumable(folder: Path, die_at: int | None = None, **changes) -> dict:
    """A run with dropout and dev losses that passes epochs; kills itself in step `die_at`."""
    if die_at is not None:
        die_in_step(die_at)
    tokenizer = make_tokenizer()
    model = make_model(tokenizer, attention_dropout=0.2)
    dev = make_rows(6, seed=8)
    return run(folder, tokenizer, dev=dev, model=model, **(RESUMABLE | changes))[1]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    torch.set_num_threads(1)
    return folder, train_resumable(folder)


def test_a_killed_run_ends_with_the_same_bytes(tmp_path, undisturbed, caplog):
    folder, record = undisturbed
    process = run_apart(train_resumable, tmp_path, 8)
    process.join(60)
    assert process.exitcode == -signal.SIGKILL
    assert not (tmp_path / "model").exists()
    caplog.set_level("INFO")
    resumed = train_resumable(tmp_path)
    assert "resuming after step 6 of 14" in caplog.text
    assert weights_hash(tmp_path) == weights_hash(folder)
    for key in ("tokens", "target_tokens", "last_loss", "dev_losses", "steps", "kept_step"):
        assert resumed[key] == record[key], key


def test_a_state_of_other_settings_data_or_code_is_discarded(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(training_loop, "_take_best", _stop)
    with pytest.raises(KeyboardInterrupt):
        train_resumable(tmp_path)
    monkeypatch.undo()
    train_resumable(tmp_path, learning_rate=1e-3)
    assert "discarding state.pt: it belongs to other settings" in caplog.text
    train_resumable(tmp_path / "new", learning_rate=1e-3)
    assert weights_hash(tmp_path) == weights_hash(tmp_path / "new")


def _stop(*_):
    raise KeyboardInterrupt


def test_a_damaged_state_is_discarded(tmp_path, undisturbed, caplog):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "state.pt").write_bytes(b"half a file")
    train_resumable(tmp_path)
    assert "cannot be read" in caplog.text
    assert weights_hash(tmp_path) == weights_hash(undisturbed[0])


def test_the_global_generator_is_left_alone(tmp_path, tokenizer):
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    run(tmp_path, tokenizer, steps=1)
    assert torch.equal(torch.rand(3), expected)


def short_run(folder: Path) -> tuple:
    return run(folder, make_tokenizer(), dev=ROWS[:5], steps=4)


def test_two_processes_compute_what_one_does(tmp_path, monkeypatch):
    _, record = short_run(tmp_path / "one")
    shared = {"WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": _free_port()}
    second = run_apart(short_run, tmp_path / "two", RANK="1", **shared)
    for key, value in (shared | {"RANK": "0"}).items():
        monkeypatch.setenv(key, value)
    short_run(tmp_path / "two")
    distributed.destroy_process_group()
    second.join(60)
    assert second.exitcode == 0
    other = json.loads((tmp_path / "two" / "model" / "training.json").read_text())
    assert (other["devices"], other["tokens"]) == (2, record["tokens"])
    assert other["last_loss"] == pytest.approx(record["last_loss"], rel=1e-5)
    assert other["dev_losses"]["4"] == pytest.approx(record["dev_losses"][4], rel=1e-5)


def _free_port() -> str:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return str(listener.getsockname()[1])


# --- what stops a run -------------------------------------------------------------------------


def test_a_loss_that_is_not_finite_stops_with_the_step_and_its_rows(tmp_path, tokenizer):
    model = make_model(tokenizer)
    rows = [*ROWS, ROWS[0] | {"id": "poisoned", "source": "zebra"}]
    poison = tokenizer("z").input_ids[0]
    with torch.no_grad():
        model.get_input_embeddings().weight[poison] = math.nan
    # The output layer is tied, so every logit of that token is NaN: the very first step stops.
    with pytest.raises(training_checks.Diverged, match=r"step 1: loss nan.*row\d+.*learning_rate"):
        run(tmp_path, tokenizer, rows, model=model)
    apart = make_model(tokenizer, tie_word_embeddings=False)
    with torch.no_grad():
        apart.get_input_embeddings().weight[poison] = math.nan
    with pytest.raises(training_checks.Diverged, match="poisoned"):
        run(tmp_path, tokenizer, rows, model=apart)
    assert not (tmp_path / "model").exists()


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "train: there are no rows"),
        ([*ROWS, ROWS[0] | {"id": "r9", "target": " "}], "train: 1 rows have an empty .* r9"),
        ([*ROWS, ROWS[0] | {"source": ""}], "1 rows have an empty source"),
    ],
)
def test_data_that_cannot_be_trained_on(tmp_path, tokenizer, rows, message):
    with pytest.raises(ValueError, match=message):
        run(tmp_path, tokenizer, rows)


def test_a_vocabulary_larger_than_the_embedding(tmp_path, tokenizer):
    model = make_model(tokenizer)
    model.resize_token_embeddings(len(tokenizer) - 1)
    with pytest.raises(ValueError, match="340 entries.* only 339 rows"):
        run(tmp_path, tokenizer, model=model)


def test_targets_that_the_tokenizer_does_not_know(tmp_path):
    tokenizer = make_tokenizer()
    tokenizer.unk_token = "Ġcat"
    rows = [row | {"target": " cat cat cat"} for row in ROWS]
    with pytest.raises(ValueError, match="train: 75% of the target tokens are unknown"):
        run(tmp_path, tokenizer, rows)


def test_rows_that_do_not_fit_are_counted(tmp_path, tokenizer, caplog):
    long = ROWS[0] | {"source": "cat " * 100}
    cut = ROWS[0] | {"target": "बिल्ली " * 100}
    _, record = run(tmp_path, tokenizer, [*ROWS, long, cut], max_length=32, steps=1)
    counts = record["rows"]["train"]
    assert (counts["rows"], counts["prompts_too_long"], counts["targets_cut"]) == (42, 1, 1)
    assert "left out 1 of 42 rows (prompt too long) and cut 1 targets" in caplog.text
    with pytest.raises(ValueError, match="all 1 prompts are longer than max_length 32"):
        run(tmp_path, tokenizer, [long], max_length=32)
