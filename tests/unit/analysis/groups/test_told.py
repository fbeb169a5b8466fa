"""From sentence files of the adapters study, made up, to tables, figure and sentences."""

import numpy as np
import pandas as pd
import pytest
from places import ROOT
from small_studies import shipped

from babelmerge.analysis.groups import chapter, comparing, figures, findings, tables
from babelmerge.analysis.groups.lines import SECTIONS
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.evaluation import metrics
from babelmerge.files.long_tables import read_long
from babelmerge.study.grammar.methods import PRESETS
from babelmerge.study.graph import ablations, groups

DIRECTION = "sentiment-xx"
SHARES = {"base": 0.3, "own": 0.8, "sentiment-updated": 0.9, "multitask-all": 0.4}


@pytest.fixture(scope="module")
def plan():
    return shipped("adapters")


@pytest.fixture(scope="module")
def long(plan, tmp_path_factory):
    """The long table, as jobs read it, of answers that are right as often as SHARES says."""
    folder = tmp_path_factory.mktemp("sentences")
    cfg = groups.settings(plan, DIRECTION) | {"metrics": ["accuracy"], "metric": "accuracy"}
    for at, line in enumerate(cfg["lines"]):
        for number, dataset in enumerate(line["files"]):
            random = np.random.default_rng([7, number]).random(200)  # sentences are as hard for all
            right = random < SHARES.get(line["name"], 0.7 - 0.01 * at)
            table = {"accuracy": np.stack([right, np.ones(200)], axis=1).astype(int)}
            line["files"][dataset] = str(folder / f"{at}.{number}.tsv")
            metrics.write_sentences(line["files"][dataset], table)
    path = folder / "groups.tsv"
    cfg["test"] = {"resamples": 100, "confidence": 0.95, "seed": 0}
    comparing.compare(cfg, []).to_csv(path, sep="\t", index=False)
    return read_long(path)


@pytest.fixture(scope="module")
def cfg(plan):
    return groups.shown(plan, DIRECTION) | {"metric": "accuracy"}


def texts(table: Table) -> dict[str, list[str]]:
    return {row.label: [cell.text for cell in row.cells] for row in table.rows}


def test_groups_stand_below_the_best_merge_and_are_empty_where_they_hold_nothing(long, cfg):
    table = tables.ablations(long, cfg)
    rows = texts(table)
    assert [name for (name,) in table.header][:-1] == [
        *("English", "German", "French", "Japanese", "Chinese", "Mean")
    ]
    best = "ties-1.0 (best on test)"
    assert best in rows and "by its mean on test" in table.note
    asian = rows["sentiment-asian: ties-0.5"]
    assert asian[:3] == ["–"] * 3 and asian[5] == "–" and "–" not in asian[3] + asian[4]
    assert rows["ties-0.5"][-1] == "–"
    assert rows["sentiment-updated: ties-0.5"][-1].startswith("+")
    assert rows["multitask-all: ties-0.5"][-1].startswith("−")
    assert rows["multitask-all: ties-0.5"][0].endswith("*")
    sections = {row.label: row.section for row in table.rows}
    assert sections["sentiment-updated: ties-0.5"] == SECTIONS["update"]
    assert sections["Joint sentiment"] == ""


def test_differences_are_between_the_means_over_what_both_have(long, cfg):
    part = long[(long["name"] == "sentiment-asian") & (long["against"] == "main")]
    whole = part[part["dataset"] == ""]["value"].item()
    assert whole == pytest.approx(part[part["dataset"] != ""]["value"].mean())


def test_means_have_a_difference_to_experts_and_joint_model(long, cfg):
    table = tables.means(long, cfg)
    assert table.header == (
        ("Mean", "Accuracy %"),
        ("Difference, Accuracy %", "To the experts"),
        ("Difference, Accuracy %", "To the joint model"),
    )
    rows = texts(table)
    assert rows["Base"][1:] == ["–", "–"] and rows["ties-1.0 (best on test)"][1].startswith("−")
    assert "sentiment-asian: ties-0.5" not in rows  # it has two of five languages


def test_one_merge_alone_is_not_the_best_of_any(long, cfg):
    main = (long["kind"] == "merge") & (long["relation"] == "")
    table = tables.means(long[~main | (long["method"] == "ties-1.0")], cfg)
    assert "ties-1.0" in texts(table) and "chosen" not in table.note


def test_of_each_method_the_better_setting_is_shown(long, cfg):
    rows = texts(tables.best(long, cfg))
    assert "ties-1.0 (best on test)" in rows and "ties-0.5" not in rows
    assert "dare-ties-knots-1.0" in rows and "dare-ties-1.0" in rows
    one = long[~long["method"].str.endswith(("-0.5", "-sum"))]
    assert tables.best(one, cfg) is None  # one setting each: the table of scores has it


def test_published_values_stand_beside_ours(long, cfg):
    published = read_long(ROOT / "resources/published/adapters.tsv")
    f1 = long.assign(metric="f1")
    table = tables.ablations(f1, cfg | {"metric": "f1"}, published)
    asides = {row.label: [cell.aside for cell in row.cells] for row in table.rows}
    assert asides["Experts (each on its own language)"][:2] == ["79.1", "75.5"]
    assert asides["Joint sentiment"][:6] == ["75.9", "79.1", "75.6", "76.8", "67.5", "75.0"]
    assert asides["sentiment-updated: ties-0.5"][0] == "68.4"
    assert asides["multitask-all: ties-0.5"][5] == "60.0"
    assert "2601.16127" in table.note


def test_sentences_say_what_a_group_changes_and_what_is_sure(long, plan):
    facts = ablations.chapter(plan).study
    told = facts["changes"][DIRECTION]
    rows = {"sentiment/en": 5000.0, "more-sentiment/en": 5000.0}
    datasets = facts["directions"][DIRECTION]
    said = list(findings.changes(long, told, datasets, "accuracy", rows))
    assert len(said) == 6
    assert said[0].startswith("sentiment-modern: the same experts by other methods.")
    assert "trained on 10,000 rows instead of 5,000" in said[1]
    assert "On English, whose expert is another, by +" in said[1]
    assert "15 experts of several tasks at once" in said[4]
    assert "3 merges merged again, across tasks" in said[5]
    assert not any("pair" in sentence or "direction" in sentence for sentence in said)


@pytest.mark.parametrize("over", [-1, 0, 1, 6, 60])
def test_a_table_of_groups_is_folded_once_and_only_where_it_is_long(long, plan, over):
    facts = ablations.chapter(plan).study
    study = {**facts, "metrics": {**facts["metrics"], DIRECTION: "accuracy"}}
    rows = tuple(Row("", f"row {at}", (Cell("1"),)) for at in range(page.MOST_ROWS + over))
    box = page.table_box(Table("Of groups", (("x",),), rows, pd.DataFrame()))
    key = ("groups", DIRECTION)
    parts = Parts(study, {key: long}, {}, {("ablations", DIRECTION): box})
    told = chapter.ablations(parts)
    before = told[: told.index("<table>")]
    assert before.count("<details>") - before.count("</details>") == (over > 0)
    assert told.count("<details>") == told.count("</details>") == 2 * (over > 0)
    assert "sentiment-modern: the same experts by other methods." in told


def test_the_figure_has_a_bar_for_each_model_of_all_languages(long, cfg):
    figure = figures.overall(long, cfg)
    (axes,) = figure.axes
    names = [text.get_text() for text in axes.get_yticklabels()]
    assert names[:3] == ["Base", "Experts", "Joint sentiment"]
    assert len(axes.patches) == len(names) == 3 + 12 + len(PRESETS["modern-adapters"]) + 3
