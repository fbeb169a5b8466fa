"""Studies beside each other: the same systems on the same data sets, a column a study."""

import pandas as pd
import pytest

from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.studies import side_by_side, studies
from babelmerge.analysis.groups.studies_figure import figure

DATASETS = ["mood/en", "mood/de", "mood/fr"]
SYSTEMS = {
    ("base", "base", ""): 0.4,
    ("expert", "own", ""): 0.8,
    ("joint", "joint/moods", ""): 0.7,
    ("merge", "moods", "ties"): 0.6,
    ("merge", "moods", "linear"): 0.5,
}
PART = ("merge", "two", "ties")  # of two languages
CFG = {
    "studies": {"large": "Large", "small": "Small"},
    "directions": {
        "mood-xx": {
            "datasets": DATASETS,
            "metric": "accuracy",
            "whole": True,
            "lines": [list(key) for key in (*SYSTEMS, PART)],
            "lacking": [["merge", "all", "ties"], ["merge", "moods", "dare"]],
        }
    },
    "lacking": {"directions": {"topic-xx": ["topic/en", "topic/de"]}, "datasets": []},
}


def long(less=0.0, systems=SYSTEMS, counts=(30, 30, 30)):
    """The long table of a study whose scores are all lower by `less`."""
    rows = []
    for (kind, name, method), value in {**systems, PART: 0.9}.items():
        facts = {"kind": kind, "name": name, "method": method, "chosen": "", "against": ""}
        facts |= {"relation": "cluster" if name == "two" else "", "metric": "accuracy"}
        held = DATASETS[:2] if name == "two" else DATASETS
        values = {d: value - less + at / 10 for at, d in enumerate(held)}
        values |= {MEAN: sum(values.values()) / 3} if held == DATASETS else {}
        for dataset, number in values.items():
            n = dict(zip(DATASETS, counts, strict=True)).get(dataset, sum(counts))
            told = {"value": number, "low": number - 0.1, "high": number + 0.1, "n": n}
            rows.append(facts | {"dataset": dataset, "p": float("nan")} | told)
    return pd.DataFrame(rows)


def compared(large, small, cfg=CFG):
    return side_by_side({"large": {"mood-xx": large}, "small": {"mood-xx": small}}, cfg)


def cells(table):
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


@pytest.fixture
def records():
    return compared(long(), long(0.1))


def test_a_study_beside_itself_has_equal_columns():
    table = studies(compared(long(), long()), CFG)
    assert len(table.rows) == len(SYSTEMS) + 1
    assert all(row.cells[0] == row.cells[1] for row in table.rows)


def test_columns_follow_the_order_of_the_studies(records):
    turned = CFG | {"studies": dict(reversed(CFG["studies"].items()))}
    one, other = studies(records, CFG), studies(compared(long(), long(0.1), turned), turned)
    assert one.header == (("Large",), ("Small",)) and other.header == (("Small",), ("Large",))
    assert {label: found[::-1] for label, found in cells(one).items()} == cells(other)


def test_a_mean_has_its_interval_and_the_best_merge_of_all_languages_is_bold(records):
    table = studies(records, CFG)
    assert cells(table)["Base"] == ["50.0 [40.0, 60.0]", "40.0 [30.0, 50.0]"]
    bold = {row.label for row in table.rows if any(cell.best for cell in row.cells)}
    assert bold == {"TIES"}
    assert {row.section for row in table.rows} == {"Mood, Accuracy %"}
    assert cells(table)["two: TIES (2 of 3 languages)"] == ["95.0", "85.0"]


def test_what_one_lacks_is_left_out_and_said(records):
    fewer = {key: value for key, value in SYSTEMS.items() if key[1] != "joint/moods"}
    table = studies(compared(long(), long(systems=fewer)), CFG)
    assert set(cells(studies(records, CFG))) - set(cells(table)) == {"Joint moods"}
    assert "Topic; of Mood, Accuracy %: Joint moods, all and moods: DARE." in table.note


def test_data_sets_of_other_rows_are_left_out_of_means_which_then_have_no_interval():
    table = studies(compared(long(), long(counts=(30, 30, 20))), CFG)
    assert cells(table)["Base (2 of 3 languages)"] == ["45.0", "45.0"]
    assert "French of mood" in table.note
    assert not any(cell.best for row in table.rows for cell in row.cells)


def test_without_all_languages_of_each_study_means_have_no_interval():
    facts = CFG["directions"]["mood-xx"] | {"datasets": DATASETS[:2], "whole": False}
    table = studies(compared(long(), long(), CFG | {"directions": {"mood-xx": facts}}), CFG)
    assert cells(table)["Base (2 of 3 languages)"] == ["45.0", "45.0"]


def test_the_records_are_the_numbers_behind_the_table(records):
    own = records[(records["kind"] == "base") & (records["study"] == "small")]
    assert list(own["dataset"]) == [*DATASETS, MEAN]
    assert own["value"].iloc[-1] == pytest.approx(own["value"].iloc[:-1].mean())


def test_nothing_in_common_is_no_table():
    assert studies(compared(long()[:0], long()), CFG) is None
    assert figure(compared(long()[:0], long()), CFG).axes


def test_the_figure_has_a_row_a_system_and_a_mark_a_study(records):
    drawn = figure(records, CFG)
    (axes,) = drawn.axes
    named = [text.get_text() for text in axes.get_yticklabels()]
    assert len(named) == len(SYSTEMS) + 1 and named[-1] == "two: TIES (2 of 3 languages)"
    marks = [line for line in axes.lines if line.get_marker() in ("o", "s")]
    assert len(marks) == 2 * (len(SYSTEMS) + 1)
    assert [text.get_text() for text in drawn.legends[0].get_texts()] == ["Large", "Small"]
