"""Which interventions a plan has: names, files, settings."""

import dataclasses

import pytest
from places import ROOT, STUDIES
from small_studies import miniature

from babelmerge.study.grammar import study as grammar
from babelmerge.study.grammar.yaml import Tree, load_tree
from babelmerge.study.graph import interventions, represent
from babelmerge.study.plan import expand as planning

PLACES = ("last", "first", "middle")


def looked_into(plan):
    """Groups whose merges are written."""
    return [group for group in plan.groups.values() if not group.live]


def files_of(plan):
    return [*interventions.block_files(plan), *interventions.neuron_files(plan)]


@pytest.fixture(scope="module")
def plan():
    return miniature()


def test_files_and_figures_of_the_miniature_study(plan):
    files = [path.rpartition("/")[2] for path in files_of(plan)]
    assert files[0] == "blocks.many-to-one.task_arithmetic.tsv"
    assert len(files) == len(looked_into(plan)) + 2
    assert files[-2:] == ["neurons.en-xx.tsv", "neurons.xx-en.tsv"]
    names = list(interventions.figures(plan).values())
    assert names[0] == "interventions-blocks-many-to-one"
    assert names[-1] == "interventions-neurons-xx-en" and len(names) == len(files)
    drawn = [interventions.drawn(plan, *key) for key in interventions.figures(plan)]
    assert [path for paths in drawn for path in paths] == files_of(plan)
    assert list(interventions.chapter(plan).long.values()) == files_of(plan)
    without = dataclasses.replace(plan, analysis={"split": "dev", "neurons": {}})
    assert files_of(without) == [] and interventions.chapter(without) is None


def test_blocks_come_from_the_expert_of_each_data_set(plan):
    settings = interventions.block_settings(plan, "bidirectional-hi", "task_arithmetic")
    inputs = interventions.for_blocks(plan, "bidirectional-hi", "task_arithmetic")
    pairs = {case["dataset"]: case["name"] for case in settings["cases"]}
    assert pairs == {
        "translation/en-hi": "experts/en-hi",
        "translation/hi-en": "experts/hi-en",
    }
    assert len(inputs["owners"]) == len(settings["owners"]) == len(inputs["data"]) == 2
    assert settings["rows"] == 20 and settings["places"] == list(PLACES)
    assert inputs["merge"].endswith("models/merges/bidirectional-hi/task_arithmetic/manifest.json")
    chosen = miniature(
        analysis={"interventions": {"blocks": {"methods": ["ties", "sce"], "places": ["last"]}}}
    )
    names = [(m.group, m.method) for m in interventions.block_merges(chosen)]
    assert names[:2] == [("many-to-one", "ties"), ("many-to-one", "sce")]
    assert len(names) == 2 * len(looked_into(plan)) and not interventions.neuron_files(chosen)


def test_neurons_of_the_base_and_the_joint_model_by_default():
    plan = miniature(analysis={"interventions": {"neurons": {}}})
    assert interventions.neuron_models(plan, "xx-en") == ["base", "joint/to-english"]
    inputs, settings = (
        f(plan, "en-xx") for f in (interventions.for_neurons, interventions.neuron_settings)
    )
    assert settings["models"] == ["base", "joint/from-english"] and settings["span"] == "target"
    assert len(inputs["representations"]) == 2 * 4 and len(inputs["data"]) == 4
    known = represent.direction_files(plan, "en-xx")
    assert set(inputs["representations"]) <= set(known)
    assert {case["metric"] for case in settings["cases"]} == {"bleu"}
    asked = {"neurons": {"models": ["experts/hi-en", "base"]}}
    chosen = miniature(analysis={"interventions": asked})
    assert interventions.neuron_models(chosen, "xx-en") == ["experts/hi-en", "base"]
    assert interventions.neuron_models(chosen, "en-xx") == ["base"]


def test_without_groups_there_are_neurons_alone():
    plan = miniature(groups={}, methods={}, joint={})
    files = [path.rpartition("/")[2] for path in files_of(plan)]
    assert files == ["neurons.en-xx.tsv", "neurons.xx-en.tsv"]
    assert interventions.neuron_models(plan, "xx-en") == ["base"]
    assert interventions.neuron_settings(plan, "xx-en")["cases"][0]["metric"] == "bleu"
    assert list(interventions.figures(plan).values()) == [
        "interventions-neurons-en-xx",
        "interventions-neurons-xx-en",
    ]


def test_plain_text_is_never_decoded():
    data = load_tree(STUDIES / "inspect.yaml").data
    data["analysis"]["interventions"] = {"neurons": {}, "blocks": {}, "rows": 5}
    plan = planning.expand(grammar.from_tree(Tree("inspect.yaml", data), ROOT))
    assert list(interventions.figures(plan).values()) == ["interventions-neurons-xx"]
    settings = interventions.neuron_settings(plan, "xx")
    assert settings["span"] == "source" and settings["models"] == ["base"]
    assert [case["metric"] for case in settings["cases"]] == [None] * 3
