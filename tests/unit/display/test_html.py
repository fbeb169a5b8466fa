"""Pieces of the report's page: escaped, and each figure's ids its own."""

import pandas as pd
import pytest

from babelmerge.display import html as report_html
from babelmerge.display import tables
from babelmerge.display.layout import Cell, Row, Table


def test_an_inlined_figure_keeps_its_colours_and_refers_to_its_own_ids():
    svg = (
        '<svg width="72pt" height="36pt"><defs><pattern id="h1"><rect fill="#e4e4e4"/></pattern>'
        '</defs><use xlink:href="#m1"/><path id="m1" style="fill: url(#h1); stroke: #bdbdbd"/>'
        "</svg>"
    )
    inlined, width = report_html.inline_svg(svg, "one", "a figure")
    assert width == 96 and 'fill="#e4e4e4"' in inlined and "stroke: #bdbdbd" in inlined
    for part in ('id="one-h1"', 'href="#one-m1"', 'id="one-m1"', "url(#one-h1)"):
        assert part in inlined


@pytest.mark.parametrize("title", ["A & B", "<b>", "of\ntwo lines"])
def test_a_table_of_many_rows_is_opened_by_its_title(title, tmp_path):
    def written(rows, folded=False):
        cells = tuple(Row("", f"row {at}", (Cell("1"),)) for at in range(rows))
        table = Table(title, (("x",),), cells, pd.DataFrame({"x": [1] * rows}), folded=folded)
        paths = tables.write_table(table, tmp_path / "t")
        return next(path for path in paths if path.suffix == ".html").read_text()

    most, summary = report_html.MOST_ROWS, report_html.text(title)
    assert "<details>" not in written(most)
    long = written(most + 1)
    assert long.startswith(f"<details><summary>{summary} ({most + 1} rows)</summary><div")
    assert long.endswith("</details>") and long.count("<tr>") == most + 2
    assert written(1, folded=True).startswith(f"<details><summary>{summary} (1 row)</summary>")
