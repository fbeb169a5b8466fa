"""One point of a merge, complete and checked: what the engines take. No tensors, no torch.

`points.settings` makes it. Values that differ by layer or tensor are `Conditional`s, on
which no arithmetic works; `Settings.at` gives the plain numbers of one tensor.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

from babelmerge.recipes import coefficients
from babelmerge.recipes.coefficients import Conditional
from babelmerge.recipes.methods import METHODS, Method

DIGITS = 12  # scales closer than this are one scale: .1 * 3 and .3
# What a parameter is called in `Settings`, where that is not its own name.
FIELDS = {
    "weight": "weights",
    "density": "densities",
    "lambda": "factor",
    "from": "source",
    "normalize_weights": "normalize",
}


@dataclass(frozen=True)
class Settings:
    """Per-expert values are tuples in the experts' order; what a method does not have is as below.

    The merge is base + factor * update(weights, ...), or the update itself for methods that make
    whole models. Unless semantics is mergekit, the weight is in the factor where it is the same for
    all, so that points that differ by it alone share their update. `update_key` is equal for points
    with the same update. source: the parameter `from`; blocks: (first, last).
    """

    method: str
    semantics: str
    dtype: str | None
    weights: tuple[float, ...]
    factor: float
    densities: tuple[float, ...] = ()
    select_topk: float = 1.0
    normalize: bool = False
    rescale: bool = True
    scope: str = "tensor"
    seed: int = 0
    t: float = 0.0
    gamma: tuple[float, ...] = ()
    epsilon: tuple[float, ...] = ()
    trim: tuple[float, ...] = ()
    threshold: tuple[float, ...] = ()
    beta: float = 1.0
    rank: float = 1.0
    alpha: float = 1.0
    floor: float = 0.0
    rows: int = 0
    agreement: int = 0
    filter_wise: bool = False
    nuslerp_flatten: bool = True
    nuslerp_row_wise: bool = False
    max_iter: int = 0
    tol: float = 0.0
    eps: float = 0.0
    origin: str = "zero"
    least: float = 0.0
    gain: float = 0.0
    cap: float = 0.0
    common: float = 1.0
    steps: int = 0
    learning_rate: float = 0.0
    time: float = 0.0
    start: str = "sum"
    ridge: float = 0.0
    rank_rule: str = ""
    subspace_rank: int | None = None
    subspace_beta: float = 0.0
    then: str = ""
    source: str | None = None
    bottom: int = 0
    top: int = 0
    blocks: tuple[int, int] | None = None
    backend: str = "babelmerge"
    device: str | None = None
    embeddings: str = "strict"
    chat_template: str | None = None

    @property
    def update_key(self) -> "Settings":
        factor = self.factor if METHODS[self.method].scaled else 1.0
        return replace(self, factor=factor, dtype=None)

    @property
    def rule(self) -> Method:
        """The entry of the table that decides what weights and densities mean."""
        return METHODS[self.then or self.method]

    @property
    def inner(self) -> "Settings":
        """The settings of the method that `then` names; its own where there is none."""
        if not self.then:
            return self
        own = {FIELDS.get(name, name) for name in METHODS[self.method].defaults}
        rest = {field.name: field.default for field in fields(self) if field.name in own}
        return replace(self, **{**rest, "method": self.then})

    @cached_property
    def conditional(self) -> bool:
        """Whether a value is not the same for every tensor."""
        return any(isinstance(value, Conditional) for value in self._values())

    def at(self, name: str, layers: int) -> "Settings":
        """The plain settings of one tensor of a model of so many blocks."""
        if not self.conditional:
            return self

        def plain(value: object) -> object:
            if isinstance(value, tuple):
                return tuple(map(plain, value))
            return value.at(name, layers) if isinstance(value, Conditional) else value

        found = {field.name: plain(getattr(self, field.name)) for field in fields(self)}
        return with_scale(Settings(**found))

    def taken_from(self, name: str, layers: int) -> str | None:
        """The expert whose tensor is taken as it is (layer_swap); None for what is merged.

        Embeddings, final norm and head belong to no block and are merged: they serve all languages
        of the group. ValueError when the blocks asked for are more than the model has.
        """
        if self.source is None:
            return None
        self.check_blocks(layers)
        block = coefficients.block_of(name)
        if block is None:
            return None
        first, last = self.blocks or (0, -1)
        taken = block < self.bottom or block >= layers - self.top or first <= block <= last
        return self.source if taken else None

    def unmatched(self, names: Iterable[str]) -> tuple[str, ...]:
        """Filters that are part of no tensor's name: most likely misspelt; mergekit is silent."""
        known = tuple(names)
        conditions = [value for value in self._values() if isinstance(value, Conditional)]
        parts = dict.fromkeys(part for value in conditions for part in value.filters)
        return tuple(part for part in parts if not any(part in name for name in known))

    def _values(self) -> Iterable[Any]:
        for field in fields(self):
            value = getattr(self, field.name)
            yield from value if isinstance(value, tuple) else (value,)

    def check_blocks(self, layers: int) -> None:
        """ValueError when more blocks are to be swapped than a model has."""
        last = self.blocks[1] if self.blocks else -1
        if self.bottom + self.top > layers or last >= layers:
            asked = f"bottom {self.bottom}, top {self.top}"
            asked += f", blocks to {last}" if self.blocks else ""
            raise ValueError(
                f"layer_swap: {asked} of a model of {layers} blocks (numbered from 0); take fewer"
            )


def with_scale(point: Settings) -> Settings:
    """The same point with a weight that all experts share moved into the factor.

    Not for mergekit's semantics, whose normalisation and votes depend on the weights' scale, nor
    where weights are shares of an average.
    """
    known = not any(isinstance(value, Conditional) for value in (*point.weights, point.factor))
    if not known or point.semantics == "mergekit" or not point.rule.scales:
        return point
    if len(set(point.weights)) != 1:
        return point
    ones = (1.0,) * len(point.weights)
    return replace(point, weights=ones, factor=point.weights[0] * point.factor)


def model_key(point: Settings) -> tuple:
    """Equal for points that are the same model by algebra."""
    point = replace(point, device=None, backend=point.backend if point.rule.random else "")
    if point.conditional:
        return ("conditional", point)
    averages = not point.rule.scales
    size = sum(point.weights) if averages else math.fsum(map(abs, point.weights))
    factor = point.factor * (1 if _scale_cancels(point) else size)
    if _is_base(point, size):
        return ("base", point.dtype)
    shares = tuple(round(weight / (size or 1), DIGITS) for weight in point.weights)
    if point.rule.random and min(point.densities) >= 1:  # nothing is dropped
        none = (0.0,) * len(point.epsilon)
        point = replace(point, seed=0, rescale=True, backend="", epsilon=none)
    if _means_the_same(point):
        point = replace(point, semantics="original")
    return (float(f"{factor:.{DIGITS}g}"), replace(point, weights=shares, factor=1.0))


def mergekit_lacks(point: Settings) -> str | None:
    """Why mergekit cannot make this merge, and what to do; None where it makes the same one."""
    ours = "use backend: babelmerge"
    if METHODS[point.method].mergekit is None:
        return f"it has no such method; {ours}"
    for name, default in (("embeddings", "strict"), ("chat_template", None)):
        if getattr(point, name) != default:
            return f"{name} is {getattr(point, name)}, which it would do otherwise; {ours}"
    same = model_key(replace(point, semantics="mergekit")) == model_key(point)
    if point.semantics != "mergekit" and not same:
        return f"semantics is {point.semantics}; set semantics: mergekit, or {ours}"
    return None


def _scale_cancels(point: Settings) -> bool:
    if point.rule.scales:
        return point.normalize and point.semantics == "mergekit"
    return point.normalize or point.method in ("fisher", "nuslerp")


def _is_base(point: Settings, size: float) -> bool:
    if point.rule.whole or point.method == "layer_swap":
        return False
    nothing_kept = [kept for kept in (point.densities, point.trim) if kept and not any(kept)]
    return point.factor == 0 or size == 0 or bool(nothing_kept)


def _means_the_same(point: Settings) -> bool:
    """Whether original and mergekit are one here, up to rounding."""
    name = point.then or point.method
    if name in ("ram", "ramplus_tl"):  # mergekit's have no lambda
        return point.factor == 1
    return name == "linear" or (name == "task_arithmetic" and not point.normalize)
