"""Models as folders: read, compared, taken in from elsewhere, and loaded to compute with.

For all rooms that train, merge, ask or look at models. It knows no method of merging and no study.
`checkpoints` reads and writes tensors by name without loading a model and is where to start;
`loading` gives a live model, `whole` sees to it that nothing in it is random, and `taking` takes
ready ones in, from the hub or a folder, where `hub` looks them up before; `differences` says how
two folders differ. A folder may hold an adapter alone, whose base lies elsewhere (`adapter_base`):
`loading.load` and `adapters.opened` give the model that both make, and all who read a model come
through these two.
`dialect` has one reading of configs, tied heads and names, for who puts models side by side.
`adapter_config` and `adapter_changes` say what an adapter is without reading its factors; `losses`
has the next-token loss, `positions` says how far a model can read, `packed` whether it keeps
rows apart that share a sequence.

    model, tokenizer = models.load("models/merged")

`load` and `load_tokenizer` are imported when they are first used, as torch is with them.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from babelmerge.models.loading import load, load_tokenizer

__all__ = ["load", "load_tokenizer"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        from babelmerge.models import loading as module

        return getattr(module, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
