"""The decorators of all compiled functions: numba, without the interpreter's lock, kept on disk.

numba's own cache looks at the file of the function alone, but a function has those of other files
compiled into it: after an update it would run the old ones. It also starts anew in every copy of a
project. So machine code is kept in a folder of the user's cache that is named by a hash of all
sources in this folder (numba adds the kind of processor), and that nobody else can write. No torch.
"""

import atexit
import hashlib
import logging
import os
import shutil
import stat
import tempfile
from collections.abc import Callable
from pathlib import Path

import numba
from numba.core.base import BaseContext
from numba.core.caching import FunctionCache, UserProvidedCacheLocator
from numba.core.compiler import CompileResult
from numba.core.runtime import rtsys

LOG = logging.getLogger(__name__)
SOURCES = sorted(Path(__file__).parent.glob("*.py"))


def _folder() -> Path:
    """The folder of these sources: in the user's cache, in /tmp, or of this process alone."""
    sources = b"".join(file.read_bytes() for file in SOURCES)
    name = f"kernels-{numba.__version__}-{hashlib.sha256(sources).hexdigest()[:16]}"
    user = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    usual = Path(user) / "babelmerge", Path(tempfile.gettempdir()) / f"babelmerge-{os.getuid()}"
    for folder in (place.absolute() / name for place in usual):
        try:
            folder.parent.mkdir(0o700, parents=True, exist_ok=True)
            folder.mkdir(0o700, exist_ok=True)
            tempfile.TemporaryFile(dir=folder).close()
        except OSError:  # no home on this machine, or one that cannot be written
            continue
        if _is_ours(folder):
            return folder
    alone = tempfile.mkdtemp(prefix="babelmerge-")
    atexit.register(shutil.rmtree, alone, ignore_errors=True)
    return Path(alone)


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can put anything there: machine code is run as it is found.

    The folder and the one above are the user's own and no links, and no folder on the way may be
    written by others, but for those like /tmp, where all can write and nobody can move what is not
    their own.
    """
    own = [path.lstat() for path in (folder, folder.parent)]
    if any(not stat.S_ISDIR(one.st_mode) or one.st_uid != os.getuid() for one in own):
        return False
    above = [path.stat() for path in folder.resolve().parents[1:]]
    shared = [one for one in above if not one.st_mode & stat.S_ISVTX]
    others = stat.S_IWGRP | stat.S_IWOTH
    return not any(one.st_mode & others for one in (*own, *shared))


FOLDER = _folder()


class Locator(UserProvidedCacheLocator):
    """The folder itself, wherever the project lies."""

    @classmethod
    def get_suitable_cache_subpath(cls, py_file: str) -> str:
        return ""


class Cache(FunctionCache):
    """numba's own, which before it loads anything imports all that it could compile with.

    That takes three quarters of a second. What is not found here is compiled, and numba imports
    the same again before that.
    """

    told = False  # in this process, that something is compiled

    def load_overload(self, sig: object, target_context: BaseContext) -> CompileResult | None:
        rtsys.initialize(target_context)  # memory for what is loaded
        found = None
        with self._guard_against_spurious_io_errors():
            found = self._load_overload(sig, target_context)
        if found is None and not Cache.told:
            Cache.told = True
            LOG.info("compiling for this machine, once; it may take a minute")
        return found


def compiled(function: Callable) -> Callable:
    """Compile a function when it is first called; later processes load what was compiled."""
    return _compiled(function, {})


def inner(function: Callable) -> Callable:
    """The same of what compiled functions alone call: it takes a quarter less time to compile.

    There is no way in from Python, and to try it ends the process.
    """
    return _compiled(function, {"no_cpython_wrapper": True, "no_cfunc_wrapper": True})


def _compiled(function: Callable, options: dict[str, bool]) -> Callable:
    config = numba.config
    usual = config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES
    config.CACHE_DIR = str(FOLDER)
    config.CACHE_LOCATOR_CLASSES = f"{__name__}.{Locator.__name__}"
    try:
        dispatcher = numba.njit(nogil=True, error_model="numpy", **options)(function)
        dispatcher._cache = Cache(function)
        return dispatcher
    finally:
        config.CACHE_DIR, config.CACHE_LOCATOR_CLASSES = usual
