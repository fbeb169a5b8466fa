"""Sentences on task vectors and what merges keep of them, computed from the long tables."""

from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from babelmerge.display import labels
from babelmerge.words import ids

CHANCE = 0.5  # share of equal signs of vectors that have nothing in common


def task_vectors(table: pd.DataFrame) -> list[str]:
    """How far experts moved, where in depth, and whether they moved alike."""
    whole = table[table["level"] == "model"]
    norms = whole[whole["measure"] == "relative_norm"].dropna(subset="value")
    if norms.empty:
        return []
    return [*_moved(norms), *_depth(table), *_alike(whole)]


def by_task(table: pd.DataFrame, tasks: Mapping[str, Sequence[str]]) -> list[str]:
    """How alike experts of one task moved, and those of different tasks. tasks: task -> experts."""
    rows = table[(table["level"] == "model") & (table["measure"] == "cosine")]
    rows = rows.dropna(subset="value")
    own = {expert: task for task, experts in tasks.items() for expert in experts}
    both = rows["expert"].map(own), rows["other"].map(own)
    within = rows[both[0] == both[1]].assign(task=both[0]).groupby("task", sort=False)["value"]
    told = [f"{labels.number(mean)} in {name}" for name, mean in within.mean().items()]
    if not told:
        return []
    apart = rows.loc[(both[0] != both[1]) & both[0].notna() & both[1].notna(), "value"]
    beside = f"; of experts of different tasks {labels.number(apart.mean())}" if len(apart) else ""
    return [f"Within a task the mean cosine of two experts is {labels.listing(told)}{beside}."]


def kept(rows: pd.DataFrame) -> Iterator[str]:
    """For each group, how much of its experts each method leaves in the merge."""
    whole = rows[rows["level"] == "model"].dropna(subset="kept")
    for group, part in whole.groupby("group", sort=False):
        means = part.groupby("method", sort=False)["kept"].mean()
        experts = part["expert"].nunique()
        told = [f"{labels.method(name)} {labels.percent(share)}" for name, share in means.items()]
        yield (
            f"{labels.group(group)}: of each expert's task vector are kept, on average, "
            f"{labels.listing(told)}; an average of {experts} unrelated experts would keep "
            f"{labels.percent(1 / experts)}. {_uneven(part)}"
        )


def _uneven(part: pd.DataFrame) -> str:
    """How far apart the experts of a group are kept: by the method with the widest gap, if several.

    part: rows of `projection.kept_rows` for the whole model, of one group.
    """
    shares = part.groupby("method", sort=False)["kept"]
    apart = shares.max() - shares.min()
    method, size = labels.method(apart.idxmax()), f"{labels.percent(apart.max())} of a task vector"
    if len(apart) == 1:
        return f"Of one expert {method} keeps up to {size} more than of another."
    return f"Experts are served most unevenly by {method}, {size} apart."


def _moved(norms: pd.DataFrame) -> Iterator[str]:
    low, high = norms.loc[norms["value"].idxmin()], norms.loc[norms["value"].idxmax()]
    if len(norms) == 1:
        share = labels.percent(high["value"], 1)
        yield f"{labels.model_id(high['expert'])} moved by {share} of the base's norm."
        return
    yield (
        f"Experts moved from the base by {labels.percent(low['value'], 1)} of its norm "
        f"({labels.model_id(low['expert'])}) to {labels.percent(high['value'], 1)} "
        f"({labels.model_id(high['expert'])})."
    )


def _depth(table: pd.DataFrame) -> Iterator[str]:
    layers = table[(table["level"] == "layer") & (table["measure"] == "relative_norm")]
    means = layers.groupby("where", sort=False)["value"].mean().dropna()
    blocks = means[means.index.str.isdecimal()]
    if len(blocks) > 1:
        most, least = blocks.idxmax(), blocks.idxmin()
        yield (
            f"Block {most} moved most ({labels.percent(blocks[most], 1)} of its norm, mean of "
            f"experts), block {least} least ({labels.percent(blocks[least], 1)})."
        )
    outside = means[means.index.str.contains("embed|wte", regex=True)]
    if len(outside):
        yield f"The embeddings moved by {labels.percent(outside.iloc[0], 1)}."


def _alike(whole: pd.DataFrame) -> Iterator[str]:
    cosines = whole[whole["measure"] == "cosine"].dropna(subset="value")
    if cosines.empty:
        return
    low, high = cosines.loc[cosines["value"].idxmin()], cosines.loc[cosines["value"].idxmax()]
    yield (
        f"The cosine of two task vectors goes from {labels.number(low['value'])} ({_pair(low)}) to "
        f"{labels.number(high['value'])} ({_pair(high)}); {int((cosines['value'] < 0).sum())} of "
        f"{len(cosines)} pairs point against each other."
    )
    signs = whole[whole["measure"] == "sign_agreement"].dropna(subset="value")["value"]
    if len(signs):
        yield (
            f"Where both experts moved, {labels.percent(signs.min())} to "
            f"{labels.percent(signs.max())} of elements have equal signs "
            f"({labels.percent(CHANCE)} by chance)."
        )


def _pair(row: pd.Series) -> str:
    names = (labels.expert(ids.unit(row[side])) for side in ("expert", "other"))
    return " with ".join(names)
