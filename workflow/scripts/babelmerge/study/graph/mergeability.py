"""Task vectors and mergeability: experts in pairs before anything is merged, merges beside them."""

from babelmerge.study.graph import chapters, paths, similarity
from babelmerge.study.graph.beside import retention
from babelmerge.study.graph.chapters import Chapter, Key
from babelmerge.study.graph.represent import experts
from babelmerge.study.graph.scores import main_metrics, metric_of
from babelmerge.study.graph.train import model_file
from babelmerge.study.plan.types import Direction, Group, Plan

EXPERTS = "experts"  # instead of a group: all experts of the study
VECTORS = ("task-vectors", "task-vector-kinds", "task-vector-cosines")
BY_TASK = "task-vector-tasks"
TYPOLOGY = "resources/typology.tsv"
_SPANS = ("source", "target")


def _vectors(plan: Plan, group: str) -> list[str]:
    """The models whose task vectors are set beside each other."""
    if group == EXPERTS:
        return experts(plan)
    merged = [merge.model for merge in plan.merges_of(group)]
    return [*plan.groups[group].members, *merged]


def task_vector_models(plan: Plan, group: str) -> list[str]:
    return [model_file(plan, model) for model in _vectors(plan, group)]


def task_vector_settings(plan: Plan, group: str) -> dict:
    """Stable ranks cost fifty readings, so only what was trained is given them."""
    alone = group == EXPERTS
    return {
        "models": _vectors(plan, group),
        "per": "tensor" if alone else "layer",
        "stable_ranks": alone,
    }


def task_vector_file(plan: Plan, group: str) -> str:
    return paths.of(plan, paths.TASK_VECTORS, group=group)


def pair_span(plan: Plan) -> str:
    """The span by which pairs of experts are compared: the target, where experts part.

    The source in a study that has text alone, so that numbers of one kind are never mixed.
    """
    compared = [d for d in plan.directions.values() if represented_in(plan, d)]
    return max((d.spans[-1] for d in compared), key=_SPANS.index, default="")


def represented_in(plan: Plan, direction: Direction) -> bool:
    """Whether a direction has a data set that models are looked at on."""
    chosen = plan.analysis.get("datasets")
    return chosen is None or not set(chosen).isdisjoint(direction.datasets)


def pair_inputs(plan: Plan) -> dict[str, list[str]]:
    """Tables that tell how alike two experts are."""
    found = {what: similarity.files(plan, what, pair_span(plan)) for what in ("cka", "angles")}
    vectors = plan.analysis.get("task_vectors") is not None
    found["task_vectors"] = [task_vector_file(plan, EXPERTS)] if vectors else []
    return {what: files for what, files in found.items() if files}


def pair_settings(plan: Plan) -> dict:
    """Experts, and the language by which the data of each differ from the others'."""
    own = {name: code for d in plan.directions.values() for name, code in d.datasets.items()}
    known = {
        expert: {own[dataset] for dataset in plan.models[expert].datasets if dataset in own}
        for expert in experts(plan)
    }
    spoken = {
        expert: codes if len(codes) == 1 else _written(plan, expert)
        for expert, codes in known.items()
    }
    languages = {expert: codes.pop() for expert, codes in spoken.items() if len(codes) == 1}
    asked = _asked(plan)
    measures = {"measures": asked["measures"]} if "measures" in asked else {}
    column = {"distances": asked["typology"]["column"]} if "typology" in asked else {}
    return {"experts": list(known), "languages": languages, **measures, **column}


def _asked(plan: Plan) -> dict:
    return plan.analysis.get("mergeability", {})


def _written(plan: Plan, expert: str) -> set[str]:
    """The languages that an expert's own data sets are in: of pairs that they are written in."""
    return {plan.datasets[dataset].target_language for dataset in plan.models[expert].datasets}


def typology(plan: Plan) -> str:
    """The table of languages' features, or of their distances."""
    return _asked(plan).get("typology", {}).get("path", TYPOLOGY)


def counted(plan: Plan) -> list[str]:
    """The groups whose merges are set against pairs of experts."""
    asked = _asked(plan).get("groups")
    if asked is None:
        return list(plan.groups)
    return [name for name, group in plan.groups.items() if {name, group.family} & set(asked)]


def compatibility_settings(plan: Plan) -> dict:
    return {"pairs": pair_settings(plan)}


def correlation_inputs(plan: Plan) -> dict[str, list[str]]:
    return {**pair_inputs(plan), "retention": retention.files(plan, counted(plan))}


def members(plan: Plan) -> dict[str, list[str]]:
    """Of the groups whose merges are set against pairs of experts."""
    return {name: list(plan.groups[name].members) for name in counted(plan)}


def correlation_settings(plan: Plan) -> dict:
    groups = {name: plan.groups[name] for name in counted(plan)}
    asked = _asked(plan).get("outcome", "retention")
    outcome = {"outcomes": [asked]} if asked != "retention" else {}
    return {
        "pairs": pair_settings(plan),
        "members": members(plan),
        "owners": {name: _owners(plan, group) for name, group in groups.items()},
        "metric": _metric(plan),
        "test": {"permutations": 9999, "seed": plan.seed, **outcome},
    }


def _metric(plan: Plan) -> str | dict[str, str] | None:
    """The metric that retention is of; where tasks have others, that of each data set."""
    groups = {name: plan.groups[name] for name in counted(plan)}
    held = dict.fromkeys(d for group in groups.values() for d in group.datasets)
    own = {d: found[0] for d in held if (found := main_metrics(plan, [d]))}
    first = next((metric_of(plan, group) for group in groups), None)
    return own if len(set(own.values())) > 1 else first


def _owners(plan: Plan, group: Group) -> dict[str, str]:
    """Data set -> the member that it belongs to."""
    found = {dataset: plan.owner(dataset, group.members) for dataset in group.datasets}
    return {dataset: own for dataset, own in found.items() if own}


def task_vector_files(plan: Plan) -> dict[str, str]:
    """Of all experts, then of each group with its merges."""
    if plan.analysis.get("task_vectors") is None or not experts(plan):
        return {}
    written = [name for name, group in plan.groups.items() if not group.live]
    return {name: task_vector_file(plan, name) for name in (EXPERTS, *written)}


def files(plan: Plan) -> dict[str, str]:
    """Name -> table: of pairs always, of what merges keep where there are any."""
    if not pair_inputs(plan) or len(experts(plan)) < 2:
        return {}
    made = {"compatibility": paths.COMPATIBILITY}
    if plan.groups:
        made |= {"mergeability": paths.MERGEABILITY, "correlations": paths.CORRELATIONS}
    return {name: paths.of(plan, template) for name, template in made.items()}


# shown


def vector_figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure of task vectors, without its ending."""
    names = {(name,): name for name in VECTORS if task_vector_files(plan)}
    names |= {(BY_TASK,): BY_TASK} if names and tasks(plan) else {}
    return names | {("kept", group): f"kept-{group}" for group in merged_groups(plan)}


def tasks(plan: Plan) -> dict[str, list[str]]:
    """Task -> its experts, where there are several tasks with several experts each."""
    place = {d: one.task for one in plan.directions.values() for d in one.datasets}
    found: dict[str, list[str]] = {}
    for expert in experts(plan):
        own = {place[d] for d in plan.models[expert].datasets if d in place}
        if len(own) == 1:
            found.setdefault(own.pop(), []).append(expert)
    found = {task: several for task, several in found.items() if len(several) > 1}
    return found if len(found) > 1 else {}


def figures(plan: Plan) -> dict[Key, str]:
    """Key -> name of the figure of mergeability, without its ending."""
    return {("mergeability",): "mergeability"} if "correlations" in files(plan) else {}


def tables(plan: Plan) -> dict[Key, str]:
    """Key -> name of the table of mergeability, without its endings."""
    made = files(plan)
    return {(name,): name for name in ("compatibility", "correlations") if name in made}


def published(plan: Plan, table: str) -> list[str]:
    """The file of published values, which may have correlations."""
    return [plan.published] if plan.published and table == "correlations" else []


def vectors_chapter(plan: Plan) -> Chapter | None:
    """Of a study whose experts' task vectors are compared."""
    made = task_vector_files(plan)
    if not made:
        return None
    groups = {("group", name): path for name, path in made.items() if name != EXPERTS}
    kept = {("kept",): "kept"} if merged_groups(plan) else {}
    return Chapter(
        study={"tasks": tasks(plan)} if tasks(plan) else {},
        long={("experts",): made[EXPERTS], **groups},
        figures=chapters.figures(plan, vector_figures(plan)),
        tables=chapters.tables(plan, kept),
    )


def chapter(plan: Plan) -> Chapter | None:
    """Of a study with experts to compare in pairs."""
    made = files(plan)
    if not made:
        return None
    return Chapter(
        study={"scored": bool(plan.evaluations)},
        long={(name,): path for name, path in made.items()},
        figures=chapters.figures(plan, figures(plan)),
        tables=chapters.tables(plan, tables(plan)),
    )


def merged_groups(plan: Plan) -> list[str]:
    """Groups with merges, whose task vectors are compared with their members'."""
    if not task_vector_files(plan):
        return []
    written = [name for name, group in plan.groups.items() if not group.live]
    return [name for name in written if plan.merges_of(name)]


def kept_files(plan: Plan) -> list[str]:
    return [task_vector_file(plan, group) for group in merged_groups(plan)]
