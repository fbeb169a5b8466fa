"""The state that a killed run continues from: one file, replaced whole, and whose it is.

Order of data and dropout masks are functions of seed and step, so the weights, the optimizer and
the counters are all there is to keep.
"""

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from pathlib import Path

import torch

from babelmerge.files.atomic import replacing

logger = logging.getLogger(__name__)

STATE, BEST = "state.pt", "best.pt"


def fingerprint(facts: Mapping, model) -> str:
    """SHA-256 over JSON-like facts and the model's weights: whether a state fits a run."""
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True, default=str).encode())
    for name, tensor in model.state_dict().items():
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        digest.update(flat.view(torch.uint8).numpy())
    return digest.hexdigest()


def save(path: Path, content: Mapping) -> None:
    """Write atomically and flush to disk: a kill leaves the old file or the new one."""
    with replacing(path, alone=True) as partial, partial.open("wb") as file:
        torch.save(dict(content), file)
        file.flush()
        os.fsync(file.fileno())


def load(path: Path, expected: str) -> dict | None:
    """The state of the run with this fingerprint; None when there is none, or another's.

    Only tensors and plain data are unpickled. A state that does not fit is discarded and logged.
    """
    if not path.exists():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes the reader raise
        logger.warning("discarding %s, which cannot be read: %s", path.name, error)
        return None
    if content.get("fingerprint") != expected:
        logger.warning(
            "discarding %s: it belongs to other settings, data or code; training starts anew",
            path.name,
        )
        return None
    return content
