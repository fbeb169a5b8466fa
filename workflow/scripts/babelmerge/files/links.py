"""Links in a model's folder: what a model brings is its own.

A model from elsewhere could have a link where its config or tokenizer is expected, and what lies
beside it on this machine would be read, copied into a merged model, and passed on with it.
"""

import os
from pathlib import Path

WEIGHTS = ".safetensors"


def refuse(folder: str | Path, model: str | Path | None = None) -> None:
    """ValueError for a link of a model's folder, or of one in it, that leads elsewhere.

    Links within the folder are its own files, and so are those of a snapshot in the hub's cache,
    which lead to the blobs of the same repository. Weights may lie elsewhere, on a larger disk, as
    long as they are weights: they are read as tensors, and as nothing else. model: the model's own
    folder, where the folder is one in it.
    """
    own = Path(model or folder).resolve()
    blobs = [above.parent / "blobs" for above in own.parents if above.name == "snapshots"]
    for path in sorted(Path(folder).iterdir()):
        target = Path(os.path.realpath(path))
        if not path.is_symlink() or not target.exists() or _is_weights(path, target):
            continue
        if not any(target.is_relative_to(place) for place in (own, *blobs)):
            raise ValueError(
                f"{path}: is a link to {target}, which is not in the model's folder; expected the "
                "model's own files: copy it there if it belongs to the model, or take the link away"
            )


def _is_weights(path: Path, target: Path) -> bool:
    """Whether a link is one of weights to weights, by their names; the hub's have none."""
    cached = target.parent.name == "blobs" and target.parent.parent.name.startswith("models--")
    return path.suffix == WEIGHTS and (target.suffix == WEIGHTS or cached)
