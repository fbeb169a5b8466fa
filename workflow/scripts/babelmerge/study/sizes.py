"""How big a study's models are, as far as that is known before any is there: what jobs ask for."""

import functools
import re
from pathlib import Path

from babelmerge.study.plan.types import Plan, Taken, Trained

# Of a model on the hub whose name does not say: most bases of language experts are no bigger.
UNKNOWN = 8e9
_SAID = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)\s*([bm])(?![a-z])", re.IGNORECASE)


@functools.cache
def parameters(plan: Plan) -> float:
    """About how many parameters the base has, and with it every model that is merged.

    From the architecture of one that is trained from scratch, from the weights of one in a folder
    (two bytes each), from the name of one on the hub: 3e9 for Qwen/Qwen2.5-3B.
    """
    source = plan.models["base"].source
    if isinstance(source, Trained):
        return _of_architecture(source.architecture or {}, source.tokenizer or {})
    if isinstance(source, Taken) and source.path:
        files = Path(source.path).glob("*.safetensors")
        return sum(file.stat().st_size for file in files) / 2 or UNKNOWN
    return said(source.hub or "") or UNKNOWN


def small(plan: Plan) -> bool:
    """Whether the models are so small that one CPU does: below thirty million parameters."""
    return parameters(plan) < 3e7


def _of_architecture(architecture: dict, tokenizer: dict) -> float:
    """Embeddings, and for each block attention and a gated MLP."""
    told = {name: size for name, size in architecture.items() if isinstance(size, int)}
    hidden = told.get("hidden_size") or told.get("n_embd") or 1024
    blocks = told.get("num_hidden_layers") or told.get("n_layer") or 12
    inner = told.get("intermediate_size") or told.get("n_inner") or 4 * hidden
    vocabulary = told.get("vocab_size") or tokenizer.get("vocab_size") or 32000
    experts = told.get("num_local_experts") or told.get("num_experts") or 1
    heads = 1 if architecture.get("tie_word_embeddings") else 2
    return heads * vocabulary * hidden + blocks * (4 * hidden**2 + 3 * experts * hidden * inner)


def said(name: str) -> float | None:
    """The number of parameters that a model's name says: 3.1e9 for 3.1B, 5e8 for 500m."""
    found = _SAID.search(name.rpartition("/")[2].replace("-", " ").replace("_", " "))
    return float(found[1]) * {"b": 1e9, "m": 1e6}[found[2].lower()] if found else None
