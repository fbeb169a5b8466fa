"""Figures of CKA and of angles: what they have in common, and which of them a plan has."""

import dataclasses

import artifacts_inside as inside  # noqa: E402
import made_up_similarity as made_up
import presentation_similarity as shown  # noqa: E402
import pytest
from figure_parts import panels, words
from made_up_similarity import HINDI, MAIN, SMALL, TWO
from places import ROOT

from babelmerge.analysis import panels as similarity_panels
from babelmerge.analysis.angles import figures as figures_angles
from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.analysis.cka import figures as figures_cka
from babelmerge.display import style as fs
from babelmerge.study.grammar import study as grammar
from babelmerge.study.plan import expand as planning

TEN = (*made_up.CODES, "de", "fr", "ja", "zh", "ar", "it")


@pytest.mark.parametrize("codes,blocks", [(TWO, 2), (("hi",), 1), (TEN, 3)])
def test_few_and_many_layers_and_languages(codes, blocks):
    sizes = {"blocks": blocks, "sentences": 12, "features": 8}
    rows = made_up.cka(codes, into=False, **sizes)
    figure = figures_cka.cka_figure(rows)
    assert len(panels(figure)) == len(codes)
    assert figure.get_figwidth() == fs.WIDTH * (2 if len(codes) > similarity_panels.MANY else 1)
    turns = made_up.angles(codes, into=False, ranks=(4,), **sizes)
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


# --- What a plan has ------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def plan():
    file = ROOT / "config" / "studies" / "translation-mini.yaml"
    return planning.expand(grammar.load(file, data="data"))


def test_names_of_figures_and_tables(plan):
    kinds, directions = ("cka", "angles", "angle-pairs"), ("en-xx", "xx-en")
    wanted = {f"{kind}-{d}.{span}" for kind in kinds for d in directions for span in inside.SPANS}
    assert set(shown.figures(plan)) == wanted and len(shown.figures(plan)) == len(wanted)
    assert set(shown.tables(plan)) == {
        f"cka-{k}-{d}" for k in ("bands", "last") for d in directions
    }
    assert set(shown.table_files(plan, "xx-en")) < set(inside.cka_files(plan))
    settings = shown.table_settings(plan, "xx-en")
    assert settings["spans"] == ["source", "target"]
    assert settings["groups"]["many-to-one"] == [made_up.dataset(c) for c in made_up.CODES]


def test_only_what_is_compared_is_shown(plan, monkeypatch):
    without = dataclasses.replace(plan, analysis={"split": "dev"})
    assert shown.figures(without) == shown.tables(without) == []
    one = [path for path in inside.cka_files(plan) if path.endswith("xx-en.source.tsv")]
    monkeypatch.setattr(inside, "cka_files", lambda plan: one)
    monkeypatch.setattr(inside, "angle_files", lambda plan: [])
    assert shown.figures(plan) == ["cka-xx-en.source"]
    assert shown.tables(plan) == ["cka-bands-xx-en", "cka-last-xx-en"]
    monkeypatch.setattr(inside, "represented", lambda plan, dataset: ["base", "joint/all"])
    assert shown.figures(plan) == shown.tables(plan) == []


def test_peers_are_the_experts_of_the_direction(plan):
    settings = inside.cka_settings(plan, "xx-en", "target")
    assert settings["peers"] == [f"experts/{code}-en" for code in made_up.CODES]
    assert inside.angle_settings(plan, "xx-en", "target")["peers"] == settings["peers"]
    hindi = next(case for case in settings["cases"] if case["dataset"] == HINDI)
    assert "experts/en-hi" in hindi["files"]
    step = dataclasses.replace(plan.models["experts/hi-en"], id="experts/hi-en@100")
    later = dataclasses.replace(plan, models={**plan.models, step.id: step})
    assert inside.cka_settings(later, "xx-en", "target")["peers"] == settings["peers"]
