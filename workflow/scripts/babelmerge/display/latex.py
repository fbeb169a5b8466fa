"""Tables for papers: LaTeX that needs booktabs and nothing else."""

from collections.abc import Iterator

from babelmerge.display.layout import Cell, Table, sections, spans

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
    for section, rows in sections(table.rows):
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
