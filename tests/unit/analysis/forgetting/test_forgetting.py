"""Forgetting: every model against the base on the same items, in rows, a table and a sentence."""

import json

import numpy as np
import pandas as pd
import pytest

from babelmerge.analysis.forgetting import chapter, findings, rows, tables
from babelmerge.display.chapters import Parts
from babelmerge.evaluation import statistics
from babelmerge.evaluation.harness import scoring
from babelmerge.files.long_tables import read_long

ITEMS = 200
CHANCES = {"base": 0.6, "experts/hi": 0.35, "experts/bn": 0.45, "merges/all/ties": 0.6}
KINDS = {"base": "base", "experts/hi": "expert", "experts/bn": "expert", "merges/all/ties": "merge"}


def answered(model, task):
    """The base's answers, some of them changed, so that models err on the same items."""
    generator = np.random.default_rng(len(task))
    base, draws = generator.random((2, ITEMS))
    right = base < CHANCES["base"]
    return np.where(draws < CHANCES[model] / CHANCES["base"], right, False).astype(float)


def case(folder, model, task, values=None, **changes):
    values = answered(model, task) if values is None else values
    items = pd.DataFrame({"task": task, "id": range(len(values)), "acc": values})
    stem = folder / f"{model.replace('/', '-')}-{task}"
    scoring.write_items(f"{stem}.tsv", items)
    told = {"value": float(np.mean(values)), "share": True, "higher_is_better": True}
    score = {"acc": told | changes, "acc_norm": {**told, "value": 0.5}}
    with open(f"{stem}.json", "w", encoding="utf-8") as stream:
        json.dump({"metrics": score}, stream)
    group, method = model.split("/")[1:] if model.startswith("merges") else ("", "")
    expert = model.split("/")[1] if KINDS[model] == "expert" else ""
    facts = {"model": model, "kind": KINDS[model], "expert": expert}
    facts |= {"group": group, "method": method, "dataset": f"more/{task}"}
    return {**facts, "scores": f"{stem}.json", "items": f"{stem}.tsv"}


@pytest.fixture
def compared(tmp_path):
    cases = [case(tmp_path, model, task) for model in CHANCES for task in ("arc", "piqa")]
    table = pd.DataFrame(rows.compare(cases, resamples=300), columns=list(rows.COLUMNS))
    table.to_csv(tmp_path / "long.tsv", sep="\t", index=False)
    return read_long(tmp_path / "long.tsv")


def row(table, **wanted):
    for name, value in wanted.items():
        table = table[table[name] == value]
    assert len(table) == 1
    return table.iloc[0]


def test_a_difference_is_that_of_the_paired_test(compared):
    found = row(compared, model="experts/hi", dataset="more/arc")
    pair = answered("experts/hi", "arc"), answered("base", "arc")
    told = statistics.paired_bootstrap(*pair, resamples=300)
    assert found["difference"] == pytest.approx(told.difference)
    assert (found["low"], found["high"], found["p"]) == pytest.approx(
        (told.difference_low, told.difference_high, told.p)
    )
    base = row(compared, model="base", dataset="more/arc")
    assert base["difference"] == 0 and np.isnan(base["p"])


def test_means_are_over_tasks_and_then_over_models(compared):
    own = [row(compared, model=m, dataset="") for m in ("experts/hi", "experts/bn")]
    kind = row(compared, model="", kind="expert")
    assert kind["difference"] == pytest.approx(np.mean([one["difference"] for one in own]))
    assert own[0]["value"] == pytest.approx(
        np.mean([answered("experts/hi", task).mean() for task in ("arc", "piqa")])
    )
    for one in (*own, kind):
        assert one["low"] < one["difference"] < one["high"] < 0


def test_the_sentence_says_who_loses_and_what_may_be_chance(compared):
    told = findings.forgetting({"more": compared})
    assert len(told) == 1
    assert told[0].startswith("Beside the study's own tasks (more: arc and piqa) the base scores ")
    assert ". Against it: 2 experts lose " in told[0] and " points on average [−" in told[0]
    assert "1 merge differs by 0.0 points [0.0, 0.0], which may be chance." in told[0]


def test_the_table_has_a_row_a_model_and_marks_what_differs(compared):
    table = tables.forgetting(compared, "more")
    assert table.header == (
        ("arc", "acc %"),
        ("piqa", "acc %"),
        ("Mean", "%"),
        ("Against base", "points"),
    )
    labels = [(one.section, one.label) for one in table.rows]
    assert labels == [
        ("", "Base"), ("Experts", "Expert Hindi"), ("Experts", "Expert Bengali"),
        ("Merged models", "all: TIES"),
    ]  # fmt: skip
    assert table.rows[1].cells[0].text.endswith("*") and "[" in table.rows[1].cells[3].text
    assert not table.rows[3].cells[0].text.endswith("*")


def test_what_is_no_share_is_shown_and_left_out_of_means(tmp_path):
    cases = [case(tmp_path, m, "arc", higher_is_better=False) for m in ("base", "experts/hi")]
    cases += [case(tmp_path, m, "piqa") for m in ("base", "experts/hi")]
    table = pd.DataFrame(rows.compare(cases))
    mean = row(table, model="experts/hi", dataset="")
    assert mean["n"] == ITEMS
    assert mean["difference"] == row(table, model="experts/hi", dataset="more/piqa")["difference"]
    assert tables.forgetting(table, "more").header[0] == ("arc", "acc")
    alone = pd.DataFrame(rows.compare(cases[:2]))
    assert findings.forgetting({"more": alone}) == [
        "Of more no task has a score of which a mean could be told."
    ]
    assert len(tables.forgetting(alone, "more").header) == 1


def test_a_study_may_prefer_a_metric(tmp_path):
    cases = [case(tmp_path, "base", "arc")]
    assert rows.compare(cases, ["nope", "acc_norm"])[0]["metric"] == "acc_norm"
    assert rows.compare(cases, ["nope"])[0]["metric"] == "acc"


def test_models_are_compared_on_the_same_items_only(tmp_path):
    cases = [case(tmp_path, "base", "arc"), case(tmp_path, "experts/hi", "arc", np.ones(50))]
    with pytest.raises(ValueError, match="more/arc: experts/hi was run on other items"):
        rows.compare(cases)


def test_the_chapter_has_sentence_and_table(compared):
    parts = Parts(long={("forgetting", "more"): compared}, tables={("forgetting", "more"): "<b/>"})
    assert "Against it: 2 experts lose" in chapter.forgetting(parts)
    assert chapter.forgetting(parts).endswith("<b/>")
