"""Reads the whitespace tables in which the lexicons are written.

One row a lexeme, the first row naming the columns. ``_`` stands for a space inside a form, ``-``
for a form that does not exist. Forms are NFC, so that a letter has one spelling everywhere.
"""

import unicodedata


def table(text: str) -> dict[str, dict[str, str]]:
    """Return ``{lexeme: {column: form}}``; raise ValueError on a ragged or repeated row."""
    header, *rows = [
        line.split() for line in unicodedata.normalize("NFC", text).split("\n") if line
    ]
    entries: dict[str, dict[str, str]] = {}
    for cells in rows:
        if len(cells) != len(header) or cells[0] in entries:
            raise ValueError(
                f"lexicon row {' '.join(cells)!r}: found {len(cells)} cells, expected one new row "
                f"of {len(header)} ({', '.join(header)}); add the missing cells or drop the repeat"
            )
        forms = ["" if cell == "-" else cell.replace("_", " ") for cell in cells]
        entries[cells[0]] = dict(zip(header[1:], forms[1:], strict=True))
    return entries
