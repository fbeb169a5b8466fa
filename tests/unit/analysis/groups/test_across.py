"""Merges across tasks: systems against tasks, and their mean."""

import pandas as pd
import pytest

from babelmerge.analysis.groups.across import across_tasks
from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.analysis.groups.lines import SECTIONS

SHOWN = {
    task: {
        "datasets": [f"{task}/en", f"{task}/de"],
        "metric": "accuracy",
        "joint": f"joint/{task}",
        "chosen_on": "dev",
    }
    for task in ("mood", "topic")
}


def long(task, less):
    systems = {
        ("base", "base", "", ""): 0.4,
        ("expert", "own", "", ""): 0.9,
        ("joint", f"joint/{task}", "", ""): 0.8,
        ("merge", task, "", "ties"): 0.7,
        ("merge", task, "", "linear"): 0.75,
        ("merge", "all", "tasks", "ties"): 0.5,
        ("merge", "each", "tasks", "ties"): 0.6,
        ("merge", "two", "cluster", "ties"): 0.99,
    }
    rows = []
    for (kind, name, relation, method), value in systems.items():
        facts = {"kind": kind, "name": name, "relation": relation, "method": method}
        facts |= {"chosen": "yes" if method == "linear" else "", "metric": "accuracy"}
        told = {"value": value - less, "low": value - 0.1, "high": value, "p": float("nan")}
        rows += [facts | {"dataset": d, "against": ""} | told for d in (f"{task}/en", MEAN)]
    return pd.DataFrame(rows)


@pytest.fixture
def tables():
    return {"mood": long("mood", 0.0), "topic": long("topic", 0.1)}


def test_rows_are_systems_and_columns_are_tasks_and_their_mean(tables):
    table = across_tasks(tables, SHOWN)
    rows = [(row.section, row.label, row.cells[-1].text) for row in table.rows]
    assert rows == [
        ("", "Base", "35.0"),
        ("", "Experts (each on its own language)", "85.0"),
        ("", "Joint model of each task", "75.0"),
        ("Each task merged by itself", "TIES", "65.0"),
        ("Each task merged by itself", "The best merge of each task", "70.0"),
        (SECTIONS["tasks"], "all: TIES", "45.0"),
        (SECTIONS["tasks"], "each: TIES", "55.0"),
    ]
    assert table.header == (("Mood, Accuracy %",), ("Topic, Accuracy %",), ("Mean of tasks",))
    assert table.rows[-1].cells[0].text == "60.0 [50.0, 60.0]"
    assert "mean on dev" in table.note


def test_bold_is_the_best_of_what_was_trained_and_of_what_was_merged(tables):
    table = across_tasks(tables, SHOWN)
    bold = {row.label for row in table.rows if all(cell.best for cell in row.cells)}
    assert bold == {"Experts (each on its own language)", "The best merge of each task"}


def test_a_task_that_a_merge_lacks_is_empty_and_so_is_its_mean(tables):
    some = tables["topic"]
    table = across_tasks({**tables, "topic": some[some["name"] != "all"]}, SHOWN)
    row = next(row for row in table.rows if row.label == "all: TIES")
    assert [cell.text for cell in row.cells] == ["50.0 [40.0, 50.0]", "–", "–"]


def test_without_merges_across_tasks_there_is_no_table(tables):
    alone = {name: table[table["relation"] != "tasks"] for name, table in tables.items()}
    assert across_tasks(alone, SHOWN) is None
