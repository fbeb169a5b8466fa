"""How alike two experts are inside, before anything is merged: one measure at a time, and a guess.

Takes the long tables of CKA, angles (both of the target span, of text of its only one, the source)
and task vectors, or their files, and gives a matrix over experts for each measure. No torch, no
models, no scores.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from babelmerge.analysis.comparisons import OTHERS, RANDOM
from babelmerge.analysis.mergeability import typology as features_of_languages
from babelmerge.files.long_tables import read_long
from babelmerge.words.likeness import MEASURES, USUAL

# Target-span CKA of the last block between experts, in the translation study (Table 7): 0.78 to
# 0.89 into one shared language, where merges keep much; 0.10 to 0.25 into several, where they
# collapse. One family of models and biased values: a guide, not a law, and of plain text, where
# experts read more than they write, less than that.
COMPATIBLE, CONFLICTING = 0.75, 0.3
# The long tables that say how alike two experts are, by the names under which `pairs` takes them.
TABLES = ("cka", "angles", "task_vectors")
PAIR_COLUMNS = ("model", "other", "measure", "value", "standing", "rank", "outlook", "span")


class Pairs(NamedTuple):
    """measure -> (experts, experts), row i measured on the data of expert i; NaN where unknown.

    unrelated: measure -> its value for unrelated experts, where the tables tell (angles).
    spans: measure -> the span that it was taken over, where the tables tell.
    """

    experts: tuple[str, ...]
    values: Mapping[str, np.ndarray]
    unrelated: Mapping[str, float]
    spans: Mapping[str, str] = {}


def read_pair_tables(files: Mapping[str, str | Sequence[str]]) -> dict[str, pd.DataFrame]:
    """Those of TABLES that there are files of (a path or several): name -> all rows.

    And `typology`, the features of languages, where there is their file.
    """
    found = {name: read_all(files[name]) for name in TABLES if files.get(name)}
    if "typology" in files:
        found["typology"] = features_of_languages.read(files["typology"])
    return found


def read_all(paths: str | Sequence[str]) -> pd.DataFrame:
    """Rows of one long table or of several, in order."""
    paths = [paths] if isinstance(paths, str) else list(paths)
    return pd.concat([read_long(path) for path in paths], ignore_index=True)


def pairs(
    experts: Sequence[str],
    cka: pd.DataFrame | None = None,
    angles: pd.DataFrame | None = None,
    task_vectors: pd.DataFrame | None = None,
    typology: pd.DataFrame | None = None,
    languages: Mapping[str, str] | None = None,
    measures: Sequence[str] = USUAL,
    distances: str | None = None,
) -> Pairs:
    """Measures of all pairs of experts from those of the long tables that there are.

    cka, angles: rows of `cka.rows` and `angles.rows` with the data set's `owner` ("" when
    it has none: then every pair is seen on it). A pair that was seen on the data of one of the two
    only has that value both ways; one that was seen only on the data of other experts, as experts
    that own none are, the mean over these. typology, languages: the table of `typology.read`, and
    each expert's language; distances: the column of it, where it has distances and no features.
    measures: of `likeness.MEASURES`, in that order; one without any value is left out.
    """
    found: dict[str, np.ndarray] = {}
    unrelated: dict[str, float] = {}
    if cka is not None and len(cka):
        found |= _of_cka(experts, cka[cka["comparison"] == "expert-expert"])
    if angles is not None and len(angles):
        ranks = angles["rank"].astype(int)
        seen = angles[(angles["measure"] == "median") & (ranks == ranks.max())]
        found["angle_late"] = _matrix(experts, _late(seen[seen["comparison"] == "expert-expert"]))
        unrelated["angle_late"] = float(seen[seen["comparison"] == RANDOM]["value"].mean())
    if task_vectors is not None and len(task_vectors):
        found |= _of_task_vectors(experts, task_vectors[task_vectors["level"] == "model"])
        found |= _over_layers(experts, task_vectors[task_vectors["level"] == "layer"])
    if typology is not None and languages:
        codes = [languages.get(expert, "") for expert in experts]
        found["typology"] = features_of_languages.distances(typology, codes, distances)
    off = ~np.eye(len(experts), dtype=bool)
    kept = {name: found[name] for name in measures if name in found}
    kept = {name: m for name, m in kept.items() if np.isfinite(m[off]).any()}
    seen_on = {"cka": _spans(cka), "angle": _spans(angles)}
    spans = {name: seen_on.get(name.partition("_")[0], "") for name in kept}
    return Pairs(tuple(experts), kept, unrelated, spans)


def compatibility(measured: Pairs) -> Iterator[dict]:
    """One row a pair of experts and measure, the pair taken both ways.

    model, other, measure, value; standing: where the value lies between unrelated experts (0) and
    one expert with itself (1); rank: 1 for the most alike pair; outlook, beside cka_last only:
    compatible, doubtful or conflicting, by what such values went with in the translation study;
    span: over which the value was taken, of CKA and angles.
    """
    above = list(itertools.combinations(range(len(measured.experts)), 2))
    for name, matrix in measured.values.items():
        values = [(matrix[i, j] + matrix[j, i]) / 2 for i, j in above]
        known = MEASURES[name].alike * np.array([v for v in values if not math.isnan(v)])
        for (i, j), value in zip(above, values, strict=True):
            missing = math.isnan(value)
            numbers = (
                float(value),
                standing(name, float(value), measured.unrelated.get(name)),
                "" if missing else int((known > MEASURES[name].alike * value).sum()) + 1,
                outlook(float(value)) if name == "cka_last" else "",
                measured.spans.get(name, ""),
            )
            pair = (measured.experts[i], measured.experts[j], name)
            yield dict(zip(PAIR_COLUMNS, (*pair, *numbers), strict=True))


def label(measure: str, span: str = "") -> str:
    """A measure in words, with the span that it was taken over."""
    words = MEASURES[measure].label
    return f"{words}, {span} span" if span else words


def standing(measure: str, value: float, unrelated: float | None = None) -> float:
    """(value - none) / (same - none), from 0 to 1; NaN without a value or without a reference."""
    facts = MEASURES[measure]
    none = facts.none if unrelated is None else unrelated
    share = (value - none) / (facts.same - none)
    return min(1.0, max(0.0, share)) if math.isfinite(share) else math.nan


def outlook(cka_last: float) -> str:
    """How a pair with this debiased CKA looks; nothing where it is not known."""
    if math.isnan(cka_last):
        return ""
    if cka_last >= COMPATIBLE:
        return "compatible"
    return "conflicting" if cka_last <= CONFLICTING else "doubtful"


def _of_cka(experts: Sequence[str], rows: pd.DataFrame) -> dict[str, np.ndarray]:
    seen = rows[rows["measure"] == "debiased"]
    return {
        "cka_late": _matrix(experts, _late(seen)),
        "cka_last": _matrix(experts, _last_block(seen)),
        "cka_mean": _matrix(experts, _all_layers(seen)),
        "cka_mean_biased": _matrix(experts, _all_layers(rows[rows["measure"] == "biased"])),
    }


def _all_layers(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["level"] == "band") & rows["where"].str.startswith("all ")]


def _late(rows: pd.DataFrame) -> pd.DataFrame:
    return rows[(rows["level"] == "band") & rows["where"].str.startswith("late ")]


def _last_block(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the layer L, before the final norm."""
    numbered = rows[(rows["level"] == "layer") & rows["where"].str.isdecimal()]
    layers = numbered["where"].astype(int)
    return numbered[layers == layers.max()]


def _matrix(experts: Sequence[str], rows: pd.DataFrame) -> np.ndarray:
    """(m, m) values of pairs, i on the data of i; NaN where there is none."""
    seen: dict[tuple[str, str], list[float]] = {}
    elsewhere: dict[tuple[str, str], list[float]] = {}  # on the data of a third expert
    for row in rows.to_dict("records"):
        one, other, owner = row["model"], row["other"], row["owner"]
        if other == OTHERS or not {one, other} <= set(experts):
            continue
        found = seen if owner in ("", one) else elsewhere
        found.setdefault((one, other), []).append(row["value"])
        if owner != one:
            found.setdefault((other, one), []).append(row["value"])
    own, third = (_means(experts, values) for values in (seen, elsewhere))
    own = np.where(np.isnan(own), own.T, own)
    return np.where(np.isnan(own), third, own)


def _means(experts: Sequence[str], seen: Mapping[tuple[str, str], list[float]]) -> np.ndarray:
    matrix = np.full((len(experts), len(experts)), np.nan)
    for (one, other), values in seen.items():
        matrix[experts.index(one), experts.index(other)] = np.mean(values)
    return matrix


def _spans(rows: pd.DataFrame | None) -> str:
    there = rows is not None and "span" in rows
    return " and ".join(dict.fromkeys(rows["span"])) if there else ""


def _of_task_vectors(experts: Sequence[str], rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Cosine, conflict of signs and ratio of norms, over the whole model."""
    rows = rows.assign(model=rows["expert"], owner="")
    of = {name: rows[rows["measure"] == name] for name in ("norm", "cosine", "sign_agreement")}
    norms = of["norm"].set_index("expert")["value"].reindex(experts).to_numpy(dtype=float)
    larger = np.maximum.outer(norms, norms)
    ratio = np.full(larger.shape, np.nan)
    np.divide(np.minimum.outer(norms, norms), larger, out=ratio, where=larger > 0)
    return {
        "cosine": _matrix(experts, of["cosine"]),
        "sign_conflict": 1 - _matrix(experts, of["sign_agreement"]),
        "norm_ratio": ratio,
    }


def _over_layers(experts: Sequence[str], rows: pd.DataFrame) -> dict[str, np.ndarray]:
    """Means over blocks: of cosines, and of differences of stable ranks and of norms.

    The difference of norms is that of their means over blocks, as the pretraining study has it.
    """
    blocks = rows[rows["where"].str.isdecimal()]
    cosines = blocks[blocks["measure"] == "cosine"].assign(owner="", model=blocks["expert"])
    norms, ranks = (_by_block(experts, blocks, name) for name in ("norm", "stable_rank"))
    return {
        "cosine_mean": _matrix(experts, cosines),
        "stable_rank_difference": np.abs(ranks[:, None] - ranks[None]).mean(axis=2),
        "norm_difference": np.abs((norms[:, None] - norms[None]).mean(axis=2)),
    }


def _by_block(experts: Sequence[str], blocks: pd.DataFrame, measure: str) -> np.ndarray:
    """(experts, blocks) values of a measure; NaN where there is none."""
    own = blocks[blocks["measure"] == measure]
    if own.empty:
        return np.full((len(experts), 1), np.nan)
    table = own.pivot(index="expert", columns="where", values="value")
    return table.reindex(experts).to_numpy(dtype=float)
