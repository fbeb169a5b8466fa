"""The decorator of all compiled functions: numba, without the interpreter's lock, kept on disk.

numba's own cache looks at the file of the function alone, but a function has those of other files
compiled into it: after an update it would run the old ones. It also starts anew in every copy of a
project. So machine code is kept in a folder of the user's cache that is named by a hash of all
sources in this folder (numba adds the kind of processor). No torch.
"""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import numba
from numba.core.caching import UserProvidedCacheLocator

SOURCES = sorted(Path(__file__).parent.glob("*.py"))


def _folder() -> Path:
    sources = b"".join(file.read_bytes() for file in SOURCES)
    name = f"kernels-{numba.__version__}-{hashlib.sha256(sources).hexdigest()[:16]}"
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(user) / "babelmerge" / name
    try:
        folder.mkdir(parents=True, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:  # no home on this machine, or one that cannot be written
        return Path(tempfile.gettempdir()) / f"babelmerge-{os.getuid()}" / name
    return folder


FOLDER = _folder()


class Locator(UserProvidedCacheLocator):
    """The folder itself, wherever the project lies."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return ""


def compiled(function: Callable) -> Callable:
    """Compile a function when it is first called; later processes load what was compiled."""
    config = numba.config
    usual = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR = str(FOLDER)
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__}"
    try:
        return numba.njit(nogil=True, cache=True, error_model="numpy")(function)
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = usual
