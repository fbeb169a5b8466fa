"""Where machine code is kept: in a folder that nobody but the user can write."""

import os
import subprocess
import sys
import tempfile

import pytest

from babelmerge.merging.kernels import compiled


@pytest.fixture
def places(tmp_path, monkeypatch):
    """(the user's cache, the folder for temporary files), as one finds them."""
    modes = [path.stat().st_mode for path in tmp_path.parents]
    if any(mode & 0o022 and not mode & 0o1000 for mode in modes):
        pytest.skip("the tests' own folder lies where others can write")
    cache, temporary = tmp_path / "cache", tmp_path / "tmp"
    cache.mkdir()
    temporary.mkdir()
    temporary.chmod(0o1777)
    monkeypatch.setenv("XDG_CACHE_HOME", str(cache))
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    return cache, temporary


def test_the_user_s_cache_is_taken_and_is_private(places):
    folder = compiled._folder()
    assert folder.parent == places[0] / "babelmerge"
    assert folder == compiled._folder()
    assert [path.stat().st_mode & 0o777 for path in (folder, folder.parent)] == [0o700, 0o700]


@pytest.mark.parametrize("opened", ["", "babelmerge", "babelmerge/{}"])
@pytest.mark.parametrize("mode", [0o775, 0o757, 0o777])
def test_a_cache_that_others_can_write_is_not(places, opened, mode):
    name = compiled._folder().name
    (places[0] / opened.format(name)).chmod(mode)
    assert compiled._folder() == places[1] / f"babelmerge-{os.getuid()}" / name


def test_what_somebody_else_has_put_there_is_not(places, monkeypatch):
    name = compiled._folder().name
    somebody = os.getuid() + 1
    monkeypatch.setattr(os, "getuid", lambda: somebody)
    alone = compiled._folder()
    assert alone.parent == places[1]
    assert alone.name not in (name, f"babelmerge-{os.getuid()}")
    assert alone != compiled._folder()


def test_a_link_to_another_folder_is_not(places, tmp_path):
    (tmp_path / "theirs").mkdir()
    (places[0] / "babelmerge").symlink_to(tmp_path / "theirs")
    assert compiled._folder().parent == places[1] / f"babelmerge-{os.getuid()}"


LOADS = """
import sys
import numba, numpy as np
from babelmerge.merging.kernels import draws
found = draws.draw_at(np.uint64(7), 3)
print("numba.np.linalg" in sys.modules or "scipy.linalg" in sys.modules)
print(found == numba.njit(lambda place: draws.draw_at(np.uint64(7), place))(3))
"""


def test_what_was_compiled_is_loaded_without_the_compiler_which_still_compiles_the_rest():
    paths = os.pathsep.join(sys.path)
    told = [
        subprocess.run(
            [sys.executable, "-c", LOADS],
            env={**os.environ, "PYTHONPATH": paths},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split()
        for _ in range(2)
    ]
    assert told[0][1] == "True"
    assert told[1] == ["False", "True"]
