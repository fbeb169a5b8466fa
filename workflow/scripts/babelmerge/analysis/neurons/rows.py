"""Neurons as long rows: what each model selects for each language, and how alike models use them.

Takes the rates of the models of one direction on its data sets (one for each language), gives rows
of one number each; `neurons` computes, `comparisons` says which models are compared. No torch.
"""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from babelmerge.analysis import layers
from babelmerge.analysis.comparisons import relations, with_others
from babelmerge.analysis.neurons import selection
from babelmerge.analysis.neurons.rates import Rates, having

ALL = "all"  # stands for all blocks together
LACKING = "lacking"  # the measure of a model that has no neurons, in its only row
MEAN = "mean"  # stands for the mean of rates over a direction's data sets
BASE = "base"


def selection_rows(
    found: Rates,
    languages: Mapping[str, str],
    owners: Mapping[str, str],
    rho: float = 0.1,
    tau: float = 0.8,
    order: str = "paper",
) -> Iterator[dict]:
    """Long rows: level, where, model, dataset, language, measure, value, n.

    found: of one span, data sets in the order of `languages` (data set -> language). owners: data
    set -> the expert trained on it. Level `layer` (where: the block, from 0) and `total` have
    - selected: neurons of that language (figures 4 to 6, summed in Table 5); n: neurons looked at
    - kept: those of them that the base's selection has too
    - difference: selected, minus the base's (whole numbers, for difference maps)
    - rate: mean rate of all neurons
    In total only, and of no language: threshold, specific (neurons of some language), dead. And
    Table 5 itself, of each language's own expert: before (the base's count) and after. A model
    without neurons has one row, of the measure `lacking`.
    """
    lacking = [model for model in found if model not in having(found)]
    found = {model: found[model] for model in having(found)}
    selected = {
        model: selection.select_neurons(rates, rho, tau, order) for model, rates in found.items()
    }
    for model, rates in found.items():
        for place, (dataset, language) in enumerate(languages.items()):
            at = {"model": model, "dataset": dataset, "language": language}
            before = selected[BASE][place] if BASE in found else None
            yield from _counted(selected[model][place], before, rates[place], at)
        yield from _facts(model, rates, selected[model], tau)
    yield from _own(selected, languages, owners)
    for model in lacking:
        at = {"level": "total", "where": ALL, "model": model, "dataset": "", "language": ""}
        yield _row(at, LACKING, 0, 0)


def usage_rows(
    found: Rates,
    datasets: Sequence[str],
    owners: Mapping[str, str],
    shuffles: int = 1000,
    seed: int = 0,
    threads: int = 1,
) -> Iterator[dict]:
    """Long rows: level, where, dataset, comparison, model, other, measure, value, low, high, n.

    found: of one span, data sets in this order. dataset: each, and `mean` for the mean of rates
    over all (Figure 2, as its authors' code has it). level and where: `layer` and the block, from
    0, or `band` and its range. measure: cosine, pearson, and cosine_null and pearson_null: the mean
    and 95% band of the same over shuffles of one model's selection. comparison, model, other: as in
    `cka.rows`. n: neurons of the layer or band. A band is the mean over its blocks that have
    a value, `others` the mean over experts. A model without neurons has one row, of the measure
    `lacking`.
    """
    lacking = [model for model in found if model not in having(found)]
    found = {model: found[model] for model in having(found)}
    for place, dataset in enumerate(datasets):
        here = {model: rates[place] for model, rates in found.items()}
        owner = owners.get(dataset, "")
        yield from _alignment(
            here, dataset, owner if owner in found else "", shuffles, seed, threads
        )
    if len(datasets) > 1:
        here = {model: rates.mean(axis=0) for model, rates in found.items()}
        yield from _alignment(here, MEAN, "", shuffles, seed, threads)
    for model in lacking:
        at = {"level": "total", "where": ALL, "dataset": "", "comparison": ""}
        nothing = {"value": 0, "low": np.nan, "high": np.nan, "n": 0}
        yield {**at, "model": model, "other": "", "measure": LACKING, **nothing}


def block_bands(blocks: int) -> dict[str, range]:
    """Blocks by band, named with their range: as `layers.bands`, which counts states up to L."""
    found = {}
    for name, band in layers.bands(blocks).items():
        inside = range(band.start, min(band.stop, blocks))
        if inside:
            found[f"{name.split()[0]} {inside[0]}-{inside[-1]}"] = inside
    return found


def without(rows) -> list[str]:
    """The models that have no neurons, from a long table (pandas) of either kind."""
    return list(rows.loc[rows["measure"] == LACKING, "model"])


def _counted(
    selected: np.ndarray, before: np.ndarray | None, rates: np.ndarray, at: Mapping
) -> Iterator[dict]:
    """Rows of one model and language: each block, then all."""
    measures = {"selected": selected.sum(axis=1)}
    if before is not None:
        measures["kept"] = (selected & before).sum(axis=1)
        measures["difference"] = measures["selected"] - before.sum(axis=1)
    for measure, values in measures.items():
        yield from _by_block(measure, values, values.sum(), rates, at)
    yield from _by_block("rate", rates.mean(axis=1), rates.mean(), rates, at)


def _by_block(measure: str, values, total, rates: np.ndarray, at: Mapping) -> Iterator[dict]:
    for block, value in enumerate(values):
        place = {"level": "layer", "where": str(block), **at}
        yield _row(place, measure, value, rates.shape[1])
    yield _row({"level": "total", "where": ALL, **at}, measure, total, rates.size)


def _facts(model: str, rates: np.ndarray, selected: list, tau: float) -> Iterator[dict]:
    at = {"level": "total", "where": ALL, "model": model, "dataset": "", "language": ""}
    yield _row(at, "threshold", selection.threshold(rates, tau), rates.size)
    yield _row(at, "specific", np.any(selected, axis=0).sum(), rates[0].size)
    yield _row(at, "dead", (~rates.any(axis=0)).sum(), rates[0].size)


def _own(
    selected: Mapping[str, np.ndarray], languages: Mapping[str, str], owners: Mapping[str, str]
) -> Iterator[dict]:
    """Table 5: of each language's own expert, neurons of the language before and after tuning."""
    for place, (dataset, language) in enumerate(languages.items()):
        own = owners.get(dataset)
        if own in selected and BASE in selected:
            at = {"level": "total", "where": ALL, "model": own}
            for measure, model in (("before", BASE), ("after", own)):
                value, size = selected[model][place].sum(), selected[model][place].size
                yield _row({**at, "dataset": dataset, "language": language}, measure, value, size)


def _row(place: Mapping, measure: str, value, n: int) -> dict:
    return {**place, "measure": measure, "value": value, "n": n}


def _alignment(
    here: Mapping[str, np.ndarray], dataset: str, owner: str, shuffles: int, seed: int, threads: int
) -> Iterator[dict]:
    """Rows of one data set; here: model -> (blocks, width)."""
    models = list(here)
    compared = relations(models, owner)
    if not compared:
        return
    left, right = ([models.index(r[side]) for r in compared] for side in (1, 2))
    shown = with_others(compared, owner)
    width = here[models[0]].shape[1]
    curves = _curves(here, left, right, shuffles, seed, threads)
    for measure, curve in curves.items():
        # (relations, blocks, values): one value, or as many as there are shuffles.
        means = np.stack([curve[members].mean(axis=0) for _, members in shown])
        for level, where, blocks in _places(means.shape[1]):
            for (relation, _), values in zip(shown, means, strict=True):
                at = {"level": level, "where": where, "dataset": dataset, **relation._asdict()}
                yield _band_row(at, measure, values[blocks], len(blocks) * width)


def _curves(
    here: Mapping[str, np.ndarray],
    left: list[int],
    right: list[int],
    shuffles: int,
    seed: int,
    threads: int,
) -> dict[str, np.ndarray]:
    """measure -> (relations, blocks, 1 or shuffles)."""
    rates = np.stack(list(here.values()))  # (models, blocks, width)
    pairs = list(zip(left, right, strict=True))

    def one(block: int) -> list[np.ndarray]:
        drawn = selection.shuffled(rates[:, block], shuffles, seed)
        return [values[left, right] for values in drawn]

    drawn = layers.over_layers(one, rates.shape[1], threads)
    plain = {"cosine": selection.usage_alignment, "pearson": selection.usage_correlation}
    found = {
        name: np.stack([measure(rates[a], rates[b]) for a, b in pairs])[..., None]
        for name, measure in plain.items()
    }
    for place, name in enumerate(plain):
        found[f"{name}_null"] = np.stack([block[place] for block in drawn], axis=1)
    return found


def _places(blocks: int) -> Iterator[tuple[str, str, list[int]]]:
    for block in range(blocks):
        yield "layer", str(block), [block]
    for name, band in block_bands(blocks).items():
        yield "band", name, list(band)


def _band_row(at: Mapping, measure: str, values: np.ndarray, n: int) -> dict:
    """values: (blocks, 1 or shuffles)."""
    known = values[~np.isnan(values).any(axis=1)]
    value = low = high = np.nan
    if len(known):
        means = known.mean(axis=0)
        value = means.mean()
        if measure.endswith("_null"):
            low, high = np.quantile(means, [0.025, 0.975])
    return {**at, "measure": measure, "value": value, "low": low, "high": high, "n": n}
