"""Languages told apart by script, then by identifier; and what is too short to tell."""

import os
from pathlib import Path

import pytest
from places import SHARED

from babelmerge.data import corpora
from babelmerge.evaluation import language_id
from babelmerge.words import languages

INDIC = ("en", "hi", "bn", "ta", "te")
TEXTS = {
    "en": "The children are reading a book.",
    "hi": "बच्चे किताब पढ़ रहे हैं।",
    "bn": "শিশুরা একটি বই পড়ছে।",
    "ta": "குழந்தைகள் புத்தகம் படிக்கிறார்கள்.",
    "te": "పిల్లలు పుస్తకం చదువుతున్నారు.",
}
OTHERS = {
    "de": "Die Kinder lesen heute Abend ein dickes Buch über die Geschichte der Stadt.",
    "fr": "Les enfants lisent ce soir un gros livre sur l’histoire de leur ville.",
    "nl": "De kinderen lezen vanavond een dik boek over de geschiedenis van de stad.",
    "ja": "子供たちは今夜、町の歴史についての本を読んでいます。",
    "zh": "孩子们今天晚上在读一本关于城市历史的书。",
    "ru": "Дети сегодня вечером читают книгу об истории города.",
    "ar": "يقرأ الأطفال هذا المساء كتابا عن تاريخ المدينة.",
    "tr": "Çocuklar bu akşam şehrin tarihi hakkında kalın bir kitap okuyor.",
}


@pytest.mark.parametrize("code", INDIC)
def test_one_script_one_language(code):
    assert list(language_id.script_counts(TEXTS[code])) == [languages.scripts(code)[0]]
    for target in INDIC:
        assert language_id.off_target(TEXTS[code], target, INDIC) is (target != code)


@pytest.mark.parametrize("code", OTHERS)
def test_languages_that_share_a_script_are_identified(code):
    for target in (*OTHERS, "en", "hi"):
        assert language_id.off_target(OTHERS[code], target) is (target != code), target


def test_letters_and_marks_count_and_nothing_else_does():
    assert language_id.script_counts("12, ५.५ (…)! । ¿?") == {}
    assert language_id.script_counts("कि a") == {"DEVANAGARI": 2, "LATIN": 1}
    # A combining accent belongs to no script, so both forms of é count once.
    assert language_id.script_counts("e\u0301д") == {"LATIN": 1, "CYRILLIC": 1}
    assert language_id.script_counts("Ａｂｃ") == {"LATIN": 3}
    assert language_id.script_counts("コーヒー") == {"KATAKANA": 4}
    assert language_id.script_counts("人々") == {"CJK": 2}


@pytest.mark.parametrize("text", ["", "  ", "\n"])
def test_an_empty_output_misses_every_language(text):
    assert all(language_id.off_target(text, code, INDIC) is True for code in INDIC)


@pytest.mark.parametrize("text", ["1945", "…", "?!", "५.५ ।", "12:30 (3)"])
def test_digits_and_punctuation_say_nothing(text):
    assert all(language_id.off_target(text, code, INDIC) is None for code in INDIC)


def test_the_majority_decides_between_scripts():
    assert language_id.is_language("NATO ने कहा कि यह ज़रूरी है", "hi", INDIC) is True
    assert language_id.is_language("NATO said so, कि", "hi", INDIC) is False
    # A Thai answer has no candidate's script, so it is in none of their languages.
    assert not any(language_id.is_language("เด็กอ่านหนังสือ", code, INDIC) for code in INDIC)


def test_latin_names_do_not_outvote_a_chinese_sentence():
    text = "马鲁基多尔 (Maroochydore) 随后在预决赛中击败了卡布尔彻 (Caboolture)。"
    assert language_id.off_target(text, "zh") is False
    assert language_id.off_target("Maroochydore Caboolture 随后", "zh") is True


def test_short_texts_are_undecided_only_where_languages_share_a_script():
    assert language_id.is_language("Hotel", "de", ("de", "nl")) is None
    assert language_id.is_language("Hotel", "de", ("de", "hi")) is True
    assert language_id.is_language("東京", "ja", ("ja", "zh")) is None


@pytest.mark.parametrize("code", ["hi", "en", "de", "zh", "ja"])
def test_references_of_a_real_corpus_are_on_target(code):
    path = Path(os.environ.get("BABELMERGE_SHARED", SHARED)) / "data/flores200/dev.tsv"
    if not path.is_file():
        pytest.skip("no shared data here")
    options = {"files": [str(path)], "columns": {"*": "{flores}"}, "size": 200}
    rows = corpora.read("files", options, code, "it")
    missed = [language_id.off_target(row["source"], code) for row in rows]
    assert missed.count(False) >= 198
