"""Settings, schedules, batches and seeded bases: the parts of training that need no run."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import make_model, make_tokenizer
from transformers import get_scheduler

from babelmerge.data import batches as batching
from babelmerge.data import sampling as data_sampling
from babelmerge.training import loop as training_loop
from babelmerge.training import schedules
from babelmerge.training import scratch as initialisation
from babelmerge.training import settings as training_settings

GOOD = {"learning_rate": 1e-3, "epochs": 1, "batch_size": 8}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"learning_rat": 1}, "unknown key 'learning_rat'; did you mean 'learning_rate'"),
        ({"scheduler": "cosin"}, "scheduler: found 'cosin'; did you mean 'cosine'"),
        ({"dtype": "float16"}, "dtype: found 'float16'.*bfloat16"),
        ({"method": "lora"}, "found method lora without lora, expected .*lora: {r: …, alpha: …}"),
        ({"learning_rate": None}, "learning_rate is missing"),
        ({"steps": 3}, "found epochs and steps"),
        ({"batch_size": None}, "found neither of batch_tokens and batch_size"),
        ({"warmup_steps": 3, "warmup_ratio": 0.1}, "warmup_steps and warmup_ratio"),
        ({"batch_size": 0}, "batch_size: found 0, expected a whole number above 0"),
        ({"max_grad_norm": 0}, "max_grad_norm: found 0"),
        ({"warmup_ratio": 1.0}, "warmup_ratio: found 1.0, expected 0 ≤ warmup_ratio < 1"),
        ({"weight_decay": -1.0}, "weight_decay: found -1.0, expected a number, 0 or above"),
        ({"sampling": {"temperature": 0.5}}, "sampling: found .*0.5.*size, or .temperature: T"),
        ({"sampling": "sizes"}, "sampling: found 'sizes'.*size, or .temperature: T"),
        ({"gradient_checkpointing": 2}, "gradient_checkpointing: found 2, expected true or false"),
    ],
)
def test_settings_that_cannot_work(changes, message):
    with pytest.raises(ValueError, match=message):
        training_settings.resolve(GOOD | changes, seed=0)


def test_settings_are_filled_in_and_their_seed_wins():
    resolved = training_settings.resolve(GOOD | {"seed": 5, "dtype": None}, seed=0)
    assert set(resolved) == set(training_settings.DEFAULTS)
    assert (resolved["seed"], resolved["dtype"]) == (5, "float32")
    assert training_settings.resolve(GOOD, seed=7)["seed"] == 7
    assert training_settings.warmup(resolved | {"warmup_ratio": 0.1}, 95) == 10


@pytest.mark.parametrize("warmup", [0, 7])
@pytest.mark.parametrize("name", training_settings.SCHEDULES)
def test_schedules_are_those_of_the_published_trainer(name, warmup):
    total = 40
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=1.0)
    kind = "constant_with_warmup" if name == "constant" else name
    theirs = get_scheduler(kind, optimizer, warmup, total)
    for step in range(total):
        found = schedules.SCHEDULES[name](step, warmup, total)
        assert found == pytest.approx(theirs.get_last_lr()[0], abs=1e-12)
        optimizer.step()
        theirs.step()


def test_schedules_against_closed_forms():
    assert schedules.linear(5, 10, 110) == 0.5
    assert schedules.linear(60, 10, 110) == 0.5
    assert schedules.cosine(60, 10, 110) == pytest.approx(0.5)
    assert schedules.cosine(35, 10, 110) == pytest.approx(0.5 + math.sqrt(0.125))
    assert schedules.inverse_sqrt(400, 100, 10**6) == pytest.approx(0.5)
    assert schedules.inverse_sqrt(30_000, 0, 10**6) == pytest.approx(0.5)
    assert schedules.constant(3, 4, 9) == 0.75 and schedules.constant(8, 4, 9) == 1.0


@settings(max_examples=80, deadline=None, database=None)
@given(
    lengths=st.lists(st.integers(1, 60), min_size=1, max_size=300),
    size=st.integers(1, 40),
    tokens=st.one_of(st.none(), st.integers(1, 400)),
    seed=st.integers(0, 99),
)
def test_an_epoch_covers_every_row_once_within_the_budget(lengths, size, tokens, seed):
    lengths = np.array(lengths)
    budget = {"batch_tokens": tokens} if tokens else {"batch_size": size}
    epoch = batching.plan_epoch(lengths, seed=seed, epoch=1, **budget)
    steps = [epoch.step(index) for index in range(len(epoch))]
    assert sorted(np.concatenate(steps).tolist()) == list(range(len(lengths)))
    for rows in steps:
        if tokens:
            assert len(rows) == 1 or len(rows) * lengths[rows].max() <= tokens
        else:
            assert len(rows) == size or len(rows) == len(lengths) % size
    again = batching.plan_epoch(lengths, seed=seed, epoch=1, **budget)
    assert np.array_equal(epoch.order, again.order) and np.array_equal(epoch.turns, again.turns)


def test_epochs_and_seeds_differ_and_lengths_are_grouped():
    lengths = np.random.default_rng(0).integers(5, 60, 2000)
    orders = [
        batching.plan_epoch(lengths, seed=seed, epoch=epoch, batch_size=20).order.tolist()
        for seed, epoch in ((0, 0), (0, 1), (1, 0))
    ]
    assert orders[0] != orders[1] and orders[0] != orders[2]
    epoch = batching.plan_epoch(lengths, seed=0, epoch=0, batch_size=20)
    padded = sum(20 * lengths[epoch.step(index)].max() for index in range(len(epoch)))
    assert padded < 1.05 * lengths.sum()  # shuffled alone it would be nearly twice the sum


def test_steps_resume_in_the_middle_of_any_epoch():
    resolved = training_settings.resolve(GOOD | {"epochs": 2.5}, seed=1)
    lengths = np.arange(1, 42)
    tokens = batching.Tokens(None, np.append(0, lengths.cumsum()), np.zeros(41), None)
    total = training_loop.total_steps(tokens, resolved)
    assert total == 15  # 6 steps a pass

    def rows(done):
        job = training_loop.Job(None, None, tokens, None, resolved, None, None, total, True, "")
        return [step.tolist() for step in training_loop._steps(job, done)]

    everything = rows(0)
    assert len(everything) == total
    for done in (0, 1, 5, 6, 7, 12, 14, 15):
        assert rows(done) == everything[done:]


@settings(max_examples=60, deadline=None, database=None)
@given(sizes=st.lists(st.integers(0, 40), min_size=1, max_size=5), heat=st.floats(1, 20))
def test_an_epoch_by_temperature_takes_as_many_rows_in_those_proportions(sizes, heat):
    total = sum(sizes)
    found = data_sampling.shares(sizes, heat)
    weights = [size ** (1 / heat) for size in sizes]
    assert sum(found) == total
    for rows, weight in zip(found, weights, strict=True):
        assert abs(rows - total * weight / max(sum(weights), 1)) < 1 + 1e-9
    assert data_sampling.shares(sizes, 1.0) == sizes


def test_rows_by_temperature_are_those_of_the_data_sets_and_differ_by_epoch():
    sizes, resolved = (
        {"large": 90, "small": 10},
        training_settings.resolve(GOOD | {"sampling": {"temperature": 3.0}, "epochs": 3}, seed=1),
    )
    offsets = np.arange(101) * 7
    tokens = batching.Tokens(None, offsets, np.zeros(100), None, sizes)
    large, small = data_sampling.shares([90, 10], 3.0)
    assert (large, small) == (68, 32)  # 90^(1/3) : 10^(1/3) = 4.48 : 2.15
    epochs = [training_loop._plan(tokens, resolved, epoch) for epoch in range(2)]
    for epoch in epochs:
        rows = np.sort(np.concatenate([epoch.step(n) for n in range(len(epoch))]))
        assert (rows < 90).sum() == len(set(rows[rows < 90])) == large
        assert set(np.bincount(rows)[90:]) == {3, 4}  # 32 of 10 rows
    assert set(epochs[0].order) != set(epochs[1].order)
    assert training_loop.total_steps(tokens, resolved) == 3 * 13


@pytest.mark.parametrize(("size", "bits"), [(300, 16), (65_536, 16), (65_537, 32)])
def test_rows_are_stored_compactly_and_come_back(tmp_path, monkeypatch, size, bits):
    monkeypatch.setattr(batching, "ROWS_PER_WRITE", 2)
    rows = [("a", [1, 2], [3]), ("b", [4], [size - 1, 6]), ("c", [7], [8])]
    tokens = batching.store(rows, tmp_path, "train", size)
    assert tokens.ids.dtype.itemsize * 8 == bits
    assert [tokens.row(i).tolist() for i in range(3)] == [p + t for _, p, t in rows]
    assert tokens.row_ids([2, 0]) == ["c", "a"]
    assert tokens.targets_in(np.array([0, 1])) == 3
    other = batching.store(rows[::-1], tmp_path, "other", size)
    assert tokens.digest() != other.digest()


def test_a_batch_predicts_each_target_from_the_position_before_it(tmp_path):
    rows = [("a", [11, 12], [13, 14]), ("b", [21], [22, 23, 24, 25])]
    tokens = batching.store(rows, tmp_path, "train", 100)
    batch = batching.collate(tokens, np.array([0, 1]))
    assert batch.input_ids.tolist() == [[11, 12, 13, 14], [21, 22, 23, 24]]
    assert batch.positions.tolist() == [1, 2, 4, 5, 6, 7]
    assert batch.labels.tolist() == [13, 14, 22, 23, 24, 25]
    assert batch.input_ids.flatten()[batch.positions].tolist() == [12, 13, 21, 22, 23, 24]


def test_a_seed_makes_a_base_and_an_unknown_setting_does_not():
    tokenizer = make_tokenizer()
    torch.manual_seed(1)
    one = make_model(tokenizer, seed=2).state_dict()
    two, other = (make_model(tokenizer, seed=seed).state_dict() for seed in (2, 3))
    assert all(torch.equal(one[name], two[name]) for name in one)
    name = "model.embed_tokens.weight"
    assert not torch.equal(one[name], other[name]) and one[name].shape[0] == len(tokenizer)
    with pytest.raises(ValueError, match="'hiden_size'; did you mean 'hidden_size'"):
        initialisation.initialise({"model_type": "qwen2", "hiden_size": 8}, 300, 0)
    with pytest.raises(ValueError, match="model_type: found 'qwen0'"):
        initialisation.initialise({"model_type": "qwen0"}, 300, 0)


@pytest.mark.parametrize("model_type", ["llama", "gpt2"])  # by their type: 2 and 50,256
def test_a_seeded_base_ends_a_text_where_its_tokenizer_does(model_type):
    tokenizer = make_tokenizer()
    small = {"model_type": model_type, "hidden_size": 8, "num_attention_heads": 1}
    architecture = small | {"num_hidden_layers": 1}
    model = initialisation.initialise(architecture, len(tokenizer), 0, tokenizer)
    for config in (model.config, model.generation_config):
        ends = (config.bos_token_id, config.eos_token_id)
        assert ends == (tokenizer.bos_token_id, tokenizer.eos_token_id)
