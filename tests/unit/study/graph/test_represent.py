"""Which representations a study needs, and which files the comparisons of a direction read."""

import dataclasses

import pytest
from small_studies import shipped

from babelmerge.study.graph import neurons, represent


@pytest.fixture(scope="module")
def plan():
    return shipped("translation-mini", data="data")


def test_directions_and_their_models(plan):
    directions = {d.id: d.datasets for d in plan.directions.values()}
    assert list(directions) == ["en-xx", "xx-en"]
    assert directions["xx-en"]["translation/hi-en"] == "hi"
    assert list(directions["en-xx"].values()) == ["hi", "bn", "ta", "te"]
    models = represent.models_of(plan, "xx-en")
    experts = [f"experts/{code}-en" for code in ("hi", "bn", "ta", "te")]
    assert models[:5] == ["base", *experts]
    assert "joint/to-english" in models and "merges/many-to-one/ties" in models
    assert not any("bidirectional" in m or "one-to-many" in m for m in models)


def test_experts_are_represented_on_what_they_are_merged_with(plan):
    models = represent.represented(plan, "translation/hi-en")
    assert models[0] == "base"
    assert {"experts/hi-en", "experts/te-en", "experts/en-hi"} <= set(models)
    assert "experts/en-te" not in models
    assert "merges/bidirectional-hi/dare" in models and "merges/bidirectional-te/dare" not in models


def test_every_file_that_a_comparison_reads_is_represented(plan):
    for direction, sets in ((d.id, d.datasets) for d in plan.directions.values()):
        files = represent.direction_files(plan, direction)
        assert len(files) == len(represent.models_of(plan, direction)) * len(sets)
        for model in represent.models_of(plan, direction):
            assert all(model in represent.represented(plan, dataset) for dataset in sets)
    settings = neurons.settings(plan, "en-xx")
    assert settings["owners"]["translation/en-ta"] == "experts/en-ta"
    assert len(neurons.files(plan)) == len(neurons.usage_files(plan)) == 4


def test_the_probed_split(plan):
    assert represent.probe_file(plan, "translation/hi-en").endswith(
        "data/translation/hi-en/dev.jsonl"
    )
    tested = dataclasses.replace(plan, analysis={**plan.analysis, "split": "test"})
    assert represent.probe_file(tested, "translation/hi-en").endswith("hi-en/test.jsonl")
    without = dataclasses.replace(plan, analysis={"split": "dev"})
    assert neurons.files(without) == neurons.usage_files(without) == []
