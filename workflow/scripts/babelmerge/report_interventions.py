"""The report's section on interventions: blocks taken from an expert, neurons switched off."""

from babelmerge.report_material import Material, Section


def interventions(material: Material) -> Section | None:
    """What changes when the explanation is put to the test."""
    return None
