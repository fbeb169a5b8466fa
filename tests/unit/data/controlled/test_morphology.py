"""Forms of the languages with rich morphology, against what their grammars say."""

from dataclasses import replace

import pytest

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled import render
from babelmerge.data.controlled.languages.ar import phrases as ar
from babelmerge.data.controlled.languages.ar.lexicon import NOUNS as AR_NOUNS
from babelmerge.data.controlled.languages.ru import declension as ru
from babelmerge.data.controlled.languages.tr import suffixes as tr
from babelmerge.data.controlled.languages.tr.lexicon import NOUNS as TR_NOUNS
from babelmerge.data.controlled.meaning import Meaning, Phrase

MEN, WOMEN = ("boy", "farmer", "worker", "student"), ("girl", "woman")
WENT = Meaning("motion", "past", Phrase("boy", "the"), "go", place="city", direction="to")
# What the verb of somebody who went shows: number (of people), and gender too.
GENDERED = ("ar", "it", "ru")
BY_NUMBER = ("ar", "it", "nl", "ru", "es", "tr")


def after_subject(language, noun, determiner):
    """What follows a subject of two words (an article, a noun) or one."""
    meaning = replace(WENT, subject=Phrase(noun, determiner))
    articles = 0 if language in ("ar", "ru", "tr") else 1
    text = render(meaning, language).replace("'", "' ")
    return text.split(" ", 1 + articles)[1 + articles]


@pytest.mark.parametrize("language", BY_NUMBER)
def test_a_verb_shows_the_class_of_its_subject_and_nothing_else_of_it(language):
    found = {}
    for determiner in ("the", "plural"):
        for nouns in (MEN, WOMEN):
            rests = {after_subject(language, noun, determiner) for noun in nouns}
            assert len(rests) == 1
            found[determiner, nouns] = rests.pop()
    assert found["the", MEN] != found["plural", MEN]
    assert found["the", WOMEN] != found["plural", WOMEN]
    assert (found["the", MEN] != found["the", WOMEN]) == (language in GENDERED)


@pytest.mark.parametrize(
    ("noun", "forms"),
    [
        ("book", "kitap kitabı kitaba kitapta"),
        ("letter", "mektup mektubu mektuba mektupta"),
        ("dog", "köpek köpeği köpeğe köpekte"),
        ("horse", "at atı ata atta"),
        ("picture", "resim resmi resme resimde"),
        ("clock", "saat saati saate saatte"),
        ("bird", "kuş kuşu kuşa kuşta"),
        ("ring", "yüzük yüzüğü yüzüğe yüzükte"),
        ("story", "öykü öyküyü öyküye öyküde"),
        ("doll", "oyuncak_bebek oyuncak_bebeği oyuncak_bebeğe oyuncak_bebekte"),
        ("raju", "Raju Raju'yu Raju'ya Raju'da"),
        ("meena", "Meena Meena'yı Meena'ya Meena'da"),
        ("hari", "Hari Hari'yi Hari'ye Hari'de"),
    ],
)
def test_turkish_cases(noun, forms):
    found = [
        tr.noun(Phrase(noun, "none"), case)
        for case in ("nominative", "accusative", "dative", "locative")
    ]
    assert found == [form.replace("_", " ") for form in forms.split()]


def test_turkish_suffixes_are_in_harmony():
    """A front vowel is followed by front vowels, a back one by back ones; saat is an exception."""
    for noun in TR_NOUNS:
        for phrase in (Phrase(noun, "the"), Phrase(noun, "plural")):
            word = tr.noun(phrase)
            for case in tr.CASES:
                found = tr.noun(phrase, case)
                suffix = found[len(word) - 1 :]
                last = [letter for letter in word.lower() if letter in tr.VOWELS][-1]
                if noun != "clock":
                    back = {letter in tr.BACK for letter in suffix if letter in tr.VOWELS}
                    assert back <= {last in tr.BACK}, found


@pytest.mark.parametrize(
    ("phrase", "nominative", "accusative"),
    [
        (Phrase("boy", "the"), "мальчик", "мальчика"),
        (Phrase("boy", "plural", "tall"), "высокие мальчики", "высоких мальчиков"),
        (Phrase("boy", "two", "good"), "два хороших мальчика", "двух хороших мальчиков"),
        (Phrase("girl", "two", "good"), "две хорошие девочки", "двух хороших девочек"),
        (Phrase("book", "three", "big"), "три большие книги", "три большие книги"),
        (Phrase("letter", "four", "old"), "четыре старых письма", "четыре старых письма"),
        (Phrase("book", "a", "red"), "одна красная книга", "одну красную книгу"),
        (Phrase("horse", "a", "white"), "одна белая лошадь", "одну белую лошадь"),
        (Phrase("student", "a", "clever"), "один умный студент", "одного умного студента"),
        (Phrase("ball", "a", "new"), "один новый мяч", "один новый мяч"),
        (Phrase("egg", "plural", "small"), "маленькие яйца", "маленькие яйца"),
        (Phrase("animal", "three"), "три животных", "трёх животных"),
    ],
)
def test_russian_numbers_and_what_lives(phrase, nominative, accusative):
    assert " ".join(ru.noun_phrase(phrase)) == nominative
    assert " ".join(ru.noun_phrase(phrase, "accusative")) == accusative


@pytest.mark.parametrize(
    ("phrase", "nominative", "accusative"),
    [
        (Phrase("book", "a", "old"), "كتاب قديم", "كتابًا قديمًا"),
        (Phrase("shirt", "a", "white"), "قميص أبيض", "قميصًا أبيض"),
        (Phrase("hat", "two", "white"), "قبعتان بيضاوان", "قبعتين بيضاوين"),
        (Phrase("book", "three", "big"), "ثلاثة كتب كبيرة", "ثلاثة كتب كبيرة"),
        (Phrase("doll", "four"), "أربع دمى", "أربع دمى"),
        (Phrase("farmer", "plural"), "المزارعون", "المزارعين"),
        (Phrase("teacher", "three"), "ثلاثة معلمين", "ثلاثة معلمين"),
        (Phrase("girl", "plural", "poor"), "البنات الفقيرات", "البنات الفقيرات"),
        (Phrase("student", "plural", "clever"), "الطلاب الأذكياء", "الطلاب الأذكياء"),
        (Phrase("car", "plural", "red"), "السيارات الحمراء", "السيارات الحمراء"),
        (Phrase("woman", "the", "tall"), "المرأة الطويلة", "المرأة الطويلة"),
        (Phrase("thing", "two"), "شيئان", "شيئين"),
    ],
)
def test_arabic_duals_plurals_and_cases(phrase, nominative, accusative):
    assert " ".join(ar.noun_phrase(phrase)) == nominative
    assert " ".join(ar.noun_phrase(phrase, "accusative")) == accusative


@pytest.mark.parametrize("noun", [*words.PERSONS, *words.ANIMALS, *words.THINGS])
def test_arabic_numerals_have_the_other_gender(noun):
    numeral, *_ = ar.noun_phrase(Phrase(noun, "three"))
    assert numeral.endswith("ة") == (AR_NOUNS[noun]["gender"] == "m")


@pytest.mark.parametrize(
    ("subject", "before", "after"),
    [("boy", "ذهب", "ذهبوا"), ("girl", "ذهبت", "ذهبن"), ("dog", "ذهبت", "ذهبت")],
)
def test_an_arabic_verb_agrees_in_number_only_behind_its_subject(subject, before, after):
    told = replace(WENT, subject=Phrase(subject, "plural"))
    asked = replace(told, force="polar")
    assert render(told, "ar").split()[1] == after
    assert render(asked, "ar").split()[:2] == ["هل", before]


@pytest.mark.parametrize(
    ("language", "noun", "articles"),
    [
        ("it", "student", "lo studente, uno studente, gli studenti"),
        ("it", "bird", "l'uccello, un uccello, gli uccelli"),
        ("it", "orange", "l'arancia, un'arancia, le arance"),
        ("it", "egg", "l'uovo, un uovo, le uova"),
        ("it", "dog", "il cane, un cane, i cani"),
        ("it", "cow", "la mucca, una mucca, le mucche"),
        ("es", "clock", "el reloj, un reloj, los relojes"),
        ("es", "cow", "la vaca, una vaca, las vacas"),
        ("nl", "book", "het boek, een boek, de boeken"),
        ("nl", "bag", "de tas, een tas, de tassen"),
    ],
)
def test_articles(language, noun, articles):
    bought = [
        Meaning("transitive", "future", Phrase("sita"), "buy", Phrase(noun, determiner))
        for determiner in ("the", "a", "plural")
    ]
    for meaning, article in zip(bought, articles.split(", "), strict=True):
        assert f" {article}" in render(meaning, language)


@pytest.mark.parametrize(
    ("determiner", "adjective"),
    [("the", "grote"), ("a", "groot"), ("plural", "grote"), ("two", "grote")],
)
def test_a_dutch_adjective_is_bare_only_between_een_and_a_neuter(determiner, adjective):
    sold = Meaning("transitive", "past", Phrase("sita"), "sell", Phrase("horse", determiner, "big"))
    assert f" {adjective} paard" in render(sold, "nl")
    other = replace(sold, object=replace(sold.object, noun="dog"))
    assert " grote hond" in render(other, "nl")
