"""Which chapters a plan has, in which order, and what they are made from."""

import dataclasses

import pytest
from small_studies import shipped

from babelmerge.study.graph import report, score_chapters, scores

ALL = [id_ for id_ in report.CHAPTERS if id_ not in ("inspected", "forgetting", "progress")]


@pytest.fixture(scope="module")
def plan():
    return shipped("translation-mini")


def test_a_study_of_everything_has_every_chapter_but_three(plan):
    assert list(report.chapters_of(plan)) == ALL
    assert report.inputs(plan)[2] == "results/translation-mini/chapters/experts.html"
    settings = report.settings(plan)
    assert settings["chapters"][0] == ["question", "The question"]
    assert settings["name"] == "translation-mini" and settings["title"] == plan.title


def test_chapters_that_do_not_apply_are_not_made(plan):
    alone = dataclasses.replace(plan, analysis={"split": "dev"})
    assert list(report.chapters_of(alone)) == [
        "question", "setup", "experts", "merges", "ablations", "cost", "failures", "outputs",
        "reproducibility",
    ]  # fmt: skip
    models = {id_: model for id_, model in plan.models.items() if model.kind != "merge"}
    unmerged = dataclasses.replace(alone, models=models, merges={}, groups={}, families={})
    assert list(report.chapters_of(unmerged)) == [
        "question", "setup", "experts", "outputs", "reproducibility"
    ]  # fmt: skip


@pytest.mark.parametrize("name", ["translation", "adapters", "pretraining", "inspect"])
def test_files_and_keys_of_every_chapter_agree(name):
    plan = shipped(name)
    asked = {}
    for id_ in report.chapters_of(plan):
        chapter = report.CHAPTERS[id_][1](plan)
        inputs, settings = chapter.inputs(), chapter.settings({})
        for kind in ("long", "figures", "tables"):
            assert len(inputs[kind]) == len(settings[kind]), (id_, kind)
            keys = [tuple(key) for key in settings[kind]]
            assert len(keys) == len(set(keys))
        for path in (*inputs["figures"], *inputs["tables"]):
            assert asked.setdefault(path, id_) == id_, f"{path} is shown twice"


def test_study_facts_are_those_that_the_file_has(plan):
    told = report.setup(plan).settings({"languages": ["en"], "seed": 0, "selection": None})
    assert told["study"]["languages"] == ["en"] and told["study"]["seed"] == 0
    assert "selection" not in told["study"]
    whole = report.reproducibility(plan).settings({"configuration": {"title": "x"}})
    assert whole["study"]["configuration"] == {"title": "x"}


def test_one_table_for_a_family_of_one_group_else_one_a_metric(plan):
    shown = [key[1] for key in score_chapters.merges(plan).tables if key[0] == "scores"]
    families = ["many-to-one", "one-to-many", "bidirectional-bleu", "bidirectional-chrf"]
    assert shown == [*families, "many-to-one-modern"]
    off = [key for key in score_chapters.failures(plan).tables if key[0] == "rates"]
    assert [name for _, name in off] == [f"{family}-off_target" for family in plan.families]
    assert scores.score_table(plan, "bidirectional-off_target")["metrics"] == ["off_target"]
