"""Figures and table of neurons: every number where it belongs, one scale, own languages framed."""

import made_up_neurons
import numpy as np
import pandas as pd
import pytest
from figure_parts import words

from babelmerge.analysis.neurons import figures as figures_neurons
from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.analysis.neurons import usage_figures as figures_usage
from babelmerge.display import style as figure_style
from babelmerge.display.latex import to_latex

FOUR = ("hi", "bn", "ta", "te")
TIES = "merges/all-to-one/ties"
TEN = (*FOUR, "de", "fr", "ja", "zh", "ar", "it")
# Table 5 of the translation study, source span, Indic -> English: base, expert.
PAPER = {"hi": (542, 1004), "bn": (701, 827), "ta": (950, 2562), "te": (546, 1094)}


@pytest.fixture(scope="module")
def rows():
    return made_up_neurons.neurons(blocks=6, width=200)


@pytest.fixture(scope="module")
def usage():
    return made_up_neurons.usage(blocks=6, width=100)


def panels(figure):
    """Title -> axes of the heatmaps; titles in one line."""
    return {ax.get_title().replace("\n", " "): ax for ax in figure.axes if ax.get_images()}


def cells(ax):
    """(blocks, languages) as drawn: the first pixel of every cell."""
    (image,) = ax.get_images()
    step = figures_neurons.REPEAT
    return np.ma.filled(image.get_array(), np.nan)[::step, ::step]


def numbers(rows, model, measure):
    rows = rows[(rows.model == model) & (rows.measure == measure) & (rows.level == "layer")]
    return rows["value"].to_numpy().reshape(len(FOUR), -1).T


# --- Heatmaps -------------------------------------------------------------------------------------


def test_every_model_has_its_counts_on_one_scale(rows):
    found = panels(figures_neurons.neuron_counts(rows))
    assert list(found)[:2] == ["Base", "Expert hi\u2009→\u2009en"] and len(found) == 10
    assert {"Joint all", "Task Arithmetic", "TIES", "DARE", "SCE"} <= set(found)
    assert np.array_equal(cells(found["Base"]), numbers(rows, "base", "selected"))
    merged = numbers(rows, "merges/all-to-one/ties", "selected")
    assert np.array_equal(cells(found["TIES"]), merged)
    norms = {(ax.get_images()[0].norm.vmin, ax.get_images()[0].norm.vmax) for ax in found.values()}
    top = rows[(rows.measure == "selected") & (rows.level == "layer")]["value"].max()
    assert norms == {(0, top)}


def test_blocks_rise_from_the_bottom_and_columns_are_languages(rows):
    ax = panels(figures_neurons.neuron_counts(rows))["Base"]
    assert ax.get_images()[0].origin == "lower" and ax.get_ylim() == (-0.5, 5.5)
    assert ax.get_images()[0].get_extent() == [-0.5, 3.5, -0.5, 5.5]
    assert [label.get_text() for label in ax.get_xticklabels()] == list(FOUR)
    assert [int(tick) for tick in ax.get_yticks()] == [0, 2, 5]  # early 0-1, mid 2-4, late 5


def test_changes_are_even_about_zero_and_leave_the_base_out(rows):
    found = panels(figures_neurons.neuron_changes(rows))
    assert "Base" not in found and len(found) == 9
    changes = numbers(rows, "experts/ta-en", "difference")
    assert np.array_equal(cells(found["Expert ta\u2009→\u2009en"]), changes)
    norm = found["TIES"].get_images()[0].norm
    largest = rows[rows.measure.eq("difference") & rows.level.eq("layer")]["value"].abs().max()
    assert (norm.vmin, norm.vmax) == (-largest, largest)
    assert float(norm(0)) == 0.5 and float(norm(-3)) == pytest.approx(1 - float(norm(3)))


def test_own_languages_are_framed(rows):
    found = panels(figures_neurons.neuron_changes(rows))
    for column, language in enumerate(FOUR):
        (frame,) = found[f"Expert {language}\u2009→\u2009en"].patches
        assert (frame.get_x(), frame.get_width()) == (column - 0.5, 1)
        assert (frame.get_y(), frame.get_height()) == (-0.5, 6)
    assert not found["TIES"].patches and not found["Joint all"].patches


def test_gaps_are_hatched(rows):
    gap = rows.copy()
    here = (gap.model == "joint/all") & (gap["where"] == "3") & (gap.language == "bn")
    gap.loc[here & (gap.measure == "selected"), "value"] = np.nan
    ax = panels(figures_neurons.neuron_counts(gap))["Joint all"]
    (box,) = ax.patches
    assert box.get_hatch() and box.get_xy() == (0.5, 2.5)
    assert np.isnan(cells(ax)[3, 1]) and np.isfinite(cells(ax)).sum() == 23


@pytest.mark.parametrize("codes,blocks", [(FOUR[:2], 1), (FOUR[:2], 2), (TEN, 36)])
def test_few_and_many_blocks_and_languages(codes, blocks):
    rows = made_up_neurons.neurons(codes, blocks=blocks, width=40, merges=("ties",))
    rows["value"] = rows["value"].where(rows["measure"] != "difference", 0.0)
    for draw in (figures_neurons.neuron_counts, figures_neurons.neuron_changes):
        found = panels(draw(rows))
        assert {cells(ax).shape for ax in found.values()} == {(blocks, len(codes))}


def test_a_column_wide_up_to_twelve_models(rows):
    figure = figures_neurons.neuron_counts(rows)
    with figure_style.style():
        figure.draw_without_rendering()
        assert figure.get_tightbbox().width <= figure_style.WIDTH * 1.03


def test_too_many_models_are_counted_not_drawn(rows, tmp_path, monkeypatch):
    monkeypatch.setattr(figures_neurons, "MOST", 4)
    figure = figures_neurons.neuron_counts(rows)
    assert len(panels(figure)) == 4
    assert "6 more models are in the long table" in words(figure, tmp_path)


def test_groups_are_named_where_there_are_several(rows):
    other = rows[rows.model == "merges/all-to-one/ties"].assign(model="merges/pairs-hi-bn/ties")
    found = panels(figures_neurons.neuron_counts(pd.concat([rows, other])))
    assert {"TIES all-to-one", "TIES pairs-hi-bn"} <= set(found)


def test_equal_figures_are_equal_bytes(rows, usage, tmp_path):
    few = rows[rows["model"].isin(["base", "experts/hi-en", TIES])]
    less = usage[usage["model"].isin(["experts/hi-en", "experts/bn-en", TIES])]
    for number in range(2):
        folder = tmp_path / str(number)
        counts, figure = figures_neurons.neuron_counts(few), figures_usage.usage_figure(less)
        figure_style.save(counts, folder / "neurons-xx-en.target", ("svg",))
        figure_style.save(figure, folder / "usage-xx-en.target", ("svg",))
    first, second = (sorted((tmp_path / n).iterdir()) for n in "01")
    assert [path.name for path in first][:1] == ["neurons-xx-en.target.svg"] and len(first) == 2
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_heatmaps_of_nothing(rows, tmp_path):
    base = rows[rows.model == "base"]
    assert "No model beside the base" in words(figures_neurons.neuron_changes(base), tmp_path)
    with pytest.raises(ValueError, match="'difference'.*with its base"):
        figures_neurons.neuron_changes(rows[rows.measure != "difference"])


@pytest.mark.parametrize(
    "dataset,said",
    [("translation/en-ta", "ta"), ("sentiment/hi", "hi"), ("translation/ta-te", "ta-te")],
)
def test_columns_are_named_by_what_differs(dataset, said):
    others = {"translation/en-ta": ["translation/en-hi"], "sentiment/hi": ["sentiment/bn"]}
    assert figures_neurons.code(dataset, [dataset, *others.get(dataset, ["x/hi-bn"])]) == said


# --- Usage alignment ------------------------------------------------------------------------------


def curve(usage, measure, column="value", **facts):
    rows = usage[(usage.level == "layer") & (usage.dataset == "mean") & (usage.measure == measure)]
    for name, value in facts.items():
        rows = rows[rows[name] == value]
    return rows.assign(at=rows["where"].astype(int)).groupby("at")[column].mean().to_numpy()


def drawn(ax):
    return [np.asarray(line.get_ydata(), float) for line in ax.lines if len(line.get_xdata()) > 2]


def has(lines, expected):
    return any(line.shape == expected.shape and np.allclose(line, expected) for line in lines)


def test_usage_is_drawn_beside_chance(usage):
    axes = figures_usage.usage_figure(usage).axes
    for ax, measure in zip(axes[:2], ("cosine", "pearson"), strict=True):
        lines = drawn(ax)
        assert has(lines, curve(usage, f"{measure}_null"))
        for comparison in ("base-expert", "expert-expert", "expert-merge"):
            assert has(lines, curve(usage, measure, comparison=comparison))
        band = ax.collections[0].get_paths()[0].vertices[:, 1]
        assert band.max() == pytest.approx(curve(usage, f"{measure}_null", "high").max())
        assert band.min() == pytest.approx(curve(usage, f"{measure}_null", "low").min())
    assert axes[0].get_ylim() == axes[1].get_ylim()


def test_single_pairs_and_methods(usage):
    axes = figures_usage.usage_figure(usage).axes
    assert len(drawn(axes[2])) == (4 + 1) + (6 + 1)
    pair = {"model": "experts/bn-en", "other": "experts/te-en"}
    assert has(drawn(axes[3]), curve(usage, "pearson", **pair))
    below = drawn(axes[5])
    assert len(below) == 4 + 1
    assert has(below, curve(usage, "pearson", comparison="expert-merge", model=TIES))
    assert has(below, curve(usage, "pearson", comparison="expert-joint"))
    assert all(line.min() >= axes[5].get_ylim()[0] for line in below)


def test_usage_legends_name_everything(usage, tmp_path):
    said = words(figures_usage.usage_figure(usage), tmp_path)
    names = {"Base and experts", "Experts with each other", "Neurons shuffled (95%)"}
    assert names | {"TIES", "SCE", "Joint training", "Beside chance: Cosine"} <= set(said)


def test_usage_of_one_data_set_without_merges():
    rows = made_up_neurons.usage(("hi",), blocks=5, width=40, merges=())
    assert set(rows.dataset) == {"translation/hi-en"}
    curves = figures_usage.usage_curves(rows[rows.comparison != "expert-joint"])
    assert set(curves.comparison) == {"base-expert", "base-joint"}
    figure = figures_usage.usage_figure(rows[rows.comparison != "expert-joint"])
    assert len([ax for ax in figure.axes if ax.lines]) == 4


def test_usage_without_an_expert_says_so(usage, tmp_path):
    rows = usage[usage.comparison == "base-merge"]
    said = words(figures_usage.usage_figure(rows), tmp_path)
    assert "No expert is represented on all data sets" in said


# --- Table 5 --------------------------------------------------------------------------------------


def paper_rows():
    """The long table that the paper's counts would make; a quarter of the base's are kept."""
    rows = []
    for language, (before, after) in PAPER.items():
        dataset, expert = f"translation/{language}-en", f"experts/{language}-en"
        at = {"level": "total", "where": "all", "dataset": dataset, "language": language, "n": 1}
        rows += [
            {**at, "model": "base", "measure": "selected", "value": before},
            {**at, "model": expert, "measure": "selected", "value": after},
            {**at, "model": expert, "measure": "kept", "value": before / 4},
            {**at, "model": expert, "measure": "before", "value": before},
            {**at, "model": expert, "measure": "after", "value": after},
        ]
    return pd.DataFrame(rows)


def test_table_of_the_papers_counts():
    rows = paper_rows()
    table = neuron_tables.neuron_table({"source": rows}, "XX → English", {"rho": 0.1, "tau": 0.8})
    told = {row.label: [cell.text for cell in row.cells] for row in table.rows}
    assert told["Hindi"] == ["542 → 1004", "+85%", "25%"]
    assert told["Bengali"] == ["701 → 827", "+18%", "25%"]
    assert told["All"] == ["2739 → 5487", "+100%", "25%"]
    assert table.frame["change"].tolist() == [a / b - 1 for b, a in PAPER.values()]
    assert "10% (rho)" in table.note and "80% (tau)" in table.note
    assert r"542 \ensuremath{\rightarrow} 1004 & +85\%" in to_latex(table)
    order = {"rho": 0.01, "tau": 0.95, "order": "lape"}
    assert "95% (tau) of all in that model" in neuron_tables.definition(order)


def test_table_with_both_spans_and_gaps():
    target = paper_rows()
    target.loc[target.language.eq("hi") & target.measure.ne("after"), "value"] = 0.0
    target = target[~(target.language.eq("ta") & target.model.ne("base"))]
    table = neuron_tables.neuron_table({"source": paper_rows(), "target": target}, "XX → English")
    assert [labels[0] for labels in table.header] == ["Source span"] * 3 + ["Target span"] * 3
    told = {row.label: [cell.text for cell in row.cells][3:] for row in table.rows}
    assert told["Hindi"] == ["0 → 1004", "–", "–"]
    assert told["Tamil"] == ["950 → –", "–", "–"]
    assert told["All"][0] == f"{701 + 546} → {1004 + 827 + 1094}"
    with pytest.raises(ValueError, match="target span: found no counts of the base"):
        neuron_tables.before_after({"target": target[target.model != "base"]})


def test_table_is_that_of_the_long_rows(rows):
    frame = neuron_tables.before_after({"target": rows}).set_index("language")
    for language in FOUR:
        expert = f"experts/{language}-en"
        mine = rows[(rows.language == language) & (rows.level == "layer")]
        after = mine[(mine.model == expert) & (mine.measure == "selected")]["value"].sum()
        kept = mine[(mine.model == expert) & (mine.measure == "kept")]["value"].sum()
        assert frame.at[language, "after"] == after and frame.at[language, "expert"] == expert
        assert frame.at[language, "kept"] == kept / frame.at[language, "before"]
