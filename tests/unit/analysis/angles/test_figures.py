"""Figures of principal angles: curves by layer and rank, all pairs, references drawn."""

import made_up_similarity as made_up
import numpy as np
import pandas as pd
from figure_parts import drawn, numbers, panels
from made_up_similarity import HINDI, MAIN

from babelmerge.analysis import panels as similarity_panels
from babelmerge.analysis.angles import figures as figures_angles
from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.display import style as fs

# --- By layer and by rank -------------------------------------------------------------------------


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
    # Each method has its own line there, in the colour that the legend gives it.
    merged = late[(late["comparison"] == "expert-merge") & late["model"].str.endswith("/ties")]
    merged = merged[
        merged["other"].str.split("/").str[1] == merged["dataset"].str.split("/").str[1]
    ]
    means = merged.groupby(merged["rank"].astype(int))["value"].mean()
    colour = similarity_panels.COLOURS[made_up.METHODS.index("ties")]
    assert np.allclose(drawn(ax, colour), means.loc[[2, 4, 8]])
    alone = angles[angles["rank"] == "8"]
    assert not any("By rank" in title for title in panels(figures_angles.angle_figure(alone)))


# --- All pairs ------------------------------------------------------------------------------------


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


def test_rows_and_columns_beyond_the_most_are_counted(angles, monkeypatch):
    assert figures_angle_pairs.angle_pairs(angles, MAIN).axes[0].get_xlabel() == ""
    monkeypatch.setattr(figures_angle_pairs, "MOST", 1)
    figure = figures_angle_pairs.angle_pairs(angles, MAIN)
    assert list(cells(figure)) == [("Base", "Hindi")]
    models = len(made_up.METHODS) + 2  # merges and experts, beside the base
    wanted = f"The long table has {models} more models and 1 more expert"
    assert figure.axes[0].get_xlabel() == wanted


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
