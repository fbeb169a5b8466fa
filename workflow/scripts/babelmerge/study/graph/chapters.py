"""What a chapter of the report is made from: files by key, and facts of the study that it tells.

The job reads its files back by the same keys (`display.chapters`), so that nothing is taken out of
a path. Which chapters there are, in which order and under which titles, is in `report`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from babelmerge.study.graph import paths
from babelmerge.study.plan.types import Model, Plan
from babelmerge.words import languages
from babelmerge.words import names as words

Key = tuple[str, ...]  # (what, direction, span), (what, name) or (what,)
Files = dict[Key, str]


@dataclass(frozen=True)
class Chapter:
    """study: facts that it tells. long, figures, tables: key -> file. files: others, by name.

    asks: keys of the study file that it tells besides, where the file has them.
    """

    study: Mapping = field(default_factory=dict)
    long: Files = field(default_factory=dict)
    figures: Files = field(default_factory=dict)
    tables: Files = field(default_factory=dict)
    files: Mapping[str, list[str]] = field(default_factory=dict)
    asks: tuple[str, ...] = ()

    def inputs(self) -> dict[str, list[str]]:
        keyed = {"long": self.long, "figures": self.figures, "tables": self.tables}
        return {**{kind: list(found.values()) for kind, found in keyed.items()}, **self.files}

    def settings(self, configuration: Mapping | None = None) -> dict:
        """configuration: the study file, resolved."""
        given = configuration or {}
        told = {key: given[key] for key in self.asks if given.get(key) is not None}
        keyed = {"long": self.long, "figures": self.figures, "tables": self.tables}
        keys = {kind: [list(key) for key in found] for kind, found in keyed.items()}
        return {"study": {**self.study, **told}, **keys}


def names(plan: Plan) -> dict[str, dict[str, str]]:
    """What readers see instead of ids, see `words.names`: of languages, groups and experts.

    Of an expert it is the unit of its data sets, where it is called by that, else nothing.
    """
    spoken = plan.language_names.items()
    return {
        words.LANGUAGES: {c: name for c, name in spoken if name != languages.NAMES.get(c)},
        words.GROUPS: {name: group.label for name, group in plan.groups.items() if group.label},
        words.EXPERTS: {m.name: _unit(plan, m) for m in plan.of_kind("expert").values()},
    }


def _unit(plan: Plan, expert: Model) -> str:
    own = [plan.datasets[dataset] for dataset in expert.datasets]
    units = {dataset.unit for dataset in own}, {dataset.target_language for dataset in own}
    return expert.name if {expert.name} in units else ""


def figures(plan: Plan, names: Mapping[Key, str]) -> Files:
    """The files of figures that are known by name."""
    return {key: paths.of(plan, paths.FIGURE, figure=name) for key, name in names.items()}


def tables(plan: Plan, names: Mapping[Key, str]) -> Files:
    """The fragments of tables that are known by name."""
    return {key: paths.of(plan, paths.FRAGMENT, table=name) for key, name in names.items()}
