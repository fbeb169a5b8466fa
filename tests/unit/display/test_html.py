"""Pieces of the report's page: escaped, and each figure's ids its own."""

from babelmerge.display import chapters
from babelmerge.display import html as report_html


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


def test_a_table_of_many_rows_is_opened_by_its_title():
    def table(rows):
        row = '<th scope="row">x</th>'
        return f"<table><caption>A &amp; B</caption>{row * rows}</table>"

    most = chapters.MOST_ROWS
    assert chapters.folded(table(most)) == table(most) and chapters.folded("") == ""
    told = chapters.folded(table(most + 1))
    assert told.startswith(f"<details><summary>A &amp; B ({most + 1} rows)</summary><table>")
