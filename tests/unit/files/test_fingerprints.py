"""Laws of fingerprints of code: what runs counts; what does not run, and where it lies, do not."""

import json
import os
from pathlib import Path

import pytest

from babelmerge.files import fingerprints
from babelmerge.files import logic as files_logic

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


def fingerprint(project, **options):
    return fingerprints.Tree(project).code(project / "script.py", **options)


def logic(source):
    return files_logic.logic(source)[0]


def edit(project, name, old, new):
    path = project / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


def test_closure_finds_lazy_and_relative_imports_but_nothing_else(project):
    found = list(fingerprints.Tree(project).closure(project / "script.py"))
    assert [str(Path(path).relative_to(project)) for path in found] == [
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
    assert logic("x = 'a'") != logic("x = 'b'")
    assert logic("def f():\n 'a'") == logic("def f():\n 'b'")


PAIRS = [
    ("a = 1", "a = 2"),
    ("a = 1", "a = True"),
    ("a = 'x'", "a = b'x'"),
    ("a = [1, 2]", "a = [2, 1]"),
    ("a = {'x': 1}", "a = {**x}"),
    ("f(a, b)", "f(a, b=b)"),
    ("if a:\n b()\nelse:\n c()", "if a:\n b()\nc()"),
    ("for a in b:\n c()\n d()", "for a in b:\n c()\nd()"),
    ("try:\n a()\nfinally:\n b()", "try:\n a()\nexcept E:\n b()"),
    ("def f(a, b): pass", "def f(a, *, b): pass"),
    ("def f(a, /, b): pass", "def f(a, b): pass"),
    ("f'{a}'", "f'{a!r}'"),
    ("import a", "import a as b"),
    ("from a import b", "from .a import b"),
]


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_programs_that_differ_have_other_digests(one, other):
    assert logic(one) != logic(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a = 1", "a  =  (1)  # one"),
        ("f(a,\n  b,\n)", "f(a, b)"),
        ("x = 'a'", 'x = "a"'),
        ("x = 1", "__version__ = '2'\nx = 1"),
        ("x = 1", "if TYPE_CHECKING:\n    from a import b\nx = 1"),
        ("x = 1", "if typing.TYPE_CHECKING:\n    import a\nx = 1"),
    ],
)
def test_layout_types_and_versions_leave_no_trace(one, other):
    assert logic(one) == logic(other)


def test_what_stands_beside_a_block_for_type_checkers_counts():
    block = "if TYPE_CHECKING:\n    pass\nelse:\n    x = {}\n"
    assert logic(block.format(1)) != logic(block.format(2))


def test_a_module_may_move_and_be_renamed(project):
    before = fingerprint(project)
    room = project / "room"
    room.mkdir()
    (room / "__init__.py").write_text('"""A room."""\n')
    (project / "helper.py").rename(room / "aid.py")
    edit(project, "script.py", "import helper", "from room import aid as helper")
    (project / "package" / "deep.py").rename(project / "package" / "low.py")
    edit(project, "package/inner.py", "from . import deep", "from package import low as deep")
    assert fingerprint(project) == before


def test_an_import_that_binds_something_else_counts(project):
    (project / "helper.py").write_text("def twice(x): return 2 * x\ndef thrice(x): return 3 * x\n")
    (project / "script.py").write_text("from helper import twice as f\nf(1)\n")
    before = fingerprint(project)
    edit(project, "script.py", "import twice", "import thrice")
    assert fingerprint(project) != before


def test_two_modules_that_change_places_are_seen(project):
    """Their logic is there before and after, but each import binds the other's."""
    (project / "other.py").write_text("VALUE = 2\n")
    (project / "script.py").write_text("import lazy, other\nlazy.VALUE - other.VALUE\n")
    before = fingerprint(project)
    (project / "lazy.py").write_text("VALUE = 2\n")
    (project / "other.py").write_text("VALUE = 1\n")
    assert fingerprint(project) != before


def test_rooms_that_a_run_cannot_reach_do_not_count(project):
    shut = {"without": ["package.deep", "lazy"]}
    before, whole = fingerprint(project, **shut), fingerprint(project)
    assert before != whole
    edit(project, "package/deep.py", "json", "csv")
    edit(project, "lazy.py", "1", "2")
    assert fingerprint(project, **shut) == before
    assert fingerprint(project) != whole
    edit(project, "helper.py", "2 * x", "3 * x")
    assert fingerprint(project, **shut) != before


def test_a_package_on_the_way_counts_without_what_its_functions_import(project):
    """As a face that offers its room's names when they are asked for."""
    face = "def __getattr__(name):\n    from package import other as module\n    return module\n"
    (project / "package" / "__init__.py").write_text(face)
    (project / "package" / "other.py").write_text("VALUE = 1\n")
    before = fingerprint(project)
    edit(project, "package/other.py", "1", "2")
    assert fingerprint(project) == before
    edit(project, "script.py", "from package import inner", "import package")
    before = fingerprint(project)
    edit(project, "package/other.py", "2", "3")
    assert fingerprint(project) != before


def test_a_file_beside_a_module_that_names_it_counts(project):
    """A template is logic; what no module names may lie there unseen."""
    module = project / "package" / "pages.py"
    module.write_text('TEMPLATE = "page.html.j2"\n')
    script = project / "page.py"
    script.write_text("from package import pages\n")
    template, other = module.with_name("page.html.j2"), module.with_name("notes.html.j2")
    found = []
    for file, text in ((template, "one"), (template, "two"), (other, "notes"), (template, "one")):
        file.write_text(text)
        found.append(fingerprints.Tree(project).code(script))
    assert found[0] == found[3] != found[1] == found[2]


def test_files_are_remembered_across_processes_and_read_again_when_they_change(project, tmp_path):
    memory = project / ".kept" / "code.json"

    def remembered():
        tree = fingerprints.Tree(project, memory)
        value = tree.code(project / "script.py")
        tree.save()
        return value

    before = remembered()
    assert before == fingerprint(project)
    kept = json.loads(memory.read_text())
    assert set(kept["files"]) == set(fingerprints.Tree(project).closure(project / "script.py"))
    for entry in kept["files"].values():
        entry[-1][0] = "remembered"
    memory.write_text(json.dumps(kept))
    assert remembered() != before  # so the memory was believed
    for path in project.rglob("*.py"):
        os.utime(path, (1, 1))
    assert remembered() == before


def test_every_python_from_3_11_finds_the_same_logic():
    source = """
class A(B, key=1):
    async def f(self, x: int = 2, *rest, **more) -> str:
        return f"{x:<{rest}}" f"{more!r}-{x:.2f}{{" "end"

match [1, -2.5, b"x", ...]:
    case [int() as one, *_] if (two := one):
        try:
            del two
        except* ValueError:
            pass
"""
    assert logic(source) == "375ae068839630bd"
