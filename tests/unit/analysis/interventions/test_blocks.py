"""Blocks taken from experts: which ones, the expert's to the bit, and the way back."""

import math

import pytest
import torch
from families import TOKENIZER, family
from tiny_models import config, near, save
from tiny_training import ASKED, TEMPLATE, make_model, make_rows, make_tokenizer
from transformers import Qwen2ForCausalLM

from babelmerge.analysis.interventions import blocks as intervention_blocks
from babelmerge.analysis.interventions import cases as interventions
from babelmerge.analysis.interventions.cases import Case
from babelmerge.evaluation import generation, metrics
from babelmerge.models import loading as models

torch.set_num_threads(1)
LAYERS = 3
OWNERS = ("experts/a", "experts/b")


@pytest.fixture(scope="module", params=[True, False], ids=["tied", "untied"])
def folders(request, tmp_path_factory):
    """A merge, two experts and the base, all different everywhere."""
    root, shape = tmp_path_factory.mktemp("models"), config(tied=request.param)
    shape.num_hidden_layers = LAYERS
    shape.layer_types = ["full_attention"] * LAYERS
    torch.manual_seed(0)
    base = Qwen2ForCausalLM(shape).eval()
    names = ("merge", *OWNERS, "base")
    return {name: save(near(base, seed), root / name) for seed, name in enumerate(names)}


def live(folders, dtype="float32"):
    others = {name: path for name, path in folders.items() if name != "merge"}
    return intervention_blocks.LiveBlocks(folders["merge"], others, dtype)


def loaded(folder, dtype="float32"):
    return models.load(folder, dtype)[0].state_dict()


def same(state, other):
    return state.keys() == other.keys() and all(torch.equal(state[n], other[n]) for n in state)


def test_experts_that_are_packed_in_memory(tmp_path):
    """A mixture's tensors have other names in its files: blocks are put in all the same."""
    model, folders = family("mixtral"), {name: tmp_path / name for name in ("merge", "base")}
    for folder in folders.values():
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.02 * torch.randn(parameter.shape)
        save(model, folder, len(TOKENIZER))
    mixed = live(folders)
    mixed.put("base", [1])
    sides = [loaded(folder) for folder in folders.values()]
    for name, tensor in mixed.model.state_dict().items():
        assert torch.equal(tensor, sides[".layers.1." in name][name])
    mixed.put()
    assert same(mixed.model.state_dict(), sides[0])
    assert sum(mixed.share([block]) for block in range(3)) < 1


def test_places():
    placed = intervention_blocks.placed
    assert list(placed("last", 2, 5)) == [3, 4]
    assert list(placed("first", 2, 5)) == [0, 1]
    assert list(placed("middle", 3, 5)) == [1, 2, 3]
    assert list(placed("middle", 2, 5)) == [1, 2]
    for place in ("last", "first", "middle"):
        assert list(placed(place, 5, 5)) == [0, 1, 2, 3, 4] and not placed(place, 0, 5)


@pytest.mark.parametrize(
    ("blocks", "steps", "expected"),
    [
        (36, 7, [0, 6, 12, 18, 24, 30, 36]),
        (36, 2, [0, 36]),
        (4, 7, [0, 1, 2, 3, 4]),
        (2, 7, [0, 1, 2]),
        (28, 4, [0, 9, 19, 28]),
    ],
)
def test_numbers_of_blocks(blocks, steps, expected):
    assert intervention_blocks.values(blocks, steps) == expected


@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_all_of_an_expert_is_the_expert_and_the_way_back_is_the_merge(folders, dtype):
    one = live(folders, dtype)
    for owner in OWNERS:
        one.put_whole(owner)
        assert same(one.model.state_dict(), loaded(folders[owner], dtype))
    one.put(OWNERS[0], [1])
    one.put()
    assert same(one.model.state_dict(), loaded(folders["merge"], dtype))


def test_only_the_blocks_asked_for_are_the_experts(folders):
    one = live(folders)
    one.put(OWNERS[1], [0])  # what an earlier step put in must not stay
    one.put(OWNERS[0], [1, 2])
    merge, owner = loaded(folders["merge"]), loaded(folders[OWNERS[0]])
    for name, tensor in one.model.state_dict().items():
        taken = ".layers.1." in name or ".layers.2." in name
        assert torch.equal(tensor, (owner if taken else merge)[name]), name
    one.put(OWNERS[0], rest=True)
    state = one.model.state_dict()
    assert torch.equal(state["lm_head.weight"], owner["lm_head.weight"])
    assert torch.equal(state["model.norm.weight"], owner["model.norm.weight"])
    assert torch.equal(
        state["model.layers.2.mlp.up_proj.weight"], merge["model.layers.2.mlp.up_proj.weight"]
    )


def test_shares_are_of_all_parameters(folders):
    one = live(folders)
    total = sum(p.numel() for p in one.model.parameters())  # tied ones are there once
    block = sum(p.numel() for p in one.model.model.layers[0].parameters())
    assert one.share([0, 2]) == pytest.approx(2 * block / total, abs=1e-12)
    assert one.share([]) == 0


def test_models_of_another_shape_are_refused(folders, tmp_path):
    other = save(Qwen2ForCausalLM(config(vocabulary=80)).eval(), tmp_path / "other")
    with pytest.raises(ValueError, match="lacks|rows"):
        intervention_blocks.LiveBlocks(folders["merge"], {"experts/a": other})


def cases():
    sets = (("t/a", OWNERS[0]), ("t/b", OWNERS[1]), ("t/c", OWNERS[0]))
    return [Case(dataset, owner, [{}] * 4, {}, "bleu") for dataset, owner in sets]


class Weighing:
    """Stands for a score: a number that tells which model each part of the live one is from."""

    def __init__(self, one, zero=()):
        self.one, self.zero, self.calls = one, zero, 0

    def __call__(self, some):
        self.calls += 1
        held = self.one._held
        parts = [held[part] == OWNERS[0] or held[part] == OWNERS[1] for part in sorted(held)]
        number = 1 + sum(taken << place for place, taken in enumerate(parts))
        number = 0.5 if set(held.values()) == {"base"} else number
        return {case.dataset: 0.0 if case.dataset in self.zero else number for case in some}


def test_rows_tell_each_score_once_and_leave_the_merge(folders):
    one = live(folders)
    score = Weighing(one, zero=("t/b",))
    places = ["last", "first", "middle"]
    rows = list(intervention_blocks.rows(one, cases(), score, places, steps=7))
    assert [row["dataset"] for row in rows[:: 3 * 4]] == ["t/a", "t/b", "t/c"]
    assert len(rows) == 3 * 3 * 4
    assert same(one.model.state_dict(), loaded(folders["merge"]))
    # An owner's sets: expert, merge, outside, base; then 1 and 2 blocks of 3 places, and all; the
    # middle 2 of 3 blocks are the first 2.
    assert score.calls == 2 * (4 + 2 + 2 + 1 + 1)
    at = {(r["place"], r["k"]): r for r in rows if r["dataset"] == "t/a"}
    weights = {"outside": 1, 0: 2, 1: 4, 2: 8}
    assert at["last", 1]["value"] == 1 + weights[2]
    assert at["last", 2]["value"] == 1 + weights[1] + weights[2]
    assert at["first", 1]["value"] == 1 + weights[0]
    assert at["middle", 1]["value"] == 1 + weights[1]
    for place in places:
        assert at[place, 0]["value"] == at[place, 0]["merged"] == 1
        assert at[place, 3]["value"] == 1 + weights[0] + weights[1] + weights[2]
    row = at["first", 2]
    assert (row["expert"], row["outside"], row["base"]) == (16, 2, 0.5)
    assert row["retention"] == row["value"] / 16 and row["n"] == 4
    assert all(math.isnan(r["retention"]) for r in rows if r["dataset"] == "t/b")


def test_data_sets_that_share_a_prompt_are_decoded_in_one_go(monkeypatch):
    tokenizer = make_tokenizer()
    model, rows = make_model(tokenizer).eval(), make_rows(9, seed=4)
    options = {"max_new_tokens": 5, "batch_size": 4}
    sets = [Case("t/a", "a", rows[:4], ASKED, "chrf"), Case("t/b", "b", rows[4:], ASKED, "chrf")]
    plain = Case("text/a", "a", rows, ASKED)
    calls, generate, write = [], generation.generate, generation.write
    monkeypatch.setattr(generation, "write", lambda *a, **o: calls.append(1) or write(*a, **o))
    found = interventions.decoded(model, tokenizer, [*sets, plain], options)
    assert len(calls) == 1 and list(found) == ["t/a", "t/b"]
    for case in sets:
        outputs = generate(model, tokenizer, case.rows, TEMPLATE, **options)
        expected = metrics.corpus_score("chrf", outputs, [row["target"] for row in case.rows])
        assert found[case.dataset] == expected
