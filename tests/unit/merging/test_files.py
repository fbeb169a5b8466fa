"""Merges of folders: the same bits as in memory, whole models or none."""

import os
import shutil
import signal
import subprocess
import sys

import pytest
import torch
from tiny_models import load, on_disk, same
from transformers import AutoModelForCausalLM, AutoTokenizer

from babelmerge import merging
from babelmerge.merging import files
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

torch.set_num_threads(1)
POINTS = [
    ("linear", {}),
    ("task_arithmetic", {"weight": 0.3}),
    ("ties", {"density": 0.4, "weight": 0.3}),
    ("ties", {"density": 0.4, "weight": 0.3, "scope": "tensor"}),
    ("ties", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    ("dare", {"density": 0.3, "weight": 0.3, "seed": 5}),
    ("sce", {"select_topk": 0.3}),
    ("sce", {"select_topk": 0.3, "semantics": "mergekit"}),
    ("dare_ties", {"density": 0.6, "semantics": "fusebench"}),
    ("breadcrumbs", {"density": 0.3, "gamma": 0.1}),
    ("breadcrumbs_ties", {"density": 0.3, "semantics": "mergekit"}),
    ("della", {"density": 0.3, "epsilon": 0.1}),
    ("model_stock", {}),
    ("nan", {"lambda": 0.7}),
    ("consensus", {"agreement": 2, "threshold": 0.5}),
    ("layer_swap", {"from": "experts/bn-en", "bottom": 1, "then": "linear"}),
    ("layer_swap", {"from": "bn-en", "top": 1, "then": "ties", "density": 0.4}),
]


def in_memory(family, method, point):
    base, experts = family
    members = {id_: load(path) for id_, path in experts.items()}
    return merging.merge(load(base), members, method, **point)


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_streaming_equals_in_memory(family, low_family, tmp_path, method, point):
    for number, members in enumerate((family, low_family)):
        streamed = on_disk(members, method, point, tmp_path / str(number), max_shard_bytes=20_000)
        assert same(streamed, in_memory(members, method, point))
        assert len(list((tmp_path / str(number)).glob("*.safetensors"))) > 1


@pytest.fixture(scope="module")
def live(family, low_family):
    """Models that sweeps fill in turn: what one leaves as the last had it is seen."""
    bases = [base for base, _ in (family, low_family)]
    return [AutoModelForCausalLM.from_pretrained(base, dtype="auto") for base in bases]


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_a_sweep_gives_what_merge_files_writes(family, low_family, live, tmp_path, method, point):
    grid = [{**point, **scale} for scale in scales(method, point)]
    for number, (base, experts) in enumerate((family, low_family)):
        model, start = live[number], load(base)
        for index, (told, tensors) in enumerate(merging.Sweep(base, experts, method).points(grid)):
            assert told == grid[index]
            merging.load_into(model, tensors)
            folder = tmp_path / f"{number}-{index}"
            written = on_disk((base, experts), method, told, folder)
            state = model.state_dict()
            assert all(torch.equal(state[name], written[name]) for name in written)
            assert all(torch.equal(tensors[name], written[name]) for name in start)
            if model.config.tie_word_embeddings:
                assert torch.equal(state["lm_head.weight"], written["model.embed_tokens.weight"])


def scales(method, point):
    if method == "model_stock":
        return [{}, {"filter_wise": True}]
    if method == "nan":
        return [{}, {"lambda": 0.1}]
    if method == "linear" or point.get("then") == "linear":
        return [{}, {"weight": [1, 2, 3]}]
    if method == "sce":
        return [{}, {"select_topk": 0.9}]
    # The third returns to another density, the last two share an update.
    return [{"weight": 0.5}] + [{"weight": 0.1}, {"weight": 0.2}, {"weight": 0.2, "lambda": 3}]


def test_the_merged_directory_is_a_whole_model(low_family, tmp_path):
    base, experts = low_family
    prints = {id_: checkpoints.fingerprint(path) for id_, path in experts.items()}
    recipe = recipes.make_recipe(
        base, experts, "task_arithmetic", {"weight": 0.3, "dtype": "float32"}, prints
    )
    out = merging.merge_files(recipe, tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(out, dtype="auto")
    assert model.dtype == torch.float32
    vocabularies = [AutoTokenizer.from_pretrained(path).get_vocab() for path in (base, out)]
    assert vocabularies[0] == vocabularies[1]
    assert (out / "generation_config.json").is_file()
    manifest = checkpoints.read_json(out / "manifest.json")
    assert set(manifest["files"]) >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert "recipe.yaml" not in manifest["files"]
    assert "task_arithmetic" in (out / "README.md").read_text()
    again = merging.merge_files(out / "recipe.yaml", tmp_path / "again")
    assert checkpoints.fingerprint(again) == checkpoints.fingerprint(out)


def test_a_killed_merge_leaves_no_model(low_family, tmp_path):
    base, experts = low_family
    recipe = recipes.make_recipe(base, experts, "ties", {"density": 0.5})
    recipes.write_recipe(recipe, tmp_path / "recipe.yaml")
    script = (
        "import os, signal, sys\n"
        "from babelmerge import merging\n"
        "def stop(done, total):\n"
        "    if done > total / 2:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "merging.merge_files(sys.argv[1], sys.argv[2], progress=stop)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "recipe.yaml"), str(tmp_path / "out")]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=places).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]
    merging.merge_files(tmp_path / "recipe.yaml", tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]
    undisturbed = merging.merge_files(recipe, tmp_path / "undisturbed")
    assert checkpoints.fingerprint(tmp_path / "out") == checkpoints.fingerprint(undisturbed)


def plain(base, experts, method, places, **shared):
    """A mergekit config that lists the base among its models, at this place."""
    models = [
        {"model": str(path), "parameters": {"density": 0.5, "weight": 0.4}}
        for path in experts.values()
    ]
    models.insert(places, {"model": str(base)})
    return {
        "merge_method": method,
        "base_model": str(base),
        "models": models,
        "parameters": shared,
        "dtype": "float32",
    }


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_config_that_lists_the_base_merges_and_merges_again(family, tmp_path, place):
    base, experts = family
    out = merging.merge_files(plain(base, experts, "ties", place), tmp_path / "out")
    again = merging.merge_files(out / "recipe.yaml", tmp_path / "again")
    assert checkpoints.fingerprint(out) == checkpoints.fingerprint(again)


def test_the_result_never_replaces_a_member_or_lies_in_one(family, tmp_path):
    root = tmp_path / "models"
    shutil.copytree(family[0].parent, root)
    base = root / "base"
    experts = {id_: root / id_ for id_ in family[1]}
    recipe = recipes.make_recipe(base, experts, "linear", {})
    for out in (base, root, base / "merged"):
        with pytest.raises(ValueError, match="holds|lies in"):
            merging.merge_files(recipe, out)
    assert not (base / "merged").exists() and (base / "config.json").is_file()


def test_a_link_to_the_result_stays_a_link(family, tmp_path):
    base, experts = family
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    merging.merge_files(recipes.make_recipe(base, experts, "linear", {}), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "model.safetensors").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


def test_an_adapter_as_the_base_is_told_with_its_line(family, tmp_path):
    base, experts = family
    (tmp_path / "lora").mkdir()
    (tmp_path / "lora" / "adapter_config.json").write_text("{}")
    recipe = recipes.make_recipe(tmp_path / "lora", experts, "task_arithmetic", {"weight": 0.5})
    recipes.write_recipe(recipe, tmp_path / "r.yaml")
    for door in (merging.merge_files, files.check_files):
        with pytest.raises(ValueError, match=r"r.yaml, line \d+: .*lora: is an adapter"):
            door(tmp_path / "r.yaml", tmp_path / "out")
