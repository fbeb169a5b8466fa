"""Experts under other names: the same graph, but for the names."""

import json

import pytest
from small_studies import SMALL, made

from babelmerge.study.graph import (
    chapters,
    interventions,
    mergeability,
    report,
    represent,
    scores,
)
from babelmerge.study.graph.beside import outputs, retention

ALL = """analysis: {neurons: {}, cka: {}, angles: {}, usage_alignment: {}, task_vectors: {},
  interventions: {blocks: {}, neurons: {}}}
"""
BOTH = "  both: {each: language, pairs: both-directions}\nmethods:"
NAME = "-mine"


@pytest.fixture(scope="module")
def plans():
    text = SMALL.replace("methods:", BOTH) + ALL
    named = text.replace("each: translation}", f'each: translation, name: "{{unit}}{NAME}"}}')
    return made(text), made(named.replace("[hi-en, bn-en]", f"[hi-en{NAME}, bn-en{NAME}]"))


def told(plan):
    """All that jobs which compare, tell or show are told of a plan."""
    groups = list(plan.groups)
    return {
        "index": scores.index(plan),
        "learning": scores.learning_settings(plan),
        "retention": [retention.settings(plan, group) for group in groups],
        "tables": [scores.tables(plan), scores.own_tables(plan), retention.tables(plan)],
        "matrices": scores.matrices(plan),
        "samples": [outputs.samples(plan), outputs.settings(plan)],
        "mergeability": mergeability.correlation_settings(plan),
        "vectors": [mergeability.task_vector_settings(plan, group) for group in groups],
        "blocks": [
            interventions.block_settings(plan, m.group, m.method)
            for m in interventions.block_merges(plan)
        ],
        "off": [interventions.neuron_settings(plan, d) for d in plan.directions],
        "owned": [represent.owned(plan, direction) for direction in plan.directions],
        "chapters": [
            [one.study, *map(list, (one.long, one.figures, one.tables))]
            for _, make in report.CHAPTERS.values()
            if (one := make(plan))
        ],
    }


def test_everything_is_told_alike_but_for_the_names(plans):
    plain, named = (told(plan) for plan in plans)
    for what in plain:
        before, after = (json.dumps(found[what], default=str) for found in (plain, named))
        assert after.replace(NAME, "") == before, what


def test_readers_see_what_experts_are_called(plans):
    plain, named = (chapters.names(plan) for plan in plans)
    assert plain["experts"]["hi-en"] == "hi-en" and named["experts"][f"hi-en{NAME}"] == ""
    assert (
        plain["groups"]
        == named["groups"]
        == {"both-hi": "both (Hindi)", "both-bn": "both (Bengali)"}
    )
