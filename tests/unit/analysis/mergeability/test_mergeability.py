"""Laws for the exchange test and for measures, points and correlations of merges."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
import scipy.stats
from mantel import mantel

from babelmerge.analysis.mergeability import points as mergeability
from babelmerge.analysis.mergeability.pairs import (
    label,
    outlook,
    read_all,
    read_pair_tables,
    standing,
)
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


EXPERTS = ("experts/a", "experts/b", "experts/c")


def _cka_rows(values, owners=EXPERTS):
    """values: (owner, other) -> CKA of the late band; the last block has half of it."""
    rows = []
    for (one, other), value in values.items():
        owner = one if one in owners else ""
        pair = {"comparison": "expert-expert", "model": one, "other": other, "owner": owner}
        for level, where, share in (
            ("band", "late 5-6", 1.0),
            ("band", "early 0-1", 9.0),
            ("layer", "6", 0.5),
            ("layer", "5", 9.0),
            ("layer", "norm", 9.0),
        ):
            for measure, factor in (("debiased", 1.0), ("biased", 9.0)):
                numbers = {"measure": measure, "value": value * share * factor}
                rows.append({**pair, "level": level, "where": where, **numbers})
    rows.append({**rows[0], "other": "others", "value": 9.0})
    rows.append({**rows[0], "comparison": "base-expert", "other": "base", "value": 9.0})
    return pd.DataFrame(rows)


def test_pairs_are_read_from_the_data_of_the_first():
    values = {(a, b): v for v, (a, b) in enumerate(itertools.permutations(EXPERTS, 2), start=1)}
    found = mergeability.pairs(EXPERTS, cka=_cka_rows({k: v / 10 for k, v in values.items()}))
    expected = np.array([[np.nan, 1, 2], [3, np.nan, 4], [5, 6, np.nan]]) / 10
    np.testing.assert_allclose(found.values["cka_late"], expected)
    np.testing.assert_allclose(found.values["cka_last"], expected / 2)
    assert list(found.values) == ["cka_late", "cka_last"]


def test_a_pair_seen_once_counts_both_ways_and_so_does_a_data_set_without_owner():
    once = mergeability.pairs(EXPERTS, cka=_cka_rows({EXPERTS[:2]: 0.4})).values["cka_late"]
    assert once[0, 1] == once[1, 0] == 0.4 and np.isnan(once[0, 2])
    every = {pair: 0.1 * v for v, pair in enumerate(itertools.combinations(EXPERTS, 2), start=1)}
    whole = mergeability.pairs(EXPERTS, cka=_cka_rows(every, owners=())).values["cka_late"]
    np.testing.assert_allclose(whole, whole.T)
    assert whole[2, 0] == pytest.approx(0.2)


def test_experts_without_data_of_their_own_are_compared_on_that_of_others():
    """The third owns what the first two are seen on; where there is own data, that alone counts."""
    rows = _cka_rows({EXPERTS[:2]: 0.4, (EXPERTS[2], EXPERTS[0]): 0.6}, owners=())
    there = rows.assign(owner=EXPERTS[2], span="source")
    measured = mergeability.pairs(EXPERTS, cka=there)
    found = measured.values["cka_late"]
    assert found[0, 1] == found[1, 0] == 0.4 and found[0, 2] == found[2, 0] == 0.6
    assert np.isnan(found[1, 2])
    own = _cka_rows({EXPERTS[:2]: 0.1}).assign(span="source")
    both = mergeability.pairs(EXPERTS, cka=pd.concat([there, own])).values["cka_late"]
    assert both[0, 1] == both[1, 0] == 0.1
    assert measured.spans == {"cka_late": "source", "cka_last": "source"}
    rows = list(mergeability.compatibility(measured))
    assert {row["span"] for row in rows} == {"source"}
    assert label("cka_last", "source") == "Debiased CKA, last block, source span"


def _task_vectors():
    rows = [("norm", e, "", v) for e, v in zip(EXPERTS, (1.0, 2.0, 4.0), strict=True)]
    for measure, values in (("cosine", (0.5, 0.1, 0.0)), ("sign_agreement", (0.8, 0.6, 0.5))):
        pairs = itertools.combinations(EXPERTS, 2)
        rows += [(measure, *pair, v) for pair, v in zip(pairs, values, strict=True)]
    table = pd.DataFrame(rows, columns=["measure", "expert", "other", "value"])
    return table.assign(level="model", where="all")


def _angle_rows():
    pair = {"comparison": "expert-expert", "model": EXPERTS[0], "other": EXPERTS[1], "owner": ""}
    late = {**pair, "level": "band", "where": "late 5-6", "measure": "median", "rank": 64}
    whole = {"comparison": "random", "where": "all 0-6", "other": "", "model": ""}
    rows = [{**late, "value": 20.0}, {**late, "rank": 8, "value": 5.0}]
    rows += [{**late, "measure": "largest", "value": 80.0}]
    rows += [{**late, **whole, "value": 80.0}, {**late, **whole, "rank": 8, "value": 85.0}]
    return pd.DataFrame(rows)


def test_what_can_be_said_before_any_merge():
    measured = mergeability.pairs(
        EXPERTS, _cka_rows({EXPERTS[:2]: 1.6, EXPERTS[1:]: 0.4}), _angle_rows(), _task_vectors()
    )
    rows = {
        (r["model"][-1] + r["other"][-1], r["measure"]): r
        for r in mergeability.compatibility(measured)
    }
    assert len(rows) == 3 * 6
    assert rows["ab", "cka_last"]["outlook"] == "compatible"
    assert rows["bc", "cka_last"]["outlook"] == "conflicting"
    assert rows["ac", "cka_last"]["outlook"] == "" and rows["ac", "cka_last"]["rank"] == ""
    assert [rows[p, "cka_last"]["rank"] for p in ("ab", "bc")] == [1, 2]
    assert rows["ab", "angle_late"]["value"] == 20
    assert rows["ab", "angle_late"]["standing"] == pytest.approx(0.75)
    assert rows["ac", "norm_ratio"]["value"] == 0.25
    assert rows["ab", "sign_conflict"]["value"] == pytest.approx(0.2)
    assert rows["ab", "sign_conflict"]["standing"] == pytest.approx(0.6)
    assert [rows[p, "sign_conflict"]["rank"] for p in ("ab", "ac", "bc")] == [1, 2, 3]
    assert rows["bc", "sign_conflict"]["standing"] == 0 == rows["bc", "cosine"]["standing"]


def test_standing_and_outlook_have_ends():
    assert [standing("cka_last", v) for v in (-0.2, 0.5, 1.0)] == [0, 0.5, 1]
    assert math.isnan(standing("angle_late", 20.0)) and math.isnan(standing("cosine", math.nan))
    assert standing("angle_late", 90.0, 80.0) == 0
    assert [outlook(v) for v in (0.9, 0.5, 0.1, math.nan)] == [
        "compatible",
        "doubtful",
        "conflicting",
        "",
    ]


def _study(items=6, methods=("ties", "dare"), slope=1.0):
    """Every pair of experts merged; retention follows the pair's CKA, DARE keeps 0.1 less."""
    experts = [f"experts/{letter}" for letter in "abcdef"[:items]]
    cka = np.random.default_rng(0).uniform(0.2, 0.9, size=(items, items))
    rows = {
        (a, b): cka[i, j] for i, a in enumerate(experts) for j, b in enumerate(experts) if a != b
    }
    measured = mergeability.pairs(experts, cka=_cka_rows(rows, owners=experts))
    members, kept = {}, []
    for i, j in itertools.combinations(range(items), 2):
        group = f"{experts[i][-1]}-{experts[j][-1]}"
        members[group] = (experts[i], experts[j])
        for (one, other), (at, method) in itertools.product(((i, j), (j, i)), enumerate(methods)):
            retention = slope * cka[one, other] - 0.1 * at
            facts = {"group": group, "method": method, "dataset": experts[one][-1]}
            facts |= {"metric": "bleu", "unlearnt": ""}
            kept.append({**facts, "retention": retention, "drop": 1 - retention})
    owners = {group: {expert[-1]: expert for expert in pair} for group, pair in members.items()}
    return pd.DataFrame(kept), measured, members, owners


def test_points_pair_what_a_merge_kept_with_how_alike_its_experts_are():
    retention, measured, members, owners = _study()
    found = mergeability.points(retention, measured, members, owners, "bleu")
    late = found[(found["measure"] == "cka_late") & (found["method"] == "ties")]
    assert len(late) == 30
    np.testing.assert_allclose(late["value"], late["retention"])
    row = late[(late["group"] == "b-d") & (late["dataset"] == "d")].iloc[0]
    assert row["owner"] == "experts/d"
    assert row["value"] == measured.values["cka_late"][3, 1]
    assert mergeability.points(retention, measured, members, owners, "chrf").empty


def test_groups_are_means_over_their_pairs_and_unmeasured_members_are_left_out():
    _, measured, _, _ = _study()
    members = {
        "three": ("experts/a", "experts/b", "experts/c"),
        "nested": ("merges/x/y", "experts/a"),
    }
    rows = [
        {
            "group": g,
            "method": "ties",
            "dataset": d,
            "metric": "bleu",
            "retention": 1.0,
            "drop": 0.0,
            "unlearnt": "",
        }
        for g, d in (("three", "a"), ("three", "b"), ("nested", "a"), ("elsewhere", "a"))
    ]
    owners = {group: {"a": "experts/a", "b": "experts/b"} for group in members}
    found = mergeability.points(pd.DataFrame(rows), measured, members, owners, "bleu")
    assert set(found["group"]) == {"three"}
    matrix = measured.values["cka_late"]
    expected = [(matrix[0, 1] + matrix[0, 2]) / 2, (matrix[1, 0] + matrix[1, 2]) / 2]
    np.testing.assert_allclose(found[found["measure"] == "cka_late"]["value"], expected)


def test_correlations_of_each_method_and_of_their_mean():
    retention, measured, members, owners = _study()
    retention.loc[0, "retention"] = np.nan  # an expert that scores 0
    found = mergeability.points(retention, measured, members, owners, "bleu")
    rows = list(mergeability.correlations(found, measured, members, permutations=99))
    assert len(rows) == 3 * 2 * 2 * 2 * 2
    keys = ("outcome", "method", "level", "measure", "statistic")
    table = {tuple(row[k] for k in keys): row for row in rows}
    for method in ("ties", "dare", "all"):
        for level, n in (("merge", 15), ("expert", 30)):
            row = table["drop", method, level, "cka_late", "pearson"]
            assert row["value"] == pytest.approx(-1) and row["p"] <= 2 / 720
            assert (row["n"], row["items"], row["orders"]) == (n, 6, 720)
    assert table["retention", "ties", "expert", "cka_late", "spearman"]["n"] == 29
    assert table["retention", "dare", "expert", "cka_late", "spearman"]["n"] == 30
    assert list(mergeability.correlations(found.iloc[:0], measured, members)) == []


def test_experts_that_learnt_nothing_are_in_no_correlation():
    retention, measured, members, owners = _study(methods=("ties",))
    retention.loc[:1, "unlearnt"] = "base"
    found = mergeability.points(retention, measured, members, owners, "bleu")
    own = found[found["measure"] == "cka_late"]
    assert own[["retention", "drop"]].isna().sum().tolist() == [2, 2]
    rows = mergeability.correlations(found, measured, members, permutations=9)
    assert {row["n"] for row in rows if row["level"] == "expert"} == {28}


def test_the_merge_level_is_mantel_s_test_on_the_mean_of_both_ways():
    retention, measured, members, owners = _study(methods=("ties",))
    retention["drop"] = np.random.default_rng(5).normal(size=len(retention))
    found = mergeability.points(retention, measured, members, owners, "bleu")
    rows = mergeability.correlations(found, measured, members)
    wanted = ("drop", "ties", "merge", "cka_late", "pearson")
    keys = ("outcome", "method", "level", "measure", "statistic")
    (row,) = [r for r in rows if tuple(r[k] for k in keys) == wanted]
    y, drops = np.zeros((6, 6)), retention.groupby("group")["drop"].mean()
    for group, drop in drops.items():
        i, j = ("abcdef".index(letter) for letter in group.split("-"))
        y[i, j] = y[j, i] = drop
    x = measured.values["cka_late"]
    value, p = mantel((x + x.T) / 2, y)
    assert row["value"] == pytest.approx(value, abs=1e-12)
    assert row["p"] == pytest.approx(p, abs=0.02)


def test_measures_are_the_same_from_written_tables(tmp_path):
    tables = {
        "cka": _cka_rows({EXPERTS[:2]: 0.4, EXPERTS[1:]: 0.2}),
        "angles": _angle_rows(),
        "task_vectors": _task_vectors(),
    }
    files = {name: str(tmp_path / f"{name}.tsv") for name in tables}
    for name, table in tables.items():
        table.to_csv(files[name], sep="\t", index=False)
    read = mergeability.pairs(EXPERTS, **read_pair_tables({**files, "retention": "not-read"}))
    held = mergeability.pairs(EXPERTS, **tables)
    assert read.experts == held.experts and read.unrelated == held.unrelated
    for name, matrix in held.values.items():
        np.testing.assert_array_equal(read.values[name], matrix)
    assert list(read_pair_tables({"cka": files["cka"]})) == ["cka"]
    assert len(read_all([files["cka"]] * 2)) == 2 * len(tables["cka"])
