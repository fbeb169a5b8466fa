"""The decorator of all compiled functions: numba, without the interpreter's lock, kept on disk.

numba's own cache looks at the file of the function alone, but a function has those of other files
compiled into it: after an update it would run the old ones. So machine code is kept in a folder
named by a hash of all sources of this kind. It lies beside the package, or in the user's cache
where that cannot be written. No torch.
"""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import numba

HERE = Path(__file__).parent
SOURCES = ("blocks.py", "combining.py", "compiled.py", "kernels.py", "random_keys.py", "scans.py")


def _folder() -> Path:
    sources = b"".join((HERE / name).read_bytes() for name in SOURCES)
    name = f"kernels-{numba.__version__}-{hashlib.sha256(sources).hexdigest()[:16]}"
    beside = HERE / "__pycache__"
    if os.access(beside if beside.is_dir() else HERE, os.W_OK):
        return beside / name
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(user) / "babelmerge" / name


FOLDER = _folder()


def compiled(function: Callable) -> Callable:
    """Compile a function when it is first called; later processes load what was compiled."""
    usual = numba.config.CACHE_DIR
    numba.config.CACHE_DIR = str(FOLDER)
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    finally:
        numba.config.CACHE_DIR = usual
