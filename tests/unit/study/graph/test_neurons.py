"""Which figures and tables of neurons a plan has, and what they are made from."""

import dataclasses

import pytest
from small_studies import shipped

from babelmerge.study.graph import neurons

SPANS = ("source", "target")


@pytest.fixture(scope="module")
def plan():
    return shipped("translation-mini")


def test_names_of_figures_and_tables(plan):
    kinds = ("neurons", "neuron-changes", "usage")
    wanted = {f"{k}-{d}.{s}" for k in kinds for d in ("en-xx", "xx-en") for s in SPANS}
    assert sorted(neurons.figures(plan).values()) == sorted(wanted)
    assert list(neurons.tables(plan).values()) == ["neurons-en-xx", "neurons-xx-en"]
    files = neurons.table_files(plan, "xx-en")
    assert set(files) < set(neurons.files(plan)) and len(files) == 2
    assert neurons.table_settings(plan, "xx-en")["spans"] == ["source", "target"]


def test_only_what_is_compared_is_shown(plan):
    without = dataclasses.replace(plan, analysis={"split": "dev"})
    assert neurons.figures(without) == neurons.tables(without) == {}
    assert neurons.chapter(without) is None
    one = dataclasses.replace(plan.directions["xx-en"], spans=("source",))
    analysis = {"split": "dev", "neurons": plan.analysis["neurons"]}
    alone = dataclasses.replace(plan, analysis=analysis, directions={"xx-en": one})
    names = ["neurons-xx-en.source", "neuron-changes-xx-en.source"]
    assert list(neurons.figures(alone).values()) == names
    assert neurons.table_settings(alone, "xx-en")["spans"] == ["source"]
    assert neurons.tables(alone) == {("neurons", "xx-en"): "neurons-xx-en"}
    assert neurons.tables(dataclasses.replace(alone, owners={})) == {}
    base = dataclasses.replace(alone, models={"base": plan.models["base"]})
    assert list(neurons.figures(base).values()) == ["neurons-xx-en.source"]


def test_a_direction_of_one_language_has_no_neurons_of_its_own(plan):
    hindi = dataclasses.replace(plan.directions["xx-en"], datasets={"translation/hi-en": "hi"})
    assert neurons.files(dataclasses.replace(plan, directions={"xx-en": hindi})) == []


def test_the_chapter_has_its_files_by_what_direction_and_span(plan):
    chapter = neurons.chapter(plan)
    assert chapter.long["neurons", "xx-en", "target"] in neurons.files(plan)
    assert chapter.long["usage_alignment", "en-xx", "source"] in neurons.usage_files(plan)
    assert set(chapter.long.values()) == {*neurons.files(plan), *neurons.usage_files(plan)}
    inputs, settings = chapter.inputs(), chapter.settings()
    for kind in ("long", "figures", "tables"):
        assert len(inputs[kind]) == len(settings[kind]) == len(getattr(chapter, kind))
    assert settings["study"] == {"neurons": plan.analysis["neurons"]}
