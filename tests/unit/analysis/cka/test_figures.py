"""Figure of CKA: every curve where it belongs, intervals, floor, scale and gaps."""

import numpy as np
import pytest
from figure_parts import drawn, numbers, panels, words
from made_up_similarity import MAIN, METHODS
from matplotlib.colors import to_hex

from babelmerge.analysis import panels as similarity_panels
from babelmerge.analysis.cka import figures as figures_cka
from babelmerge.display import style as fs


def test_every_expert_has_its_curves_floor_and_intervals(cka):
    figure = figures_cka.cka_figure(cka, MAIN)
    found = panels(figure)
    assert list(found) == ["Hindi", "Bengali"]
    ax = found["Hindi"]
    base = numbers(cka, "base-expert", "experts/hi-en", "base", "debiased")
    assert np.array_equal(drawn(ax, fs.INK), base[:-1])
    others = numbers(cka, "expert-expert", "experts/hi-en", "others", "debiased")
    assert np.array_equal(drawn(ax, fs.ACCENT), others[:-1])
    merges = "merges/all-to-one/task_arithmetic", "experts/hi-en"
    first = numbers(cka, "expert-merge", *merges, "debiased")
    assert np.array_equal(drawn(ax, similarity_panels.COLOURS[0]), first[:-1])
    floor = numbers(cka, "base-expert", "experts/hi-en", "base", "floor")
    assert np.array_equal(drawn(ax, fs.FAINT, ":"), floor[:-1])
    # The norm is a mark apart, and the bands have two shades.
    ends = [line.get_ydata()[0] for line in ax.lines if len(line.get_xdata()) == 1]
    assert set(ends) >= {base[-1], others[-1]} and min(base[-1], others[-1]) < 1
    shades = {to_hex(patch.get_facecolor()) for patch in ax.patches}
    assert set(similarity_panels.SHADES.values()) <= shades
    assert len(ax.collections) == 2 * (2 + len(METHODS))
    assert [label.get_text() for label in ax.get_xticklabels()] == ["0", "2", "5", "6", "N"]


def test_the_scale_ends_at_one_and_hides_floors_or_shows_them_whole(cka, tmp_path):
    near = cka.assign(value=cka["value"].where(cka["measure"] == "floor", 0.99))
    near = near.assign(low=near["low"] * 0 + 0.985, high=near["high"] * 0 + 0.995)
    low = near.assign(value=near["value"].where(near["measure"] != "floor", 0.3))
    figure = figures_cka.cka_figure(low, MAIN)
    assert "Biased floor (below the axis)" in words(figure, tmp_path)
    assert figure.axes[0].get_ylim()[0] == pytest.approx(1 - figures_cka.LEAST, abs=0.01)
    high = near.assign(value=near["value"].where(near["measure"] != "floor", 0.97))
    figure = figures_cka.cka_figure(high, MAIN)
    assert "Biased floor" in words(figure, tmp_path)
    bottom, top = figure.axes[0].get_ylim()
    assert bottom < 0.97 and 1 < top < 1.05
    assert max(figure.axes[0].get_yticks()) <= 1


def test_gaps_stay_gaps(cka):
    holes = cka.copy()
    holes.loc[holes["where"] == "3", ["value", "low", "high"]] = np.nan
    y = drawn(panels(figures_cka.cka_figure(holes, MAIN))["Hindi"], fs.INK)
    assert np.flatnonzero(np.isnan(y)).tolist() == [3]
    assert figures_cka.cka_figure(cka.assign(value=np.nan, low=np.nan, high=np.nan)).axes


def test_too_many_panels_are_counted_not_drawn(cka, tmp_path, monkeypatch):
    monkeypatch.setattr(similarity_panels, "MOST", 1)
    figure = figures_cka.cka_figure(cka, MAIN)
    assert list(panels(figure)) == ["Hindi"]
    assert "Layer; 1 more panels are in the long table" in words(figure, tmp_path)
