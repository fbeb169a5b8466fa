"""Arabic noun phrases: gender, the dual, plurals of people and things, the article, three cases.

What agrees with a phrase agrees in m, f, mm or ff (the plurals of people): things in the plural are
f. Without short vowels, a case shows in the dual, in sound masculine plurals and in the alif of
indefinite masculines.
"""

from babelmerge.data.controlled.languages.ar.lexicon import ADJECTIVES, NOUNS
from babelmerge.data.controlled.meaning import Phrase

THE = "ال"
FEMININE = "ة"
ACCUSATIVE = "ًا"
NUMERALS = {"three": {"m": "ثلاثة", "f": "ثلاث"}, "four": {"m": "أربعة", "f": "أربع"}}


def agreement(phrase: Phrase) -> str:
    """m, f, mm or ff: what a verb or predicate after the phrase agrees in."""
    forms = NOUNS[phrase.noun]
    if not phrase.many:
        return forms["gender"]
    if phrase.determiner == "two" or forms["people"] == "n":
        return "f"
    return forms["gender"] * 2


def noun_phrase(phrase: Phrase, case: str = "nominative") -> list[str]:
    """Numeral, noun and attribute; case is nominative, accusative or genitive."""
    if phrase.determiner == "none":
        return [NOUNS[phrase.noun]["one"]]
    if phrase.determiner in NUMERALS:
        numeral = NUMERALS[phrase.determiner][NOUNS[phrase.noun]["gender"]]
        return [numeral, NOUNS[phrase.noun]["manies"], *attribute(phrase, "genitive")]
    return [noun(phrase, case), *attribute(phrase, case)]


def noun(phrase: Phrase, case: str) -> str:
    forms = NOUNS[phrase.noun]
    if phrase.determiner == "two":
        return dual(forms["one"], case)
    if phrase.determiner == "plural":
        return THE + forms["many" if case == "nominative" else "manies"]
    if phrase.determiner == "the":
        return forms["definite"]
    marked = case == "accusative" and not forms["one"].endswith(FEMININE)
    return forms["one"] + (ACCUSATIVE if marked else "")


def dual(word: str, case: str) -> str:
    """Two of a noun or adjective: a final ة becomes ت, ء after alif و, ء after ي its seat."""
    for ending, joining in (("ة", "ت"), ("اء", "او"), ("يء", "يئ")):
        if word.endswith(ending):
            word = word.removesuffix(ending) + joining
    return word + ("ان" if case == "nominative" else "ين")


def attribute(phrase: Phrase, case: str) -> list[str]:
    """The attribute after its noun; it has the article when the noun has it."""
    if not phrase.adjective:
        return []
    if phrase.determiner == "two":
        word = ADJECTIVES[phrase.adjective][NOUNS[phrase.noun]["gender"]]
        return [dual(word, case)]
    if phrase.definite:
        return [THE + adjective(phrase.adjective, agreement(phrase), case, definite=True)]
    return [adjective(phrase.adjective, agreement(phrase), case)]


def adjective(word: str, agrees: str, case: str, definite: bool = False) -> str:
    """An adjective that agrees in m, f, mm or ff."""
    forms = ADJECTIVES[word]
    if agrees == "ff":
        return forms["f"][:-1] + "ات"
    if agrees == "mm":
        return forms["many" if case == "nominative" else "manies"]
    indefinite_accusative = agrees == "m" and case == "accusative" and not definite
    return forms["accusative" if indefinite_accusative else agrees]
