"""A model's folder gives what is in it: no link brings a file of somebody else's along."""

import json

import pytest

from babelmerge.files import directories, links
from babelmerge.files.tensor_files import TensorFiles

SECRET = '{"secret": 1}'


@pytest.fixture
def model(tmp_path):
    """A folder with a config and weights, beside a file that is nobody's business."""
    (tmp_path / "elsewhere.json").write_text(SECRET)
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    header = json.dumps({"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}).encode()
    (folder / "model.safetensors").write_bytes(
        len(header).to_bytes(8, "little") + header + bytes(4)
    )
    return folder


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "x.txt", "chat_template.jinja"])
@pytest.mark.parametrize("target", ["../elsewhere.json", "../model/../elsewhere.json"])
def test_a_link_to_a_file_elsewhere_is_refused(model, tmp_path, name, target):
    (model / name).unlink(missing_ok=True)
    (model / name).symlink_to(target)
    (tmp_path / "out").mkdir()
    for use in (TensorFiles, lambda m: directories.copy_companions(m, tmp_path / "out")):
        with pytest.raises(ValueError, match=f"{name}: is a link to .*elsewhere.json") as error:
            use(model)
        assert "secret" not in str(error.value)
    assert not list((tmp_path / "out").iterdir())


def test_a_chain_of_links_counts_by_its_end(model, tmp_path):
    (model / "a.json").symlink_to("b.json")
    (model / "b.json").symlink_to("../elsewhere.json")
    with pytest.raises(ValueError, match="is a link to"):
        links.refuse(model)


def test_links_within_the_folder_and_broken_ones_are_fine(model):
    (model / "a.json").symlink_to("config.json")
    (model / "gone.json").symlink_to("../gone.json")
    links.refuse(model)


def test_weights_may_lie_elsewhere_if_they_are_weights(model, tmp_path):
    weights = model / "model.safetensors"
    weights.rename(tmp_path / "large.safetensors")
    weights.symlink_to("../large.safetensors")
    assert TensorFiles(model).names == ("w",)
    weights.unlink()
    weights.symlink_to("../elsewhere.json")
    with pytest.raises(ValueError, match="model.safetensors: is a link"):
        TensorFiles(model)


def test_the_cache_of_the_hub_is_a_model_s_own(model, tmp_path):
    repository = tmp_path / "models--a--b"
    snapshot, blobs = repository / "snapshots" / "1f", repository / "blobs"
    snapshot.mkdir(parents=True)
    blobs.mkdir()
    for number, path in enumerate(sorted(model.iterdir())):
        path.rename(blobs / str(number))
        (snapshot / path.name).symlink_to(f"../../blobs/{number}")
    assert TensorFiles(snapshot).names == ("w",)
    (tmp_path / "link").symlink_to(snapshot)
    assert TensorFiles(tmp_path / "link").names == ("w",)
    (snapshot / "tokenizer.json").symlink_to("../../../elsewhere.json")
    with pytest.raises(ValueError, match="tokenizer.json: is a link"):
        TensorFiles(snapshot)


def cached(root, name, text, digest):
    """A file in the hub's cache, by the digest of what it holds."""
    blob = root / f"models--{name}" / "blobs" / digest
    blob.parent.mkdir(parents=True, exist_ok=True)
    blob.write_bytes(text)
    return blob


@pytest.mark.parametrize("digest", ["a1" * 20, "b2" * 32])
def test_a_folder_of_links_to_one_repository_is_a_download_of_old(model, tmp_path, digest):
    """As `local_dir` was: small files lie there, large ones are links into the cache."""
    (model / "tokenizer.json").symlink_to(cached(tmp_path, "a--b", b"{}", digest))
    weights = model / "model.safetensors"
    blob = cached(tmp_path, "a--b", weights.read_bytes(), "c3" * 32)
    weights.unlink()
    weights.symlink_to(blob)
    assert TensorFiles(model).names == ("w",)
    directories.copy_companions(model, tmp_path)
    assert (tmp_path / "tokenizer.json").read_text() == "{}"
    assert not (tmp_path / "tokenizer.json").is_symlink()


def test_blobs_of_two_repositories_or_of_other_names_are_not_one_model_s(model, tmp_path):
    (model / "vocab.json").symlink_to(cached(tmp_path, "a--b", b"{}", "a1" * 20))
    links.refuse(model)
    (model / "tokenizer.json").symlink_to(cached(tmp_path, "c--d", b"{}", "b2" * 20))
    with pytest.raises(ValueError, match="is a link"):
        links.refuse(model)
    (model / "vocab.json").unlink()
    links.refuse(model)
    for odd in (cached(tmp_path, "a--b", b"{}", "secret"), tmp_path / "c--d" / ("d4" * 20)):
        (model / "tokenizer.json").unlink()
        odd.parent.mkdir(exist_ok=True)
        odd.write_text("{}")
        (model / "tokenizer.json").symlink_to(odd)
        with pytest.raises(ValueError, match="tokenizer.json: is a link"):
            links.refuse(model)
