"""Answers are read by a stated rule, whatever the script; rows of choices are checked."""

import pytest

from babelmerge.tasks import classification, kinds, multiple_choice, reading, rendering
from babelmerge.words import writing

LABELS = ["negative", "neutral", "positive", "very positive"]
CHOICES = ["a cat", "the dog", "a dog house", "Ravi"]


@pytest.mark.parametrize(
    ("answer", "label"),
    [
        ("positive", "positive"),
        ("**POSITIVE.**", "positive"),
        ("Label: neutral, not positive", "neutral"),
        ("very-positive!", "very positive"),
        ("It is very positive", "very positive"),
        ("positively", None),
        ("unneutral", None),
        ("", None),
        ("ｐｏｓｉｔｉｖｅ", "positive"),
        ("これはpositiveです", None),  # no end of a word between kana and letters
    ],
)
def test_the_first_label_as_whole_words_is_read(answer, label):
    found = reading.label(answer, LABELS)
    assert (None if found is None else LABELS[found]) == label


def test_labels_of_scripts_without_spaces_are_read_within_a_text():
    labels = ["肯定的", "否定的", "中立"]
    assert reading.label("この文は否定的です。", labels) == 1
    assert reading.label("「中立」", labels) == 2
    hindi = ["सकारात्मक", "नकारात्मक"]
    assert reading.label("यह नकारात्मक है।", hindi) == 1
    assert reading.label("नकारात्मकता", hindi) is None, "a vowel sign goes on with the word"


@pytest.mark.parametrize(
    ("answer", "choice"),
    [
        ("the dog", 1),
        ("The Dog.", 1),
        ("B", 1),
        ("(C)", 2),
        ("c", None),
        ("D: the dog", 3),
        ("Ｂ．", 1),
        ("A dog house", 2),  # an article, not a key
        ("I think it is a dog house", 2),
        ("A boy", None),
        ("E", None),
        ("", None),
    ],
)
def test_a_choice_is_read_by_its_text_or_its_key(answer, choice):
    assert reading.choice(answer, CHOICES) == choice


def test_every_choice_and_label_is_read_as_itself():
    for texts, read in ((CHOICES, reading.choice), (LABELS, reading.label)):
        assert [read(text, texts) for text in texts] == list(range(len(texts)))


def row(**changes):
    found = {"id": "0", "source": "Who barks?", "target": "B", "choices": "a cat\nthe dog"}
    return found | changes


@pytest.mark.parametrize(
    "changes",
    [{}, {"target": "the dog"}, {"target": "2", "keys": "1\n2"}, {"target": "b", "keys": "a\nb"}],
)
def test_rows_are_kept_with_their_choices_and_the_right_one(changes):
    found = multiple_choice.settle(row(**changes), [])
    assert found["choices"] == ["a cat", "the dog"] and found["target"] == "the dog"
    assert "keys" not in found


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"target": "C"}, "answer 'C', which is no choice; expected a key .A, B. or a choice"),
        ({"target": "B", "keys": "1\n2"}, r"answer 'B', which is no choice; expected a key .1, 2"),
        ({"keys": "1"}, "2 choices .* and keys 1; expected a key of its own for each"),
        ({"keys": "1\n1"}, "and keys 1, 1; expected a key of its own"),
        ({"choices": "a cat\na cat"}, "two of them the same; the answer"),
        ({"choices": "a cat"}, "1 choice ..a cat..; expected 2 to 26: a list of texts"),
        ({"choices": "a cat\n\nthe dog"}, "one of them empty"),
    ],
)
def test_rows_whose_answer_cannot_be_told_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        multiple_choice.settle(row(**changes), [])


@pytest.mark.parametrize("pair", ["-5\n5", "C\nC++", "+10%\n-10%", "Up\nup"])
def test_choices_that_only_marks_and_case_tell_apart_are_for_likelihoods_alone(pair):
    """Of two likelihoods the higher is the answer; of a written C++ no one can tell."""
    asked = row(choices=pair, target=pair.split("\n")[1])
    found = multiple_choice.settle(asked, [], "likelihood")
    assert reading.choice(found["target"], found["choices"]) == 1
    with pytest.raises(ValueError, match="the same but for case and punctuation"):
        multiple_choice.settle(asked, [], "generate")


def test_a_label_that_is_none_of_the_studys_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="'Positive'; did you mean 'positive'.*expected one of"):
        classification.settle({"target": "Positive"}, LABELS)


def test_prompts_show_choices_under_keys():
    asked = {"source_language": "en", "target_language": "en"}
    settled = multiple_choice.settle(row(**asked), [])
    template = kinds.kind("multiple_choice").template("{question}\n{choices}\n")
    text, span = rendering.render_prompt(settled, template)
    assert text == "Who barks?\nA. a cat\nB. the dog\n"
    assert text[slice(*span)] == "Who barks?"


def test_words_are_characters_where_no_spaces_are_written():
    assert writing.words("Das Haus in 東京, ok?") == ["Das", "Haus", "in", "東", "京", "ok"]
    assert writing.find("a cat", "at") is None and writing.find("a cat", "cat") == 2


@pytest.mark.parametrize("record", kinds.KINDS.values(), ids=lambda record: record.name)
def test_a_prompt_is_shown_as_a_study_writes_it(record):
    prompt = f"Read this: {{{record.fields[0]}}}\n"
    assert record.written(record.template(prompt)) == prompt
