"""The table of benchmarks: systems against tasks, means, variation, and languages that lack."""

import pandas as pd
import pytest

from babelmerge.analysis.benchmarks.tables import benchmarks
from babelmerge.analysis.groups.comparing import MEAN

SHOWN = {
    "blimp": {"datasets": ["blimp/en", "blimp/de"], "metric": "accuracy"},
    "read": {"datasets": ["read/en", "read/de", "read/fr"], "metric": "accuracy"},
}
SYSTEMS = {("base", "base", ""): 0.5, ("expert", "own", ""): 0.8, ("merge", "all", "linear"): 0.6}


def long(datasets, systems=SYSTEMS):
    rows = []
    for (kind, name, method), value in systems.items():
        facts = {"kind": kind, "name": name, "method": method, "relation": "", "chosen": ""}
        numbers = {"metric": "accuracy", "against": "", "p": float("nan")}
        for at, dataset in enumerate(datasets):
            told = {"value": value + at / 10, "low": 0.0, "high": 1.0}
            rows.append(facts | numbers | {"dataset": dataset} | told)
        mean = value + (len(datasets) - 1) / 20
        told = {"value": mean, "low": mean - 0.1, "high": mean + 0.1}
        rows.append(facts | numbers | {"dataset": MEAN} | told)
    return pd.DataFrame(rows)


@pytest.fixture
def tables():
    return {name: long(facts["datasets"]) for name, facts in SHOWN.items()}


def cells(table):
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


def test_a_system_has_its_mean_and_variation_in_each_task(tables):
    found = benchmarks(tables, SHOWN)
    assert cells(found)["Base"][:2] == ["55.0 [45.0, 65.0]", "12.86"]
    assert [len(row.cells) for row in found.rows] == [4, 4, 4]
    assert "Blimp: en, de; Read: en, de, fr." in found.note
    best = [[cell.best for cell in row.cells[::2]] for row in found.rows]
    assert best == [[False, False], [True, True], [False, False]], "one merge is no choice"


def test_experts_of_languages_and_of_pairs_are_each_on_their_own_test_set(tables):
    pair = {"datasets": ["flores/en-de"], "metric": "accuracy"}
    found = benchmarks({**tables, "flores": long(pair["datasets"])}, SHOWN | {"flores": pair})
    assert found.rows[1].label == "Experts (each on its own test set)"
    assert benchmarks(tables, SHOWN).rows[1].label == "Experts (each on its own language)"


def test_a_language_that_lacks_is_named_and_the_mean_is_over_the_others(tables):
    own = tables["read"]
    gone = (own["kind"] == "expert") & own["dataset"].isin(["read/fr", MEAN])
    found = benchmarks({**tables, "read": own[~gone]}, SHOWN)
    row = next(row for row in found.rows if row.label.startswith("Experts"))
    assert row.cells[2].text == "85.0 (without fr)" and not row.cells[2].best
    told = found.frame[(found.frame["kind"] == "expert") & (found.frame["task"] == "read")]
    assert told["languages"].item() == "en de" and told["missing"].item() == "fr"


def test_a_task_that_a_system_is_not_tested_on_is_empty_and_nothing_has_no_table(tables):
    some = {**SYSTEMS, ("joint", "joint/all", ""): 0.7}
    found = benchmarks({**tables, "blimp": long(SHOWN["blimp"]["datasets"], some)}, SHOWN)
    assert [texts for label, texts in cells(found).items() if "oint" in label][0][2:] == ["–", "–"]
    assert benchmarks({name: table[:0] for name, table in tables.items()}, SHOWN) is None
