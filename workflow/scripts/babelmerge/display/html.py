"""Pieces of HTML for the report: escaped text, boxes for tables and figures, inlined SVG.

Knows nothing of studies. Every string that comes from data passes through `text`.
"""

import base64
import html
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from babelmerge.display.layout import Cell, Table, sections, spans

RIGHT_TO_LEFT = frozenset({"ar", "fa", "he", "ur"})
# What an SVG file brings that an inlined one does not need; some of it names outside places.
PROLOGUE = re.compile(r"<\?xml.*?\?>|<!DOCTYPE.*?>|<!--.*?-->|<metadata>.*?</metadata>", re.S)
NAMESPACES = re.compile(r'\sxmlns(:\w+)?="[^"]*"')
MOST_ROWS = 24  # of a table that is shown open
STYLE = re.compile(r"<style\b.*?</style>", re.S)
SIZE = re.compile(r'<svg\b[^>]*?\bwidth="([\d.]+)(?:pt)?"')
FITTED = re.compile(r'(<svg\b[^>]*?)\s(?:height|width)="[^"]*"')
# Where an id is given, and where one is used: in href="#…" and in url(#…).
IDS = re.compile(r'(\bid="|href="#|\(#)(?=[^")]+["\)])')


def text(value: object) -> str:
    """Escape for HTML."""
    return html.escape(str(value), quote=True)


def paragraphs(sentences: Iterable[str]) -> str:
    """One paragraph of these sentences; nothing when there are none."""
    sentences = [sentence for sentence in sentences if sentence]
    return f"<p>{text(' '.join(sentences))}</p>" if sentences else ""


def bullets(sentences: Iterable[str], kind: str = "") -> str:
    """A list; nothing when there is nothing to list."""
    items = "".join(f"<li>{text(sentence)}</li>" for sentence in sentences if sentence)
    return f'<ul class="{kind}">{items}</ul>' if items else ""


def facts(pairs: Iterable[tuple[str, object]]) -> str:
    """A list of named facts; empty facts are left out."""
    rows = [
        f"<div><dt>{text(name)}</dt><dd>{text(value)}</dd></div>"
        for name, value in pairs
        if value not in (None, "", [], {}, ())
    ]
    return f'<dl class="facts">{"".join(rows)}</dl>' if rows else ""


def details(summary: str, body: str) -> str:
    """Folded away until asked for; nothing around nothing."""
    return f"<details><summary>{text(summary)}</summary>{body}</details>" if body else ""


def table_box(table: Table, download: str | Path | None = None) -> str:
    """A table that scrolls within its own box, its note, and the TSV file behind it if given.

    A `folded` one, and one of more than MOST_ROWS rows, is to be opened by its title.
    """
    note = f'<p class="note">{text(table.note)}{download_link(download)}</p>'
    region = f'role="region" aria-label="{text(table.title)}" tabindex="0"'
    box, rows = f'<div class="scroll" {region}>{to_html(table)}</div>{note}', len(table.rows)
    shut = table.folded or rows > MOST_ROWS
    return details(f"{table.title} ({rows} row{'s' * (rows != 1)})", box) if shut else box


def to_html(table: Table) -> str:
    """A <table> with caption and header scopes; the page's style does the rest."""
    head = "".join(_html_header(table))
    body = []
    for section, rows in sections(table.rows):
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


def download_link(path: str | Path | None) -> str:
    """A link that carries the file in itself."""
    if path is None:
        return ""
    path = Path(path)
    data = base64.b64encode(path.read_bytes()).decode("ascii")
    href = f"data:text/tab-separated-values;base64,{data}"
    return f' <a download="{text(path.name)}" href="{href}">{text(path.name)}</a>'


def figure(path: str | Path, caption: str) -> str:
    """An SVG file, inlined, with a caption; the file's name keeps its ids apart from others'."""
    name = Path(path).stem
    svg, width = inline_svg(Path(path).read_text(encoding="utf-8"), name, caption)
    # Type of 7 to 8 points grows to 10 to 12 where there is room, never shrinks: the box scrolls.
    style = f"width:{1.5 * width:.0f}px;max-width:100%;min-width:{0.95 * width:.0f}px"
    box = f'<div class="scroll paper" tabindex="0"><div style="{style}">{svg}</div></div>'
    return (
        f'<figure id="figure-{text(name)}">{box}<figcaption>{text(caption)}</figcaption></figure>'
    )


def inline_svg(svg: str, name: str, label: str) -> tuple[str, float]:
    """An SVG document as an element for this page, and its width in CSS pixels.

    Ids get the figure's name as a prefix, so that references stay within the figure. Raises
    ValueError when there is no SVG with a width in points.
    """
    size = SIZE.search(svg)
    if size is None:
        raise ValueError(
            f"figure {name}: found no <svg> with a width in points; expected a file written by "
            "figures.save in the svg format"
        )
    svg = STYLE.sub("", NAMESPACES.sub("", PROLOGUE.sub("", svg)))
    svg = FITTED.sub(r"\1", FITTED.sub(r"\1", svg, count=1), count=1)
    svg = IDS.sub(rf"\g<1>{name}-", svg)
    svg = svg.replace("<svg", f'<svg role="img" aria-label="{text(label)}"', 1)
    return svg.strip(), float(size.group(1)) * 96 / 72


def spoken(content: str, language: str, kind: str = "p") -> str:
    """Text in a language: browsers choose fonts and direction by it."""
    if not content.strip():
        return f'<{kind} class="empty">(nothing)</{kind}>'
    direction = "rtl" if language in RIGHT_TO_LEFT else "auto"
    return f'<{kind} lang="{text(language)}" dir="{direction}">{text(content)}</{kind}>'


def code(content: str) -> str:
    """Preformatted text in a box that scrolls."""
    return f'<pre class="scroll" tabindex="0">{text(content)}</pre>' if content else ""


def plain(mapping: Mapping) -> str:
    """'max_new_tokens 48, dtype float32' from a mapping of settings."""
    return ", ".join(f"{key} {value}" for key, value in mapping.items() if value is not None)
