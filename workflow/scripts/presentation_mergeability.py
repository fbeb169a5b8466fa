"""Which figures and tables of task vectors and mergeability a plan has. Computes nothing."""

import artifacts
import artifacts_mergeability as mergeability

VECTORS = ("task-vectors", "task-vector-kinds", "task-vector-cosines")


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    names = list(VECTORS) if mergeability.task_vector_files(plan) else []
    names += [f"kept-{group}" for group in merged_groups(plan)]
    return names + ["mergeability"] * ("correlations" in mergeability.mergeability_files(plan))


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    names = ["kept"] if merged_groups(plan) else []
    made = mergeability.mergeability_files(plan)
    return names + [name for name in ("compatibility", "correlations") if name in made]


def merged_groups(plan) -> list[str]:
    """Groups with merges, whose task vectors are compared with their members'."""
    if not mergeability.task_vector_files(plan):
        return []
    return [group for group in plan.groups if artifacts.merges_of(plan, group)]


def kept_files(plan) -> list[str]:
    return [mergeability.task_vector_file(plan, group) for group in merged_groups(plan)]
