"""Merges of adapters: peft and the full models as oracles, laws, and adapters written for peft."""

import copy
import json
import math

import made_up_adapters
import pytest
import tiny_models
import torch
from peft import PeftModel
from safetensors.torch import load_file

from babelmerge import merging
from babelmerge.merging.adapters import output, spaces
from babelmerge.merging.adapters.merges import merge_adapters
from babelmerge.merging.methods import randomness
from babelmerge.models import checkpoints
from babelmerge.models.adapters import Adapter, Folded

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")
QUERY = "model.layers.0.self_attn.q_proj.weight"
DOWN = "model.layers.1.mlp.down_proj.weight"
TOKENS = torch.arange(24).view(2, 12) % 64


class Family:
    """A base and three adapters of different ranks, scales and modules, and what they stand for."""

    def __init__(self, root, **settings):
        self.path, self.model, self.paths, self.tuned = made_up_adapters.family(root, **settings)
        self.base = checkpoints.Checkpoint(self.path)
        self.adapters = {id_: Adapter(path, self.base) for id_, path in self.paths.items()}
        self.weights = self.base.state_dict()

    def merge(self, method, **parameters):
        return merge_adapters(self.base, self.adapters, method, **parameters)

    def whole(self, method, **parameters):
        """The task vector of the merge of the full models."""
        tuned = {i: {n: t[n] for n in self.weights} for i, t in self.tuned.items()}
        merged = merging.merge(self.weights, tuned, method, **parameters)
        return {name: merged[name] - self.weights[name] for name in self.weights}


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    return Family(tmp_path_factory.mktemp("family"))


def written(folder, merge, **settings):
    folder.mkdir(exist_ok=True)
    return output.write_adapter(folder, merge, **settings)


def close(left, right, atol=2e-6):
    torch.testing.assert_close(left, right, rtol=1e-4, atol=atol)


def same(merge, expected, base, atol=2e-6):
    for name in base.names:
        found = merge[name] if name in merge else torch.zeros(base.shape(name))
        close(found, expected[name], atol)


METHODS = {
    "task_arithmetic": {"weight": {"hi": 0.5, "bn": -0.25, "ta": 2.0}},
    "task_arithmetic, normalized": {"weight": [0.5, 1, 2], "normalize": True, "lambda": 1.5},
    "task_arithmetic, mergekit": {
        "weight": [0.5, 1, 2],
        "normalize": True,
        "semantics": "mergekit",
    },
    "task_arithmetic, by layer": {"weight": [[0, 1], 0.5, [{"filter": "mlp", "value": 2}]]},
    "linear": {"weight": [1, 2, 3]},
    "nan": {"lambda": 3.0},
    "layer_swap": {"from": "bn", "top": 1, "then": "task_arithmetic", "weight": 0.3},
    "layer_swap, ties": {"from": "bn", "top": 1, "then": "ties", "density": 0.4, "scope": "tensor"},
    "ties": {"density": 0.4, "weight": [0.5, 1, 2], "scope": "tensor"},
    "ties, mergekit": {"density": 1.0, "weight": [0.5, 1, 2], "semantics": "mergekit"},
    "dare": {"density": 0.5, "weight": 0.7},
    "dare_ties": {"density": [0.5, 0.6, 0.7], "seed": 3},
    "sce": {},
    "breadcrumbs": {"density": 0.5, "gamma": 0.1},
    "della": {"density": 0.5, "epsilon": 0.2},
    "model_stock": {},
    "consensus": {},
    "tsv": {},
    "tsv, few": {"rank": 0.3},
    "tsv, one": {"rank": 0.01, "lambda": 0.5},
    "iso_c": {"lambda": 2.0},
    "subspace_boosting": {"beta": 0.1},
}


@pytest.mark.parametrize("case", METHODS)
def test_a_merge_of_adapters_is_that_of_the_full_models(case, family):
    method = case.split(",")[0]
    merge = family.merge(method, **METHODS[case])
    # (base + delta) - base is what the full models have left of a task vector.
    same(merge, family.whole(method, **METHODS[case]), family.base, atol=2e-5)
    assert set(merge) == {n for a in family.adapters.values() for n in a.names}


@pytest.mark.parametrize("method", ["fisher", "regmean"])
def test_averages_by_statistics_are_those_of_the_full_models(method, family):
    generator = torch.Generator().manual_seed(1)
    statistics = {id_: {} for id_ in family.adapters}
    for name, tensor in family.weights.items():
        for found in statistics.values():
            noise = torch.randn(tensor.shape, generator=generator)
            found[name] = noise.square() if method == "fisher" else noise.T @ noise
    if method == "regmean":
        for found in statistics.values():
            for name in ("model.embed_tokens.weight", "lm_head.weight"):
                found.pop(name)
            found |= {n: None for n, t in family.weights.items() if t.dim() != 2}
    merge = family.merge(method, statistics=statistics)
    same(merge, family.whole(method, statistics=statistics), family.base, atol=2e-5)


def test_the_merged_model_s_tensors(family):
    merge = family.merge("task_arithmetic", weight=0.5, dtype="bfloat16")
    assert merge.code(QUERY) == "BF16" and merge.read(QUERY).dtype == torch.bfloat16
    expected = family.weights[QUERY] + 0.5 * sum(a.delta(QUERY) for a in family.adapters.values())
    close(merge.read(QUERY).float(), expected, atol=1e-3)
    assert torch.equal(merge.read("model.norm.weight").float(), family.weights["model.norm.weight"])
    huge = family.merge("task_arithmetic", weight=1e6, dtype="float16")
    with pytest.raises(ValueError, match="the merge by task_arithmetic: .*infinite"):
        huge.read(QUERY)


@pytest.mark.parametrize("method", ["knots", "core_space", "ties", "task_arithmetic"])
def test_threads_do_not_change_a_bit(method, family):
    more = {} if method == "task_arithmetic" else {"density": 0.5}
    more |= {"then": "ties"} if method in ("knots", "core_space") else {}
    first = dict(family.merge(method, **more))
    try:
        torch.set_num_threads(2)
        other = dict(family.merge(method, **more))
    finally:
        torch.set_num_threads(1)
    assert all(torch.equal(first[name], other[name]) for name in first)


def test_sums_of_adapters_are_concatenations(family):
    weights = {"hi": 0.5, "bn": -0.25, "ta": 2.0}
    merge = family.merge("task_arithmetic", weight=weights)
    found = merge.factors(QUERY)
    assert (found.rank, merge.rank(QUERY), merge.rank(DOWN)) == (13, 13, 6)
    expected = sum(w * family.adapters[i].delta(QUERY) for i, w in weights.items())
    close(merge[QUERY], expected)
    # An adapter that takes no part takes no rank.
    swapped = family.merge("layer_swap", **{"from": "ta", "top": 2, "then": "linear"})
    assert swapped.rank(QUERY) == 3 and swapped.rank(DOWN) == 0
    assert not swapped[DOWN].any()


def test_peft_cat_is_the_oracle_of_sums(tmp_path):
    """With plain LoRA; peft's other combinations act on A and B apart."""
    model = tiny_models.model(0, tied=False)
    base = checkpoints.Checkpoint(tiny_models.save(model, tmp_path / "base"))
    paths = {
        id_: made_up_adapters.write(tmp_path / id_, model, seed, r=rank, lora_alpha=alpha)[0]
        for seed, (id_, rank, alpha) in enumerate([("hi", 4, 8), ("bn", 2, 3)])
    }
    weights = {"hi": 0.7, "bn": -1.3}
    merge = merge_adapters(base, paths, "task_arithmetic", weight=weights)
    combined = PeftModel.from_pretrained(copy.deepcopy(model), paths["hi"], adapter_name="hi")
    combined.load_adapter(paths["bn"], adapter_name="bn")
    combined.add_weighted_adapter(
        list(weights), list(weights.values()), "both", combination_type="cat"
    )
    combined.set_adapter("both")
    merged = combined.merge_and_unload().state_dict()
    same(merge, {n: merged[n] - base.read(n) for n in base.names}, base)


@pytest.mark.parametrize("method", ["ties", "dare_ties", "task_arithmetic", "linear", "knots"])
def test_one_adapter_is_itself(method, family):
    more = {"density": 1.0} if "ties" in method else {}
    more = {"then": "ties", "density": 1.0} if method == "knots" else more
    for id_, adapter in family.adapters.items():
        merge = merge_adapters(family.base, {id_: adapter}, method, **more)
        assert merge.names == adapter.names
        for name in merge:
            close(merge[name], adapter.delta(name))


@pytest.mark.parametrize("method", ["ties", "knots", "core_space", "task_arithmetic", "dare_ties"])
def test_the_order_of_adapters_does_not_change_a_bit(method, family):
    more = {} if method == "task_arithmetic" else {"density": 0.5}
    more |= {"then": "ties"} if method in ("knots", "core_space") else {}
    weights = {"hi": 0.5, "bn": 1.0, "ta": 2.0}
    first = family.merge(method, weight=weights, **more)
    turned = dict(reversed(family.adapters.items()))
    other = merge_adapters(family.base, turned, method, weight=weights, **more)
    assert all(torch.equal(first[name], other[name]) for name in first)


# Thresholds over the model ------------------------------------------------------------------------


def global_ties(vectors, share):
    """TIES of one flat vector an expert, as its authors' code computes it (but for its rank)."""
    stacked = torch.stack(vectors)
    count = max(1, int(share * stacked.shape[1]))
    limits = stacked.abs().sort(dim=1, descending=True).values[:, count - 1 : count]
    stacked = stacked * (stacked.abs() >= limits)
    signs = stacked.sum(0).sign()
    signs[signs == 0] = signs.sum().sign()
    agrees = (stacked.sign() == signs) & (stacked != 0)
    return (stacked * agrees).sum(0) / agrees.sum(0).clamp(min=1)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_ties_over_the_model_counts_what_any_adapter_changes(family, share):
    merge = family.merge("ties", density=share, weight=0.5)
    flat = [
        torch.cat([one.delta(name).reshape(-1) for name in merge.names])
        for one in family.adapters.values()
    ]
    expected = 0.5 * global_ties(flat, share)
    close(torch.cat([merge[name].reshape(-1) for name in merge.names]), expected)


def dense_knots(family, names, weight, merge):
    """KnOTS over several maps from the dense updates, as its authors' code has it."""
    bases, parts = [], []
    for name in names:
        deltas = [family.adapters[id_].delta(name).double() for id_ in sorted(family.adapters)]
        u, s, vh = torch.linalg.svd(torch.cat(deltas, dim=1), full_matrices=False)
        keep = s > 1e-5
        bases.append(u[:, keep])
        # What LAPACK leaves of an update that is 0 would count in the mean as a vote.
        chunks = vh[keep].chunk(len(deltas), dim=1)
        pairs = zip(chunks, deltas, strict=True)
        parts.append([s[keep, None] * (v if d.any() else torch.zeros_like(v)) for v, d in pairs])
    flat = [torch.cat([p[i].reshape(-1) for p in parts]) for i in range(len(parts[0]))]
    merged = weight * merge(flat)
    sizes = [p[0].numel() for p in parts]
    return {
        name: (u @ piece.view(p[0].shape)).float()
        for name, u, p, piece in zip(names, bases, parts, merged.split(sizes), strict=True)
    }


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05])
def test_knots_ties_over_the_model_is_its_dense_definition(family, share):
    merge = family.merge("knots", then="ties", density=share, weight=0.7)
    expected = dense_knots(family, merge.names, 0.7, lambda flat: global_ties(flat, share))
    for name in merge:
        close(merge[name], expected[name])


def test_knots_with_task_arithmetic_is_task_arithmetic(family):
    weights = [0.5, -1, 2]
    knots = family.merge("knots", then="task_arithmetic", weight=weights)
    plain = family.merge("task_arithmetic", weight=weights)
    for name in plain:
        close(knots[name], plain[name])


def test_knots_drops_coordinates(family):
    """DARE in the shared basis: every coordinate is kept by its own random number, and rescaled."""
    merge = family.merge("knots", then="dare", density=0.5, seed=7)
    space = merge._formed(QUERY).space
    total = torch.zeros(space.shape(QUERY))
    for id_ in sorted(family.adapters):
        part = space.coordinates(id_, QUERY)
        key = randomness.key_for(7, id_, QUERY)
        total += torch.where(randomness.kept(key, tuple(part.shape), 0.5), part * 2, 0.0)
    close(merge[QUERY], space.factors(QUERY, total).b @ total)
    undropped = family.merge("knots", then="dare_ties", density=1.0)
    ties = family.merge("knots", then="ties", density=1.0)
    close(undropped[QUERY], ties[QUERY])


def test_scaling_every_adapter_scales_knots(family, tmp_path):
    doubled = {}
    for id_, path in family.paths.items():
        config = json.loads((path / "adapter_config.json").read_text())
        target = tmp_path / id_
        target.mkdir()
        (target / "adapter_model.safetensors").symlink_to(path / "adapter_model.safetensors")
        config["lora_alpha"] *= 2
        (target / "adapter_config.json").write_text(json.dumps(config))
        doubled[id_] = target
    once = family.merge("knots", then="ties", density=0.3)
    twice = merge_adapters(family.base, doubled, "knots", then="ties", density=0.3)
    for name in once:
        close(twice[name], 2 * once[name], atol=5e-6)


@pytest.mark.parametrize("then", ["task_arithmetic", "tsv", "iso_c"])
def test_core_space_of_what_acts_on_singular_values(then, tmp_path):
    """With equal ranks, TSV is what it is on the full updates; Iso-C up to the mean's zeros."""
    equal = Family(tmp_path, r=5, target_modules=["q_proj"])
    merge, plain = (
        equal.merge(name, **more) for name, more in (("core_space", {"then": then}), (then, {}))
    )
    factor = 15 / 32 if then == "iso_c" else 1  # the core has 15 singular values, the update 32
    close(merge[QUERY] * factor, plain[QUERY], atol=1e-5)


def test_missing_modules_count_as_zero(family):
    """down_proj is bn's alone: nothing votes against it."""
    for method, more in (
        ("ties", {}),
        ("knots", {"then": "ties"}),
        ("core_space", {"then": "ties"}),
    ):
        merge = family.merge(method, density=1.0, **more)
        close(merge[DOWN], family.adapters["bn"].delta(DOWN))


def test_adapters_that_change_nothing(tmp_path):
    model = tiny_models.model(0, tied=False)
    base = checkpoints.Checkpoint(tiny_models.save(model, tmp_path / "base"))

    def reset(peft_model):
        for name, parameter in peft_model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.zeros_(parameter)

    path, _ = made_up_adapters.write(tmp_path / "a", model, 1, prepare=reset)
    for method, more in (
        ("ties", {"density": 0.5}),
        ("knots", {"then": "ties", "density": 0.5}),
        ("core_space", {"then": "dare", "density": 0.5}),
        ("task_arithmetic", {}),
    ):
        merge = merge_adapters(base, {"a": path, "b": path}, method, **more)
        assert merge.names and all(not merge[name].any() for name in merge)


# Refused ------------------------------------------------------------------------------------------


def test_what_adapters_cannot(family, tmp_path):
    two = dict(list(family.adapters.items())[:2])
    with pytest.raises(ValueError, match="slerp: interpolates whole models"):
        merge_adapters(family.base, two, "slerp", t=0.5)
    with pytest.raises(ValueError, match=r"weights \[1.0, 1.0, 1.0\] with normalize: false would"):
        family.merge("linear", normalize=False)
    third = family.merge("linear", normalize=False, weight=[0.5, 0.25, 0.25])
    close(third[QUERY], family.whole("linear", weight=[2, 1, 1])[QUERY])
    with pytest.raises(ValueError, match="knots: then is 'sce'"):
        family.merge("knots", then="sce")
    with pytest.raises(KeyError):
        family.merge("linear")["model.norm.weight"]
    other = tmp_path / "other"
    made_up_adapters.write(other, family.model, 9)
    config = json.loads((other / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = "org/another"
    (other / "adapter_config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match="hi is an adapter of org/base, x one of org/another"):
        named = made_up_adapters.renamed_base(family.paths["hi"], tmp_path / "hi", "org/base")
        merge_adapters(family.base, {"hi": named, "x": other}, "linear")


@pytest.mark.parametrize("space", ["knots", "core_space"])
def test_dora_is_refused_where_factors_are_needed(space, family, tmp_path):
    path, tuned = made_up_adapters.write(tmp_path / "dora", family.model, 4, use_dora=True)
    members = {**family.adapters, "dora": path}
    with pytest.raises(ValueError, match=f"{space}: dora is a DoRA adapter .use_dora in .*factors"):
        merge_adapters(family.base, members, space, then="ties", density=0.5)
    plain = merge_adapters(family.base, {"dora": path}, "task_arithmetic", weight=0.5)
    close(plain[QUERY], 0.5 * (tuned[QUERY] - family.weights[QUERY]))


def test_the_base_may_be_a_state_dict(family):
    merge = merge_adapters(family.weights, family.paths, "linear")
    other = family.merge("linear")
    assert merge.names == other.names
    assert all(torch.equal(merge[name], other[name]) for name in merge)


@pytest.mark.parametrize("method", ["slerp", "task_arithmetic", "ties"])
def test_adapters_merge_with_full_models_when_folded(method, family):
    """Whatever the engine has, through `Folded`."""
    more = {"t": 0.3} if method == "slerp" else {"density": 0.5} if method == "ties" else {}
    mixed = {"hi": Folded(family.adapters["hi"]), "bn": family.tuned["bn"]}
    merged = merging.merge(family.base, mixed, method, **more)
    tuned = {id_: family.tuned[id_] for id_ in ("hi", "bn")}
    expected = merging.merge(family.weights, tuned, method, **more)
    for name in expected:
        close(merged[name], expected[name])


# Whole tensors ------------------------------------------------------------------------------------

WHOLE = {"modules_to_save": ["norm"], "lora_bias": True, "target_modules": ["q_proj", "v_proj"]}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    return Family(tmp_path_factory.mktemp("wholes"), **WHOLE)


@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "nan", "linear"])
def test_biases_and_whole_modules_are_merged_too(method, wholes):
    more = {"density": 0.5, "scope": "tensor"} if method == "ties" else {}
    merge = wholes.merge(method, **more)
    assert "model.norm.weight" in merge and QUERY.replace("weight", "bias") in merge
    same(merge, wholes.whole(method, **more), wholes.base, atol=2e-5)


def test_in_a_shared_basis_they_are_merged_on_their_own(wholes):
    merge = wholes.merge("knots", then="ties", density=0.3)
    names = [name for name in merge.names if not merge.has_factors(name)]
    assert len(names) == 9 and all("bias" in name or "norm" in name for name in names)
    flat = [
        torch.cat([one.delta(name).reshape(-1) for name in names])
        for one in wholes.adapters.values()
    ]
    close(torch.cat([merge[name].reshape(-1) for name in names]), global_ties(flat, 0.3))


# Written ------------------------------------------------------------------------------------------


def logits(model):
    with torch.no_grad():
        return model.eval()(TOKENS).logits


def folded(family, merge):
    """The merged full model."""
    model = copy.deepcopy(family.model)
    state = {n: t + merge[n] if n in merge else t for n, t in family.weights.items()}
    model.load_state_dict(state)
    return model


WRITTEN = {
    "task_arithmetic": {"weight": [0.5, -0.25, 2.0]},
    "linear": {},
    "knots": {"then": "ties", "density": 0.5},
    "core_space": {"then": "ties", "density": 0.5},
    "layer_swap": {"from": "ta", "top": 1, "then": "linear"},
    "tsv": {},
    "iso_c": {},
    "subspace_boosting": {"beta": 0.2},
}


@pytest.mark.parametrize("method", WRITTEN)
def test_an_exact_adapter_loads_in_peft_and_gives_the_merged_model_s_logits(
    method, family, tmp_path
):
    merge = family.merge(method, **WRITTEN[method])
    report = written(tmp_path / "out", merge)
    assert (report.error, report.errors) == (0, {})
    loaded = PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")
    expected = logits(folded(family, merge))
    assert float((expected - logits(family.model)).abs().max()) > 0.01
    close(logits(loaded), expected, atol=1e-5)
    again = Adapter(tmp_path / "out", family.base)
    for name in merge:
        close(again.delta(name), merge[name])
    config = json.loads((tmp_path / "out" / "adapter_config.json").read_text())
    assert config["base_model_name_or_path"] == str(family.path)


@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "knots"])
@pytest.mark.parametrize("rank", [1, 5, 13])
def test_a_truncated_adapter_reports_its_error(method, rank, family, tmp_path):
    more = {} if method == "task_arithmetic" else {"density": 0.5}
    merge = family.merge(method, **more)
    report = written(tmp_path / "out", merge, rank=rank)
    made = Adapter(tmp_path / "out", family.base)
    assert max(made.rank(name) for name in merge) == rank
    left = whole = 0.0
    for name in merge:
        delta = merge[name].double()
        singular = torch.linalg.svdvals(delta)
        least = float(singular[rank:].norm())
        error = float((delta - made.delta(name)).norm())
        assert error == pytest.approx(least, rel=1e-4, abs=2e-5)
        norm = float(delta.norm())
        assert report.errors[name] == pytest.approx(least / norm, rel=1e-3, abs=1e-5)
        left, whole = left + least**2, whole + norm**2
    assert report.error == pytest.approx(math.sqrt(left / whole), rel=1e-3, abs=1e-5)
    PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")


def test_biases_whole_modules_and_embeddings_are_written_too(tmp_path):
    settings = {
        "modules_to_save": ["norm"],
        "bias": "lora_only",
        "target_modules": ["embed_tokens", "q_proj"],
    }
    family = Family(tmp_path, **settings)
    merge = family.merge("task_arithmetic", weight=[0.5, -0.25, 1.0])
    written(tmp_path / "out", merge)
    names = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert "base_model.model.model.embed_tokens.lora_embedding_A" in names
    loaded = PeftModel.from_pretrained(copy.deepcopy(family.model), tmp_path / "out")
    close(logits(loaded), logits(folded(family, merge)), atol=1e-5)
    again = Adapter(tmp_path / "out", family.base)
    assert set(again.names) == set(merge.names)
    for name in merge:
        close(again.delta(name), merge[name])


def test_adapters_that_cannot_be_written(family, tmp_path):
    ties = family.merge("ties", density=0.5)
    with pytest.raises(
        ValueError, match="ties: the merged update of .* has no exact factors; give"
    ):
        written(tmp_path / "out", ties)
    with pytest.raises(ValueError, match="dtype is 'int8'; expected float32, bfloat16, float16"):
        written(tmp_path / "out", family.merge("linear"), dtype="int8")
    assert not list((tmp_path / "out").iterdir())


def test_the_dtype_of_a_written_adapter(family, tmp_path):
    merge = family.merge("linear")
    written(tmp_path / "out", merge, dtype="bfloat16")
    tensors = load_file(tmp_path / "out" / "adapter_model.safetensors")
    assert {t.dtype for t in tensors.values()} == {torch.bfloat16}
    close(Adapter(tmp_path / "out", family.base).delta(QUERY), merge[QUERY], atol=2e-3)


@pytest.mark.parametrize("space", ["knots", "core_space"])
def test_bases_that_are_not_kept_are_found_again(space, family, monkeypatch):
    kept = dict(family.merge(space, then="ties", density=0.5))
    monkeypatch.setattr(spaces, "KEPT_BYTES", 0)
    again = family.merge(space, then="ties", density=0.5)
    assert all(torch.equal(kept[name], again[name]) for name in kept)
