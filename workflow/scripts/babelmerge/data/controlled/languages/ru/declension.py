"""Russian noun phrases: gender, number, animacy, cases, and the endings of adjectives."""

from babelmerge.data.controlled.languages.ru.lexicon import ADJECTIVES, NOUNS, WORDS
from babelmerge.data.controlled.meaning import Phrase

# By spelling; the classes are m f n (singular) and p (plural).
NOMINATIVE = {
    "plain": {"m": "ый", "f": "ая", "n": "ое", "p": "ые"},
    "velar": {"m": "ий", "f": "ая", "n": "ое", "p": "ие"},
    "both": {"m": "ой", "f": "ая", "n": "ое", "p": "ие"},
    "hushing": {"m": "ий", "f": "ая", "n": "ее", "p": "ие"},
}
GENITIVE = {
    "plain": {"m": "ого", "f": "ой", "n": "ого", "p": "ых"},
    "velar": {"m": "ого", "f": "ой", "n": "ого", "p": "их"},
    "both": {"m": "ого", "f": "ой", "n": "ого", "p": "их"},
    "hushing": {"m": "его", "f": "ей", "n": "его", "p": "их"},
}
INSTRUMENTAL = {
    "plain": {"m": "ым", "f": "ой", "n": "ым", "p": "ыми"},
    "velar": {"m": "им", "f": "ой", "n": "им", "p": "ими"},
    "both": {"m": "им", "f": "ой", "n": "им", "p": "ими"},
    "hushing": {"m": "им", "f": "ей", "n": "им", "p": "ими"},
}
ENDINGS = {"nominative": NOMINATIVE, "genitive": GENITIVE, "instrumental": INSTRUMENTAL}
ONE = {
    "nominative": {"m": "один", "f": "одна", "n": "одно"},
    "genitive": {"m": "одного", "f": "одной", "n": "одного"},
}
TWO = {"m": "два", "f": "две", "n": "два"}
OBLIQUE = {"two": "двух", "three": "трёх", "four": "четырёх"}


def class_of(phrase: Phrase) -> str:
    """m, f or n in the singular, p in the plural."""
    return "p" if phrase.many else NOUNS[phrase.noun]["gender"]


def adjective(word: str, case: str, number: str) -> str:
    forms = ADJECTIVES[word]
    if (case, number) == ("accusative", "f"):
        return forms["stem"] + "ую"
    return forms["stem"] + ENDINGS[case][forms["spelling"]][number]


def noun_phrase(phrase: Phrase, case: str = "nominative") -> list[str]:
    """Numeral, attribute and noun in the nominative, genitive, dative or accusative."""
    if case == "accusative":
        return accusative(phrase)
    if phrase.determiner in OBLIQUE:
        return counted(phrase, case)
    attribute = []
    if phrase.adjective:
        attribute = [adjective(phrase.adjective, case, class_of(phrase))]
    one = [ONE[case][NOUNS[phrase.noun]["gender"]]] if phrase.determiner == "a" else []
    return [*one, *attribute, noun(phrase, case)]


def noun(phrase: Phrase, case: str) -> str:
    forms = NOUNS[phrase.noun]
    if phrase.many:
        return forms["many" if case == "nominative" else "genitives"]
    return forms["one" if case == "nominative" else case]


def accusative(phrase: Phrase) -> list[str]:
    """As the genitive for what lives, as the nominative for what does not; feminines have their own
    in the singular."""
    forms = NOUNS[phrase.noun]
    if forms["gender"] != "f" or phrase.many:
        return noun_phrase(phrase, "genitive" if forms["lives"] == "y" else "nominative")
    attribute = [adjective(phrase.adjective, "accusative", "f")] if phrase.adjective else []
    return [*(["одну"] if phrase.determiner == "a" else []), *attribute, forms["accusative"]]


def counted(phrase: Phrase, case: str) -> list[str]:
    """Two, three or four of something: with the genitive singular when nominative.

    An attribute is then in the genitive plural, but in the nominative plural beside a feminine.
    """
    forms, number = NOUNS[phrase.noun], phrase.determiner
    feminine = forms["gender"] == "f"
    if case == "genitive":
        numeral, things = OBLIQUE[number], forms["genitives"]
    else:
        numeral = TWO[forms["gender"]] if number == "two" else WORDS[number]["form"]
        things = forms["genitive"]
    attribute_case = "nominative" if feminine and case == "nominative" else "genitive"
    attribute = [adjective(phrase.adjective, attribute_case, "p")] if phrase.adjective else []
    return [numeral, *attribute, things]
