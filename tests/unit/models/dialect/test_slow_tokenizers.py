"""Tokenizers of which transformers has no fast one: rows go by their tokens all the same."""

import json
import shutil

import pytest
import torch
from transformers import (
    AutoModelForSeq2SeqLM,
    AutoTokenizer,
    M2M100Config,
    MarianConfig,
)

from babelmerge import merging
from babelmerge.files import directories
from babelmerge.models.checkpoints import Checkpoint, read_json
from babelmerge.models.dialect import tokenizers
from babelmerge.models.dialect.vocabulary import Vocabulary
from babelmerge.models.loading import load_tokenizer
from babelmerge.recipes import recipes

sentencepiece = pytest.importorskip("sentencepiece")
TEXTS = ["the house is big and old", "wir gehen nach hause", "le chat est noir", "hello world"]
SIDES = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16}
SIDES |= {"decoder_ffn_dim": 16, "encoder_attention_heads": 2, "decoder_attention_heads": 2}
SIDES |= {"max_position_embeddings": 32}


@pytest.fixture(scope="module")
def pieces(tmp_path_factory):
    """(the file of a model of SentencePiece, its pieces)."""
    root = tmp_path_factory.mktemp("pieces")
    (root / "texts").write_text("\n".join(TEXTS * 40))
    start = str(root / "sp")
    sentencepiece.SentencePieceTrainer.train(
        input=str(root / "texts"), model_prefix=start, vocab_size=30, minloglevel=2
    )
    made = sentencepiece.SentencePieceProcessor(f"{start}.model")
    return root / "sp.model", [made.id_to_piece(n) for n in range(3, made.get_piece_size())]


def m2m(folder, pieces, more=()):
    file, some = pieces
    every = ["<s>", "<pad>", "</s>", "<unk>", *some, *more]
    shutil.copy(file, folder / "sentencepiece.bpe.model")
    said = {"tokenizer_class": "M2M100Tokenizer", "src_lang": "en", "tgt_lang": "fr"}
    return every, said, M2M100Config(vocab_size=len(every) + 108, **SIDES)


def marian(folder, pieces, more=()):
    file, some = pieces
    every = ["</s>", "<unk>", *some, *more, "<pad>"]
    for side in ("source", "target"):
        shutil.copy(file, folder / f"{side}.spm")
    said = {"tokenizer_class": "MarianTokenizer", "source_lang": "en", "target_lang": "fr"}
    last = len(every) - 1
    ids = {"pad_token_id": last, "decoder_start_token_id": last, "eos_token_id": 0}
    return every, said, MarianConfig(vocab_size=len(every), **ids, **SIDES)


KINDS = {"m2m": m2m, "marian": marian}


def member(folder, kind, pieces, seed=0, turned=False, more=()):
    folder.mkdir()
    file, some = pieces
    every, said, config = KINDS[kind](folder, (file, some[::-1] if turned else some), more)
    (folder / "vocab.json").write_text(json.dumps({one: n for n, one in enumerate(every)}))
    (folder / "tokenizer_config.json").write_text(json.dumps(said))
    torch.manual_seed(seed)
    AutoModelForSeq2SeqLM.from_config(config).save_pretrained(folder)
    return folder


def merged(base, expert, embeddings, out):
    point = {"weight": 1.0, "embeddings": embeddings}
    return merging.merge_files(
        recipes.make_recipe(base, {"e": expert}, "task_arithmetic", point), out
    )


def logits(folder):
    """Of a text's tokens, by what the token is; M2M100 has languages beyond its vocabulary."""
    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    ids = tokenizer(TEXTS[0], return_tensors="pt").input_ids
    with torch.no_grad():
        found = model(input_ids=ids, decoder_input_ids=ids).logits[0]
    every = {**tokenizer.get_vocab(), **getattr(tokenizer, "lang_token_to_id", {})}
    return {token: found[:, number] for token, number in every.items()}


@pytest.mark.parametrize("more", [(), ("hallo", "welt")])
@pytest.mark.parametrize("kind", KINDS)
def test_rows_go_by_token_where_another_list_gives_them_other_ids(tmp_path, pieces, kind, more):
    """The models of SentencePiece are one by their bytes, and vocab.json is another."""
    base = member(tmp_path / "base", kind, pieces)
    expert = member(tmp_path / "e", kind, pieces, 1, True, more)
    with pytest.raises(ValueError, match="embeddings: common"):
        merged(base, expert, "strict", tmp_path / "out")
    out = merged(base, expert, "common", tmp_path / "out")
    assert len(read_json(out / "vocab.json")) == len(read_json(expert / "vocab.json"))
    found, wanted = logits(out), logits(expert)
    assert found.keys() == wanted.keys()
    assert all(torch.allclose(found[token], wanted[token], atol=1e-5) for token in wanted)


@pytest.mark.parametrize("embeddings", ["strict", "common"])
@pytest.mark.parametrize("kind", KINDS)
def test_one_tokenizer_merges_as_it_lies(tmp_path, pieces, kind, embeddings):
    """However its list is written."""
    base, expert = (member(tmp_path / str(n), kind, pieces, n) for n in range(2))
    said = read_json(expert / "vocab.json")
    (expert / "vocab.json").write_text(json.dumps(said, indent=4))
    out = merged(base, expert, embeddings, tmp_path / "out")
    for name in Checkpoint(expert).names:
        assert torch.allclose(Checkpoint(out).read(name), Checkpoint(expert).read(name), atol=1e-6)


def test_nothing_is_added_to_a_tokenizer_without_a_file_for_it(tmp_path, pieces):
    base = member(tmp_path / "base", "marian", pieces, more=["hei"])
    expert = member(tmp_path / "e", "marian", pieces, 1, more=["hallo"])
    with pytest.raises(ValueError, match="e has 1 token .'hallo'. that the base lacks.*base, or"):
        merged(base, expert, "common", tmp_path / "out")
    named = {word: member(tmp_path / word, "marian", pieces, 1) for word in ("hallo", "welt")}
    for word, folder in named.items():
        said = read_json(folder / "tokenizer_config.json") | {"extra_special_tokens": [word]}
        (folder / "tokenizer_config.json").write_text(json.dumps(said))
        model = AutoModelForSeq2SeqLM.from_pretrained(folder)
        model.resize_token_embeddings(model.config.vocab_size + 1, mean_resizing=False)
        model.save_pretrained(folder)
    recipe = recipes.make_recipe(
        member(tmp_path / "plain", "marian", pieces), named, "linear", {"embeddings": "common"}
    )
    with pytest.raises(ValueError, match=r"'hallo'.*cannot be added .* has no tokenizer.json"):
        merging.merge_files(recipe, tmp_path / "out")


def test_a_vocabulary_for_each_side_is_refused_with_both_files(tmp_path, pieces):
    base, expert = (member(tmp_path / str(n), "marian", pieces, n, bool(n)) for n in range(2))
    for folder in (base, expert):
        shutil.copy(base / "vocab.json", folder / "target_vocab.json")
        said = read_json(folder / "tokenizer_config.json")
        (folder / "tokenizer_config.json").write_text(json.dumps({**said, "separate_vocabs": True}))
    for embeddings in ("strict", "common"):
        with pytest.raises(ValueError, match=r"vocab.json: .*target_vocab.json.*embeddings: base"):
            merged(base, expert, embeddings, tmp_path / "out")
    merged(base, expert, "base", tmp_path / "out")


@pytest.mark.parametrize("name", tokenizers.PARTS)
def test_every_part_of_a_tokenizer_counts_and_goes_with_it(tmp_path, name):
    folders = tmp_path / "a", tmp_path / "b"
    for folder in folders:
        folder.mkdir()
        (folder / "tokenizer.model").write_bytes(b"one")
        (folder / name).write_text("{}")
    assert tokenizers.same(*(folder / "tokenizer.model" for folder in folders))
    (folders[1] / name).write_text("{ }")
    assert not tokenizers.same(*(folder / "tokenizer.model" for folder in folders))
    directories.copy_tokenizer(*folders)
    assert (folders[1] / name).read_text() == "{}"


def test_parts_that_cut_otherwise_are_told_by_their_names(tmp_path):
    """As those of PhoBERT: a list of tokens, and codes by which words are cut."""
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        folder.mkdir()
        (folder / "vocab.txt").write_text("a 5\nb 4\n")
        (folder / "bpe.codes").write_text(f"a b {number}\n" if number else "")
        config = {"tokenizer_class": "PhobertTokenizer", "added_tokens_decoder": {}}
        (folder / "tokenizer_config.json").write_text(json.dumps(config))
        (folder / "config.json").write_text(json.dumps({"model_type": "roberta"}))
    found = tokenizers.compare(*(tokenizers.read(tmp_path / one / "vocab.txt") for one in "ab"))
    assert found[:3] == ((), (), ()) and found.cuts == ("bpe.codes",)


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("GemmaTokenizer", "tokenizer.model"),
        ("LlamaTokenizer", "tokenizer.model"),
        ("GPTSw3Tokenizer", "spiece.model"),
        ("NllbTokenizer", "sentencepiece.bpe.model"),
    ],
)
def test_a_model_of_sentencepiece_alone_is_what_transformers_saves_of_it(
    tmp_path, pieces, kind, name
):
    """Gemma's class does not list the file that it reads."""
    plain, saved = tmp_path / "plain", tmp_path / "saved"
    plain.mkdir()
    (plain / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": kind}))
    shutil.copy(pieces[0], plain / name)
    load_tokenizer(plain).save_pretrained(saved)
    for one, other in ((plain, saved), (saved, plain)):
        found = Vocabulary({"base": one, "e": other})
        assert not any(any(differences) for differences in found.differences.values())


def test_a_class_that_does_not_read_the_file_gives_no_empty_tokenizer(tmp_path, pieces):
    (tmp_path / "tokenizer_config.json").write_text('{"tokenizer_class": "XGLMTokenizer"}')
    shutil.copy(pieces[0], tmp_path / "sentencepiece.bpe.model")
    with pytest.raises(ValueError, match=r"there is no tokenizer.json.*then save_pretrained"):
        load_tokenizer(tmp_path)


@pytest.mark.parametrize("key", tokenizers.NORMALISED)
def test_how_words_of_a_list_are_made_plain_counts(tmp_path, key):
    """One vocab.txt, and a config by which it cuts texts otherwise."""
    for number, folder in enumerate((tmp_path / "a", tmp_path / "b")):
        folder.mkdir()
        (folder / "vocab.txt").write_text("[UNK]\n[PAD]\n[CLS]\n[SEP]\n[MASK]\na\nA\n")
        said = {"tokenizer_class": "BertTokenizer", "do_lower_case": False, key: bool(number)}
        (folder / "tokenizer_config.json").write_text(json.dumps(said))
    found = Vocabulary({"base": tmp_path / "a", "e": tmp_path / "b"}).differences["e"]
    assert found.cuts == ("normalizer",) and not found.tokens
