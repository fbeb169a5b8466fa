"""What is read and what counts where the likeliest text is taken."""

import pytest
from tiny_training import TEMPLATE, make_rows, make_tokenizer
from tokenizers import Tokenizer, decoders, pre_tokenizers
from tokenizers.models import Unigram
from tokenizers.processors import TemplateProcessing
from transformers import PreTrainedTokenizerFast

from babelmerge.tasks import choices, kinds, prompts, rendering

ROWS = [{**row, "choices": ["घर", "लाल पानी"]} for row in make_rows(5)]
ASKED = {"template": TEMPLATE, "chat": False, "labels": []}
ALONE = {**ASKED, "template": ""}
JOINT = {"tokenization": "joint"}


@pytest.fixture(scope="module")
def plain():
    return make_tokenizer()


def metaspace(bos: bool = True):
    """A tokenizer of whole texts: a word begins with ▁, the first one too."""
    words = ["</s>", "<s>", "<unk>", "▁", "▁a", "▁dog", "dog", "a", "▁cat", "cat", ":", "▁Who", "?"]
    tokenizer = Tokenizer(Unigram([(word, -float(len(words))) for word in words], 2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.decoder = decoders.Metaspace()
    if bos:
        tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", bos_token="<s>", unk_token="<unk>"
    )


def tokens(tokenizer, ids):
    return tokenizer.convert_ids_to_tokens(ids)


def test_prompt_and_choice_are_those_of_training(plain):
    (pairs, *_) = choices.encode(ROWS, ASKED, plain)
    for text, (read, counted) in zip(ROWS[0]["choices"], pairs, strict=True):
        learnt = prompts.encode({**ROWS[0], "target": text}, TEMPLATE, plain, None)
        assert (read, counted) == (learnt.prompt_ids, learnt.target_ids[:-1])


def test_labels_are_the_choices_of_rows_without(plain):
    rows = [{k: v for k, v in row.items() if k != "choices"} for row in ROWS]
    (pairs, *_) = choices.encode(rows, {**ASKED, "labels": ["घर", "पानी", "लाल"]}, plain)
    assert len(pairs) == 3


def test_one_text_is_tokenized_as_it_is_read_and_split_behind_the_prompt():
    row = {**ROWS[0], "source": "Who", "choices": ["a dog", "cat"]}
    asked = {**ASKED, "template": "{source}:{space}", "tokenization": "joint"}
    (pairs,) = choices.encode([row], asked, metaspace())
    for read, _ in pairs:
        assert tokens(metaspace(), read) == ["<s>", "▁Who", ":"]
    assert [tokens(metaspace(), ids) for _, ids in pairs] == [["▁a", "▁dog"], ["▁cat"]]
    asked = {**asked, "template": "{source}:"}
    (joint,) = choices.encode([row], asked, metaspace())
    (apart,) = choices.encode([row], {**asked, "tokenization": "apart"}, metaspace())
    assert tokens(metaspace(), joint[1][1]) == ["cat"]
    assert tokens(metaspace(), apart[1][1]) == ["▁cat"], "the first word of a text of its own"


def test_white_space_behind_a_prompt_belongs_to_what_is_tokenized_with_it():
    row = {**ROWS[0], "source": "Who", "choices": ["a dog", "cat"]}
    asked = {**ASKED, "template": "{source}: ", "tokenization": "joint"}
    (pairs,) = choices.encode([row], asked, metaspace())
    assert [tokens(metaspace(), ids) for _, ids in pairs] == [["▁a", "▁dog"], ["▁cat"]]


@pytest.mark.parametrize(
    ("bos", "first_token", "read", "counted"),
    [
        (True, None, ["<s>"], ["▁a", "▁dog"]),
        (False, None, ["<s>"], ["▁a", "▁dog"]),  # it has one, though it does not put it there
        (True, "left_out", ["<s>"], ["▁a", "▁dog"]),
        (False, "left_out", ["▁a"], ["▁dog"]),
    ],
)
def test_the_first_token_counts_behind_bos_or_is_left_out(bos, first_token, read, counted):
    tokenizer = metaspace(bos)
    row = {**ROWS[0], "choices": ["a dog", "cat dog"]}
    asked = ALONE | ({"first_token": first_token} if first_token else {})
    (pairs,) = choices.encode([row], asked, tokenizer)
    assert [tokens(tokenizer, ids) for ids in pairs[0]] == [read, counted]


def test_without_bos_a_text_stands_behind_the_end_token(plain):
    assert plain.bos_token_id is None
    (pairs, *_) = choices.encode(ROWS, ALONE, plain)
    assert all(read == [plain.eos_token_id] for read, _ in pairs)


def test_a_text_of_one_token_has_none_that_counts_where_the_first_is_left_out():
    row = {**ROWS[0], "choices": ["a dog", "cat"]}
    with pytest.raises(ValueError, match="choice 'cat' has no .*be read, or leave the row out$"):
        list(choices.encode([row], {**ALONE, "first_token": "left_out"}, metaspace(bos=False)))


def test_a_choice_that_becomes_part_of_the_prompts_last_token_is_refused_with_the_remedy():
    """lm-evaluation-harness stops there too: d and og are one token, dog."""
    row = {**ROWS[0], "source": "d", "choices": ["og", "a dog"]}
    with pytest.raises(ValueError, match="part of; .*out, or set tokenization: apart in the task$"):
        list(choices.encode([row], {**ASKED, "template": "{source}", **JOINT}, metaspace()))


def test_texts_alone_need_a_token_before_them_or_a_first_one_that_does_not_count():
    neither = metaspace(bos=False)
    neither.bos_token = neither.eos_token = None
    row = {**ROWS[0], "choices": ["a dog", "a cat"]}
    with pytest.raises(ValueError, match="BOS or EOS.*neither; set first_token: left_out"):
        list(choices.encode([row], ALONE, neither))
    (pairs,) = choices.encode([row], {**ALONE, "first_token": "left_out"}, neither)
    assert [tokens(neither, read + counted) for read, counted in pairs] == [
        ["▁a", "▁dog"],
        ["▁a", "▁cat"],
    ]


def test_rules_tell_all_that_changes_a_number():
    asked = [
        {**base, **more}
        for base in (ASKED, ALONE)
        for more in (
            {},
            {"tokenization": "joint"} if base is ASKED else {"first_token": "left_out"},
        )
    ] + [{**ASKED, "template": "{source}{space}"}]
    told = [choices.rule(one) for one in asked]
    assert len(set(told)) == len(told) == 5
    assert told[0] == (
        "likelihood|tokens:prompt and choice apart|bos:as prompts have it|end:not counted"
    )
    assert "first:behind BOS, else EOS" in told[2] and "first:left out" in told[3]


def test_pairs_are_kept_as_choices_of_which_the_good_one_is_right():
    kind = kinds.kind("minimal_pairs")
    row = {"id": "3", "source": "The cats see.", "bad": "The cats sees.", "target": ""}
    assert kind.row == {"source": "good", "bad": "bad"}
    settled = kind.settle(row, [])
    assert settled["choices"] == ["The cats see.", "The cats sees."]
    assert settled["target"] == "The cats see." and "bad" not in settled
    with pytest.raises(ValueError, match="good and bad are both 'The cats see.'"):
        kind.settle({**row, "bad": row["source"]}, [])


SHOTS = [
    {"source": "one?", "target": "a cat", "choices": ["a cat", "a dog"], "passage": "P"},
    {"source": "two?", "target": "a dog", "choices": ["a cow", "a dog"], "passage": "Q"},
]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (
            "{passage} {source}\nAnswer:{space}",
            "P one?\nAnswer: a cat\n\nQ two?\nAnswer: a dog\n\nR three?\nAnswer:",
        ),
        ("{source}\n", "one?\na cat\n\ntwo?\na dog\n\nthree?\n"),
        ("{source}答", "one?答a cat\n\ntwo?答a dog\n\nthree?答"),
        (
            "{source}\n{choices}\n",
            "one?\nA. a cat\nB. a dog\na cat\n\n"
            "two?\nA. a cow\nB. a dog\na dog\n\nthree?\nA. x\nB. y\n",
        ),
    ],
)
def test_examples_stand_before_a_prompt_with_their_answers(template, expected):
    row = {**ROWS[0], "source": "three?", "passage": "R", "choices": ["x", "y"], "shots": SHOTS}
    text, (start, end) = rendering.render_prompt(row, template)
    assert text == expected
    assert text[start:end] == "three?"
