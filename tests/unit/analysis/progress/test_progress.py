"""Scores along training and of more and more models: what is drawn and said."""

import pandas as pd
import pytest

from babelmerge.analysis.progress import figures, findings
from babelmerge.analysis.progress.lines import MEAN, by_chance, lines, mean_of

SETS = ["text/en", "text/de"]


def cfg(what="along"):
    points = [
        [n, dict.fromkeys(SETS, f"merges/g-{n}/linear")]
        for n in ((4, 8) if what == "along" else (1, 2))
    ]
    series = [{"kind": "merge", "name": "linear", "points": points}]
    return {"what": what, "name": "xx", "datasets": SETS, "metric": "accuracy", "series": series}


def scores(what="along"):
    places = (4, 8) if what == "along" else (1, 2)
    values = {(places[0], "text/en"): 0.5, (places[0], "text/de"): 0.7, (places[1], "text/en"): 0.9}
    rows = [
        {"model": f"merges/g-{at}/linear", "dataset": d, "metric": "accuracy", "value": value}
        for (at, d), value in values.items()
    ]
    return pd.DataFrame(rows + [{**rows[0], "metric": "bleu", "value": 9.0}])


def test_a_mean_is_over_all_data_sets_or_not_there():
    table = lines(scores(), cfg()["series"], "accuracy")
    assert len(table) == 4 and mean_of(table, "Merge, Linear").to_dict() == {4: pytest.approx(60)}
    assert table[table["dataset"] != MEAN]["value"].tolist() == pytest.approx([50, 70, 90])


def test_one_model_that_was_scored_in_its_own_language_alone_has_no_mean():
    """Else a mean of one language would stand beside means of all."""
    grown = cfg("growing")
    grown["series"][0]["points"].insert(0, [1, {"text/en": "experts/en"}])
    whole = pd.concat([scores("growing"), scores("growing").iloc[[0]].assign(model="experts/en")])
    table = lines(whole, grown["series"], "accuracy")
    assert list(mean_of(table, "Merge, Linear").index) == [1]
    assert len(table[table["at"] == 1]) == 4  # the model alone, the merge in both, its mean


@pytest.mark.parametrize("what", ["along", "growing"])
def test_a_figure_has_a_line_for_each_data_set_and_one_for_the_mean(what):
    whole = scores(what)
    more = whole.iloc[[2]].assign(dataset="text/de", value=0.1)
    figure = figures.progress(pd.concat([whole, more]), cfg(what))
    (ax,) = figure.axes
    assert len(ax.lines) == 3 and ax.get_xlabel() == figures.AXES[what]
    assert list(ax.lines[-1].get_ydata()) == pytest.approx([60, 50])
    assert findings.sentences(pd.concat([whole, more]), cfg(what))[0].startswith(
        "Merge, Linear: mean accuracy 60.0 "
    )


def test_chance_is_the_mean_over_the_data_sets():
    rows = [("chance", "accuracy", 0.5), ("chance", "accuracy", 0.3), ("overlap", "accuracy", 0.9)]
    table = pd.DataFrame(rows, columns=["baseline", "metric", "value"])
    assert by_chance([table], "accuracy") == pytest.approx(40)
    assert by_chance([], "accuracy") is None
    figure = figures.progress(scores(), cfg(), 40.0)
    assert set(figure.axes[0].lines[-1].get_ydata()) == {40.0}
    assert "Chance" in [text.get_text() for text in figure.legends[0].get_texts()]


def test_without_scores_there_is_a_figure_that_says_so():
    empty = scores().iloc[:0]
    assert not figures.progress(empty, cfg()).axes[0].lines
    assert findings.sentences(empty, cfg()) == []
