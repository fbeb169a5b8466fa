"""Figures of CKA and of angles: what they have in common, and which of them a plan has."""

import made_up_similarity as made_up
import pandas as pd
import pytest
from figure_parts import panels, words
from made_up_similarity import MAIN, SMALL, TWO

from babelmerge.analysis import panels as similarity_panels
from babelmerge.analysis.angles import figures as figures_angles
from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.analysis.cka import figures as figures_cka
from babelmerge.display import style as fs

TEN = (*made_up.CODES, "de", "fr", "ja", "zh", "ar", "it")


def around(make, codes, **given):
    """A long table of as many data sets, with one other expert and one merge on each."""

    def rows(code, other):
        names = made_up.models(dict.fromkeys((code, other)), False, ("ties",))
        return make((code,), into=False, names=names, **given)

    return pd.concat(map(rows, codes, (*codes[1:], codes[0])))


@pytest.mark.parametrize("codes,blocks", [(TWO, 2), (("hi",), 1), (TEN, 3)])
def test_few_and_many_layers_and_languages(codes, blocks):
    sizes = {"blocks": blocks, "sentences": 12, "features": 8}
    rows = around(made_up.cka, codes, **sizes)
    figure = figures_cka.cka_figure(rows)
    assert len(panels(figure)) == len(codes)
    assert figure.get_figwidth() == fs.WIDTH * (2 if len(codes) > similarity_panels.MANY else 1)
    turns = around(made_up.angles, codes, ranks=(4,), **sizes)
    assert len(panels(figures_angles.angle_figure(turns))) == len(codes)


def test_without_an_expert_figures_say_so(cka, angles, tmp_path):
    lone = ["base", "joint/all"]
    for make, rows in (
        (figures_cka.cka_figure, made_up.cka(("hi",), owned=False, names=lone, **SMALL)),
        (figures_angles.angle_figure, made_up.angles(("hi",), owned=False, names=lone, **SMALL)),
        (figures_angle_pairs.angle_pairs, angles.iloc[:0]),
        (figures_cka.cka_figure, cka.iloc[:0]),
    ):
        assert words(make(rows), tmp_path) == ["No expert is represented on these data"]


def test_equal_figures_are_equal_bytes(cka, angles, tmp_path):
    for at, (make, rows) in enumerate(
        (
            (figures_cka.cka_figure, cka),
            (figures_angles.angle_figure, angles),
            (figures_angle_pairs.angle_pairs, angles),
        )
    ):
        first, second = (
            fs.save(make(rows, MAIN), tmp_path / f"{at}{name}", ("svg",))[0] for name in "ab"
        )
        assert first.read_bytes() == second.read_bytes()
