"""Laws for the exchange test: Mantel's where that applies, its level, what it refuses."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from mantel import mantel

from babelmerge.analysis.mergeability.permutation import exchange


def _pair_weights(items):
    """Every pair a point, taken both ways: Mantel's design."""
    pairs = list(itertools.combinations(range(items), 2))
    weights = np.zeros((len(pairs), items, items))
    for at, (i, j) in enumerate(pairs):
        weights[at, i, j] = weights[at, j, i] = 0.5
    return weights, pairs


def _symmetric(items, seed):
    values = np.random.default_rng(seed).normal(size=(items, items))
    return values + values.T


@pytest.mark.parametrize("statistic", ["pearson", "spearman"])
def test_with_every_pair_a_point_it_is_mantel_s_test(statistic):
    x, y = _symmetric(8, 0), _symmetric(8, 1)
    weights, pairs = _pair_weights(8)
    outcomes = np.array([y[i, j] for i, j in pairs])
    found = exchange(x, weights, outcomes, 4999, seed=1, statistic=statistic)
    value, p = mantel(x, y, 4999, seed=2, method=statistic)
    assert found.value == pytest.approx(value, abs=1e-12)
    assert found.p == pytest.approx(p, abs=0.03)
    assert (found.n, found.items, found.orders) == (28, 8, 4999)
    naive = {"pearson": scipy.stats.pearsonr, "spearman": scipy.stats.spearmanr}[statistic]
    assert found.p_naive == naive([x[i, j] for i, j in pairs], outcomes).pvalue


def test_few_items_have_the_exact_p_over_all_orders():
    x, y = _symmetric(5, 2), _symmetric(5, 3)
    weights, pairs = _pair_weights(5)
    outcomes = np.array([y[i, j] for i, j in pairs])

    def correlation(order):
        return abs(np.corrcoef([x[order[i], order[j]] for i, j in pairs], outcomes)[0, 1])

    values = [correlation(order) for order in itertools.permutations(range(5))]
    found = exchange(x, weights, outcomes)
    assert found.p == pytest.approx(np.mean(np.array(values) >= values[0] - 1e-12), abs=1e-15)
    assert found.orders == 120


@pytest.mark.parametrize(("items", "least"), [(3, 1 / 6), (4, 1 / 24)])
def test_the_least_p_is_that_of_the_most_extreme_order(items, least):
    x, y = _symmetric(items, 2), _symmetric(items, 3)
    weights, pairs = _pair_weights(items)
    outcomes = np.array([y[i, j] for i, j in pairs])
    found = exchange(x, weights, outcomes)
    assert found.p_least == pytest.approx(least) and found.p >= found.p_least
    planted = exchange(x, weights, np.array([x[i, j] for i, j in pairs]))
    assert planted.p == planted.p_least


def test_points_that_are_blind_to_an_exchange_cannot_have_a_small_p():
    """Disjoint pairs: swapping the two of a pair, here or there, is the same order."""
    x, weights = _symmetric(6, 2), np.zeros((3, 6, 6))
    for at in range(3):
        weights[at, 2 * at, 2 * at + 1] = weights[at, 2 * at + 1, 2 * at] = 0.5
    found = exchange(x, weights, np.array([1.0, 2.0, 4.0]))
    assert found.orders == 720 and found.p_least >= 2**3 / 720


def _false_positives(weights, membership, items, trials, permutations=199):
    """Shares of p <= 0.05 when predictor and outcome each depend on the items, unrelated."""
    generator, naive, ours = np.random.default_rng(3), 0, 0
    for trial in range(trials):
        own, other = generator.normal(size=(2, items))
        matrix = own[:, None] + own[None] + 0.5 * _symmetric(items, trial)
        outcomes = membership @ other + 0.3 * generator.normal(size=len(weights))
        found = exchange(matrix, weights, outcomes, permutations, seed=trial)
        naive, ours = naive + (found.p_naive <= 0.05), ours + (found.p <= 0.05)
    return naive / trials, ours / trials


def test_its_level_holds_where_the_naive_test_does_not():
    weights, pairs = _pair_weights(10)
    membership = np.array([[float(i in pair) for i in range(10)] for pair in pairs])
    naive, ours = _false_positives(weights, membership, 10, trials=300)
    assert naive > 0.15
    assert 0.02 <= ours <= 0.085


def test_its_level_holds_for_groups_of_other_sizes_too():
    groups = [set(g) for k in (2, 3) for g in itertools.combinations(range(6), k)][::2]
    weights, membership = np.zeros((len(groups), 6, 6)), np.zeros((len(groups), 6))
    for at, group in enumerate(groups):
        for i, j in itertools.permutations(group, 2):
            weights[at, i, j] = 1 / (len(group) * (len(group) - 1))
        membership[at, list(group)] = 1 / len(group)
    naive, ours = _false_positives(weights, membership, 6, trials=300)
    assert naive > 0.1
    assert 0.01 <= ours <= 0.085


def test_unknown_pairs_stay_where_they_are():
    """Two blocks of three: only orders that keep or swap the blocks, 3! * 3! * 2 of 720."""
    x = _symmetric(6, 0)
    x[:3, 3:] = x[3:, :3] = np.nan
    weights, pairs = _pair_weights(6)
    inside = [at for at, (i, j) in enumerate(pairs) if (i < 3) == (j < 3)]
    outcomes = np.random.default_rng(0).normal(size=len(inside))
    found = exchange(x, weights[inside], outcomes)
    assert found.orders == 72 and found.p >= 1 / 72
    with pytest.raises(ValueError, match="without a value"):
        exchange(x, weights, np.arange(15.0))


def test_a_planted_relation_is_found_and_repeats_with_the_seed():
    x = _symmetric(9, 0)
    weights, pairs = _pair_weights(9)
    outcomes = np.array([-2 * x[i, j] + 1 for i, j in pairs])
    found = exchange(x, weights, outcomes, 999, seed=4)
    assert found.value == pytest.approx(-1) and found.p == pytest.approx(1 / 1000)
    assert found == exchange(x, weights, outcomes, 999, seed=4)


def test_items_that_no_point_uses_are_left_out():
    x = _symmetric(6, 0)
    x[5], x[:, 5] = np.nan, np.nan
    weights, pairs = _pair_weights(6)
    used = [at for at, pair in enumerate(pairs) if 5 not in pair]
    outcomes = np.random.default_rng(0).normal(size=len(used))
    small, _ = _pair_weights(5)
    assert exchange(x, weights[used], outcomes) == exchange(x[:5, :5], small, outcomes)


@pytest.mark.parametrize(
    ("matrix", "weights", "outcomes", "statistic", "message"),
    [
        (np.eye(3), np.ones((2, 3, 3)), np.ones(2), "kendall", "statistic"),
        (np.eye(3), np.ones((2, 3, 3)), np.ones(3), "pearson", "shapes"),
        (np.eye(3), np.ones((2, 3, 3)), np.array([1, math.inf]), "pearson", "finite"),
    ],
)
def test_what_cannot_be_tested_is_refused(matrix, weights, outcomes, statistic, message):
    with pytest.raises(ValueError, match=message):
        exchange(matrix, weights, outcomes, statistic=statistic)


def test_points_that_are_all_equal_or_too_few_have_no_correlation():
    weights, _ = _pair_weights(4)
    for outcomes, chosen in ((np.ones(6), weights), (np.arange(2.0), weights[:2])):
        found = exchange(_symmetric(4, 0), chosen, outcomes)
        assert math.isnan(found.value) and math.isnan(found.p) and found.n == len(outcomes)
    assert exchange(np.eye(3), np.zeros((0, 3, 3)), []).n == 0
