"""Tokenizers are one if they cut alike, however written; one in memory has the ids of its file."""

import json

import pytest
from tokenizers import Tokenizer, models, pre_tokenizers, processors, trainers

from babelmerge.models import differences
from babelmerge.models.dialect import agreement, tokenizers
from babelmerge.models.loading import load_tokenizer

TEXTS = ["the house is big", "2023 a  b", "wir gehen nach hause", "le chat est noir"]


def learnt(size=300, added=()):
    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    options = {"initial_alphabet": alphabet, "special_tokens": ["<end>"], "show_progress": False}
    made.train_from_iterator(TEXTS, trainers.BpeTrainer(vocab_size=size, **options))
    made.add_special_tokens(list(added))
    return json.loads(made.to_str())


def put(folder, content, **config):
    folder.mkdir(exist_ok=True, parents=True)
    (folder / "tokenizer.json").write_text(json.dumps(content))
    given = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", **config}
    (folder / "tokenizer_config.json").write_text(json.dumps(given))
    return folder


def compared(tmp_path, theirs, ours=None, **config):
    files = []
    for name, content in (("a", ours or learnt()), ("b", theirs)):
        given = config if name == "b" else {}
        files.append(tokenizers.file_of(put(tmp_path / name, content, **given)))
    if tokenizers.same(*files):
        return None
    return tokenizers.compare(*map(tokenizers.read, files))


def otherwise(change):
    content = learnt()
    change(content)
    return content


SPELLINGS = {
    "merges as texts": lambda c: c["model"].update(
        merges=list(map(" ".join, c["model"]["merges"]))
    ),
    "defaults left out": lambda c: [c["model"].pop(k) for k in ("dropout", "fuse_unk")],
    "a sequence of one": lambda c: c.update(
        pre_tokenizer={"type": "Sequence", "pretokenizers": [c["pre_tokenizer"]]}
    ),
    "offsets": lambda c: c["pre_tokenizer"].update(trim_offsets=False),
    "nothing put around": lambda c: c.update(
        post_processor={**learnt()["pre_tokenizer"], "add_prefix_space": True}
    ),
    "cut at a length": lambda c: c.update(
        truncation={"direction": "Right", "max_length": 2, "strategy": "LongestFirst", "stride": 0}
    ),
    "empty for none": lambda c: c["model"].update(end_of_word_suffix=""),
}


@pytest.mark.parametrize("name", SPELLINGS)
def test_spellings_of_one_tokenizer_are_no_difference(tmp_path, name):
    assert compared(tmp_path, otherwise(SPELLINGS[name])) == ((), (), (), (), 0)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda c: c["pre_tokenizer"].update(add_prefix_space=True), "pre_tokenizer"),
        (lambda c: c.update(normalizer={"type": "Lowercase"}), "normalizer"),
        (lambda c: c["model"]["merges"].reverse(), "model.merges"),
        (lambda c: c["added_tokens"][0].update(lstrip=True), "added_tokens"),
    ],
)
def test_what_cuts_otherwise_is_named_with_its_place(tmp_path, change, place):
    found = compared(tmp_path, otherwise(change))
    assert found.cuts == (place,) and not (found.moved or found.more or found.fewer)
    assert found.samples or place in ("model.merges", "added_tokens")


def test_a_token_put_before_texts_is_a_difference_wherever_it_is_said(tmp_path):
    around = processors.TemplateProcessing(single="<end> $A", special_tokens=[("<end>", 0)])
    made = Tokenizer.from_str(json.dumps(learnt()))
    made.post_processor = around
    content = json.loads(made.to_str())
    found = compared(tmp_path, content)
    assert found.cuts == ("post_processor",) and found.samples == len(tokenizers.SAMPLES)
    added = {"add_bos_token": True, "bos_token": {"content": "<end>"}}
    assert compared(tmp_path / "said", learnt(), **added).cuts == ("post_processor",)
    assert compared(tmp_path / "both", content, content, **added).cuts == ()


def test_scores_of_unigrams_are_compared_and_ids_told_apart(tmp_path):
    def unigram(score, *more):
        vocabulary = [["<unk>", 0.0], ["a", -1.0], ["b", score], *more]
        return {**learnt(), "added_tokens": [], "pre_tokenizer": None} | {
            "model": {"type": "Unigram", "unk_id": 0, "vocab": vocabulary}
        }

    assert compared(tmp_path, unigram(-2.0), unigram(-3.0)).cuts == ("model.vocab",)
    found = compared(tmp_path, unigram(-2.0, ["c", -4.0]), unigram(-2.0, ["d", -4.0]))
    assert (found.more, found.fewer, found.moved) == (("c",), ("d",), ("c",))


def test_ids_in_memory_are_those_of_the_file_whatever_the_class(tmp_path, caplog):
    config = {"model_type": "qwen2"}  # whose class splits digits
    folder = put(tmp_path / "q", learnt(), tokenizer_class="Qwen2TokenizerFast")
    (folder / "config.json").write_text(json.dumps(config))
    content = Tokenizer.from_file(str(folder / "tokenizer.json"))
    loaded = load_tokenizer(folder)
    for text in (*TEXTS, *tokenizers.SAMPLES):
        assert loaded(text)["input_ids"] == content.encode(text).ids
    assert "the file's are taken" in caplog.text


def test_marks_that_a_config_names_must_be_tokens(tmp_path):
    lists = {"additional_special_tokens": ["<|a|>"], "extra_special_tokens": ["<|b|>"]}
    with pytest.raises(ValueError, match=r"<\|a\|>.*extra_special_tokens.*added_tokens"):
        load_tokenizer(put(tmp_path / "lost", learnt(), **lists))
    assert agreement.lost(tmp_path / "lost") == ["<|a|>"]
    whole = load_tokenizer(put(tmp_path / "whole", learnt(added=["<|a|>"]), **lists))
    assert agreement.lost(tmp_path / "whole") == []
    assert len(whole("<|a|>")["input_ids"]) == 1


def test_diff_tells_spellings_of_one_tokenizer_from_others(tmp_path):
    content, other = learnt(), learnt()
    SPELLINGS["merges as texts"](other)
    folders = put(tmp_path / "a", content), put(tmp_path / "b", other)
    (found,) = differences.compare_files(*folders)
    assert found.key == "model.merges" and not found.counts
    put(folders[1], otherwise(lambda c: c["model"]["merges"].reverse()))
    assert any(one.counts for one in differences.compare_files(*folders))
