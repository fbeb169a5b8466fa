"""Laws of minimal pairs: one form is wrong, nothing but grammar tells which; and pairs read."""

import random
from collections import Counter
from dataclasses import replace
from functools import cache
from importlib import import_module
from itertools import islice

import pytest

from babelmerge.data.controlled import ITEM_LANGUAGES, SPLITS, inventory, items, render, sample
from babelmerge.data.controlled.items import minimal_pairs, rules
from babelmerge.data.controlled.languages import segments
from babelmerge.data.controlled.languages.de import lexicon as german
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.tasks.kinds import KINDS

MARKS = ".?。？؟\u202f¿"


@cache
def drawn(language, split="train", size=160):
    return tuple(islice(minimal_pairs.pairs(language, split, 5), size))


def words(sentence, language):
    return segments.words(sentence.strip(MARKS), language)


@cache
def corpus(language):
    """The first sentences of the corpus."""
    return [render(meaning, language) for meaning in sample("train", 3000, 1)]


@cache
def counts(language):
    """How often each form is in them."""
    return Counter(word for text in corpus(language) for word in words(text, language))


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_pairs_read_with_care(language, pinned):
    expected = pinned(language)["minimal_pairs"]
    found = list(items("minimal_pairs", language, "test", 20, 1))
    assert [row.pop("id") for row in found] == [str(number) for number in range(20)]
    assert found == expected


def test_every_language_with_items_has_contrasts_and_rows_have_the_fields_of_their_kind():
    assert set(rules.CONTRASTS) == set(ITEM_LANGUAGES)
    (row,) = items("minimal_pairs", "de", "dev", 1, 0)
    assert tuple(row) == ("id", *KINDS["minimal_pairs"].fields) == ("id", *minimal_pairs.FIELDS)


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_good_and_bad_differ_in_one_word(language):
    for pair in drawn(language):
        good, bad = words(pair.good, language), words(pair.bad, language)
        if language in segments.TABLES:
            rebuilt = pair.good.replace(pair.right, pair.wrong)
            assert pair.bad == rebuilt or pair.good.count(pair.right) > 1
        else:
            changed = [both for both in zip(good, bad, strict=True) if both[0] != both[1]]
            assert changed == [(pair.right.strip(MARKS), pair.wrong.strip(MARKS))]


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_what_is_right_in_one_is_wrong_in_its_twin_so_counts_and_lengths_tell_nothing(language):
    found = drawn(language)
    for one, twin in zip(found[::2], found[1::2], strict=True):
        assert (one.right, one.wrong) == (twin.wrong, twin.right) and one.rule == twin.rule
    assert Counter(p.right for p in found) == Counter(p.wrong for p in found)
    assert sum(len(p.good) - len(p.bad) for p in found) == 0
    for score in (lambda word: counts(language)[word], len, hash):
        leads = [score(pair.right) - score(pair.wrong) for pair in found]
        assert sum((lead > 0) + (lead == 0) / 2 for lead in leads) == len(found) / 2


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_who_does_not_know_grammar_finds_the_good_sentence_by_chance(language, told_apart):
    """Words are set apart: which characters are neighbours without spaces, is grammar."""
    rows = {split: [] for split in ("train", "test")}
    for split, found in rows.items():
        for pair in drawn(language, split):
            good, bad = (" ".join(words(text, language)) for text in (pair.good, pair.bad))
            found.append(("", sorted((good, bad)), good))
    assert told_apart(**rows) == {}


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_good_sentences_are_of_the_corpus_and_of_their_split_and_bad_ones_of_neither(language):
    told = set(corpus(language))
    goods = {split: {pair.good for pair in drawn(language, split)} for split in SPLITS}
    assert not goods["train"] & goods["test"] and not goods["dev"] & goods["test"]
    for split in SPLITS:
        bads = {pair.bad for pair in drawn(language, split)}
        assert not bads & (told | goods["train"] | goods["dev"] | goods["test"])
    assert not told & (goods["dev"] | goods["test"])


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_contrasts_come_equally_often_and_pairs_depend_on_split_and_seed_alone(language):
    found = drawn(language)
    every = len(rules.CONTRASTS[language])
    assert Counter(p.rule for p in found[: 2 * every]) == dict.fromkeys(
        rules.CONTRASTS[language], 2
    )
    assert len({(pair.good, pair.bad) for pair in found}) == len(found)
    assert found[:40] == tuple(islice(minimal_pairs.pairs(language, "train", 5), 40))
    assert found[:40] != tuple(islice(minimal_pairs.pairs(language, "train", 6), 40))


@pytest.mark.parametrize(
    ("language", "rule", "sibling"),
    [
        ("en", "number", {"subject": Phrase("boy", "the")}),  # the boy bought, the boys bought
        ("nl", "article", {"object": Phrase("ball", "the")}),  # de ring, de bal
    ],
)
def test_no_pair_is_made_where_the_other_form_is_right_too(language, rule, sibling):
    told = Meaning("transitive", "past", Phrase("boy", "plural"), "buy", Phrase("ring", "the"))
    assert minimal_pairs.broken(language, rule, told, replace(told, **sibling)) is None


def bought(noun, determiner="the", adjective=None):
    object_ = Phrase(noun, determiner, adjective)
    return Meaning("transitive", "past", Phrase("boy", "plural"), "buy", object_)


def called(noun, determiner="the", adjective=None):
    object_ = Phrase(noun, determiner, adjective)
    return Meaning("transitive", "past", Phrase("boy", "plural"), "call", object_)


def was(subject):
    return Meaning("location", "past", subject, place="home", direction="at")


def returns(determiner, force="statement"):
    dog = Phrase("dog", determiner)
    back = {"place": "village", "direction": "from"}
    return Meaning("motion", "future", dog, "return", force=force, **back)


def plays(frame, verb, direction, manner=None):
    where = {"place": "village", "direction": direction, "manner": manner}
    return Meaning(frame, "future", Phrase("ravi"), verb, **where)


BLACK = ("two", "black")


@pytest.mark.parametrize(
    ("language", "rule", "told", "sibling", "why"),
    [
        ("nl", "article", bought("ball"), bought("book"), "het bal is a dance"),
        ("nl", "attribute", bought("picture", "a", "big"), bought("ball", "a", "big"), "de or het"),
        ("de", "article", bought("orange"), bought("egg"), "das Orange is a colour"),
        ("de", "attribute", bought("orange", "the", "big"), bought("egg", "the", "big"), "das"),
        ("de", "article", bought("hat"), bought("box"), "die Hut is a guard"),
        ("es", "article", bought("orange"), bought("book"), "el naranja is a colour"),
        ("fr", "article", bought("book"), bought("box"), "la livre is a pound"),
        ("fr", "attribute", bought("book", *BLACK), bought("box", *BLACK), "livres noires: pounds"),
        ("fr", "attribute", bought("hat", "a", "new"), bought("box", "a", "new"), "nouns"),
        ("ar", "attribute", bought("box", "three", "red"), bought("hat", "three", "red"), "nouns"),
        ("ar", "number", returns("the", "polar"), returns("plural", "polar"), "verbs before many"),
        (
            "tr",
            "place",
            plays("motion", "go", "to", "quickly"),
            plays("intransitive", "play", "at"),
            "one goes fast in a place",
        ),
    ],
)
def test_no_word_is_taken_for_a_mistake_that_is_right_with_another_meaning(
    language, rule, told, sibling, why
):
    assert minimal_pairs.broken(language, rule, told, sibling) is None, why
    plain = {"nl": "book", "de": "box", "es": "book", "fr": "box", "ar": "box"}
    if rule == "article":  # other nouns have their pairs
        other = bought("bag" if language != "de" else "ring")
        assert minimal_pairs.broken(language, rule, bought(plain[language]), other), why


@pytest.mark.parametrize("noun", [*inventory.PERSONS, *inventory.RESPECTED])
def test_a_german_article_that_makes_one_several_is_not_taken_for_a_mistake(noun):
    """Die Jungen haben die Lehrer gerufen: several; of a doctor die Arzt is wrong."""
    forms = german.NOUNS[noun]
    if forms["gender"] != "f":
        pair = minimal_pairs.broken("de", "article", called(noun), called("woman"))
        assert (pair is None) == (forms["many"] == forms["accusative"])
        assert pair is None or (pair.right, pair.wrong) == ("den", "die")


@pytest.mark.parametrize(("adjective", "fair"), [("good", False), ("poor", True)])
def test_a_dutch_teacher_may_be_a_good_one_in_either_form(adjective, fair):
    one, other = (called(noun, "a", adjective) for noun in ("teacher", "girl"))
    assert (minimal_pairs.broken("nl", "attribute", one, other) is not None) == fair


def test_a_russian_form_of_many_that_is_also_of_one_is_not_taken_for_a_mistake():
    """Коровы не было: the cow was not there. Of many cows it is коров не было."""
    rng = random.Random(0)
    denied = rules.CONTRASTS["ru"]["absence"].contrast.sibling
    assert denied(rng, was(Phrase("cow", "plural"))) is None
    there = was(Phrase("cow", "the"))
    pair = minimal_pairs.broken("ru", "absence", denied(rng, there), there)
    assert (pair.right, pair.wrong) == ("Коровы", "Корова")


@pytest.mark.parametrize("language", ITEM_LANGUAGES)
def test_what_agrees_is_at_issue_and_not_the_noun_that_it_agrees_with(language):
    """Two nouns tell what is bought, not how words agree; chico and chica are one that does."""
    folder = f"babelmerge.data.controlled.languages.{language}.lexicon"
    forms = import_module(folder).NOUNS.values()
    nouns = {noun[key] for noun in forms for key in noun if key not in ("article", "gender")}
    for pair in drawn(language):
        if pair.rule in ("attribute", "gender", "article"):
            assert rules.alike(pair) or not {pair.right, pair.wrong} <= nouns, pair


def test_a_dative_plural_is_not_taken_for_a_mistake():
    """Den Jungen is a plural that may well be given a ring; den Arzt is not."""
    for person, fair in (("boy", False), ("doctor", True)):
        one = Phrase(person, "the")
        given = Meaning(
            "ditransitive", "past", Phrase("woman", "the"), "give", Phrase("ring", "a"), one
        )
        called = Meaning("transitive", "past", Phrase("woman", "the"), "call", one)
        assert bool(minimal_pairs.broken("de", "recipient", given, called)) == fair


def test_what_is_not_there_is_named_at_once():
    with pytest.raises(ValueError, match="no minimal_pairs items in 'hi'; it has them in en, de"):
        items("minimal_pairs", "hi", "train", 1, 1)
    with pytest.raises(ValueError, match="asked for 2001 minimal_pairs items of dev; ask for 0 to"):
        items("minimal_pairs", "en", "dev", 2001, 1)
