"""The pretraining study's Table 8 and Figure 3: over all layers, and what merges lose."""

import itertools

import numpy as np
import pandas as pd
import pytest
from made_up_report import Named, run_script
from places import ROOT
from scipy import stats

from babelmerge.analysis.mergeability import findings, points, scatter, tables, typology
from babelmerge.analysis.mergeability.pairs import pairs
from babelmerge.files.long_tables import read_long
from babelmerge.words.likeness import MEASURES as MEASURE_WORDS

EXPERTS = [f"experts/{code}" for code in ("en", "fr", "de", "zh", "it")]
PAIRS = list(itertools.combinations(EXPERTS, 2))
MEASURES = (
    "cka_mean",
    "cka_mean_biased",
    "cosine_mean",
    "stable_rank_difference",
    "norm_difference",
)


def cka_rows():
    rows = []
    for at, (one, other) in enumerate(PAIRS):
        pair = {"comparison": "expert-expert", "model": one, "other": other, "owner": EXPERTS[0]}
        for where in ("all 0-4", "late 3-4"):
            for measure, value in (("debiased", at / 10), ("biased", 0.5 + at / 20)):
                place = {"level": "band", "where": where, "measure": measure}
                rows.append({**pair, **place, "value": value if where[0] == "a" else 9.0})
    return pd.DataFrame(rows)


def vector_rows():
    rows = []
    for block in ("0", "1"):
        for at, expert in enumerate(EXPERTS):
            rows.append(("norm", block, expert, "", float(at * (1 + int(block)))))
            rows.append(("stable_rank", block, expert, "", float(at if block == "0" else -at)))
        for at, (one, other) in enumerate(PAIRS):
            rows.append(("cosine", block, one, other, at / 10 + int(block) / 5))
    rows += [("norm", "embed_tokens", expert, "", 100.0 * at) for at, expert in enumerate(EXPERTS)]
    table = pd.DataFrame(rows, columns=["measure", "where", "expert", "other", "value"])
    return table.assign(level="layer")


def measured(**more):
    return pairs(EXPERTS, cka_rows(), task_vectors=vector_rows(), measures=MEASURES, **more)


def test_means_over_layers_are_those_of_the_numbers_they_are_of():
    found = measured().values
    assert list(found) == list(MEASURES)
    assert found["cka_mean"][1, 2] == found["cka_mean"][2, 1] == pytest.approx(0.4)
    assert found["cka_mean_biased"][0, 1] == pytest.approx(0.5)
    assert found["cosine_mean"][0, 2] == pytest.approx(0.1 + 0.1)
    assert found["norm_difference"][1, 4] == pytest.approx((3 + 6) / 2)
    assert found["stable_rank_difference"][1, 4] == pytest.approx(3)


def test_a_study_that_asks_for_nothing_gets_what_it_had():
    assert list(pairs(EXPERTS, cka_rows()).values) == ["cka_late"]


def test_distances_of_ones_own_are_read_both_ways(tmp_path):
    path = tmp_path / "distances.tsv"
    path.write_text("one\tother\tkind\tnear\nen\tfr\t0.3\t0.1\nde\ten\t\t0.2\n")
    table = typology.read(path)
    found = typology.distances(table, ["en", "fr", "de"], "near")
    np.testing.assert_allclose(found, [[0, 0.1, 0.2], [0.1, 0, np.nan], [0.2, np.nan, 0]])
    assert np.isnan(typology.distances(table, ["en", "de"], "kind")[0, 1])
    with pytest.raises(ValueError, match=r"found 'far', expected a column .* \(kind, near\)"):
        typology.distances(table, ["en", "fr"], "far")


def outcomes(noise=0.0):
    """Each pair loses the less the more alike it is."""
    rows, members, owners = [], {}, {}
    for at, (one, other) in enumerate(PAIRS):
        group = f"pairs-{one[8:]}+{other[8:]}"
        members[group] = [one, other]
        owners[group] = {f"blimp/{e[8:]}": e for e in (one, other)}
        drop = 0.5 - 0.03 * at + noise * (-1) ** at
        for dataset in owners[group]:
            facts = {"group": group, "method": "linear", "dataset": dataset, "metric": "accuracy"}
            rows.append({**facts, "retention": 1 - drop, "drop": drop, "unlearnt": ""})
    return pd.DataFrame(rows), members, owners


def correlated(noise=0.0):
    retention, members, owners = outcomes(noise)
    own = measured()
    found = points.points(retention, own, members, owners, "accuracy")
    told = points.correlations(found, own, members, 99, outcomes=["drop"])
    return found, pd.DataFrame(told, columns=points.CORRELATION_COLUMNS)


def test_the_drop_is_experts_less_merge_and_falls_with_likeness():
    found, table = correlated(noise=0.05)
    assert set(table["outcome"]) == {"drop"} and tables.outcome_of(table) == "drop"
    one = tables.overall(table, "cka_mean")
    drops = [0.5 - 0.03 * at + 0.05 * (-1) ** at for at in range(len(PAIRS))]
    expected = stats.pearsonr([at / 10 for at in range(len(PAIRS))], drops)
    assert one["value"] == pytest.approx(expected.statistic) and one["value"] < -0.5
    assert one["p_naive"] == pytest.approx(expected.pvalue) and one["n"] == 10
    assert one["p_least"] <= one["p"] <= 1
    said = " ".join(findings.predictions(table))
    assert "what merges lose" in said and "against expectation" not in said
    shown = tables.correlations_table(table)
    assert "lose" in shown.title and "experts - merge" in shown.note


def test_published_correlations_stand_beside_ours_with_the_sign_of_drops():
    """arXiv:2605.25846, Table 8: more alike by CKA, smaller drops, r = 0.45, p = 0.002."""
    _, own = correlated(noise=0.05)
    published = read_long(ROOT / "resources/published/pretraining.tsv")
    shown = tables.correlations_table(own, published)
    rows = {(row.section, row.label): [c.aside for c in row.cells] for row in shown.rows}
    label = MEASURE_WORDS["cka_mean_biased"].label
    cka = ["\u22120.45", "", "0.002", "\u22120.40", "", "0.006", "", ""]
    assert rows["Groups", label] == cka
    assert not any(rows["Each expert of a group", label])
    assert not any(rows["Groups", MEASURE_WORDS["cka_mean"].label])
    assert "(arXiv:2605.25846), with its sign turned, as it is of merge - experts" in shown.note
    assert "lang2vec" not in shown.note, "the measure that it is said of is not shown"
    kept = own.assign(outcome="retention")
    assert "parentheses" not in tables.correlations_table(kept, published).note


def test_the_script_sets_published_correlations_beside_ours(tmp_path, monkeypatch):
    correlated(noise=0.05)[1].to_csv(tmp_path / "long.tsv", sep="\t", index=False)
    published = [str(ROOT / "resources/published/pretraining.tsv")]
    made = [str(tmp_path / "correlations.tsv")]
    files = Named(long=str(tmp_path / "long.tsv"), published=published)
    run_script("table_mergeability", tmp_path, monkeypatch, files, made, {}, table="correlations")
    assert "(\u22120.45)" in (tmp_path / "correlations.md").read_text()


def test_the_figure_names_every_pair_and_draws_the_line_of_least_squares():
    found, table = correlated(noise=0.05)
    members = outcomes()[1]
    figure = scatter.drops_figure(found, table, members)
    first = figure.axes[0]
    told = {text.get_text() for text in first.texts}
    assert told == {f"{one[8:]}–{other[8:]}" for one, other in PAIRS}
    assert len(figure.axes) == len(MEASURES)
    merges = scatter.per_merge(found)
    own = merges[merges["measure"] == "cka_mean"]
    slope, intercept = np.polyfit(own["value"], own["drop"], 1)
    line = first.lines[0]
    np.testing.assert_allclose(line.get_ydata(), slope * np.array(line.get_xdata()) + intercept)
    assert own["drop"].iloc[0] == pytest.approx(55.0)


def test_no_line_through_points_that_are_all_alike():
    assert scatter.line(np.ones(5), np.arange(5.0)) is None
    assert scatter.line(np.arange(2.0), np.arange(2.0)) is None
    empty = scatter.drops_figure(correlated()[0].iloc[:0], correlated()[1], {})
    assert not empty.axes[0].collections


def test_a_pair_is_named_by_both_also_where_one_has_learnt_nothing():
    found, table = correlated(noise=0.05)
    half = found.assign(drop=found["drop"].where(found["owner"] != "experts/en"))
    figure = scatter.drops_figure(half, table, outcomes()[1])
    assert {text.get_text() for text in figure.axes[0].texts} >= {"en–fr", "en–zh"}
