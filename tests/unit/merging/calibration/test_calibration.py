"""Statistics of experts: against loops over single rows, explicit activations, and closed forms."""

import json
import runpy
import sys
import types

import pytest
import torch
from made_up_report import Named
from places import SCRIPTS
from safetensors.torch import load_file
from tiny_training import PROMPT, make_model, make_rows, make_tokenizer
from torch.nn import functional

from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.files.rows import write_rows
from babelmerge.merging.calibration import collect as calibration
from babelmerge.merging.calibration import passes
from babelmerge.merging.methods import regression
from babelmerge.models import loading as models
from babelmerge.training import scratch as initialisation

ROWS = make_rows(12, seed=1)
TOKENIZER = make_tokenizer()
FAMILIES = {
    "tied": {},
    "untied": {"tie_word_embeddings": False},
    "llama": {"model_type": "llama", "attention_bias": True},
}


@pytest.fixture(scope="module")
def tokens(tmp_path_factory):
    counts = training_checks.Counts()
    triples = training_checks.tokenised(ROWS, PROMPT, TOKENIZER, 128, counts)
    return batching.store(triples, tmp_path_factory.mktemp("tokens"), "dev", len(TOKENIZER))


@pytest.fixture(params=FAMILIES.values(), ids=FAMILIES)
def model(request):
    return make_model(TOKENIZER, **request.param).eval()


def save(model, folder):
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    return folder


def names_of(model):
    return [name for name, _ in model.named_parameters()]


def log_likelihood(model, tokens, row):
    """log p(target | prompt) of one row, from its logits."""
    ids = torch.tensor(tokens.row(row).astype(int))[None]
    logits = model(input_ids=ids).logits[0]
    first = int(tokens.prompt_lengths[row])
    return -functional.cross_entropy(logits[first - 1 : -1], ids[0, first:], reduction="sum")


def close(left, right, relative=1e-4):
    return list(left) == list(right) and all(
        torch.allclose(left[n], right[n], rtol=relative, atol=1e-6 * float(right[n].abs().max()))
        for n in left
    )


# --- Fisher ---------------------------------------------------------------------------------------


def test_fisher_is_a_loop_over_rows(model, tokens):
    expected = {name: torch.zeros_like(p) for name, p in model.named_parameters()}
    for row in range(len(tokens)):
        model.zero_grad()
        log_likelihood(model, tokens, row).backward()
        for name, parameter in model.named_parameters():
            expected[name] += parameter.grad**2 / len(tokens)
    model.zero_grad(set_to_none=True)
    assert close(passes.fisher(model, tokens, names_of(model)), expected)


def test_a_tied_embedding_has_the_gradient_of_both_uses(tokens):
    model = make_model(TOKENIZER).eval()
    found = passes.fisher(model, tokens, names_of(model))
    assert "lm_head.weight" not in found
    untied = make_model(TOKENIZER, tie_word_embeddings=False).eval()
    untied.load_state_dict(model.state_dict())
    expected = torch.zeros_like(untied.lm_head.weight)
    for row in range(len(tokens)):
        untied.zero_grad()
        log_likelihood(untied, tokens, row).backward()
        both = untied.lm_head.weight.grad + untied.get_input_embeddings().weight.grad
        expected += both**2 / len(tokens)
    name = "model.embed_tokens.weight"
    assert close({name: found[name]}, {name: expected})


def test_fisher_leaves_the_model_as_it_was(model, tokens):
    model.requires_grad_(True)
    model.get_input_embeddings().weight.requires_grad_(False)
    before = [p.requires_grad for p in model.parameters()]
    weights = [p.clone() for p in model.parameters()]
    passes.fisher(model, tokens, names_of(model))
    assert [p.requires_grad for p in model.parameters()] == before
    assert all(p.grad is None and not p._post_accumulate_grad_hooks for p in model.parameters())
    assert all(torch.equal(*pair) for pair in zip(model.parameters(), weights, strict=True))


def test_fisher_of_some_parameters_is_that_part_of_all(model, tokens):
    names = names_of(model)
    whole = passes.fisher(model, tokens, names)
    for part in (names[:1], names[3:5], names[-1:]):
        found = passes.fisher(model, tokens, part)
        assert close(found, {name: whole[name] for name in part})


def test_a_loss_that_is_not_finite_names_the_row(tokens):
    model = make_model(TOKENIZER).eval()
    with torch.no_grad():
        model.model.norm.weight[0] = float("nan")
    with pytest.raises(ValueError, match="row row0: the loss is nan"):
        passes.fisher(model, tokens, names_of(model))


# --- Gram matrices --------------------------------------------------------------------------------


def explicit_grams(model, tokens):
    """Inputs of every linear layer gathered row by row, then multiplied in float64."""
    seen = {}

    def keep(name):
        return lambda module, inputs: seen.setdefault(name, []).append(
            inputs[0].flatten(0, -2).double()
        )

    modules = {n: m for n, m in model.named_modules() if isinstance(m, torch.nn.Linear)}
    handles = [m.register_forward_pre_hook(keep(n)) for n, m in modules.items()]
    with torch.no_grad():
        for row in range(len(tokens)):
            model(input_ids=torch.tensor(tokens.row(row)[:-1].astype(int))[None])
    for handle in handles:
        handle.remove()
    stacked = {name: torch.cat(inputs) for name, inputs in seen.items()}
    return {f"{name}.weight": (x.T @ x / len(x)).float() for name, x in stacked.items()}


def test_grams_are_those_of_explicit_activations(model, tokens):
    expected = explicit_grams(model, tokens)
    if model.config.tie_word_embeddings:
        del expected["lm_head.weight"]
    names = list(passes.linear_maps(model))
    assert names == list(expected)
    assert close(passes.gram(model, tokens, names), expected)


def test_grams_do_not_depend_on_the_batch_or_on_what_else_is_asked_for(model, tokens):
    names = list(passes.linear_maps(model))
    whole = passes.gram(model, tokens, names)
    for batch_tokens in (1, 40):
        assert close(passes.gram(model, tokens, names, batch_tokens), whole)
    for part in (names[1:3], names[-1:]):
        found = passes.gram(model, tokens, part)
        assert close(found, {name: whole[name] for name in part})
    assert not any(module._forward_pre_hooks for module in model.modules())


def test_layers_with_one_input_share_one_tensor(tokens):
    model = make_model(TOKENIZER).eval()
    found = passes.gram(model, tokens, list(passes.linear_maps(model)))
    block = "model.layers.0"
    q, k, v, o = (found[f"{block}.self_attn.{part}_proj.weight"] for part in "qkvo")
    gate, up = (found[f"{block}.mlp.{part}_proj.weight"] for part in ("gate", "up"))
    assert q is k is v and gate is up and o is not q and gate is not q


def test_a_layer_that_no_token_reaches_has_a_gram_of_zeros(tokens):
    model = make_model(TOKENIZER).eval()
    model.model.layers[0].mlp.spare = torch.nn.Linear(5, 3)
    name = "model.layers.0.mlp.spare.weight"
    found = passes.gram(model, tokens, [name])
    assert torch.equal(found[name], torch.zeros(5, 5))


def test_batches_hold_rows_of_one_length_and_every_row_once(tokens):
    inputs = [tokens.row(row)[:-1].tolist() for row in range(len(tokens))]
    for batch_tokens in (1, 50, 10**6):
        batches = list(passes.even_batches(tokens, batch_tokens))
        assert all(len(batch) == 1 or batch.size <= batch_tokens for batch in batches)
        assert sorted(row for batch in batches for row in batch.tolist()) == sorted(inputs)


# --- files ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["fisher", "gram"])
def test_files_are_the_same_whatever_memory_they_are_made_in(tmp_path, kind):
    folder = save(make_model(TOKENIZER), tmp_path / "model")
    loaded = []
    for memory in (1, 30_000, 1 << 30):
        out = tmp_path / str(memory) / f"{kind}.safetensors"
        facts = calibration.collect(kind, folder, ROWS, out, prompt=PROMPT, limit=10, memory=memory)
        assert facts == json.loads(out.with_suffix(".json").read_text())
        assert facts["rows"] == 10 and facts["kind"] == kind
        assert sorted(path.name for path in out.parent.iterdir()) == [f"{kind}.json", out.name]
        loaded.append(load_file(out))
    assert close(loaded[0], loaded[2], 1e-5) and close(loaded[1], loaded[2], 1e-5)
    stored = set(load_file(folder / "model.safetensors"))
    assert set(loaded[0]) <= stored and (kind == "gram" or set(loaded[0]) == stored)


def test_split_fills_runs_in_order():
    shapes = {"a": (10,), "b": (10,), "c": (100,), "d": (), "e": (0, 3)}
    assert calibration.split(shapes, 80) == [["a", "b"], ["c"], ["d", "e"]]
    assert calibration.split(shapes, 10**9) == [list(shapes)]
    assert calibration.split({}, 1) == []


def test_the_rows_of_an_expert_favour_it(tmp_path):
    """What the statistics are for: RegMean gives an expert's output on its own inputs."""
    base = make_model(TOKENIZER, seed=0)
    expert = make_model(TOKENIZER, seed=1)
    grams = {}
    for name, model in (("base", base), ("expert", expert)):
        folder = save(model, tmp_path / name)
        calibration.collect("gram", folder, ROWS, tmp_path / f"{name}.st", prompt=PROMPT)
        grams[name] = load_file(tmp_path / f"{name}.st")
    name = "model.layers.0.mlp.down_proj.weight"
    weights = [m.state_dict()[name] for m in (base, expert)]
    silent = torch.zeros_like(grams["base"][name])
    own = regression.regmean(weights, [silent, grams["expert"][name]], alpha=1)
    apart = (own - weights[1]).double()
    error = torch.trace(apart @ grams["expert"][name].double() @ apart.T)
    assert float(error) < 1e-8


@pytest.mark.parametrize(
    "changes,fact",
    [
        ({"kind": "hessian"}, "no statistics of kind 'hessian'; expected fisher or gram"),
        ({"rows": []}, "there are no rows"),
        ({"max_length": 3}, "prompts are longer than max_length 3"),
    ],
)
def test_what_cannot_be_collected_is_refused_and_leaves_nothing(tmp_path, changes, fact):
    folder = save(make_model(TOKENIZER), tmp_path / "model")
    arguments = {"kind": "gram", "rows": ROWS, "max_length": 128} | changes
    out = tmp_path / "statistics" / "gram.safetensors"
    with pytest.raises(ValueError, match=fact):
        calibration.collect(folder=folder, out_file=out, prompt=PROMPT, **arguments)
    assert not list(tmp_path.glob("statistics/*"))


def test_other_names_in_the_files_than_in_memory_are_refused(tmp_path, monkeypatch):
    folder = save(make_model(TOKENIZER, tie_word_embeddings=False), tmp_path / "model")
    monkeypatch.setitem(calibration.KINDS, "gram", (lambda model: {"block.0.weight": (2, 2)}, None))
    with pytest.raises(ValueError, match="block.0.weight .1 such tensors. is not in its files"):
        calibration.collect("gram", folder, ROWS, tmp_path / "g.st", prompt=PROMPT)


def test_a_model_without_linear_layers_has_no_grams(tmp_path):
    tiny = {"model_type": "gpt2", "n_embd": 8, "n_layer": 1, "n_head": 1, "n_positions": 64}
    folder = save(initialisation.initialise(tiny, len(TOKENIZER), 0), tmp_path / "model")
    with pytest.raises(ValueError, match="RegMean would be the plain mean"):
        calibration.collect("gram", folder, ROWS, tmp_path / "g.st", prompt=PROMPT)
    facts = calibration.collect("fisher", folder, ROWS, tmp_path / "f.st", prompt=PROMPT)
    assert facts["rows"] == len(ROWS)


def test_leftovers_of_a_killed_run_go(tmp_path):
    folder = save(make_model(TOKENIZER), tmp_path / "model")
    out = tmp_path / "gram.safetensors"
    leftover = tmp_path / ".gram.safetensors.abc"
    leftover.mkdir()
    (leftover / "dev.tokens").write_text("half")
    calibration.collect("gram", folder, ROWS, out, prompt=PROMPT)
    assert out.is_file() and not leftover.exists()


@pytest.mark.parametrize("prompts", [None, {"a": PROMPT, "b": {**PROMPT, "template": "{source}?"}}])
def test_the_script_takes_rows_of_all_data_sets_in_turn(tmp_path, monkeypatch, prompts):
    folder = save(make_model(TOKENIZER), tmp_path / "model")
    (folder / "manifest.json").write_text('{"fingerprint": "f"}')
    parts = {"a": ROWS[:2], "b": ROWS[4:9]}
    paths = [tmp_path / f"{name}.jsonl" for name in parts]
    for path, rows in zip(paths, parts.values(), strict=True):
        write_rows(path, rows)
    statistics = tmp_path / "out" / "fisher.safetensors"
    job = types.SimpleNamespace(
        rule="collect_statistics",
        wildcards={},
        threads=1,
        log=[str(tmp_path / "log.txt")],
        input=Named(model=str(folder / "manifest.json"), dev=list(map(str, paths))),
        output=Named(statistics=str(statistics)),
        params=Named(
            cfg={
                "kind": "fisher",
                "rows": 5,
                "max_length": 128,
                "dtype": "float32",
                "prompt": prompts or PROMPT,
                **({"datasets": list(prompts)} if prompts else {}),
            }
        ),
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [str(SCRIPTS), *sys.path])
    runpy.run_path(str(SCRIPTS / "collect_statistics.py"), {"snakemake": job})
    turns = zip((ROWS[0], ROWS[4], ROWS[1], ROWS[5], ROWS[6]), "ababb", strict=True)
    turns = [row | {"dataset": name} for row, name in turns]
    out = tmp_path / "expected.st"
    calibration.collect("fisher", folder, turns, out, prompt=prompts or PROMPT, max_length=128)
    assert close(load_file(statistics), load_file(out))
    model, _ = models.load(folder)
    assert set(load_file(statistics)) == set(names_of(model))
