"""Merging: experts and a base become one model.

`merge` works on state dicts, `merge_files` streams model directories, `Sweep` forms every point of
a grid for a live model; all three give the same numbers. `METHODS` names the methods with their
parameters; `aliases` finds the points of a grid that are one model.
"""

from types import MappingProxyType

from babelmerge import merge_parameters
from babelmerge.merge_parameters import aliases, refuse_unknown_parameters
from babelmerge.merging import methods
from babelmerge.merging.engine import UPDATES, Merger, merge, merge_files
from babelmerge.merging.sweeping import Sweep, load_into

# Method name -> (the function over tensors at its heart, {parameter: default}).
METHODS = MappingProxyType(
    {
        "linear": (methods.linear, merge_parameters.DEFAULTS["linear"]),
        "task_arithmetic": (methods.task_arithmetic, merge_parameters.DEFAULTS["task_arithmetic"]),
        "ties": (methods.ties, merge_parameters.DEFAULTS["ties"]),
        "dare": (methods.drop, merge_parameters.DEFAULTS["dare"]),
        "sce": (methods.sce, merge_parameters.DEFAULTS["sce"]),
    }
)

__all__ = [
    "METHODS",
    "UPDATES",
    "Merger",
    "Sweep",
    "aliases",
    "load_into",
    "merge",
    "merge_files",
    "refuse_unknown_parameters",
]
