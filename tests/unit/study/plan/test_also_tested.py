"""Groups whose merges are tested on a task that none of their members is of."""

import pytest
from small_studies import made

from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.graph import score_chapters, scores

STUDY = """
title: Themes
languages: [en, de, mul]
pivot: en
base: {{path: models/base}}
corpora:
  made: {{controlled: {{seed: 3}}}}
tasks:
  themes:
    kind: extraction
    languages: [en, de]
    train: {{corpus: made, size: 100}}
    test: {{corpus: made, size: 20}}
    prompt: "{{document}}"
    metrics: [rougeL, hallucination]
  mixed:
    kind: extraction
    languages: [mul]
    test: {{corpus: made, size: 20}}
    prompt: "{{document}}"
    metrics: [rougeL, hallucination]
training: {{learning_rate: 1.0e-3, steps: 10, batch_size: 4}}
experts:
  themes: {{each: themes, name: "{{unit}}"}}
groups:
  all: {{members: [themes], {more}}}
methods:
  linear: {{}}
"""


def test_the_task_has_a_table_with_all_its_metrics_and_the_report_shows_it():
    plan = made(STUDY.format(more="evaluate: mixed"))
    shown = scores.tables(plan)
    assert shown["all"]["groups"] == {"all": ["themes/en", "themes/de"]}
    assert shown["all-on-mixed"]["groups"] == {"all": ["mixed/mul"]}
    assert "hallucination" in shown["all-on-mixed"]["metrics"]
    assert len(set(shown["all-on-mixed"]["metrics"])) == len(shown["all-on-mixed"]["metrics"])
    assert ("scores", "all-on-mixed") in score_chapters.merges(plan).tables
    assert set(scores.tables(made(STUDY.format(more="evaluate: themes")))) == {"all"}


def test_data_sets_that_no_member_owns_are_refused_where_they_would_be_passed_over():
    with pytest.raises(StudyError) as error:
        made(STUDY.format(more="datasets: [themes/en, mixed]"))
    said = str(error.value)
    assert "groups.all.datasets: found 'mixed', which no member owns" in said
    assert "themes/en" in said and "`evaluate`" in said
    some = made(STUDY.format(more="datasets: [themes/en]"))
    assert some.groups["all"].datasets == ("themes/en",)
