"""Which figures of interventions a plan has, and their settings. Computes nothing.

Blocks: a figure for each group, with a panel for each method. Neurons: a figure for each direction.
The report's own table stands for tables.
"""

import artifacts_interventions as interventions


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    groups = dict.fromkeys(merge.group for merge in interventions.block_merges(plan))
    names = [f"interventions-blocks-{group}" for group in groups]
    directions = interventions.neuron_directions(plan)
    return names + [f"interventions-neurons-{direction}" for direction in directions]


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    return []


def drawn(plan, what: str, name: str) -> list[str]:
    """The long tables behind a figure; what: blocks or neurons."""
    if what == "blocks":
        return interventions.block_files(plan, name)
    return [f"results/{plan.name}/comparisons/interventions/neurons.{name}.tsv"]
