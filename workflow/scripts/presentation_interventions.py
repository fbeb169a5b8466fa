"""Which figures and tables of interventions a plan has, and their settings. Computes nothing."""


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    return []


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    return []
