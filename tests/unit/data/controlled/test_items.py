"""Laws of the controlled corpus's items, and items that were read with care."""

import random
import re
import unicodedata
from collections import Counter
from dataclasses import replace
from functools import cache
from itertools import islice

import pytest

from babelmerge.data.controlled import ITEM_LANGUAGES, SPLITS, items
from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items import drawing, relations, sentiment, summaries
from babelmerge.data.controlled.items import themes as themes_of
from babelmerge.data.controlled.languages.speakers import MIXERS, SPEAKERS
from babelmerge.data.controlled.meaning import Meaning, Phrase, split_of_core
from babelmerge.evaluation import baselines
from babelmerge.tasks import extraction
from babelmerge.tasks.kinds import KINDS

MADE = tuple(drawing.MAKERS)


@cache
def drawn(kind, split="train", size=400, seed=5):
    return tuple(drawing.sample(kind, split, size, seed))


@cache
def said(kind, language, split="train", size=400, seed=5):
    return [drawing.MAKERS[kind].row(i, SPEAKERS[language]) for i in drawn(kind, split, size, seed)]


SAID = [(kind, language) for kind in MADE for language in ITEM_LANGUAGES] + [("themes", "mul")]


@pytest.mark.parametrize(("kind", "language"), SAID)
def test_items_read_with_care(kind, language, pinned):
    expected = pinned(language)[kind]
    found = list(items(kind, language, "train", len(expected), 1))
    assert len(found) == 20 and [row.pop("id") for row in found] == [str(n) for n in range(20)]
    for row in found:
        row |= {key: row[key].split("\n") for key in ("choices", "examples") if key in row}
    assert found == expected


@pytest.mark.parametrize("kind", MADE)
def test_a_row_has_the_fields_of_its_task_kind(kind):
    of = "reasoning" if kind in ("relations", "passages", "continuations") else kind
    (record,) = (record for record in KINDS.values() if record.made == of)
    (row,) = items(kind, "de", "dev", 1, 0)
    assert tuple(row) == ("id", *drawing.MAKERS[kind].FIELDS)
    assert tuple(row) == ("id", *["passage"] * (kind == "passages"), *record.fields)


@pytest.mark.parametrize("kind", MADE)
def test_a_sample_has_no_repeats_and_depends_on_split_and_seed_alone(kind):
    first = drawn(kind, "dev", 150, 7)
    assert first == tuple(drawing.sample(kind, "dev", 150, 7)) and len(set(first)) == 150
    assert first[:60] == drawn(kind, "dev", 60, 7)
    assert first != drawn(kind, "dev", 150, 8)


@pytest.mark.parametrize("kind", MADE)
def test_splits_share_no_core(kind):
    maker = drawing.MAKERS[kind]
    cores = {split: {maker.core(item) for item in drawn(kind, split, 150)} for split in SPLITS}
    for split, found in cores.items():
        assert {split_of_core(core, drawing.HELD_OUT_PERCENT) for core in found} == {split}


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
@pytest.mark.parametrize("kind", MADE)
def test_different_items_never_sound_the_same_and_no_text_is_in_two_splits(kind, language):
    heard = {}
    for split in SPLITS:
        given = said(kind, language) if split == "train" else said(kind, language, split, 150)
        rows = [tuple(row.values()) for row in given]
        assert len({row[:2] for row in rows}) == len(given)
        assert all(heard.setdefault(row[0], split) == split for row in rows)


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
@pytest.mark.parametrize("kind", MADE)
def test_texts_are_written_as_the_language_is(kind, language):
    for row in said(kind, language):
        text = next(iter(row.values()))
        assert unicodedata.is_normalized("NFC", text) and "  " not in text
        assert text[0] == text[0].upper() and text == text.strip()
        assert text[-1] in ("。？" if language in ("ja", "zh") else ".?؟")
        assert language not in ("ja", "zh") or not any(map(str.isspace, text))


def test_labels_are_balanced_in_every_three_and_kinds_of_text_have_every_label():
    found = drawn("sentiment", size=1500)
    labels = [sentiment.label(item) for item in found]
    assert all(set(labels[i : i + 3]) == set(sentiment.LABELS) for i in range(0, 1500, 3))
    for form in ("plain", "answered", "but", "although"):
        share = Counter(la for it, la in zip(found, labels, strict=True) if it.form == form)
        assert all(20 < share[label] for label in sentiment.LABELS), form


CLEAN = Meaning("quality", "past", Phrase("room", "the"), predicate="clean")
RUDE = Meaning("quality", "past", Phrase("waiter", "the"), predicate="rude")
NOT_RUDE = Meaning("quality", "past", Phrase("waiter", "the"), predicate="rude", negative=True)
RED = Meaning("quality", "past", Phrase("car", "the"), predicate="red")


@pytest.mark.parametrize(
    ("item", "label"),
    [
        (sentiment.Item("plain", (CLEAN,)), "positive"),
        (sentiment.Item("plain", (NOT_RUDE,)), "positive"),
        (sentiment.Item("plain", (RED,)), "neutral"),
        (sentiment.Item("but", (CLEAN, RUDE)), "negative"),
        (sentiment.Item("but", (RUDE, CLEAN)), "positive"),
        (sentiment.Item("although", (CLEAN, RUDE)), "positive"),
        (sentiment.Item("question", (CLEAN,)), "neutral"),
        (sentiment.Item("answered", (CLEAN,), answer=False), "negative"),
        (sentiment.Item("answered", (RUDE,), answer=True), "negative"),
        (sentiment.Item("neither", (CLEAN,)), "neutral"),
    ],
)
def test_the_label_follows_from_the_meaning(item, label):
    assert sentiment.label(item) == label


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_words_alone_find_some_labels_but_by_far_not_all(language):
    train, test = (
        [tuple(row.values()) for row in said("sentiment", language, split, size)]
        for split, size in (("train", 1000), ("test", 150))
    )
    assert 0.4 < baselines.bag_of_words(train, test) < 0.9


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
@pytest.mark.parametrize(
    ("kind", "number"),
    [("reasoning", 5), ("relations", 5), ("passages", 4), ("continuations", 4)],
)
def test_choices_are_different_and_one_is_right(kind, number, language):
    for row in said(kind, language, "test", 150):
        choices = row["choices"].split("\n")
        assert len(set(choices)) == number and choices.count(row["answer"]) == 1


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_words_that_question_and_choice_share_do_not_find_the_right_one(language):
    rows = said("reasoning", language, "test", 150)
    asked = [(row["question"], row["choices"].split("\n"), row["answer"]) for row in rows]
    assert baselines.overlap(asked) < 0.45


def test_of_the_ends_one_is_how_things_went_on():
    """Who went is there, who was given a thing has it, one does what one does where one is."""
    for item in drawn("continuations", size=600):
        true = [end for end in item.endings if goes_on(end, item.context)]
        assert true == [item.endings[item.key]] and len(set(item.endings)) == 4


def goes_on(end, facts):
    if end.frame == "location":
        return (end.subject, end.place) in {(fact.subject, fact.place) for fact in facts}
    if end.frame == "possession":
        got = {(fact.recipient, fact.object.noun) for fact in facts}
        return (end.subject, end.object.noun) in got
    (place,) = (fact.place for fact in facts if fact.subject == end.subject)
    return (
        place
        in {
            "read": ("library",),
            "buy": ("market", "shop"),
            "look_at": ("garden", "forest", "field"),
            "cook": ("home",),
        }[end.verb]
    )


def test_the_four_ends_are_two_people_by_two_places_things_or_deeds():
    for item in drawn("continuations", size=300):
        people = {end.subject for end in item.endings}
        others = {replace(end, subject=Phrase("who")) for end in item.endings}
        assert len(people) == len(others) == 2


def test_all_choices_are_told_of_in_the_passage_in_like_ways():
    for item in drawn("passages", size=300):
        alike = [
            fact
            for fact in item.facts
            if getattr(fact, item.role) in item.choices and fact.frame == item.question.frame
        ]
        assert sorted(map(str, item.choices)) == sorted(str(getattr(f, item.role)) for f in alike)
        assert len({replace(f, time=None, verb=None, **blank(f)) for f in alike}) == 1


def blank(fact):
    """The roles of a fact in which facts that are alike differ."""
    nobody = Phrase("who")
    return {"subject": nobody, "object": fact.object and nobody, "place": fact.place and "where"}


def test_a_passage_answers_its_question_in_one_way():
    for item in drawn("passages", size=600):
        assert 4 <= len(item.facts) <= 8 and len(set(item.choices)) == 4
        filled = [filled_with(item, choice) in item.facts for choice in item.choices]
        assert [number for number, true in enumerate(filled) if true] == [item.key]


def test_the_right_choice_is_everywhere_equally_often():
    for kind, choices in (
        ("reasoning", 5),
        ("relations", 5),
        ("passages", 4),
        ("continuations", 4),
    ):
        keys = [item.key for item in drawn(kind, size=400)]
        blocks = [keys[at : at + choices] for at in range(0, 400, choices)]
        assert all(set(block) == set(range(choices)) for block in blocks)


def test_of_five_things_each_is_of_another_kind_and_the_right_one_of_that_which_is_asked_for():
    for item in drawn("relations", size=600):
        nouns = [choice.noun for choice in item.choices]
        kinds = [kind for noun in nouns for kind, of in relations.KINDS.items() if noun in of]
        assert sorted(kinds) == sorted(relations.KINDS) and kinds[item.key] == item.kind


def test_exactly_one_choice_answers_the_question():
    for item in drawn("reasoning", size=1500):
        if isinstance(item, relations.Item):
            continue
        filled = {
            number: filled_with(item, choice) in item.facts
            for number, choice in enumerate(item.choices)
        }
        assert [number for number, true in filled.items() if true] == [item.key]


def filled_with(item, choice):
    return replace(item.question, force="statement", **{item.role: choice})


def test_what_a_summary_says_is_in_its_document_and_is_shorter():
    for item in drawn("summaries", size=1500):
        assert 4 <= len(item.facts) <= 8 and 1 <= len(item.summary) <= 2
        assert not set(item.facts) & set(item.summary)
        for told in item.summary:
            assert follows(told, [fact for fact in item.facts if fact.subject == told.subject])
            if told.object and told.object.adjective:
                assert (told.object.noun, told.object.adjective) in {
                    (fact.subject.noun, fact.predicate) for fact in item.facts
                }


def follows(told, facts):
    """Whether one person's facts give all that a summary says of them, its adjective aside."""
    deeds = [fact for fact in facts if fact.verb == told.verb and fact.frame == told.frame]
    times, places = ({getattr(fact, key) for fact in facts} for key in ("time", "place"))
    if told.manner and "happy" not in {fact.predicate for fact in facts}:
        return False
    if told.object and told.object.noun in summaries.WHOLE:
        parts = [fact.object.noun for fact in deeds]
        counted = words.NUMERALS.index(told.object.determiner) + 2 == len(parts)
        if not (counted and set(parts) <= set(summaries.WHOLE[told.object.noun])):
            return False
    elif told.object and told.object.noun not in {fact.object.noun for fact in deeds}:
        return False
    return bool(deeds) and told.time in times and told.place in places | {None}


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_the_first_sentence_is_no_summary(language):
    for row in said("summaries", language, size=200):
        assert baselines.lead(row["document"]) not in row["summary"]


def test_examples_are_the_statements_on_the_one_theme_that_most_share():
    for item in drawn("themes", size=600):
        themes = Counter(
            theme
            for claim in item.claims
            for theme, nouns in themes_of.NOUNS.items()
            if claim.subject.noun in nouns
        )
        (first, most), (_, second) = themes.most_common(2)
        assert first == item.theme and most in (2, 3) and second == 1 and themes.total() == 5
        assert len({claim.subject.noun for claim in item.claims}) == 5


@pytest.mark.parametrize("language", [*ITEM_LANGUAGES, "mul"])
def test_every_example_is_in_its_document_and_the_theme_shows_that_it_is_one(language):
    for row in items("themes", language, "dev", 100, 3):
        assert all(extraction.quoted(row["examples"], row["document"]))
        texts = [re.split(": |：", line)[1] for line in row["examples"].split("\n")]
        assert all(text in row["document"] for text in texts) and 2 <= len(texts) <= 3


def test_mixed_items_say_each_statement_in_another_language():
    for item in drawn("themes", size=100):
        said = {
            language: [speech.sentence(claim) for claim in item.claims]
            for language, speech in MIXERS.items()
        }
        document = themes_of.mixed(item, MIXERS)["document"]
        heard = [
            [language for language in MIXERS if said[language][at] in document] for at in range(5)
        ]
        assert sorted(language for (language,) in heard) == sorted(MIXERS)


def test_turns_have_every_value_once_a_block():
    found = list(islice(drawing.turns(random.Random(1), "abc"), 9))
    assert [set(found[i : i + 3]) for i in (0, 3, 6)] == [set("abc")] * 3


def test_mistakes_are_named_at_once():
    with pytest.raises(ValueError, match="no sentiment items in 'hi'; it has them in en, de"):
        items("sentiment", "hi", "train", 1, 1)
    with pytest.raises(ValueError, match="no summaries items in 'mul'; it has them in en, de"):
        items("summaries", "mul", "train", 1, 1)
    with pytest.raises(ValueError, match="unknown split 'valid'; use train, dev, test"):
        items("reasoning", "en", "valid", 1, 1)
    with pytest.raises(ValueError, match="asked for 10001 summaries items of dev; ask for 0 to"):
        items("summaries", "en", "dev", 10_001, 1)
