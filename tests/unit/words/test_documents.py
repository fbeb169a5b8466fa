"""YAML and JSON of other people's: read whole, or refused at once with what is wrong."""

import contextlib
import gc
import json
import math
import os

import pytest
import yaml

from babelmerge.files import directories
from babelmerge.words import documents


def bomb(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, levels)]
    return "\n".join(lines)


def read(text: str):
    return documents.load(text, documents.SAFE)


def test_a_text_is_its_documents():
    assert read("a: 1") == [{"a": 1}] and read("") == [] and read("--- 1\n--- 2") == [1, 2]


def test_aliases_within_the_limits_are_read():
    assert read("a: &a [1, 2]\nb: [*a, *a]")[0]["b"] == [[1, 2], [1, 2]]
    assert len(read(bomb(4))[0]["a3"]) == 9


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (bomb(6), "50,000 values"),
        (bomb(300), "50,000 values"),
        (f"a: &a {'x' * 1_000_000}\nb: [{', '.join(['*a'] * 9)}]", "5,000,000 bytes"),
        ("[" * 100_000, "50 levels"),
        ("".join(f"a{i}: &a{i} [{f'*a{i - 1}' if i else ''}]\n" for i in range(400)), "50 levels"),
        ("a: &a [*a]", "[*]a, which names nothing"),
        ("a: *b", "[*]b, which names nothing"),
        ("a: !!int x", "a value that can't be read"),
        ("a: !!bool maybe", "a value that can't be read"),
        ("a: !!timestamp x", "a value that can't be read"),
        ("a: 2026-13-45", "a value that can't be read"),
    ],
)
def test_what_is_beyond_the_limits_is_refused_before_more_is_read(text, told, monkeypatch):
    seen, parse = [], yaml.parse

    def parsed(*given, **more):
        for event in parse(*given, **more):
            seen.append(event)
            yield event

    monkeypatch.setattr(yaml, "parse", parsed)
    with pytest.raises(yaml.YAMLError, match=told):
        read(text)
    assert len(seen) < 1000  # of 100,000 brackets too


def test_the_size_with_aliases_is_that_of_the_text_without():
    text = "a: &a {b: [1, 2], c: &c word}\nd: [*a, *c]"
    plain = yaml.dump(read(text)[0], Dumper=NoAliases)
    counted = documents.count(text, documents.SAFE)
    assert "*" not in plain and counted == documents.count(plain, documents.SAFE)
    assert (counted.nodes, counted.depth) == (19, 5)


class NoAliases(yaml.SafeDumper):
    def ignore_aliases(self, data):
        return True


def test_a_file_without_text_says_why(tmp_path):
    (tmp_path / "latin").write_bytes("é".encode("latin-1"))
    (tmp_path / "long").write_bytes(b"x" * (documents.MOST_BYTES + 1))
    (tmp_path / "marked").write_bytes("\ufeffa: 1".encode())
    os.mkfifo(tmp_path / "pipe")
    for name, told in {
        "latin": "expected text in UTF-8",
        "long": "5,000,001 bytes",
        "": "a folder",
        "pipe": "no regular file",
        "n" * 300: "name too long",
        "a\0b": "embedded null",
    }.items():
        with pytest.raises(documents.Unreadable, match=f"(?i){told}"):
            documents.text_of(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        documents.text_of(tmp_path / "absent")
    assert read(documents.text_of(tmp_path / "marked")) == [{"a": 1}]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('{"a": [' * 30 + "]}" * 30, "more than 50 levels"),
        ("[" * 1_000_000, "more than 50 levels"),
        ("1" * 5000, "4300 digits"),
        ('{"a": "\\ud800"}', "surrogates not allowed"),
        ('{"a": }', "Expecting value"),
        ("[" + "{}," * 2_500_001 + "{}]", "more than 5,000,000 values"),
    ],
)
def test_json_beyond_the_limits_is_named(text, told):
    with pytest.raises(ValueError, match=told):
        documents.load_json(text)


def test_json_within_the_limits_is_what_python_reads():
    for value in ({"a": [1, {"b": None}], "😀": "हि"}, [], "x", -1.5, [[["x"]] * 9] * 9):
        assert documents.load_json(json.dumps(value)) == value
    deepest = "[" * documents.DEEPEST + "]" * documents.DEEPEST
    assert documents.load_json(deepest) == json.loads(deepest)


def test_a_tokenizer_may_be_larger_than_a_config(tmp_path):
    for name in ("config.json", "tokenizer.json", "model.safetensors.index.json"):
        (tmp_path / name).write_text('{"a": 1}' + " " * documents.MOST_BYTES)
    with pytest.raises(ValueError, match=r"config\.json: not valid JSON .*at most 5,000,000"):
        directories.read_json(tmp_path / "config.json")
    for name in ("tokenizer.json", "model.safetensors.index.json"):
        assert directories.read_json(tmp_path / name) == {"a": 1}


@pytest.mark.parametrize(
    "text",
    ['{"a": 1, "a": 2}', '{"weight_map": {"w": "one", "v": "one", "w": "two"}}'],
    ids=["config", "index"],
)
def test_a_key_with_two_values_is_refused_whoever_would_take_which(tmp_path, text):
    path = tmp_path / "model.safetensors.index.json"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"index\.json: .*'[aw]' twice, with two values"):
        directories.read_json(path)
    path.write_text('{"a": {"b": [1]}, "a": {"b": [1]}}')
    assert directories.read_json(path) == {"a": {"b": [1]}}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", r"while parsing a flow node \(line 2, column 1\), did not find"),
        ("a: 1\n b: 2", r"^mapping values are not allowed in this context \(line 2, column 3\)$"),
        ("a:\n\t- b", r"\(line 2, column 1\); lines are indented by spaces, not by tabs"),
    ],
)
def test_what_is_no_yaml_is_told_on_one_line_with_its_place(text, told):
    with pytest.raises(yaml.YAMLError, match=told) as error:
        documents.load(text, documents.SAFE)
    assert "\n" not in str(error.value) and "unicode" not in str(error.value)


def test_values_are_made_without_a_search_for_rubbish_which_goes_on_after():
    assert gc.isenabled()
    for text in ("[1]", "[1"):
        with contextlib.suppress(ValueError):
            documents.load_json(text)
        assert gc.isenabled()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1:30", r"1:30 \(line 1\), which YAML reads as the number 90; write that number"),
        ("\na: [-017]", r"-017 \(line 2\), which YAML reads as the number -15"),
        ("a: 1:30.5", "the number 90.5"),
        ("a: !!binary aGVsbG8=", "constructor for the tag .*binary"),
        ("a: !!set {b, c}", "constructor for the tag .*set"),
        ("a: !!omap [b: 1]", "constructor for the tag .*omap"),
        ("a: !!python/object/apply:os.getcwd []", "constructor for the tag"),
        ("\na: !!bool maybe", r"can't be read \(line 2\): 'maybe'"),
        ("a: " + "9" * 5000, r"can't be read \(line 1\): .*4300 digits"),
    ],
)
def test_what_yaml_would_read_as_something_else_is_named_with_its_line(text, told):
    with pytest.raises(yaml.YAMLError, match=told):
        documents.load(text, documents.Once)


def test_plain_values_of_a_recipe_are_what_yaml_has_them_as():
    text = (
        "a: [1, -0, 1_000, 0x1f, 0b11, .inf, 1e-5, '017', yes, ~]\nb: 2024-01-02\nc: {<<: {d: 1}}"
    )
    numbers = [1, 0, 1000, 31, 3, math.inf, "1e-5", "017", True, None]
    expected = {"a": numbers, "b": "2024-01-02", "c": {"d": 1}}
    assert documents.load(text, documents.Once) == [expected]
