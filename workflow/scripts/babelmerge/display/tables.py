"""One table, four shapes: TSV (plain numbers), Markdown, LaTeX and HTML.

A `Table` holds what readers see (cells with text) and what programs read (a frame of plain
numbers). This module only lays out; it decides nothing about numbers.
"""

import html
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd


@dataclass(frozen=True)
class Cell:
    """One cell: its text, whether it is the best, and a smaller aside (the published value)."""

    text: str
    best: bool = False
    aside: str = ""


@dataclass(frozen=True)
class Row:
    """One row: the heading it stands under ('' for none), its label and its cells."""

    section: str
    label: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class Table:
    """A table for readers and programs.

    header: per column the labels from the outer to the inner level, all of one length. frame: the
    same facts as plain numbers, as the TSV file has them. corner: heading of the label column.
    """

    title: str
    header: tuple[tuple[str, ...], ...]
    rows: tuple[Row, ...]
    frame: pd.DataFrame
    note: str = ""
    corner: str = "Model"
    levels: int = field(init=False)

    def __post_init__(self):
        depths = {len(labels) for labels in self.header}
        widths = {len(row.cells) for row in self.rows} | {len(self.header)}
        if len(depths) != 1 or len(widths) != 1:
            raise ValueError(
                f"table {self.title!r}: found rows of {sorted(widths)} cells and headings of "
                f"{sorted(depths)} levels; expected one width and one depth"
            )
        object.__setattr__(self, "levels", depths.pop())


def write_table(table: Table, stem: str | Path) -> list[Path]:
    """Write {stem}.tsv, {stem}.md and {stem}.tex; returns their paths.

    The suffix is added to the whole stem, so that a dot in it survives.
    """
    stem = Path(stem)
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = []
    for suffix, render in (("tsv", to_tsv), ("md", to_markdown), ("tex", to_latex)):
        path = stem.with_name(f"{stem.name}.{suffix}")
        path.write_text(render(table), encoding="utf-8", newline="\n")
        paths.append(path)
    return paths


def to_tsv(table: Table) -> str:
    """Plain numbers to six digits, missing values empty."""
    return table.frame.to_csv(sep="\t", index=False, float_format="%.6g", lineterminator="\n")


def to_markdown(table: Table) -> str:
    """A pipe table; levels of the heading are joined, sections are rows in italics."""
    names = [table.corner, *(" ".join(filter(None, labels)) for labels in table.header)]
    width = len(names)
    lines = [f"**{_md(table.title)}**", "", _md_row(_md(name) for name in names)]
    lines.append(_md_row(["---", *["---:"] * (width - 1)]))
    for section, rows in _sections(table.rows):
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


LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\ensuremath{<}",
    ">": r"\ensuremath{>}",
    "→": r"\ensuremath{\rightarrow}",
    "−": r"\ensuremath{-}",
    "–": "--",
    "·": r"\textperiodcentered{}",
    "†": r"\dag{}",
    "×": r"\ensuremath{\times}",
}


def escape_latex(text: str) -> str:
    """Text that LaTeX prints as it stands; one pass, so that nothing is escaped twice."""
    return "".join(LATEX.get(sign, sign) for sign in text)


def to_latex(table: Table) -> str:
    """A `table` environment for booktabs; needs nothing else."""
    lines = [
        r"\begin{table}[t]",
        r"\centering\small",
        rf"\caption{{{escape_latex(table.title)}}}",
        rf"\begin{{tabular}}{{l{'r' * len(table.header)}}}",
        r"\toprule",
        *_latex_header(table),
    ]
    for section, rows in _sections(table.rows):
        lines.append(r"\midrule")
        if section:
            width = len(table.header) + 1
            lines.append(rf"\multicolumn{{{width}}}{{l}}{{\emph{{{escape_latex(section)}}}}} \\")
        for row in rows:
            cells = [escape_latex(row.label), *(_latex_cell(cell) for cell in row.cells)]
            lines.append(" & ".join(cells) + r" \\")
    lines += [r"\bottomrule", r"\end{tabular}"]
    if table.note:
        lines.append(rf"\par\smallskip\footnotesize {escape_latex(table.note)}")
    return "\n".join([*lines, r"\end{table}"]) + "\n"


def _latex_header(table: Table) -> Iterator[str]:
    for level in range(table.levels):
        inner = level == table.levels - 1
        cells, rules, start = [escape_latex(table.corner) if inner else ""], [], 2
        for label, span in spans(table.header, level):
            text = escape_latex(label)
            cells.append(text if inner else rf"\multicolumn{{{span}}}{{c}}{{{text}}}")
            if not inner and label:
                rules.append(rf"\cmidrule(lr){{{start}-{start + span - 1}}}")
            start += span
        yield " & ".join(cells) + r" \\" + " ".join(["", *rules])


def _latex_cell(cell: Cell) -> str:
    text = escape_latex(cell.text)
    text = rf"\textbf{{{text}}}" if cell.best else text
    return f"{text} ({escape_latex(cell.aside)})" if cell.aside else text


def spans(header: Sequence[tuple[str, ...]], level: int) -> list[tuple[str, int]]:
    """Headings of one level with the number of columns each covers; the innermost never merges."""
    found: list[list] = []
    for labels, before in zip(header, (None, *header[:-1]), strict=True):
        same = before is not None and labels[: level + 1] == before[: level + 1]
        if same and level < len(labels) - 1:
            found[-1][1] += 1
        else:
            found.append([labels[level], 1])
    return [(label, count) for label, count in found]


def to_html(table: Table) -> str:
    """A <table> with caption and header scopes; the page's style does the rest."""
    head = "".join(_html_header(table))
    body = []
    for section, rows in _sections(table.rows):
        body.append("<tbody>")
        if section:
            width = len(table.header) + 1
            body.append(
                f'<tr class="section"><th colspan="{width}">{html.escape(section)}</th></tr>'
            )
        for row in rows:
            cells = "".join(_html_cell(cell) for cell in row.cells)
            body.append(f'<tr><th scope="row">{html.escape(row.label)}</th>{cells}</tr>')
        body.append("</tbody>")
    caption = f"<caption>{html.escape(table.title)}</caption>"
    return f"<table>{caption}<thead>{head}</thead>{''.join(body)}</table>"


def _html_header(table: Table) -> Iterator[str]:
    for level in range(table.levels):
        corner = f'<th scope="col" rowspan="{table.levels}">{html.escape(table.corner)}</th>'
        cells = "".join(
            f'<th colspan="{span}" scope="{"colgroup" if span > 1 else "col"}">'
            f"{html.escape(label)}</th>"
            for label, span in spans(table.header, level)
        )
        yield f"<tr>{corner if level == 0 else ''}{cells}</tr>"


def _html_cell(cell: Cell) -> str:
    aside = f' <span class="aside">({html.escape(cell.aside)})</span>' if cell.aside else ""
    text = html.escape(cell.text)
    return f"<td>{f'<b>{text}</b>' if cell.best else text}{aside}</td>"


def _sections(rows: Sequence[Row]) -> list[tuple[str, list[Row]]]:
    """Runs of rows under one heading, in order."""
    found: list[tuple[str, list[Row]]] = []
    for row in rows:
        if not found or found[-1][0] != row.section:
            found.append((row.section, []))
        found[-1][1].append(row)
    return found
