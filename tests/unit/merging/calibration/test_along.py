"""RegMean++'s statistics, against activations of models that are put together by hand."""

import copy
import json

import pytest
import torch
from safetensors.torch import load_file
from tiny_training import PROMPT, make_model, make_rows, make_tokenizer

from babelmerge import merging
from babelmerge.merging.calibration import along, passes
from babelmerge.merging.methods import regression
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.recipes.coefficients import block_of

torch.set_num_threads(1)
TOKENIZER = make_tokenizer()
IDS = ("e1", "e2", "e3")
ROWS = {id_: make_rows(8, seed=n) for n, id_ in enumerate(IDS)}


def experts_of(tmp_path, **more):
    base = make_model(TOKENIZER, **more)
    models = {}
    for seed, id_ in enumerate(IDS):
        models[id_] = copy.deepcopy(base).eval()
        generator = torch.Generator().manual_seed(seed)
        for parameter in models[id_].parameters():
            noise = torch.randn(parameter.shape, generator=generator)
            parameter.data += 0.3 * parameter.data.std().nan_to_num(1) * noise
        models[id_].save_pretrained(tmp_path / id_)
        TOKENIZER.save_pretrained(tmp_path / id_)
    return models


def seen(model, tokens, names):
    """Mean outer products of what these layers are given, row by row."""
    sums, positions, modules = {}, 0, dict(model.named_modules())

    def keep(name):
        def hook(_, inputs):
            flat = inputs[0].reshape(-1, inputs[0].shape[-1]).double()
            sums[name] = sums.get(name, 0) + flat.T @ flat

        return hook

    handles = [
        modules[name.removesuffix(".weight")].register_forward_pre_hook(keep(name))
        for name in names
    ]
    for row in range(len(tokens)):
        ids = torch.tensor(tokens.row(row).astype(int))[None, :-1]
        with torch.no_grad():
            model(input_ids=ids, use_cache=False)
        positions += ids.numel()
    for handle in handles:
        handle.remove()
    return {name: total / positions for name, total in sums.items()}


@pytest.mark.parametrize("more", [{}, {"tie_word_embeddings": False}], ids=["tied", "untied"])
def test_every_block_is_asked_on_top_of_the_merged_ones(tmp_path, monkeypatch, more):
    models = experts_of(tmp_path, **more)
    kept = {}
    asked = along.along

    def watched(model, experts, tokens, alpha, batch_tokens):
        kept.update(tokens=tokens, found=asked(model, experts, tokens, alpha, batch_tokens))
        kept["model"] = copy.deepcopy(model)
        kept["expected"] = by_hand(models, tokens, alpha)
        return kept["found"]

    monkeypatch.setattr(along, "along", watched)
    files = {id_: tmp_path / f"{id_}.safetensors" for id_ in IDS}
    folders = {id_: tmp_path / id_ for id_ in IDS}
    along.collect_along(folders, ROWS, files, prompt=PROMPT, alpha=0.7)
    expected, merged = kept["expected"]
    for id_ in IDS:
        written = load_file(files[id_])
        assert set(written) == set(expected[id_]) == set(passes.linear_maps(models[id_]))
        for name, gram in expected[id_].items():
            scale = float(gram.abs().max())
            assert torch.allclose(written[name].double(), gram, rtol=0, atol=1e-4 * scale), name
        facts = json.loads(files[id_].with_suffix(".json").read_text())
        assert (facts["along"], facts["alpha"], facts["kind"]) == (list(IDS), 0.7, "gram")
    # Merging by regmean with what was written gives the model that the statistics come from.
    readers = {id_: Checkpoint(folder) for id_, folder in folders.items()}
    states = {id_: one.state_dict() for id_, one in readers.items()}
    made = merging.merge(
        states["e1"],
        states,
        "regmean",
        statistics={i: load_file(f) for i, f in files.items()},
        alpha=0.7,
    )
    for name, parameter in kept["model"].named_parameters():
        assert torch.allclose(made[name], parameter, atol=1e-5), name
        assert torch.allclose(merged[name], parameter, atol=2e-4), name


def by_hand(models, tokens, alpha):
    """(Gram matrices, merged parameters), with hybrids of merged blocks and an expert's own."""
    states = {id_: dict(model.named_parameters()) for id_, model in models.items()}
    names = list(states["e1"])
    maps = list(passes.linear_maps(models["e1"]))
    merged = {n: torch.stack([s[n].detach() for s in states.values()]).mean(0) for n in names}
    found = {id_: {} for id_ in models}
    last = max(block_of(name) or 0 for name in names)
    for block in [*range(last + 1), None]:
        asked = [name for name in maps if block_of(name) == block]
        for id_, state in states.items() if asked else ():
            hybrid = copy.deepcopy(models[id_])
            own = dict(hybrid.named_parameters())
            for name in names:
                mine = block is not None and block_of(name) == block
                own[name].data.copy_(state[name] if mine else merged[name])
            found[id_].update(seen(hybrid, tokens[id_], asked))
        for name in asked:
            every = [state[name].detach() for state in states.values()]
            grams = [found[id_][name].float() for id_ in models]
            merged[name] = regression.regmean(every, grams, alpha)
    return found, merged


def test_what_is_not_given_for_all_is_told(tmp_path):
    folders = {"a": tmp_path / "a", "b": tmp_path / "b"}
    with pytest.raises(ValueError, match=r"rows of \['a'\]; expected those of \['a', 'b'\]"):
        along.collect_along(folders, {"a": []}, folders, prompt=PROMPT)
