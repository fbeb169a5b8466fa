"""Neurons switched off: against weights set to 0, the likelihood against full logits, the rows."""

import math

import numpy as np
import pandas as pd
import pytest
import torch
from families import FAMILIES, UNGATED, family
from tiny_training import ASKED, TEMPLATE, make_rows, make_tokenizer
from transformers.pytorch_utils import Conv1D

from babelmerge.analysis.interventions import cases as interventions
from babelmerge.analysis.interventions import figures, findings, tables
from babelmerge.analysis.interventions import neurons as intervention_neurons
from babelmerge.analysis.interventions.cases import Case, Likelihood
from babelmerge.analysis.interventions.neurons import random_sets, switched_off
from babelmerge.analysis.neurons import selection as neurons
from babelmerge.analysis.probing import representations
from babelmerge.analysis.probing.parts import parts
from babelmerge.tasks import prompts

torch.set_num_threads(1)
TOKENIZER = make_tokenizer()
ROWS = make_rows(11, seed=3, longest=9)
IDS = torch.tensor([[5, 9, 17, 4, 33, 8]])


def mask(model, share=0.4, seed=0):
    return np.random.default_rng(seed).random(parts(model).shape) < share


def rows_of(down):
    """(outputs, inputs) of a projection, as a view; transformers' Conv1D has them the other way."""
    return down.weight.T if isinstance(down, Conv1D) else down.weight


@torch.no_grad()
def logits(model):
    return model(IDS, use_cache=False).logits


@torch.no_grad()
def without_columns(model, off):
    """The same model with these columns of its down projections set to 0."""
    down = [neurons.down for neurons in parts(model).neurons]
    kept = [module.weight.clone() for module in down]
    for module, block in zip(down, off, strict=True):
        rows_of(module)[:, torch.from_numpy(block)] = 0
    found = logits(model)
    for module, weight in zip(down, kept, strict=True):
        module.weight.copy_(weight)
    return found


@pytest.mark.parametrize("kind", [*FAMILIES, *UNGATED])
def test_a_neuron_off_is_a_column_of_zeros(kind):
    model = family(kind)
    off, before = mask(model), logits(model)
    with switched_off(model, off):
        found = logits(model)
    torch.testing.assert_close(found, without_columns(model, off), rtol=0, atol=1e-6)
    assert (found - before).abs().max() > 1e-4
    assert torch.equal(logits(model), before)


def test_nothing_off_changes_nothing_and_an_error_leaves_no_hook():
    model = family("llama")
    before = logits(model)
    with switched_off(model, np.zeros_like(mask(model))):
        assert torch.equal(logits(model), before)
    with pytest.raises(RuntimeError), switched_off(model, mask(model)):
        raise RuntimeError
    assert torch.equal(logits(model), before)
    with pytest.raises(ValueError, match="shape"), switched_off(model, mask(model)[:1]):
        pass


def test_random_sets_have_as_many_neurons_in_each_block():
    selected = np.random.default_rng(1).random((4, 50)) < np.array([[0.0], [0.1], [0.5], [1.0]])
    drawn = random_sets(selected, 3, seed=7)
    for one in drawn:
        assert one.dtype == bool and (one.sum(axis=1) == selected.sum(axis=1)).all()
    assert all((a == b).all() for a, b in zip(drawn, random_sets(selected, 3, 7), strict=True))
    assert not (drawn[0] == drawn[1]).all() and not (drawn[0] == random_sets(selected, 1, 8)).all()
    many = np.mean(random_sets(selected, 400, seed=0), axis=0)
    assert np.abs(many[2] - selected[2].mean()).max() < 0.12  # no neuron is favoured


@torch.no_grad()
def by_sentence(model, rows, span):
    """Mean over a span's tokens of -log p, from full logits, one sentence at a time."""
    found = []
    for row in rows:
        one = prompts.encode(row, TEMPLATE, TOKENIZER, None)
        masked = one.target_mask if span == "target" else one.source_mask
        chances = model(torch.tensor([one.ids])).logits[0].float().log_softmax(dim=-1)
        found += [
            -chances[at - 1, token].item()
            for at, token in enumerate(one.ids)
            if masked[at] and at > 0
        ]
    return np.mean(found)


@pytest.mark.parametrize("kind", ["qwen2", "gemma2"])  # gemma2 caps its logits
@pytest.mark.parametrize("span", ["source", "target"])
def test_likelihood_is_that_of_single_sentences_for_any_batch(kind, span):
    model = family(kind)
    asked = representations.probes(ROWS, TEMPLATE, TOKENIZER)
    for batch_tokens in (1, 100, 10_000):
        found = Likelihood(model, asked, span, batch_tokens)()
        assert found == pytest.approx(by_sentence(model, ROWS, span), abs=2e-6)


def test_an_empty_span_has_no_likelihood():
    rows = [row | {"target": ""} for row in ROWS]
    asked = representations.probes(rows, TEMPLATE, TOKENIZER)
    with pytest.raises(ValueError, match="no target span"):
        Likelihood(family("qwen2"), asked, "target")


def cases(metric="chrf"):
    return [Case(f"t/{c}", c, ROWS[at::2], ASKED, metric) for at, c in enumerate("ab")]


def test_rows_tell_what_is_lost():
    model = family("qwen2")
    shape = mask(model).shape
    selected = [np.zeros(shape, bool), mask(model, 0.1)]
    calls = []

    def score(some):
        """Worse by the number of calls."""
        calls.append(1)
        return {c.dataset: {"nll": 2.0 + len(calls), "bleu": 30.0 - len(calls)} for c in some}

    rows = list(intervention_neurons.rows(model, "base", cases(), selected, score, 2, seed=0))
    assert len(calls) == 1 + 3  # nothing is scored again where nothing is off
    assert len(rows) == (1 + 2 * 3) * 2 * 2
    assert [r["draw"] for r in rows[::4]] == ["nothing", *["own", "random-1", "random-2"] * 2]
    assert {r["off"] for r in rows} == {"", "a", "b"}
    none = [r for r in rows if r["neurons"] == 0]
    assert {r["off"] for r in none} == {"", "a"} and {r["loss"] for r in none} == {0.0}
    own = [r for r in rows if r["off"] == "b" and r["draw"] == "own"]
    assert {(r["measure"], r["loss"]) for r in own} == {("nll", 1.0), ("bleu", 1.0)}
    assert {r["neurons"] for r in own} == {int(selected[1].sum())}
    assert not any(math.copysign(1, r["loss"]) < 0 for r in none)  # no -0.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("model")
    family("llama").save_pretrained(root)
    TOKENIZER.save_pretrained(root)
    return root


def test_a_models_rows_do_not_depend_on_the_batch_size(folder):
    rates = np.random.default_rng(0).random((2, 3, 48))
    options = {"span": "target", "neurons": {"rho": 0.2, "tau": 0.5}, "draws": 2, "seed": 1}

    def made(batch_size, sets):
        generation = {"dtype": "float32", "max_new_tokens": 4, "batch_size": batch_size}
        return list(
            intervention_neurons.of_model(
                folder, "base", sets, rates, generation=generation, **options
            )
        )

    small, large = made(1, cases()), made(64, cases())
    assert [r["measure"] for r in small[:2]] == ["nll", "chrf"]
    for a, b in zip(small, large, strict=True):
        assert {k: a[k] for k in a if k not in ("value", "loss")} == {
            k: b[k] for k in b if k not in ("value", "loss")
        }
        assert a["value"] == pytest.approx(b["value"], abs=1e-6)
    picked = neurons.select_neurons(rates, rho=0.2, tau=0.5)
    assert {r["neurons"] for r in small if r["off"] == "a"} == {int(picked[0].sum())}
    assert {r["measure"] for r in made(8, cases(metric=None))} == {interventions.LIKELIHOOD}


def test_a_model_without_neurons_is_not_loaded_and_says_so(tmp_path):
    options = {"span": "target", "neurons": {"rho": 0.2, "tau": 0.5}, "draws": 2, "seed": 1}
    rates = np.zeros((2, 3, 0))
    absent = tmp_path / "absent"
    made = intervention_neurons.of_model(absent, "base", cases(), rates, generation={}, **options)
    rows = pd.DataFrame(made)
    assert findings.neurons(rows) == [
        "Base has no neuron of a language, so nothing was switched off."
    ]
    assert tables.loss_table(rows, "XX → English") is None
    assert figures.neuron_losses(rows).axes
