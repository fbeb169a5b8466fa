"""A merge replaces what a merge wrote, and never deletes anything else, by whichever door."""

import json
import os
import shutil

import made_up_models
import pytest
import tiny_models

from babelmerge import merging
from babelmerge.files import directories
from babelmerge.merging import files
from babelmerge.recipes import recipes


@pytest.fixture
def recipe(tmp_path):
    base, paths, *_ = made_up_models.family(tmp_path / "family", ("hi", "bn"))
    return recipes.make_recipe(base, paths, "linear", {})


def papers(folder):
    (folder / "sub").mkdir(parents=True)
    (folder / "sub" / "thesis.tex").write_text("years of work")


def another_model(folder):
    made_up_models.save(folder, made_up_models.tensors(7))


def trained_here(folder):
    another_model(folder)
    files_of = {path.name: "0" for path in folder.iterdir()}
    (folder / "manifest.json").write_text(json.dumps({"files": files_of, "made_by": "train"}))


def weights_alone(folder):
    another_model(folder)
    (folder / "config.json").unlink()


def empty_folders(folder):
    (folder / "kept" / "for later").mkdir(parents=True)


def own_recipe_of_mergekit(folder):
    another_model(folder)
    (folder / "recipe.yaml").write_text("merge_method: linear\n")


FOREIGN = (papers, another_model, trained_here, weights_alone, empty_folders)


def contents(folder):
    return {path: path.is_file() and path.read_bytes() for path in folder.rglob("*")}


@pytest.mark.parametrize("fill", [*FOREIGN, own_recipe_of_mergekit])
def test_what_no_merge_wrote_stays(recipe, tmp_path, fill, monkeypatch):
    folder = tmp_path / "mine"
    fill(folder)
    before = contents(tmp_path)
    (tmp_path / "link").symlink_to(folder)
    for door in (merging.merge_files, files.check_files):
        for way in (folder, tmp_path / "link"):
            with pytest.raises(ValueError, match="is not a model that a merge wrote"):
                door(recipe, way)
        with monkeypatch.context() as inside:
            inside.chdir(folder)
            with pytest.raises(ValueError, match="the current directory is in it"):
                door(recipe, ".")
    (tmp_path / "link").unlink()
    assert contents(tmp_path) == before


def test_the_current_directory_stays_even_if_it_is_empty(recipe, tmp_path, monkeypatch):
    (tmp_path / "here" / "deeper").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "here" / "deeper")
    for out in (".", "..", tmp_path):
        with pytest.raises(ValueError, match="current directory|to be merged"):
            merging.merge_files(recipe, out)
    assert (tmp_path / "here" / "deeper").is_dir()


@pytest.mark.parametrize("manifest", [True, False])
def test_a_merge_is_replaced_unless_something_was_put_beside_it(recipe, tmp_path, manifest):
    out = merging.merge_files(recipe, tmp_path / "out")
    if not manifest:  # as Snakemake leaves it when the job runs anew
        (out / "manifest.json").unlink()
    again = merging.merge_files(recipe, out)
    assert (again / "manifest.json").is_file()
    for name in ("results.csv", ".git/HEAD"):
        (out / name).parent.mkdir(exist_ok=True)
        (out / name).write_text("mine")
        with pytest.raises(ValueError, match=f"holds {name}, which no merge wrote"):
            merging.merge_files(recipe, out)
        (out / name).unlink()
    shutil.rmtree(out / ".git")
    merging.merge_files(recipe, out)


def test_a_file_is_no_place(recipe, tmp_path):
    (tmp_path / "out").write_text("x")
    with pytest.raises(ValueError, match="is a file"):
        merging.merge_files(recipe, tmp_path / "out")


@pytest.mark.parametrize("manifest", [True, False])
def test_folders_of_a_model_come_along_and_are_a_merges_own(tmp_path, manifest):
    """Named chat templates, and what sentence-transformers puts behind a model."""
    base, experts = tiny_models.family(tmp_path)
    given = {"modules.json": "[]", "1_Pooling/config.json": "{}", "other/x.json": "{}"}
    given |= {"additional_chat_templates/tool.jinja": "{{ x }}", "source.spm": "s"}
    given |= {"bpe.codes": "b", "1_Pooling/run.py": "raise SystemExit"}
    for name, text in given.items():
        (base / name).parent.mkdir(exist_ok=True)
        (base / name).write_text(text)
    recipe = recipes.make_recipe(base, experts, "linear", {})
    out = merging.merge_files(recipe, tmp_path / "out")
    there = {name for name in given if (out / name).is_file()}
    assert set(given) - there == {"other/x.json", "1_Pooling/run.py"}
    if not manifest:
        (out / "manifest.json").unlink()
    assert merging.merge_files(recipe, out) == out
    (base / "1_Pooling" / "y.json").symlink_to(tmp_path / "out" / "recipe.yaml")
    for door in (merging.merge_files, files.check_files):
        with pytest.raises(ValueError, match="y.json: is a link to"):
            door(recipe, tmp_path / "new")


def no_place(folder, kind):
    """An output that cannot be, and what is said of it."""
    (folder / "file").write_text("x")
    (folder / "loop").symlink_to("loop")
    return {
        "a loop": (folder / "loop", "is a link that leads to itself"),
        "below a loop": (folder / "loop" / "out", "is no directory"),
        "below a file": (folder / "file" / "a" / "out", "file is no directory"),
        "a long name": (folder / ("n" * 250), "a part of it has 250 bytes"),
        "a long part": (folder / ("हि" * 100) / "out", "a part of it has 600 bytes"),
        "no path": (f"{folder}/a\0b", r"a\\x00b: no system has such a path"),
        "a mount": ("/proc", "a disk is mounted there"),
        "read alone": ("/sys/out", "nothing may be written into /sys"),
    }[kind]


KINDS = ("a loop", "below a loop", "below a file", "a long name", "a long part", "no path")


@pytest.mark.parametrize("kind", [*KINDS, "a mount", "read alone"])
def test_where_nothing_can_be_is_told_before_anything_is_read(recipe, tmp_path, kind):
    out, told = no_place(tmp_path, kind)
    if kind == "a mount" and not os.path.ismount(out):
        pytest.skip("nothing is mounted there")
    if kind == "read alone" and (not os.path.isdir("/sys") or os.access("/sys", os.W_OK)):
        pytest.skip("no folder that can be read alone")
    before = set(tmp_path.rglob("*"))
    for check in (files.check_files, merging.merge_files):
        with pytest.raises(ValueError, match=told):
            check(recipe, out)
    assert set(tmp_path.rglob("*")) == before


def test_the_longest_name_is_one_that_a_merge_can_be_put_at(recipe, tmp_path):
    assert merging.merge_files(recipe, tmp_path / ("n" * directories.LONGEST)).is_dir()
    with pytest.raises(ValueError, match="a part of it has"):
        files.check_files(recipe, tmp_path / ("n" * (directories.LONGEST + 1)))
