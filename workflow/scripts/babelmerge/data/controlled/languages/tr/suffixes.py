"""Turkish suffixes: vowel harmony, consonants that assimilate, cases, plurals, possession, copulas.

A suffix is written with A (e, a) and I (ı, i, u, ü), which follow the vowel before them, D (d, t),
which follows the consonant, and in brackets the letter that stands only after a vowel: (y)A, (s)I.
"""

from babelmerge.data.controlled.languages.tr.lexicon import NOUNS
from babelmerge.data.controlled.meaning import Phrase

VOWELS = "aıoueiöüâ"
BACK, ROUND = "aıouâ", "ouöü"
VOICELESS = "fstkçşhp"
CASES = {
    "nominative": "",
    "accusative": "(y)I",
    "dative": "(y)A",
    "locative": "DA",
    "genitive": "(n)In",
}
POSSESSED = "(s)I"


def attach(word: str, suffix: str, vowel: str = "") -> str:
    """A word with a suffix; ``vowel`` is whose harmony it follows, where not the last one's."""
    buffer, rest = (suffix[1], suffix[3:]) if suffix.startswith("(") else ("", suffix)
    found = buffer if buffer and word[-1].lower() in VOWELS else ""
    last = vowel or next(letter for letter in reversed(word.lower()) if letter in VOWELS)
    for letter in rest:
        found += spelt(letter, last, (word + found)[-1])
        last = found[-1] if found[-1] in VOWELS else last
    return word + found


def spelt(letter: str, vowel: str, before: str) -> str:
    """A letter of a suffix behind a vowel and a letter."""
    if letter == "A":
        return "a" if vowel in BACK else "e"
    if letter == "D":
        return "t" if before in VOICELESS else "d"
    if letter != "I":
        return letter
    if vowel in BACK:
        return "u" if vowel in ROUND else "ı"
    return "ü" if vowel in ROUND else "i"


def noun(phrase: Phrase, case: str = "nominative", possessed: bool = False) -> str:
    """The noun of a phrase in a case; names have an apostrophe before it."""
    forms = NOUNS[phrase.noun]
    word, vowel = forms["one"], forms["vowel"]
    if phrase.determiner == "plural":
        word, vowel, before = attach(word, "lAr", vowel), "", ""
    else:
        before = forms["before"]
    suffix = POSSESSED if possessed else CASES[case]
    if not suffix:
        return word
    if before and suffix[0] == "(":
        word = before
    if not word[0].isupper():
        return attach(word, suffix, vowel)
    return word + "'" + attach(word, suffix, vowel).removeprefix(word)


def was(word: str) -> str:
    """The past of being something."""
    return attach(word, "(y)DI")


def asking(word: str, past: bool = False) -> list[str]:
    """A word and the particle of yes-no questions; what was, has its past on the particle."""
    particle = attach(word, "mI").removeprefix(word)
    return [word, was(particle) if past else particle]
