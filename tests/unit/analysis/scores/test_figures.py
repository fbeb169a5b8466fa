"""Figures: the same bytes each time, everything told, nothing cut off, gaps shown as gaps."""

import io
import re
import zlib

import made_up_study
import matplotlib
import numpy as np
import pandas as pd
import pytest
from figure_parts import words
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib.font_manager import FontProperties, findfont

from babelmerge.analysis.groups.overview import retention_overview
from babelmerge.analysis.scores import figures, matrix
from babelmerge.display import style as figure_style
from babelmerge.evaluation.sweeps import figures as figures_search
from babelmerge.evaluation.sweeps.figures import sweep_figure
from babelmerge.training.curves import training_curves

HINDI = "Hindi → English"
TEN = ("hi", "bn", "ta", "te", "de", "fr", "ja", "zh", "ar", "it")


@pytest.fixture(scope="module")
def scores():
    return made_up_study.scores()


@pytest.fixture(scope="module")
def retention(scores):
    return made_up_study.retention(scores)


def test_equal_figures_are_equal_bytes_without_dates(scores, tmp_path):
    into, _ = made_up_study.datasets(("hi", "bn"))
    made = []
    for name in ("a", "b"):
        paths = figure_style.save(matrix.score_matrix(scores, into), tmp_path / name)
        made.append([path.read_bytes() for path in paths])
        assert [path.suffix for path in paths] == [".svg", ".pdf", ".png"]
    assert made[0] == made[1]
    assert b"<dc:date>" not in made[0][0] and b"CreationDate" not in made[0][1]


def test_fonts_in_a_pdf_are_the_outlines_of_its_letters_alone(scores, tmp_path):
    into, _ = made_up_study.datasets(("hi", "bn"))
    (path,) = figure_style.save(matrix.score_matrix(scores, into), tmp_path / "a", ("pdf",))
    content = path.read_bytes()
    starts = [found.end() for found in re.finditer(rb"\bstream\r?\n", content)]
    told = [zlib.decompressobj().decompress(content[start:]) for start in starts]
    fonts = [TTFont(io.BytesIO(one)) for one in told if one.startswith(b"\x00\x01\x00\x00")]
    assert len(fonts) >= 2, "regular type and bold"
    for font in fonts:
        assert {"glyf", "loca", "head", "hhea", "hmtx", "maxp"} <= set(font.keys())
        assert not {"GDEF", "GPOS", "GSUB"} & set(font.keys())
        weight = "bold" if "Bold" in font["name"].getDebugName(4) else "normal"
        whole = TTFont(findfont(FontProperties(family="DejaVu Sans", weight=weight)))
        assert outlines(font) and outlines(font).items() <= outlines(whole, outlines(font)).items()
    assert subset.load_font(findfont("DejaVu Sans"), subset.Options())["GSUB"], "for other users"


def outlines(font, letters=None):
    """Letter -> its width and outline, of a font's letters or of these."""
    named, forms = font.getBestCmap(), font["glyf"]
    found = {}
    for letter in letters or named:
        points, _, _ = forms[named[letter]].getCoordinates(forms)
        found[letter] = (font["hmtx"][named[letter]], tuple(points))
    return found


def test_unknown_format_is_an_error(tmp_path):
    with pytest.raises(ValueError, match="gif.*svg"):
        figure_style.save(training_curves({}), tmp_path / "x", ("svg", "gif"))


def test_style_leaves_no_trace():
    before = dict(matplotlib.rcParams)
    with figure_style.style():
        assert matplotlib.rcParams["font.size"] == figure_style.RC["font.size"]
    assert dict(matplotlib.rcParams) == before


def test_matrix_tells_every_score_and_every_name(scores, tmp_path):
    _, out = made_up_study.datasets(("hi", "bn", "ta", "te"))
    said = words(matrix.score_matrix(scores, out), tmp_path)
    here = scores[(scores.metric == "bleu") & scores.dataset.isin(out) & (scores.kind != "merge")]
    assert {f"{value:.1f}" for value in here.value} <= set(said)
    assert {"Hindi", "Base", "Expert English → Tamil", "Joint from-english", "97%"} <= set(said)
    assert "Joint to-english" not in said


def test_matrix_rows_run_from_base_to_joint_and_gaps_stay_gaps(scores):
    into, _ = made_up_study.datasets(("hi", "bn", "ta", "te"))
    gap = (scores.model == "experts/hi-en") & (scores.dataset == "translation/te-en")
    figure = matrix.score_matrix(scores[~gap], into)
    ax = figure.axes[0]
    names = [label.get_text() for label in ax.get_yticklabels()]
    assert names[0] == "Base" and names[-1] == "Joint to-english"
    hatched = [patch for patch in ax.patches if patch.get_hatch()]
    assert [patch.get_xy() for patch in hatched] == [(2.5, 0.5)]


def test_dark_is_better_in_a_matrix_whichever_way_that_is(scores):
    into, _ = made_up_study.datasets(("hi", "bn"))
    shades = {}
    for metric in ("bleu", "bits_per_byte"):
        own = scores[scores["metric"] == "bleu"].assign(metric=metric)
        figure = matrix.score_matrix(own, into, metric)
        grid = own[own["dataset"] == into[0]].drop_duplicates("kind").set_index("kind")["value"]
        cells = [patch.get_facecolor() for patch in figure.axes[0].patches]
        shades[metric] = {sum(cells[0][:3]): grid["base"], sum(cells[2][:3]): grid["expert"]}
    for metric, better in (("bleu", max), ("bits_per_byte", min)):
        assert shades[metric][min(shades[metric])] == better(shades[metric].values())


def test_shared_limit_makes_matrices_comparable(scores):
    limit = matrix.shared_limit(scores, "bleu")
    into, out = made_up_study.datasets(("hi", "bn", "ta", "te"))
    faces = []
    for sets in (into, out):
        figure = matrix.score_matrix(scores, sets, "bleu", limit)
        faces.append(figure.axes[1].get_xlim())
    assert faces[0] == faces[1] == (0, pytest.approx(limit))


@pytest.mark.parametrize("languages", [("hi",), TEN])
def test_few_and_many_languages_zero_and_missing_scores(languages, tmp_path):
    scores = made_up_study.scores(languages)
    retention = made_up_study.retention(scores)
    scores.loc[scores.kind == "base", "value"] = 0.0
    unlearnt = ["expert", "retention", "low", "high", "unlearnt"]
    one = retention.dataset == retention.dataset.iloc[0]
    retention.loc[one, unlearnt] = [0, np.nan, np.nan, np.nan, "floor"]
    into, _ = made_up_study.datasets(languages)
    assert "0.0" in words(matrix.score_matrix(scores, into), tmp_path)
    said = words(figures.retention_bars(retention, "bleu", ["many-to-one"]), tmp_path)
    nothing = f"Not drawn, as its expert learnt nothing: {HINDI}."
    assert (figures.NOTHING if len(languages) == 1 else nothing) in said


def test_a_matrix_of_zeros_has_a_scale(tmp_path):
    scores = made_up_study.scores(("hi", "bn")).assign(value=0.0)
    figure = matrix.score_matrix(scores, made_up_study.datasets(("hi", "bn"))[0])
    said = words(figure, tmp_path)
    assert "1.0" in said and not [word for word in said if word.startswith("1e")]


def test_nothing_reaches_beyond_the_page(scores, retention):
    made = [
        matrix.score_matrix(scores, made_up_study.datasets(("hi", "bn", "ta", "te"))[0]),
        figures.retention_bars(retention, "bleu", ["bidirectional-hi"]),
        sweep_figure(made_up_study.sweeps()["many-to-one"]),
    ]
    for figure in made:
        with figure_style.style():
            figure.draw_without_rendering()
            page = figure.get_tightbbox().width
        assert page <= figure_style.WIDTH * 1.03, (
            "wider than a column: text would shrink on a phone"
        )


@pytest.mark.parametrize("methods", [1, 2, 4])
def test_names_of_two_lines_do_not_touch_however_few_the_methods(retention, methods):
    few = retention[retention["method"].isin(retention["method"].unique()[:methods])]
    figure = figures.retention_bars(few, "bleu", ["bidirectional-hi"])
    with figure_style.style():
        figure.draw_without_rendering()
        upper, lower = (name.get_window_extent() for name in figure.axes[0].get_yticklabels())
    assert not upper.overlaps(lower)


def test_retention_bars_show_levels_methods_and_shares(retention, tmp_path):
    said = words(figures.retention_bars(retention, "bleu", ["many-to-one"]), tmp_path)
    rows = retention[(retention.group == "many-to-one") & (retention.metric == "bleu")]
    assert {f"{100 * share:.0f}%" for share in rows.retention} <= set(said)
    assert {"Task Arithmetic", "TIES", "DARE", "SCE", "Base", "Joint training"} <= set(said)
    figure = figures.retention_bars(retention, "bleu", ["many-to-one"])
    base = (rows.base / rows.expert).iloc[0]
    marks = [line.get_xdata()[0] for line in figure.axes[0].lines]
    assert any(mark == pytest.approx(base) for mark in marks)


def test_a_test_set_of_which_nothing_was_learnt_is_named_beneath(retention, tmp_path):
    rows = retention[(retention.group == "many-to-one") & (retention.metric == "bleu")]
    one = rows.dataset == rows.dataset.iloc[0]
    lost = {"retention": np.nan, "low": np.nan, "high": np.nan, "unlearnt": "base"}
    told = pd.concat([rows[one].assign(**lost), rows[~one]])
    figure = figures.retention_bars(told, "bleu", ["many-to-one"])
    assert f"Not drawn, as its expert learnt nothing: {HINDI}." in words(figure, tmp_path)
    full = figures.retention_bars(rows, "bleu", ["many-to-one"])
    assert len(figure.axes[0].get_yticks()) == len(full.axes[0].get_yticks()) - 1
    assert figure.get_figheight() < full.get_figheight()
    assert "Not drawn" not in " ".join(words(full, tmp_path))


def crowd(sets, methods=3, dead=0, group="all", tasks=4):
    """A long retention table of so many test sets, of the first few of which nothing was learnt."""
    rng = np.random.default_rng(sets)
    for at in range(sets):
        share = rng.uniform(0.3, 1.0)
        lost = at < dead
        for method in range(methods):
            kept = np.nan if lost else share + 0.01 * method
            row = {"group": group, "method": f"m{method}", "dataset": f"task{at % tasks}/l{at}"}
            row |= {"metric": "accuracy", "base": 20.0, "expert": 80.0, "joint": 70.0}
            row |= {"retention": kept, "low": kept - 0.1, "high": kept + 0.1}
            yield row | {"unlearnt": "floor" if lost else ""}


MOST = 48  # test sets of one group that have room
ROOM = figures.crowded.PANEL + MOST * figures.crowded.ROW


@pytest.mark.parametrize(
    ("sets", "dead", "methods"),
    [(3, 0, 1), (9, 25, 3), (33, 0, 8), (33, 25, 1), (33, 25, 8), (150, 40, 3), (400, 0, 1)]
    + [(400, 0, 8)],
)
def test_a_figure_of_retention_is_as_tall_as_a_page_at_most(sets, dead, methods, tmp_path):
    frame = pd.DataFrame(crowd(sets + dead, methods, dead))
    figure = figures.retention_bars(frame, "accuracy", ["all"])
    assert figure.get_figheight() < 11
    names = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert len(names) == min(sets, MOST) or len(names) == sets
    assert len(set(names)) == len(names)
    note = figure.get_supxlabel().replace("\n", " ")
    assert (f"{dead} test sets are not drawn" in note) == bool(dead)
    if len(names) < sets:
        assert note.startswith(f"Of {sets} test sets the {len(names)} are drawn")
    assert "…" not in note and note.count("\n") < figures.crowded.LINES


def test_those_that_lose_most_are_drawn_where_there_is_no_room_for_all():
    frame = pd.concat([pd.DataFrame(crowd(70, group=name)) for name in ("a", "b")])
    frame.loc[frame.group == "b", ["retention", "low", "high"]] += 5
    parts = {name: frame[frame.group == name] for name in ("a", "b")}
    panel, row = figures.crowded.PANEL, figures.crowded.ROW
    few = figures.crowded.fewest(parts, panel + 30 * row)
    means = parts["a"].groupby("dataset")["retention"].mean().nsmallest(30)
    assert list(few) == ["a"] and set(few["a"]["dataset"]) == set(means.index)
    both = figures.crowded.fewest(parts, 2 * panel + 100 * row)
    assert both["a"]["dataset"].nunique() == 70 and both["b"]["dataset"].nunique() == 30


@pytest.mark.parametrize("groups", [1, 2, 12, 40])
@pytest.mark.parametrize("sets", [1, 3, 60])
def test_panels_count_into_the_height(groups, sets):
    """Rows are taken until it is reached, whatever number of groups they are of."""
    frame = pd.concat([pd.DataFrame(crowd(sets, 2, group=f"g{at}")) for at in range(groups)])
    parts = {name: part for name, part in frame.groupby("group", sort=False)}
    few = figures.crowded.fewest(parts)
    taken = sum(map(figures.crowded.height, few.values()))
    assert taken <= figures.crowded.TALLEST + 1e-6 and ROOM == pytest.approx(8.1)
    drawn = sum(part["dataset"].nunique() for part in few.values())
    more = figures.crowded.PANEL + figures.crowded.ROW
    assert drawn == groups * sets or taken > figures.crowded.TALLEST - more
    means = frame.groupby(["group", "dataset"], sort=False)["retention"].mean().sort_values()
    least = [part.groupby("dataset")["retention"].mean() for part in few.values()]
    assert sorted(pd.concat(least)) == pytest.approx(means.iloc[:drawn].tolist())
    if groups * sets > 60:
        assert figures.retention_bars(frame, "accuracy", list(parts)).get_figheight() < 11


@pytest.mark.parametrize("dead", [1, 2, 30, 300])
def test_names_that_have_no_room_beneath_are_counted(dead):
    frame = pd.DataFrame(crowd(80 + dead, dead=dead))
    note = figures.retention_bars(frame, "accuracy", ["all"]).get_supxlabel()
    text = note.replace("\n", " ")
    assert text.startswith("Of 80 test sets the 48 are drawn") and text.endswith(".")
    assert len(note.splitlines()) <= figures.crowded.LINES
    named = re.findall(r"\bl\d+", text)
    left = re.search(r" and (\d+) more\.$", text)
    assert len(set(named)) + int(left[1] if left else 0) == dead
    assert bool(left) == (dead == 300)


def test_marks_beyond_the_axis_stand_at_its_end_with_their_number():
    frame = pd.DataFrame(crowd(40))
    far = frame["dataset"].isin(["task0/l0", "task1/l1"]) & (frame["method"] != "m2")
    far &= ~((frame["dataset"] == "task1/l1") & (frame["method"] == "m1"))
    frame.loc[far, ["retention", "low", "high"]] = [[6.12, 6, 7], [8.5, 8, 9], [30.0, 20, 40]]
    ax = figures.retention_bars(frame, "accuracy", ["all"]).axes[0]
    top = ax.get_xlim()[1]
    marks = [line for line in ax.lines if line.get_marker() != "None"]
    found = sorted(float(line.get_xdata()[0]) for line in marks)
    assert found == pytest.approx(sorted(np.minimum(frame["retention"], top)))
    assert not any(line.get_clip_on() for line in marks)
    names = [name.get_text() for name in ax.get_yticklabels()]
    told = {names[int(text.xy[1])][-2:]: text.get_text() for text in ax.texts}
    assert told == {"l0": "612% to 850%", "l1": "3000%"}


def test_rows_of_marks_lie_where_shares_are():
    frame = pd.DataFrame(crowd(40))
    figure = figures.retention_bars(frame, "accuracy", ["all"])
    ax = figure.axes[0]
    marks = [line for line in ax.lines if line.get_marker() != "None"]
    found = sorted(float(line.get_xdata()[0]) for line in marks)
    assert found == pytest.approx(sorted(frame["retention"]))
    names = [label.get_text() for label in ax.get_yticklabels()]
    for line in marks:
        row = frame[np.isclose(frame["retention"], line.get_xdata()[0])].iloc[0]
        assert names[round(line.get_ydata()[0])].endswith(row["dataset"].split("/")[1])


def test_a_test_set_that_is_drawn_in_another_group_is_named_with_its_own():
    frame = pd.concat([pd.DataFrame(crowd(4, dead=1)), pd.DataFrame(crowd(4, group="b"))])
    note = figures.retention_bars(frame, "accuracy", ["all", "b"]).get_supxlabel()
    assert "nothing: l0 in all (task0)." in note.replace("\n", " ")


def test_retention_needs_rows(retention):
    with pytest.raises(ValueError, match="comet.*many-to-one"):
        figures.retention_bars(retention, "comet", ["many-to-one"])


def test_retention_above_the_expert_stays_on_the_axis(retention):
    frame = retention.copy()
    frame.loc[(frame.method == "ties") & (frame.metric == "bleu"), ["retention", "high"]] = [
        1.6,
        1.8,
    ]
    for make in (figures.retention_bars, retention_overview):
        figure = make(frame, "bleu", ["many-to-one", "one-to-many"])
        assert figure.axes[0].get_xlim()[1] > 1.8


@pytest.mark.parametrize("make", [figures.retention_bars, retention_overview])
def test_retention_of_experts_that_learnt_nothing_says_so(retention, tmp_path, make):
    nothing = retention.assign(retention=float("nan"), unlearnt="below the base")
    assert figures.NOTHING in words(make(nothing, "bleu", ["many-to-one"]), tmp_path)


def test_overview_scales_to_many_groups(retention, tmp_path):
    rows = retention[retention.group == "bidirectional-hi"]
    many = pd.concat([rows.assign(group=f"pairs-{n:02d}") for n in range(24)])
    names = list(dict.fromkeys(many.group))
    said = words(retention_overview(many, "bleu", names), tmp_path)
    assert {"pairs-00", "pairs-23"} <= set(said)
    one = retention_overview(many, "bleu", names, {"pairs": names})
    assert {"pairs (24 groups)"} <= set(words(one, tmp_path))
    assert one.get_figheight() < 2, "many groups of a family share a row"
    dots = sum(len(drawn.get_offsets()) for drawn in one.axes[0].collections)
    assert dots == (many.metric == "bleu").sum()


def test_sweep_panels_by_number_of_parameters_that_vary():
    tables = made_up_study.sweeps()["many-to-one"]
    assert figures_search.parameters(tables["task_arithmetic"]) == ["weight"]
    assert figures_search.parameters(tables["ties"]) == ["density", "weight"]
    figure = sweep_figure(tables)
    titles = [ax.get_title(loc="left") for ax in figure.axes]
    assert titles[:4] == ["Task Arithmetic", "TIES", "DARE", "SCE"]


def test_sweep_rings_the_selected_point_and_marks_copies(tmp_path):
    table = made_up_study.sweeps()["many-to-one"]["ties"]
    figure = sweep_figure({"ties": table})
    ax = figure.axes[0]
    rings = [p for p in ax.patches if p.get_edgecolor()[:3] != (0, 0, 0) and not p.get_fill()]
    won = table[table.selected].iloc[0]
    rings = rings or [p for p in ax.patches if p.get_facecolor()[3] == 0]
    column = sorted(table.density.unique()).index(won.density) - 0.5
    assert [p.get_x() for p in rings] == [column]
    assert sum(text.get_text().endswith("=") for text in ax.texts) == 1


def test_sweep_tables_as_they_are_read_back_from_files(tmp_path):
    table = made_up_study.sweep({"weight": [0.1, 0.2, 0.3]}, ["translation/hi-en"])
    table["alias_of"] = pd.array([None, None, 0], dtype="Int64")
    table["seconds"] = 1.5
    table.to_csv(tmp_path / "sweep.tsv", sep="\t", index=False)
    back = pd.read_csv(tmp_path / "sweep.tsv", sep="\t")
    assert figures_search.parameters(back) == ["weight"]
    assert "weight" in words(sweep_figure({"dare": back}), tmp_path)


def test_a_search_shows_both_halves_and_rings_what_was_selected_on_the_unseen_one(tmp_path):
    table = made_up_study.search(["translation/hi-en"])
    figure = sweep_figure(
        {"ties": made_up_study.sweeps()["many-to-one"]["ties"], "ties-search": table}
    )
    assert [ax.get_title(loc="left") for ax in figure.axes][:2] == ["TIES", "TIES, searched"]
    seen, held = figure.axes[1].get_lines()
    assert seen.get_ydata().tolist() == table["mean"].cummax().tolist()
    assert held.get_ydata().tolist() == (8 + table["mean"].cummax() / 5).tolist()
    won = table[table["selected"]].iloc[0]
    assert figure.axes[1].collections[-1].get_offsets().tolist() == [[won.name, won["held"]]]
    assert {"rows searched on", "other rows"} <= set(words(figure, tmp_path))


def test_three_parameters_and_gaps(tmp_path):
    grid = {"weight": [0.1, 0.2, 0.3], "density": [0.2, 0.4], "scope": ["model", "tensor"]}
    table = made_up_study.sweep(grid, ["translation/hi-en"])
    table.loc[(table.weight == 0.3) & (table.density == 0.4), "mean"] = np.nan
    figure = sweep_figure({"ties": table})
    assert "best over scope" in figure.axes[0].get_ylabel()
    assert sum(bool(patch.get_hatch()) for patch in figure.axes[0].patches) == 1


@pytest.mark.parametrize(
    "sweeps", [{}, {"ties": made_up_study.sweep({"weight": [1]}, ["t/hi-en"])}]
)
def test_no_sweep_says_so(sweeps, tmp_path):
    assert any("one point only" in text for text in words(sweep_figure(sweeps), tmp_path))


def test_training_curves_by_kind_and_direction(tmp_path):
    said = words(training_curves(made_up_study.curves()), tmp_path)
    assert {"Experts XX → English", "Experts English → XX", "Base", "Joint"} <= set(said)
    bare = {"base": made_up_study.curve().drop(columns="dev_loss")}
    assert "Step" in words(training_curves(bare), tmp_path)
    assert "No model was trained" in words(training_curves({}), tmp_path)


def test_the_names_of_many_curves_stand_in_their_panel_and_branches_in_panels_of_their_own():
    names = [f"experts/{code}" for code in TEN] + ["experts/hi@from-4", "experts/bn@from-4"]
    curves = {name: made_up_study.curve().drop(columns="dev_loss") for name in names}
    figure = training_curves(curves)
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["Experts", "Experts, from step 4"]
    with figure_style.style():
        figure.draw_without_rendering()
        for ax in figure.axes:
            box = ax.get_legend().get_window_extent()
            assert box.y0 >= ax.bbox.y0 + ax.bbox.height / 3
    told = figure.axes[1].get_legend().get_texts()
    assert [text.get_text() for text in told] == ["Hindi", "Bengali"]


def test_spread_keeps_order_and_distance():
    moved = figure_style.spread([1.0, 1.1, 5.0, 1.05], 0.5)
    order = [moved[0], moved[3], moved[1], moved[2]]
    assert all(b - a >= 0.5 - 1e-9 for a, b in zip(order, order[1:], strict=False))
    assert sum(moved) == pytest.approx(8.15)
    assert moved[2] == 5.0, "what stands alone stays beside its line"
    assert figure_style.spread([], 1.0) == []


def test_where_less_is_better_levels_are_turned_as_retention_is():
    """A base that needs twice the bits of the expert stands at 50%, not at 200%."""
    rows = pd.DataFrame(
        {"metric": "bits_per_byte", "base": [4.0], "joint": [2.5], "expert": [2.0], "unlearnt": ""}
    )
    assert figures._share(rows, "base").tolist() == [0.5]
    assert figures._share(rows, "joint").tolist() == [0.8]
    assert figures._share(rows.assign(metric="bleu"), "base").tolist() == [2.0]
