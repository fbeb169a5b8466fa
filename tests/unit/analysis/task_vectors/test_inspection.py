"""Inspecting and comparing model directories: against whole vectors in numpy, and by hand."""

import json
import math

import made_up_models
import numpy as np
import pytest
import torch

from babelmerge.analysis.task_vectors import inspection
from babelmerge.analysis.task_vectors import members as inspection_members
from babelmerge.models import differences

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    return made_up_models.family(tmp_path_factory.mktemp("family"))


@pytest.fixture(scope="module")
def found(family):
    base, paths, *_ = family
    return inspection.inspect(base, paths, stable_ranks=True)


def vectors(family, names):
    """(experts, elements) task vectors and the base, in float64."""
    _, _, base, tuned = family
    flat = lambda made: np.concatenate([made[n].double().numpy().ravel() for n in names])  # noqa: E731
    start = flat(base)
    return np.stack([flat(made) - start for made in tuned.values()]), start


def names_of(level, where):
    names = list(made_up_models.SHAPES)
    if level == "model":
        return names
    if level == "tensor":
        return [where]
    if level == "kind":
        return [n for n in names if n.endswith((f"{where}.weight", where))]
    return [n for n in names if f"layers.{where}." in n or n == f"model.{where}.weight"]


@pytest.mark.parametrize("level", inspection.LEVELS)
def test_every_level_is_what_the_whole_vectors_give(family, found, level):
    summaries = found.summaries(level)
    covered = [name for s in summaries for name in names_of(level, s.where)]
    assert sorted(covered) == sorted(made_up_models.SHAPES)
    for summary in summaries:
        deltas, base = vectors(family, names_of(level, summary.where))
        norms = np.linalg.norm(deltas, axis=1)
        assert np.allclose(summary.moments.norms, norms, rtol=1e-13)
        assert np.allclose(summary.relative_norms, norms / np.linalg.norm(base), rtol=1e-13)
        assert np.allclose(summary.moments.zero_shares, (deltas == 0).mean(axis=1))
        unit = deltas / norms[:, None]
        assert np.allclose(summary.moments.cosines, unit @ unit.T, atol=1e-14)
        both = (deltas[0] != 0) & (deltas[2] != 0)
        expected = (np.sign(deltas[0]) == np.sign(deltas[2]))[both].mean()
        assert summary.moments.sign_agreement[0, 2] == pytest.approx(expected)


def test_stable_rank_is_the_mean_over_matrices(family, found):
    _, _, base, tuned = family
    ranks = []
    for name in names_of("layer", "1"):
        if len(made_up_models.SHAPES[name]) == 2:
            values = torch.linalg.svdvals(tuned["bn"][name].double() - base[name].double())
            ranks.append(float((values**2).sum() / values[0] ** 2))
    layer = next(s for s in found.summaries("layer") if s.where == "1")
    assert layer.stable_ranks[1] == pytest.approx(np.mean(ranks), rel=1e-6)
    norm = next(s for s in found.summaries("tensor") if s.where == "model.norm.weight")
    assert np.isnan(norm.stable_ranks).all()


def test_layers_come_from_the_embeddings_up(found):
    assert [s.where for s in found.summaries("layer")] == ["embed_tokens", "0", "1", "norm"]
    with pytest.raises(ValueError, match="'layers'; expected one of model, kind"):
        found.summaries("layers")


def test_rows_are_long_and_complete(found):
    rows = list(found.rows("layer"))
    assert {row["level"] for row in rows} == {"model", "kind", "layer"}
    pairs = [r for r in rows if r["measure"] == "cosine" and r["level"] == "model"]
    assert [(r["expert"], r["other"]) for r in pairs] == [("hi", "bn"), ("hi", "ta"), ("bn", "ta")]
    assert pairs[1]["value"] == found.model.moments.cosines[0, 2]


def test_threads_and_shards_change_no_bit(family, found, tmp_path):
    base, paths, _, tuned = family
    shards = {id_: made_up_models.save(tmp_path / id_, t, shards=3) for id_, t in tuned.items()}
    calls = []
    again = inspection.inspect(base, shards, True, 3, lambda *done: calls.append(done))
    assert list(again.rows("tensor")) == [
        {**row, "value": pytest.approx(row["value"], rel=0, abs=0, nan_ok=True)}
        for row in found.rows("tensor")
    ]
    assert calls[-1][0] == calls[-1][1] > 0
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_an_expert_that_is_its_base(family):
    base, paths, *_ = family
    model = inspection.inspect(base, {"hi": paths["hi"], "same": base}).model
    assert model.moments.zero_shares[1] == 1
    assert model.moments.norms[1] == 0
    assert math.isnan(model.moments.cosines[0, 1])
    assert math.isnan(model.moments.majority_share)


def test_whole_numbers_and_empty_tensors_are_passed_over(family, tmp_path):
    _, _, base, tuned = family
    more = {"steps": torch.arange(3), "empty.weight": torch.zeros(0, 4)}
    start = made_up_models.save(tmp_path / "base", {**base, **more})
    expert = made_up_models.save(tmp_path / "expert", {**tuned["hi"], **more})
    found = inspection.inspect(start, {"hi": expert}, stable_ranks=True)
    names = [summary.where for summary in found.tensors]
    assert "steps" not in names and "empty.weight" in names
    deltas, _ = vectors(family, list(made_up_models.SHAPES))
    assert found.model.moments.size == deltas.shape[1]


def test_members_that_do_not_fit_are_named(family, tmp_path):
    base, _, made, _ = family
    norm = "model.norm.weight"
    broken = {
        "lacks model.norm.weight": {n: t for n, t in made.items() if n != norm},
        r"model.norm.weight has shape \(13,\)": {**made, norm: torch.zeros(13)},
        "has more.weight, which": {**made, "more.weight": torch.zeros(2)},
        r"model.safetensors: model.norm.weight has 1 of 12 values": {
            **made,
            norm: torch.tensor([math.nan] + [0.0] * 11),
        },
    }
    for number, (message, tensors) in enumerate(broken.items()):
        expert = made_up_models.save(tmp_path / str(number), tensors)
        with pytest.raises(ValueError, match=message) as error:
            inspection.inspect(base, {"hi": expert})
        assert str(expert) in str(error.value)
    with pytest.raises(ValueError, match="at least one expert"):
        inspection.inspect(base, {})


class StandIn:
    """An adapter of the query projections, as inspection sees one."""

    def __init__(self, seed, rank, scale):
        generator = torch.Generator().manual_seed(seed)
        self.factors = {
            name: inspection_members.Factors(
                torch.randn(shape[0], rank, generator=generator),
                torch.randn(rank, shape[1], generator=generator),
                scale,
            )
            for name, shape in made_up_models.SHAPES.items()
            if name.endswith("q_proj.weight")
        }

    def update(self, name):
        return self.factors.get(name)

    def bytes(self, name):
        return 0

    def require_finite(self, name):
        pass

    def folded(self, base):
        """The full model that the adapter stands for."""
        return {
            name: tensor.double() + f.scale * f.b.double() @ f.a.double()
            if (f := self.factors.get(name))
            else tensor.double()
            for name, tensor in base.items()
        }


@pytest.mark.parametrize("also_full", [False, True])
def test_adapters_measure_as_the_models_that_they_stand_for(
    family, tmp_path, monkeypatch, also_full
):
    base, paths, made, _ = family
    adapters = {"one": StandIn(1, 2, 0.5), "two": StandIn(2, 3, -0.25)}
    folded = {
        id_: made_up_models.save(tmp_path / id_, adapter.folded(made))
        for id_, adapter in adapters.items()
    }
    full = {"hi": paths["hi"]} if also_full else {}
    expected = inspection.inspect(base, {**full, **folded}, stable_ranks=True)
    monkeypatch.setattr(inspection_members, "is_adapter", adapters.__contains__)
    monkeypatch.setattr(inspection_members, "Adapter", lambda path, *_: adapters[path])
    found = inspection.inspect(base, {**full, "one": "one", "two": "two"}, stable_ranks=True)
    for level in inspection.LEVELS:
        pairs = zip(found.summaries(level), expected.summaries(level), strict=True)
        for ours, theirs in pairs:
            assert ours.where == theirs.where and ours.moments.size == theirs.moments.size
            for measure in ("norms", "cosines"):
                values = (getattr(one.moments, measure) for one in (ours, theirs))
                np.testing.assert_allclose(*values, rtol=1e-9, atol=1e-12)
            np.testing.assert_allclose(ours.stable_ranks, theirs.stable_ranks, rtol=1e-6)
    assert np.isnan(found.model.moments.zero_shares[len(full) :]).all()
    if also_full:
        assert found.model.moments.zero_shares[0] == expected.model.moments.zero_shares[0]
    embeddings = found.summaries("layer")[0]
    assert embeddings.moments.zero_shares[-1] == 1
    both = inspection.filled(found.rows("tensor"), expected.rows("tensor"))
    for row, own, whole in zip(both, found.rows("tensor"), expected.rows("tensor"), strict=True):
        assert row == (whole if np.isnan(own["value"]) else own) or np.isnan(whole["value"])
        if row["measure"] in ("zero_share", "sign_agreement"):
            assert row["value"] == pytest.approx(whole["value"], nan_ok=True)


def compare(family, tmp_path, change=None, **files):
    """The base against a copy of it in which something was changed."""
    base, _, made, _ = family
    made = {name: tensor.clone() for name, tensor in made.items()}
    if change:
        change(made)
    return differences.compare(base, made_up_models.save(tmp_path / "other", made, **files))


def test_a_copy_is_the_same_however_it_is_cut(family, tmp_path):
    found = compare(family, tmp_path, shards=3)
    assert found.same and found.identical == len(made_up_models.SHAPES)
    assert (found.tensors, found.files) == ((), ())
    manifest = tmp_path / "other" / "manifest.json"
    manifest.write_text("{}")
    assert differences.compare(family[0], tmp_path / "other").same


def test_a_changed_tensor_is_measured(family, tmp_path):
    def change(made):
        made["model.norm.weight"] = made["model.norm.weight"].clone()
        made["model.norm.weight"][2] += 4

    found = compare(family, tmp_path, change)
    (row,) = found.tensors
    assert not found.same and found.identical == len(made_up_models.SHAPES) - 1
    norm = family[2]["model.norm.weight"].double()
    moved = abs(float((norm[2].bfloat16() + 4).double() - norm[2]))
    assert (row.name, row.what, row.largest) == ("model.norm.weight", "values", moved)
    assert row.relative == pytest.approx(moved / float(norm.norm()))
    assert row.changed == pytest.approx(1 / 12)


def test_dtype_shape_and_presence(family, tmp_path):
    def change(made):
        made["model.norm.weight"] = made["model.norm.weight"].float()
        made["model.layers.0.self_attn.q_proj.bias"] = torch.zeros(3)
        made["new"] = made.pop("model.layers.1.self_attn.q_proj.bias")

    found = compare(family, tmp_path, change)
    rows = {row.name: (row.what, row.detail, row.changed) for row in found.tensors}
    assert rows.pop("model.norm.weight") == ("dtype", "bfloat16 → float32", 0)
    assert rows.pop("model.layers.0.self_attn.q_proj.bias")[:2] == ("shape", "12 → 3")
    assert {what for what, *_ in rows.values()} == {"only in a", "only in b"}
    content = found.as_json()
    assert content["tensors"][0].keys() >= {"name", "what", "largest"}
    json.dumps(content, allow_nan=False)


def test_bits_decide_not_values(tmp_path):
    plain = {"w": torch.tensor([0.0, math.nan, 1.0])}
    same = {"w": plain["w"].clone()}
    negative = {"w": torch.tensor([-0.0, math.nan, 1.0])}
    a, b, c = (
        made_up_models.save(tmp_path / str(number), made)
        for number, made in enumerate((plain, same, negative))
    )
    assert differences.compare(a, b).same
    (row,) = differences.compare(a, c).tensors
    assert (row.largest, row.changed) == (0, pytest.approx(1 / 3))


def test_configuration_differs_by_key_and_notes_do_not_count(family, tmp_path):
    config = {**made_up_models.CONFIG, "rope_parameters": {"rope_theta": 5e5}, "x": 1}
    found = compare(family, tmp_path, config=config)
    assert not found.same
    rows = {(row.key, row.a, row.b) for row in found.files}
    assert rows == {("rope_parameters.rope_theta", "10000.0", "500000.0"), ("x", "-", "1")}
    noted = made_up_models.save(
        tmp_path / "noted", family[2], {**made_up_models.CONFIG, "transformers_version": "5"}
    )
    found = differences.compare(family[0], noted)
    assert found.same and [row.key for row in found.files] == ["transformers_version"]


@pytest.mark.parametrize(
    ("model", "added", "key"),
    [
        ({"vocab": {"a": 1, "b": 0, "ab": 2}}, {}, "tokens (2 differ; first 'a')"),
        ({"vocab": {"a": 0, "b": 1, "ab": 2, "c": 4}}, {}, "tokens (1 differ; first 'c')"),
        ({"merges": []}, {}, "model.merges"),
        ({}, {"special": False}, "added_tokens.<s>.special"),
        ({}, {"id": 5}, "tokens (1 differ; first '<s>')"),
    ],
)
def test_tokenizers_differ_token_by_token(family, tmp_path, model, added, key):
    tokenizer = made_up_models.TOKENIZER
    other = {
        "model": {**tokenizer["model"], **model},
        "added_tokens": [{**tokenizer["added_tokens"][0], **added}],
    }
    found = compare(family, tmp_path, tokenizer=other)
    assert [(row.file, row.key) for row in found.files] == [("tokenizer.json", key)]
    assert not found.same


def test_unigram_scores_and_missing_files_are_noticed(family, tmp_path):
    def unigram(score):
        return {"model": {"type": "Unigram", "vocab": [["a", 0.0], ["b", score]]}}

    a = made_up_models.save(tmp_path / "a", family[2], tokenizer=unigram(-1.0))
    b = made_up_models.save(tmp_path / "b", family[2], tokenizer=unigram(-2.0))
    assert [row.key for row in differences.compare(a, b).files] == ["model.vocab"]
    (b / "tokenizer.json").unlink()
    (b / "chat_template.jinja").write_text("{{ x }}")
    rows = [(row.file, row.a, row.b) for row in differences.compare(a, b).files]
    assert rows == [("chat_template.jinja", "-", "there"), ("tokenizer.json", "there", "-")]
