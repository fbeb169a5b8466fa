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
from babelmerge.tasks import choices, learning
from babelmerge.vocabularies import derivations, texts, trimming

CORPUS = [
    "the cat sat on the mat and the other cat",
    "लाल बिल्ली लाल घर में बैठी है",
    "these are other words that other texts have",
    "ein anderer Satz mit anderen Wörtern darin",
    "[user] [end] [assistant] be brief, the answer is positive. or negative.",
    "positive.\n\nnegative.\n\nthe cat",
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


def trimmed(folder, source, read=USED):
    folder.mkdir()
    taking.take_in(folder, None, path=str(source))
    return trimming.trim(folder, read)


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
    by_layer = "embed_tokens_per_layer.weight"  # of Gemma 3n, for the first tokens alone
    for name, tokenizer, change, message in (
        ("words", words, {}, "is a 'WordLevel' model, expected BPE or Unigram"),
        ("rows", byte_level(), {"model.layer_tokens.weight": 0}, "layer_tokens.weight is"),
        ("layers", byte_level(), {f"model.{by_layer}": 4}, f"{by_layer} is"),
    ):
        source = a_model(tmp_path / name, tokenizer)
        state = load_file(source / "model.safetensors")
        for tensor, fewer in change.items():
            state[tensor] = torch.zeros(tokenizer.get_vocab_size() - fewer, 3)
        save_file(state, source / "model.safetensors")
        before = {file.name: file.read_bytes() for file in source.iterdir()}
        with pytest.raises(ValueError, match=f"cannot be trimmed: .*{message}.*leave base.vocab"):
            trimming.trim(source, USED)
        assert {file.name: file.read_bytes() for file in source.iterdir()} == before


IMAGE = "<image>"
NAMING = {
    "its name": {"image_token": IMAGE},
    "a list": {"extra_special_tokens": [IMAGE, "<pad>"]},
    "names": {"extra_special_tokens": {"image_token": IMAGE}},
    "the older list": {"additional_special_tokens": [IMAGE]},
    "names of the model": {"model_specific_special_tokens": {"image_token": IMAGE}},
    "a mark": {"mask_token": {"__type": "AddedToken", "content": IMAGE, "lstrip": False}},
    "ids": {"added_tokens_decoder": {"500": {"content": IMAGE, "special": True}}},
}


def with_one_more_token_than_rows(folder, **named):
    """A model whose tokenizer has a last added token that its embeddings have no row for."""
    tokenizer = byte_level()
    tokenizer.add_special_tokens([IMAGE])
    source = a_model(folder, tokenizer, padding=-1)
    config = checkpoints.read_json(source / "tokenizer_config.json")
    checkpoints.write_json(source / "tokenizer_config.json", config | named)
    return source


@pytest.mark.parametrize("way", NAMING)
def test_an_added_token_without_a_row_goes_however_it_is_named(way, tmp_path):
    named = NAMING[way]
    last = with_one_more_token_than_rows(tmp_path / "one")
    number = json.loads((last / "tokenizer.json").read_text())["added_tokens"][-1]["id"]
    if way == "ids":
        named = {"added_tokens_decoder": {str(number): named["added_tokens_decoder"]["500"]}}
    source = with_one_more_token_than_rows(tmp_path / "whole", **named)
    checkpoints.write_json(source / "special_tokens_map.json", {"image_token": IMAGE})
    found = trimmed(tmp_path / "less", source)
    old, new = (loading.load_tokenizer(folder) for folder in (source, tmp_path / "less"))
    assert found.of == number and len(old) == number + 1
    assert len(new) == found.tokens and IMAGE not in new.get_vocab()
    for file in (tmp_path / "less").glob("*.json"):
        assert IMAGE not in file.read_text(encoding="utf-8"), file.name
    for text in USED:
        assert [*map(new.decode, new(text).input_ids)] == [*map(old.decode, old(text).input_ids)]


def test_a_token_without_a_row_is_refused_where_texts_need_it(tmp_path):
    said = "cannot be trimmed: texts need its token .*rows; leave base.vocabulary out"
    for name, read, named in (
        ("in a text", [*USED, f"the {IMAGE}"], {}),
        ("at the end", USED, {"eos_token": IMAGE}),
        ("as padding", USED, {"pad_token": IMAGE}),
    ):
        source = with_one_more_token_than_rows(tmp_path / name, **named)
        with pytest.raises(ValueError, match=said):
            trimming.trim(source, read)


def test_what_is_put_between_pairs_of_texts_stays(tmp_path):
    source = a_model(tmp_path / "whole", byte_level())
    tokenizer = Tokenizer.from_file(str(source / "tokenizer.json"))
    marks = [(token, tokenizer.token_to_id(token)) for token in ("<s>", "Ġother")]
    assert "Ġother" not in tokenizer.encode_batch(USED)[0].tokens
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A Ġother $B", special_tokens=marks
    )
    tokenizer.save(str(source / "tokenizer.json"))
    trimmed(tmp_path / "less", source)
    less = Tokenizer.from_file(str(tmp_path / "less" / "tokenizer.json"))
    assert less.encode(*USED).tokens == tokenizer.encode(*USED).tokens


CHAT = (
    "[user] be brief, {% for m in messages %}{{ m.content }}{% endfor %} [end]"
    "{% if add_generation_prompt %} [assistant]{% endif %}"
)
ROWS = [
    {
        "id": str(number),
        "source_language": "en",
        "target_language": "en",
        "source": source,
        "target": target,
        "choices": ["positive.", "negative."],
    }
    for number, (source, target) in enumerate(
        [("the cat sat", "positive."), ("the mat", "positive.")]
    )
]
LABELLED = [{key: value for key, value in row.items() if key != "choices"} for row in ROWS]
PLAIN = {"template": "{source}:{space}", "chat": False, "answer": "generate", "shots": False}
PLAIN |= {"labels": []}
LIKELY = {"answer": "likelihood"}
WAYS = {
    "a chat": (ROWS, {"chat": True}),
    "examples": (ROWS, {"shots": True}),
    "examples in a chat": (ROWS, {"shots": True, "chat": True}),
    "choices": (ROWS, LIKELY),
    "labels": (LABELLED, LIKELY | {"labels": ["positive.", "negative."]}),
    "one text": (ROWS, LIKELY | {"tokenization": "joint", "template": "{source}: "}),
    "all of it": (ROWS, LIKELY | {"tokenization": "joint", "shots": True, "chat": True}),
}


SEAMLESS = ("examples", "byte-level")  # where no token has both a full stop and a new line


def cut(rows, asked, tokenizer):
    """The tokens of all that is learnt from rows and asked of them."""
    behind = [{**row, "shots": [other]} for row, other in zip(rows, rows[-1:] + rows, strict=False)]
    for seen in (rows, behind) if asked["shots"] else (rows,):
        for one in learning.encode(seen, asked, tokenizer):
            yield one.ids
        for pairs in (
            choices.encode(seen, asked, tokenizer) if asked["answer"] != "generate" else ()
        ):
            yield from (ids for pair in pairs for ids in pair)


@pytest.mark.parametrize("kind", ["byte-level", "falling back"])
@pytest.mark.parametrize("way", WAYS)
def test_rows_are_cut_as_before_however_models_are_asked(way, kind, tmp_path):
    rows, asked = WAYS[way][0], PLAIN | WAYS[way][1]
    source = a_model(tmp_path / "whole", KINDS[kind]())
    (source / "chat_template.jinja").write_text(CHAT, encoding="utf-8")
    old = loading.load_tokenizer(source)
    bare = trimmed(tmp_path / "bare", source, texts.read_texts(rows, PLAIN, old))
    found = trimmed(tmp_path / "less", source, texts.read_texts(rows, asked, old))
    new = loading.load_tokenizer(tmp_path / "less")
    both = [[*cut(rows, asked, one)] for one in (old, new)]
    told = [
        [one.convert_ids_to_tokens(ids) for ids in own]
        for own, one in zip(both, (old, new), strict=True)
    ]
    assert told[0] == told[1] and len(told[0]) >= len(rows)
    assert found.tokens > bare.tokens or (way, kind) == SEAMLESS, "it needs tokens of its own"


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
