"""WUDI, SWUDI, SWUDI-A and ACE: their loss and authors' formulas in float64, closed forms, laws."""

import json

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from babelmerge import merging
from babelmerge.merging.methods import interference, regression, spectral

torch.set_num_threads(1)
NAME = "model.layers.0.mlp.up_proj.weight"
SHAPES = ((12, 8), (8, 12), (9, 9))
DTYPES = (torch.float32, torch.bfloat16)


def draws(count, *shape, seed=0, size=1e-2):
    """Task vectors with something in common."""
    generator = torch.Generator().manual_seed(seed)
    common = torch.randn(shape, generator=generator)
    return [size * (common + torch.randn(shape, generator=generator)) for _ in range(count)]


def close(left, right, relative=1e-5):
    left, right = left.double(), right.double()
    return torch.allclose(left, right, rtol=0, atol=relative * float(right.abs().max()) + 1e-12)


def loss(merged, deltas):
    """Interference by its definition."""
    return sum(
        ((merged - delta) @ delta.T).square().sum() / delta.square().sum() for delta in deltas
    )


def by_adam(deltas, steps, learning_rate):
    wide = [delta.double() for delta in deltas]
    merged = torch.nn.Parameter(sum(wide))
    optimizer = torch.optim.Adam([merged], lr=learning_rate)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(merged, wide).backward()
        optimizer.step()
    return merged.detach()


@pytest.mark.parametrize("count", range(2, 10))
def test_wudi_is_adam_on_the_interference(count):
    deltas = draws(count, *SHAPES[count % 3], seed=count)
    found = interference.wudi(deltas, 40, 3e-4)
    assert close(found, by_adam(deltas, 40, 3e-4), 1e-5)
    assert float(loss(found, deltas)) < float(loss(sum(deltas), deltas))
    assert close(interference.wudi(deltas, 0), sum(deltas))


def flow(deltas, time, start, parts=100):
    """The gradient flow of half the interference, by many small Runge-Kutta steps."""
    wide = [delta.double() for delta in deltas]
    merged = {"sum": sum(wide), "mean": sum(wide) / len(wide), "zero": 0 * wide[0]}[start]
    step = time / parts

    def slope(at):
        return -sum((at - d) @ d.T @ d / d.square().sum() for d in wide)

    for _ in range(parts):
        first = slope(merged)
        second = slope(merged + step / 2 * first)
        third = slope(merged + step / 2 * second)
        fourth = slope(merged + step * third)
        merged = merged + step / 6 * (first + 2 * second + 2 * third + fourth)
    return merged


@pytest.mark.parametrize(("start", "time"), [("sum", 0.5), ("mean", 3.0), ("zero", 3.0)])
def test_swudi_of_all_directions_is_the_gradient_flow(start, time):
    deltas = draws(3, 12, 8)
    found = interference.swudi(deltas, time, 1.0, start)
    assert close(found, flow(deltas, time, start), 1e-5)


def filtered(deltas, time, rank, start):
    """The authors' formula: a filter on the normal equation, the top directions alone."""
    wide = [delta.double() for delta in deltas]
    sizes = [delta.square().sum() for delta in wide]
    gram = sum(d.T @ d / s for d, s in zip(wide, sizes, strict=True))
    target = sum(d @ d.T @ d / s for d, s in zip(wide, sizes, strict=True))
    first = {"sum": sum(wide), "mean": sum(wide) / len(wide), "zero": 0 * wide[0]}[start]
    values, vectors = torch.linalg.eigh(gram)
    values = values.clamp(min=1e-8)
    passed = 1 - torch.exp(-values * time)
    kept = max(1, int((len(values) * rank + 0.999) // 1))
    passed[: len(values) - kept] = 0
    return (
        first
        - (first @ vectors * passed) @ vectors.T
        + (target @ vectors * (passed / values)) @ vectors.T
    )


@pytest.mark.parametrize("count", range(2, 10))
@pytest.mark.parametrize(("rank", "start"), [(0.65, "sum"), (0.3, "mean"), (1.0, "zero")])
def test_swudi_is_its_authors_filter(count, rank, start):
    for shape in SHAPES:
        deltas = draws(count, *shape, seed=count)
        found = interference.swudi(deltas, 300.0, rank, start)
        assert close(found, filtered(deltas, 300.0, rank, start), 2e-5)


def rank_of(values, outputs, inputs, rule):
    """The authors' rules, in numpy. values: eigenvalues."""
    roots = np.sqrt(np.maximum(values, 1e-8))
    if rule == "participation_sqrt":
        return int(np.ceil(roots.sum() ** 2 / (roots**2).sum()))
    side = min(outputs, inputs) / max(outputs, inputs)
    optimal = 2 * (side + 1) + 8 * side / ((side + 1) + (side * side + 14 * side + 1) ** 0.5)
    median = (2 + 3**0.5) if side >= 0.9999 else (1 - side) ** 2 + side
    middle = np.sort(roots)[(len(roots) - 1) // 2]
    return max(1, int((roots > optimal**0.5 / median**0.5 * middle).sum()))


@pytest.mark.parametrize("count", range(2, 10))
@pytest.mark.parametrize("rule", interference.RULES)
@pytest.mark.parametrize("start", interference.STARTS)
def test_swudi_a_is_the_truncated_inverse_at_the_rank_of_its_rule(count, rule, start):
    ranks = set()
    for shape in SHAPES:
        deltas = [d * torch.linspace(1, 0.01, shape[1]) for d in draws(count, *shape, seed=count)]
        wide = [delta.double().numpy() for delta in deltas]
        grams = [d.T @ d / (d * d).sum() for d in wide]
        values, vectors = np.linalg.eigh(sum(grams))
        rank = rank_of(values, *shape, rule)
        ranks.add(rank)
        main = vectors[:, -rank:]
        target = sum(d @ gram for d, gram in zip(wide, grams, strict=True))
        first = {"sum": sum(wide), "mean": sum(wide) / count, "zero": 0 * wide[0]}[start]
        expected = first - first @ main @ main.T + target @ main / values[-rank:] @ main.T
        found = interference.swudi_a(deltas, rule, start)
        assert close(found, torch.from_numpy(expected), 2e-5)
    assert len(ranks) > 1 or rule == "gavish_donoho"


def test_swudi_a_of_low_rank_updates_keeps_their_directions_and_no_others():
    """Adapters: where nothing was changed, nothing is divided by rounding."""
    left, right = torch.randn(2, 3, 20, 2), torch.randn(3, 2, 30)
    deltas = list(1e-3 * left[0] @ right)
    known = torch.linalg.svd(torch.cat(deltas))[2][:6].double()
    for rule in interference.RULES:
        found = interference.swudi_a(deltas, rule, "zero").double()
        assert 0 < float(found.norm()) < 10 * max(float(delta.norm()) for delta in deltas)
        assert close(found @ known.T @ known, found, 1e-4)
    alone = interference.swudi_a(deltas[:1], "gavish_donoho", "sum")
    assert close(alone, deltas[0], 1e-4)


def test_swudi_ends_at_regmean_of_the_task_vectors():
    deltas = draws(3, 20, 8)
    grams = [delta.T @ delta / delta.square().sum() for delta in deltas]
    expected = regression.regmean(deltas, grams, 1.0)
    for start in ("sum", "mean", "zero"):
        found = interference.swudi(deltas, 1e9, 1.0, start)
        assert close(found, expected, 1e-4)
        assert float(loss(found, deltas)) <= float(loss(expected, deltas)) * (1 + 1e-6)


def authors_ace(deltas, ridge, share):
    wide = [delta.double() for delta in deltas]
    traces = torch.tensor([float((d.T @ d).trace()) for d in wide]).double()
    logs = torch.log(traces + 1e-12)
    uneven = len(wide) > 1 and float(logs.var() / (logs.mean() ** 2 + 1e-12)) > 0.3
    above, below, grams = 0, 0, []
    for delta in wide:
        centred = delta - delta.mean(0, keepdim=True)
        gram = centred.T @ centred
        trace = gram.trace() + 1e-12
        own, least = (gram / trace, ridge / trace) if uneven else (gram, ridge)
        grams.append(own)
        own = own + least * torch.eye(len(own), dtype=own.dtype)
        above, below = above + centred @ own, below + own
    prior = sum(grams).mean(0, keepdim=True)
    prior = prior / (traces.mean() + 1e-12) if uneven else prior
    merged = above @ torch.linalg.inv(below + prior)
    if not uneven:
        return merged, uneven
    rest = sum(d @ (g - below / len(wide)) for d, g in zip(wide, grams, strict=True)) + merged
    u, s, vh = torch.linalg.svd(rest, full_matrices=False)
    k = int(len(s) * share)
    return merged + s[:k].mean() * u[:, :k] @ vh[:k], uneven


@pytest.mark.parametrize("count", range(2, 10))
@pytest.mark.parametrize("spread", [1.0, 30.0])
def test_ace_is_its_authors_formula(count, spread):
    seen = set()
    for shape in SHAPES:
        sizes = [spread**k for k in range(count)]
        deltas = [s * d for s, d in zip(sizes, draws(count, *shape, seed=count), strict=True)]
        expected, uneven = authors_ace(deltas, 1e-2, 0.3)
        seen.add(uneven)
        assert close(interference.ace(deltas, 1e-2, 0.3), expected, 2e-5)
    assert seen == {spread > 1} or count > 3  # many sizes are even again, in logarithms


ROWS_ALIKE = torch.ones(6, 1) * torch.tensor([[0.3, -0.2, 0.1, 0.4]])
HARD = {
    "one moved little": lambda a, b, c: [a, b, 1e-3 * c],
    "one has equal rows": lambda a, b, c: [a, b, ROWS_ALIKE],
    "all have": lambda a, b, c: [ROWS_ALIKE, 2 * ROWS_ALIKE],
    "opposed": lambda a, b, c: [a, -a, 1e-4 * b],
    "nearly equal": lambda a, b, c: [a, a * 1.0001, a + 1e-6 * b],
    "of low rank": lambda a, b, c: [a[:, :1] @ b[:1], c[:, :1] @ a[:1], 1e-2 * b[:, :1] @ a[:1]],
}


@pytest.mark.parametrize("hard", HARD)
@pytest.mark.parametrize("ridge", [0, 1e-20, 1e-2])
def test_ace_is_never_much_longer_than_what_it_merges(hard, ridge):
    deltas = HARD[hard](*draws(3, 6, 4))
    most = 5 * sum(float(delta.norm()) for delta in deltas)
    for share in (0.3, 1):
        assert float(interference.ace(deltas, ridge, share).norm()) <= most


def test_ace_averages_maps_of_one_row():
    deltas = [scale * one for scale, one in zip((1, 30, 900), draws(3, 1, 6), strict=True)]
    assert close(interference.ace(deltas), torch.stack(deltas).mean(0))


RULES = {
    "wudi": lambda deltas: interference.wudi(deltas, 30, 1e-4),
    "swudi": interference.swudi,
    "ace": interference.ace,
}


@pytest.mark.parametrize("method", RULES)
def test_order_turned_outputs_and_what_is_no_map(method):
    merge = RULES[method]
    deltas = draws(4, 12, 8)
    assert close(merge(deltas[::-1]), merge(deltas))
    assert close(merge([-delta for delta in deltas]), -merge(deltas))
    turn = torch.linalg.qr(torch.randn(12, 12, generator=torch.Generator().manual_seed(1)))[0]
    if method == "swudi":  # Adam goes element by element, ACE takes means over rows
        turned = merge([turn.double() @ delta.double() for delta in deltas])
        assert close(turned, turn.double() @ merge(deltas).double())
        assert close(merge([7 * delta for delta in deltas]), 7 * merge(deltas))
    for shape in ((), (7,), (2, 3, 4)):
        some = draws(3, *shape)
        assert close(merge(some), torch.stack(some).mean(0))
    for shape in ((0, 3), (3, 0), (1, 1), (1, 5), (5, 1)):
        zeros = [torch.zeros(shape)] * 2
        assert torch.equal(merge(zeros), zeros[0])
        made = merge(draws(2, *shape))
        assert made.shape == shape and bool(torch.isfinite(made).all())


def test_equal_experts_and_experts_that_did_not_change():
    one, zero = draws(1, 12, 8)[0], torch.zeros(12, 8)
    assert close(interference.swudi([one] * 5, 1e9, 1.0), one, 1e-4)
    assert close(interference.swudi([one, zero], 1e9, 1.0), one, 1e-4)
    assert close(interference.swudi([one]), one)
    two = [one, 30 * draws(1, 12, 8, seed=1)[0]]
    assert torch.equal(interference.ace([*two, zero]), interference.ace(two))
    # Low rank: what no task vector has stays as it was.
    low = torch.outer(torch.arange(6.0), torch.arange(4.0)) / 100
    assert close(interference.swudi([low, 2 * low], 1e9, 1.0, "zero"), 5 / 3 * low, 1e-1)
    assert torch.linalg.matrix_rank(interference.swudi([low, 2 * low]).double(), rtol=1e-5) == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["wudi", "swudi", "ace", "iso_cts", "svc"])
def test_through_the_engine(method, dtype):
    """Maps by the rule; the rest is averaged, or left as the inner method has it."""
    generator = torch.Generator().manual_seed(3)
    shapes = {NAME: (12, 8), "model.embed_tokens.weight": (20, 8), "model.norm.weight": (8,)}
    base = {name: torch.randn(s, generator=generator).to(dtype) for name, s in shapes.items()}
    experts = {
        f"e{n}": {
            k: (t + 0.1 * torch.randn(t.shape, generator=generator)).to(dtype)
            for k, t in base.items()
        }
        for n in range(3)
    }
    made = merging.merge(base, experts, method, dtype="float32", **{"lambda": 0.5})
    deltas = {k: [e[k].float() - base[k].float() for e in experts.values()] for k in base}
    rules = {
        **{name: getattr(interference, name) for name in ("wudi", "swudi", "ace")},
        "iso_cts": spectral.iso_cts,
        "svc": lambda some: spectral.calibrate(sum(some[1:], some[0]), some, 0.5),
    }
    for name, some in deltas.items():
        update = rules[method](some) if name == NAME else torch.stack(some).mean(0)
        update = 3 * update if method == "svc" and name != NAME else update
        assert torch.allclose(made[name], base[name].float() + 0.5 * update, atol=2e-6), name


@pytest.mark.parametrize("method", ["tsv", "wudi", "swudi", "ace", "iso_cts", "svc"])
@pytest.mark.parametrize("kind", ["gpt2", "gpt_bigcode"])
def test_maps_that_lie_the_other_way_round_are_merged_as_what_they_are(method, kind, tmp_path):
    """GPT-2's lie as (inputs, outputs); those of others by the same name do not."""
    name, turned = "transformer.h.0.attn.c_proj.weight", "transformer.h.0.attn.c_prod.weight"
    base, *others = draws(4, 12, 12)
    for label, one in zip(
        ("base", "a", "b", "c"), (base, *(base + d for d in others)), strict=True
    ):
        (tmp_path / label).mkdir()
        save_file({name: one, turned: one.T.contiguous()}, tmp_path / label / "model.safetensors")
        (tmp_path / label / "config.json").write_text(json.dumps({"model_type": kind}))
    experts = {label: tmp_path / label for label in "abc"}
    made = merging.merge(tmp_path / "base", experts, method, **{"lambda": 0.5})
    assert close(made[name], made[turned].T) is (kind == "gpt2" or method == "tsv")


def test_bad_numbers_are_told():
    two = draws(2, 3, 3)
    with pytest.raises(ValueError, match="swudi: rank is 1.5"):
        interference.swudi(two, 300, 1.5)
    with pytest.raises(ValueError, match="start 'middle'; expected .* one of sum, mean, zero"):
        interference.swudi(two, start="middle")
    with pytest.raises(ValueError, match="ace: ridge is -1"):
        interference.ace(two, -1)
    with pytest.raises(ValueError, match="svc: floor is 0"):
        merging.merge({"w": two[0]}, {"a": {"w": two[1]}}, "svc", floor=0)
