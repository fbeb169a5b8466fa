"""Laws of fingerprints: what runs counts, what does not run does not."""

import json
import os

import pytest

from babelmerge import provenance

SCRIPT = '''"""Doc."""
import helper
from package import inner


def run(x):
    """Doc."""
    return helper.twice(x)  # comment
'''


@pytest.fixture
def project(tmp_path):
    (tmp_path / "script.py").write_text(SCRIPT)
    (tmp_path / "helper.py").write_text("def twice(x):\n    import lazy\n    return 2 * x\n")
    (tmp_path / "lazy.py").write_text("VALUE = 1\n")
    (tmp_path / "other.py").write_text("VALUE = 1\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("")
    (tmp_path / "package" / "inner.py").write_text("from . import deep\n")
    (tmp_path / "package" / "deep.py").write_text("import json\n")
    return tmp_path


def fingerprint(project):
    provenance.code.cache_clear()
    return provenance.code(project / "script.py")


def edit(project, name, old, new):
    path = project / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_closure_finds_lazy_and_relative_imports_but_nothing_else(project):
    found = provenance.closure(project / "script.py", project)
    assert list(found) == [
        "helper.py",
        "lazy.py",
        "package/__init__.py",
        "package/deep.py",
        "package/inner.py",
        "script.py",
    ]


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "  # comment", "  # another comment"),
        ("script.py", '"""Doc."""', '"""Another."""'),
        ("script.py", "return helper.twice(x)", "return  helper.twice( x )"),
        ("other.py", "1", "2"),
    ],
)
def test_what_does_not_run_does_not_count(project, name, old, new):
    before = fingerprint(project)
    edit(project, name, old, new)
    assert fingerprint(project) == before


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("script.py", "twice(x)", "twice(x + 1)"),
        ("helper.py", "2 * x", "3 * x"),
        ("lazy.py", "1", "2"),
        ("package/deep.py", "json", "csv"),
    ],
)
def test_what_runs_counts_through_every_import(project, name, old, new):
    before = fingerprint(project)
    edit(project, name, old, new)
    assert fingerprint(project) != before


def test_a_string_that_is_no_docstring_is_logic():
    assert provenance.logic("x = 'a'") != provenance.logic("x = 'b'")
    assert provenance.logic("def f():\n 'a'") == provenance.logic("def f():\n 'b'")


def test_digest_sees_swapped_values_and_order():
    assert provenance.digest({"a": 1, "b": 2}) != provenance.digest({"a": 2, "b": 1})
    assert provenance.digest([1, 2]) != provenance.digest([2, 1])
    assert provenance.digest({"a": 1}) == provenance.digest({"a": 1})


def test_content_follows_bytes_not_dates(tmp_path):
    file, cache = tmp_path / "a.txt", tmp_path / "cache" / "digests.json"
    file.write_text("one")
    first = provenance.content([file], cache)
    os.utime(file, (1, 1))
    assert provenance.content([file], cache) == first
    assert len(json.loads(cache.read_text())) == 1
    file.write_text("two")
    assert provenance.content([file], cache) != first


def test_write_atomically_leaves_no_litter_when_it_fails(tmp_path):
    target = tmp_path / "x.txt"
    provenance.write_atomically(target, "old")
    with pytest.raises(TypeError):
        provenance.write_atomically(target, 5)
    assert target.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x.txt"]
