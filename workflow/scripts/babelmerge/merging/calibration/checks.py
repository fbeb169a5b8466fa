"""Whether what was collected for Fisher and RegMean fits the model, by the files' headers alone.

Reads no tensor, so that a merge that cannot work ends before it starts. No torch.
"""

from collections.abc import Mapping
from pathlib import Path

from babelmerge.files import tensor_headers
from babelmerge.merging.streaming.members import Member


def check(kind: str, paths: Mapping[str, str | Path], base: Member) -> None:
    """ValueError naming file and tensor unless every expert's file fits the base and the others.

    kind: "fisher", a number for each element of a tensor; else Gram matrices, inputs by inputs.
    paths: a file for each expert's id. Experts need statistics of the same tensors.
    """
    headers = {id_: tensor_headers.read_header(path) for id_, path in paths.items()}
    for id_, header in headers.items():
        ours = [name for name in base.names if name in header]
        if not ours:
            raise ValueError(
                f"{paths[id_]}: has statistics of none of the model's tensors; collect them again"
            )
        for name in ours:
            _check_entry(kind, f"{paths[id_]}: {name}", header[name], base.shape(name))
    for name in base.names:
        has = [id_ for id_ in headers if name in headers[id_]]
        if has and len(has) < len(headers):
            lacks = next(id_ for id_ in headers if id_ not in has)
            raise ValueError(
                f"{paths[lacks]}: has no statistics of {name}, which {paths[has[0]]} has; collect "
                "all with one version, from models of one architecture"
            )


def _check_entry(kind: str, where: str, fact: Mapping, shape: tuple[int, ...]) -> None:
    expected = shape if kind == "fisher" else (shape[-1],) * 2 if len(shape) == 2 else None
    if expected is None:
        raise ValueError(f"{where} has no inputs, its shape is {shape}; collect {kind} again")
    found = tuple(fact["shape"])
    if found != expected or fact["dtype"] not in tensor_headers.FLOATING:
        raise ValueError(
            f"{where} is {fact['dtype']} {found}, expected floats {expected} for a tensor of shape "
            f"{shape}; collect the {kind} statistics from these experts"
        )
