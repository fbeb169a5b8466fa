"""Links in a model's folder: what a model brings is its own.

A model from elsewhere could have a link where its config or tokenizer is expected, and what lies
beside it on this machine would be read, copied into a merged model, and passed on with it.
"""

import os
import re
from pathlib import Path

WEIGHTS = ".safetensors"
DIGEST = re.compile(r"^([0-9a-f]{40}|[0-9a-f]{64})$")  # a blob's name, of git or of large files


def refuse(folder: str | Path, model: str | Path | None = None) -> None:
    """ValueError for a link of a model's folder, or of one in it, that leads elsewhere.

    Links within the folder are its own files, and so are those of a snapshot in the hub's cache,
    which lead to the blobs of the same repository, and those that older versions of the hub's
    library made in a `local_dir`, all to the blobs of one repository: these are called by what they
    hold, so that only who has it can name it. Weights may lie elsewhere, on a larger disk, as long
    as they are weights: they are read as tensors, and as nothing else. model: the model's own
    folder, where the folder is one in it.
    """
    own = Path(model or folder).resolve()
    blobs = [above.parent / "blobs" for above in own.parents if above.name == "snapshots"]
    links = [path for path in sorted(Path(folder).iterdir()) if path.is_symlink()]
    targets = {path: Path(os.path.realpath(path)) for path in links}
    if not blobs:
        named = (target for target in targets.values() if DIGEST.match(target.name))
        lent = {target.parent for target in named if _is_blob(target)}
        blobs = [*lent] if len(lent) == 1 else []
    for path, target in targets.items():
        if not target.exists() or _is_weights(path, target):
            continue
        if not any(target.is_relative_to(place) for place in (own, *blobs)):
            raise ValueError(
                f"{path}: is a link to {target}, which is not in the model's folder; expected the "
                "model's own files: copy it there if it belongs to the model, or take the link away"
            )


def _is_weights(path: Path, target: Path) -> bool:
    """Whether a link is one of weights to weights, by their names; the hub's have none."""
    return path.suffix == WEIGHTS and (target.suffix == WEIGHTS or _is_blob(target))


def _is_blob(target: Path) -> bool:
    """Whether a file is one of a model's in the hub's cache, by where it lies."""
    return target.parent.name == "blobs" and target.parent.parent.name.startswith("models--")
