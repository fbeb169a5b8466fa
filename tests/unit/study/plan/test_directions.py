"""Directions and owners, on small studies and on the three at their papers' scale."""

import pytest
from small_studies import changed, made, shipped

from babelmerge.study.graph import report, scores
from babelmerge.study.graph.beside import retention

TASKS = ("sentiment", "reasoning", "summarization")
LANGUAGES = ("en", "de", "fr", "ja", "zh")


def test_pairs_go_into_the_pivot_or_out_of_it():
    plan = shipped("translation")
    others = ("hi", "bn", "ta", "te")
    assert list(plan.directions) == ["en-xx", "xx-en"]
    assert plan.directions["en-xx"].datasets == {f"translation/en-{c}": c for c in others}
    assert plan.directions["xx-en"].datasets == {f"translation/{c}-en": c for c in others}
    for dataset in plan.datasets:
        assert plan.owners[dataset] == f"experts/{dataset.split('/')[1]}"


def test_pairs_without_the_pivot_go_by_their_target():
    text = changed("pairs: both-directions", "pairs: [hi-en, en-hi, hi-bn, en-bn]")
    plan = made(text.replace("[hi-en, bn-en]", "[hi-en, hi-bn]"))
    assert {d.id: list(d.datasets.values()) for d in plan.directions.values()} == {
        "xx-en": ["hi"],
        "en-xx": ["hi", "bn"],
        "xx-bn": ["hi"],
    }


def test_each_task_of_the_adapters_study_is_a_direction_in_its_own_metric():
    """In one matrix of BLEU they once were: a study without pairs, and without BLEU."""
    plan = shipped("adapters")
    assert list(plan.directions) == [f"{task}-xx" for task in TASKS]
    for task in TASKS:
        found = plan.directions[f"{task}-xx"]
        assert found.datasets == {f"{task}/{code}": code for code in LANGUAGES}
        for code in LANGUAGES:
            assert plan.owners[f"{task}/{code}"] == f"experts/{task}-{code}"
    matrices = scores.matrices(plan)
    assert {name: shown["metric"] for name, shown in matrices.items()} == {
        "sentiment-xx": "f1",
        "reasoning-xx": "accuracy",
        "summarization-xx": "rouge1",
    }
    assert retention.figures(plan)["multitask-all-rouge1"]["groups"] == ["multitask-all"]
    assert set(retention.tables(plan)) == {"-f1", "-accuracy", "-rouge1"}


def test_an_updated_expert_owns_the_data_of_its_group_and_no_other():
    plan = shipped("adapters")
    members = plan.groups["sentiment-updated"].members
    assert plan.owner("sentiment/en", members) == "experts/sentiment-en-updated"
    assert plan.owner("sentiment/en") == "experts/sentiment-en"
    each = plan.groups["multitask-each"].members
    assert plan.owner("reasoning/ja", each) == "merges/reasoning/ties-0.5"


def test_each_benchmark_of_the_pretraining_study_is_a_direction():
    plan = shipped("pretraining")
    assert list(plan.directions) == [
        *("multiblimp-xx", "belebele-xx", "hellaswag-xx", "hellaswag-tr-xx", "xcsqa-xx"),
        *("flores-xx-en", "flores-en-xx", "english-xx"),
    ]
    assert len(plan.directions["multiblimp-xx"].datasets) == 9  # has no Chinese
    assert (
        plan.owners["belebele/tr"] == "experts/tr" and plan.owners["flores/en-tr"] == "experts/tr"
    )
    matrices = scores.matrices(plan)
    assert matrices["multiblimp-xx"]["metric"] == "accuracy_tokens"
    assert matrices["flores-en-xx"]["metric"] == "chrf++"


@pytest.mark.parametrize(
    "name", ["adapters", "pretraining", "pretraining-mini", "translation", "inspect"]
)
def test_whatever_is_shown_together_has_one_metric(name):
    plan = shipped(name)
    for shown in scores.matrices(plan).values():
        assert all(shown["metric"] in plan.datasets[d].metrics for d in shown["datasets"])
    for shown in scores.tables(plan).values():
        for metric in shown["metrics"]:
            sets = [d for datasets in shown["groups"].values() for d in datasets]
            assert sets and all(metric in plan.datasets[d].metrics for d in sets)
    chapters = [make(plan) for _, make in report.CHAPTERS.values()]
    for made_of in (chapter for chapter in chapters if chapter):
        names = [*made_of.figures.values(), *made_of.tables.values()]
        assert len(names) == len(set(names))
