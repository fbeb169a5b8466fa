"""States along a training: which are kept, that they are what a run had, and nothing besides."""

import json
from types import SimpleNamespace

import pytest
import torch
from safetensors.torch import load_file
from tiny_training import make_model, make_tokenizer, run, weights_hash

from babelmerge.files import directories
from babelmerge.models import loading
from babelmerge.training import kept, output, scratch
from babelmerge.training import loop as training_loop
from babelmerge.training.kept import Kept
from babelmerge.training.weights import AllWeights

STEADY = {"steps": 9, "scheduler": "constant", "save_steps": 4}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def kept_run(folder, steps=(3, 6, 9)):
    torch.set_num_threads(1)
    states = Kept(folder / "kept", steps, {"model": "experts/en-hi"})
    return run(folder, make_tokenizer(), kept=states, **STEADY)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    kept_run(folder)
    return folder


def weights(folder) -> dict:
    return load_file(folder / "model.safetensors")


def test_a_kept_state_is_the_model_of_a_run_of_that_many_steps(tmp_path, tokenizer, undisturbed):
    """At a steady rate a run of three steps is the beginning of one of nine."""
    short, _ = run(tmp_path, tokenizer, **(STEADY | {"steps": 3}))
    found, own = weights(undisturbed / "kept" / "3"), short.state_dict()
    assert found and all(torch.equal(tensor, own[name]) for name, tensor in found.items())
    last, model = weights(undisturbed / "kept" / "9"), weights(undisturbed / "model")
    assert last.keys() == model.keys()
    assert all(torch.equal(last[name], tensor) for name, tensor in model.items())
    assert not all(torch.equal(last[name], tensor) for name, tensor in found.items())


def test_it_is_a_whole_model_without_an_optimizer(undisturbed):
    folder = undisturbed / "kept" / "6"
    model, tokenizer = loading.load(folder, "float32")
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id
    assert not [path for path in undisturbed.rglob("*.pt")]
    assert directories.read_json(folder / "manifest.json")["step"] == 6


def test_keeping_states_changes_nothing_in_the_model_that_is_trained(
    tmp_path, tokenizer, undisturbed
):
    _, record = run(tmp_path, tokenizer, **STEADY)
    assert weights_hash(tmp_path) == weights_hash(undisturbed)
    prints = [directories.fingerprint(folder / "model") for folder in (tmp_path, undisturbed)]
    assert prints[0] == prints[1] and record["steps"] == 9


def test_a_run_that_is_broken_off_keeps_the_same_bytes(tmp_path, undisturbed, monkeypatch):
    """Between two resumable states: step 6 is passed again, and kept again."""
    plain = training_loop._step

    def step(job, rows, rate, number):
        if number == 7:
            raise KeyboardInterrupt
        return plain(job, rows, rate, number)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(training_loop, "_step", step)
        kept_run(tmp_path)
    assert sorted(path.name for path in (tmp_path / "kept").iterdir()) == ["3", "6"]
    kept_run(tmp_path)
    for step in ("3", "6", "9"):
        places = (folder / "kept" / step / "manifest.json" for folder in (tmp_path, undisturbed))
        one, other = (json.loads(place.read_text()) for place in places)
        assert one == other


def test_states_that_another_run_kept_go(tmp_path):
    kept_run(tmp_path, steps=(2, 5))
    kept_run(tmp_path, steps=(5,))
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["5"]


def test_a_step_beyond_the_last_is_refused_before_the_first(tmp_path):
    with pytest.raises(ValueError, match="found step 12, expected steps from 1 to 9"):
        kept_run(tmp_path, steps=(3, 12))
    assert not (tmp_path / "model").exists() and not (tmp_path / "kept").exists()


def test_a_state_becomes_a_model_of_its_own(tmp_path, undisturbed):
    kept.take(undisturbed / "kept" / "6", tmp_path / "en-hi@6")
    same = [directories.fingerprint(f) for f in (undisturbed / "kept" / "6", tmp_path / "en-hi@6")]
    assert same[0] == same[1]
    assert loading.load(tmp_path / "en-hi@6", "float32")
    with pytest.raises(ValueError, match="the state that was kept along training is gone"):
        kept.take(tmp_path / "nothing", tmp_path / "other")


def test_a_base_that_learns_nothing_is_what_its_seed_gives(tmp_path, tokenizer):
    def made(name, seed):
        model = scratch.initialise(
            {
                "model_type": "llama",
                "hidden_size": 16,
                "num_attention_heads": 2,
                "num_hidden_layers": 1,
                "intermediate_size": 16,
            },
            len(tokenizer),
            seed,
        )
        settings = {"method": "pretrain", "steps": 0, "seed": seed}
        facts = {"model": "base"}
        output.untrained(model, tokenizer, tmp_path / name, settings=settings, facts=facts)
        return directories.fingerprint(tmp_path / name)

    assert made("one", 3) == made("two", 3) != made("three", 4)
    record = directories.read_json(tmp_path / "one" / "training.json")
    assert record["steps"] == record["tokens"] == 0 and record["parameters"] > 0
    assert len((tmp_path / "one" / "training.tsv").read_text().splitlines()) == 1
    model, found = loading.load(tmp_path / "one", "float32")
    assert len(found) == len(tokenizer) == model.get_input_embeddings().weight.shape[0]


def test_a_head_of_its_own_is_kept_and_said_to_be_untied(tmp_path, tokenizer):
    model = make_model(tokenizer, tie_word_embeddings=False)
    model.config.tie_word_embeddings = True  # as a base came whose head was trained apart
    weights = AllWeights(model, {}, torch.device("cpu"), torch.float32)
    output.write(SimpleNamespace(model=model, weights=weights), tokenizer, tmp_path)
    assert directories.read_json(tmp_path / "config.json")["tie_word_embeddings"] is False
    again = loading.load(tmp_path, where="cpu")[0]
    assert torch.equal(again.lm_head.weight, model.lm_head.weight)
    assert not torch.equal(again.lm_head.weight, model.get_input_embeddings().weight)
