"""Values that differ by expert, layer and tensor: gradients and filters as in mergekit.

Written, a value is a number (or true, false); a gradient over the layers, {layers: [0, 0.5, 1]};
or a list of conditions {filter: part of a name, value: …}, of which the first that fits counts (no
filter, or "*", fits every tensor), and whose value may be a gradient, there as a bare list too.
mergekit writes every gradient as a bare list; in a recipe so do we (`to_recipe`, `from_recipe`).

Block k of n lies at t = k / (n - 1) (1 in a model of one block), tensors of no block (embeddings,
final norm, head) at t = 0, which is the first value. A gradient of m numbers is a polyline through
them, equally spaced over t; one of true and false gives entry int(t * (m - 1)). All as mergekit
0.1.5 computes it, to the bit. No tensors, no torch.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeGuard

from babelmerge.recipes.spans import Span, block_of
from babelmerge.words.ids import unit
from babelmerge.words.showing import shown

LAYERS = "layers"
NOTHING = object()  # no value where no filter fits
Check = Callable[[str, object], Any]


@dataclass(frozen=True)
class Rule:
    """values where `filter` is part of the tensor's name: one, or the points of a gradient.

    span: the blocks that it is for, over which the gradient goes; None: for all.
    """

    filter: str | None
    values: tuple[Any, ...]
    span: Span | None = None

    def fits(self, name: str) -> bool:
        inside = self.span is None or self.span.holds(name)
        return inside and (self.filter is None or self.filter in name)


@dataclass(frozen=True)
class Conditional:
    """A checked value that is not the same for every tensor; the last rule fits all."""

    rules: tuple[Rule, ...]

    def at(self, name: str, layers: int) -> Any:
        """The plain value for a tensor of a model of so many blocks."""
        rule = next(rule for rule in self.rules if rule.fits(name))
        place = position(name, layers)
        return _along(rule.values, place if rule.span is None else rule.span.position(name))

    @property
    def filters(self) -> tuple[str, ...]:
        return tuple(rule.filter for rule in self.rules if rule.filter is not None)


@dataclass(frozen=True)
class Sliced:
    """A written value that differs by the slices of a model. rest: where no part has one."""

    parts: tuple[tuple[Span, Any], ...]
    rest: Any = NOTHING


def position(name: str, layers: int) -> float:
    """Where a tensor lies between the first block (0) and the last (1)."""
    block = block_of(name)
    if block is None:
        return 0.0
    if block >= layers:
        raise ValueError(f"{name}: block {block} of a model of {layers} blocks; count them anew")
    return block / (layers - 1) if layers > 1 else 1.0


def is_conditional(value: object) -> bool:
    """Whether a written value is a gradient, a condition or a list of conditions."""
    if isinstance(value, Conditional | Sliced):
        return True
    if isinstance(value, Mapping):
        return set(value) == {LAYERS} or _is_condition(value)
    return _is_list(value) and len(value) > 0 and all(map(_is_condition, value))


def parse(where: str, value: object, check: Check, default: object = NOTHING) -> Any:
    """The checked value: plain, or `Conditional` when it is not the same everywhere.

    where: begins the ValueErrors. check(where, number) -> number in its type, or a ValueError.
    default: where no filter fits; without one the conditions have to end with a value for all.
    """
    if isinstance(value, Conditional):
        return value
    if not is_conditional(value) and not _is_list(value):
        return check(where, value)
    rules = _rules(where, value, check)
    always = [rule.filter is None and rule.span is None for rule in rules]
    ends = always.index(True) if True in always else None
    whole = ends is not None or _cover(rules)
    if not whole and default is NOTHING:
        raise ValueError(
            f"{where} has no value where no filter fits; end its list with {{value: …}}"
        )
    if not whole:
        rules.append(Rule(None, (default,)))
    kept = rules[: len(rules) if ends is None else ends + 1]
    plain = len(kept) == 1 and len(kept[0].values) == 1 and kept[0].span is None
    return kept[0].values[0] if plain else Conditional(tuple(kept))


def _cover(rules: Sequence[Rule]) -> bool:
    """Whether there is a value for every tensor of a model in its slices."""
    spans = list(dict.fromkeys(r.span for r in rules if r.filter is None and r.span))
    starts = [0, *(span.last for span in spans)]
    return bool(spans) and spans[-1].final and starts[:-1] == [span.first for span in spans]


def resolve(value: object, tensor_name: str, layers: int) -> Any:
    """A written (or parsed) value at one tensor; None where no filter fits, as in mergekit."""
    parsed = parse(tensor_name, value, lambda _, plain: plain, None)
    return parsed.at(tensor_name, layers) if isinstance(parsed, Conditional) else parsed


def to_recipe(value: object) -> Any:
    """A parsed value as mergekit writes it."""
    if not isinstance(value, Conditional):
        return value
    if any(rule.span for rule in value.rules):
        raise ValueError("a value that differs by slices is written as slices, in a recipe's file")
    if len(value.rules) == 1:
        return _one_or_list(value.rules[0].values)
    return [
        ({} if rule.filter is None else {"filter": rule.filter})
        | {"value": _one_or_list(rule.values)}
        for rule in value.rules
    ]


def told(value: object) -> Any:
    """A written value as a manifest holds it, by slices of layers where it differs by them."""
    if isinstance(value, list):
        return [told(one) for one in value]
    if not isinstance(value, Sliced):
        return value
    rest = [] if value.rest is NOTHING else [{"value": bare(value.rest)}]
    return [{"layers": [s.first, s.last], "value": bare(v)} for s, v in value.parts] + rest


def from_recipe(value: object) -> Any:
    """A value as mergekit writes it, so that a bare list is no list of experts."""
    return {LAYERS: list(value)} if _is_list(value) and not is_conditional(value) else value


def mapped(value: Any, change: Callable[[Any], Any]) -> Any:
    """A written value with each of its plain ones changed."""
    if isinstance(value, Sliced):
        parts = tuple((span, mapped(one, change)) for span, one in value.parts)
        rest = value.rest if value.rest is NOTHING else mapped(value.rest, change)
        return Sliced(parts, rest)
    if _is_list(value):
        return [mapped(one, change) for one in value]
    if isinstance(value, Mapping):
        inner = (LAYERS, "value")
        return {k: mapped(one, change) if k in inner else one for k, one in value.items()}
    return change(value)


def chain(first: object, then: object) -> Any:
    """A value that goes on to `then` where no filter of `first` fits (mergekit's precedence)."""
    if isinstance(first, Sliced):
        return replace(first, rest=then)
    if not is_conditional(first):
        return first
    return [*_conditions(first), *_conditions(then)]


def id_of(where: str, value: str, ids: Sequence[str]) -> str:
    """The expert's id that a value names, whole or by its last part."""
    for names in (ids, [unit(id_) for id_ in ids]):
        if value in names and len(set(names)) == len(ids):
            return ids[list(names).index(value)]
    raise ValueError(f"{where} is {shown(value)}; the experts are {list(ids)}")


def per_expert(where: str, value: object, ids: Sequence[str]) -> list[Any]:
    """One value per expert, in order, from one for all, a list, or a mapping by id."""
    if is_conditional(value):
        return [value] * len(ids)
    if isinstance(value, Mapping):
        for names in (ids, [unit(id_) for id_ in ids]):
            if set(value) == set(names) and len(set(names)) == len(ids):
                return [value[name] for name in names]
        raise ValueError(f"{where} is given for {sorted(value)}; the experts are {list(ids)}")
    if _is_list(value):
        if len(value) != len(ids):
            raise ValueError(f"{where} has {len(value)} values for {len(ids)} experts: {list(ids)}")
        return list(value)
    return [value] * len(ids)


def _conditions(value: object) -> list[Any]:
    if _is_condition(value):
        return [value]
    return list(value) if is_conditional(value) and _is_list(value) else [{"value": bare(value)}]


def bare(value: object) -> Any:
    """A gradient as a bare list, as mergekit writes it; other values as they are."""
    return value[LAYERS] if isinstance(value, Mapping) and set(value) == {LAYERS} else value


def _one_or_list(values: tuple[Any, ...]) -> Any:
    return values[0] if len(values) == 1 else list(values)


def _is_list(value: object) -> TypeGuard[Sequence[Any]]:
    return isinstance(value, Sequence) and not isinstance(value, str | bytes | bytearray)


def _is_condition(value: object) -> TypeGuard[Mapping[str, Any]]:
    return isinstance(value, Mapping) and "value" in value


def _rules(where: str, value: object, check: Check) -> list[Rule]:
    if isinstance(value, Sliced):
        parts = [(span, _rules(where, one, check)) for span, one in value.parts]
        rest = [] if value.rest is NOTHING else _rules(where, value.rest, check)
        return [replace(rule, span=span) for span, rules in parts for rule in rules] + rest
    if _is_list(value) and not is_conditional(value):
        return [Rule(None, _gradient(where, value, check))]
    return [_rule(where, condition, check) for condition in _conditions(value)]


def _rule(where: str, condition: Mapping[str, Any], check: Check) -> Rule:
    if unknown := [key for key in condition if key not in ("filter", "value")]:
        raise ValueError(
            f"{where} has a condition with {shown(unknown[0])}; expected filter and value"
        )
    part = condition.get("filter")
    part = None if part == "*" else part
    if part is not None and (not isinstance(part, str) or not part):
        raise ValueError(
            f"{where} has filter {shown(part)}; expected part of a tensor's name, as mlp"
        )
    inside = f"{where}, filter {part}" if part else where
    return Rule(part, _gradient(inside, bare(condition["value"]), check))


def _gradient(where: str, value: object, check: Check) -> tuple[Any, ...]:
    values = list(value) if _is_list(value) else [value]
    if not values:
        raise ValueError(f"{where} is an empty list; give a number, or one for each step")
    return tuple(check(where, one) for one in values)


def _along(values: tuple[Any, ...], t: float) -> Any:
    if any(isinstance(value, bool) or not isinstance(value, int | float) for value in values):
        return values[int(t * (len(values) - 1))]
    scaled = t * (len(values) - 1)
    low = int(scaled)
    share = scaled - low
    return (1 - share) * values[low] + share * values[min(len(values) - 1, low + 1)]
