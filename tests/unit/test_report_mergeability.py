"""Task vectors and mergeability as people see them: figures, tables, sentences, sections."""

import itertools

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

from babelmerge import figure_style as fs
from babelmerge import (
    figures_kept,
    figures_mergeability,
    figures_task_vectors,
    kept,
    mergeability,
    mergeability_tables,
    report_mergeability,
)
from babelmerge import report_findings_mergeability as findings
from babelmerge.report_material import Material
from babelmerge.table_formats import to_html, to_latex, to_markdown

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
    return [f"experts/{code}-en" for code in ("hi", "bn", "ta", "te", "fr", "de")[:number]]


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
            facts = {"group": group, "method": "ties", "metric": "bleu"}
            rows.append({**facts, "dataset": expert.replace("experts", "t"), **outcome})
    owners = {expert.replace("experts", "t"): expert for expert in names}
    points = mergeability.points(pd.DataFrame(rows), measured, members, owners, "bleu")
    found = mergeability.correlations(points, measured, members, 199)
    pairs = pd.DataFrame(mergeability.compatibility(measured), columns=mergeability.PAIR_COLUMNS)
    return {
        "compatibility": pairs,
        "mergeability": points,
        "correlations": pd.DataFrame(found, columns=mergeability.CORRELATION_COLUMNS),
    }


def material(tmp_path, inside: dict, scores: bool = True) -> Material:
    rows = [{"dataset": "t/hi-en", "metric": "bleu", "kind": "base", "value": 1.0}]
    columns = list(rows[0])
    figure = fs.blank("drawn")
    path = fs.save(figure, tmp_path / "figure", ("svg",))[0]
    names = ("task-vectors", "task-vector-kinds", "kept-g", "mergeability")
    return Material(
        study={"name": "s", "metric": "bleu"},
        families={},
        scores=pd.DataFrame(rows if scores else [], columns=columns),
        inside=inside,
        figures=dict.fromkeys(names, path),
    )


@pytest.mark.parametrize(("number", "blocks"), [(1, 2), (2, 2), (4, 36), (6, 12)])
def test_figures_are_drawn_for_few_and_many(number, blocks, tmp_path):
    table = vectors_table(experts(number), blocks)
    for draw in (figures_task_vectors.depth_figure, figures_task_vectors.kind_figure):
        assert isinstance(draw(table), Figure)
    drawn = figures_task_vectors.cosine_figure(table)
    texts = {text.get_text() for ax in drawn.axes for text in ax.texts}
    if number < 2:
        assert "Fewer than two experts have a task vector" in texts
    else:
        assert len(texts - {""}) >= 1
    fs.save(drawn, tmp_path / "f", ("png",))
    merged = vectors_table([*experts(number), "merges/g/ties", "merges/g/sce"], blocks)
    figure = figures_kept.kept_figure(kept.kept_rows(merged, "g"))
    assert [ax.get_title(loc="left") for ax in figure.axes] == ["TIES", "SCE"]


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
    told = " ".join(findings.task_vectors(table))
    cosines = table.query("level == 'model' and measure == 'cosine'")["value"]
    assert f"{cosines.max():.2f}" in told and f"{int((cosines < 0).sum())} of 6 pairs" in told
    assert findings.task_vectors(table[table["measure"] != "relative_norm"]) == []


def test_tables_have_a_row_for_each_pair_expert_and_measure():
    found = study(4)
    pairs = mergeability_tables.pairs_table(found["compatibility"])
    assert len(pairs.rows) == 6 and pairs.header[-1] == ("Outlook",)
    ranks = [row.cells[0].text for row in pairs.rows]
    assert ranks[0].endswith("(1)") and ranks[-1].endswith("(6)")
    correlations = mergeability_tables.correlations_table(found["correlations"])
    assert [row.label for row in correlations.rows][:1] == ["Debiased CKA, last block"]
    rows = kept.kept_rows(vectors_table([*experts(3), "merges/g/ties"], 2), "g")
    shares = mergeability_tables.kept_table(rows)
    assert [row.label for row in shares.rows][-1] == "Norm" and len(shares.rows) == 4
    for table in (pairs, correlations, shares):
        assert to_markdown(table) and to_html(table) and to_latex(table)


def test_sections_of_a_study_with_merges_and_of_checkpoints_alone(tmp_path):
    members = [*experts(3), "merges/g/ties"]
    inside = {"task_vectors/experts": vectors_table(experts(3), 3)}
    inside |= {"task_vectors/g": vectors_table(members, 3), **study(5)}
    full = material(tmp_path, inside)
    vectors = report_mergeability.task_vectors(full).html
    assert "What merges keep of each expert" in vectors and 'id="figure-kept-g"' in vectors
    predicted = report_mergeability.mergeability(full).html
    assert "Did it tell what merges kept?" in predicted and "All 10 pairs" not in predicted
    alone = material(tmp_path, {"compatibility": study(5)["compatibility"]}, scores=False)
    guessed = report_mergeability.mergeability(alone).html
    assert "Did it tell" not in guessed and "pair by pair" in guessed
    assert report_mergeability.task_vectors(alone) is None
    assert report_mergeability.mergeability(material(tmp_path, {})) is None
