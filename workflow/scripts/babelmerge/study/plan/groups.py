"""From a study's groups to lists of members: names, generators, order of merges, alignment.

Pure functions of a `Study` and the names of its models.
"""

import itertools
import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from babelmerge.recipes.methods import METHODS
from babelmerge.study.grammar import limits
from babelmerge.study.grammar.groups import (
    Combinations,
    EachBranch,
    EachCheckpoint,
    EachLanguage,
    LongGroup,
    Prefixes,
)
from babelmerge.study.grammar.methods import PRESETS, alternatives
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan import selection
from babelmerge.study.plan.datasets import direction_pairs
from babelmerge.study.plan.types import Model, Trained
from babelmerge.words import ids
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest


@dataclass
class Names:
    """What a group's members may be called: models by short and full id, sets by name."""

    models: dict[str, Model]
    sets: dict[str, tuple[str, ...]]
    checkpoints: dict[str, tuple[str, ...]] = field(default_factory=dict)
    branches: dict[str, tuple[str, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """A group before its members are resolved. label: for readers, where it is not the name."""

    name: str
    family: str
    members: tuple[str, ...]
    label: str = ""


def _label(member: str) -> str:
    short = ids.of_kind(member, "expert", "merge")
    return (ids.name(member) if short else member).replace("/", ".")


def _ids(study: Study, names: Names, words: str | Sequence[str], family: str) -> tuple[str, ...]:
    """Model ids that members name: expert ids, full ids, expert sets, merges/group/method."""
    found: list[str] = []
    for word in [words] if isinstance(words, str) else words:
        if (expert := ids.model("expert", word)) in names.models:
            found.append(expert)
        elif word in names.sets:
            found += names.sets[word]
        elif word in names.models or ids.of_kind(word, "merge"):
            found.append(word)
        else:
            experts = [_label(m) for m in names.models if ids.of_kind(m, "expert")]
            valid = list(dict.fromkeys([*experts, *names.sets]))
            remedy = nearest(word, valid)
            expected = f"an expert, an expert set or merges/group/method: {listed(valid)}"
            raise study.error("groups", family, found=shown(word), expected=expected, remedy=remedy)
    return tuple(found)


def _by_language(study: Study, names: Names, spec: EachLanguage, family: str) -> list[Raw]:
    found = []
    for code in study.languages:
        if code != study.pivot:
            pairs = [p for p in direction_pairs(study, spec.pairs) if code in ids.sides(p)]
            members = tuple(_of_pair(study, names, pair, family) for pair in pairs)
            label = f"{family} ({study.language_name(code)})"
            found.append(Raw(f"{family}-{code}", family, members, label))
    return found


def _of_pair(study: Study, names: Names, pair: str, family: str) -> str:
    """The expert of a pair, whatever it is called: that of its data set with the fewest of its own.

    Raises StudyError where no expert has a data set of the pair.
    """
    experts = [m for m in names.models.values() if m.kind == "expert" and m.finished]
    own = [m for m in experts if pair in map(ids.unit, m.datasets)]
    if not own:
        expected = f"an expert of each pair: {listed(_label(m.id) for m in experts)}"
        raise study.error("groups", family, found=f"no expert of {pair}", expected=expected)
    return min(own, key=lambda model: len(model.datasets)).id


def _by_checkpoint(study: Study, names: Names, spec: EachCheckpoint, family: str) -> list[Raw]:
    steps = [
        [ids.step(c) for c in names.checkpoints.get(m, ())]
        for m in _ids(study, names, spec.of, family)
    ]
    shared = [s for s in (steps[0] if steps else []) if all(s in other for other in steps)]
    if not shared:
        expected = "experts with checkpoints at the same steps"
        raise study.error("groups", family, found="no shared step", expected=expected)
    members = _ids(study, names, spec.of, family)
    return [Raw(f"{family}-{s}", family, tuple(ids.kept(m, s) for m in members)) for s in shared]


def _by_branch(study: Study, names: Names, spec: EachBranch, family: str) -> list[Raw]:
    every = _ids(study, names, spec.of, family)
    branches = {m: names.branches[m] for m in every if m in names.branches}
    steps = list(dict.fromkeys(ids.begun(b) for own in branches.values() for b in own))
    if not steps:
        expected = "experts with branches"
        raise study.error("groups", family, found="no branch", expected=expected)
    from_base = [Raw(f"{family}-0", family, tuple(branches))]
    return from_base + [
        Raw(f"{family}-{step}", family, tuple(ids.branch(member, step) for member in branches))
        for step in steps
    ]


def _listed(study: Study, names: Names, spec: list[str], family: str) -> list[Raw]:
    return [Raw(family, family, _ids(study, names, spec, family))]


def _combined(study: Study, names: Names, spec: Combinations, family: str) -> list[Raw]:
    members = _ids(study, names, spec.of, family)
    _check_number(study, family, math.comb(len(members), spec.combinations))
    sets = itertools.combinations(members, min(spec.combinations, len(members) + 1))
    return [Raw(f"{family}-{'+'.join(map(_label, s))}", family, s) for s in sets]


def _prefixes(study: Study, names: Names, spec: Prefixes, family: str) -> list[Raw]:
    order = _ids(study, names, spec.prefixes, family)
    sizes = range(spec.from_, len(order) + 1)
    return [Raw(f"{family}-{n}", family, order[:n]) for n in sizes]


_GENERATORS = {
    list: _listed,
    Combinations: _combined,
    Prefixes: _prefixes,
    EachLanguage: _by_language,
    EachCheckpoint: _by_checkpoint,
    EachBranch: _by_branch,
}


def _check_number(study: Study, family: str, groups: int) -> None:
    if groups > limits.GROUPS:
        expected, found = limits.most(limits.GROUPS, "groups of a study"), f"{groups:,} groups"
        raise study.error("groups", family, found=found, expected=expected, remedy=limits.REMEDY)


def _check(study: Study, raw: Raw) -> None:
    twice = [m for m, times in Counter(raw.members).items() if times > 1]
    if twice or len(raw.members) < 2:
        found = f"{twice[0]} twice" if twice else f"{len(raw.members)} member(s) in {raw.name}"
        expected = "two or more different models"
        raise study.error("groups", raw.family, found=found, expected=expected)


def unfold(study: Study, names: Names) -> dict[str, Raw]:
    """All groups by name, generators unfolded, members still possibly merges."""
    found: dict[str, Raw] = {}
    for family, spec in study.groups.items():
        members = getattr(spec, "members", spec)
        raws = _GENERATORS[type(members)](study, names, members, family)
        if not raws:
            raise study.error("groups", family, found="no group", expected="enough members")
        _check_number(study, family, len(found) + len(raws))
        for raw in raws:
            _check(study, raw)
            if raw.name in found:
                other = found[raw.name].family
                expected = "another name"
                found_ = f"group {raw.name}, which {other} makes too"
                raise study.error("groups", family, found=found_, expected=expected)
            found[raw.name] = raw
    return found


def grids(study: Study, family: str) -> dict[str, dict[str, Any]]:
    """The methods of a group and their grids: the study's, some of them, a preset, or its own.

    A grid with a search is two: the best of the grid, and what is found from there.
    """
    spec = study.groups[family]
    own = spec.methods if isinstance(spec, LongGroup) else None
    if isinstance(own, dict):
        return selection.parted(study, ("groups", family, "methods"), own)
    if isinstance(own, str):
        return PRESETS[own]
    for name in own or ():
        if name not in study.methods:
            remedy = nearest(name, study.methods)
            expected = f"a method of the study: {listed(study.methods)}"
            raise study.error(
                "groups", family, "methods", found=shown(name), expected=expected, remedy=remedy
            )
    chosen = study.methods if own is None else {name: study.methods[name] for name in own}
    return selection.parted(study, ("methods",), chosen)


def aligned_to(study: Study, models: Mapping[str, Model], names: Names, raw: Raw) -> str:
    """The base's id or a member's; empty where a group does not ask for alignment.

    StudyError for what is no member, and for members and methods that cannot be aligned.
    """
    spec = study.groups[raw.family]
    if not isinstance(spec, LongGroup) or spec.align is None:
        return ""
    where = ("groups", raw.family, "align")
    _check_alignable(study, models, raw, where)
    _check_aligning(study, raw, where)
    if spec.align == "base":
        return spec.align
    (found,) = _ids(study, names, [spec.align], raw.family)[:1] or ("",)
    if found not in raw.members:
        expected = f"base, or one of {listed(raw.members)}"
        raise study.error(*where, found=shown(spec.align), expected=expected)
    return found


def _check_alignable(
    study: Study, models: Mapping[str, Model], raw: Raw, where: tuple[str, ...]
) -> None:
    for member in raw.members:
        source = models[member].source if member in models else None
        if isinstance(source, Trained) and source.training["method"] == "lora":
            found = f"{member}, an adapter, whose units are the base's"
            raise study.error(*where, found=found, expected="full models, or no align")


def _check_aligning(study: Study, raw: Raw, where: tuple[str, ...]) -> None:
    for label, grid in grids(study, raw.family).items():
        rule = METHODS[grid.get("method", label)]
        if "mergekit" in alternatives(grid.get("backend")):
            found, expected = f"{label} by backend: mergekit, which does not align", "babelmerge"
            raise study.error(*where, found=found, expected=expected)
        if rule.statistics or rule.factors:
            read = "factors of adapters" if rule.factors else f"{rule.statistics} statistics"
            found = f"{label}, which reads {read}"
            raise study.error(*where, found=found, expected="methods on full models alone")


def ordered(study: Study, raws: Mapping[str, Raw]) -> list[str]:
    """Group names so that merges come before the groups that hold them. Raises on cycles."""
    done: dict[str, None] = {}

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in path:
            found = f"a cycle: {' -> '.join((*path, name))}"
            raise study.error("groups", raws[name].family, found=found, expected="no cycle")
        if len(path) > limits.DEEPEST:
            found = f"merges of merges, more than {limits.DEEPEST} deep"
            raise study.error("groups", raws[name].family, found=found, expected="fewer levels")
        if name in done:
            return
        for member in raws[name].members:
            if ids.of_kind(member, "merge"):
                visit(_merge_of(study, raws, member, raws[name].family), (*path, name))
        done[name] = None

    for name in raws:
        visit(name, ())
    return list(done)


def _merge_of(study: Study, raws: Mapping[str, Raw], member: str, family: str) -> str:
    """The group of a member merges/group/method. Raises when there is no such merge."""
    group, method = [*member.split("/"), "", ""][1:3]
    there = group in raws and method in grids(study, raws[group].family)
    if there and member == ids.model("merge", group, method):
        return group
    valid = [ids.model("merge", n, m) for n, raw in raws.items() for m in grids(study, raw.family)]
    expected = f"a merge of the study: {listed(valid)}"
    near = nearest(member, valid)
    raise study.error("groups", family, found=shown(member), expected=expected, remedy=near)
