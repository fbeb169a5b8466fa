"""Laws of the controlled corpus: its space, samples, splits; and that nothing sounds the same."""

import json
from functools import cache

import pytest

from babelmerge.data import controlled
from babelmerge.data.controlled import (
    LANGUAGES,
    Meaning,
    count,
    render,
    rows,
    sample,
    space,
    split_of,
    strata,
)
from babelmerge.data.controlled.languages.table import table


@cache
def meanings(split, size, seed):
    return tuple(sample(split, size, seed))


@cache
def sentences(split, size, seed, language):
    return [render(meaning, language) for meaning in meanings(split, size, seed)]


@cache
def plain_meanings():
    """Each content once."""
    return [
        strata.complete(core, strata.variants(stratum, core)[0])
        for stratum in strata.STRATA
        if stratum.extra in ("", "who", "what", "where")
        for core in stratum.cores()
    ]


@cache
def variants_of(number):
    """The first meanings of a stratum in the test split."""
    return [
        space.meaning_at("test", number, i) for i in range(min(space.size("test", number), 600))
    ]


def test_rows_have_the_fields_of_translation_data():
    (row,) = rows("hi", "en", "dev", 1, 3)
    assert list(row) == ["id", "source_language", "target_language", "source", "target"]
    (meaning,) = sample("dev", 1, 3)
    assert row["id"] == "0"
    assert (row["source"], row["target"]) == (render(meaning, "hi"), render(meaning, "en"))


def test_the_space_is_as_large_as_the_docstring_says():
    assert count() == 17_450_974 >= 1_000_000
    assert f"{count():,}" in controlled.__doc__
    assert sum(count(split) for split in controlled.SPLITS) == count()


def test_a_sample_has_no_repeats_and_depends_on_split_and_seed_alone():
    first, again = list(sample("test", 3000, 7)), list(sample("test", 3000, 7))
    assert first == again and len(set(first)) == 3000
    assert first != list(sample("test", 3000, 8))
    assert list(sample("test", 0, 7)) == []


def test_the_split_is_a_function_of_the_meaning():
    for split in controlled.SPLITS:
        for seed in (1, 2):
            assert {split_of(meaning) for meaning in sample(split, 1500, seed)} == {split}


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_dev_or_test_sentence_is_in_train(language):
    train = set(sentences("train", 10_000, 5, language))
    for split in ("dev", "test"):
        assert train.isdisjoint(sentences(split, 3000, 5, language))


def test_every_kind_of_sentence_is_in_every_split():
    for number in range(len(strata.STRATA)):
        assert all(space.size(split, number) for split in controlled.SPLITS)


@pytest.mark.parametrize("size", [0, 1, 29, 1000, 100_000])
def test_shares_add_up_and_never_exceed_what_there_is(size):
    shares = space._shares("dev", size)
    assert sum(shares) == size
    assert all(share <= space.size("dev", i) for i, share in enumerate(shares))


@pytest.mark.parametrize("language", LANGUAGES)
def test_different_content_never_sounds_the_same(language):
    """Exhaustive over cores: so no sentence can be in two splits by homonymy."""
    heard = {}
    for meaning in plain_meanings():
        assert heard.setdefault(render(meaning, language), meaning) is meaning


@pytest.mark.parametrize("language", LANGUAGES)
def test_variants_of_one_content_never_sound_the_same(language):
    for number in range(len(strata.STRATA)):
        found = variants_of(number)
        assert len(set(found)) == len({render(m, language) for m in found}) == len(found)


def test_vocabularies_are_small():
    limits = {"en": 250, "hi": 450, "bn": 420, "ta": 950, "te": 700, "de": 400, "fr": 400}
    limits |= {"ar": 750, "it": 400, "nl": 300, "ru": 750, "es": 400, "tr": 850}
    for language, limit in limits.items():
        said = sentences("train", 10_000, 5, language)
        words = {word.strip(".।?¿؟") for sentence in said for word in sentence.split()}
        assert len(words) <= limit


def test_meanings_survive_json():
    for meaning in sample("dev", 500, 1):
        assert Meaning.from_json(json.loads(json.dumps(meaning.as_json()))) == meaning


def test_lexicon_tables_refuse_ragged_and_repeated_rows():
    assert table("id a b\nx in_x -\n") == {"x": {"a": "in x", "b": ""}}
    with pytest.raises(ValueError, match="found 2 cells"):
        table("id a b\nx y\n")
    with pytest.raises(ValueError, match="lexicon row 'x z'"):
        table("id a\nx y\nx z\n")
