"""What searches gained, on the rows that they saw and on those they did not; in sentences."""

from collections.abc import Callable, Sequence

import pandas as pd

from babelmerge.display import labels
from babelmerge.words import metrics

HALVES = ("mean", "held")  # columns of a search's table


def gains(table: pd.DataFrame, point: pd.Series) -> tuple[float, float]:
    """From the start to another point: on the half searched on, and on the other."""
    begun = table.iloc[0]
    return tuple(float(point[half]) - float(begun[half]) for half in HALVES)


def highest(table: pd.DataFrame) -> pd.Series:
    """The row of the point that is best on the half searched on: all that a search optimises."""
    return table.loc[table["mean"].astype(float).idxmax()]


def selected(table: pd.DataFrame) -> pd.Series:
    """The row of the point that was selected."""
    return table[table["selected"].astype(str).str.lower() == "true"].iloc[0]


def sentences(every: Sequence[pd.DataFrame], metric: str, split: str) -> list[str]:
    """How many searches there were, what they gained, and how much of that they overfit."""
    if not every:
        return []
    facts, count = metrics.metric(metric), len(every)
    (seen, held), chosen = (_mean(every, pick) for pick in (highest, selected))
    many = f"{count} searches" if count > 1 else "A search"
    changes = ("on average " if count > 1 else "mean ") + f"{facts.word} changes by"
    told = [
        f"{many} by CMA-ES beyond the grids tried {sum(map(len, every))} points. From the best "
        f"point of the grid to the best on the half of {split} that is searched on, {changes} "
        f"{_signed(seen, facts)} on that half, and by {_signed(held, facts)} on the half that is "
        "not."
    ]
    if seen > 0 and held < seen:
        lost = labels.percent(min((seen - held) / seen, 1.0))
        told.append(f"Of what is gained on the rows searched on, {lost} is overfitting.")
    there, here = (_signed(gain, facts) for gain in chosen)
    told.append(
        "Of the points that were the best so far the other half selects one. From the best point "
        f"of the grid to that one {changes} {there} on the half that is searched on, and by "
        f"{here} on the other, by which it was selected and which so flatters it a little."
    )
    stayed = sum(bool(selected(table).name == 0) for table in every)
    if stayed:
        told.append(f"In {stayed} of {count} that is still the best point of the grid.")
    return told


def _mean(
    every: Sequence[pd.DataFrame], pick: Callable[[pd.DataFrame], pd.Series]
) -> tuple[float, float]:
    """Gains of the points that are picked, on average over searches."""
    found = [gains(table, pick(table)) for table in every]
    return tuple(sum(gain) / len(every) for gain in zip(*found, strict=True))


def _signed(value: float, facts: metrics.Metric) -> str:
    text = labels.number(facts.factor * value, facts.digits)
    return f"+{text}" if value > 0 else text
