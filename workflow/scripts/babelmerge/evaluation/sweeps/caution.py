"""What readers are warned of where something was chosen on the rows that scores are reported on."""

from collections.abc import Sequence

from babelmerge.display import labels


def caution(chosen: Sequence[str]) -> str:
    """A warning; nothing where nothing was chosen so. chosen: what, in words."""
    if not chosen:
        return ""
    return (
        f"Warning: {labels.listing(chosen)} were chosen on the test rows that scores are reported "
        "on. What was chosen so scores higher here than it would on new text."
    )
