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
    assert set(neurons.figures(plan)) == wanted and len(neurons.figures(plan)) == len(wanted)
    assert neurons.tables(plan) == ["neurons-en-xx", "neurons-xx-en"]
    files = neurons.table_files(plan, "xx-en")
    assert set(files) < set(neurons.files(plan)) and len(files) == 2
    assert neurons.table_settings(plan, "xx-en")["spans"] == ["source", "target"]


def test_only_what_is_compared_is_shown(plan):
    without = dataclasses.replace(plan, analysis={"split": "dev"})
    assert neurons.figures(without) == neurons.tables(without) == []
    one = dataclasses.replace(plan.directions["xx-en"], spans=("source",))
    analysis = {"split": "dev", "neurons": plan.analysis["neurons"]}
    alone = dataclasses.replace(plan, analysis=analysis, directions={"xx-en": one})
    assert neurons.figures(alone) == ["neurons-xx-en.source", "neuron-changes-xx-en.source"]
    assert neurons.table_settings(alone, "xx-en")["spans"] == ["source"]
    assert neurons.tables(alone) == ["neurons-xx-en"]
    assert neurons.tables(dataclasses.replace(alone, owners={})) == []
    base = dataclasses.replace(alone, models={"base": plan.models["base"]})
    assert neurons.figures(base) == ["neurons-xx-en.source"]


def test_a_direction_of_one_language_has_no_neurons_of_its_own(plan):
    hindi = dataclasses.replace(plan.directions["xx-en"], datasets={"translation/hi-en": "hi"})
    assert neurons.files(dataclasses.replace(plan, directions={"xx-en": hindi})) == []
