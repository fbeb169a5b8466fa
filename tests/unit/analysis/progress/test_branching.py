"""What merges of branches keep: numbers by hand, and sentences that follow from them alone."""

import numpy as np
import pandas as pd
import pytest

from babelmerge.analysis.progress import branching, figures, findings
from babelmerge.evaluation import metrics
from babelmerge.files.long_tables import read_long

SETS = ("pairs/en", "pairs/fr")
TEST = {"resamples": 200, "confidence": 0.95, "seed": 0}
CHANCE = pd.DataFrame({"baseline": ["chance"], "metric": ["accuracy"], "value": [0.5]})


def right(share, seed, size=400):
    hard = np.random.default_rng(seed).random(size)  # sentences are as hard for all
    return np.stack([hard < share, np.ones(size)], axis=1).astype(int)


def long(tmp_path, merged, expert=(0.9, 0.9, 0.9), joint=0.8, chance=(CHANCE,)):
    """The long table as jobs read it back, of systems that are right so often, by share."""
    cases = []
    for at, share in enumerate((0.0, 0.25, 0.5)):
        systems = {"merged": merged[at], "expert": expert[at], "joint": joint}
        files = {name: {} for name in systems}
        for name, often in systems.items():
            for seed, dataset in enumerate(SETS):
                path = tmp_path / f"{name}{at}{seed}.tsv"
                metrics.write_sentences(path, {"accuracy": right(often, seed)})
                files[name][dataset] = str(path)
        cases.append({"group": f"b-{at}", "method": "linear", "share": share, "files": files})
    table = branching.compare({"metric": "accuracy", "cases": cases, "test": TEST}, chance)
    table.to_csv(tmp_path / "long.tsv", sep="\t", index=False)
    return branching.told(read_long(tmp_path / "long.tsv"))


def test_what_is_kept_is_of_the_means_and_of_what_is_above_chance(tmp_path):
    table = long(tmp_path, (0.55, 0.7, 0.85))
    rows = branching.overall(table, "linear")
    assert [row["share"] for row in rows] == [0, 0.25, 0.5]
    for row in rows:
        own = table[(table["share"] == row["share"]) & (table["dataset"] != "")]
        assert row["merged"] == pytest.approx(own["merged"].mean())
        assert row["kept"] == pytest.approx(own["merged"].mean() / own["expert"].mean())
        assert row["low"] < row["kept"] < row["high"]
        gain = (row["merged"] - 0.5) / (row["expert"] - 0.5)
        assert branching.above(row) == pytest.approx(gain)
    shown = branching.shown(table)
    assert [row.label for row in shown.rows] == ["0%", "25%", "50%"]
    assert shown.rows[0].section == "Linear" and "above 50.0" in shown.note
    figure = figures.branching(table)
    upper, lower = figure.axes
    assert len(upper.lines) == 4 and len(lower.lines) == 3  # merge, branches, joint, chance
    assert list(upper.lines[0].get_xdata()) == [0, 25, 50]


@pytest.mark.parametrize(
    ("merged", "words"),
    [
        ((0.55, 0.7, 0.85), "common training helps, surely from 25% on"),
        ((0.55, 0.56, 0.85), "common training helps, surely from 50% on"),
        ((0.55, 0.55, 0.56), "more, but the intervals overlap, so that it may be chance"),
        ((0.55, 0.55, 0.55), "common training does not help"),
        ((0.85, 0.7, 0.55), "common training makes it worse"),
    ],
)
def test_the_sentence_follows_from_the_numbers(tmp_path, merged, words):
    (said,) = findings.branching(long(tmp_path, merged))
    assert words in said and said.startswith("By Linear, a merge of branches keeps ")
    assert "the joint model " in said and "Of what is above chance" in said


def test_of_branches_that_have_not_learnt_nothing_is_said_to_be_kept(tmp_path):
    table = long(tmp_path, (0.55, 0.7, 0.85), expert=(0.9, 0.9, 0.5))
    (said,) = findings.branching(table)
    assert said.startswith("Where 50% of the training was common, the branches do not score surely")
    assert "25% of the training was common: common training helps, surely from 25% on." in said
    assert branching.above(branching.overall(table, "linear")[-1]) is None
    assert "not surely above it" in branching.shown(table).note
    (said,) = findings.branching(long(tmp_path, (0.5, 0.6, 0.7), expert=(0.5, 0.9, 0.5)))
    assert said.startswith("Where 0% and 50% of the training was common")
    assert "By Linear" not in said and "The best merge scores 68.5" in said


def test_where_chance_is_unknown_nothing_is_said_of_it(tmp_path):
    unknown = long(tmp_path, (0.5, 0.6, 0.7), chance=())
    assert branching.above(branching.overall(unknown, "linear")[0]) is None
    assert "chance" not in findings.branching(unknown)[0].replace("may be chance", "")
