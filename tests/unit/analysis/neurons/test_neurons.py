"""Neurons: against LAPE's and the translation study's procedures in torch, by hand, shuffled."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from made_up_neurons import skewed
from scipy import stats

from babelmerge.analysis.neurons import selection as neurons

# --- Independent procedures -----------------------------------------------------------------------


def entropies(p):
    """(layers, width) of p (layers, width, languages); 0 for dead neurons, as in both."""
    q = p / p.sum(-1, keepdim=True).clamp_min(1e-12)
    return -(q * torch.where(q > 0, q.log(), torch.zeros_like(q))).sum(-1)


def lape(rates, top_rate, bar_ratio):
    """Threshold first: neurons above the bar somewhere, of these the lowest entropies."""
    p = torch.tensor(rates).permute(1, 2, 0)
    flat, h = p.flatten(), entropies(p)
    bar = flat.kthvalue(round(len(flat) * bar_ratio)).values.item()
    h[(p > bar).sum(-1) == 0] = torch.inf
    index = h.flatten().topk(round(h.numel() * top_rate), largest=False).indices
    return assigned(p, index, bar)


def authors(rates, top_rate, bar_ratio):
    """First bar: the smallest rate; then the lowest entropies; then the high bar, strictly."""
    p = torch.tensor(rates).permute(1, 2, 0)
    flat, h = p.flatten(), entropies(p)
    h[(p > flat.kthvalue(1).values).sum(-1) == 0] = torch.inf
    index = h.flatten().topk(max(1, round(h.numel() * top_rate)), largest=False).indices
    return assigned(p, index, flat.kthvalue(max(1, round(len(flat) * bar_ratio))).values.item())


def assigned(p, index, bar):
    sets = [set() for _ in range(p.shape[-1])]
    for place in index.tolist():
        layer, k = divmod(place, p.shape[1])
        for language in range(p.shape[-1]):
            if p[layer, k, language] > bar:
                sets[language].add((layer, k))
    return sets


def as_sets(selected):
    return [set(map(tuple, np.argwhere(one).tolist())) for one in selected]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rho,tau", [(0.1, 0.8), (0.2, 0.5), (0.5, 0.95), (1.0, 0.3)])
def test_paper_order_is_the_authors_procedure(seed, rho, tau):
    rates = skewed(seed, dead=5)
    assert as_sets(neurons.select_neurons(rates, rho, tau)) == authors(rates, rho, tau)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rho,tau", [(0.01, 0.95), (0.1, 0.8), (0.9, 0.9)])
def test_lape_order_is_lapes_procedure(seed, rho, tau):
    rates = skewed(seed, dead=5)
    found = neurons.select_neurons(rates, rho, tau, order="lape")
    assert as_sets(found) == lape(rates, rho, tau)


def test_orders_differ():
    rates = skewed()
    assert as_sets(neurons.select_neurons(rates, 0.1, 0.8)) != as_sets(
        neurons.select_neurons(rates, 0.1, 0.8, order="lape")
    )


@given(
    rates=st.lists(st.lists(st.integers(0, 4), min_size=6, max_size=6), min_size=2, max_size=3),
    rho=st.sampled_from([0.17, 0.34, 0.5, 1.0]),
    tau=st.sampled_from([0.01, 0.5, 0.8, 1.0]),
)
@settings(max_examples=60, deadline=None)
def test_paper_order_on_a_handful_of_neurons(rates, rho, tau):
    """Ties and dead neurons everywhere: exact comparison of q ln q by its definition."""
    values = np.array(rates).reshape(len(rates), 2, 3) / 8
    flat = values.reshape(len(values), -1)
    keyed = []
    for k in range(6):
        total = math.fsum(flat[:, k])
        if total > 0:
            q = sorted(p / total for p in flat[:, k])
            keyed.append((round(-math.fsum(x * math.log(x) for x in q if x > 0), 9), k))
    chosen = {k for _, k in sorted(keyed)[: math.floor(rho * 6 + 1e-9)]}
    bar = sorted(flat.reshape(-1))[max(1, round(tau * flat.size)) - 1]
    expected = [[k in chosen and p > bar for k, p in enumerate(one)] for one in flat]
    found = neurons.select_neurons(values, rho, tau)
    assert [one.reshape(-1).tolist() for one in found] == expected


# --- By hand --------------------------------------------------------------------------------------


def test_by_hand():
    """Four neurons: of Hindi, of both, dead, of Bengali but faint."""
    rates = np.array([[[0.9, 0.5, 0.0, 0.0]], [[0.0, 0.5, 0.0, 0.1]]])
    assert neurons.entropy(rates).tolist() == [[0, pytest.approx(math.log(2)), math.inf, 0]]
    assert neurons.threshold(rates, 0.75) == 0.5  # the sixth of 0 0 0 0 .1 .5 .5 .9
    hindi, bengali = neurons.select_neurons(rates, 0.5, 0.75)
    assert hindi.tolist() == [[True, False, False, False]]
    assert not bengali.any()
    hindi, bengali = neurons.select_neurons(rates, 0.5, 0.5)
    assert bengali.tolist() == [[False, False, False, True]]
    hindi, bengali = neurons.select_neurons(rates, 1.0, 0.5)
    assert hindi.tolist() == [[True, True, False, False]]
    assert bengali.tolist() == [[False, True, False, True]]


def test_dead_neurons_are_never_selected():
    rates = skewed(dead=50)
    for order in neurons.ORDERS:
        for one in neurons.select_neurons(rates, 1.0, 0.01, order):
            assert not one[0].any() and one[1:].any()
    assert not any(one.any() for one in neurons.select_neurons(np.zeros((2, 2, 3)), 0.5, 0.5))


def test_ties_go_to_the_first():
    rates = np.tile([[[0.2, 0.2, 0.6, 0.2]], [[0.6, 0.6, 0.2, 0.6]]], (1, 2, 1))
    found = neurons.select_neurons(rates, 0.5, 0.01)
    assert np.any(found, axis=0).tolist() == [[True] * 4, [False] * 4]


@given(st.integers(0, 50), st.permutations(range(4)))
@settings(max_examples=30, deadline=None)
def test_the_order_of_languages_does_not_matter(seed, order):
    rates = skewed(seed, tokens=7)  # few tokens: many neurons with the same rates
    plain = neurons.select_neurons(rates, 0.2, 0.6)
    turned = neurons.select_neurons(rates[list(order)], 0.2, 0.6)
    assert all(np.array_equal(plain[old], new) for old, new in zip(order, turned, strict=True))


def test_decimal_shares_mean_what_they_say():
    rates = skewed(width=100, layers=1)
    found = neurons.select_neurons(rates, 0.29, 1e-9)
    assert np.any(found, axis=0).sum() == 29  # 0.29 * 100 is 28.999999999999996


def test_scale_of_one_neuron_does_not_change_its_entropy():
    rates = skewed()
    scaled = rates * np.random.default_rng(1).uniform(0.1, 1, rates.shape[1:])
    assert np.allclose(neurons.entropy(rates), neurons.entropy(scaled))
    assert neurons.entropy(rates).max() <= math.log(4) + 1e-12
    expected = stats.entropy(rates, axis=0)
    assert np.allclose(neurons.entropy(rates), expected)


def test_rates():
    counts = np.array([[0, 3, 7]], np.int64)
    assert neurons.rates(counts, 7).tolist() == [[0, 3 / 7, 1]]
    assert neurons.rates(counts, np.array([3, 0, 4])).tolist() == [[0, 3 / 7, 1]]
    large = np.array([[2**53 - 1]], np.int64)
    assert neurons.rates(large, 2**53)[0, 0] == (2**53 - 1) / 2**53
    with pytest.raises(ValueError, match="no tokens"):
        neurons.rates(counts, [0, 0])
    with pytest.raises(ValueError, match="counts from 0 to 7 in 6 tokens"):
        neurons.rates(counts, 6)


@pytest.mark.parametrize(
    "change,said",
    [
        ({"rho": 0}, "rho is 0"),
        ({"tau": 1.2}, "tau is 1.2"),
        ({"order": "first"}, "expected one of paper, lape"),
        ({"found": np.ones((1, 2, 3))}, "at least two"),
        ({"found": np.ones((2, 3))}, r"expected \(languages, layers, width\)"),
        ({"found": np.full((2, 2, 2), np.nan)}, "NaN"),
        ({"found": -np.ones((2, 2, 2))}, "negative"),
    ],
)
def test_refused(change, said):
    with pytest.raises(ValueError, match=said):
        neurons.select_neurons(**{"found": skewed(), "rho": 0.1, "tau": 0.8, **change})


# --- Usage alignment ------------------------------------------------------------------------------


def test_alignment_and_correlation():
    a, b = skewed(languages=2)
    for layer, (cosine, r) in enumerate(
        zip(neurons.usage_alignment(a, b), neurons.usage_correlation(a, b), strict=True)
    ):
        expected = a[layer] @ b[layer] / np.linalg.norm(a[layer]) / np.linalg.norm(b[layer])
        assert cosine == pytest.approx(expected, abs=1e-14)
        assert r == pytest.approx(stats.pearsonr(a[layer], b[layer])[0], abs=1e-12)
    assert np.allclose(neurons.usage_alignment(a, 3 * a), 1)
    assert np.allclose(neurons.usage_correlation(a, 3 * a + 0.1), 1)
    a[0], b[1] = 0, 0.3
    assert np.isnan(neurons.usage_alignment(a, b)).tolist() == [True, False, False]
    assert np.isnan(neurons.usage_correlation(a, b)).tolist() == [True, True, False]
    with pytest.raises(ValueError, match="one shape"):
        neurons.usage_alignment(a, b[:2])


def test_shuffled_null_has_its_closed_forms():
    """Mean cosine I mean(a) mean(b) / (|a| |b|); r has mean 0 and variance 1 / (I - 1)."""
    values = skewed(languages=1, layers=3, width=40)[0]
    cosines, r = neurons.shuffled(values, shuffles=4000, seed=1)
    assert cosines.shape == r.shape == (3, 3, 4000)
    for i, j in [(0, 1), (1, 2), (0, 0)]:
        a, b = values[i], values[j]
        mean = 40 * a.mean() * b.mean() / np.linalg.norm(a) / np.linalg.norm(b)
        assert cosines[i, j].mean() == pytest.approx(mean, abs=5 * cosines[i, j].std() / 63)
        assert r[i, j].mean() == pytest.approx(0, abs=5 / math.sqrt(39 * 4000))
        assert r[i, j].var() == pytest.approx(1 / 39, rel=0.1)
    again = neurons.shuffled(values, shuffles=4000, seed=1)
    assert np.array_equal(cosines, again[0]) and np.array_equal(r, again[1])
    assert not np.array_equal(cosines, neurons.shuffled(values, 4000, seed=2)[0])


def test_shuffled_values_are_those_of_shuffled_neurons():
    values = skewed(languages=1, layers=2, width=30)[0]
    cosines, r = neurons.shuffled(values, shuffles=3, seed=5)
    draw = np.random.default_rng(5)
    for number in range(3):
        turned = values[1][draw.permutation(30)]
        expected = neurons.usage_alignment(values[:1], turned[None])[0]
        assert cosines[0, 1, number] == pytest.approx(expected, abs=1e-13)
        expected = neurons.usage_correlation(values[:1], turned[None])[0]
        assert r[0, 1, number] == pytest.approx(expected, abs=1e-13)
