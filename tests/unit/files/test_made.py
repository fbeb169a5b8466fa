"""What was made is found gone or changed, and comes back when it would be made the same."""

import os

import pytest

from babelmerge.files import directories, made


@pytest.fixture
def root(tmp_path):
    (tmp_path / "outputs").mkdir()
    (tmp_path / "outputs/a.jsonl").write_text("first\n")
    return tmp_path


@pytest.fixture
def model(root):
    with directories.saving(root / "models/hi") as folder:
        (folder / "model.safetensors").write_bytes(b"12345678")
        (folder / "config.json").write_text("{}")
    return root / "models/hi"


def stale(root):
    return dict(made.stale(root, root / "digests.json"))


def recorded(root, output, key=None):
    record = made.Record(root, [str(output)])
    record.write(key)
    return record


def test_what_is_there_as_it_was_made_is_not_stale(root, model):
    recorded(root, root / "outputs/a.jsonl")
    recorded(root, model / "manifest.json")
    assert stale(root) == {}


def test_whatever_is_deleted_is_stale(root):
    outputs = [root / "outputs/a.jsonl", root / "outputs/b.json"]
    outputs[1].write_text("{}")
    made.Record(root, map(str, outputs)).write()
    for output in outputs:
        text = output.read_text()
        output.unlink()
        assert stale(root) == {str(output): "it was deleted"}
        output.write_text(text)


def test_a_model_without_its_weights_or_with_others_is_stale(root, model):
    recorded(root, model / "manifest.json")
    weights, manifest = model / "model.safetensors", str(model / "manifest.json")
    weights.unlink()
    assert stale(root) == {manifest: "its model.safetensors was deleted"}
    weights.write_bytes(b"87654321")
    assert stale(root) == {manifest: "its model.safetensors was changed"}
    weights.write_bytes(b"123")
    assert stale(root) == {manifest: "its model.safetensors was changed"}
    weights.write_bytes(b"12345678")  # as it was, with another date
    assert stale(root) == {}


def test_results_may_move(root, model, tmp_path_factory):
    recorded(root, model / "manifest.json")
    moved = root.rename(tmp_path_factory.mktemp("elsewhere") / "results")
    assert stale(moved) == {}
    (moved / "models/hi/manifest.json").unlink()
    assert stale(moved) == {str(moved / "models/hi/manifest.json"): "it was deleted"}


def test_an_output_comes_back_only_for_the_same_sources(root):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output, "key")
    output.unlink()
    assert not record.restore("another") and not output.exists()
    assert record.restore("key")
    assert output.read_text() == "first\n" and stale(root) == {}


def test_a_file_written_anew_leaves_the_kept_one_alone(root):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output, "key")
    os.replace(root / "outputs/a.jsonl", root / "old")
    output.write_text("second\n")
    assert record.restore("key") and output.read_text() == "first\n"


def test_a_model_comes_back_only_with_the_files_of_its_manifest(root, model):
    manifest = model / "manifest.json"
    record = recorded(root, manifest, "key")
    manifest.unlink()
    assert record.restore("key")
    for harm in (lambda: (model / "config.json").write_text("[]"), (model / "config.json").unlink):
        harm()
        assert not record.restore("key")


def test_what_was_begun_and_did_not_end_is_stale_and_does_not_come_back(root):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output, "key")
    record.begin()
    assert stale(root) == {str(output): "the job that makes it did not end"}
    output.unlink()
    assert not record.restore("key")
    assert stale(root) == {str(output): "the job that makes it did not end"}
    output.write_text("second\n")
    record.write("key")
    assert stale(root) == {}


def test_a_kept_file_that_was_written_into_does_not_come_back(root):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output, "key")
    with open(output, "r+b") as shared:  # one file under two names
        shared.truncate(0)
    output.unlink()
    assert not record.restore("key") and not output.exists()


def test_a_kept_model_whose_manifest_is_no_manifest_does_not_come_back(root, model):
    record = recorded(root, model / "manifest.json", "key")
    with open(model / "manifest.json", "r+b") as shared:
        shared.truncate(3)
    assert not record.restore("key")


def test_where_links_cannot_be_made_a_copy_comes_back(root, monkeypatch):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output, "key")
    output.unlink()

    def across(*_):
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", across)
    assert record.restore("key") and output.read_text() == "first\n"
    assert [path.name for path in output.parent.iterdir()] == ["a.jsonl"]


def test_another_whole_model_in_its_place_is_stale(root, model):
    recorded(root, model / "manifest.json")
    with directories.saving(model) as folder:
        (folder / "model.safetensors").write_bytes(b"another")
    assert stale(root) == {
        str(model / "manifest.json"): "it is of another model than was made here"
    }


def test_what_is_gone_is_forgotten_only_when_no_study_asks_for_it(root):
    asked, other = root / "outputs/a.jsonl", root / "outputs/b.jsonl"
    other.write_text("there\n")
    for output in (asked, other):
        recorded(root, output, "key")
        output.unlink()
    made.drop(root, root / "digests.json", {str(asked)})
    assert stale(root) == {str(asked): "it was deleted"}
    other.write_text("there again\n")
    recorded(root, other)
    made.drop(root, root / "digests.json", {str(asked)})
    other.unlink()
    assert len(stale(root)) == 2, "what was there is remembered, asked for or not"


def test_without_a_key_nothing_is_kept(root):
    output = root / "outputs/a.jsonl"
    record = recorded(root, output)
    output.unlink()
    assert not record.restore("") and stale(root) == {str(output): "it was deleted"}


def test_a_models_content_is_its_fingerprint_whatever_else_its_manifest_says(root, model):
    before = made.content(model / "manifest.json")
    manifest = directories.read_json(model / "manifest.json")
    directories.write_json(model / "manifest.json", {**manifest, "seconds": 3})
    assert made.content(model / "manifest.json") == before == manifest["fingerprint"]
    (root / "outputs/a.jsonl").write_text("second\n")
    assert len(made.content(root / "outputs/a.jsonl")) == 16
