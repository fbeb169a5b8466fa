"""A tokenizer is all of its files: merges, added tokens and what its config names count too."""

import json
import re
from pathlib import Path

import pytest
import transformers
from tokenizers import Tokenizer, models

from babelmerge.files import directories
from babelmerge.models.dialect import tokenizers
from babelmerge.models.dialect.vocabulary import BASE, COMMON, Vocabulary
from babelmerge.models.loading import load_tokenizer

WORDS = ["<|endoftext|>", "a", "b", "c", "ab", "bc"]
MARK = {"content": "<x>", "special": True, "lstrip": False, "rstrip": False}
MARK |= {"normalized": False, "single_word": False}


def by_merges(folder, merges=("a b", "b c"), **files):
    """A tokenizer of vocab.json and merges.txt, and what else lies beside."""
    folder.mkdir(parents=True)
    (folder / "vocab.json").write_text(json.dumps({word: n for n, word in enumerate(WORDS)}))
    (folder / "merges.txt").write_text("\n".join(["#version: 0.2", *merges, ""]))
    config = {"tokenizer_class": "GPT2Tokenizer", **files.pop("config", {})}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))
    (folder / "config.json").write_text(json.dumps({"model_type": "gpt2"}))
    for name, content in files.items():
        (folder / f"{name}.json").write_text(json.dumps(content))
    return folder


def whole(folder, **config):
    """A tokenizer of one file, and a config."""
    folder.mkdir(parents=True)
    words = {word: n for n, word in enumerate(["<unk>", "a", "b"])}
    Tokenizer(models.WordLevel(words, unk_token="<unk>")).save(str(folder / "tokenizer.json"))
    given = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(given))
    return folder


def compared(left, right):
    files = [tokenizers.file_of(one) for one in (left, right)]
    return None if tokenizers.same(*files) else tokenizers.compare(*map(tokenizers.read, files))


def test_other_merges_of_one_vocabulary_cut_otherwise(tmp_path):
    first = by_merges(tmp_path / "first")
    assert compared(first, by_merges(tmp_path / "same")) is None
    found = compared(first, by_merges(tmp_path / "turned", ("b c", "a b")))
    assert found.cuts == ("model.merges",) and not (found.moved or found.more)


@pytest.mark.parametrize(
    "files",
    [{"added_tokens": {"<x>": 6}}, {"config": {"added_tokens_decoder": {"6": MARK}}}],
    ids=["added_tokens.json", "tokenizer_config.json"],
)
def test_added_tokens_beside_one_vocabulary_are_a_difference(tmp_path, files):
    ours, theirs = by_merges(tmp_path / "ours"), by_merges(tmp_path / "theirs", **files)
    assert compared(ours, theirs).more == ("<x>",)
    other = json.loads(json.dumps(files).replace("<x>", "<y>"))
    assert compared(theirs, by_merges(tmp_path / "other", **other)).moved == ("<y>",)


@pytest.mark.parametrize(
    "config",
    [
        {"added_tokens_decoder": {"4": MARK | {"content": "<y>"}, "3": MARK}},
        {"pad_token": "<x>", "extra_special_tokens": ["<y>"]},
        {"additional_special_tokens": ["<x>", "<y>"], "pad_token": "<unk>"},
        {"mask_token": "<x>", "extra_special_tokens": {"image_token": "<y>"}},
    ],
)
def test_tokens_that_the_config_alone_names_have_the_ids_that_transformers_gives_them(
    tmp_path, config
):
    plain, more = whole(tmp_path / "plain"), whole(tmp_path / "more", **config)
    assert not any(compared(plain, whole(tmp_path / "again", pad_token="a")) or ())
    assert compared(plain, more).more == ("<x>", "<y>")
    found = tokenizers.read(more / "tokenizer.json").ids
    assert found == load_tokenizer(more).get_vocab() and found["<y>"] == 4
    joined = Vocabulary({BASE: more, "e": whole(tmp_path / "e", pad_token="<z>")}, COMMON)
    content, _ = joined.appended()
    assert Tokenizer.from_str(json.dumps(content)).token_to_id("<z>") == 5 == joined.added["<z>"]


@pytest.mark.parametrize("name", directories.VOCABULARIES)
def test_a_tokenizer_of_any_file_goes_with_it(tmp_path, name):
    for folder, text in (("a", "{}"), ("b", "[]")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text(text)
    assert tokenizers.file_of(tmp_path / "a").name == name
    directories.copy_tokenizer(tmp_path / "a", tmp_path / "b")
    assert (tmp_path / "b" / name).read_text() == "{}"


def test_ranks_of_tiktoken_go_with_a_model_whatever_their_name(tmp_path):
    for folder, name in (("a", "qwen.tiktoken"), ("b", "mine.tiktoken"), ("c", "config.json")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_text("YQ== 0")
        (tmp_path / folder / "tokenizer.json").write_text("{}")
    directories.copy_companions(tmp_path / "a", tmp_path / "c")
    assert (tmp_path / "c/qwen.tiktoken").read_text() == "YQ== 0"
    directories.copy_tokenizer(tmp_path / "b", tmp_path / "c")
    assert [path.name for path in sorted((tmp_path / "c").glob("*.tiktoken"))] == ["mine.tiktoken"]


@pytest.mark.parametrize(
    "config",
    [
        {"added_tokens_decoder": {"x": MARK}},
        {"added_tokens_decoder": {"-1": MARK}},
        {"added_tokens_decoder": 3, "extra_special_tokens": 5, "pad_token": [1]},
        {"added_tokens_decoder": {"3": 7}, "additional_special_tokens": "<x>"},
    ],
)
def test_odd_configs_are_read_or_named(tmp_path, config):
    plain, odd = whole(tmp_path / "plain"), whole(tmp_path / "odd", **config)
    try:
        compared(plain, odd)
    except ValueError as error:
        assert str(odd) in str(error)


def test_every_file_of_a_tokenizer_that_transformers_reads_is_a_models_own():
    root = Path(transformers.__file__).parent / "models"
    said = re.compile(r"VOCAB_FILES_NAMES = \{([^}]*)\}")
    blocks = (b for f in root.glob("*/tokenization_*.py") for b in said.findall(f.read_text()))
    names = {name for block in blocks for name in re.findall(r'"\w+": "([^"]+)"', block)}
    assert {"source.spm", "bpe.codes", "spiece.model", "vocab.json"} <= names
    left = [n for n in names if not any(Path(n).match(one) for one in directories.COMPANIONS)]
    assert not left


@pytest.mark.parametrize("where", ["decoder", "mark", "map"])
def test_a_key_that_a_library_would_print_can_be_seen(tmp_path, where, capfd):
    """tokenizers writes keys of a token that it does not know to the terminal, codes and all."""
    odd = {**MARK, "content": "<unk>", "\x1b[2J": True}
    config = {"unk_token": odd} if where == "mark" else {}
    config |= {"added_tokens_decoder": {"0": odd}} if where == "decoder" else {}
    folder = whole(tmp_path / "m", **config)
    if where == "map":
        (folder / "special_tokens_map.json").write_text(json.dumps({"unk_token": odd}))
    for use in (load_tokenizer, tokenizers.settings):
        with pytest.raises(ValueError, match=r"(config|map).json: has the key '\\x1b\[2J'"):
            use(folder)
    assert "\x1b" not in "".join(capfd.readouterr())
