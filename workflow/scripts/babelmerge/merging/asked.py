"""What settings ask that members, or this machine, have not: for recipes, merges and sweeps alike.

Nothing is read but names. Torch is imported where a device is asked for.
"""

from collections.abc import Collection

from babelmerge.files import ties
from babelmerge.merging.kernels.shares import linear_divisor
from babelmerge.merging.streaming.members import Members
from babelmerge.recipes.lines import within
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.settings import Settings
from babelmerge.words.showing import shown


def check(point: Settings, members: Members, factors: bool) -> None:
    """ValueError for a device, blocks, weights or filters that there are not.

    factors: whether all experts are adapters that are added to the base.
    """
    if point.device not in (None, "cpu"):
        from babelmerge.merging.streaming import opening

        opening.device_of(point)
    if not factors:
        refuse_full_models(point)
    point.check_blocks(members.blocks)
    _check_weights(point.inner, members)
    # A tied head is no tensor here, and may still be named, as it is in recipes for untied models.
    tied = () if any(name.endswith(ties.HEADS) for name in members.names) else ties.HEADS
    if unknown := point.unmatched((*members.names, *tied)):
        with within(unknown[0]):
            raise ValueError(
                f"{point.method}: filter {shown(unknown[0])} is part of no tensor's name, such as "
                f"{next(iter(members.names))}; mend it or take it out"
            )


def check_memory(point: Settings, ids: Collection[str], statistics: Collection[str]) -> None:
    """ValueError for what merges in memory have not: mergekit, and statistics of some expert.

    statistics: the experts' ids of which there are some.
    """
    if point.backend == "mergekit":
        raise ValueError(
            f"{point.method}: backend mergekit reads and writes folders, and forms no merge in "
            "memory; use merge_files, or backend: babelmerge"
        )
    kind = METHODS[point.method].statistics
    if kind and (lacking := [id_ for id_ in ids if id_ not in statistics]):
        raise ValueError(
            f"{point.method}: has no {kind} statistics of {lacking[0]}; collect them from its dev "
            "data (`calibration`) and hand them in by id"
        )


def refuse_full_models(point: Settings) -> None:
    """ValueError for a method that works on the factors of adapters alone."""
    if METHODS[point.method].factors:
        raise ValueError(
            f"{point.method}: works on the factors of LoRA adapters, and not all experts are "
            f"adapters, or have the base's tokens; give adapters that do, or merge by {point.then}"
        )


def _check_weights(point: Settings, members: Members) -> None:
    """ValueError where an average would divide by 0."""
    if point.method not in ("linear", "multislerp", "nuslerp"):
        return
    key = {"linear": "normalize", "multislerp": "normalize_weights"}.get(point.method, "")
    for name in members.merged_names:
        plain = point.at(name, members.blocks)
        always = point.method == "nuslerp" and point.semantics != "mergekit"
        linear_divisor(plain.weights, always or bool(plain.normalize), point.method, key)
