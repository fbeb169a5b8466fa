"""What is said of bits per byte, of which less is better, is turned; of other scores it is not."""

import pandas as pd
import pytest
from made_up_report import scored

from babelmerge.analysis.interventions import blocks
from babelmerge.analysis.interventions import tables as levels
from babelmerge.analysis.interventions.cases import Case
from babelmerge.analysis.progress import branching
from babelmerge.analysis.progress import findings as progress
from babelmerge.analysis.scores import findings, model_findings, retention_tables

SETS = ("foretold/en", "foretold/fr")
MERGED, EXPERT, JOINT, BASE = 3.0, 2.0, 2.5, 4.0


def kept(metric):
    cost = metric == "bits_per_byte"
    numbers = {"merged": MERGED, "expert": EXPERT, "joint": JOINT, "base": BASE}
    numbers = numbers if cost else {name: 10 / value for name, value in numbers.items()}
    share = EXPERT / MERGED
    row = {**numbers, "group": "all", "method": "linear", "metric": metric, "unlearnt": ""}
    row |= {"drop": abs(numbers["merged"] - numbers["expert"]), "p_base": 0.001, "p_expert": 0.001}
    row |= {"retention": share, "low": share - 0.1, "high": share + 0.1, "n": 50, "model": "m"}
    return pd.DataFrame([row | {"dataset": dataset} for dataset in SETS])


def told(metric):
    families = {"all": {"all": list(SETS)}}
    found = scored(metric=metric, retention=kept(metric), families=families)
    sayings = (findings.overall, findings.against_base, findings.interference, findings.joint)
    return " ".join(sentence for one in sayings for sentence in one(found))


def test_costs_grow_and_what_is_better_is_not_called_above():
    said = told("bits_per_byte")
    assert "“all” merges keep 67% of the experts' bits per byte" in said
    assert "what is kept is the experts' over the merges'" in said
    assert "significantly better than the base's: 2, worse than it: 0" in said
    assert "Significantly worse than the expert's own score: 2 of 2" in said
    assert "bits per byte grow by 1.000 (all)" in said and "drops" not in said
    assert "Joint training reaches 80%" in said


def test_of_other_scores_the_same_numbers_are_told_as_ever():
    said = told("bleu")
    assert "significantly above the base's: 2, below it: 0" in said
    assert "BLEU drops by 1.7 points (all)" in said and "less is better" not in said
    assert "Joint training reaches 80%" in said
    assert "above the base's, or no" in retention_tables.retention_table(kept("bleu"), "bleu").note
    table = retention_tables.retention_table(kept("bits_per_byte"), "bits_per_byte")
    assert "better than the base's, or no" in table.note


def test_an_expert_that_needs_more_bits_is_not_better_than_the_base():
    rows = {"expert": "en", "dataset": "foretold/en", "metric": "bits_per_byte", "base": 2.0}
    failed = pd.DataFrame([rows | {"value": 2.0, "n": 50, "unlearnt": "base"}])
    (said,) = model_findings.learning(scored(metric="bits_per_byte", learning=failed), {})
    assert "not significantly better than the base" in said


def test_the_best_merge_of_branches_needs_the_fewest_bits():
    row = {"group": "b", "method": "linear", "dataset": "", "metric": "bits_per_byte"}
    row |= {"expert": 2.0, "joint": 2.2, "chance": None, "expert_low": 2.0}
    numbers = ((0.0, 4.0, 0.5), (0.5, 2.5, 0.8))
    rows = [
        row | {"share": s, "merged": m, "kept": k, "low": k - 0.1, "high": k + 0.1}
        for s, m, k in numbers
    ]
    (said,) = progress.branching(pd.DataFrame(rows))
    assert "best merge scores 2.500 (where 50% of the training was common)" in said


@pytest.mark.parametrize(("metric", "expert"), [("bits_per_byte", 2.0), ("bleu", 20.0)])
def test_interventions_restore_what_is_turned_of_costs(metric, expert):
    case = Case("foretold/en", "experts/en", [{}] * 3, {}, metric)
    numbers = {"bits_per_byte": (4.0, 2.5), "bleu": (10.0, 16.0)}[metric]
    facts = {"expert": expert, "merged": numbers[1], "base": numbers[0], "outside": numbers[0]}
    row = blocks._row(case, numbers[1], facts)
    assert row["retention"] == pytest.approx(0.8)
    assert levels.levels(pd.DataFrame([row]))["base"] == pytest.approx(0.5)
    swapped = facts | {"expert": facts["base"], "base": expert}
    assert blocks._row(case, 3.0, swapped)["retention"] != blocks._row(case, 3.0, swapped)["value"]
    assert pd.isna(blocks._row(case, 3.0, swapped)["retention"])


def test_the_table_of_branches_says_which_way_a_share_is_taken():
    row = {"group": "b", "method": "linear", "share": 0.0, "dataset": "", "expert": 2.0}
    row |= {"merged": 2.5, "joint": 2.2, "kept": 0.8, "low": 0.7, "high": 0.9, "chance": None}
    notes = [
        branching.shown(pd.DataFrame([row | {"metric": m}])).note for m in ("chrf", "bits_per_byte")
    ]
    assert ["Less is better" in note for note in notes] == [False, True]
