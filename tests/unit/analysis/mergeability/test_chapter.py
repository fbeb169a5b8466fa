"""Task vectors and mergeability as people see them: figures, tables, sentences, sections."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from babelmerge.analysis.mergeability import chapter, findings
from babelmerge.analysis.mergeability import figures as figures_mergeability
from babelmerge.analysis.mergeability import points as mergeability
from babelmerge.analysis.mergeability import tables as mergeability_tables
from babelmerge.analysis.task_vectors import chapter as vectors_chapter
from babelmerge.analysis.task_vectors import depth as figure_depth
from babelmerge.analysis.task_vectors import figures as figures_task_vectors
from babelmerge.analysis.task_vectors import findings as vectors_findings
from babelmerge.analysis.task_vectors import kept_figure as figures_kept
from babelmerge.analysis.task_vectors import projection as kept
from babelmerge.analysis.task_vectors import tables as vectors_tables
from babelmerge.display import labels
from babelmerge.display import style as fs
from babelmerge.display.chapters import Parts
from babelmerge.display.html import to_html
from babelmerge.display.latex import to_latex
from babelmerge.display.tables import to_markdown

CODES = ("hi", "bn", "ta", "te", "fr", "de", "ja", "zh", "ar", "it", "nl", "ru", "es")
KINDS = ("self_attn.q_proj", "mlp.down_proj", "input_layernorm")


def vectors_table(models: list[str], blocks: int, seed: int = 0) -> pd.DataFrame:
    """Rows of an inspection with made-up numbers: model, layers, tensors."""
    rng = np.random.default_rng(seed)
    places = [("model", "all"), ("layer", "embed_tokens"), ("layer", "norm")]
    places += [("layer", str(block)) for block in range(blocks)]
    places += [
        ("tensor", f"model.layers.{block}.{kind}.weight")
        for block, kind in itertools.product(range(blocks), KINDS)
    ]
    rows = []
    for level, where in places:
        flat = "norm" in where
        for model in models:
            values = {"norm": rng.uniform(1, 2), "relative_norm": rng.uniform(0.01, 0.3)}
            values["stable_rank"] = 1.0 if flat else rng.uniform(2, 9)
            for measure, value in values.items():
                rows.append((level, where, measure, model, "", value))
        for one, other in itertools.combinations(models, 2):
            rows.append((level, where, "cosine", one, other, rng.uniform(-0.5, 0.9)))
            rows.append((level, where, "sign_agreement", one, other, rng.uniform(0.4, 0.8)))
    return pd.DataFrame(rows, columns=["level", "where", "measure", "expert", "other", "value"])


def experts(number: int) -> list[str]:
    return [f"experts/{code}-en" for code in CODES[:number]]


def study(number: int = 5) -> dict:
    """Pairs of made-up experts, merges of every two of them, and what they keep."""
    names = experts(number)
    rng = np.random.default_rng(1)
    likeness = rng.uniform(0, 1, (number, number))
    likeness = (likeness + likeness.T) / 2
    measured = mergeability.Pairs(tuple(names), {"cosine": likeness, "cka_last": likeness}, {})
    members = {
        f"{a.split('/')[1]}+{b.split('/')[1]}": [a, b] for a, b in itertools.combinations(names, 2)
    }
    rows = []
    for group, pair in members.items():
        alike = likeness[names.index(pair[0]), names.index(pair[1])]
        for expert in pair:
            outcome = {"retention": 0.2 + 0.6 * alike, "drop": 10 * (1 - alike)}
            facts = {"group": group, "method": "ties", "metric": "bleu", "unlearnt": ""}
            rows.append({**facts, "dataset": expert.replace("experts", "t"), **outcome})
    owners = {
        group: {expert.replace("experts", "t"): expert for expert in pair}
        for group, pair in members.items()
    }
    points = mergeability.points(pd.DataFrame(rows), measured, members, owners, "bleu")
    found = mergeability.correlations(points, measured, members, 199)
    pairs = pd.DataFrame(mergeability.compatibility(measured), columns=mergeability.PAIR_COLUMNS)
    return {
        "compatibility": pairs,
        "mergeability": points,
        "correlations": pd.DataFrame(found, columns=mergeability.CORRELATION_COLUMNS),
    }


def parts(tmp_path, long: dict, scored: bool = True) -> Parts:
    names = [("task-vectors",), ("task-vector-kinds",), ("kept", "g"), ("mergeability",)]
    drawn = {}
    for name in names:
        stem = tmp_path / "-".join(name)
        drawn[name] = fs.save(fs.blank("drawn"), stem, ("svg",))[0]
    tables = {(name,): f"<p>table {name}</p>" for name in ("kept", "compatibility", "correlations")}
    return Parts({"scored": scored}, long, drawn, tables)


FEW_AND_MANY = pytest.mark.parametrize(
    ("number", "blocks"), [(1, 3), (2, 5), (4, 36), (6, 12), (13, 3)]
)


def titles(figure: Figure) -> list[str]:
    return [ax.get_title(loc="left") for ax in figure.axes if ax.get_title(loc="left")]


def legend(figure: Figure) -> list[str]:
    (box,) = figure.legends
    return [text.get_text() for text in box.get_texts()]


def curves(ax: Axes, blocks: int) -> list[Line2D]:
    """Lines over the blocks; every one must have its mark at the embeddings beside it."""
    lines = [line for line in ax.lines if list(line.get_xdata()) == list(range(blocks))]
    marks = [line for line in ax.lines if line.get_marker() == "D"]
    assert len(marks) == len(lines) and {len(mark.get_xdata()) for mark in marks} == {1}
    return lines


def means(table: pd.DataFrame, measure: str, kind: str) -> list[float]:
    """Mean over experts, or pairs, of one kind of module in each block."""
    rows = table[(table["measure"] == measure) & table["where"].str.contains(f".{kind}.weight")]
    return rows.groupby("where", sort=False)["value"].mean().tolist()


@FEW_AND_MANY
def test_depth_has_a_line_for_each_expert_and_pair(number, blocks):
    figure = figures_task_vectors.depth_figure(vectors_table(experts(number), blocks))
    pairs = number * (number - 1) // 2
    every = ["Norm over the base's", "Mean stable rank of matrices"]
    every += ["Cosine", "Share of equal signs"] if pairs else []
    assert titles(figure) == every
    many = number > figure_depth.NAMED
    wanted = [number + many] * 2 + [pairs + 1] * 2  # and a mean where lines are not told apart
    found = [len(curves(ax, blocks)) for ax in figure.axes[: len(every)]]
    assert found == wanted[: len(every)]
    dotted = [
        [line.get_ydata()[0] for line in ax.lines if line.get_linestyle() == ":"]
        for ax in figure.axes
    ]
    assert dotted == ([[], [], [0.0], [0.5]] if pairs else [[], []])
    named = [labels.model_id(expert) for expert in experts(number)]
    named += ["A pair", "Mean of pairs"] if pairs else []
    assert legend(figure) == (["Mean", "Each of 13 experts, or pairs"] if many else named)
    places = [text.get_text() for text in figure.axes[0].get_xticklabels()]
    assert places[:2] == ["E", "0"] and places[-1] == str(blocks - 1)


@FEW_AND_MANY
def test_kinds_of_matrices_have_a_row_each_and_blocks_a_column(number, blocks):
    table = vectors_table(experts(number), blocks)
    figure = figures_task_vectors.kind_figure(table)
    shown = ["Norm over the base's: mean of experts"]
    shown += ["Cosine: mean of pairs"] if number > 1 else []
    assert titles(figure) == shown
    for ax, measure in zip(figure.axes, ("relative_norm", "cosine")[: len(shown)], strict=False):
        (image,) = ax.get_images()
        kinds = [means(table, measure, kind) for kind in KINDS[:2]]  # a norm is no matrix
        assert np.allclose(image.get_array(), kinds) and image.get_array().shape == (2, blocks)
        assert [text.get_text() for text in ax.get_yticklabels()] == ["q_proj", "mlp.down_proj"]
        assert ax.get_xticklabels()[0].get_text() == "0"


@FEW_AND_MANY
def test_cosines_of_every_expert_with_every_other(number, blocks, tmp_path):
    table = vectors_table(experts(number), blocks)
    figure = figures_task_vectors.cosine_figure(table)
    ax = figure.axes[0]
    told = {text.get_position(): text.get_text() for text in ax.texts}
    assert fs.save(figure, tmp_path / "f", ("png",))[0].stat().st_size > 0
    if number < 2:
        assert list(told.values()) == ["Fewer than two experts have a task vector"]
        return
    rows = table.query("level == 'model' and measure == 'cosine'")
    places = {expert: at for at, expert in enumerate(experts(number))}
    cells = {(places[r.other], places[r.expert]): r.value for r in rows.itertuples()}
    cells |= {(y, x): value for (x, y), value in cells.items()}
    grid = ax.get_images()[0].get_array()
    assert len(cells) == number * (number - 1) and grid.shape == (number, number)
    assert all(grid[y, x] == value for (x, y), value in cells.items())
    assert np.isnan(np.diag(np.ma.filled(grid, np.nan))).all() and len(ax.patches) == number
    numbered = number <= figures_task_vectors.ANNOTATED
    assert told == ({at: labels.number(value) for at, value in cells.items()} if numbered else {})
    named = [labels.pair(expert) for expert in experts(number)]
    for side in (ax.get_xticklabels(), ax.get_yticklabels()):
        assert [text.get_text() for text in side] == named


@FEW_AND_MANY
def test_what_is_kept_has_two_lines_for_each_expert_and_one_for_the_merge(number, blocks):
    table = vectors_table([*experts(number), "merges/g/ties", "merges/g/sce"], blocks)
    rows = kept.kept_rows(table, "g")
    figure = figures_kept.kept_figure(rows)
    assert titles(figure) == ["TIES", "SCE"]
    many = number > figure_depth.NAMED
    for ax, method in zip(figure.axes, ("ties", "sce"), strict=True):
        own = rows[(rows["method"] == method) & rows["where"].str.isdecimal()]
        wanted = []  # in the order of drawing
        for measure in ("cosine", "kept"):
            lines = [part[measure].to_numpy() for _, part in own.groupby("expert", sort=False)]
            wanted += [*lines, np.mean(lines, axis=0)] if many else lines
        drawn = curves(ax, blocks)
        assert np.allclose([line.get_ydata() for line in drawn], [*wanted, kept.norms(own)["norm"]])
        dashed = [line.is_dashed() for line in drawn]
        assert dashed == [True] * (number + many) + [False] * (number + many) + [True]
        flat = [line.get_ydata()[0] for line in ax.lines if list(line.get_xdata()) == [0, 1]]
        assert flat.count(1 / number) == 1 and flat.count(0) == 1
    assert legend(figure)[-3:] == list(figures_kept.KEPT)
    assert len(legend(figure)) == 3 + (2 if many else number)


def test_lines_of_the_depth_figure_are_the_tables_numbers():
    table = vectors_table(experts(2), 5)
    ax = figures_task_vectors.depth_figure(table).axes[0]
    line = next(line for line in ax.lines if len(line.get_xdata()) == 5)
    wanted = table.query(
        "level == 'layer' and measure == 'relative_norm' and expert == @name",
        local_dict={"name": experts(2)[0]},
    )
    wanted = wanted[wanted["where"].str.isdecimal()]["value"]
    assert line.get_ydata() == pytest.approx(wanted.to_numpy())


def test_the_scatter_has_a_mark_for_every_merge():
    found = study()
    figure = figures_mergeability.mergeability_figure(found["mergeability"], found["correlations"])
    marks = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 10]
    assert len(marks) == 1
    alike = found["compatibility"].query("measure == 'cosine'").sort_values("value")
    assert sorted(marks[0].get_xdata()) == pytest.approx(alike["value"].tolist())


def test_a_perfect_prediction_is_told_as_one_and_unreachable_p_as_that():
    told = " ".join(findings.predictions(study(5)["correlations"]))
    assert "r = 1.00" in told and "Over 10 groups of 5 experts" in told
    assert "The more alike experts are by it, the more is kept." in told
    few = " ".join(findings.predictions(study(3)["correlations"]))
    assert "too few for any correlation to be told from chance" in few and "below p" not in few
    none = findings.predictions(study(2)["correlations"])
    assert len(none) == 1 and "a correlation needs three groups at least" in none[0]


def test_a_level_without_a_test_is_passed_over():
    lone = "single experts of groups"
    for number in (3, 5):
        found = study(number)["correlations"]
        every = findings.predictions(found)
        without = findings.predictions(found[found["level"] != "expert"])
        assert without == [sentence for sentence in every if lone not in sentence]
        empty = found.assign(p=found["p"].where(found["level"] != "expert"))
        assert findings.predictions(empty) == without
    assert sum(lone in sentence for sentence in every) == 1
    (untested,) = findings.predictions(found.assign(p=np.nan, p_least=np.nan))
    assert "r = 1.00)" in untested


def test_how_many_ways_of_exchanging_there_are_or_were_tried():
    few = study(3)["correlations"]
    assert any("there are 6 ways of exchanging them" in s for s in findings.predictions(few))
    drawn = few.assign(items=8, orders=9)  # of so many experts orders are drawn, not counted
    told = findings.predictions(drawn)
    assert any("With 8 experts 9 random ways of exchanging them were tried" in s for s in told)


def test_outlooks_are_told_beside_what_was_kept():
    rows = [
        {"group": group, "measure": "cka_last", "value": value, "retention": kept_of}
        for group, value, kept_of in (
            ("a", 0.9, 0.8), ("a", 0.8, 1.0), ("b", 0.5, 0.4), ("c", 0.1, 0.2), ("d", 0.2, 0.3)
        )
    ]  # fmt: skip
    (told,) = findings.outlooks(pd.DataFrame(rows))
    assert "1 compatible group kept 90%" in told and "1 doubtful group kept 40%" in told
    assert "2 conflicting groups kept 20% to 30%" in told and "could not tell" not in told
    (alike,) = findings.outlooks(pd.DataFrame(rows[:2]))
    assert "All groups look the same" in alike
    other = pd.DataFrame(rows).assign(measure="cosine")
    assert findings.outlooks(other) == []


def test_correlations_that_are_all_undefined_are_no_table():
    nothing = study(3)["correlations"].assign(value=float("nan"))
    assert mergeability_tables.correlations_table(nothing) is None


def test_a_p_that_cannot_be_small_stands_in_brackets():
    few = mergeability_tables.correlations_table(study(3)["correlations"])
    assert few.rows[0].cells[1].text.startswith("(") and "In brackets" in few.note
    many = mergeability_tables.correlations_table(study(5)["correlations"])
    assert "In brackets" not in many.note
    sizes = [cell.text for cell in many.rows[0].cells[-2:]]
    assert sizes == ["10", "5"] and len(many.rows) == 4  # two measures, two levels
    short = mergeability_tables.in_short(study(3)["correlations"], "cosine")
    assert "too few for a test" in short and "p " not in short
    told = mergeability_tables.in_short(study(5)["correlations"], "cosine")
    assert "r 1.00" in told and "ρ 1.00" in told and "10 groups of 5 experts" in told


def test_sentences_on_task_vectors_give_the_extremes():
    table = vectors_table(experts(4), 6)
    told = " ".join(vectors_findings.task_vectors(table))
    cosines = table.query("level == 'model' and measure == 'cosine'")["value"]
    assert f"{cosines.max():.2f}" in told and f"{int((cosines < 0).sum())} of 6 pairs" in told
    assert vectors_findings.task_vectors(table[table["measure"] != "relative_norm"]) == []


def kept_by(shares: dict[str, list[float]]) -> str:
    """The sentence on a group whose methods keep these shares of its experts."""
    rows = [
        {"level": "model", "group": "many-to-one", "method": method, "expert": e, "kept": share}
        for method, of in shares.items()
        for e, share in zip(experts(len(of)), of, strict=True)
    ]
    (told,) = vectors_findings.kept(pd.DataFrame(rows))
    return told


def test_methods_are_compared_only_where_there_are_several():
    told = kept_by({"ties": [0.5, 0.4], "sce": [0.9, 0.2]})
    assert told == (
        "many-to-one: of each expert's task vector are kept, on average, TIES 45% and SCE 55%; an "
        "average of 2 unrelated experts would keep 50%. Experts are served most unevenly by SCE, "
        "70% of a task vector apart."
    )
    alone = kept_by({"ties": [0.5, 0.3, 0.4]})
    assert alone.endswith(
        "on average, TIES 40%; an average of 3 unrelated experts would keep 33%. Of one expert "
        "TIES keeps up to 20% of a task vector more than of another."
    )


def test_measures_are_compared_only_where_there_are_several():
    found = study(5)["correlations"]
    both = findings.predictions(found)
    assert "goes most with" in both[0] and "looking at 2 measures" in both[-1]
    alone = " ".join(findings.predictions(found[found["measure"] == "cosine"]))
    assert "what merges keep goes with: cosine" in alone and "looking at" not in alone
    turned = found.assign(value=-found["value"])
    against = " ".join(findings.predictions(turned))
    assert "2 of 2 measures point the other way" in against and "against expectation" in against
    alone = " ".join(findings.predictions(turned[turned["measure"] == "cosine"]))
    assert "against expectation" in alone and "the other way" not in alone


def test_tables_have_a_row_for_each_pair_expert_and_measure():
    found = study(4)
    pairs = mergeability_tables.pairs_table(found["compatibility"])
    assert len(pairs.rows) == 6 and pairs.header[-1] == ("Outlook",)
    ranks = [row.cells[0].text for row in pairs.rows]
    assert ranks[0].endswith("(1)") and ranks[-1].endswith("(6)")
    correlations = mergeability_tables.correlations_table(found["correlations"])
    assert [row.label for row in correlations.rows][:1] == ["Debiased CKA, last block"]
    rows = kept.kept_rows(vectors_table([*experts(3), "merges/g/ties"], 2), "g")
    shares = vectors_tables.kept_table(rows)
    assert [row.label for row in shares.rows][-1] == "Norm" and len(shares.rows) == 4
    for table in (pairs, correlations, shares):
        assert to_markdown(table) and to_html(table) and to_latex(table)


def test_chapters_of_a_study_with_merges_and_of_checkpoints_alone(tmp_path):
    members = [*experts(3), "merges/g/ties"]
    long = {("experts",): vectors_table(experts(3), 3)}
    long |= {("group", "g"): vectors_table(members, 3)}
    long |= {(name,): table for name, table in study(5).items()}
    full = parts(tmp_path, long)
    vectors = vectors_chapter.task_vectors(full)
    assert "What merges keep of each expert" in vectors and 'id="figure-kept-g"' in vectors
    assert "<p>table kept</p>" in vectors and vectors.count("<svg") == 3
    predicted = chapter.mergeability(full)
    assert "Did it tell what merges kept?" in predicted
    assert predicted.endswith("<p>table correlations</p>") and "In brackets" in predicted
    alone = parts(tmp_path, {("compatibility",): study(5)["compatibility"]}, scored=False)
    guessed = chapter.mergeability(alone)
    assert "Did it tell" not in guessed and "<p>table compatibility</p>" in guessed
    assert "In brackets" not in guessed
    assert vectors_chapter.task_vectors(alone) == ""
    assert chapter.mergeability(parts(tmp_path, {})) == ""
