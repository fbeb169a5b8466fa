"""Which file is made from which, for task vectors and mergeability: the end of `artifacts_inside`.

What is compared is experts in pairs, before anything is merged, and merges beside their experts.
"""

import artifacts
from artifacts_inside import SPANS, angle_files, cka_files, directions, experts, owner, spans

EXPERTS = "experts"  # instead of a group: all experts of the study


def _vectors(plan, group: str) -> list[str]:
    """The models whose task vectors are set beside each other."""
    if group == EXPERTS:
        return experts(plan)
    merged = [merge.model for merge in artifacts.merges_of(plan, group)]
    return [*plan.groups[group].members, *merged]


def task_vector_models(plan, group: str) -> list[str]:
    return [artifacts.model_file(plan, model) for model in _vectors(plan, group)]


def task_vector_settings(plan, group: str) -> dict:
    """Stable ranks cost fifty readings, so only what was trained is given them."""
    alone = group == EXPERTS
    return {
        "models": _vectors(plan, group),
        "per": "tensor" if alone else "layer",
        "stable_ranks": alone,
    }


def task_vector_file(plan, group: str) -> str:
    return f"results/{plan.name}/comparisons/task_vectors/{group}.tsv"


def pair_span(plan) -> str:
    """The span by which pairs of experts are compared: the target, where experts part.

    The source in a study that has text alone, so that numbers of one kind are never mixed.
    """
    return max((spans(plan, name)[-1] for name in directions(plan)), key=SPANS.index, default="")


def pair_inputs(plan) -> dict[str, list[str]]:
    """Tables that tell how alike two experts are."""
    found = {
        what: [path for path in files if path.endswith(f".{pair_span(plan)}.tsv")]
        for what, files in (("cka", cka_files(plan)), ("angles", angle_files(plan)))
    }
    vectors = plan.analysis.get("task_vectors") is not None
    found["task_vectors"] = [task_vector_file(plan, EXPERTS)] if vectors else []
    return {what: files for what, files in found.items() if files}


def language_features() -> str:
    return "resources/typology.tsv"


def pair_settings(plan) -> dict:
    """Experts, and the language by which the data of each differ from the others'."""
    own = {name: code for sets in directions(plan).values() for name, code in sets.items()}
    known = {
        expert: {own[dataset] for dataset in plan.models[expert].datasets if dataset in own}
        for expert in experts(plan)
    }
    languages = {expert: codes.pop() for expert, codes in known.items() if len(codes) == 1}
    return {"experts": list(known), "languages": languages}


def correlation_settings(plan) -> dict:
    owners = {dataset: owner(plan, dataset) for dataset in plan.datasets}
    return {
        "pairs": pair_settings(plan),
        "members": {name: list(group.members) for name, group in plan.groups.items()},
        "owners": {dataset: own for dataset, own in owners.items() if own},
        "metric": next((m.selection["metric"] for m in plan.merges.values()), None),
        "test": {"permutations": 9999, "seed": plan.seed},
    }


def task_vector_files(plan) -> list[str]:
    """Of all experts, then of each group with its merges."""
    if plan.analysis.get("task_vectors") is None or not experts(plan):
        return []
    return [task_vector_file(plan, name) for name in (EXPERTS, *plan.groups)]


def mergeability_files(plan) -> dict[str, str]:
    """Name -> table: of pairs always, of what merges keep where there are any."""
    if not pair_inputs(plan) or len(experts(plan)) < 2:
        return {}
    names = ["compatibility"] + (["mergeability", "correlations"] if plan.groups else [])
    return {name: f"results/{plan.name}/comparisons/{name}.tsv" for name in names}
