"""What searches gained, on the rows that they saw and on those they did not; in sentences."""

from collections.abc import Sequence

import pandas as pd

from babelmerge.display import labels
from babelmerge.words import metrics

HALVES = ("mean", "held")  # columns of a search's table


def gains(table: pd.DataFrame) -> tuple[float, float]:
    """From the start to the selected point: on the half searched on, and on the other."""
    begun, best = table.iloc[0], selected(table)
    return tuple(float(best[half]) - float(begun[half]) for half in HALVES)


def selected(table: pd.DataFrame) -> pd.Series:
    """The row of the point that was selected."""
    return table[table["selected"].astype(str).str.lower() == "true"].iloc[0]


def sentences(every: Sequence[pd.DataFrame], metric: str, split: str) -> list[str]:
    """How many searches there were, what they gained, and how much of that they overfit."""
    if not every:
        return []
    facts, count = metrics.metric(metric), len(every)
    seen, held = (sum(gain) / count for gain in zip(*map(gains, every), strict=True))
    many = f"{count} searches" if count > 1 else "A search"
    points = sum(map(len, every))
    told = [
        f"{many} by CMA-ES beyond the grids tried {points} points. From the best point of the "
        f"grid to the one selected, {_mean(count)}{facts.word} changes by {_signed(seen, facts)} "
        f"on the half of {split} that is searched on, and by {_signed(held, facts)} on the half "
        "that is not."
    ]
    if seen > 0 and held < seen:
        lost = labels.percent(min((seen - held) / seen, 1.0))
        told.append(f"Of what is gained on the rows searched on, {lost} is overfitting.")
    stayed = sum(bool(selected(table).name == 0) for table in every)
    if stayed:
        told.append(f"In {stayed} of {count} no point was better than the grid's on unseen rows.")
    return told


def _mean(count: int) -> str:
    return "mean " if count == 1 else "on average "


def _signed(value: float, facts: metrics.Metric) -> str:
    text = labels.number(facts.factor * value, facts.digits)
    return f"+{text}" if value > 0 else text
