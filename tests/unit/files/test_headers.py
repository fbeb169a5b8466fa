"""Headers of safetensors files: refused is what safetensors refuses, and named."""

import json

import pytest
from safetensors import safe_open

from babelmerge.files import tensor_headers


def entry(start: int, stop: int, **more) -> dict:
    shape = [(stop - start) // 4]
    return {"dtype": "F32", "shape": shape, "data_offsets": [start, stop], **more}


def text(**entries) -> str:
    return json.dumps(entries)


WHOLE = text(a=entry(0, 8), b=entry(8, 8), c=entry(8, 16))
HEADERS = {
    "whole": (WHOLE, None),
    "metadata": (text(__metadata__={"x": "y"}, a=entry(0, 16)), None),
    "no metadata": (text(__metadata__=None, a=entry(0, 16)), None),
    "another order": (text(c=entry(8, 16), a=entry(0, 8)), None),
    "spaces": (WHOLE + " " * 7, None),
    "overlap": (text(a=entry(0, 12), c=entry(8, 16)), "c begins 4 bytes before the end of a"),
    "same place": (text(a=entry(0, 16), c=entry(0, 16)), "16 bytes before the end of"),
    "gap": (text(a=entry(0, 4), c=entry(8, 16)), "c begins 4 bytes after the end of a"),
    "late": (text(a=entry(4, 16)), "a begins 4 bytes after the end of the header"),
    "outside": (text(a=entry(0, 8), c=entry(8, 20)), "promises"),
    "too short": (text(a=entry(0, 8)), "something was added to it"),
    "twice": ('{"a":%s,"a":%s}' % ((json.dumps(entry(0, 16)),) * 2), "'a' is there twice"),
    "key twice": (WHOLE.replace('"shape"', '"dtype": "F32", "shape"', 1), "'dtype' is there twice"),
    "backwards": (text(a=entry(0, 16, data_offsets=[16, 0])), "a is F32"),
    "negative": (text(a=entry(0, 16, shape=[-2, -2])), r"shape \[-2, -2\] and data_offsets"),
    "fraction": (text(a=entry(0, 16, shape=[4.0])), r"shape \[4\.0\]"),
    "truth": (text(a=entry(0, 16, shape=[4, True])), r"shape \[4, True\]"),
    "endless": (text(a=entry(0, 16, shape=[10**400])), "a has dtype .F32., shape"),
    "numbers": (text(a=entry(0, 16, dtype=["F32"])), r"a has dtype \[.F32.\]"),
    "metadata of numbers": (text(__metadata__={"x": 1}, a=entry(0, 16)), "no mapping of texts"),
    "metadata of none": (text(__metadata__="x", a=entry(0, 16)), "no mapping of texts"),
    "list": ("[]", "no mapping"),
    "no JSON": (WHOLE[:-1], "not a safetensors file"),
    "deep": ("[" * 100_000, "more than 50 levels"),
    "half a character": (WHOLE.replace('"a"', '"\\ud800"'), "surrogates not allowed"),
}

HEADERS |= {
    "a name for terminals": (text(**{"a\x1b[2J": entry(0, 16)}), r"called 'a\\x1b\[2J'"),
    "a name without end": (text(**{"a" * 5000: entry(0, 16)}), "1 to 1000 characters"),
    "no name": (text(**{"": entry(0, 16)}), "called ''; expected a name of 1 to"),
    "empty, with endless sides": (
        text(z=entry(0, 0, shape=[0, 2**62, 2**62]), a=entry(0, 16)),
        "count the product",
    ),
    "sides without end": (text(a=entry(0, 16, shape=[4, *[1] * 100])), "at most 64 sides"),
}
# By the format, though not by the library.
FORBIDDEN = ("twice", "no name", "a name for terminals", "a name without end", "sides without end")
FORBIDDEN += ("empty, with endless sides",)


@pytest.mark.parametrize("what", HEADERS)
def test_headers_are_read_as_safetensors_reads_them(tmp_path, what):
    header, told = HEADERS[what]
    path = tmp_path / "model.safetensors"
    content = header.encode()
    path.write_bytes(len(content).to_bytes(8, "little") + content + bytes(16))
    if told is None:
        with safe_open(path, "np") as theirs:
            assert set(tensor_headers.read_header(path)) == set(theirs.keys())
        return
    with pytest.raises(ValueError, match=told) as error:
        tensor_headers.read_header(path)
    assert str(path) in str(error.value)
    if what in FORBIDDEN:
        return
    with pytest.raises(Exception), safe_open(path, "np"):  # noqa: B017 - it has errors of its own
        pass


def test_a_header_may_not_be_larger_than_safetensors_reads(tmp_path):
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.write((200_000_000).to_bytes(8, "little"))
        file.truncate(300_000_000)  # no block of it is written
    with pytest.raises(ValueError, match="header has 200,000,000 bytes, expected at most"):
        tensor_headers.read_header(path)


def test_files_of_another_name_are_not_passed_over_as_if_there_were_none(tmp_path):
    (tmp_path / "model-00001-of-00002.safetensors").write_bytes(b"")
    with pytest.raises(ValueError, match="model-00001-of-00002.safetensors and no .*index.json"):
        tensor_headers.weight_files(tmp_path)


INDEXES = {
    "no tensors": ({}, "lists no tensors"),
    "a pickle": ({"a": "pytorch_model.bin"}, "lists pytorch_model.bin, expected files of safeten"),
    "outside": ({"a": "../model.safetensors"}, "expected the name of a file beside it"),
    "a folder": ({"a": "sub.safetensors"}, "lists sub.safetensors, not there or no regular file"),
    "absent": ({"a": "x.safetensors", "b": "y.safetensors"}, "x.safetensors and 1 more shards, no"),
    "NUL": ({"a": "x\0.safetensors"}, r"lists x\\x00.safetensors, not there"),
    "numbers": ({"a": 1}, "no weight_map of tensors to files"),
}


@pytest.mark.parametrize("what", INDEXES)
def test_an_index_lists_files_of_safetensors_beside_it(what, tmp_path):
    listed, told = INDEXES[what]
    (tmp_path / "sub.safetensors").mkdir()
    (tmp_path / tensor_headers.INDEX).write_text(json.dumps({"weight_map": listed}))
    with pytest.raises(ValueError, match=told):
        tensor_headers.weight_files(tmp_path)


@pytest.mark.parametrize("name", ["x.Q4_K_M.gguf", "weights.npz", "tf_model.h5", "x.msgpack"])
def test_weights_for_other_programs_are_named_with_a_way_out(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(ValueError, match=f"has {name}, weights for .*transformers' format"):
        tensor_headers.weight_files(tmp_path)


def test_a_pointer_of_git_lfs_is_told_with_the_command_that_fetches_it(tmp_path):
    text = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (tmp_path / "model.safetensors").write_text(text)
    with pytest.raises(ValueError, match="model.safetensors: is a pointer .*git lfs pull"):
        tensor_headers.read_header(tmp_path / "model.safetensors")
