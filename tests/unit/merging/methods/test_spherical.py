"""Karcher mean, multislerp and nuslerp against closed forms in float64, laws and mergekit 0.1.5."""

import itertools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge import merging
from babelmerge.merging.methods import averaging, spherical

torch.set_num_threads(1)
BOTH = ("original", "mergekit")
SHAPES = [(), (1,), (9,), (7, 11), (1, 5), (5, 1), (2, 3, 4)]
ALL = [
    lambda tensors, **more: spherical.karcher(tensors, **more),
    lambda tensors, **more: spherical.multislerp(tensors, [1.0] * len(tensors), **more),
]


def draw(shape, seed, size=1.0):
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def some(count, shape=(7, 11), seed=0):
    """Tensors of all lengths, with something in common."""
    common = draw(shape, seed)
    return [(n + 1) * (common + draw(shape, seed + 10 + n)) for n in range(count)]


def theirs(method):
    return pytest.importorskip(f"mergekit.merge_methods.{method}")


def their_group(tensors, base=None):
    """As mergekit hands tensors to a method that takes a base or does without."""
    group = pytest.importorskip("mergekit.merge_methods.base").TensorGroup
    every = tensors if base is None else [base, *tensors]
    return group.from_tensors(every, base_index=None if base is None else 0)


def near(ours, expected, scale=1.0):
    return torch.allclose(ours.double(), expected.double(), rtol=2e-5, atol=2e-6 * scale)


def sphere_mean(tensors, steps=2000, rate=0.5):
    """The Karcher mean by plain gradient descent on the sum of squared angles, in float64."""
    units = [one.double().flatten() / one.double().norm() for one in tensors]
    mean = sum(units) / sum(units).norm()
    for _ in range(steps):
        pull = torch.zeros_like(mean)
        for unit in units:
            cosine = (mean @ unit).clamp(-1, 1)
            along = unit - cosine * mean
            pull += along / along.norm().clamp(min=1e-300) * torch.arccos(cosine) / len(units)
        mean = mean + rate * pull
        mean = mean / mean.norm()
        if pull.norm() < 1e-12:
            break
    length = sum(one.double().norm() for one in tensors) / len(tensors)
    return (length * mean).reshape(tensors[0].shape)


def slerp_of_directions(first, second):
    """Half way between two directions, as long as the mean of both, in float64."""
    a, b = first.double(), second.double()
    angle = torch.arccos((a * b).sum() / (a.norm() * b.norm()))
    share = torch.sin(angle / 2) / torch.sin(angle)
    return (a / a.norm() + b / b.norm()) * share * (a.norm() + b.norm()) / 2


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("semantics", BOTH)
def test_of_two_models_both_are_half_way_along_the_arc(make, semantics):
    for seed in range(3):
        first, second = some(2, seed=seed)
        expected = slerp_of_directions(first, second)
        assert near(make([first, second], semantics=semantics), expected)
        # Of equal norms that is slerp.
        second = second * (first.norm() / second.norm())
        arc = averaging.slerp(first, second, 0.5)
        assert near(make([first, second], semantics=semantics), arc)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("count", [2, 3, 5, 10])
def test_karcher_is_where_the_angles_pull_no_more(count, semantics):
    tensors = some(count)
    merged = spherical.karcher(tensors, max_iter=50, tol=1e-9, semantics=semantics)
    assert near(merged, sphere_mean(tensors), scale=count)
    # On the axes of a cube the mean is the diagonal.
    axes = list(torch.eye(3))
    assert near(spherical.karcher(axes, semantics=semantics), torch.full((3,), 1 / math.sqrt(3)))


def test_karcher_of_a_lopsided_set_is_not_the_straight_mean():
    """Two directions together and one at right angles: a third of the way, not atan(1/2)."""
    first, other = torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0])
    merged = spherical.karcher([first, first, other], max_iter=100, tol=0)
    third = math.pi / 6
    assert near(merged, torch.tensor([math.cos(third), math.sin(third)]))
    straight = spherical.multislerp([first, first, other], [1, 1, 1])
    assert near(straight, torch.tensor([2.0, 1.0]) / math.sqrt(5))
    # By its weights multislerp goes elsewhere, and the sum of the weights does not matter.
    again = spherical.multislerp([first, other], [2, 1])
    assert near(again, straight) and near(spherical.multislerp([first, other], [4, 2]), again)
    longer = spherical.multislerp([first, other], [4, 2], normalize=False)
    assert near(longer, 6 * again)


def test_the_tangent_step_of_multislerp_goes_nowhere():
    """What its source does, in float64: up to the tangent, along the sphere, and back."""
    tensors, weights = some(4), torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    flat = torch.stack([one.double().flatten() for one in tensors])
    lengths = flat.norm(dim=1)
    units = flat / lengths[:, None]
    mean = (weights[:, None] * units).sum(0)
    mean = mean / mean.norm()
    tangents = units - (units @ mean)[:, None] * mean
    assert (weights[:, None] * tangents).sum(0).norm() < 1e-15
    expected = (weights @ lengths * mean).reshape(tensors[0].shape)
    assert near(spherical.multislerp(tensors, weights.tolist()), expected)


@pytest.mark.parametrize("make", ALL)
@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("shape", SHAPES)
def test_laws(make, semantics, shape):
    tensors = some(3, shape)
    merged = make(tensors, semantics=semantics)
    lengths = [one.norm().item() for one in tensors]
    # The norm is the mean of the norms, and it scales with the tensors.
    assert merged.shape == shape
    assert merged.norm().item() == pytest.approx(sum(lengths) / 3, rel=1e-5)
    assert near(make([4 * one for one in tensors], semantics=semantics), 4 * merged, 4)
    # Longer or shorter tensors turn nothing.
    turned = make([tensors[0] * 8, *tensors[1:]], semantics=semantics)
    assert near(turned / turned.norm(), merged / merged.norm())
    for order in itertools.permutations(tensors):
        assert near(make(order, semantics=semantics), merged, 4)
    # One tensor, or several that are equal, are that tensor.
    assert torch.equal(make(tensors[:1], semantics=semantics), tensors[0])
    assert near(make([tensors[0]] * 3, semantics=semantics), tensors[0])


def test_ten_directions_at_right_angles_keep_their_length():
    """Where a straight average leaves 1/√10 of it, as of models that were pre-trained apart."""
    axes = [3 * one for one in torch.eye(10)]
    for make in ALL:
        assert make(axes).norm().item() == pytest.approx(3)
    assert torch.stack(axes).mean(0).norm().item() == pytest.approx(3 / math.sqrt(10))


@pytest.mark.parametrize("make", ALL)
def test_what_cancels_is_averaged_straight_and_zeros_have_no_direction(make):
    first = torch.tensor([3.0, 0.0])
    assert make([first, -first]).tolist() == [0, 0]
    assert make([first, -2 * first]).tolist() == [-1.5, 0]
    turns = [torch.tensor([math.cos(a), math.sin(a)]) for a in (0, 2 * math.pi / 3)]
    thirds = [*turns, -turns[0] - turns[1]]  # at 120 degrees
    assert make(thirds).abs().max() < 1e-6
    zero = torch.zeros(2)
    assert make([zero] * 3).tolist() == [0, 0]
    assert near(make([zero, first]), first / 2)


def test_where_mergekit_goes_another_way():
    first, zero = torch.tensor([3.0, 0.0]), torch.zeros(2)
    # Opposites: it begins at the first.
    assert near(spherical.karcher([first, -2 * first], semantics="mergekit"), 1.5 * first)
    tiny = torch.tensor([0.0, 1e-6])  # a norm below tol
    assert near(spherical.karcher([tiny, first], semantics="mergekit"), first / 2)
    assert near(spherical.karcher([tiny, first]), averaging.slerp(tiny * 1.5e6, first / 2, 0.5))
    with pytest.raises(ValueError, match="cancel, or are all zero.*semantics: original"):
        spherical.multislerp([zero] * 3, [1] * 3, semantics="mergekit")
    root = spherical.nuslerp(zero, first, [1, 1], semantics="mergekit")
    assert near(root, first * math.sqrt(0.5))
    assert near(spherical.nuslerp(zero, first, [1, 1]), first / 2)
    assert spherical.position([1, -1], "mergekit") == 0.5
    for make in (
        lambda: spherical.position([1, -1]),
        lambda: spherical.multislerp([first, first], [1, -1], semantics="mergekit"),
    ):
        with pytest.raises(ValueError, match=r"weights \[1.0, -1.0\] sum to 0"):
            make()


def test_nuslerp_is_slerp_by_its_weights():
    first, second = some(2)
    for weights, t in (([1, 1], 0.5), ([1, 3], 0.75), ([2, -1], -1), ([0, 0.3], 1)):
        assert near(spherical.nuslerp(first, second, weights), averaging.slerp(first, second, t))


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("shape", [(6, 5), (1, 4), (4, 1), (2, 3, 4)])
def test_nuslerp_vector_by_vector(semantics, shape):
    first, second = some(2, shape)
    rows = spherical.nuslerp(first, second, [1, 2], False, False, semantics)
    width = shape[-1]
    pairs = zip(first.reshape(-1, width), second.reshape(-1, width), strict=True)
    expected = torch.stack([spherical.nuslerp(a, b, [1, 2], semantics=semantics) for a, b in pairs])
    assert near(rows, expected.reshape(shape))
    # Along the first dimension it is the same, turned.
    turned = spherical.nuslerp(
        first.transpose(0, -1), second.transpose(0, -1), [1, 2], False, True, semantics
    )
    assert near(turned.transpose(0, -1), rows) and turned.is_contiguous()
    vector = spherical.nuslerp(first[0], second[0], [1, 2], False, True, semantics)
    assert vector.shape == shape[1:]


FLOATS = [torch.float32, torch.bfloat16, torch.float16]


def drawn(shape, count, dtype, size, seed):
    common = 0.5 * draw(shape, seed, size)
    return [(common + draw(shape, seed + n, size)).to(dtype).float() for n in range(1, count + 1)]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.integers(1, 6),
    st.sampled_from(FLOATS),
    st.sampled_from([1e-3, 1.0, 1e3]),
    st.integers(0, 99),
)
def test_karcher_is_mergekits(shape, count, dtype, size, seed):
    if math.prod(shape) < 2:
        count = 1  # signs alone, which may cancel; see above
    tensors = drawn(shape, count, dtype, size, seed)
    ours = spherical.karcher(tensors, semantics="mergekit")
    module = theirs("karcher")
    found = module.karcher_merge_tensors(tensors, [1 / count] * count)
    assert torch.allclose(ours, found, rtol=1e-4, atol=3e-5 * size)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.lists(st.floats(0.1, 2), min_size=1, max_size=6),
    st.booleans(),
    st.booleans(),
    st.sampled_from(FLOATS),
    st.integers(0, 99),
)
def test_multislerp_is_mergekits(shape, weights, normalize, based, dtype, seed):
    tensors = drawn(shape, len(weights), dtype, 1.0, seed)
    if math.prod(shape) < 2 and len(weights) > 1:
        tensors = [one.abs() for one in tensors]
    base = draw(shape, seed + 50).to(dtype).float() if based else torch.zeros(shape)
    moved = [one + base for one in tensors]
    module, values = theirs("multislerp"), theirs("base").PerInputValues
    group = their_group(moved, base if based else None)
    each = values([(e.id, w) for e, w in zip(group.non_base, weights, strict=True)])
    found = module.multislerp.merge_group(group, weight=each, normalize_weights=normalize)
    deltas = [one - base for one in moved]
    ours = base + spherical.multislerp(deltas, weights, normalize, semantics="mergekit")
    assert torch.allclose(ours, found, rtol=1e-4, atol=1e-4)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.lists(st.floats(-0.4, 2), min_size=2, max_size=2).filter(lambda w: abs(sum(w)) > 0.2),
    st.booleans(),
    st.booleans(),
    st.sampled_from(FLOATS),
    st.integers(0, 99),
)
def test_nuslerp_is_mergekits(shape, weights, flatten, row_wise, dtype, seed):
    first, second = drawn(shape, 2, dtype, 1.0, seed)
    t, dim = weights[1] / sum(weights), 0 if row_wise else -1
    found = theirs("nuslerp").nuslerp(t, first, second, dim, flatten=flatten or not shape)
    ours = spherical.nuslerp(first, second, weights, flatten, row_wise, "mergekit")
    assert torch.allclose(ours, found, rtol=1e-3, atol=1e-3 * (1 + t * t))


def models(seed=0):
    def one(n):
        return {"w": draw((6, 5), n), "b": draw((5,), n + 20), "one": draw((), n + 40)}

    base = one(seed)
    return base, {f"e{n}": {k: t + one(n)[k] for k, t in base.items()} for n in (1, 2, 3)}


@pytest.mark.parametrize(
    ("method", "count"), [("karcher", 3), ("multislerp", 3), ("nuslerp", 2), ("slerp", 2)]
)
def test_merges_of_state_dicts_are_these_and_orders_make_no_difference(method, count):
    base, experts = models()
    members = dict(list(experts.items())[:count])
    point = {"t": 0.5} if method == "slerp" else {}
    merged = merging.merge(base, members, method, **point)
    columns = [[one[name] for one in members.values()] for name in base]
    whole = {
        "karcher": lambda c: spherical.karcher(c),
        "multislerp": lambda c: spherical.multislerp(c, [1, 1, 1]),
        "nuslerp": lambda c: spherical.nuslerp(*c, [1, 1]),
        "slerp": lambda c: averaging.slerp(*c, 0.5),
    }[method]
    assert all(near(merged[n], whole(c)) for n, c in zip(base, columns, strict=True))
    for order in itertools.permutations(members):
        again = merging.merge(base, {id_: members[id_] for id_ in order}, method, **point)
        assert all(torch.equal(again[n], merged[n]) for n in base) or method == "slerp"
    if method in ("multislerp", "nuslerp"):
        moved = merging.merge(base, members, method, origin="base")
        deltas = [[one - base[n] for one in c] for n, c in zip(base, columns, strict=True)]
        assert all(near(moved[n], base[n] + whole(d)) for n, d in zip(base, deltas, strict=True))


def test_threads_do_not_change_a_bit():
    tensors = [draw((300, 5000), seed) for seed in range(3)]
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        results.append(
            [
                spherical.karcher(tensors),
                spherical.multislerp(tensors, [1, 2, 3]),
                spherical.nuslerp(*tensors[:2], [1, 2], False, False),
                spherical.nuslerp(*tensors[:2], [1, 2], False, True),
            ]
        )
    torch.set_num_threads(1)
    assert all(map(torch.equal, *results))
