"""Tokenizers that come without a tokenizer.json: needed by no merge that does not ask for them."""

import base64
import json

import pytest
import tiny_models
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel

from babelmerge import merging
from babelmerge.merging import files
from babelmerge.models import loading
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.recipes import recipes

HOW = "there is {} and no tokenizer.json: take the tokenizer.json of a copy of this model"


def tekken(number):
    vocabulary = [
        {"rank": n, "token_bytes": base64.b64encode(bytes([n + 60])).decode(), "token_str": None}
        for n in range(40 + number)
    ]
    return json.dumps({"config": {"version": "v3"}, "vocab": vocabulary}).encode()


def tiktoken(number):
    every = [base64.b64encode(bytes([n])).decode() for n in range(60 + number)]
    return "\n".join(f"{token} {n}" for n, token in enumerate(every)).encode()


KINDS = {
    "tekken.json": tekken,
    "tokenizer.model": tiktoken,
    "spiece.model": lambda number: b"\x0a" + bytes([number]) * 40,
}


def family(root, file, *numbers):
    """A base and experts whose tokenizers are those of the numbers."""
    model = tiny_models.model(0)
    folders = [root / f"m{place}" for place in range(len(numbers))]
    for place, (folder, number) in enumerate(zip(folders, numbers, strict=True)):
        (tiny_models.near(model, place) if place else model).save_pretrained(folder)
        (folder / file).write_bytes(KINDS[file](number))
    return folders


def recipe(folders, embeddings):
    named = {f"e{place}": folder for place, folder in enumerate(folders[1:])}
    return recipes.make_recipe(folders[0], named, "linear", {"embeddings": embeddings})


@pytest.mark.parametrize("embeddings", ["strict", "common", "base"])
@pytest.mark.parametrize("file", KINDS)
def test_one_tokenizer_by_its_bytes_is_not_read(file, embeddings, tmp_path):
    folders = family(tmp_path, file, 1, 1, 1)
    out = merging.merge_files(recipe(folders, embeddings), tmp_path / "out")
    assert (out / file).read_bytes() == (folders[0] / file).read_bytes()
    assert set(Checkpoint(out).names) == set(Checkpoint(folders[0]).names)


@pytest.mark.parametrize("file", KINDS)
def test_where_the_base_s_rows_stay_an_expert_s_is_not_asked(file, tmp_path):
    folders = family(tmp_path, file, 1, 2)
    out = merging.merge_files(recipe(folders, "base"), tmp_path / "out")
    assert (out / file).read_bytes() == (folders[0] / file).read_bytes()


@pytest.mark.parametrize("file", KINDS)
def test_what_an_expert_ends_texts_with_needs_its_tokenizer(file, tmp_path):
    """The remedy is not what is set already."""
    folders = family(tmp_path, file, 1, 2)
    (folders[1] / "generation_config.json").write_text(json.dumps({"eos_token_id": 7}))
    parts = recipes.make_recipe(
        folders[0], {"e": folders[1]}, "linear", {"embeddings": "base", "chat_template": "e"}
    )
    for check in (files.check_files, merging.merge_files):
        with pytest.raises(ValueError, match="chat_template: e .*leave chat_template out") as error:
            check(parts, tmp_path / "out")
        assert "goes without" not in str(error.value) and file in str(error.value)
        assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(("damaged", "file"), [(0, None), (1, None), *((0, f) for f in KINDS)])
def test_a_damaged_tokenizer_is_fetched_again(damaged, file, tmp_path):
    """Also where the base's rows stay, and where the other's is of a library that is missing."""
    model = tiny_models.model(0)
    folders = [tiny_models.save(model, tmp_path / f"m{place}") for place in range(2)]
    whole = (folders[damaged] / "tokenizer.json").read_bytes()
    (folders[damaged] / "tokenizer.json").write_bytes(whole[: len(whole) // 2])
    if file is not None:
        (folders[1] / "tokenizer.json").unlink()
        (folders[1] / file).write_bytes(KINDS[file](1))
    for embeddings in ("strict", "common", "base"):
        with pytest.raises(ValueError, match=r"tokenizer.json: .*; fetch it again$") as error:
            files.check_files(recipe(folders, embeddings), tmp_path / "out")
        assert str(folders[damaged]) in str(error.value)


@pytest.mark.parametrize("embeddings", ["strict", "common"])
@pytest.mark.parametrize("file", KINDS)
def test_two_that_cannot_be_compared_are_refused_with_the_file_s_name(file, embeddings, tmp_path):
    folders = family(tmp_path, file, 1, 2)
    for check in (files.check_files, merging.merge_files):
        with pytest.raises(ValueError, match=HOW.format(file)) as error:
            check(recipe(folders, embeddings), tmp_path / "out")
        assert str(folders[0] / file) in str(error.value)
        assert str(error.value).count("there is") <= 2 and "embeddings: base" in str(error.value)


@pytest.mark.parametrize("file", KINDS)
def test_a_model_that_is_run_needs_one_and_is_told_how(file, tmp_path):
    (folder,) = family(tmp_path, file, 1)
    with pytest.raises(ValueError, match=HOW.format(file)):
        loading.load_tokenizer(folder)


@pytest.mark.parametrize("other", [None, "bytes", "token", "named"])
def test_a_model_of_sentencepiece_is_that_of_the_tokenizer_json_beside_it(other, tmp_path):
    """A base has both files, its expert the older one: nothing needs to be converted."""
    folders = family(tmp_path, "spiece.model", 1, 1 if other != "bytes" else 2)
    words = {f"w{number}": number for number in range(50)} | {"<unk>": 50}
    made = Tokenizer(WordLevel(words, unk_token="<unk>"))
    made.add_tokens([AddedToken(one, special=True) for one in ("<unk>", *["<x>"] * bool(other))])
    made.save(str(folders[0] / "tokenizer.json"))
    said = {"unk_token": "<unk>"} | ({"pad_token": "<x>"} if other == "named" else {})
    for folder in folders:
        (folder / "tokenizer_config.json").write_text(json.dumps(said))
    if other in ("bytes", "token"):
        with pytest.raises(ValueError, match="spiece.model: holds no vocabulary"):
            merging.merge_files(recipe(folders, "strict"), tmp_path / "out")
    else:
        out = merging.merge_files(recipe(folders, "strict"), tmp_path / "out")
        assert (out / "tokenizer.json").is_file() and (out / "spiece.model").is_file()
