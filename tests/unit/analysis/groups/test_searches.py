"""The table of searches: both halves of dev and test, each beside the best of the grid."""

import made_up_study
import numpy as np
import pandas as pd
import pytest

from babelmerge.analysis.groups import searches
from babelmerge.evaluation import metrics
from babelmerge.evaluation.sweeps import searched
from babelmerge.files.long_tables import read_long

TEST = {"resamples": 200, "confidence": 0.95, "seed": 0}
SETS = ["sentiment/hi", "sentiment/bn"]


@pytest.fixture
def case(tmp_path):
    """A search whose merge is right in 15 of 20 sentences, where the grid's is in 10."""
    made_up_study.search(SETS).to_csv(tmp_path / "search.tsv", sep="\t", index=False)
    files = {}
    for name in SETS:
        for side, right in (("search", 15), ("grid", 10)):
            path = tmp_path / f"{side}-{name.replace('/', '-')}.tsv"
            hits = np.array([[int(n < right), 1] for n in range(20)])
            metrics.write_sentences(path, {"accuracy": hits})
            files.setdefault(name, {})[side] = str(path)
    return {
        **{"group": "all", "method": "ties-search", "by": "module", "metric": "accuracy"},
        **{"search": str(tmp_path / "search.tsv"), "files": files},
    }


def test_a_row_has_both_merges_on_both_halves_and_on_test(case):
    (row,) = searches.rows([case], TEST)
    table = made_up_study.search(SETS)
    best = table[table["selected"]].iloc[0]
    assert (row["seen_grid"], row["seen"]) == (table["mean"][0], best["mean"])
    assert (row["held_grid"], row["held"]) == (table["held"][0], best["held"])
    tried = table.loc[table["mean"].idxmax()]
    assert (row["seen_tried"], row["held_tried"]) == (tried["mean"], tried["held"])
    assert row["seen_tried"] == table["mean"].max()
    assert (row["test_grid"], row["test"]) == (0.5, 0.75)
    assert row["difference"] == 0.25 and 0 < row["low"] < 0.25 < row["high"]
    shown = searches.table(pd.DataFrame([row]), "dev")
    (line,) = shown.rows
    assert line.label == "all: TIES, searched" and line.cells[0].text == "module"
    assert line.cells[-1].text.startswith("+25.0 [") and line.cells[-2].text == "75.0"


def test_merges_that_are_not_tested_are_told_of_by_dev_alone(case):
    rows = list(searches.rows([case | {"files": {}}, case], TEST))
    shown = searches.table(pd.DataFrame(rows), "dev")
    alone, both = shown.rows
    assert alone.cells[-1].text != both.cells[-1].text and alone.cells[:8] == both.cells[:8]
    only = searches.table(pd.DataFrame(rows[:1]), "dev").rows[0]
    assert [cell.text for cell in only.cells[:8]] == [cell.text for cell in alone.cells[:8]]
    assert [name for _, name in shown.header][2:] == [
        *("Best of the grid", "Best tried", "Selected") * 2,
        *("Best of the grid", "Selected", "Difference"),
    ]
    assert searches.table(pd.DataFrame([]), "dev") is None


def test_what_is_overfitted_is_said(case):
    table = made_up_study.search(SETS)
    seen, held = searched.gains(table, searched.highest(table))
    assert held == pytest.approx(seen / 5)
    read = read_long(case["search"])  # as a chapter does
    told = " ".join(searched.sentences([read, table], "chrf", "dev"))
    assert "2 searches" in told and "40 points" in told and "80% is overfitting" in told
    assert searched.sentences([], "bleu", "dev") == []
    table["selected"] = table.index == 0  # what is selected hides nothing of it
    told = searched.sentences([table], "chrf", "dev")
    assert "80% is overfitting" in told[1] and told[2].count("0.00 on the ") == 2
    assert "In 1 of 1" in told[-1]
