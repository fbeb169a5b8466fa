"""Tables of CKA: the paper's numbers and layout, every method, what is missing."""

import made_up_similarity as made_up
import numpy as np
import pandas as pd
import pytest
from made_up_similarity import HINDI, MAIN

from babelmerge.analysis.cka import tables as similarity_tables
from babelmerge.display.html import to_html
from babelmerge.display.latex import to_latex
from babelmerge.display.tables import to_markdown

# Table 7 of the translation study, English -> Hindi, target span: layers 34, 35 and 36.
PAPER = {
    ("base-expert", "base"): (0.9395, 0.8844, 0.2721),
    ("expert-expert", "others"): (0.9270, 0.8870, 0.2486),
}


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
    assert table.folded
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
    for shape in (to_markdown, to_latex, to_html):
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
    assert empty.rows == () and "No expert" in to_markdown(empty)
    assert list(empty.frame.columns) == similarity_tables.COLUMNS
