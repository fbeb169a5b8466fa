"""What the report's sections on directions share: their tables by span, headings and figures."""

from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.neurons import tables as neuron_tables
from babelmerge.display import html as page
from babelmerge.display.material import Material

Tables = Mapping[str, pd.DataFrame]  # span -> long table


def by_direction(material: Material, what: str) -> dict[str, dict[str, pd.DataFrame]]:
    """Direction -> span -> long table, of the tables of one kind that have rows."""
    found: dict[str, dict[str, pd.DataFrame]] = {}
    for name, table in material.inside.items():
        kind, _, rest = name.partition("/")
        direction, _, span = rest.rpartition(".")
        if kind == what and direction and len(table):
            found.setdefault(direction, {})[span] = table
    return found


def words(name: str, tables: Tables) -> str:
    """A direction in words."""
    return neuron_tables.direction_words(next(iter(tables.values())), name)


def heading(what: str, name: str, tables: Tables) -> str:
    return f"<h3>{what}: {page.text(words(name, tables))}</h3>"


def figures(material: Material, kind: str, direction: str, caption: str) -> str:
    """A direction's figures of one kind, its spans side by side; the caption is at the first."""
    names = [name for name in material.figures if name.rpartition(".")[0] == f"{kind}-{direction}"]
    drawn = []
    for at, name in enumerate(names):
        lead = f"{name.rpartition('.')[2].capitalize()} tokens. "
        told = caption if at == 0 else "As before."
        drawn.append(page.figure(material.figures[name], lead + told, name))
    return f'<div class="figures">{"".join(drawn)}</div>' if drawn else ""
