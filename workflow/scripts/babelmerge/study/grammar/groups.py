"""The part of a study file that says what is merged and how: groups, generators and grids.

Shapes only; names are resolved in `plan.groups`.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    Tag,
    ValidationError,
    WithJsonSchema,
)

from babelmerge.recipes.methods import of_mergekit
from babelmerge.study.grammar import limits
from babelmerge.study.grammar.methods import (
    METHODS,
    PARAMETERS,
    PRESETS,
    alternatives,
    number_of_points,
)
from babelmerge.study.grammar.mistakes import in_words
from babelmerge.study.grammar.selection import Search
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest
from babelmerge.words.strict import LARGEST, Listed, Name, OneOrMore, Strict, Text, key, wrong

Several = Annotated[int, Field(ge=2, le=LARGEST)]
Members = Annotated[list[Text], Field(min_length=1)]


class Combinations(Strict):
    """A group of every combination: {combinations: 2, of: […]} makes all pairs."""

    combinations: Several = key("Members of each group.", ...)
    of: OneOrMore = key("Experts or an expert set.", ...)


class Prefixes(Strict):
    """Groups that grow by one member: the first two, the first three, …"""

    prefixes: OneOrMore = key("Experts in order, or an expert set.", ...)
    from_: Annotated[int, Field(ge=2, le=LARGEST)] = key(
        "Members of the first group.", 2, alias="from"
    )


class EachLanguage(Strict):
    """A group for each language but the pivot, of its two directions."""

    each: Literal["language"] = key("The word language.", ...)
    pairs: Literal["both-directions"] = key("Both directions between it and the pivot.", ...)


class EachCheckpoint(Strict):
    """A group for each step kept along training: the members' checkpoints of that step."""

    each: Literal["checkpoint"] = key("The word checkpoint.", ...)
    of: OneOrMore = key("Experts or an expert set with checkpoints.", ...)


class EachBranch(Strict):
    """A group for each step that experts branch off at, and one from the base: step 0."""

    each: Literal["branch"] = key("The word branch.", ...)
    of: OneOrMore = key("Experts or an expert set with branches.", ...)


def _each_form(value: object) -> str:
    found = value.get("each") if isinstance(value, dict) else None
    return f"<{found}>" if found in ("checkpoint", "branch") else "<language>"


Each = Annotated[
    Annotated[EachLanguage, Tag("<language>")]
    | Annotated[EachCheckpoint, Tag("<checkpoint>")]
    | Annotated[EachBranch, Tag("<branch>")],
    Discriminator(_each_form),
]


def _generator(value: object) -> str:
    if not isinstance(value, dict):
        return "<list>"
    for word in ("combinations", "prefixes", "each"):
        if word in value:
            return f"<{word}>"
    return "<long>"


_Generated = (
    Annotated[Members, Tag("<list>")]
    | Annotated[Combinations, Tag("<combinations>")]
    | Annotated[Prefixes, Tag("<prefixes>")]
    | Annotated[Each, Tag("<each>")]
)
Generator = Annotated[_Generated, Discriminator(_generator)]


def _check(label: str, grid: object) -> None:
    """Check one grid. Raises for an unknown method or parameter, an empty list, a wrong value."""
    if not isinstance(grid, Mapping):
        raise wrong(f"{label}: {shown(grid)}", "a mapping of parameters ({} for none)")
    method = grid.get("method", label)
    if not isinstance(method, str):
        raise wrong(f"{label}.method: {shown(method)}", f"one method: {listed(METHODS)}")
    if method not in METHODS:
        expected = f"one of {listed(METHODS)}"
        ours = of_mergekit(method)
        near = f"mergekit's {method} is {ours} here." if ours else nearest(method, METHODS)
        raise wrong(f"unknown method {shown(method)}", expected, near)
    for name, values in grid.items():
        if name == "search":
            _check_search(f"{label}.search", values)
        elif name != "method":
            _check_values(label, method, name, values)
    points = number_of_points(grid)
    if points > limits.POINTS:
        expected = limits.most(limits.POINTS, "points of a grid")
        raise wrong(f"{label}: {points:,} points", expected, "Give fewer values.")


def _check_search(where: str, value: object) -> None:
    """Raise for the first mistake of what a grid says of a search."""
    try:
        Search.model_validate(value)
    except ValidationError as error:
        below, found, expected, remedy = in_words(value, error.errors(include_url=False)[0])
        raise wrong(f"{'.'.join([where, *map(str, below)])}: {found}", expected, remedy) from None


def _check_values(label: str, method: str, name: str, values: object) -> None:
    """Check the values of one parameter of a grid."""
    if name not in METHODS[method]:
        expected = f"one of {listed(METHODS[method])}"
        near = nearest(name, METHODS[method])
        raise wrong(f"{label}: unknown parameter {shown(name)}", expected, near)
    if values == []:
        raise wrong(f"{label}.{name}: an empty list", "a value or a list of values")
    for value in alternatives(values):
        if not PARAMETERS[name].allows(value):
            raise wrong(f"{label}.{name}: {shown(value)}", PARAMETERS[name].expected)


def check_grids(grids: Mapping[str, object]) -> None:
    """Check the grids of all methods of a mapping."""
    for label, grid in grids.items():
        _check(label, grid)


Grid = Annotated[
    dict[str, Any],
    WithJsonSchema({"type": "object", "properties": {"search": Search.model_json_schema()}}),
]


def _grids(value: object) -> object:
    if isinstance(value, Mapping):
        check_grids(value)
    return value


def _methods_form(value: object) -> str:
    if isinstance(value, str):
        return "<name>"
    return "<mapping>" if isinstance(value, dict) else "<list>"


GroupMethods = Annotated[
    Annotated[dict[Name, Grid], BeforeValidator(_grids), Tag("<mapping>")]
    | Annotated[Literal[tuple(PRESETS)], Tag("<name>")]
    | Listed,
    Discriminator(_methods_form),
]


class LongGroup(Strict):
    """A group with its own methods or evaluations."""

    members: Generator = key("Members, or a generator of groups.", ...)
    methods: GroupMethods | None = key(
        "Grids of its own, names of the study's methods, or modern (modern-adapters): the newest "
        "methods, below, at one point each. Default: all of the study's."
    )
    datasets: OneOrMore | None = key(
        "Only these tasks or datasets of the members. Default: all that the members own."
    )
    evaluate: OneOrMore | None = key("Tasks or datasets its merges are also tested on.")
    keep: bool = key(
        "false, for merges that serve their scores alone: each is formed in memory, tested and "
        "dropped, all of the group in one job. No model is written, and none is looked into.",
        True,
    )
    align: Text | None = key(
        "base, or a member: neurons and attention heads of the others are brought into the order "
        "of its before they are merged (weight matching by permutations, Ainsworth et al. 2023, "
        "arXiv:2209.04836). Of full models of a known architecture."
    )


Group = Annotated[
    _Generated | Annotated[LongGroup, Tag("<long>")],
    Discriminator(_generator),
]
