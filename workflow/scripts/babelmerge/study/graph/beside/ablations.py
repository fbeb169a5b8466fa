"""The chapter on ablations: groups over the same data sets, merges across tasks, other studies."""

from babelmerge.study.graph import chapters, paths
from babelmerge.study.graph.beside import across, groups, relations, studies
from babelmerge.study.graph.chapters import Chapter
from babelmerge.study.plan.types import Plan, Trained


def chapter(plan: Plan) -> Chapter | None:
    """Of a study with more than one group over the same data sets, or beside other studies."""
    names, further = groups.ablated(plan), studies.names(plan)
    if not names and not further:
        return None
    tables = {("ablations", name): f"ablations-{name}" for name in names}
    return Chapter(
        study={
            "directions": {name: groups.shown(plan, name)["datasets"] for name in names},
            "metrics": {name: groups.shown(plan, name)["metric"] for name in names},
            "changes": {name: _changes(plan, name) for name in names},
        },
        long={("groups", name): paths.of(plan, paths.GROUPS, direction=name) for name in names}
        | {("sizes",): paths.of(plan, paths.TABLE, table="sizes")},
        figures=chapters.figures(plan, further),
        tables=chapters.tables(plan, {**tables, **across.names(plan), **further}),
    )


def _changes(plan: Plan, direction: str) -> list[dict]:
    """For each line of a further group in what it differs from the main one."""
    first = relations.main(plan, direction)
    found: dict[str, dict] = {}
    for group in relations.further(plan, direction):
        name = groups.called(plan, direction, group)
        pair = relations.exchanged(plan, first, group)
        told = {"name": name, "relation": relations.relation(plan, first, group)}
        told["members"] = [m for m in plan.groups[group].members]
        told["pair"] = [_learnt(plan, model) for model in pair] if pair else []
        if told["relation"] == relations.SAME:
            told["beside"] = [merge.method for merge in plan.merges_of(first)]
            told["align"] = plan.groups[group].align
        found.setdefault(name, told)
    return list(found.values())


def _learnt(plan: Plan, model: str) -> dict:
    source = plan.models[model].source
    rows = list(source.datasets) if isinstance(source, Trained) else []
    return {"model": model, "datasets": rows}
