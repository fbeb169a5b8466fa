"""Whose a data set is does not hang on what its expert is called: numbers and sentences stay."""

import made_up_study
import pandas as pd
import pytest
from made_up_report import scored
from matplotlib.colors import to_hex

from babelmerge.analysis.scores import matrix
from babelmerge.analysis.scores import model_findings as models
from babelmerge.analysis.scores.score_table import score_table
from babelmerge.analysis.scores.tables import own_scores
from babelmerge.display import labels, style
from babelmerge.words import names

INTO, _ = made_up_study.datasets(("hi", "bn", "ta", "te"))
PUBLISHED = pd.DataFrame(
    [("expert", "hi-en", "", "many-to-one", "translation/hi-en", "bleu", 40.0, "P Table 1")],
    columns="model_kind expert method family dataset metric value source".split(),
)


def renamed(scores: pd.DataFrame) -> pd.DataFrame:
    """Experts called x-hi-en and the like."""
    columns = {
        "model": scores["model"].str.replace("experts/", "experts/x-"),
        "expert": scores["expert"].where(scores["expert"] == "", "x-" + scores["expert"]),
        "owner": scores["owner"].str.replace("experts/", "experts/x-"),
    }
    return scores.assign(**columns)


@pytest.fixture(scope="module")
def pair():
    scores = made_up_study.scores()
    return scores, renamed(scores)


def cells(table):
    return [[(cell.text, cell.best, cell.aside) for cell in row.cells] for row in table.rows]


def test_sentences_and_tables_say_the_same(pair):
    plain, named = (scored(scores=scores) for scores in pair)
    assert models.experts(plain) == models.experts(named)
    assert cells(own_scores(plain)) == cells(own_scores(named))
    for family, groups in made_up_study.groups().items():
        tables = [score_table(one, family, groups, ["bleu"], PUBLISHED) for one in pair]
        assert cells(tables[0]) == cells(tables[1])
        if family == "many-to-one":
            assert ("40.00" in str(cells(tables[1]))) and tables[1].rows[
                1
            ].label == "Expert x-hi-en"


def test_the_same_cells_are_framed(pair):
    for scores in pair:
        (ax, _) = matrix.score_matrix(scores, INTO).axes
        framed = [p.get_xy() for p in ax.patches if to_hex(p.get_edgecolor()) == style.ACCENT]
        assert len(framed) == len(INTO)


def test_an_experts_label_is_its_pair_only_where_the_study_says_so():
    assert labels.expert("hi-en") == "Hindi → English" and labels.expert("x-hi-en") == "x-hi-en"
    with names.given({names.EXPERTS: {"it": "", "sw-en": "sw-en"}}):
        assert labels.expert("it") == "it"  # of an IT department
        assert labels.expert("sw-en@10") == "Swahili → English, step 10"


def test_a_group_is_called_as_written_or_as_the_study_has_it():
    assert labels.group("hi-ta") == "hi-ta"
    with names.given({names.GROUPS: {"both-hi": "both (Hindi)"}}):
        assert labels.group("both-hi") == "both (Hindi)" and labels.group("hi-ta") == "hi-ta"
        assert labels.model_id("merges/both-hi/ties") == "TIES, both (Hindi)"
