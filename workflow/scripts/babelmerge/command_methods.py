"""The command methods: what there is to merge by, and what each method can be told. No torch."""

import argparse
import textwrap
from typing import Any

from babelmerge import merge_parameters, study_methods, terminal

# Every method has these beside its own.
COMMON = ("semantics", "dtype", "backend")
SUMMARIES = {
    "linear": "weighted average of whole models (model soup)",
    "slerp": "spherical interpolation between two models",
    "task_arithmetic": "base plus the weighted sum of the task vectors",
    "ties": "trim small changes, elect a sign per element, average those that have it",
    "dare": "drop changes at random, rescale the rest, then task arithmetic",
    "dare_ties": "drop changes at random, rescale the rest, then elect signs",
    "sce": "weigh experts by their changes of high variance, erase minority signs",
    "breadcrumbs": "drop the largest and the smallest changes, then task arithmetic",
    "breadcrumbs_ties": "drop the largest and the smallest changes, then elect signs",
    "della": "drop small changes more often than large ones, then elect signs",
    "della_linear": "drop small changes more often than large ones, then task arithmetic",
    "model_stock": "average pulled to the base by the angle between the experts",
    "fisher": "average weighted by each expert's Fisher information",
    "regmean": "least-squares fit of every linear map to the experts' inputs",
    "tsv": "top singular vectors of the experts, made orthogonal to each other",
    "iso_c": "sum of the task vectors with all singular values made equal",
    "subspace_boosting": "another merge with its small singular values raised",
    "nan": "task arithmetic with weights by inverse norm",
    "consensus": "only changes that several experts' masks agree on",
    "layer_swap": "lower blocks merged, upper blocks from one expert",
    "knots": "another merge in the experts' shared SVD basis (adapters)",
    "core_space": "another merge in the adapters' common core space",
}


def methods(options: argparse.Namespace) -> int:
    """List all methods, or tell all about one."""
    if options.name is None:
        print("\n".join(_listed(name) for name in merge_parameters.DEFAULTS))
        return 0
    merge_parameters.refuse_unknown_parameters(options.name, ())
    print(_explained(options.name))
    return 0


def _listed(name: str) -> str:
    own = merge_parameters.DEFAULTS[name]
    settings = ", ".join(f"{key} {_default(value)}" for key, value in own.items())
    return "\n".join(
        [
            f"{name:<18} {SUMMARIES.get(name, '')}".rstrip(),
            *textwrap.wrap(
                settings or "no parameters of its own",
                terminal.WIDTH,
                initial_indent=" " * 19,
                subsequent_indent=" " * 19,
            ),
        ]
    )


def _explained(name: str) -> str:
    values = {**merge_parameters.DEFAULTS[name], **dict.fromkeys(COMMON)}
    values |= {"semantics": "original", "backend": "babelmerge"}
    rows = []
    for parameter, default in values.items():
        known = study_methods.PARAMETERS.get(parameter)
        told = (known.expected, known.meaning) if known else ("", "")
        rows.append((parameter, _default(default), *told))
    needed = [f" --set {key}=0.5" for key, default, *_ in rows if default == "required"]
    example = f"merge --method {name} --base DIR --expert DIR --expert DIR{''.join(needed)} OUT"
    parts = (
        f"{name}: {SUMMARIES[name]}" if name in SUMMARIES else name,
        terminal.table(("parameter", "default", "may be", "meaning"), rows, left=4),
        f"python -m babelmerge {example}",
    )
    return "\n\n".join(parts)


def _default(value: Any) -> str:
    if value is merge_parameters.REQUIRED:
        return "required"
    if value is None:
        return "auto"
    return (
        str(value).lower()
        if isinstance(value, bool)
        else f"{value:g}"
        if isinstance(value, float)
        else str(value)
    )
