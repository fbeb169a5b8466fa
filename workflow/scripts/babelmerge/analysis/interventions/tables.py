"""The long tables of interventions, read and summed up for figures and the report. No torch.

Takes tables as `long_tables.read_long` gives them: the rows of `blocks.rows` (with
group and method) and of `neurons.rows`.
"""

import numpy as np
import pandas as pd

from babelmerge.display import labels
from babelmerge.display.layout import Cell, Row, Table
from babelmerge.words import metrics

OWN, NOTHING, RANDOM = "own", "nothing", "random"
LIKELIHOOD = "nll"
PLACES = ("last", "first", "middle")


def block_table(rows: pd.DataFrame) -> pd.DataFrame:
    """With numbers as numbers, and retention missing where the expert learnt nothing."""
    numbers = ["k", "blocks", "share", "retention", "value", "expert", "merged", "outside", "base"]
    found = rows.assign(**{name: pd.to_numeric(rows[name]) for name in numbers})
    return found.replace([np.inf, -np.inf], np.nan)


def neuron_table(rows: pd.DataFrame) -> pd.DataFrame:
    """With numbers as numbers, losses as readers see them; `draw` without its number as `kind`."""
    found = rows.assign(**{n: pd.to_numeric(rows[n]) for n in ("neurons", "value", "loss")})
    factors = [metrics.metric(measure).factor for measure in found["measure"]]
    found = found.assign(loss=found["loss"] * factors)
    return found.assign(kind=found["draw"].str.split("-").str[0])


def known(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the data sets that have a retention at all: their experts learnt something."""
    return rows[rows["retention"].notna()]


def curves(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean retention over data sets: index k, a column for each place."""
    means = known(rows).groupby(["k", "place"], sort=False)["retention"].mean().unstack("place")
    return means.sort_index()[[place for place in PLACES if place in means]]


def levels(rows: pd.DataFrame) -> dict[str, float]:
    """Mean retention of the merge, with only what is `outside` blocks from the expert, and base."""
    sets = known(rows).drop_duplicates("dataset").to_dict("records")
    return {
        name: float(np.mean([metrics.metric(s["metric"]).kept(s[name], s["expert"]) for s in sets]))
        for name in ("merged", "outside", "base")
    }


def inner_means(rows: pd.DataFrame) -> pd.DataFrame:
    """Mean retention over all k but none and all: index data set, a column for each place."""
    rows = known(rows)
    inner = rows[(rows["k"] > 0) & (rows["k"] < rows["blocks"])]
    means = inner.groupby(["dataset", "place"], sort=False)["retention"].mean().unstack("place")
    return means[[place for place in PLACES if place in means]]


def loss_grid(rows: pd.DataFrame, model: str, measure: str, kind: str) -> pd.DataFrame:
    """Loss of a model: languages switched off (rows) by languages scored, mean over draws.

    kind: own, or random. Missing where a language has no neuron, so that nothing was off.
    """
    chosen = rows[(rows["model"] == model) & (rows["measure"] == measure)]
    order = list(dict.fromkeys(chosen["language"]))
    chosen = chosen[(chosen["kind"] == kind) & (chosen["neurons"] > 0)]
    grid = chosen.groupby(["off", "language"], sort=False)["loss"].mean().unstack("language")
    return grid.reindex(index=order, columns=order)


def switched(rows: pd.DataFrame, model: str) -> pd.Series:
    """How many neurons of a model are off for each language."""
    own = rows[(rows["model"] == model) & (rows["kind"] == OWN)].drop_duplicates("off")
    return own.set_index("off")["neurons"]


def specificity(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """Per model: what own and random neurons cost the language they are of, and the others.

    Languages without a neuron do not count. Columns: own, own_others, random, random_others (mean
    losses), above (languages where own neurons cost more than every random set), languages, draws,
    neurons (mean number off).
    """
    rows = rows[(rows["measure"] == measure) & (rows["neurons"] > 0)]
    found = {model: _specific(part) for model, part in rows.groupby("model", sort=False)}
    return pd.DataFrame.from_dict(found, orient="index")


def _specific(rows: pd.DataFrame) -> dict:
    at_home = rows["off"] == rows["language"]
    means = {
        name: rows.loc[mask & (rows["kind"] == kind), "loss"].mean()
        for kind in (OWN, RANDOM)
        for name, mask in ((kind, at_home), (f"{kind}_others", ~at_home))
    }
    home = rows[at_home]
    own = home[home["kind"] == OWN].set_index("off")
    most = home[home["kind"] == RANDOM].groupby("off", sort=False)["loss"].max()
    return {
        **means,
        "above": int((own["loss"] > most.reindex(own.index)).sum()),
        "languages": len(own),
        "draws": int(home.loc[home["kind"] == RANDOM, "draw"].nunique()),
        "neurons": own["neurons"].mean(),
    }


COSTS = {
    "own": "Own: language",
    "own_others": "Own: others",
    "random": "Random: language",
    "random_others": "Random: others",
}


def loss_table(rows: pd.DataFrame, words: str) -> Table | None:
    """Models against what they lose without neurons, as `specificity` sums it up.

    words: the direction. None when no model has a neuron to switch off.
    """
    rows = neuron_table(rows)
    found = {measure: specificity(rows, measure) for measure in rows["measure"].unique()}
    found = {measure: frame for measure, frame in found.items() if len(frame)}
    if not found:
        return None
    models = next(iter(found.values())).index
    told = [Row("", labels.model_id(model), tuple(_cells(found, model))) for model in models]
    frames = [frame.assign(measure=measure) for measure, frame in found.items()]
    return Table(
        title=f"What is lost without a language's neurons, {words}",
        header=(
            ("", "Neurons"),
            *((_measure(measure), name) for measure in found for name in COSTS.values()),
        ),
        rows=tuple(told),
        frame=pd.concat(frames).rename_axis("model").reset_index(),
        note=(
            "Neurons: switched off, mean over languages that have any. Own: neurons selected for a "
            "language; random: as many in each block, drawn from all. What the language itself "
            "loses, and the mean over the other languages. Above 0: worse without them."
        ),
    )


def _cells(found, model: str):
    yield Cell(labels.number(next(iter(found.values())).at[model, "neurons"], 0))
    for measure, frame in found.items():
        for name in COSTS:
            digits = 3 if measure == LIKELIHOOD else metrics.metric(measure).digits
            yield Cell(labels.number(frame.at[model, name], digits))


def _measure(measure: str) -> str:
    return "Nats a token" if measure == LIKELIHOOD else f"{metrics.metric(measure).word} points"
