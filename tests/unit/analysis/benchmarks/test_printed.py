"""Published means beside ours: as printed, else of what is printed by language."""

import pandas as pd
import pytest
from made_up_report import Named, run_script
from places import ROOT

from babelmerge.analysis.benchmarks.tables import benchmarks
from babelmerge.analysis.groups.comparing import MEAN
from babelmerge.files.long_tables import read_long

LANGUAGES = ["en", "fr", "de", "ar", "it", "nl", "ru", "es", "tr"]
METRIC = "accuracy_tokens"
FAMILIES = {"families": {"all": "all"}, "metric": METRIC}
SHOWN = {
    "multiblimp": {"datasets": [f"multiblimp/{code}" for code in LANGUAGES], **FAMILIES},
    "hellaswag": {"datasets": [f"hellaswag/{c}" for c in LANGUAGES if c != "tr"], **FAMILIES},
    "hellaswag-tr": {"datasets": ["hellaswag-tr/tr"], **FAMILIES},
}
SYSTEMS = [
    ("base", "base", ""),
    ("expert", "own", ""),
    ("joint", "joint/mixed", ""),
    ("baseline", "baselines/gemma-2-2b", ""),
    ("merge", "all", "ties"),
]


@pytest.fixture(scope="module")
def published():
    return read_long(ROOT / "resources/published/pretraining.tsv")


def long(datasets):
    facts = {"metric": METRIC, "relation": "", "chosen": "", "against": "", "p": float("nan")}
    rows = [
        dict(zip(("kind", "name", "method"), system, strict=True))
        | {**facts, "dataset": dataset, "value": 0.5, "low": 0.4, "high": 0.6}
        for system in SYSTEMS
        for dataset in (*datasets, *([MEAN] if len(datasets) > 1 else []))
    ]
    return pd.DataFrame(rows)


def asides(published):
    tables = {name: long(facts["datasets"]) for name, facts in SHOWN.items()}
    found = benchmarks(tables, SHOWN, published)
    return [[cell.aside for cell in row.cells] for row in found.rows], found.note


def test_printed_means_and_variation_stand_beside_ours(published):
    rows, note = asides(published)
    assert rows[0] == [""] * 6, "nothing is printed of the base"
    # arXiv:2605.25846, Table 1; of Turkish alone its Table 4.
    assert rows[1] == ["98.7", "0.78", "48.6", "14.30", "45.5", ""]
    assert rows[2] == ["97.6", "1.39", "37.5", "17.97", "40.0", ""]
    assert rows[3] == ["94.8", "3.46", "52.2", "17.45", "45.9", ""]
    assert rows[4] == ["60.0", "10.79", "25.3", "6.02", "26.3", ""]
    assert "(arXiv:2605.25846)" in note and "HellaSwag: with Turkish." in note
    assert "Where no mean is printed" in note


def test_without_a_printed_mean_it_is_that_of_the_printed_values(published):
    alone = published[~published["dataset"].isin(["multiblimp/xx", "hellaswag/xx"])]
    rows, note = asides(alone)
    # Of Table 2, rounded itself; Table 1 has them to the last digit.
    assert [row[0] for row in rows[1:]] == ["98.7", "97.6", "94.8", "60.0"]
    assert [float(row[1]) for row in rows[1:]] == pytest.approx([0.78, 1.39, 3.46, 10.79], abs=0.03)
    assert "with Turkish" not in note
    some = alone[alone["dataset"] != "multiblimp/tr"]
    assert [row[0] for row in asides(some)[0]] == [""] * 5, "nor where a language lacks"


def test_a_study_without_published_values_has_none_beside():
    rows, note = asides(None)
    assert {text for row in rows for text in row} == {""} and "parentheses" not in note


def test_the_script_sets_published_values_beside_where_there_are_any(tmp_path, monkeypatch):
    groups = []
    for name, facts in SHOWN.items():
        groups.append(str(tmp_path / f"{name}.tsv"))
        long(facts["datasets"]).to_csv(groups[-1], sep="\t", index=False)
    made = [str(tmp_path / "benchmarks.tsv")]
    for published, told in (
        ([], False),
        ([str(ROOT / "resources/published/pretraining.tsv")], True),
    ):
        files = Named(groups=groups, published=published)
        run_script("table_benchmarks", tmp_path, monkeypatch, files, made, SHOWN)
        assert ("(98.7)" in (tmp_path / "benchmarks.md").read_text()) == told
