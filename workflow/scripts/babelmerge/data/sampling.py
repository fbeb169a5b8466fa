"""How the data sets of a model share an epoch. Numbers in, row indices out; writes nothing."""

import numpy as np

from babelmerge.data.batches import Tokens


def shares(sizes: list[int], temperature: float) -> list[int]:
    """Rows that an epoch takes of data sets of these sizes, as many as they have together.

    In proportion to size^(1/temperature): 1 takes every row once, more evens small data sets out
    with large ones. What rounding leaves goes to the largest remainders.
    """
    weights = np.array(sizes, float) ** (1 / temperature)
    exact = sum(sizes) * weights / max(weights.sum(), 1)
    rows = np.floor(exact).astype(int)
    largest = np.argsort(rows - exact, kind="stable")
    rows[largest[: sum(sizes) - rows.sum()]] += 1
    return rows.tolist()


def drawn(tokens: Tokens, temperature: float, seed: int, epoch: int) -> np.ndarray:
    """Rows of an epoch: of each data set all rows as often as they fit in, and some more at random.

    Which these are is a function of seed and epoch, so that all rows are seen in the long run.
    """
    found = []
    numbers = shares(list(tokens.parts.values()), temperature)
    for at, (part, number) in enumerate(zip(tokens.parts, numbers, strict=True)):
        rows = tokens.rows_of(part)
        times, more = divmod(number, len(rows)) if len(rows) else (0, 0)
        draw = np.random.default_rng([seed, epoch, at])
        found += [*[rows] * times, draw.choice(rows, more, replace=False)]
    return np.concatenate(found)
