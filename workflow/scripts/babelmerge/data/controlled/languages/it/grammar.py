"""Italian: subject verb object, gender and number agreement, articles by sound and contraction.

What is going on now is said with stare and a gerund, the past with the passato prossimo, but that
of being and having with the imperfect. A content question has its verb before the subject.
"""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.it.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

VOWELS = "aeiou"
# What has lo, gli and uno: these, and s before a consonant.
HARD = ("z", "gn", "ps", "pn", "x", "y")
TO = {"il": "al", "lo": "allo", "la": "alla", "l'": "all'"}
BE = {
    "present": {"one": "è", "many": "sono"},
    "past": {"one": "era", "many": "erano"},
    "future": {"one": "sarà", "many": "saranno"},
}
HAVE = {
    "present": {"one": "ha", "many": "hanno"},
    "past": {"one": "aveva", "many": "avevano"},
    "future": {"one": "avrà", "many": "avranno"},
}
STAY = {"one": "sta", "many": "stanno"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Italian sentence of a meaning.

    ``agrees`` replaces the verb's number (one or many), which makes a minimal pair.
    """
    return capital(clause(meaning, agrees)) + ("." if meaning.force == "statement" else "?")


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its capital and full stop."""
    opening, subject = question_word(meaning), noun_phrase(meaning.subject)
    verb = verb_group(meaning, agrees or agreement(meaning))
    if opening == ["dove"] and verb[0][0] in "eè":
        opening = ["dov'"]
    first = [*opening, *verb, *subject] if opening else [*subject, *verb]
    return attached([*first, *complements(meaning)])


def question_word(meaning: Meaning) -> list[str]:
    """What opens a question about the object or the place."""
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction]]
    return ["che cosa"] if meaning.object and meaning.object.noun == "what" else []


def attached(words: list[str]) -> str:
    """The words joined, those that end in an apostrophe without a space."""
    return " ".join(words).replace("' ", "'")


def noun_phrase(phrase: Phrase) -> list[str]:
    """Article or numeral, noun, attribute."""
    noun = NOUNS[phrase.noun]["many" if phrase.many else "one"]
    attribute = [adjective(phrase.adjective, phrase)] if phrase.adjective else []
    return [*determiner(phrase, noun), noun, *attribute]


def gender(phrase: Phrase) -> str:
    return NOUNS[phrase.noun]["genders" if phrase.many else "gender"]


def determiner(phrase: Phrase, noun: str) -> list[str]:
    """The article that suits the noun's gender, number and first sound, or a numeral."""
    if phrase.determiner == "none":
        return []
    if phrase.determiner in ("the", "plural"):
        return [definite(gender(phrase), phrase.many, noun)]
    if phrase.determiner != "a":
        return form(phrase.determiner)
    if gender(phrase) == "f":
        return ["un'" if noun[0] in VOWELS else "una"]
    return ["uno" if hard(noun) else "un"]


def definite(gender_: str, many: bool, noun: str) -> str:
    vowel = noun[0] in VOWELS
    if gender_ == "f":
        return "le" if many else "l'" if vowel else "la"
    if many:
        return "gli" if vowel or hard(noun) else "i"
    return "l'" if vowel else "lo" if hard(noun) else "il"


def hard(noun: str) -> bool:
    return noun.startswith(HARD) or (noun[0] == "s" and noun[1] not in VOWELS)


def adjective(word: str, of: Phrase) -> str:
    """The form of an adjective that agrees with a phrase."""
    return ADJECTIVES[word][gender(of) + ("p" if of.many else "s")]


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> list[str]:
    """The verb after non, and its gerund or participle."""
    return [*(["non"] if meaning.negative else []), *verb(meaning, agrees)]


def verb(meaning: Meaning, agrees: str) -> list[str]:
    if not meaning.verb:
        return [(HAVE if meaning.frame == "possession" else BE)[meaning.tense][agrees]]
    forms = VERBS[meaning.verb]
    if meaning.tense == "future":
        return [forms["future_" + agrees]]
    if meaning.tense == "present":
        return [STAY[agrees], forms["gerund"]]
    if meaning.tense == "habitual":
        return [forms[agrees]]
    if forms["auxiliary"] == "have":
        return [HAVE["present"][agrees], forms["participle"]]
    feminine = gender(meaning.subject) == "f"
    ending = ("e" if feminine else "i") if agrees == "many" else ("a" if feminine else "o")
    return [BE["present"][agrees], forms["participle"][:-1] + ending]


def complements(meaning: Meaning) -> list[str]:
    """What follows the verb: object, recipient, predicate, manner, place, time."""
    words = []
    if meaning.object and meaning.object.noun != "what":
        words += noun_phrase(meaning.object)
    if meaning.recipient:
        words += to(meaning.recipient)
    if meaning.predicate:
        words += [*form(meaning.degree), adjective(meaning.predicate, meaning.subject)]
    words += form(meaning.manner)
    if meaning.place and meaning.place != "where":
        words.append(PLACES[meaning.place][meaning.direction])
    return [*words, *form(meaning.time)]


def to(phrase: Phrase) -> list[str]:
    """A recipient: a, which joins the article."""
    first, *rest = noun_phrase(phrase)
    return [TO[first], *rest] if first in TO else ["a", first, *rest]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
