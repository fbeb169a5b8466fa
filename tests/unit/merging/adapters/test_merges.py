"""Merges of adapters: peft and the full models as oracles, laws, and what is refused."""

import copy
import json

import made_up_adapters
import pytest
import tiny_models
import torch
from made_up_adapters import close, same
from peft import PeftModel

from babelmerge import merging
from babelmerge.merging.adapters.merges import merge_adapters
from babelmerge.models import checkpoints
from babelmerge.models.adapters import Folded

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")
QUERY = "model.layers.0.self_attn.q_proj.weight"
DOWN = "model.layers.1.mlp.down_proj.weight"
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
    "magmax": {},
    "ramplus_tl": {"least": 1e-2, "gain": 0.5},
    "localize_and_stitch": {"density": 0.3, "scope": "tensor"},
    "model_stock": {},
    "consensus": {},
    "tsv": {},
    "tsv, few": {"rank": 0.3},
    "tsv, one": {"rank": 0.01, "lambda": 0.5},
    "iso_c": {"lambda": 2.0},
    "iso_cts": {},
    "swudi": {},
    "swudi_a": {},
    "svc": {"weight": 0.6},
    "subspace_boosting": {"beta": 0.1},
}


@pytest.mark.parametrize("semantics", ["original", "mergebench", "mergekit"])
def test_a_threshold_over_the_model_counts_as_it_does_for_full_models(semantics, family):
    """Task vectors as models of their own: the same numbers, so the same elements stay."""
    names = list(family.merge("ties", density=0.3))
    zeros = {name: torch.zeros(family.base.shape(name)) for name in names}
    deltas = {i: {n: a.delta(n) for n in names} for i, a in family.adapters.items()}
    for method, point in (
        ("ties", {"density": 0.3, "weight": 0.5, "semantics": semantics}),
        ("localize_and_stitch", {"density": 0.3}),
    ):
        made, whole = family.merge(method, **point), merging.merge(zeros, deltas, method, **point)
        assert all(torch.equal(made[name], whole[name]) for name in names)


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
