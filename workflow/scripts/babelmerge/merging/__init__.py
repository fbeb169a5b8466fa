"""Merging: experts and a base become one model.

`merge` works on state dicts, `merge_files` streams model directories, `Sweep` forms every point of
a grid for a live model; all three give the same numbers. `METHODS` names the methods with their
parameters; `aliases` finds the points of a grid that are one model.

Names are imported when they are first used: `merge_files` starts without torch where it can.
"""

from typing import TYPE_CHECKING, Any

from babelmerge.recipes.points import aliases, refuse_unknown_parameters

if TYPE_CHECKING:
    from babelmerge.merging.engine import merge
    from babelmerge.merging.files import merge_files
    from babelmerge.merging.streaming.updates import METHODS
    from babelmerge.merging.sweeping import Sweep, load_into

__all__ = [
    "METHODS",
    "Sweep",
    "aliases",
    "load_into",
    "merge",
    "merge_files",
    "refuse_unknown_parameters",
]


def __getattr__(name: str) -> Any:
    # Written out, so that the fingerprint of a script's code finds the modules.
    if name == "merge_files":
        from babelmerge.merging import files as module
    elif name == "merge":
        from babelmerge.merging import engine as module
    elif name in ("Sweep", "load_into"):
        from babelmerge.merging import sweeping as module
    elif name == "METHODS":
        from babelmerge.merging.streaming import updates as module
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(module, name)
