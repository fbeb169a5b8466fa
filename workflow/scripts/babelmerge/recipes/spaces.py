"""Spaces of coefficients: the experts' weights, one for each or one for each part of the model.

A search moves in one. What it tries is a point like any of a grid, whose weights differ by expert,
along the layers or by filter, so that a recipe can say it. No tensors, no torch.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from babelmerge.recipes import points
from babelmerge.recipes.coefficients import LAYERS, block_of, is_conditional
from babelmerge.recipes.methods import METHODS, parameters
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

By = Literal["expert", "layer-band", "module"]
SEARCHED = "-search"  # ends the label of what a search finds from the best of a method's grid
WEIGHT = "weight"
BANDED = "layer-band"
REST = ""  # the part of what no filter fits
USUAL = ("attention", "feed-forward", REST)  # of a block, before a model is there
_NUMBERED = re.compile(r"^layer\.\d+\.")  # T5 numbers what is in a block: layer.0.SelfAttention
DIGITS = 4  # of a coefficient: what is tried is what a recipe prints
Point = Mapping[str, Any]


@dataclass(frozen=True)
class Space:
    """experts: ids. parts: of by: module the filters, REST last; of layer-band a name for each."""

    experts: tuple[str, ...]
    by: By = "expert"
    parts: tuple[str, ...] = (REST,)

    @property
    def size(self) -> int:
        """Number of coefficients."""
        return len(self.experts) * len(self.parts)

    @property
    def population(self) -> int:
        """Points of a generation, as many as Hansen (arXiv:1604.00772) recommends."""
        return 4 + int(3 * math.log(self.size))

    @property
    def least(self) -> int:
        """Points of the shortest search: the start, a generation, and its mean."""
        return self.population + 2

    def start(self, method: str, point: Point) -> list[float]:
        """The coefficients of a point that has one number an expert."""
        weights = points.checked(method, self.experts, point)[WEIGHT]
        return [weight for weight in weights for _ in self.parts]

    def point(self, start: Point, values: Sequence[float]) -> dict[str, Any]:
        """The start with other weights: an expert's stand together, in the order of the parts."""
        width = len(self.parts)
        rounded = [float(f"{value:.{DIGITS}g}") for value in values]
        own = [rounded[i : i + width] for i in range(0, len(rounded), width)]
        weights = map(self._weight, own)
        return {**start, WEIGHT: dict(zip(self.experts, weights, strict=True))}

    def _weight(self, values: list[float]) -> Any:
        if len(values) == 1:
            return values[0]
        if self.by == BANDED:
            return {LAYERS: values}
        return [
            ({"filter": part} if part != REST else {}) | {"value": value}
            for part, value in zip(self.parts, values, strict=True)
        ]


def space(experts: Iterable[str], by: By, bands: int, shapes: Mapping[str, Sequence[int]]) -> Space:
    """The coefficients of these experts. shapes: of the model's tensors by name, if it is there."""
    parts: tuple[str, ...] = (REST,)
    if by == BANDED:
        blocks = {block_of(name) for name in shapes} - {None}
        parts = tuple(map(str, range(min(bands, len(blocks) or bands))))
    elif by == "module":
        parts = _modules(shapes) if shapes else USUAL
    return Space(tuple(experts), by, parts)


def _modules(shapes: Mapping[str, Sequence[int]]) -> tuple[str, ...]:
    """Filters of what holds matrices in every block, as .self_attn. and .mlp., and the rest."""
    found: dict[str, None] = {}
    for name, shape in shapes.items():
        block = block_of(name)
        if block is not None and len(shape) > 1:
            inside = _NUMBERED.sub("", name.split(f".{block}.", 1)[1])
            found[f".{inside.split('.')[0]}."] = None
    return (*found, REST)


def lacks(method: str, point: Point) -> tuple[str, str] | None:
    """(what is found, what is expected) where no search can start from a point."""
    if WEIGHT not in parameters(method, _then(method, point)):
        able = [name for name, rule in METHODS.items() if WEIGHT in rule.defaults]
        found = f"{method}, which has no weight of each expert to search over"
        return found, f"one of {listed(able)}"
    weight = point.get(WEIGHT)
    given = weight.values() if isinstance(weight, Mapping) else [weight]
    if is_conditional(weight) or any(map(is_conditional, given)):
        return f"a start with weight {shown(weight)}", "one number, or one for each expert"
    if point.get("backend") == "mergekit":
        return "backend: mergekit, which forms no merge in memory", "babelmerge"
    return None


def _then(method: str, point: Point) -> str | None:
    rule = METHODS[method]
    return point.get("then", rule.defaults.get("then")) if rule.inner else None
