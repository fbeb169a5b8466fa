"""slerp, Model Stock and NAN against closed forms, laws and mergekit 0.1.5."""

import importlib
import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.methods import averaging

torch.set_num_threads(1)
BOTH = ("original", "mergekit")
SHAPES = [(), (1,), (9,), (0,), (0, 3), (7, 11), (1, 5), (5, 1), (2, 3, 4)]


def draw(shape, seed, size=1.0):
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def mergekit_slerp(t, first, second):
    module = pytest.importorskip("mergekit.merge_methods.slerp")
    return module.slerp(torch.tensor([t]), first[None], second[None])[0]


def mergekit_model_stock(base, experts, filter_wise=False):
    module = importlib.import_module("mergekit.merge_methods.model_stock")
    group = importlib.import_module("mergekit.merge_methods.base").TensorGroup
    group = group.from_tensors([base, *experts], base_index=0)
    (merged,) = module.model_stock_merge_method([group], parameters={"filter_wise": filter_wise})
    return merged


@pytest.mark.parametrize("semantics", BOTH)
def test_slerp_on_the_circle(semantics):
    """Between unit vectors at 0 and 90 degrees lies the unit vector at t * 90 degrees."""
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    for t in (0.0, 0.25, 0.5, 1.0, 1.5, -0.5):
        expected = torch.tensor([math.cos(t * math.pi / 2), math.sin(t * math.pi / 2)])
        assert torch.allclose(averaging.slerp(first, second, t, semantics), expected, atol=1e-7)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("shape", SHAPES)
def test_slerp_laws(semantics, shape):
    first, second = draw(shape, 1), draw(shape, 2)
    # Its ends are the tensors, it reads the same backwards, and it scales with them.
    assert torch.equal(averaging.slerp(first, second, 0.0, semantics), first)
    assert torch.equal(averaging.slerp(first, second, 1.0, semantics), second)
    middle = averaging.slerp(first, second, 0.25, semantics)
    back = averaging.slerp(second, first, 0.75, semantics)
    assert middle.shape == shape and torch.allclose(middle, back, atol=1e-6)
    four = averaging.slerp(4 * first, 4 * second, 0.25, semantics)
    assert torch.allclose(four, 4 * middle, rtol=1e-5, atol=1e-6)
    # Two equal tensors have nothing between them.
    assert torch.allclose(averaging.slerp(first, first, 0.3, semantics), first, rtol=1e-6)


def test_slerp_of_equal_norms_keeps_the_norm_and_halves_the_angle():
    first = draw((6, 8), 1)
    second = draw((6, 8), 2)
    second *= first.norm() / second.norm()
    half = averaging.slerp(first, second, 0.5)
    assert half.norm().item() == pytest.approx(first.norm().item(), rel=1e-6)
    angle = torch.arccos((first * second).sum() / first.norm() ** 2).item()
    own = torch.arccos((first * half).sum() / first.norm() ** 2).item()
    assert own == pytest.approx(angle / 2, rel=1e-5)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.floats(-0.5, 1.5),
    st.sampled_from([torch.float32, torch.bfloat16, torch.float16]),
    st.sampled_from([1e-6, 1.0, 1e3]),
    st.integers(0, 99),
)
def test_slerp_is_mergekits(shape, t, dtype, size, seed):
    first = draw(shape, seed, size).to(dtype).float()
    second = draw(shape, seed + 1000, size).to(dtype).float()
    ours = averaging.slerp(first, second, t, "mergekit")
    theirs = mergekit_slerp(t, first, second)
    scale = float(theirs.abs().max()) if theirs.numel() else 0.0
    assert torch.allclose(ours, theirs, rtol=1e-5, atol=2e-6 * max(scale, size))


@pytest.mark.parametrize("cosine", [0.99949, 0.99951, -0.99949, -0.99951, 1.0, -1.0, 0.0])
def test_slerp_is_mergekits_around_its_threshold(cosine):
    first = torch.tensor([3.0, 0.0])
    second = torch.tensor([2 * cosine, 2 * math.sqrt(max(0.0, 1 - cosine**2))])
    ours = averaging.slerp(first, second, 0.3, "mergekit")
    # Near the antipode its float32 angle is off by 1e-7 of pi, and 1 / sine is 30.
    assert torch.allclose(ours, mergekit_slerp(0.3, first, second), rtol=1e-4, atol=1e-5)
    line = 0.7 * first + 0.3 * second
    assert torch.allclose(ours, line, atol=1e-6) == (abs(cosine) > 0.9995)


@pytest.mark.parametrize("apart", [0.0, 1e-7, 1e-5, 1e-3, 1e-2])
def test_slerp_of_near_opposites_is_bounded(apart):
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([-3.0, 3 * apart])
    for semantics in BOTH:
        assert averaging.slerp(first, second, 0.5, semantics).norm() <= 3


def test_slerp_semantics_part_near_the_line_and_at_zero():
    first, second = torch.tensor([1.0, 0.0]), torch.tensor([math.cos(0.03), math.sin(0.03)])
    original = averaging.slerp(first, second, 0.5)
    mergekit = averaging.slerp(first, second, 0.5, "mergekit")
    assert original.norm().item() == pytest.approx(1, abs=1e-7)
    assert mergekit.norm().item() == pytest.approx(math.cos(0.015), abs=1e-7)
    # Not defined: no shortest arc between opposites. A zero tensor: at no angle, or at 90 degrees.
    assert averaging.slerp(first, -3 * first, 0.5).tolist() == [-1, 0]
    zero = torch.zeros(2)
    assert torch.allclose(averaging.slerp(zero, first, 0.5), first / 2)
    root = averaging.slerp(zero, first, 0.5, "mergekit")
    assert torch.allclose(root, first * math.sqrt(0.5))
    assert torch.allclose(root, mergekit_slerp(0.5, zero, first))
    assert averaging.slerp(zero, zero, 0.5).tolist() == [0, 0]
    # So does a norm below 1e-8 there, while ours sees that the two are parallel.
    tiny = 1e-9 * first
    root = averaging.slerp(tiny, first, 0.5, "mergekit")
    assert torch.allclose(root, mergekit_slerp(0.5, tiny, first)) and root[0] > 0.7
    assert averaging.slerp(tiny, first, 0.5)[0].item() == pytest.approx(0.5)


@pytest.mark.parametrize("semantics", BOTH)
def test_model_stock_by_hand(semantics):
    """Two task vectors at 60 degrees: c = 1/2, t = 2 c / (1 + c) = 2/3."""
    base = torch.tensor([1.0, 1.0])
    experts = [base + torch.tensor([2.0, 0.0]), base + torch.tensor([1.0, math.sqrt(3)])]
    merged = averaging.model_stock(base, experts, semantics)
    assert torch.allclose(merged, base + 2 / 3 * torch.tensor([1.5, math.sqrt(3) / 2]), atol=1e-6)
    # Three task vectors with one common angle.
    deltas = [torch.eye(4)[i] + 0.5 for i in range(3)]
    cosine = float(deltas[0] @ deltas[1] / deltas[0].norm() ** 2)
    ratio = averaging.stock_ratio(deltas, semantics).item()
    assert ratio == pytest.approx(3 * cosine / (1 + 2 * cosine), rel=1e-6)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("shape", SHAPES)
def test_model_stock_laws(semantics, shape):
    base = draw(shape, 0)
    same = base + draw(shape, 1)
    assert torch.equal(averaging.model_stock(base, [base, base, base], semantics), base)
    # Equal experts: no angle, so their common value. Opposite ones: the base.
    merged = averaging.model_stock(base, [same, same], semantics)
    assert torch.allclose(merged, same, atol=1e-6)
    delta = draw(shape, 2)
    ratio = averaging.stock_ratio([delta, -delta], semantics)
    assert ratio.item() == 0
    # Orthogonal: nothing in common, the base; so too when one expert did not move.
    assert averaging.stock_ratio([torch.eye(3)[0], torch.eye(3)[1]], semantics).item() == 0
    assert averaging.stock_ratio([delta, torch.zeros(shape)], semantics).item() == 0


@pytest.mark.parametrize("semantics", BOTH)
def test_model_stock_invariances(semantics):
    base = draw((5, 7), 0)
    experts = [base + draw((5, 7), 9) + draw((5, 7), seed) for seed in (1, 2, 3)]
    reference = averaging.model_stock(base, experts, semantics)
    for order in itertools.permutations(experts):
        assert torch.allclose(averaging.model_stock(base, order, semantics), reference, atol=1e-6)
    four = averaging.model_stock(4 * base, [4 * expert for expert in experts], semantics)
    assert torch.allclose(four, 4 * reference, atol=1e-5)
    # t is of the angles alone: stretching one task vector leaves it.
    deltas = [expert - base for expert in experts]
    ratio = averaging.stock_ratio(deltas, semantics)
    stretched = averaging.stock_ratio([deltas[0] * 8, *deltas[1:]], semantics)
    assert ratio.item() == pytest.approx(stretched.item(), rel=1e-6)
    # Opposing task vectors step away from their mean.
    assert averaging.stock_ratio([torch.tensor([2.0, 1]), torch.tensor([-2.0, 1])]).item() < 0


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.integers(2, 4),
    st.sampled_from([torch.float32, torch.bfloat16]),
    st.sampled_from([1e-4, 1.0]),
    st.booleans(),
    st.integers(0, 99),
)
def test_model_stock_is_mergekits(shape, count, dtype, size, filter_wise, seed):
    pytest.importorskip("mergekit.merge_methods.model_stock")
    if filter_wise and shape == (0,):
        filter_wise = False
    base = draw(shape, seed).to(dtype).float()
    common = 3 * draw(shape, seed + 1)
    experts = [
        (base + size * (common + draw(shape, seed + 10 * n))).to(dtype).float()
        for n in range(2, 2 + count)
    ]
    ours = averaging.model_stock(base, experts, "mergekit", filter_wise)
    theirs = mergekit_model_stock(base, experts, filter_wise)
    ratio = averaging.stock_ratio([e - base for e in experts], "mergekit", filter_wise)
    assert ours.shape == theirs.shape
    # t may be large (nearly opposed rows), and then so is what rounding does to it.
    limit = 1e-5 * (1 + ratio.abs() + ratio.square()) * (size + 1)
    assert bool(((ours - theirs).abs() <= limit.expand(shape) + 1e-6).all())


def test_model_stock_semantics_part_for_tensors_that_hardly_moved():
    deltas = [1e-5 * torch.tensor([1.0, 0.5]), 1e-5 * torch.tensor([0.5, 1.0])]
    assert averaging.stock_ratio(deltas).item() == pytest.approx(2 * 0.8 / 1.8)
    assert averaging.stock_ratio(deltas, "mergekit").item() < 1e-3
    grown = [delta * 1e4 for delta in deltas]
    assert averaging.stock_ratio(grown, "mergekit").item() == pytest.approx(2 * 0.8 / 1.8)


def test_model_stock_per_filter():
    rows = [draw((6, 10), seed) + draw((6, 10), 5) for seed in (1, 2, 3)]
    ratios = averaging.stock_ratio(rows, filter_wise=True)
    assert ratios.shape == (6, 1)
    for row in range(6):
        alone = averaging.stock_ratio([delta[row] for delta in rows])
        assert ratios[row].item() == pytest.approx(alone.item(), rel=1e-6)
    assert averaging.stock_ratio([torch.zeros(2, 0)] * 2, filter_wise=True).shape == ()


def test_model_stock_is_the_same_in_blocks(monkeypatch):
    deltas = [draw((64, 50), seed) for seed in (1, 2, 3)]
    whole = averaging.stock_ratio(deltas, filter_wise=True)
    monkeypatch.setattr(averaging, "BLOCK", 130)
    assert torch.equal(averaging.stock_ratio(deltas, filter_wise=True), whole)


def test_model_stock_needs_two_experts():
    with pytest.raises(ValueError, match="1 expert, whose angle .* at least two"):
        averaging.model_stock(torch.zeros(2), [torch.ones(2)])


def test_nan_coefficients_are_inverse_norms_that_sum_to_one():
    assert averaging.nan_coefficients([1.0, 2.0, 4.0]) == pytest.approx([4 / 7, 2 / 7, 1 / 7])
    assert averaging.nan_coefficients([3.0, 3.0]) == [0.5, 0.5]
    assert averaging.nan_coefficients([7.0]) == [1.0]
    # Norms of any size, in any unit; every update equally long.
    assert averaging.nan_coefficients([1e-310, 1e300]) == pytest.approx([1, 0])
    norms = [0.3, 0.5, 1.7]
    coefficients = averaging.nan_coefficients(norms)
    assert math.fsum(coefficients) == pytest.approx(1, abs=1e-15)
    lengths = [norm * share for norm, share in zip(norms, coefficients, strict=True)]
    assert lengths == pytest.approx([lengths[0]] * 3)
    assert averaging.nan_coefficients([norm * 8 for norm in norms]) == coefficients
    for bad in (0.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="expert 2 of 2 has norm"):
            averaging.nan_coefficients([1.0, bad])


def test_threads_do_not_change_a_bit():
    base, *experts = (draw((300, 5000), seed) for seed in range(3))
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(
            [
                averaging.inner(*experts),
                averaging.slerp(*experts, 0.4).tolist(),
                averaging.stock_ratio(experts, filter_wise=True).tolist(),
                averaging.model_stock(base, experts).tolist(),
            ]
        )
    torch.set_num_threads(1)
    assert results[0] == results[1]
