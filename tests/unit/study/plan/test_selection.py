"""What is chosen on test rows is refused, or allowed and told."""

import pytest
from small_studies import SMALL, changed, made

from babelmerge.study.grammar.yaml import StudyError
from babelmerge.study.graph import merge, score_chapters, scores
from babelmerge.study.graph.beside import retention

ON_TEST = "selection: {split: test}\n"
ALLOW = "allow: selection-on-test\n"
SAME = changed("dev: {corpus: made, size: 10}", "dev: {corpus: made, split: test, size: 10}")
ONE_POINT = ("{density: [0.4, 0.8], weight: [0.3, 0.5]}", "{density: 0.4, weight: 0.3}")


def test_selection_on_test_is_refused_with_what_allows_it():
    with pytest.raises(StudyError, match="selection.split: found test.*allow: selection-on-test"):
        made(SMALL + ON_TEST)


def test_dev_rows_that_are_test_rows_are_refused_where_something_is_chosen_on_them():
    with pytest.raises(StudyError, match="tasks.translation.dev: .*points of sweeps would"):
        made(SAME)
    alone = SAME.replace(*ONE_POINT)
    assert made(alone).chosen_on_test == ()
    assert made(SAME + "selection: {split: train}\n").chosen_on_test == ()
    with pytest.raises(StudyError, match="states of training would be chosen"):
        made(alone.replace("steps: 10,", "steps: 10, eval_steps: 5,"))
    with pytest.raises(StudyError, match="statistics of members would be chosen"):
        made(alone.replace("ties: {density: 0.4, weight: 0.3}", "regmean: {}"))


def test_what_is_allowed_is_told_wherever_scores_are():
    for text in (SMALL + ON_TEST, SAME):
        for allow in (ALLOW, "allow: [selection-on-test]\n"):
            plan = made(text + allow)
            assert plan.chosen_on_test == ("points of sweeps",)
            for told in (
                score_chapters.question(plan).study,
                score_chapters.merges(plan).study,
                merge.sweep_shown(plan, "many-to-one"),
                *scores.tables(plan).values(),
                *scores.own_tables(plan).values(),
                *retention.tables(plan).values(),
            ):
                assert told["chosen_on_test"] == ["points of sweeps"]
    assert merge.sweep_shown(made(SMALL + ON_TEST + ALLOW), "many-to-one")["split"] == "test"


def test_a_study_that_chooses_on_dev_has_nothing_to_allow():
    assert made(SMALL).chosen_on_test == made(SMALL + ALLOW).chosen_on_test == ()
    with pytest.raises(StudyError, match="allow: found 'selection-on-tset'"):
        made(SMALL + "allow: selection-on-tset\n")
