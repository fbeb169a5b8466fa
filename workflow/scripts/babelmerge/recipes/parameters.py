"""What each parameter of a merging method may be, in one table. No tensors, no torch.

`methods` says which methods take which, and their defaults.
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from babelmerge.words.showing import shown

FLOATS = ("float32", "bfloat16", "float16")
LARGEST = 3.4028234663852886e38  # of float32, in which weights are used
EMBEDDINGS = ("strict", "common", "base")
SEMANTICS = ("original", "mergebench", "mergekit", "fusebench")


@dataclass(frozen=True)
class Parameter:
    """What a parameter may be.

    kind: one of `CHECKS`. low, high: of numbers, included. conditional: it may differ by layer and
    by tensor (`coefficients`). hint: how to mend its absence.
    """

    kind: str
    meaning: str
    low: float = -math.inf
    high: float = math.inf
    words: tuple[str, ...] = ()
    per_expert: bool = False
    conditional: bool = False
    hint: str = ""

    @property
    def expected(self) -> str:
        """In words, for errors and documentation."""
        if self.kind in ("number", "whole"):
            noun = "whole number" if self.kind == "whole" else "number"
            if self.high < math.inf:
                return f"a {noun} from {self.low:g} to {self.high:.10g}"
            return f"a {noun} from {self.low:g}" if self.low > -math.inf else f"a finite {noun}"
        fixed = {
            "switch": "true or false",
            "id": "an expert's id",
            "method": "a method's name",
            "blocks": "a block's number or a range such as 8-15",
            "device": "cpu, cuda or cuda:N",
        }
        return fixed.get(self.kind) or _listed(self.words)

    def check(self, where: str, value: object) -> Any:
        """The value in its type; ValueError that says what was found and what is expected."""
        found = CHECKS[self.kind](self, value)
        if found is None:
            raise ValueError(f"{where} is {shown(value)}; expected {self.expected}")
        return found


def _listed(words: tuple[str, ...]) -> str:
    return ", ".join(words[:-1]) + f" or {words[-1]}" if len(words) > 1 else words[0]


def _number(parameter: Parameter, value: Any) -> float | None:
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    inside = abs(number) <= LARGEST and parameter.low <= number <= parameter.high
    return number if inside else None


def _whole(parameter: Parameter, value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if parameter.low <= value <= parameter.high else None


def _blocks(parameter: Parameter, value: object) -> tuple[int, int] | None:
    """(first, last), both included; 8 is (8, 8)."""
    if isinstance(value, tuple):
        value = "-".join(map(str, value))
    found = None if isinstance(value, bool) else re.fullmatch(r"(\d+)(?:-(\d+))?", str(value))
    if not found:
        return None
    first, last = int(found[1]), int(found[2] or found[1])
    return (first, last) if first <= last else None


def _text(parameter: Parameter, value: object) -> str | None:
    return value if isinstance(value, str) and value else None


def _word(parameter: Parameter, value: object) -> str | None:
    text = str(value).removeprefix("torch.")  # a torch.dtype is a dtype's name
    return text if text in parameter.words else None


CHECKS: dict[str, Callable[[Parameter, Any], object]] = {
    "number": _number,
    "whole": _whole,
    "switch": lambda _, value: value if isinstance(value, bool) else None,
    "word": _word,
    "id": _text,
    "method": _text,
    "blocks": _blocks,
    "device": lambda _, value: value if re.fullmatch(r"cpu|cuda(:\d+)?", str(value)) else None,
}


def _share(meaning: str, **more: Any) -> Parameter:
    return Parameter("number", meaning, 0, 1, conditional=True, **more)


def _switch(meaning: str) -> Parameter:
    return Parameter("switch", meaning, conditional=True)


PARAMETERS: dict[str, Parameter] = {
    "weight": Parameter(
        "number", "factor of a task vector; below 0 it forgets", per_expert=True, conditional=True
    ),
    "density": _share(
        "fraction of each task vector kept",
        per_expert=True,
        hint="the fraction to keep, as 0.2",
    ),
    "lambda": Parameter("number", "factor of the merged task vector", conditional=True),
    "normalize": _switch("divide by the number of experts, or as the semantics has it"),
    "scope": Parameter("word", "over what a density is counted", words=("model", "tensor", "row")),
    "rescale": _switch("make up for what is dropped"),
    "select_topk": _share("fraction of elements kept by variance"),
    "trim": _share("fraction that TIES keeps after the drop (fusebench)", per_expert=True),
    "epsilon": _share("half-width of the keep probabilities", per_expert=True),
    "gamma": _share("fraction of the largest elements dropped", per_expert=True),
    "t": _share(
        "position between the first and second model; of nearswap the largest change",
        hint="a place between the two, as 0.5",
    ),
    "seed": Parameter("whole", "seed of random drops", 0, 2**32 - 1),
    "filter_wise": _switch("one ratio for each row of a matrix"),
    "nuslerp_flatten": _switch("one angle for a whole tensor, not one for each of its vectors"),
    "nuslerp_row_wise": _switch("vectors lie along the first dimension, not along the last"),
    "normalize_weights": _switch("divide the weights by their sum"),
    "max_iter": Parameter("whole", "steps on the sphere at most", 0, conditional=True),
    "tol": Parameter("number", "angle of the last step", 0, conditional=True),
    "eps": Parameter("number", "length below which directions cancel", 0, conditional=True),
    "origin": Parameter(
        "word",
        "centre of the sphere: zero, for whole models, or the base, for task vectors",
        words=("zero", "base"),
    ),
    "least": Parameter("number", "largest change that counts as none", 0, conditional=True),
    "gain": Parameter(
        "number", "factor of RAM+'s ratio of shared to own changes", conditional=True
    ),
    "cap": Parameter("number", "largest such ratio", 0, conditional=True),
    "alpha": _share("factor of off-diagonal Gram entries"),
    "floor": Parameter(
        "number",
        "smallest Fisher value, as a share of the tensor's mean; of svc, smallest projection on an "
        "expert",
        0,
        conditional=True,
    ),
    "rows": Parameter("whole", "dev rows used to estimate statistics", 1),
    "rank": _share(
        "share of singular triplets kept, over all experts; of swudi, of eigenvectors; of ace, of "
        "directions made equally strong"
    ),
    "rank_rule": Parameter(
        "word", "what tells how many eigenvectors", words=("participation_sqrt", "gavish_donoho")
    ),
    "common": _share("share of directions that are all experts'"),
    "steps": Parameter("whole", "steps down the interference", 0, conditional=True),
    "learning_rate": Parameter("number", "length of these steps (Adam's)", 0, conditional=True),
    "time": Parameter("number", "how long the interference flows off", 0, conditional=True),
    "start": Parameter(
        "word",
        "where it starts: at the sum or the mean of the task vectors, or at the base",
        words=("sum", "mean", "zero"),
    ),
    "ridge": Parameter(
        "number", "what is added to the diagonal of covariances", 0, conditional=True
    ),
    "beta": _share("share of the sum of singular values up to the one that smaller are raised to"),
    "subspace_rank": Parameter(
        "whole",
        "rank of the adapters' shared subspaces, and of the result; the largest of theirs",
        1,
    ),
    "subspace_beta": Parameter(
        "number",
        "how much an adapter's size counts in the choice of subspaces: 0 not at all, 1 in full",
        0,
        1,
    ),
    "agreement": Parameter("whole", "experts that must use an element", 1),
    "threshold": Parameter(
        "number",
        "how near an element is to its expert to be used by it",
        0,
        per_expert=True,
        conditional=True,
    ),
    "from": Parameter(
        "id",
        "expert whose blocks are taken",
        hint="the id of the expert whose blocks are taken",
    ),
    "bottom": Parameter("whole", "lowest blocks taken from it", 0),
    "top": Parameter("whole", "highest blocks taken from it", 0),
    "blocks": Parameter("blocks", "blocks in the middle taken from it, counted from 0"),
    "then": Parameter("method", "the method that it works on, or that merges the rest"),
    "semantics": Parameter("word", "whose definition of the method", words=SEMANTICS),
    "backend": Parameter("word", "who merges", words=("babelmerge", "mergekit")),
    "dtype": Parameter("word", "of the result; the base's", words=FLOATS),
    "embeddings": Parameter(
        "word",
        "rows of other vocabularies: refused, merged by token, or left as the base's",
        words=EMBEDDINGS,
    ),
    "chat_template": Parameter(
        "id", "expert whose chat template, EOS and generation defaults are taken; the base's"
    ),
    "device": Parameter("device", "where it is computed"),
}
