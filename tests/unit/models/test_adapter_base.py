"""Adapters that are kept alone: found on their base wherever both lie, and on no other."""

import json
import math
import shutil

import made_up_adapters
import pytest
import tiny_models
import torch

from babelmerge.analysis.task_vectors import inspection
from babelmerge.models import adapter_base, adapters, checkpoints, differences, loading, positions
from babelmerge.models.adapter_config import AdapterConfig
from babelmerge.models.checkpoints import MANIFEST


@pytest.fixture
def results(tmp_path):
    """A folder with base, an adapter kept alone and, as `full`, the model that both make."""
    model, folder = tiny_models.model(0), tmp_path / "results" / "models"
    with checkpoints.saving(folder / "base") as base:
        tiny_models.save(model, base)
    place = folder / "experts" / "x"
    with checkpoints.saving(place, base=adapter_base.fact(place, folder / "base")) as adapter:
        merged = made_up_adapters.write(adapter, model, 1)[1]
        tiny_models.tokenizer(64).save_pretrained(adapter)
        (adapter / "README.md").unlink(missing_ok=True)
    full = tiny_models.model(0)
    full.load_state_dict(merged)
    tiny_models.save(full, folder / "full")
    return tmp_path / "results"


def test_a_copy_of_all_results_reads_as_they_do(results, tmp_path):
    shutil.copytree(results, tmp_path / "other" / "place")
    shutil.rmtree(results)
    models = tmp_path / "other" / "place" / "models"
    found = differences.compare(models / "experts" / "x", models / "full")
    assert found.same and found.identical == len(adapters.opened(models / "full").names)
    there = differences.compare(models / "base", models / "experts" / "x")
    assert {row.name.rpartition(".")[0].rpartition(".")[2] for row in there.tensors} == {
        "q_proj",
        "v_proj",
    }
    loaded = loading.load(models / "experts" / "x", where="cpu")[0].state_dict()
    full = loading.load(models / "full", where="cpu")[0].state_dict()
    assert all(torch.equal(tensor, full[name]) for name, tensor in loaded.items())
    (tmp_path / "link").symlink_to(models / "experts" / "x")
    assert adapter_base.beneath(tmp_path / "link").samefile(models / "base")
    assert positions.of_folder(tmp_path / "link") == positions.of_folder(models / "base")


def test_a_base_that_is_gone_or_another_is_told(results):
    adapter, base = results / "models" / "experts" / "x", results / "models" / "base"
    with checkpoints.saving(base) as folder:
        tiny_models.save(tiny_models.model(1), folder)
    message = r"x: is an adapter on a base with the fingerprint \w{12}…, and .*base has \w{12}…; tr"
    for read in (loading.load, adapters.opened, adapter_base.beneath):
        with pytest.raises(ValueError, match=message):
            read(adapter)
    with pytest.raises(ValueError, match=message):
        adapters.Adapter(adapter, checkpoints.Checkpoint(base))
    shutil.rmtree(base)
    with pytest.raises(ValueError, match=r"on a base in \.\./\.\./base from there.*copy results"):
        loading.load(adapter)


def test_an_adapter_from_elsewhere_says_nothing_of_its_base(results):
    adapter = results / "models" / "experts" / "x"
    (adapter / MANIFEST).unlink()
    adapters.Adapter(adapter, checkpoints.Checkpoint(results / "models" / "base"))
    assert adapter_base.said(adapter) is None
    assert len(loading.load_tokenizer(adapter)) == 64
    with pytest.raises(ValueError, match=r"no manifest.json in it says where its base lies"):
        loading.load(adapter)


def test_the_same_adapter_on_another_base_is_another_model(results):
    models = results / "models"
    adapter = models / "experts" / "x"
    prints = [checkpoints.fingerprint(adapter)]
    for name in ("base", "full"):
        with checkpoints.saving(models / "y", base={**_fact(models, name)}) as folder:
            for file in checkpoints.file_hashes(adapter):
                shutil.copyfile(adapter / file, folder / file)
        prints.append(checkpoints.fingerprint(models / "y"))
    assert prints[0] == prints[1] != prints[2]
    assert "base" not in json.loads((models / "base" / MANIFEST).read_text())


def _fact(models, name):
    return adapter_base.fact(models / "y", models / name)


def test_task_vectors_have_the_elements_of_the_model_that_both_make(results):
    models = results / "models"
    base, places = models / "base", {"x": models / "experts" / "x"}
    by_factors = list(inspection.inspect(base, places).rows())
    folded = list(inspection.inspect(base, places, folded=True).rows())
    assert str(folded) == str(list(inspection.inspect(base, {"x": models / "full"}).rows()))
    assert any(math.isnan(row["value"]) for row in by_factors if row["measure"] == "zero_share")


CACHE = "/c/hub/models--Qwen--Qwen2.5-0.5B/snapshots/060db6499f32faf8b98477b0a26969ef7d8b9987"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B/", True),
        ("Qwen/Qwen2.5-0.5B", CACHE, True),
        ("Qwen/Qwen2.5-0.5B", "unsloth/qwen2.5-0.5b-unsloth-bnb-4bit", None),
        ("Qwen/Qwen2.5-0.5B", "/mnt/models/Qwen2.5-0.5B", None),
        ("Qwen/Qwen2.5-0.5B", "/mnt/my/base", None),
        (CACHE, "Qwen/Qwen2.5-0.5B-GPTQ-Int4", None),
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-1.5B", False),
        ("Qwen/Qwen2.5-0.5B", "Qwen/Qwen2.5-0.5B-Instruct-bnb-4bit", False),
        (CACHE, "Qwen/Qwen2.5-1.5B", False),
    ],
)
def test_a_base_has_many_names(one, other, same):
    assert adapter_base.alike(one, other) is same and adapter_base.alike(other, one) is same


def test_a_base_here_is_known_by_its_files_whatever_it_is_called(results):
    base = results / "models" / "base"
    again = shutil.copytree(base, results / "copy")
    assert adapter_base.alike(str(base), str(again)) is True
    tensors = checkpoints.Checkpoint(again).state_dict()
    tensors = {name: one + 1 for name, one in tensors.items()}
    checkpoints.save_state_dict(again, tensors)
    assert adapter_base.alike(str(base), str(again)) is False
    assert adapter_base.alike(str(base), "hub/other") is False


@pytest.mark.parametrize(
    ("named", "told"),
    [
        ("Qwen/Qwen2.5-1.5B-Instruct", True),
        ("Qwen/Tiny", False),
        ("unsloth/tiny-bnb-4bit", False),
        ("/c/hub/models--Qwen--Tiny/snapshots/1", False),
        ("HERE", False),
        ("HERE/", False),
        ("/elsewhere/tiny", False),
        (None, False),
    ],
)
def test_an_adapter_on_a_base_of_another_name_is_told(tmp_path, caplog, named, told):
    base = tmp_path / "tiny"
    base.mkdir()
    name = named and named.replace("HERE", str(base))
    adapter_base.tell_other(AdapterConfig(tmp_path / "a", 4, 8.0, base=name), base)
    assert (f"of {name}, and is put on {base}" in caplog.text) is told
