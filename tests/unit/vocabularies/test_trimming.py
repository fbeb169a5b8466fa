"""A trimmed model cuts and foretells the texts that it was trimmed by as it did before."""

import json

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from babelmerge.models import checkpoints, loading, taking
from babelmerge.vocabularies import derivations, trimming

CORPUS = [
    "the cat sat on the mat and the other cat",
    "लाल बिल्ली लाल घर में बैठी है",
    "these are other words that other texts have",
    "ein anderer Satz mit anderen Wörtern darin",
] * 3
USED = ["the cat sat", "लाल घर में"]
SPECIAL = ["<pad>", "<s>", "</s>", "<unk>"]


def byte_level():
    found = Tokenizer(models.BPE())
    found.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    found.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=500, special_tokens=SPECIAL, initial_alphabet=alphabet, show_progress=False
    )
    found.train_from_iterator(CORPUS, trainer)
    return found


def falling_back():
    """BPE over characters with bytes for those that are not known, as Gemma's."""
    found = Tokenizer(models.BPE(unk_token="<unk>", byte_fallback=True, fuse_unk=True))
    found.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="never")
    found.decoder = decoders.Sequence(
        [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    )
    special = [*SPECIAL, *(f"<0x{number:02X}>" for number in range(256))]
    found.train_from_iterator(
        CORPUS, trainers.BpeTrainer(vocab_size=500, special_tokens=special, show_progress=False)
    )
    content = json.loads(found.to_str())
    content["added_tokens"] = content["added_tokens"][: len(SPECIAL)]
    return Tokenizer.from_str(json.dumps(content))


def unigram():
    found = Tokenizer(models.Unigram())
    found.pre_tokenizer = pre_tokenizers.Metaspace()
    found.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=SPECIAL, unk_token="<unk>", show_progress=False
    )
    found.train_from_iterator(CORPUS, trainer)
    return found


KINDS = {"byte-level": byte_level, "falling back": falling_back, "unigram": unigram}


def a_model(folder, tokenizer, tied=True, padding=0):
    """A tiny model in a folder, whose tokenizer puts <s> before texts."""
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", special_tokens=[("<s>", tokenizer.token_to_id("<s>"))]
    )
    config = LlamaConfig(
        vocab_size=tokenizer.get_vocab_size() + padding,
        hidden_size=16,
        intermediate_size=24,
        num_hidden_layers=2,
        num_attention_heads=2,
        tie_word_embeddings=tied,
        bos_token_id=1,
        eos_token_id=[2, 0],
        pad_token_id=0,
    )
    torch.manual_seed(1)
    LlamaForCausalLM(config).save_pretrained(folder)
    marks = dict(bos_token="<s>", eos_token="</s>", pad_token="<pad>", unk_token="<unk>")
    PreTrainedTokenizerFast(tokenizer_object=tokenizer, **marks).save_pretrained(folder)
    return folder


def trimmed(folder, source, texts=USED):
    folder.mkdir()
    taking.take_in(folder, None, path=str(source))
    return trimming.trim(folder, texts)


@pytest.fixture(scope="module", params=KINDS)
def tokenizer(request):
    return KINDS[request.param]()


@pytest.mark.parametrize(("tied", "padding"), [(True, 0), (False, 5)])
def test_texts_keep_their_tokens_and_logits(tokenizer, tied, padding, tmp_path):
    source = a_model(tmp_path / "whole", tokenizer, tied, padding)
    before = (source / "model.safetensors").read_bytes()
    found = trimmed(tmp_path / "less", source)
    old, old_tokenizer = loading.load(source)
    new, new_tokenizer = loading.load(tmp_path / "less")
    assert found.tokens == len(new_tokenizer) == new.config.vocab_size < found.of
    assert found.of == len(old_tokenizer) + padding
    ids = old_tokenizer.convert_tokens_to_ids(
        new_tokenizer.convert_ids_to_tokens(range(len(new_tokenizer)))
    )
    assert ids == sorted(ids)
    for text in USED:
        wanted, cut = old_tokenizer(text).input_ids, new_tokenizer(text).input_ids
        assert [ids[one] for one in cut] == wanted
        with torch.no_grad():
            ours, theirs = new(torch.tensor([cut])).logits, old(torch.tensor([wanted])).logits
        torch.testing.assert_close(ours, theirs[..., ids], rtol=0, atol=1e-6)
    assert (source / "model.safetensors").read_bytes() == before
    assert not (tmp_path / "less" / "whole").exists()


def test_other_texts_are_still_written_as_they_are(tokenizer, tmp_path):
    source = a_model(tmp_path / "whole", tokenizer)
    trimmed(tmp_path / "less", source)
    _, old = loading.load(source)
    _, new = loading.load(tmp_path / "less")
    for text in CORPUS[:4]:
        wanted = old.decode(old(text).input_ids, skip_special_tokens=True)
        assert new.decode(new(text).input_ids, skip_special_tokens=True) == wanted


def test_ids_in_configs_move_with_their_tokens(tmp_path):
    tokenizer = byte_level()
    late = ["<image>", "<end>"]
    tokenizer.add_special_tokens(late)
    source = a_model(tmp_path / "whole", tokenizer)
    size = tokenizer.get_vocab_size()
    config = {**checkpoints.read_json(source / "config.json"), "image_token_index": size - 2}
    checkpoints.write_json(source / "config.json", config)
    generation = {"eos_token_id": [size - 1], "suppress_tokens": [300], "top_k": 300}
    checkpoints.write_json(source / "generation_config.json", generation)
    found = trimmed(tmp_path / "less", source)
    told = checkpoints.read_json(tmp_path / "less" / "config.json")
    asked = checkpoints.read_json(tmp_path / "less" / "generation_config.json")
    _, ours = loading.load(tmp_path / "less")
    _, theirs = loading.load(source)
    assert told["vocab_size"] == found.tokens
    assert ours.convert_ids_to_tokens(told["image_token_index"]) == "<image>"
    assert ours.convert_ids_to_tokens(asked["eos_token_id"]) == ["<end>"]
    assert ours.convert_ids_to_tokens(asked["suppress_tokens"]) == [
        theirs.convert_ids_to_tokens(300)
    ]
    assert asked["top_k"] == 300 and told["hidden_size"] == 16


def test_what_cannot_be_trimmed_is_refused_before_anything_is_written(tmp_path):
    words = Tokenizer(models.WordLevel({**{t: n for n, t in enumerate(SPECIAL)}, "a": 4}, "<unk>"))
    for name, tokenizer, change, message in (
        ("words", words, {}, "is a 'WordLevel' model, expected BPE or Unigram"),
        ("rows", byte_level(), {"model.layer_tokens.weight": 0}, "layer_tokens.weight is"),
    ):
        source = a_model(tmp_path / name, tokenizer)
        state = load_file(source / "model.safetensors")
        for tensor in change:
            state[tensor] = torch.zeros(tokenizer.get_vocab_size(), 3)
        save_file(state, source / "model.safetensors")
        before = {file.name: file.read_bytes() for file in source.iterdir()}
        with pytest.raises(ValueError, match=f"cannot be trimmed: .*{message}.*leave base.vocab"):
            trimming.trim(source, USED)
        assert {file.name: file.read_bytes() for file in source.iterdir()} == before


TEXTS = st.lists(st.text(alphabet="abc", min_size=1, max_size=12), min_size=1, max_size=6)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(learnt=TEXTS, used=TEXTS)
def test_fewer_rules_cut_the_texts_that_they_were_kept_for_alike(learnt, used):
    whole = Tokenizer(models.BPE())
    trainer = trainers.BpeTrainer(
        vocab_size=40, initial_alphabet=["a", "b", "c"], show_progress=False
    )
    whole.train_from_iterator([text * 2 for text in learnt], trainer)
    content = json.loads(whole.to_str())
    cut = {text: whole.encode(text).tokens for text in used}
    entries = derivations.needed(content["model"], {one for found in cut.values() for one in found})
    kept = sorted(entries, key=content["model"]["vocab"].__getitem__)
    content["model"] = derivations.reduced(content["model"], kept)
    less = Tokenizer.from_str(json.dumps(content))
    assert {text: less.encode(text).tokens for text in used} == cut
