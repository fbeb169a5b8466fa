"""What is shown of the inside of models: figures, tables and the long tables behind the report.

One module a part (neurons, similarity, mergeability, interventions) says which figures and tables a
plan has; here they are put together. Paths and names, nothing computed.
"""

import artifacts_inside as inside
import artifacts_interventions
import artifacts_mergeability as mergeability
import presentation_interventions
import presentation_mergeability
import presentation_neurons
import presentation_similarity

PARTS = (
    presentation_neurons,
    presentation_similarity,
    presentation_mergeability,
    presentation_interventions,
)


def figures(plan) -> list[str]:
    """Names of all figures, without their endings."""
    return [name for part in PARTS for name in part.figures(plan)]


def tables(plan) -> list[str]:
    """Names of all tables, without their endings."""
    return [name for part in PARTS for name in part.tables(plan)]


def comparisons(plan) -> dict[str, str]:
    """Name, as in `neurons/xx-en.target`, -> the long table that the report reads."""
    files = [
        *inside.neuron_files(plan),
        *inside.usage_files(plan),
        *inside.cka_files(plan),
        *inside.angle_files(plan),
        *mergeability.task_vector_files(plan),
        *mergeability.mergeability_files(plan).values(),
        *artifacts_interventions.files(plan),
    ]
    root = f"results/{plan.name}/comparisons/"
    return {path.removeprefix(root).removesuffix(".tsv"): path for path in files}
