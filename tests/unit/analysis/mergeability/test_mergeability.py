"""Measures, points and correlations of merges."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from mantel import mantel

from babelmerge.analysis.mergeability import points as mergeability
from babelmerge.analysis.mergeability.pairs import (
    label,
    outlook,
    read_all,
    read_pair_tables,
    standing,
)

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
