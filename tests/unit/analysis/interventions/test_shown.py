"""Interventions asked for, drawn and told: names, files, figures, and sentences' numbers."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from figure_parts import svg
from small_studies import miniature

from babelmerge.analysis.interventions import blocks as science
from babelmerge.analysis.interventions import chapter, findings
from babelmerge.analysis.interventions import figures as figures_interventions
from babelmerge.analysis.interventions import tables as intervention_tables
from babelmerge.display import html as report_html
from babelmerge.display import style as figure_style
from babelmerge.display.chapters import Parts
from babelmerge.files.long_tables import read_long
from babelmerge.study.grammar.yaml import StudyError

PLACES = ("last", "first", "middle")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"blocks": {"methods": ["tie"]}}, r"blocks\.methods.*'tie'.*ties"),
        ({"neurons": {"models": ["experts/hien"]}}, r"neurons\.models.*experts/hi-en"),
        ({"neurons": {"models": ["baselines/x"]}}, r"neurons\.models"),
        ({"blocks": {"places": ["late"]}}, "last"),
        ({"blocks": {"steps": 1}}, "steps"),
        ({"neurons": {"draws": 0}}, "draws"),
    ],
)
def test_names_that_there_are_none_of(asked, told):
    with pytest.raises(StudyError, match=told):
        miniature(analysis={"interventions": asked})


def test_neurons_need_a_selection():
    with pytest.raises(StudyError, match="analysis.neurons, which says"):
        miniature(analysis={"neurons": None})


# tables as the scripts write them, read as figures and the report read them


def written(rows, folder):
    path = Path(folder) / f"{len(list(Path(folder).iterdir()))}.tsv"
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return read_long(path)


def block_rows(blocks, sets, best="last", merged=0.4, full=0.9, dead=(), group="many-to-one"):
    """Rows in which one place restores a linear share, the others the square of it."""
    for dataset in sets:
        for place in PLACES:
            for k in science.values(blocks, 7):
                part = k / blocks if place == best else (k / blocks) ** 2
                kept = merged + (full - merged) * part
                expert = 0.0 if dataset in dead else 30.0
                yield {
                    "group": group,
                    "method": "ties",
                    "place": place,
                    "k": k,
                    "blocks": blocks,
                    "share": 0.8 * k / blocks,
                    "dataset": dataset,
                    "owner": "experts/x",
                    "metric": "bleu",
                    "value": kept * expert,
                    "expert": expert,
                    "merged": merged * expert,
                    "outside": 0.5 * expert,
                    "base": 0.3 * expert,
                    "retention": kept if expert else np.nan,
                    "n": 200,
                }


def neuron_rows(languages, models=("base",), own=0.3, draws=3, empty=()):
    """Rows in which a language's own neurons cost it `own`, and everything else 0.01."""
    for model in models:
        for off in languages:
            for draw in ("own", *(f"random-{n}" for n in range(1, draws + 1))):
                for language in languages:
                    for measure, factor in (("nll", 1.0), ("bleu", 10.0)):
                        number = 0 if off in empty else 40
                        loss = own if draw == "own" and off == language else 0.01
                        yield {
                            "model": model,
                            "off": off,
                            "draw": draw,
                            "neurons": number,
                            "dataset": f"translation/{language}-en",
                            "language": language,
                            "measure": measure,
                            "value": 2.0,
                            "loss": factor * loss * (number > 0),
                            "n": 200,
                        }


@pytest.mark.parametrize(
    ("blocks", "sets", "dead"), [(2, 2, 0), (36, 4, 1), (36, 10, 10), (1, 1, 0)]
)
def test_curves_of_any_depth(tmp_path, blocks, sets, dead):
    names = [f"translation/{n}" for n in range(sets)]
    rows = written(block_rows(blocks, names, dead=names[:dead]), tmp_path)
    figure = figures_interventions.block_curves(rows)
    content = svg(figure, tmp_path)
    assert "TIES" in content and "All but blocks" in content
    assert ("experts learnt nothing" in content) == (dead == sets)
    if dead < sets:
        assert f"of {blocks}" in content and "100%" in content
        thick = [line for line in figure.axes[0].lines if line.get_zorder() == 3]
        assert len(thick) == 3 and list(thick[0].get_ydata()[[0, -1]]) == pytest.approx([0.4, 0.9])


@pytest.mark.parametrize("languages", [["hi", "bn"], "hi bn ta te de fr es ja zh ar".split()])
def test_matrices_of_losses(tmp_path, languages):
    rows = written(neuron_rows(languages, ("base", "joint/all"), empty=["bn"]), tmp_path)
    rows.loc[2, "loss"] = ""
    figure = figures_interventions.neuron_losses(rows)
    content = svg(figure, tmp_path)
    for text in ("Hindi (40)", "Bengali (0)", "Joint all", "BLEU lost", "Nats a token"):
        assert text in content, text
    grid = intervention_tables.loss_grid(
        intervention_tables.neuron_table(rows), "base", "nll", "own"
    )
    assert grid.loc["bn"].isna().all() and grid.loc["hi"].notna().sum() == len(languages) - 1
    titled = [ax for ax in figure.axes if ax.get_title(loc="left")]
    assert len(titled) == 2 * 2


def test_a_figure_of_nothing_off_says_so(tmp_path):
    rows = written(neuron_rows(["hi", "bn"], empty=["hi", "bn"]), tmp_path)
    figure = figures_interventions.neuron_losses(rows)
    assert "No model has a neuron" in svg(figure, tmp_path)


def test_figures_without_a_row_say_so():
    blocks, off = (pd.DataFrame(made)[:0] for made in (block_rows(1, "a"), neuron_rows("a")))
    with pytest.raises(ValueError, match="no rows"):
        figures_interventions.block_curves(blocks)
    with pytest.raises(ValueError, match="no rows"):
        figures_interventions.neuron_losses(off)


def test_sentences_about_blocks_follow_the_numbers(tmp_path):
    sets = ["translation/hi-en", "translation/bn-en"]
    told = " ".join(findings.blocks(written(block_rows(36, sets), tmp_path)))
    assert "TIES, many-to-one: the merge keeps 40% of the experts' BLEU" in told
    assert "(base: 30%)" in told and "all 36 blocks of the data set's expert it keeps 90%" in told
    assert "final norm and head, 50%" in told
    assert "With 18 of 36 blocks, 40% of all parameters, it keeps 65% (last), 5" in told
    # 0.4 + 0.5 x >= 0.7 from x = 0.6 on: k = 24; 0.4 + 0.5 x^2 from 0.77 on: k = 30.
    assert "back with the last 24, the first 30 and the middle 30" in told
    assert "65% (last), 55% (first) and 55% (middle): the last blocks restore most" in told
    assert "by a percentage point on 2 of 2 data sets" in told
    other = " ".join(findings.blocks(written(block_rows(36, sets, best="first"), tmp_path)))
    assert "the first blocks restore most" in other
    little = " ".join(findings.blocks(written(block_rows(36, sets, full=0.6), tmp_path)))
    assert "No number of blocks brings back half" in little
    whole = " ".join(findings.blocks(written(block_rows(36, sets, merged=1.0, full=1.0), tmp_path)))
    assert "half" not in whole.replace("data set", "")
    nothing = findings.blocks(written(block_rows(36, sets, dead=sets), tmp_path))
    assert nothing == [f"TIES, many-to-one: {findings.NOTHING}, so there is no retention."]
    some = " ".join(findings.blocks(written(block_rows(36, sets, dead=sets[:1]), tmp_path)))
    assert f"1 of {len(sets)} data sets are left out: {findings.NOTHING}." in some


def test_several_merges_are_summed_up(tmp_path):
    sets = ["translation/hi-en"]
    tables = [written(block_rows(4, sets, best), tmp_path) for best in ("last", "first", "last")]
    same = written(block_rows(4, sets, merged=0.5, full=0.505), tmp_path)
    (told,) = findings.overall([*tables, same])
    assert told.endswith("the last in 2, the first in 1 and none by a percentage point in 1.")
    assert "no place is ahead by a percentage point" in " ".join(findings.blocks(same))
    assert findings.overall(tables[:1]) == []


def test_sentences_about_neurons_follow_the_numbers(tmp_path):
    rows = written(neuron_rows(["hi", "bn", "ta", "te"]), tmp_path)
    (told,) = findings.neurons(rows)
    assert (
        "Base: without its own neurons (40 on average) a language loses 0.300 nats a token" in told
    )
    assert "3.0 BLEU, and other languages without them 0.010 nats a token and 0.1 BLEU" in told
    assert "each of 3 random sets in 4 (by likelihood) and 4 (by BLEU) of 4 languages" in told
    assert "(by chance: 1.0)" in told
    (weak,) = findings.neurons(written(neuron_rows(["hi", "bn"], own=0.0, draws=1), tmp_path))
    assert "the random set in 0 (by likelihood) and 0 (by BLEU) of 2" in weak
    (some,) = findings.neurons(written(neuron_rows(["hi", "bn"], empty=["bn"]), tmp_path))
    assert "1 (by likelihood) and 1 (by BLEU) of 1 language (by chance: 0.2)" in some
    assert some.endswith("No neuron belongs to Bengali.")
    (none,) = findings.neurons(written(neuron_rows(["hi", "bn"], empty=["hi", "bn"]), tmp_path))
    assert none == "Base has no neuron of a language, so nothing was switched off."


def test_the_table_of_losses(tmp_path):
    rows = written(neuron_rows(["hi", "bn", "ta"], ("base", "joint/all")), tmp_path)
    table = intervention_tables.loss_table(rows, "XX → English")
    assert [row.label for row in table.rows] == ["Base", "Joint all"]
    cells = [cell.text for cell in table.rows[0].cells]
    assert cells == ["40", "0.300", "0.010", "0.010", "0.010", "3.00", "0.10", "0.10", "0.10"]
    empty = written(neuron_rows(["hi", "bn"], empty=["hi", "bn"]), tmp_path)
    assert intervention_tables.loss_table(empty, "") is None


def test_the_chapter_tells_what_there_is(tmp_path):
    assert chapter.interventions(Parts()) == ""
    rows = written(neuron_rows(["hi", "bn"]), tmp_path)
    (figure,) = figure_style.save(
        figures_interventions.neuron_losses(rows), tmp_path / "one", ("svg",)
    )
    blocks = written(block_rows(4, ["translation/hi-en"]), tmp_path)
    parts = Parts(
        long={("blocks", "many-to-one", "ties"): blocks, ("neurons", "xx-en"): rows},
        figures={("neurons", "xx-en"): figure},
        tables={("neurons", "xx-en"): "<p>What is lost</p>"},
    )
    content = chapter.interventions(parts)
    assert content.count("<svg") == 1
    for text in findings.neurons(rows):
        assert report_html.text(text) in content
    assert "(200 a data set)" in content and "What is lost" in content
    alone = chapter.interventions(Parts(long={("neurons", "xx-en"): rows}))
    assert "Blocks taken" not in alone and "Neurons switched off" in alone
