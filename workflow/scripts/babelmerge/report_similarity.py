"""The report's section on representations: CKA and principal angles by layer."""

from babelmerge.report_material import Material, Section


def representations(material: Material) -> Section | None:
    """Where in depth models part, against what chance and halves of the data give."""
    return None
