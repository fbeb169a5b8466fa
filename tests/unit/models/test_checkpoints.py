"""Checkpoints: what is written is read back, by us and by others, and never half."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
import safetensors.torch
import tiny_models
import torch
from places import SCRIPTS
from safetensors.torch import save_file
from transformers import Qwen2ForCausalLM

from babelmerge.models import checkpoints

ODD = {
    "scalar": torch.tensor(1.5),
    "empty": torch.zeros(0, 3),
    "integers": torch.arange(3),
    "transposed": torch.arange(6.0).reshape(2, 3).to(torch.bfloat16).t(),
    "switch": torch.tensor([True, False]),
}


def test_state_dict_round_trip_with_odd_tensors_and_shards(tmp_path):
    for limit, files in ((10**9, 1), (16, 3)):
        folder = tmp_path / str(limit)
        with checkpoints.saving(folder) as directory:
            checkpoints.write_json(directory / "config.json", {})
            checkpoints.save_state_dict(directory, ODD, limit)
        assert len(list(folder.glob("*.safetensors"))) == files
        checkpoint = checkpoints.Checkpoint(folder)
        assert checkpoint.names == tuple(ODD)
        for name, tensor in ODD.items():
            assert checkpoint.dtype(name) == tensor.dtype
            assert checkpoint.shape(name) == tuple(tensor.shape)
            assert torch.equal(checkpoint.read(name), tensor)
        theirs = {}
        for file in folder.glob("*.safetensors"):
            theirs |= safetensors.torch.load_file(file)
        assert all(torch.equal(theirs[name], ODD[name]) for name in ODD)


@pytest.mark.parametrize("tied", [True, False])
def test_tied_head_is_absent_and_transformers_loads_the_rest(tmp_path, tied):
    model = tiny_models.model(1, tied)
    with checkpoints.saving(tmp_path / "m") as directory:
        model.config.save_pretrained(directory)
        cloned = {name: tensor.clone() for name, tensor in model.state_dict().items()}
        checkpoints.save_state_dict(directory, cloned if tied else model.state_dict(), 20_000)
    names = checkpoints.Checkpoint(tmp_path / "m").names
    assert ("lm_head.weight" in names) is not tied
    loaded = Qwen2ForCausalLM.from_pretrained(tmp_path / "m").state_dict()
    assert all(torch.equal(loaded[name], tensor) for name, tensor in model.state_dict().items())
    model.save_pretrained(tmp_path / "theirs")
    assert set(checkpoints.Checkpoint(tmp_path / "theirs").names) == set(names)


def test_manifest_names_the_model_and_not_its_training(tmp_path):
    def build(name, training, weight):
        with checkpoints.saving(tmp_path / name, seed=3) as directory:
            checkpoints.write_json(directory / "config.json", {"hidden_size": 1})
            checkpoints.save_state_dict(directory, {"w": torch.tensor([weight])})
            checkpoints.write_json(directory / "training.json", {"seconds": training})
        return checkpoints.read_json(tmp_path / name / "manifest.json")

    first, second, other = build("a", 1, 0.5), build("b", 2, 0.5), build("c", 1, 0.25)
    assert first == second
    assert first["seed"] == 3
    assert set(first["files"]) == {"config.json", "model.safetensors"}
    assert first["fingerprint"] == checkpoints.fingerprint(tmp_path / "b") != other["fingerprint"]
    (tmp_path / "a" / "manifest.json").unlink()
    assert checkpoints.fingerprint(tmp_path / "a") == first["fingerprint"]


def test_saving_replaces_empty_and_old_directories(tmp_path):
    target = tmp_path / "model"
    target.mkdir()
    for number in range(2):
        with checkpoints.saving(target) as directory:
            (directory / f"{number}.txt").write_text("x")
    assert sorted(path.name for path in target.iterdir()) == ["1.txt", "manifest.json"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_an_exception_leaves_the_old_model_and_no_litter(tmp_path):
    target = tmp_path / "model"
    with checkpoints.saving(target) as directory:
        (directory / "old.txt").write_text("old")
    with pytest.raises(RuntimeError), checkpoints.saving(target) as directory:
        (directory / "new.txt").write_text("half")
        raise RuntimeError
    assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "old.txt"]
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


@pytest.mark.parametrize("existing", [True, False])
def test_a_kill_leaves_no_half_written_model(tmp_path, existing):
    target = tmp_path / "model"
    if existing:
        with checkpoints.saving(target) as directory:
            (directory / "old.txt").write_text("old")
    program = f"""
        import os, signal, sys
        sys.path.insert(0, {str(SCRIPTS)!r})
        from babelmerge.files import directories
        with directories.saving({str(target)!r}) as directory:
            (directory / "new.txt").write_text("half")
            os.kill(os.getpid(), signal.SIGKILL)
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert ended.returncode == -signal.SIGKILL
    assert target.exists() is existing
    if existing:
        assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "old.txt"]
    assert len(list(tmp_path.glob(".model.*.partial"))) == 1
    with checkpoints.saving(target) as directory:  # the next run clears up behind the killed one
        (directory / "new.txt").write_text("whole")
    assert [path.name for path in tmp_path.iterdir()] == ["model"]


def test_leftovers_of_live_processes_stay(tmp_path):
    parent = os.getppid()
    name = f".model.{socket.gethostname()}.{parent}.0.partial"
    (tmp_path / name).mkdir()
    with checkpoints.saving(tmp_path / "model"):
        pass
    assert (tmp_path / name).is_dir()


@pytest.mark.parametrize(
    ("files", "parts"),
    [
        ({"pytorch_model.bin": b"x"}, ["pytorch_model.bin", "pickle", "save_pretrained"]),
        ({"adapter_model.safetensors": b"x"}, ["LoRA adapter", "merge_and_unload"]),
        ({}, ["no model.safetensors"]),
        ({"model.safetensors": b"short"}, ["model.safetensors", "not a whole"]),
        (
            {"model.safetensors.index.json": b'{"weight_map": {"w": "a.safetensors"}}'},
            ["a.safetensors", "not there"],
        ),
    ],
)
def test_refusals_name_the_file_and_the_remedy(tmp_path, files, parts):
    for name, content in {"config.json": b"{}", **files}.items():
        (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError) as error:
        checkpoints.Checkpoint(tmp_path)
    assert all(part in str(error.value) for part in [str(tmp_path), *parts])


def test_a_cut_file_is_noticed_before_it_is_read(tmp_path):
    folder = tiny_models.save(tiny_models.model(1), tmp_path)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-4])
    with pytest.raises(ValueError, match="cut short"):
        checkpoints.Checkpoint(folder)


def test_require_finite_names_file_and_tensor():
    checkpoints.require_finite(torch.tensor([1e38, 1e38]), "w", "f")
    checkpoints.require_finite(torch.tensor([1]), "w", "f")
    with pytest.raises(ValueError, match="model.safetensors: w has 2 of 3"):
        checkpoints.require_finite(
            torch.tensor([1.0, float("nan"), float("inf")]), "w", "model.safetensors"
        )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda fact: fact | {"shape": [3]}, "is F32 .3., 12 bytes, but has 8"),
        (lambda fact: fact | {"shape": [-2]}, "w has dtype 'F32', shape .-2."),
        (lambda fact: {"dtype": "F32"}, "no dtype, shape and data_offsets"),
        (lambda fact: 3, "no dtype, shape and data_offsets"),
    ],
)
def test_a_header_that_does_not_fit_its_data_is_refused(tmp_path, change, message):
    header = {"w": change({"dtype": "F32", "shape": [2], "data_offsets": [0, 8]})}
    text = json.dumps(header).encode()
    path = tmp_path / "model.safetensors"
    path.write_bytes(len(text).to_bytes(8, "little") + text + bytes(8))
    with pytest.raises(ValueError, match=message):
        checkpoints.read_header(path)


def test_shards_lie_beside_their_index(tmp_path):
    for weight_map in ({"w": "../other.safetensors"}, [], {"w": 3}):
        (tmp_path / checkpoints.INDEX).write_text(json.dumps({"weight_map": weight_map}))
        with pytest.raises(ValueError, match="weight_map|file beside it"):
            checkpoints.weight_files(tmp_path)


def test_an_index_and_its_shards_are_of_one_download(tmp_path):
    first, second = ({name: torch.ones(2)} for name in ("a", "b"))
    save_file(first, tmp_path / "1.safetensors")
    save_file(second, tmp_path / "2.safetensors")
    (tmp_path / "config.json").write_text("{}")

    def opened(weight_map):
        (tmp_path / checkpoints.INDEX).write_text(json.dumps({"weight_map": weight_map}))
        return checkpoints.Checkpoint(tmp_path)

    assert set(opened({"a": "1.safetensors", "b": "2.safetensors"}).names) == {"a", "b"}
    with pytest.raises(ValueError, match="puts a in 2.safetensors, found in 1.safetensors"):
        opened({"a": "2.safetensors", "b": "1.safetensors"})
    with pytest.raises(ValueError, match="puts c in 2.safetensors, found in no shard"):
        opened({"a": "1.safetensors", "b": "2.safetensors", "c": "2.safetensors"})
    save_file({**first, **second}, tmp_path / "2.safetensors")
    with pytest.raises(ValueError, match="a is in 1.safetensors and in 2.safetensors"):
        opened({"a": "1.safetensors", "b": "2.safetensors"})


def test_a_kill_between_the_two_renames_loses_nothing(tmp_path):
    target = tmp_path / "model"
    with checkpoints.saving(target) as directory:
        (directory / "old.txt").write_text("old")
    program = f"""
        import os, signal, sys
        from pathlib import Path
        sys.path.insert(0, {str(SCRIPTS)!r})
        from babelmerge.files import directories
        rename = Path.rename
        def once(self, target):
            rename(self, target)
            os.kill(os.getpid(), signal.SIGKILL)
        with directories.saving({str(target)!r}) as directory:
            (directory / "new.txt").write_text("new")
            Path.rename = once
    """
    ended = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], check=False)
    assert ended.returncode == -signal.SIGKILL and not target.exists()
    with pytest.raises(RuntimeError), checkpoints.saving(target):  # the old one is back at once
        assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "old.txt"]
        raise RuntimeError
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    assert sorted(path.name for path in target.iterdir()) == ["manifest.json", "old.txt"]


def test_a_manifest_of_other_files_is_not_trusted(tmp_path, caplog):
    folder = tmp_path / "model"
    with checkpoints.saving(folder) as partial:
        tiny_models.save(tiny_models.model(0), partial)
    said = checkpoints.read_json(folder / "manifest.json")["fingerprint"]
    assert checkpoints.fingerprint(folder) == said
    (folder / "notes.txt").write_text("of mine")
    assert checkpoints.fingerprint(folder) == said
    (folder / "notes.txt").unlink()
    (folder / "model.safetensors").touch()  # the same bytes at a later date
    assert checkpoints.fingerprint(folder) == said and not caplog.records
    tiny_models.model(1).save_pretrained(folder)
    assert checkpoints.fingerprint(folder) != said
    assert "is not of the files beside it" in caplog.text
    (folder / "model.safetensors").unlink()
    assert checkpoints.fingerprint(folder) != said


@pytest.mark.parametrize(
    "facts", [{"files": 5}, {"files": [{}]}, {"base": 5}, {"base": {"path": 1}}, {"base": []}]
)
def test_a_manifest_of_somebody_elses_is_not_believed(tmp_path, facts):
    (tmp_path / "notes.txt").write_text("a model")
    plain = checkpoints.fingerprint(tmp_path)
    strange = {"fingerprint": "0" * 64, "files": {"gone.txt": "0"}, **facts}
    (tmp_path / "manifest.json").write_text(json.dumps(strange))
    assert len(checkpoints.fingerprint(tmp_path)) == 64 == len(plain)
    if facts != {"files": 5} and facts != {"files": [{}]}:
        assert checkpoints.fingerprint(tmp_path) != "0" * 64
