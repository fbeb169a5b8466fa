"""The report's section on neurons: counts by language and layer, and how alike models use them."""

from babelmerge.report_material import Material, Section


def neurons(material: Material) -> Section | None:
    """Neurons of each language before and after training, and what merges do to their use."""
    return None
