"""Merges and sweeps of full models never reach the rooms of adapters and of alignment."""

import json
import shutil
import subprocess
import sys

import pytest
from places import SCRIPTS
from tiny_training import run_apart

from babelmerge.files.fingerprints import Tree

ROOMS = ("babelmerge.merging.adapters", "babelmerge.merging.alignment")
EVERY_METHOD = """
for method, rule in METHODS.items():
    if rule.statistics or rule.factors:
        continue
    needed = {"density": 0.4, "t": 0.5, "from": "hi", "top": 1}
    known = points.defaults(method, "original", rule.defaults.get("then"))
    point = {name: value for name, value in needed.items() if name in known}
    members = dict(list(paths.items())[: min(2, rule.experts[1])])
    recipe = recipes.make_recipe(base, members, method, point)
    merging.merge_files(recipe, root / method)
    for _, made in merging.Sweep(base, members, method).points([point]):
        assert set(dict(made)) == set(tensors)
merging.merge(tensors, tuned, "tsv")
merging.aliases([{"density": 0.4}], "ties", 2)
"""
ALIGNED = """
try:
    merging.merge_files(recipes.make_recipe(base, paths, "linear", {}, align=True), root / "out")
except ValueError as error:
    assert "alignment does not know" in str(error)
"""


def imported(merges, root):
    """Our modules that a process has imported after some merges, when it began with none."""
    code = f"""
from pathlib import Path
import made_up_models
from babelmerge import merging
from babelmerge.recipes import points, recipes
from babelmerge.recipes.methods import METHODS
root = Path({str(root)!r})
base, paths, tensors, tuned = made_up_models.family(root / "family")
{merges}
"""
    process = run_apart(_import_anew, code, root / "modules.json")
    process.join()
    assert process.exitcode == 0
    return json.loads((root / "modules.json").read_text())


def _import_anew(code, told):
    for name in [name for name in sys.modules if name.startswith(("babelmerge", "made_up_"))]:
        del sys.modules[name]
    exec(code, {})
    told.write_text(json.dumps([name for name in sys.modules if name.startswith("babelmerge")]))


def test_full_models_import_neither_adapters_nor_alignment(tmp_path):
    modules = imported(EVERY_METHOD, tmp_path)
    assert "babelmerge.merging.streaming.merger" in modules  # some methods have no kernel
    assert [name for name in modules if name.startswith(ROOMS)] == []


def test_alignment_is_imported_when_it_is_asked_for(tmp_path):
    modules = imported(ALIGNED, tmp_path)
    assert [name for name in ROOMS if name in modules] == [ROOMS[1]]


def test_the_face_imports_nothing_of_the_room(tmp_path):
    code = "import json, sys, babelmerge.merging; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", code], env={"PYTHONPATH": str(SCRIPTS)}, capture_output=True
    )
    ours = [name for name in json.loads(done.stdout) if name.startswith("babelmerge")]
    assert ours == ["babelmerge", "babelmerge.merging"]


@pytest.fixture(scope="module")
def scripts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("project") / "scripts"
    shutil.copytree(SCRIPTS, folder, ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.mark.parametrize("script", ["merge_models.py", "sweep.py"])
@pytest.mark.parametrize("module", ["adapters/knots.py", "alignment/matching.py"])
def test_an_edit_of_these_rooms_is_seen_by_none_that_leaves_them_out(scripts, script, module):
    def codes():
        tree = Tree(scripts, scripts.parent / "code.json")
        found = tree.code(scripts / script), tree.code(scripts / script, ROOMS)
        tree.save()
        return found

    path = scripts / "babelmerge" / "merging" / module
    before, text = codes(), path.read_text(encoding="utf-8")
    path.write_text(f"{text}\nUNUSED = 1\n", encoding="utf-8")
    after = codes()
    path.write_text(text, encoding="utf-8")
    assert before[0] != after[0] and before[1] == after[1]
    assert before[0] != before[1]
