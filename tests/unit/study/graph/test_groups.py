"""Groups over the same data sets: which is the main one, how others differ, what is compared."""

import pytest
from small_studies import made, shipped

from babelmerge.study.graph import ablations, cost, groups, score_chapters
from babelmerge.study.graph.beside import relations

STUDY = """
title: Moods
languages: [fr, ja, zh]
pivot: fr
base: {path: models/base}
corpora:
  made: {controlled: {seed: 3}}
  more: {controlled: {seed: 4}}
tasks:
  mood: &task
    kind: classification
    labels: [negative, neutral, positive]
    train: {corpus: made, size: 100}
    dev: {corpus: made, size: 10}
    test: {corpus: made, size: 20}
    prompt: "{text}"
    answer: likelihood
    metrics: [accuracy, f1]
  topic: *task
  extra:
    kind: classification
    labels: [negative, neutral, positive]
    languages: [ja]
    train: {corpus: more, size: 70}
    prompt: "{text}"
    answer: likelihood
training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4}
experts:
  mood: {each: mood, name: "m-{unit}"}
  topic: {each: topic, name: "t-{unit}"}
  longer: {of: [mood/ja, extra/ja]}
  other: {of: mood/ja, training: {steps: 20}}
joint:
  moods: {of: mood}
groups:
  two: [m-fr, m-zh]
  late: [m-fr, longer, m-zh]
  every: [mood]
  swapped: [m-fr, other, m-zh]
  both: [mood, topic]
  steps: {members: [merges/every/linear, merges/topics/linear], methods: [linear]}
  topics: [topic]
  strangers: [longer, other]
methods:
  linear: {}
  ties: {density: [0.4, 0.8], weight: 0.5}
"""


@pytest.fixture(scope="module")
def plan():
    return made(STUDY)


def test_the_main_group_has_most_data_sets_and_little_else(plan):
    assert relations.main(plan, "mood-xx") == "every"
    assert relations.main(plan, "topic-xx") == "topics"


def test_every_way_to_differ_is_told_by_members_and_data_sets(plan):
    found = {g: relations.relation(plan, "every", g) for g in relations.further(plan, "mood-xx")}
    assert found == {
        "late": "update",
        "swapped": "exchange",
        "two": "cluster",
        "both": "tasks",
        "steps": "tasks",
        "strangers": "other",
    }
    assert list(found.values()) == sorted(found.values(), key=relations.KINDS.index)
    assert relations.further(plan, "topic-xx") == ["both", "steps"]


def test_lines_have_every_model_once_and_experts_in_one(plan):
    lines = groups.settings(plan, "mood-xx")["lines"]
    names = [(line["name"], line.get("method", "")) for line in lines]
    assert len(names) == len(set(names))
    assert names[:3] == [("base", ""), ("own", ""), ("joint/moods", "")]
    own = lines[1]["files"]
    assert [path.split("/")[4] for path in own.values()] == ["m-fr", "m-ja", "m-zh"]
    held = {name: len(line["files"]) for line in lines for name in [line["name"]]}
    assert held["two"] == 2 and held["late"] == held["both"] == held["steps"] == 3


def test_the_best_is_chosen_on_dev_where_every_merge_was_swept_else_on_test(plan):
    assert groups.shown(plan, "mood-xx")["chosen_on"] == "test"  # linear is not swept
    assert not groups.inputs(plan, "mood-xx")["sweeps"]
    swept = shipped("translation-mini")
    assert groups.shown(swept, "xx-en")["chosen_on"] == "dev"
    assert len(groups.inputs(swept, "xx-en")["sweeps"]) == 4


def test_a_family_made_by_language_is_one_line_a_method():
    lines = groups.settings(shipped("translation-mini"), "xx-en")["lines"]
    family = [line for line in lines if line.get("relation") == "directions"]
    assert [len(line["files"]) for line in family] == [4, 4, 4, 4]


def test_costs_are_told_where_experts_and_joint_model_learnt_the_same(plan):
    (case,) = cost.settings(plan)["cases"]
    assert case["joint"] == "joint/moods" and case["group"] == "every"
    new = {update["new"]: update["joint"] for update in case["updates"]}
    assert new == {"experts/longer": "", "experts/other": "joint/moods"}
    records = cost.inputs(plan)
    assert len(records["training"]) == 6
    assert {path.split("/")[4] for path in records["merging"]} == {"every", "late", "swapped"}
    assert cost.chapter(shipped("pretraining")) is None


def test_directions_of_the_same_experts_and_joint_model_cost_once():
    several = shipped("pretraining-mini")
    (case,) = cost.settings(several)["cases"]
    assert len(case["experts"]) == 10
    assert cost.shown(several)["directions"] == {case["direction"]: []}
    assert list(cost.figures(several)) == [("cost", case["direction"])]


def test_a_study_of_single_groups_has_no_ablations():
    alone = made(STUDY.split("  late:")[0] + "methods: {linear: {}}\n")
    assert ablations.chapter(alone) is None and groups.overall_figures(alone)


def test_benchmarks_are_in_one_table_where_a_study_asks_for_it():
    asked = shipped("pretraining")
    told = groups.benchmarks(asked)
    assert told["multiblimp-xx"]["metric"] == "accuracy_tokens"
    assert (
        len(told["multiblimp-xx"]["datasets"]) == 9 and len(told["belebele-xx"]["datasets"]) == 10
    )
    assert len(groups.benchmark_inputs(asked)) == len(told)
    assert ("benchmarks", "") in score_chapters.merges(asked).tables
    assert groups.benchmarks(shipped("translation")) == {}
    assert ("benchmarks", "") not in score_chapters.merges(shipped("translation")).tables
