"""Models that are taken in from folders here hold weights that can be trained, merged, compared."""

from contextlib import suppress
from pathlib import Path

from babelmerge.files import quantised
from babelmerge.files.directories import read_json, require_weights
from babelmerge.files.tensor_headers import read_header
from babelmerge.study.grammar.yaml import StudyError, message
from babelmerge.study.plan.types import Plan


def check(plan: Plan) -> None:
    """StudyError for a folder without a model's files, and for a quantised model.

    What else may be wrong with a folder, its job tells.
    """
    for id_, model in plan.taken.items():
        path = getattr(model.source, "path", None)
        if path and Path(path).is_dir():
            try:
                require_weights(Path(path))
                _refuse_quantised(Path(path))
            except ValueError as error:
                key = f"{id_.replace('/', '.')}.path"
                expected = "a model's folder, with weights that are numbers of 16 or 32 bits"
                told = message(plan.study, key, str(path), expected, f"{error}.")
                raise StudyError(told) from error


def _refuse_quantised(folder: Path) -> None:
    config, tensors = {}, {}
    with suppress(ValueError, OSError):
        config = read_json(folder / "config.json")
    for file in sorted(folder.glob("*.safetensors")):
        with suppress(ValueError, OSError):
            header = read_header(file)
            tensors |= {n: (fact["dtype"], tuple(fact["shape"])) for n, fact in header.items()}
    quantised.refuse(folder, config, tensors)
