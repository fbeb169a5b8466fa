"""Rules that pick changes: their definitions element by element in float64, and mergekit."""

import itertools
import math

import numpy as np
import pytest
import torch

from babelmerge import merging
from babelmerge.merging.methods import picking
from babelmerge.recipes import points

torch.set_num_threads(1)
BOTH = ("original", "mergekit")
SHAPES = {"layers.0.w": (13, 7), "layers.1.w": (4, 3, 5), "norm": (11,), "scale": ()}
# Method, point, how many experts.
POINTS = [
    ("magmax", {}, 3),
    ("magmax", {"lambda": 2.0}, 9),
    ("ram", {"least": 0.3}, 2),
    ("ram", {"least": 0.3, "lambda": 0.7}, 9),
    ("ramplus_tl", {"least": 0.3}, 3),
    ("ramplus_tl", {"least": 0.8, "gain": 0.7, "cap": 3.0}, 7),
    ("localize_and_stitch", {"density": 0.3}, 2),
    ("localize_and_stitch", {"density": 0.1, "lambda": 0.5}, 5),
    ("localize_and_stitch", {"density": 0.4, "scope": "tensor"}, 9),
    ("localize_and_stitch", {"density": 1.0}, 3),
    ("nearswap", {"t": 0.4}, 1),
    ("arcee_fusion", {}, 1),
]
MERGEKIT = [(m, p, n) for m, p, n in POINTS if m[:3] in ("ram", "nea", "arc") and "lambda" not in p]


def draw(seed, shape):
    """On a grid, so that magnitudes tie and changes are 0."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return torch.round(values * 4) / 4


def models(count, dtype=torch.float32, seed=0):
    base = {name: draw(seed, shape).to(dtype) for name, shape in SHAPES.items()}
    return base, {
        f"e{n}": {name: t + draw(seed + n + 1, t.shape).to(dtype) for name, t in base.items()}
        for n in range(count)
    }


def of_element(method, changes, point, limits=None, factors=None):
    """One element's update before lambda, from every expert's change, as the papers define it."""
    if method == "magmax":
        return max(reversed(changes), key=abs)
    if method == "nearswap":
        (change,) = changes
        return change * min(1.0, point["t"] / abs(change)) if change else 0.0
    if method == "localize_and_stitch":
        picked = [c for c, limit in zip(changes, limits, strict=True) if c and abs(c) >= limit]
        return sum(picked) / max(1, len(picked))
    picked = [i for i, c in enumerate(changes) if abs(c) > point["least"]]
    if len(picked) == 1 and factors:
        return factors[picked[0]] * changes[picked[0]]
    return sum(changes[i] for i in picked) / max(1, len(picked))


def factors_of(columns, point):
    """RAM+'s λ of each expert."""
    masks = [np.abs(column) > point["least"] for column in columns]
    count = np.sum(masks, axis=0)
    found = []
    for mask in masks:
        shared, alone = int((mask & (count > 1)).sum()), int((mask & (count == 1)).sum())
        ratio = shared / alone if alone else (math.inf if shared else 0)
        found.append(1 + point.get("gain", 0.1) * min(ratio, point.get("cap", 0.2)))
    return found


def limits_of(columns, density):
    """The magnitude of the rank that a share has, by sorting."""
    count = max(1, int(density * len(columns[0])))
    return [np.sort(np.abs(column))[::-1][count - 1] for column in columns]


def defined_arcee(base, expert):
    delta = expert - base
    p, q = (np.exp(m) / np.exp(m).sum(-1, keepdims=True) + 1e-8 for m in (expert, base))
    scores = np.abs(delta) * (p * np.log(p / q)).sum(-1, keepdims=True)
    rising = np.sort(scores.astype(np.float32).reshape(-1)).astype(np.float64)
    first, median, third = (rising[int(s * (len(rising) - 1))] for s in (0.25, 0.5, 0.75))
    return np.where(scores.astype(np.float32) >= median + 1.5 * (third - first), delta, 0.0)


def defined(method, base, experts, point):
    """The merged model, from definitions."""
    ids = sorted(experts)
    columns = {
        name: [(experts[i][name].double() - t.double()).reshape(-1).numpy() for i in ids]
        for name, t in base.items()
    }
    whole = [np.concatenate([columns[name][k] for name in base]) for k in range(len(ids))]
    merged = {}
    for name, tensor in base.items():
        own = columns[name]
        if method == "arcee_fusion":
            flat = defined_arcee(tensor.double().numpy(), experts[ids[0]][name].double().numpy())
        else:
            limits = factors = None
            if method == "localize_and_stitch":
                counted = own if point.get("scope") == "tensor" else whole
                limits = limits_of(counted, point["density"])
            if method == "ramplus_tl":
                factors = factors_of(own, point)
            flat = np.array(
                [of_element(method, row, point, limits, factors) for row in zip(*own, strict=True)]
            )
        factor = point.get("lambda", 0.5 if method == "magmax" else 1.0)
        merged[name] = tensor.double() + factor * torch.from_numpy(flat).reshape(tensor.shape)
    return merged


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("method", "point", "count"), POINTS)
def test_it_is_what_its_definition_says(method, point, count, dtype):
    base, experts = models(count, dtype)
    made = merging.merge(base, experts, method, dtype="float32", **point)
    expected = defined(method, base, experts, point)
    for name in SHAPES:
        assert torch.allclose(made[name].double(), expected[name], rtol=0, atol=2e-6), name


@pytest.mark.parametrize(("method", "point", "count"), POINTS)
def test_order_scale_equal_experts_and_none(method, point, count):
    base, experts = models(count)
    made = merging.merge(base, experts, method, **point)
    turned = merging.merge(base, dict(reversed(experts.items())), method, **point)
    assert all(torch.equal(made[name], turned[name]) for name in SHAPES)
    unchanged = merging.merge(base, {id_: base for id_ in experts}, method, **point)
    assert all(torch.equal(unchanged[name], base[name]) for name in SHAPES)
    if method in ("magmax", "localize_and_stitch"):  # the others know a size of their own
        twice = {
            id_: {name: base[name] + 2 * (t - base[name]) for name, t in expert.items()}
            for id_, expert in experts.items()
        }
        other = merging.merge(base, twice, method, **point)
        for name in SHAPES:
            assert torch.allclose(other[name] - base[name], 2 * (made[name] - base[name]))
    if method != "nearswap":
        same = merging.merge(base, {id_: experts["e0"] for id_ in experts}, method, **point)
        alone = merging.merge(base, {"e0": experts["e0"]}, method, **point)
        for name in SHAPES:
            assert torch.allclose(same[name], alone[name], atol=1e-6) or method == "ramplus_tl"


@pytest.mark.parametrize("count", range(2, 10))
def test_equal_magnitudes_are_the_later_expert_s(count):
    deltas = [torch.tensor([(-1.0) ** n, 1.0]) for n in range(count)]
    assert picking.magmax(deltas).tolist() == [(-1.0) ** (count - 1), 1.0]


def test_what_an_expert_left_alone_takes_no_share_of_the_others_changes():
    base = {name: torch.zeros(6) for name in ("a", "b")}
    experts = {
        id_: {**base, name: torch.arange(1.0, 7.0)} for id_, name in (("e1", "a"), ("e2", "b"))
    }
    for scope in ("model", "tensor"):
        made = merging.merge(base, experts, "localize_and_stitch", density=0.8, scope=scope)
        changed = [1.0, 2, 3, 4, 5, 6] if scope == "model" else [0.0, 0, 3, 4, 5, 6]
        assert [made[name].tolist() for name in base] == [changed, changed]


def their_group(base, experts):
    group = pytest.importorskip("mergekit.merge_methods.base").TensorGroup
    return group.from_tensors([base, *experts], base_index=0)


@pytest.mark.parametrize(("method", "point", "count"), MERGEKIT)
@pytest.mark.parametrize("semantics", BOTH)
def test_mergekit_makes_the_same(method, point, count, semantics):
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    theirs = {"least": "epsilon", "gain": "r", "cap": "alpha"}
    for seed, size in itertools.product(range(3), (1.0, 1e-3)):
        base, experts = models(count, seed=10 * seed)
        experts = {
            id_: {name: base[name] + size * (t - base[name]) for name, t in expert.items()}
            for id_, expert in experts.items()
        }
        given = {name: value * size for name, value in point.items() if name in ("least", "t")}
        given |= {name: value for name, value in point.items() if name in ("gain", "cap")}
        made = merging.merge(base, experts, method, semantics=semantics, **given)
        for name in SHAPES:
            group = their_group(base[name], [expert[name] for expert in experts.values()])
            told = {theirs.get(key, key): value for key, value in given.items()}
            (expected,) = registry.get(method)([group], parameters=told)
            near = torch.allclose(made[name], expected, rtol=0, atol=2e-6)
            # Float32 has no divergence of rows that are this near.
            assert near or (method, semantics, size) == ("arcee_fusion", "original", 1e-3)


def test_nearswap_below_mergekits_least_difference():
    delta = torch.tensor([1e-8, 5e-7, -3e-7, 2e-6, 0.0])
    ours = picking.nearswap(delta, 1e-7)
    theirs = picking.nearswap(delta, 1e-7, "mergekit")
    assert ours.tolist() == torch.tensor([1e-8, 1e-7, -1e-7, 1e-7, 0.0]).tolist()
    expected = torch.tensor([1e-9, 5e-8, -3e-8, 1e-7, 0.0])
    assert torch.allclose(theirs, expected, rtol=1e-5, atol=0)


@pytest.mark.parametrize("rows", [1, 5])
def test_arcee_fusion_takes_rows_in_blocks(monkeypatch, rows):
    base, expert = draw(1, (17, 6)), draw(2, (17, 6))
    whole = picking.arcee_fusion(base, expert)
    monkeypatch.setattr(picking, "BLOCK", 6 * rows)
    assert torch.equal(picking.arcee_fusion(base, expert), whole)
    assert picking.arcee_fusion(base[:0], expert[:0]).shape == (0, 6)


def test_what_they_cannot_take_is_told():
    with pytest.raises(ValueError, match="nearswap: merges 1 expert, found 2"):
        points.settings("nearswap", ("a", "b"), {"t": 0.1})
    with pytest.raises(ValueError, match="ram: mergekit's has no lambda"):
        points.settings("ram", ("a", "b"), {"lambda": 2, "semantics": "mergekit"})
    with pytest.raises(ValueError, match=r"ram: least is -1; expected a number from 0"):
        points.settings("ram", ("a", "b"), {"least": -1})
    with pytest.raises(ValueError, match="localize_and_stitch: density is missing"):
        points.settings("localize_and_stitch", ("a", "b"), {})
