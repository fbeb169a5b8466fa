"""Rows that are too long: measured as they will be read, and told before anything is trained."""

import json

import pytest
from tiny_models import tokenizer as words_of
from tiny_training import PROMPT, TEMPLATE, make_rows, make_tokenizer

from babelmerge.data import lengths
from babelmerge.files.rows import write_rows
from babelmerge.tasks import prompts

TOKENIZER = make_tokenizer()
BASE = lengths.Reader("base", TOKENIZER)


def reader(name="other", positions=None):
    """One that reads any text as a single unknown word."""
    other = words_of(50)
    other.eos_token = "<unk>"
    return lengths.Reader(name, other, positions)


@pytest.fixture
def rows():
    """Twelve rows, of which the fourth and the seventh are long, the seventh without a space."""
    rows = make_rows(12, longest=4)
    rows[3]["source"] = " ".join(["cat sees red water"] * 20)
    rows[6]["source"] = "बिल्ली" * 40
    return rows


@pytest.fixture
def decide(tmp_path, rows):
    def decided(readers=(BASE,), split="test", **changes):
        asked = {
            "dataset": "translation/en-hi",
            "prompt": PROMPT,
            "max_length": 40,
            "max_new_tokens": 8,
            "too_long": "error",
            "trained": [],
            "decoded": {"test": None},
            "probed": {},
        } | changes
        write_rows(tmp_path / f"{split}.jsonl", rows)
        found = lengths.check({split: tmp_path / f"{split}.jsonl"}, list(readers), asked)
        (tmp_path / "lengths.json").write_text(json.dumps(found))
        read = lengths.readable(rows, tmp_path / "lengths.json", split)
        return found, list(read)

    return decided


def test_rows_that_fit_are_read_as_they_are(decide, rows):
    for policy in ("error", "drop", "cut"):
        found, read = decide(max_length=2000, too_long=policy)
        assert found == {"too_long": {}, "warnings": []} and read == rows


def test_long_prompts_are_an_error_that_says_what_may_become_of_them(decide):
    with pytest.raises(ValueError) as error:
        decide()
    told = str(error.value)
    for part in ("translation/en-hi: test: 2 prompts", "row row3: ", "tokens for base, where at"):
        assert part in told
    for remedy in ("max_length 40", "too_long: drop", "too_long: cut"):
        assert remedy in told


def test_dropped_rows_are_left_out_for_all_and_counted(decide, rows):
    found, read = decide(too_long="drop")
    assert read == [row for row in rows if row["id"] not in ("row3", "row6")]
    assert found["warnings"][0].startswith("translation/en-hi: test: left out")
    assert "2 of 12 rows (row3, row6)" in found["warnings"][0]
    list(prompts.encode_prompts(read, TEMPLATE, TOKENIZER, 40))


def test_cut_rows_fit_and_could_not_be_longer(decide, rows):
    found, read = decide(too_long="cut")
    assert [row["id"] for row in read] == [row["id"] for row in rows]
    list(prompts.encode_prompts(read, TEMPLATE, TOKENIZER, 40))
    for at in (3, 6):
        kept = found["too_long"]["test"][rows[at]["id"]]
        assert read[at]["source"] == rows[at]["source"][:kept] and read[at]["target"]
    assert rows[3]["source"].startswith(read[3]["source"] + " ")  # whole words, where there are any
    longer = {**rows[6], "source": rows[6]["source"][: len(read[6]["source"]) + 1]}
    with pytest.raises(prompts.PromptTooLong):
        list(prompts.encode_prompts([longer], TEMPLATE, TOKENIZER, 40))


def test_a_row_counts_as_long_where_it_is_for_any_reader(decide):
    assert decide([reader("base")])[0]["too_long"] == {}
    both, _ = decide([reader("base"), BASE], too_long="drop")
    assert list(both["too_long"]["test"]) == ["row3", "row6"]
    with pytest.raises(ValueError, match="row row3: .* tokens for large"):
        decide([reader("base"), lengths.Reader("large", TOKENIZER)])


def test_only_the_rows_that_are_decoded_count(decide):
    assert decide(decoded={"test": 3})[0]["too_long"] == {}
    assert decide(split="dev")[0] == {"too_long": {}, "warnings": []}


def test_answers_need_positions_too(decide):
    found, read = decide([lengths.Reader("base", TOKENIZER, 40)], max_length=2000, too_long="cut")
    asked = {"max_length": 2000, "max_new_tokens": 8}
    assert lengths.room(lengths.Reader("base", TOKENIZER, 40), asked) == 32
    sizes = lengths.measure(read, PROMPT, TOKENIZER)[0]
    assert set(found["too_long"]["test"]) == {"row3", "row6"} and sizes.max() in range(29, 33)
    with pytest.raises(ValueError, match="max_new_tokens is 8, but base has 8 positions"):
        decide([lengths.Reader("base", TOKENIZER, 8)])


def test_prompts_that_are_longer_than_a_model_is_made_for_are_told_of(decide, rows):
    """Rotary positions have no end, but behind those of the config no training has been."""
    found, read = decide([lengths.Reader("base", TOKENIZER, None, 30)], max_length=2000)
    (said,) = found["warnings"]
    assert read == rows and not found["too_long"]
    assert said.startswith("translation/en-hi: test: 2 of ") and "base is made for: 30 pos" in said
    made = [lengths.Reader("base", TOKENIZER, None, 2000)]
    assert decide(made, max_length=2000)[0]["warnings"] == []


COMPARED = {"template": TEMPLATE, "chat": False, "labels": ["घर", "लाल घर पानी"]}


def test_choices_need_positions_and_nothing_is_written(decide):
    """Prompt and longest choice, but for the last token, which is only predicted."""
    longest = len(prompts.answer_ids(TOKENIZER, COMPARED["labels"][1:], TEMPLATE)[0])
    found, read = decide(compared=COMPARED, max_new_tokens=2000, too_long="cut")
    assert set(found["too_long"]["test"]) == {"row3", "row6"}
    few = [lengths.Reader("base", TOKENIZER, 30)]
    _, read = decide(few, compared=COMPARED, too_long="cut", max_new_tokens=2000)
    sizes = lengths.measure(read, PROMPT, TOKENIZER)[0]
    assert sizes.max() in range(28 - longest, 32 - longest)
    with pytest.raises(ValueError, match="row3: .* for base with its 30 positions, where at most"):
        decide(few, compared=COMPARED)
    with pytest.raises(ValueError, match="show fewer examples .shots., shorten"):
        decide(few, compared={**COMPARED, "shots": "5 of dev"})


def test_texts_without_a_prompt_need_positions_for_themselves(decide, rows):
    for row in rows:
        row["choices"] = [row["source"], "घर"]
    asked = {**COMPARED, "template": ""}
    found, read = decide([lengths.Reader("base", TOKENIZER, 40)], compared=asked, too_long="drop")
    sizes = [len(ids) for ids in prompts.answer_ids(TOKENIZER, [r["source"] for r in read], "")]
    assert max(sizes) <= 40 and list(found["too_long"]["test"]) == ["row3", "row6"]


def test_nothing_left_and_prompts_without_room_are_errors(decide):
    with pytest.raises(ValueError, match="all 12 prompts are too long"):
        decide(too_long="drop", max_length=3)
    with pytest.raises(ValueError, match="too long even without a source"):
        decide(too_long="cut", max_length=3)


def test_what_training_leaves_out_and_cuts_is_told(decide):
    found, _ = decide(split="train", trained=[24, 40, 2000])
    assert found["too_long"] == {} and len(found["warnings"]) == 2
    assert "max_length 40, training leaves out 2 of 12 rows" in found["warnings"][1]
    with pytest.raises(ValueError, match="all 12 prompts have training's max_length of 3 tokens"):
        decide(split="train", trained=[3])


def test_nothing_is_read_behind_the_last_position(decide):
    short = lengths.Reader("base", TOKENIZER, 30)
    for changes in ({"trained": [500]}, {"probed": {"dev": None}, "max_length": 500}):
        with pytest.raises(ValueError, match="has 30 positions, and .*set it to 30 at most"):
            decide([short], split="dev", **changes)
    assert decide([short], split="dev", trained=[30])[0]["warnings"]
    told = decide([short], split="dev", probed={"dev": None}, max_length=30)[0]["warnings"]
    assert "rows are not looked at inside base" in told[0]
    assert decide([short], split="dev", probed={"dev": 3}, max_length=30)[0]["warnings"] == []


def test_training_that_drops_or_refuses_long_rows_is_told_of_before(decide, rows):
    found, _ = decide(split="train", dropping=[40])
    (told,) = found["warnings"]
    assert "with max_length 40, training leaves out" in told and "(they are longer)" in told
    sizes = sum(lengths.measure(rows, PROMPT, TOKENIZER))
    assert f"leaves out {(sizes > 40).sum()} of 12 rows" in told and "cuts 0 targets" in told
    with pytest.raises(ValueError, match="all 12 rows have more than training's max_length of 3"):
        decide(split="train", dropping=[3])
    with pytest.raises(ValueError) as error:
        decide(split="train", refusing=[40])
    for part in (
        "train: ",
        "row row3: ",
        "training's max_length of 40",
        "training.too_long: `drop",
    ):
        assert part in str(error.value)
    assert decide(split="train", refusing=[2000])[0]["warnings"] == []


def test_texts_that_are_learnt_are_cut_and_not_left_out(decide, rows):
    texts = {"prompt": {"template": "{source}", "chat": False}, "whole": True}
    for row in rows:
        row["target"] = ""
    (told,) = decide(split="train", trained=[30], **texts)[0]["warnings"]
    assert "leaves out 0 of 12 rows" in told and "cuts 2 targets" in told
    with pytest.raises(ValueError, match="has 20 positions, and training: max_length is 30"):
        decide([lengths.Reader("base", TOKENIZER, 20)], split="train", trained=[30], **texts)
    with pytest.raises(ValueError, match="`split` makes several rows of each"):
        decide(split="train", refusing=[30], **texts)


def test_texts_that_are_split_are_told_of_before(decide, rows):
    texts = {"prompt": {"template": "{source}", "chat": False}, "whole": True}
    for row in rows:
        row["target"] = ""
    (told,) = decide(split="train", splitting=[30], **texts)[0]["warnings"]
    assert told.endswith(
        "train: with max_length 30, training splits 2 of 12 texts, which are longer, into pieces"
    )
    assert decide(split="train", splitting=[2000], **texts)[0]["warnings"] == []
    with pytest.raises(ValueError, match="has 20 positions, and training: max_length is 30"):
        decide([lengths.Reader("base", TOKENIZER, 20)], split="train", splitting=[30], **texts)
