"""Every table that people see is written here, once, in five shapes.

TSV (plain numbers), Markdown, LaTeX, HTML (the fragment that the report shows, with a link that
carries the TSV file; a long table is folded under its title) and JSON (the long facts behind it, a
record a row). Lays out what a `Table` holds; decides nothing about numbers.
"""

import json
import math
from collections.abc import Callable
from pathlib import Path

from babelmerge.display import html as page
from babelmerge.display.latex import to_latex
from babelmerge.display.layout import Cell, Table, sections
from babelmerge.files.atomic import write_atomically

ENDINGS = ("tsv", "md", "tex", "html", "json")


def write_table(table: Table | None, stem: str | Path) -> list[Path]:
    """Write {stem}.tsv, .md, .tex, .html and .json; returns their paths.

    The suffix is added to the whole stem, so that a dot in it survives. Where there is nothing to
    tell (None) all five are empty, the JSON file a list without records: a target must be there.
    """
    stem = Path(stem)
    paths = [stem.with_name(f"{stem.name}.{ending}") for ending in ENDINGS]
    renders: dict[str, Callable[[Table], str]] = {
        "tsv": to_tsv,
        "md": to_markdown,
        "tex": to_latex,
        "html": lambda shown: page.table_box(shown, paths[0]),
        "json": to_json,
    }
    for path, (ending, render) in zip(paths, renders.items(), strict=True):
        nothing = "[]\n" if ending == "json" else ""
        content = nothing if table is None else render(table)
        write_atomically(path, content)
    return paths


def to_tsv(table: Table) -> str:
    """Plain numbers to six digits, missing values empty."""
    return table.frame.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def to_json(table: Table) -> str:
    """A list with a record a line; numbers in full, null for what is missing or not finite."""
    frame = table.frame if table.records is None else table.records
    records = [
        json.dumps({name: _plain(value) for name, value in record.items()}, ensure_ascii=False)
        for record in frame.to_dict("records")
    ]
    lines = ",\n".join(records)
    return f"[\n{lines}\n]\n" if records else "[]\n"


def _plain(value: object) -> object:
    """A value as JSON has it: numbers of Python, None for NaN and infinity."""
    value = value.item() if hasattr(value, "item") else value
    return None if isinstance(value, float) and not math.isfinite(value) else value


def to_markdown(table: Table) -> str:
    """A pipe table; levels of the heading are joined, sections are rows in italics."""
    names = [table.corner, *(" ".join(filter(None, labels)) for labels in table.header)]
    width = len(names)
    lines = [f"**{_md(table.title)}**", "", _md_row(_md(name) for name in names)]
    lines.append(_md_row(["---", *["---:"] * (width - 1)]))
    for section, rows in sections(table.rows):
        if section:
            lines.append(_md_row([f"*{_md(section)}*", *[""] * (width - 1)]))
        for row in rows:
            lines.append(_md_row([_md(row.label), *(_md_cell(cell) for cell in row.cells)]))
    if table.note:
        lines += ["", _md(table.note)]
    return "\n".join(lines) + "\n"


def _md(text: str) -> str:
    for sign in "\\|*_`<":
        text = text.replace(sign, f"\\{sign}")
    return text


def _md_row(cells) -> str:
    return f"| {' | '.join(cells)} |"


def _md_cell(cell: Cell) -> str:
    text = f"**{_md(cell.text)}**" if cell.best else _md(cell.text)
    return f"{text} ({_md(cell.aside)})" if cell.aside else text
