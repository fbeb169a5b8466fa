"""What is learnt of a row: an answer behind its data set's prompt, or a text as a whole."""

import pytest
from tiny_training import PROMPT, TEMPLATE, make_rows, make_tokenizer
from tokenizers.processors import TemplateProcessing

from babelmerge.tasks import learning, prompts

OTHER = {"template": "{source}?", "chat": False}
TEXT = {"template": "{source}", "chat": False, "whole": True}


@pytest.fixture
def tokenizer():
    return make_tokenizer()


def texts(count=5):
    return [row | {"target": "", "dataset": "text/en"} for row in make_rows(count, seed=4)]


def test_each_row_is_read_by_the_prompt_of_its_data_set(tokenizer):
    rows = [row | {"dataset": f"t/{n % 3}"} for n, row in enumerate(make_rows(9))]
    asked = {"t/0": PROMPT, "t/1": OTHER, "t/2": PROMPT}
    found = list(learning.encode(iter(rows), asked, tokenizer))
    for row, one in zip(rows, found, strict=True):
        own = asked[row["dataset"]]["template"]
        assert one == prompts.encode(row, own, tokenizer, None)
    alike = list(learning.encode(rows, dict.fromkeys(asked, PROMPT), tokenizer))
    assert alike == list(learning.encode(rows, PROMPT, tokenizer))
    assert alike == list(prompts.encode_all(rows, TEMPLATE, tokenizer, None))


def test_of_a_text_all_but_the_first_token_is_learnt_with_the_end(tokenizer):
    """The ids are those that models are looked at with; only what is learnt of them differs."""
    for row, one in zip(texts(), learning.encode(texts(), TEXT, tokenizer), strict=True):
        plain = prompts.encode(row, "{source}", tokenizer, None)
        assert (one.ids, one.source_mask) == (plain.ids, plain.source_mask)
        assert one.prompt_ids == tokenizer(row["source"]).input_ids[:1]
        assert one.target_ids[-1] == tokenizer.eos_token_id and len(one.target_ids) >= 2


def test_the_first_token_of_a_text_is_learnt_behind_a_bos(tokenizer):
    tokenizer.add_special_tokens({"bos_token": "<bos>"})
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", tokenizer.bos_token_id)]
    )
    for row, one in zip(texts(), learning.encode(texts(), TEXT, tokenizer), strict=True):
        assert one.prompt_ids == [tokenizer.bos_token_id]
        words = tokenizer(row["source"], add_special_tokens=False).input_ids
        assert one.target_ids == [*words, tokenizer.eos_token_id]


def test_texts_and_answers_stand_beside_each_other(tokenizer):
    answered = make_rows(3)[0] | {"dataset": "t/0"}
    asked = {"t/0": PROMPT, "text/en": TEXT}
    text, answer, _ = learning.encode([texts()[0], answered, texts()[1]], asked, tokenizer)
    assert answer == prompts.encode(answered, TEMPLATE, tokenizer, None)
    assert len(text.prompt_ids) == 1 < len(answer.prompt_ids)


def test_a_text_needs_no_answer_and_an_answered_row_does():
    row = texts()[0]
    assert not learning.is_empty(row, TEXT) and learning.is_empty(row, PROMPT)
    assert learning.is_empty(row | {"source": " "}, TEXT)
