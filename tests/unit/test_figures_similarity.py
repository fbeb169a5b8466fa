"""Figures and tables of CKA and angles: every number where it belongs, references drawn."""

import dataclasses
import re
import sys
from pathlib import Path

import made_up_similarity as made_up
import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_hex

from babelmerge import figure_style as fs
from babelmerge import (
    figures_angle_pairs,
    figures_angles,
    figures_cka,
    relations,
    similarity_curves,
    similarity_panels,
    similarity_tables,
    table_formats,
)
from babelmerge import plan as planning
from babelmerge import study as grammar

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "workflow" / "scripts"))

import artifacts_inside as inside  # noqa: E402
import presentation_similarity as shown  # noqa: E402

SMALL = {"blocks": 6, "sentences": 24, "features": 16}  # early 0-1, mid 2-4, late 5-6
TWO = ("hi", "bn")
TEN = (*made_up.CODES, "de", "fr", "ja", "zh", "ar", "it")
MAIN = {"all-to-one": [made_up.dataset(code) for code in made_up.CODES]}
HINDI = "translation/hi-en"
# Table 7 of the translation study, English -> Hindi, target span: layers 34, 35 and 36.
PAPER = {
    ("base-expert", "base"): (0.9395, 0.8844, 0.2721),
    ("expert-expert", "others"): (0.9270, 0.8870, 0.2486),
}


@pytest.fixture(scope="module")
def cka():
    return made_up.cka(TWO, **SMALL)


@pytest.fixture(scope="module")
def angles():
    return made_up.angles(TWO, ranks=(8, 4, 2), **SMALL)


@pytest.fixture(scope="module")
def ownerless():
    names = ["base", "experts/alpha", "experts/beta", "experts/gamma"]
    return made_up.cka(("hi",), owned=False, names=names, **SMALL)


def panels(figure):
    """Title -> axes, of the panels by layer and that by rank."""
    return {ax.get_title(loc="left"): ax for ax in figure.axes if ax.get_title(loc="left")}


def drawn(ax, colour, dashes="-"):
    """y of the one curve over layers with this colour and dashes, without the mark at its end."""
    (line,) = [
        line
        for line in ax.lines
        if to_hex(line.get_color()) == colour
        and line.get_linestyle() == dashes
        and len(line.get_xdata()) > 2
    ]
    return np.asarray(line.get_ydata(), float)


def numbers(rows, comparison, model, other, measure, dataset=HINDI, rank=None):
    """A curve as the long table has it: layers 0..L and norm."""
    wanted = {"comparison": comparison, "model": model, "other": other, "measure": measure}
    wanted |= {"dataset": dataset, "level": "layer"} | ({"rank": rank} if rank else {})
    for name, value in wanted.items():
        rows = rows[rows[name] == value]
    return rows["value"].to_numpy(float)


def words(figure, tmp_path):
    (path,) = fs.save(figure, tmp_path / "figure", ("svg",))
    return re.findall(r"<text\b[^>]*>([^<]*)</text>", path.read_text(encoding="utf-8"))


# --- What is told ---------------------------------------------------------------------------------


def test_others_are_the_direction_s_experts_not_partners_of_another():
    models = ["base", "experts/hi-en", "experts/bn-en", "experts/ta-en", "experts/en-hi"]
    found = relations.relations(models, "experts/hi-en")

    def others(peers):
        *_, (last, members) = relations.with_others(found, "experts/hi-en", peers)
        assert last.other == relations.OTHERS
        return {found[place].other for place in members}

    assert others(models[1:4]) == {"experts/bn-en", "experts/ta-en"}
    assert others(()) == others(["experts/hi-en"]) == set(models[2:])


def test_the_main_group_is_the_smallest_that_has_the_direction(cka):
    groups = {"all-to-one": [HINDI, "translation/bn-en"]}
    rows = pd.concat(
        [cka, *(cka.assign(model=cka["model"].str.replace("all-to-one", name)) for name in "ab")]
    )
    assert similarity_curves.shown_groups(rows, groups) == ["all-to-one"]
    wider = {"all-to-one": [*groups["all-to-one"], "translation/en-hi"], "a": groups["all-to-one"]}
    assert similarity_curves.shown_groups(rows, wider) == ["a"]
    assert similarity_curves.shown_groups(rows, {"a": [HINDI]}) == ["all-to-one", "a", "b"]


def test_what_is_told_is_what_the_table_says(cka):
    told = similarity_curves.told(cka, MAIN)
    ties = told[(told["method"] == "ties") & (told["comparison"] == "expert-merge")]
    ties = ties[(ties["dataset"] == HINDI) & (ties["measure"] == "debiased")]
    ties = ties[ties["level"] == "layer"]["value"]
    same = numbers(cka, "expert-merge", "merges/all-to-one/ties", "experts/hi-en", "debiased")
    assert np.array_equal(ties, same) and not np.isnan(same).any()
    places = ["dataset", "expert", "comparison", "method", "where", "measure"]
    assert not told.duplicated(places).any()


def test_without_owners_every_expert_is_told_with_the_mean_over_the_others(ownerless):
    told = similarity_curves.told(ownerless)
    assert [s.expert for s in similarity_curves.subjects_of(told)] == [
        "experts/alpha",
        "experts/beta",
        "experts/gamma",
    ]
    beta = told[(told["expert"] == "experts/beta") & (told["comparison"] == "expert-expert")]
    beta = beta[(beta["measure"] == "debiased") & (beta["level"] == "layer")]["value"]
    pairs = [
        numbers(ownerless, "expert-expert", *pair, "debiased")
        for pair in (("experts/alpha", "experts/beta"), ("experts/beta", "experts/gamma"))
    ]
    assert np.allclose(beta, np.mean(pairs, axis=0), atol=1e-15)


def test_intervals_apart():
    one = pd.DataFrame({"low": [0.5, 0.1, 0.3, np.nan], "high": [0.6, 0.2, 0.5, np.nan]})
    other = pd.DataFrame({"low": [0.3, 0.3, 0.4, 0.1], "high": [0.4, 0.4, 0.6, 0.2]})
    assert similarity_curves.apart(one, other).tolist() == [1, -1, 0, 0]


# --- Curves of CKA --------------------------------------------------------------------------------


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
    assert len(ax.collections) == 2 * (2 + len(made_up.METHODS))
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


@pytest.mark.parametrize("codes,blocks", [(TWO, 2), (("hi",), 1), (TEN, 3)])
def test_few_and_many_layers_and_languages(codes, blocks):
    sizes = {"blocks": blocks, "sentences": 12, "features": 8}
    rows = made_up.cka(codes, into=False, **sizes)
    figure = figures_cka.cka_figure(rows)
    assert len(panels(figure)) == len(codes)
    assert figure.get_figwidth() == fs.WIDTH * (2 if len(codes) > similarity_panels.MANY else 1)
    turns = made_up.angles(codes, into=False, ranks=(4,), **sizes)
    assert len(panels(figures_angles.angle_figure(turns))) == len(codes)


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


# --- Angles ---------------------------------------------------------------------------------------


def test_angles_stand_beside_halves_and_random_subspaces(angles):
    found = panels(figures_angles.angle_figure(angles, MAIN))
    ax = found["Hindi"]
    base = numbers(angles, "base-expert", "experts/hi-en", "base", "median", rank="8")
    assert np.array_equal(drawn(ax, fs.INK), base[:-1])
    halves = numbers(angles, "split-half", "experts/hi-en", "experts/hi-en", "median", rank="8")
    assert np.array_equal(drawn(ax, fs.FAINT, "--"), halves[:-1])
    random = angles[(angles["comparison"] == "random") & (angles["rank"] == "8")]["value"]
    levels = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
    assert levels == [random.iloc[0]]
    assert [label.get_text() for label in ax.get_yticklabels()][:2] == ["0°", "15°"]


def test_sensitivity_to_the_rank(angles):
    (name,) = [
        title for title in panels(figures_angles.angle_figure(angles, MAIN)) if "By" in title
    ]
    assert name == "By rank: late layers (5–6), mean of all panels"
    ax = panels(figures_angles.angle_figure(angles, MAIN))[name]
    assert [label.get_text() for label in ax.get_xticklabels()] == ["2", "4", "8"]
    late = angles[(angles["where"] == "late 5-6") & (angles["measure"] == "median")]
    own = late[late["comparison"] == "base-expert"]
    own = own[own["model"].str.split("/").str[1] == own["dataset"].str.split("/").str[1]]
    means = own.groupby(own["rank"].astype(int))["value"].mean()
    assert np.allclose(drawn(ax, fs.INK), means.loc[[2, 4, 8]])
    alone = angles[angles["rank"] == "8"]
    assert not any("By rank" in title for title in panels(figures_angles.angle_figure(alone)))


def cells(figure):
    """(row label, column label) -> the number in the cell, and its colour."""
    ax = figure.axes[0]
    rows, columns = (
        [label.get_text() for label in labels]
        for labels in (ax.get_yticklabels(), ax.get_xticklabels())
    )
    found = {}
    for text in (text for text in ax.texts if text.get_text()):
        x, y = map(int, text.get_position())
        found[rows[y], columns[x]] = text.get_text()
    return found


def test_pairs_are_models_against_experts_on_their_data(angles):
    figure = figures_angle_pairs.angle_pairs(angles, MAIN)
    found = cells(figure)
    late = angles[(angles["where"] == "late 5-6") & (angles["rank"] == "8")]
    late = late[late["measure"] == "median"]

    def value(comparison, model, other, dataset):
        wanted = (comparison, model, other, dataset)
        keys = ("comparison", "model", "other", "dataset")
        (row,) = [r for r in late.to_dict("records") if tuple(r[k] for k in keys) == wanted]
        return f"{row['value']:.0f}"

    hindi, bengali, bn = "experts/hi-en", "experts/bn-en", "translation/bn-en"
    assert found["Base", "Bengali"] == value("base-expert", bengali, "base", bn)
    hindi_there = value("expert-expert", bengali, hindi, bn)
    assert found["Expert Hindi → English", "Bengali"] == hindi_there
    own = value("split-half", hindi, hindi, HINDI)
    assert found["Expert Hindi → English", "Hindi"] == own
    ties = value("expert-merge", "merges/all-to-one/ties", hindi, HINDI)
    assert found["TIES", "Hindi"] == ties
    assert len(found) == 2 * (1 + 2 + len(made_up.METHODS))
    told = [text.get_text() for text in figure.axes[1].texts]
    assert [text.split(" ")[0] for text in told] == ["halves", "random"]
    assert figure.axes[0].get_title(loc="left") == "With the expert, on its data, for"


def test_pairs_leave_out_other_groups_and_partners_of_one_column(angles):
    other = angles[angles["model"].str.contains("/ties")]
    other = other.assign(model="merges/bidirectional-hi/ties")
    other = other[other["dataset"] == HINDI]
    partner = angles[(angles["model"] == "experts/hi-en") & (angles["other"] == "experts/bn-en")]
    partner = partner.assign(other="experts/en-hi")
    rows = pd.concat([angles, other, partner])
    plain, more = (cells(figures_angle_pairs.angle_pairs(r, MAIN)) for r in (angles, rows))
    assert plain == more
    everyone = pd.concat(
        [
            rows,
            partner.assign(
                model="experts/bn-en", dataset="translation/bn-en", owner="experts/bn-en"
            ),
        ]
    )
    assert ("Expert English → Hindi", "Bengali") in cells(
        figures_angle_pairs.angle_pairs(everyone, MAIN)
    )


# --- Tables ---------------------------------------------------------------------------------------


def published(span="target"):
    """A long table with the study's own numbers, biased as printed, in the last three layers."""
    rows = []
    for (comparison, other), values in PAPER.items():
        for layer in range(37):
            value = values[layer - 34] if layer >= 34 else 0.99
            at = {"dataset": "translation/en-hi", "owner": "experts/en-hi", "span": span}
            at |= {"level": "layer", "where": str(layer), "comparison": comparison}
            at |= {"model": "experts/en-hi", "other": other, "low": value - 0.02, "n": 128}
            at |= {"high": value + 0.02}
            rows += [
                {**at, "measure": measure, "value": number}
                for measure, number in (
                    ("biased", value),
                    ("debiased", value - 0.01),
                    ("floor", 0.5),
                )
            ]
    return pd.DataFrame(rows)


def test_table_of_the_papers_numbers():
    table = similarity_tables.last_table({"target": published()}, "English → XX")
    assert table.header == (
        *(("Base", layer) for layer in ("L34", "L35", "L36")),
        *(("Others", layer) for layer in ("L34", "L35", "L36")),
    )
    debiased, biased = table.rows
    assert biased.section == "Target tokens, biased, as printed in papers"
    assert [cell.text for cell in biased.cells] == [
        *("0.940", "0.884", "0.272", "0.927", "0.887", "0.249")
    ]
    assert [cell.text for cell in debiased.cells][2] == "0.262"
    assert "0.50 over target tokens (N = 128 sentences)" in table.note
    assert "the base and the other experts (mean)" in table.note


def test_bands_are_the_paper_s_layout(cka):
    table = similarity_tables.bands_table({"source": cka, "target": cka}, "XX → English", MAIN)
    against = ("Base", "Others", "Merges")
    bands = ("Early (0–1)", "Mid (2–4)", "Late (5–6)")
    assert table.header == tuple((band, other) for band in bands for other in against)
    labels = [row.label for row in table.rows]
    assert labels == ["Hindi", "Bengali", "Mean"] * 4
    assert len({row.section for row in table.rows}) == 4
    late = cka[(cka["where"] == "late 5-6") & (cka["measure"] == "debiased")]
    late = late[(late["dataset"] == HINDI) & (late["other"] == "experts/hi-en")]
    merges = late[late["comparison"] == "expert-merge"]["value"]
    assert table.rows[0].cells[-1].text == f"{merges.mean():.3f}" and len(merges) == 4
    two = [float(row.cells[0].text) for row in table.rows[:2]]
    assert float(table.rows[2].cells[0].text) == pytest.approx(np.mean(two), abs=0.0011)
    for shape in (table_formats.to_markdown, table_formats.to_latex, table_formats.to_html):
        assert "biased, as printed in papers" in shape(table)


def test_the_file_has_every_method_with_intervals_and_floors(cka):
    frame = similarity_tables.last_table({"target": cka}, "XX → English", MAIN).frame
    assert list(frame.columns) == similarity_tables.COLUMNS
    assert list(frame["where"].unique()) == ["4", "5", "6", "norm"]
    assert set(frame["method"]) == {"", *made_up.METHODS, similarity_tables.MEAN}
    assert not frame.isna().any().any() and (frame["low"] <= frame["high"]).all()
    assert not frame.duplicated(["dataset", "where", "comparison", "method"]).any()


def test_tables_survive_what_is_missing(cka, ownerless):
    pairs = cka[cka["comparison"] == "base-expert"]
    table = similarity_tables.bands_table({"source": pairs}, "XX → English")
    assert {other for _, other in table.header} == {"Base"} and len(table.rows) == 6
    table = similarity_tables.last_table({"source": ownerless}, "Text")
    assert [row.label for row in table.rows[:4]] == ["alpha", "beta", "gamma", "Mean"]
    empty = similarity_tables.bands_table({"source": cka.iloc[:0]}, "Text")
    assert empty.rows == () and "No expert" in table_formats.to_markdown(empty)
    assert list(empty.frame.columns) == similarity_tables.COLUMNS


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
