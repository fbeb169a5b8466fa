"""What lies beside the weights in a model directory: config, tokenizer, generation settings.

Copies files between directories; knows nothing of tensors. No torch.
"""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.files import directories

PATTERNS = ("*.json", "*.txt", "*.jinja", "*.model")
# Of how a model came to be, not of what it is.
LEFT_OUT = (directories.MANIFEST, "training.json", "adapter_config.json")


def copy(source: str | Path, target: str | Path) -> None:
    """Copy what belongs to a model beside its weights from one directory into another."""
    for pattern in PATTERNS:
        for path in sorted(Path(source).glob(pattern)):
            if path.name not in LEFT_OUT and not path.name.endswith(".index.json"):
                shutil.copyfile(path, Path(target) / path.name)


def write_config(config: Mapping[str, Any], dtype: str | None, directory: str | Path) -> None:
    """Write config.json anew with another dtype; nothing to do where the dtype stays (None)."""
    if dtype is not None:
        key = "torch_dtype" if "torch_dtype" in config else "dtype"
        directories.write_json(Path(directory) / "config.json", {**config, key: dtype})
