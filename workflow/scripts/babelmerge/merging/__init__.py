"""Merging: experts and a base become one model.

    merged = merging.merge(base, {"hi": hi, "bn": bn}, "ties", density=0.2, weight=0.5)
    model.load_state_dict(merged)

    recipe = recipes.make_recipe("models/base", {"hi": "models/hi"}, "ties", {"density": 0.2})
    merging.merge_files(recipe, "models/merged")

    sweep = merging.Sweep("models/base", {"hi": "models/hi"}, "ties")
    for point, tensors in sweep.points([{"density": 0.2}, {"density": 0.4}]):
        merging.load_into(model, tensors)

`merge` takes and gives state dicts, `merge_files` streams model directories as a recipe says,
`Sweep` forms every point of a grid for a live model; all three give the same numbers. `METHODS`
names the methods with the function at the heart of each and their defaults; `aliases` finds the
points of a grid that are one model. Experts may be LoRA adapters, in any of the three.

Start at `engine` (state dicts), `files` (directories) or `sweeping`. Below them, from the top:
`adapters` and `alignment`, imported only when one is met, and `calibration`; `streaming`, one point
over the members' tensors; `methods`, the definitions, in torch; `kernels`, the same compiled.
`mergekit_backend` hands a recipe to mergekit instead. `companions` sees to what a
model has beside its weights, `checking` and `places` say whether a recipe can be merged and where
to, `compatibility` whether its members fit, `rounding` what the output's dtype loses.

Come in from evaluation, analysis, the command line and rule scripts; merging knows models, data,
files and recipes, but no study. Names are imported when they are first used: `merge_files` starts
without torch where it can.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babelmerge.merging.engine import merge
    from babelmerge.merging.files import merge_files
    from babelmerge.merging.streaming.updates import METHODS
    from babelmerge.merging.sweeping import Sweep, load_into
    from babelmerge.recipes.points import aliases, refuse_unknown_parameters

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
    elif name in ("aliases", "refuse_unknown_parameters"):
        from babelmerge.recipes import points as module
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(module, name)
