"""Prompts, spans and the tokenizer: what is masked is what the text says."""

from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_training import TEMPLATE, make_rows, make_tokenizer
from tokenizers.processors import TemplateProcessing
from transformers import AutoTokenizer

from babelmerge.tasks import kinds, prompts, rendering
from babelmerge.vocabularies import learning

SENTENCES = [
    "The cat, 3.5 {source} and {x}.",
    "बिल्ली पानी पीती है।",
    "பூனை தண்ணீர் குடிக்கிறது.",
    "పిల్లి నీళ్ళు తాగుతుంది.",
    "猫在喝水。",
    "القطة تشرب الماء.",
    "👩‍👩‍👧 naïve",
    "  spaces  around  ",
]
CHAT = (
    "<|system|>You help.<|end|>{% for m in messages %}<|{{ m.role }}|>{{ m.content }}<|end|>"
    "{% endfor %}{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def row(source="a cat", target="बिल्ली", **more):
    codes = {"source_language": "en", "target_language": "hi"}
    return {"id": "7", "source": source, "target": target, **codes, **more}


def masked_text(tokenizer, encoded, mask):
    return tokenizer.decode([i for i, m in zip(encoded.ids, mask, strict=True) if m])


def test_placeholders_are_filled_once_and_all_else_is_literal():
    template = "{source_code}>{target_code} {source_language} {x} {}\n{source}|{target_language}"
    prompt, (start, end) = rendering.render_prompt(row("{target_code}"), template)
    assert prompt == "en>hi English {x} {}\n{target_code}|Hindi"
    assert prompt[start:end] == "{target_code}"


def test_a_row_may_name_its_own_languages():
    prompt, _ = rendering.render_prompt(row(target_language_name="Awadhi"), TEMPLATE)
    assert prompt.startswith("English Awadhi\n")


@pytest.mark.parametrize("template", ["Translate.", "{source} {source}", "{sorce}"])
def test_a_template_holds_the_source_exactly_once(template):
    with pytest.raises(ValueError, match="exactly once"):
        rendering.render_prompt(row(), template)


@pytest.mark.parametrize("text", SENTENCES)
def test_masks_cover_source_and_target_and_nothing_else(tokenizer, text):
    encoded = prompts.encode(row(text, text), TEMPLATE, tokenizer, None)
    assert tokenizer.decode(encoded.prompt_ids) == f"English Hindi\n{text}\n"
    assert tokenizer.decode(encoded.target_ids[:-1]) == text
    assert encoded.target_ids[-1] == tokenizer.eos_token_id
    assert masked_text(tokenizer, encoded, encoded.source_mask).strip("\n") == text
    assert masked_text(tokenizer, encoded, encoded.target_mask) == text
    assert len(encoded.ids) == len(encoded.source_mask) == len(encoded.target_mask)
    assert not encoded.target_mask[-1] and not any(encoded.source_mask[len(encoded.prompt_ids) :])


@settings(max_examples=60, deadline=None, database=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20))
def test_the_source_mask_always_covers_the_source(text):
    tokenizer = _cached_tokenizer()
    encoded = prompts.encode(row(text), TEMPLATE, tokenizer, None)
    covered = masked_text(tokenizer, encoded, encoded.source_mask)
    assert text in covered and len(covered) <= len(text) + 2  # a line break may share a token


def _cached_tokenizer(cache=[]):  # noqa: B006  (hypothesis cannot take module fixtures)
    if not cache:
        cache.append(make_tokenizer())
    return cache[0]


def test_training_decoding_and_batches_see_the_same_prompt(tokenizer):
    rows = make_rows(20)
    alone = [prompts.encode(r, TEMPLATE, tokenizer, 64) for r in rows]
    assert list(prompts.encode_all(rows, TEMPLATE, tokenizer, 64)) == alone
    without_targets = [{k: v for k, v in r.items() if k != "target"} for r in rows]
    decoding = list(prompts.encode_prompts(without_targets, TEMPLATE, tokenizer, 64))
    assert decoding == [e.prompt_ids for e in alone]


def test_chunks_do_not_change_order_or_count(tokenizer, monkeypatch):
    rows = make_rows(11)
    whole = list(prompts.encode_all(rows, TEMPLATE, tokenizer, 64))
    monkeypatch.setattr(prompts, "CHUNK", 4)
    assert list(prompts.encode_all(rows, TEMPLATE, tokenizer, 64)) == whole


def test_a_long_target_is_cut_and_counted(tokenizer):
    full = prompts.encode(row(target="कुत्ता " * 9), TEMPLATE, tokenizer, None)
    limit = len(full.ids) - 3
    cut = prompts.encode(row(target="कुत्ता " * 9), TEMPLATE, tokenizer, limit)
    assert (len(cut.ids), cut.cut) == (limit, 3)
    assert cut.ids == full.ids[:limit]
    assert cut.target_mask[-1] and tokenizer.eos_token_id not in cut.target_ids


def test_a_prompt_without_room_is_an_error_or_counted_by_the_caller(tokenizer):
    length = len(prompts.encode(row(), TEMPLATE, tokenizer, None).prompt_ids)
    assert len(prompts.encode(row(), TEMPLATE, tokenizer, length + 1).target_ids) == 1
    with pytest.raises(prompts.PromptTooLong, match=f"row 7: .*{length} tokens.*raise max_length"):
        prompts.encode(row(), TEMPLATE, tokenizer, length)
    with pytest.raises(prompts.PromptTooLong):
        list(prompts.encode_prompts([row()], TEMPLATE, tokenizer, length))
    assert list(prompts.encode_all([row()], TEMPLATE, tokenizer, length)) == [None]


def test_chat_wraps_a_single_user_turn_and_keeps_the_span(tokenizer):
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT
    encoded = prompts.encode(row("You help."), TEMPLATE, tokenizer, None, chat=True)
    text = "<|system|>You help.<|end|><|user|>English Hindi\nYou help.\n<|end|><|assistant|>"
    assert tokenizer.decode(encoded.prompt_ids) == text
    assert masked_text(tokenizer, encoded, encoded.source_mask) == "You help."
    # The user's copy, not the one in the system message.
    assert encoded.source_mask.index(True) > len(tokenizer("<|system|>You help.").input_ids)


def test_chat_templates_that_strip_are_followed():
    tokenizer = make_tokenizer()
    tokenizer.chat_template = CHAT.replace("m.content", "m.content | trim")
    encoded = prompts.encode(row(" a cat "), "\n {source}", tokenizer, None, chat=True)
    assert masked_text(tokenizer, encoded, encoded.source_mask).strip("|> ") == "a cat"


def test_chat_needs_a_template_that_keeps_the_prompt(tokenizer):
    with pytest.raises(ValueError, match="chat: false"):
        prompts.encode(row(), TEMPLATE, tokenizer, None, chat=True)
    other = make_tokenizer()
    other.chat_template = CHAT.replace("m.content", "m.content | upper")
    with pytest.raises(ValueError, match="rewrites the prompt"):
        prompts.encode(row(), TEMPLATE, other, None, chat=True)


def test_a_tokenizers_own_bos_is_kept_and_its_eos_left_out():
    tokenizer = make_tokenizer()
    plain = prompts.encode(row(), TEMPLATE, tokenizer, None)
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<pad> $A </s>", special_tokens=[("<pad>", 0), ("</s>", 1)]
    )
    encoded = prompts.encode(row(), TEMPLATE, tokenizer, None)
    assert encoded.prompt_ids == [0, *plain.prompt_ids]
    assert encoded.target_ids == plain.target_ids
    assert encoded.source_mask == [False, *plain.source_mask]


def test_the_tokenizer_is_the_same_bytes_each_time_and_survives_saving(tmp_path):
    one, two = make_tokenizer(), make_tokenizer()
    one.save_pretrained(tmp_path / "one")
    two.save_pretrained(tmp_path / "two")
    for file in sorted((tmp_path / "one").iterdir()):
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes(), file.name
    loaded = AutoTokenizer.from_pretrained(tmp_path / "one")
    assert loaded(SENTENCES).input_ids == one(SENTENCES).input_ids
    assert (loaded.pad_token_id, loaded.eos_token_id, loaded.bos_token_id) == (0, 1, None)


@pytest.mark.parametrize("text", SENTENCES)
def test_bytes_make_every_text_representable(tokenizer, text):
    assert tokenizer.decode(tokenizer(text).input_ids) == text


def test_words_with_vowel_signs_and_the_instruction_become_single_tokens(tokenizer):
    assert len(tokenizer(" बिल्ली").input_ids) == 1
    assert len(tokenizer("English Hindi\n").input_ids) == 3


def test_vocabulary_sizes(caplog):
    assert len(make_tokenizer()) == 340
    with pytest.raises(ValueError, match="at least 258"):
        learning.train_tokenizer(["a"], 100)
    with pytest.raises(ValueError, match="no text"):
        learning.train_tokenizer([], 300)
    learning.train_tokenizer(["one two one two"], 4000)
    assert "of 4000" in caplog.text


def test_answers_begin_with_a_space_where_the_template_ends_with_one_for_them(tokenizer):
    plain = prompts.encode(row(), "{source} =>", tokenizer, None)
    spaced = prompts.encode(row(), "{source} =>{space}", tokenizer, None)
    assert spaced.prompt_ids == plain.prompt_ids
    assert tokenizer.decode(spaced.target_ids[:-1]) == f" {row()['target']}"
    assert tokenizer.decode(plain.target_ids[:-1]) == row()["target"]


@pytest.mark.parametrize(
    ("kind", "asked", "template"),
    [
        ("classification", {"prompt": "{text}", "answer": "likelihood"}, "{source}{space}"),
        ("classification", {"prompt": "{text} =", "answer": "likelihood"}, "{source} ={space}"),
        ("classification", {"prompt": "{text}\n", "answer": "likelihood"}, "{source}\n"),
        ("classification", {"prompt": "{text}", "answer": "likelihood", "chat": True}, "{source}"),
        ("classification", {"prompt": "{text}"}, "{source}"),
        ("classification", {"prompt": "{text}{space}"}, "{source}{space}"),
        ("multiple_choice", {}, "{source}{space}"),
        ("summarization", {"prompt": "{document}"}, "{source}"),
        ("translation", {"prompt": "{source}"}, "{source}"),
        ("translation", {"prompt": "{source}", "shots": 2}, "{source}{space}"),
        ("minimal_pairs", {}, "{source}"),
    ],
)
def test_choices_are_parted_from_prompts_that_end_without_white_space(kind, asked, template):
    task = SimpleNamespace(**{"prompt": None, "chat": False, "answer": None, "shots": 0, **asked})
    assert kinds.kind(kind).asked(task) == template
