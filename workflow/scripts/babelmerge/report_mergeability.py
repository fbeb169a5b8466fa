"""The report's sections on task vectors and on whether the inside predicts the outside."""

from babelmerge.report_material import Material, Section


def task_vectors(material: Material) -> Section | None:
    """Where in depth experts differ, and what each merge keeps of each expert."""
    return None


def mergeability(material: Material) -> Section | None:
    """Which pairs of experts look compatible, and how well that told what merges kept."""
    return None
