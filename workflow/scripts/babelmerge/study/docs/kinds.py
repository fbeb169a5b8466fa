"""The part of config/README.md about task kinds, from the table of kinds.

Text only; `write` puts it into the file.
"""

from babelmerge.tasks.kinds import KINDS, Kind

_HEAD = """\
## Task kinds

A data set is of a pair of languages or of one language. Fields are what `columns` of a corpus names
for kinds of one language; metrics in bold are reported when a task names none. Kinds that this
version cannot run yet may be written into a study all the same. The controlled corpus has rows of
the kinds that name what it makes for them.

| kind | of a | fields | in prompts | metrics | controlled corpus | runs |
|---|---|---|---|---|---|---|
"""


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _metrics(kind: Kind) -> str:
    shown = (f"**`{name}`**" if name in kind.main else f"`{name}`" for name in kind.metrics)
    return ", ".join(shown) or "none: it is looked at"


def kinds() -> str:
    """The section as Markdown."""
    rows = [
        f"| `{kind.name}` | {kind.unit} | {_words(kind.fields)} "
        f"| {_words(tuple(f'{{{name}}}' for name in kind.placeholders))} | {_metrics(kind)} "
        f"| {kind.made or 'none'} | {'yes' if kind.built else 'not yet'} |"
        for kind in KINDS.values()
    ]
    return _HEAD + "\n".join(rows)
