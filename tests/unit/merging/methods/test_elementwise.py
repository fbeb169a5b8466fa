"""Merging methods against closed forms, laws and hand calculation."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge import merging
from babelmerge.merging.kernels import random_keys
from babelmerge.merging.methods import elementwise, selection

torch.set_num_threads(1)
METHODS = {
    "linear": {},
    "task_arithmetic": {"weight": 0.5},
    "ties": {"density": 0.6, "weight": 0.5},
    "dare": {"density": 0.6, "weight": 0.5, "seed": 7},
    "sce": {"select_topk": 0.6},
}
BOTH = ("original", "mergekit")


def model(seed, size=1.0):
    """A state dict whose values are multiples of 1/64, so that sums and halves are exact."""
    generator = torch.Generator().manual_seed(seed)

    def draw(*shape):
        return torch.round(size * torch.randn(shape, generator=generator) * 64) / 64

    return {
        "matrix": draw(7, 11),
        "vector": draw(9),
        "scalar": draw(),
        "empty": draw(0, 3),
        "positions": torch.arange(4),
    }


def near(base, seed, size=0.5):
    noise = model(seed, size)
    return {n: t + noise[n] if t.is_floating_point() else t + 1 for n, t in base.items()}


BASE = model(0)
EXPERTS = {"a": near(BASE, 1), "b": near(BASE, 2), "c": near(BASE, 3)}


def delta(merged, base=BASE):
    return {n: merged[n] - base[n] for n in base if base[n].is_floating_point()}


def same(left, right):
    return list(left) == list(right) and all(torch.equal(left[n], right[n]) for n in left)


def close(left, right, atol=1e-6):
    return all(torch.allclose(left[n], right[n], rtol=1e-5, atol=atol) for n in left)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", METHODS)
def test_one_expert_whole_is_the_expert(method, semantics):
    point = {"density": 1} if method in ("ties", "dare") else {}
    merged = merging.merge(BASE, [EXPERTS["a"]], method, semantics=semantics, **point)
    assert same(delta(merged), delta(EXPERTS["a"]))


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", METHODS)
def test_integers_scalars_and_empty_tensors(method, semantics):
    merged = merging.merge(BASE, EXPERTS, method, semantics=semantics, **METHODS[method])
    assert torch.equal(merged["positions"], BASE["positions"])
    assert [t.shape for t in merged.values()] == [t.shape for t in BASE.values()]
    assert all(torch.isfinite(t).all() for t in merged.values())


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "dare", "sce"])
def test_experts_equal_to_the_base_leave_it_alone(method, semantics):
    copies = [dict(BASE), dict(BASE)]
    merged = merging.merge(BASE, copies, method, semantics=semantics, **METHODS[method])
    assert same(merged, BASE)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", ["ties", "dare"])
def test_density_zero_is_the_base(method, semantics):
    assert same(merging.merge(BASE, EXPERTS, method, semantics=semantics, density=0), BASE)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", METHODS)
def test_the_order_of_experts_does_not_matter(method, semantics):
    reference = merging.merge(BASE, EXPERTS, method, semantics=semantics, **METHODS[method])
    for order in itertools.permutations(EXPERTS):
        members = {id_: EXPERTS[id_] for id_ in order}
        merged = merging.merge(BASE, members, method, semantics=semantics, **METHODS[method])
        # mergekit sums as listed, so there only up to rounding.
        assert same(merged, reference) if semantics == "original" else close(merged, reference)


@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "dare"])
@pytest.mark.parametrize("normalize", [True, False])
def test_in_original_semantics_weight_scales(method, normalize):
    point = {**METHODS[method], "normalize": normalize}
    once = delta(merging.merge(BASE, EXPERTS, method, **{**point, "weight": 0.25}))
    twice = delta(merging.merge(BASE, EXPERTS, method, **{**point, "weight": 0.5}))
    assert close({n: 2 * t for n, t in once.items()}, twice)
    assert float(twice["matrix"].abs().sum()) > 0.1


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("method", METHODS)
def test_scale_equivariance(method, semantics):
    """Task vectors and base times 4 (a power of two, so exactly) give the merge times 4."""
    merged = merging.merge(BASE, EXPERTS, method, semantics=semantics, **METHODS[method])
    four = [{n: 4 * t for n, t in m.items()} for m in (BASE, *EXPERTS.values())]
    members = dict(zip(EXPERTS, four[1:], strict=True))
    scaled = merging.merge(four[0], members, method, semantics=semantics, **METHODS[method])
    assert close({n: 4 * t for n, t in delta(merged).items()}, delta(scaled, four[0]), atol=1e-5)


def test_linear_is_the_weighted_mean():
    merged = merging.merge(BASE, EXPERTS, "linear", weight={"a": 1, "b": 2, "c": 5})
    a, b, c = (expert["matrix"] for expert in EXPERTS.values())
    assert torch.allclose(merged["matrix"], (a + 2 * b + 5 * c) / 8)
    with pytest.raises(ValueError, match="sum to 0"):
        merging.merge(BASE, list(EXPERTS.values())[:2], "linear", weight=[1, -1])


def test_task_arithmetic_by_hand():
    merged = merging.merge(BASE, EXPERTS, "task_arithmetic", weight=[0.5, 0.25, -1], lambda_=2)
    parts = [delta(expert)["matrix"] for expert in EXPERTS.values()]
    expected = 2 * (0.5 * parts[0] + 0.25 * parts[1] - parts[2])
    assert torch.allclose(delta(merged)["matrix"], expected, atol=1e-6)


def test_ties_with_agreeing_signs_and_density_one_is_the_mean():
    experts = [{n: BASE[n] + delta(e)[n].abs() for n in delta(e)} for e in EXPERTS.values()]
    base = {n: BASE[n] for n in experts[0]}
    merged = delta(merging.merge(base, experts, "ties", density=1), base)
    mean = {n: sum(e[n] - base[n] for e in experts) / 3 for n in base}
    # Where an expert's task vector is exactly 0 it has no sign and is not counted.
    everywhere = {n: torch.stack([e[n] - base[n] for e in experts]).all(0) for n in base}
    assert close(
        {n: merged[n][everywhere[n]] for n in base}, {n: mean[n][everywhere[n]] for n in base}
    )


def test_ties_by_hand():
    base = {"w": torch.zeros(5)}
    experts = [{"w": torch.tensor([4.0, 1, -3, 2, 0])}, {"w": torch.tensor([2.0, -5, 1, -2, 4])}]
    # Top 3 of 5: (4, -3, 2) and (-5, 4, and both 2s, tied at the threshold).
    # Sums: 6, -5, -3, 0 (a tie), 4; all signs: + - - . +, balance 0: the tied one is negative.
    merged = merging.merge(base, experts, "ties", density=0.6)["w"]
    assert merged.tolist() == [3.0, -5.0, -3.0, -2.0, 4.0]
    summed = merging.merge(base, experts, "ties", density=0.6, normalize=False, weight=2)["w"]
    assert summed.tolist() == [12.0, -10.0, -6.0, -4.0, 8.0]
    # mergekit keeps exactly three (the first 2 of the second expert), and + wins the tie.
    theirs = merging.merge(base, experts, "ties", density=0.6, semantics="mergekit", weight=9)["w"]
    assert theirs.tolist() == [3.0, -5.0, -3.0, 2.0, 4.0]


def test_ties_resolves_tied_votes_by_the_sign_of_the_whole_model():
    base = {"tied": torch.zeros(1), "other": torch.zeros(3)}
    experts = [
        {"tied": torch.tensor([1.0]), "other": torch.tensor([1.0, 1, -1])},
        {"tied": torch.tensor([-1.0]), "other": torch.tensor([1.0, 1, -1])},
    ]
    assert merging.merge(base, experts, "ties", density=1)["tied"].item() == 1
    own = merging.merge(base, experts, "ties", density=1, scope="tensor")["tied"].item()
    assert own == -1  # alone it has no majority


def test_ties_scope_decides_where_the_density_is_counted():
    base = {"large": torch.zeros(50), "small": torch.zeros(50)}
    expert = {"large": 10 + torch.arange(50.0), "small": 1 + torch.arange(50.0) / 50}
    whole = merging.merge(base, [expert], "ties", density=0.5)
    assert [int((whole[name] != 0).sum()) for name in ("large", "small")] == [50, 0]
    each = merging.merge(base, [expert], "ties", density=0.5, scope="tensor")
    assert int((each["small"] != 0).sum()) == 25


def test_dare_is_reproducible_and_independent_of_the_company():
    def drawn(members, **point):
        return merging.merge(BASE, members, "dare", density=0.5, **point)

    assert same(drawn(EXPERTS), drawn(EXPERTS))
    assert not same(drawn(EXPERTS), drawn(EXPERTS, seed=1))
    # Alone in a merge, with other tensors gone, an expert's tensor is dropped in the same places.
    alone = merging.merge(
        {"matrix": BASE["matrix"]}, {"b": {"matrix": EXPERTS["b"]["matrix"]}}, "dare", density=0.5
    )
    together = drawn(EXPERTS, weight={"a": 0, "b": 1, "c": 0})
    assert torch.equal(alone["matrix"], together["matrix"])


@pytest.mark.parametrize("density", [0.1, 0.5, 0.9])
def test_dare_keeps_the_expectation(density):
    values = torch.full((200_000,), 0.01)
    drops = elementwise.drop(values, density, random_keys.key_for(0, "e", "w"))
    survivors = float((drops != 0).float().mean())
    error = 4 * (density * (1 - density) / 200_000) ** 0.5
    assert abs(survivors - density) < error
    assert abs(float(drops.double().mean()) / 0.01 - 1) < error / density
    assert set(drops.unique().tolist()) == {0.0, float(torch.tensor(0.01) * (1 / density))}


def test_dare_in_mergekits_way_keeps_the_l1_norm():
    values = torch.randn(3000, generator=torch.Generator().manual_seed(3))
    drops = elementwise.drop(values, 0.3, random_keys.key_for(0, "e", "w"), semantics="mergekit")
    assert drops.abs().sum().item() == pytest.approx(values.abs().sum().item(), rel=1e-5)
    plain = elementwise.drop(values, 0.3, random_keys.key_for(0, "e", "w"), rescale=False)
    assert torch.equal(drops != 0, plain != 0)


def test_sce_by_hand():
    base = {"w": torch.zeros(4)}
    experts = [{"w": torch.tensor([4.0, 1, 0, 2])}, {"w": torch.tensor([-2.0, 1, 2, 0])}]
    # Variances 9, 0, 1, 1: three are not 0; half of them is one, the first element.
    # Mean squares there: 16/4 and 4/4, so coefficients .8 and .2.
    # Sums 2, 2, 2, 2: the second expert's -2 is erased; zeros have no sign and drop out.
    original = merging.merge(base, experts, "sce", select_topk=0.5)["w"]
    assert torch.allclose(original, torch.tensor([4.0, 1, 2, 2]))
    # mergekit merges the selected element only.
    masked = merging.merge(base, experts, "sce", select_topk=0.5, semantics="mergekit")["w"]
    assert torch.allclose(masked, torch.tensor([4.0, 0, 0, 0]))
    # With all elements selected: 21/4 and 9/4, so .7 and .3.
    both = merging.merge(base, [experts[0], {"w": experts[1]["w"].abs()}], "sce")["w"]
    assert torch.allclose(both, torch.tensor([0.7 * 4 + 0.3 * 2, 1, 2, 2]))


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("number", range(2, 10))
def test_sce_never_selects_what_all_experts_changed_alike(number, semantics):
    """Against torch's variance in float64, by the kernels and in torch."""
    draw = torch.Generator().manual_seed(number)
    common, apart = torch.randn(4000, generator=draw), torch.rand(4000, generator=draw) < 0.1
    deltas = [common + apart * torch.randn(4000, generator=draw) for _ in range(number)]
    wide = torch.stack(deltas).double().var(0, unbiased=False)
    found = elementwise.variance(deltas)
    assert torch.equal(found == 0, ~apart) and torch.allclose(found.double(), wide, 1e-6, 1e-12)
    base = {"w": torch.zeros(4000)}
    experts = [{"w": delta} for delta in deltas]
    made = merging.merge(base, experts, "sce", select_topk=0.5, semantics="mergekit")["w"]
    assert int((made != 0).sum()) <= int(apart.sum() * 0.5)
    if semantics == "original":
        chosen = selection.largest(found, int(apart.sum() * 0.5))
        weights = [delta.square()[chosen].mean() for delta in deltas]
        made = merging.merge(base, experts, "sce", select_topk=0.5)["w"]
        share = torch.stack(weights) / sum(weights)
        assert torch.allclose(made[~apart], (common * share.sum())[~apart], 1e-5)


def test_result_is_cast_once_to_the_bases_or_the_asked_dtype():
    low = [{n: t.to(torch.bfloat16) for n, t in m.items()} for m in (BASE, *EXPERTS.values())]
    merged = merging.merge(low[0], low[1:], "task_arithmetic", weight=0.3)
    wide = merging.merge(low[0], low[1:], "task_arithmetic", weight=0.3, dtype="float32")
    assert merged["matrix"].dtype == torch.bfloat16
    assert wide["matrix"].dtype == torch.float32
    assert torch.equal(wide["matrix"].to(torch.bfloat16), merged["matrix"])


def test_tied_tensors_stay_tied_and_members_stay_unchanged():
    embedding = torch.randn(4, 3)
    base = {"embed": embedding, "head": embedding}
    expert = {"embed": embedding + 1, "head": embedding + 1}
    before = embedding.clone()
    merged = merging.merge(base, [expert], "dare", density=0.5, seed=1)
    assert merged["embed"] is merged["head"]
    assert torch.equal(embedding, before)


def test_errors_name_member_tensor_and_numbers():
    other = {**EXPERTS["b"], "matrix": torch.zeros(7, 12)}
    with pytest.raises(ValueError, match=r"matrix: base has shape \(7, 11\), b has \(7, 12\)"):
        merging.merge(BASE, {"a": EXPERTS["a"], "b": other}, "linear")
    with pytest.raises(ValueError, match="base has vector, which b lacks"):
        merging.merge(BASE, {"b": {"matrix": BASE["matrix"]}}, "linear")
    broken = {**EXPERTS["b"], "vector": torch.full((9,), float("nan"))}
    for method, point in METHODS.items():
        with pytest.raises(ValueError, match="expert b: vector has 9 of 9"):
            merging.merge(BASE, {"a": EXPERTS["a"], "b": broken}, method, **point)
    with pytest.raises(ValueError, match="at least one expert"):
        merging.merge(BASE, [], "linear")


def test_mixing_threads_does_not_change_a_bit():
    big = {"w": torch.randn(300, 1000, generator=torch.Generator().manual_seed(1))}
    experts = [
        {"w": big["w"] + torch.randn(300, 1000, generator=torch.Generator().manual_seed(s))}
        for s in (2, 3)
    ]
    for method, semantics in itertools.product(METHODS, BOTH):
        results = []
        for threads in (1, 2):
            torch.set_num_threads(threads)
            results.append(
                merging.merge(big, experts, method, semantics=semantics, **METHODS[method])
            )
        torch.set_num_threads(1)
        assert same(*results), (method, semantics)


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.floats(-(2.0**100), 2.0**100, width=32), min_size=1, max_size=40),
    st.floats(0.01, 1),
)
def test_selection_is_exact(values, density):
    tensor = torch.tensor(values, dtype=torch.float32)
    count = selection.kept(density, len(values))
    ordered = sorted((abs(v) for v in tensor.tolist()), reverse=True)
    parts = [tensor[:3], tensor[3:]]
    assert selection.kth_largest(lambda: parts, [count, 1]) == [ordered[count - 1], ordered[0]]
    mask = selection.largest(tensor, count)
    assert int(mask.sum()) == count
    assert sorted(tensor[mask].abs().tolist(), reverse=True) == ordered[:count]
    first = [n for n, v in enumerate(tensor.abs().tolist()) if v == ordered[count - 1]]
    taken = [n for n in first if mask[n]]
    assert taken == first[: len(taken)]


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (torch.empty(5, device="meta"), "expert b: w is a meta tensor.*load the model's weights"),
        (torch.ones(5).to_sparse(), "expert b: w has the layout sparse_coo.*to_dense"),
    ],
)
@pytest.mark.parametrize("method", ["linear", "model_stock"])
def test_tensors_without_dense_numbers_are_refused_by_name(method, spoilt, message):
    base, good = {"w": torch.zeros(5)}, {"w": torch.ones(5)}
    with pytest.raises(ValueError, match=message):
        merging.merge(base, {"a": good, "b": {"w": spoilt}}, method)
    with pytest.raises(ValueError, match=message.replace("expert b", "base")):
        merging.merge({"w": spoilt}, {"a": good, "c": good}, method)
