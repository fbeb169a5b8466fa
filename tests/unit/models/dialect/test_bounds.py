"""A tokenizer from elsewhere is read within bounds, and what its library gives up is no crash."""

import json

import pytest
from tokenizers import Tokenizer, models

from babelmerge.models.dialect import bounds, tokenizers

BYTES = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
LONG = {"type": "Replace", "pattern": {"String": "a"}, "content": "a" * 1000}
ANYWHERE = {"type": "Replace", "pattern": {"Regex": ""}, "content": "bc"}
GIVES_UP = {"Regex": r"(.|..|...)*[^\w\W]"}  # for which the library tries without end
TEXTS = [{"Sequence": {"id": id_, "type_id": 0}} for id_ in "AB"]
THRICE = {
    "type": "TemplateProcessing",
    "single": TEXTS[:1] * 3,
    "pair": TEXTS,
    "special_tokens": {},
}


def written(path, words=("<unk>", "a", "b"), **parts):
    path.parent.mkdir(exist_ok=True)
    content = json.loads(Tokenizer(models.WordLevel({"<unk>": 0}, unk_token="<unk>")).to_str())
    ids = words if isinstance(words, dict) else {word: n for n, word in enumerate(words)}
    content["model"]["vocab"] = ids
    path.write_text(json.dumps({**content, **parts}))
    return path


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ({"words": {"<unk>": 0, "a": 10**9}}, "'a' has the id 1,000,000,000, expected at most"),
        (
            {"normalizer": {"type": "Sequence", "normalizers": [LONG] * 5}},
            "its normalizer and pre_tokenizer may make more than 100,000 characters of one",
        ),
        (
            {"pre_tokenizer": {"type": "Sequence", "pretokenizers": [BYTES] * 40}},
            "more than 100,000 characters of one",
        ),
    ],
    ids=["an id", "replacements", "bytes of bytes"],
)
def test_what_would_fill_the_memory_is_named(tmp_path, parts, told):
    file = written(tmp_path / "tokenizer.json", **parts)
    with pytest.raises(ValueError, match=rf"tokenizer\.json: .*{told}.*; fetch it again"):
        tokenizers.read(file)


@pytest.mark.parametrize("pattern", ["[abc]+", r"\s+", "a", r"\p{L}", "[.]{2,}"])
def test_many_replacements_of_some_text_by_a_character_are_read(tmp_path, pattern):
    step = {"type": "Replace", "pattern": {"Regex": pattern}, "content": "a"}
    parts = {"normalizer": {"type": "Sequence", "normalizers": [step] * 40}}
    assert tokenizers.read(written(tmp_path / "tokenizer.json", **parts)).pieces("a") == ["a"]


@pytest.mark.parametrize(
    "pattern", ["", "x*", r"\b", "^", "(?=a)", "x?", "a|", "x{0,2}", "x{,2}", "()"]
)
def test_a_pattern_of_no_text_is_known_as_one(pattern):
    assert bounds.growth({"type": "Replace", "pattern": {"Regex": pattern}, "content": "x"}) == 2


def test_a_tokenizer_has_the_bytes_that_are_read_of_one(tmp_path):
    file = written(tmp_path / "tokenizer.json")
    with file.open("r+b") as open_file:
        open_file.truncate(10**10)  # that nothing takes the room of
    with pytest.raises(ValueError, match="10,000,000,000 bytes, expected at most 100,000,000"):
        tokenizers.read(file)


@pytest.mark.parametrize(
    "part", [BYTES, LONG, ANYWHERE, {"type": "Prepend", "prepend": "xy"}, {"type": "NFC"}]
)
@pytest.mark.parametrize("times", [1, 2])
def test_no_text_grows_more_than_is_told(part, times):
    step = {"type": "Sequence", "normalizers": [part] * times}
    if part is BYTES:
        step["normalizers"] = [{"type": "ByteLevel"}] * times
    content = json.loads(Tokenizer(models.WordLevel({"a": 0}, unk_token="a")).to_str())
    found = Tokenizer.from_str(json.dumps({**content, "normalizer": step}))
    for text in ("a", "aa", "é", "हिन्दी", "😀"):
        made = found.normalizer.normalize_str(text)
        assert len(made) < bounds.growth(step) * (len(text) + 1)


@pytest.mark.parametrize(
    "parts",
    [
        {"normalizer": {"type": "Replace", "pattern": GIVES_UP, "content": "x"}},
        {"post_processor": {"type": "Sequence", "processors": [THRICE, THRICE]}},
    ],
    ids=["a pattern", "a text thrice"],
)
def test_a_library_that_gives_up_cuts_nothing(tmp_path, parts, monkeypatch):
    monkeypatch.setenv("RUST_BACKTRACE", "0")  # to print one takes seconds
    found = tokenizers.read(written(tmp_path / "tokenizer.json", **parts))
    assert found.pieces("a b ab " * 10) == []
    whole = tokenizers.read(written(tmp_path / "whole" / "tokenizer.json"))
    assert any(tokenizers.compare(whole, found))
