"""Which figures and tables of representations a plan has, and settings. Computes nothing."""


def figures(plan) -> list[str]:
    """Names of the figures, without their endings."""
    return []


def tables(plan) -> list[str]:
    """Names of the tables, without their endings."""
    return []
