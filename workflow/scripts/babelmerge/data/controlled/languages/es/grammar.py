"""Spanish: subject verb object, gender and number agreement, ser and estar, the personal a.

What is going on now is said with estar and a gerund, the past with the preterite, but that of being
and having with the imperfect. A content question has its verb before the subject.
"""

from babelmerge.data.controlled.inventory import HUMANS
from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.es.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

ARTICLES = {"ms": "el", "fs": "la", "mp": "los", "fp": "las"}
SER = {
    "present": {"one": "es", "many": "son"},
    "past": {"one": "era", "many": "eran"},
}
ESTAR = {
    "present": {"one": "está", "many": "están"},
    "past": {"one": "estaba", "many": "estaban"},
    "future": {"one": "estará", "many": "estarán"},
}
HAVE = {
    "present": {"one": "tiene", "many": "tienen"},
    "past": {"one": "tenía", "many": "tenían"},
    "future": {"one": "tendrá", "many": "tendrán"},
}
TENSES = {"habitual": "", "past": "past_", "future": "future_"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Spanish sentence of a meaning.

    ``agrees`` replaces the verb's number (one or many), which makes a minimal pair.
    """
    text = capital(clause(meaning, agrees))
    return f"{text}." if meaning.force == "statement" else f"¿{text}?"


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its capital and marks."""
    opening, subject = question_word(meaning), noun_phrase(meaning.subject)
    verb = verb_group(meaning, agrees or agreement(meaning))
    first = [*opening, *verb, *subject] if opening else [*subject, *verb]
    return " ".join([*first, *complements(meaning)])


def question_word(meaning: Meaning) -> list[str]:
    """What opens a question about the object or the place."""
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction]]
    return ["qué"] if meaning.object and meaning.object.noun == "what" else []


def noun_phrase(phrase: Phrase) -> list[str]:
    """Article or numeral, noun, attribute."""
    noun = NOUNS[phrase.noun]["many" if phrase.many else "one"]
    attribute = [adjective(phrase.adjective, phrase)] if phrase.adjective else []
    return [*determiner(phrase), noun, *attribute]


def features(phrase: Phrase) -> str:
    """Gender and number."""
    return NOUNS[phrase.noun]["gender"] + ("p" if phrase.many else "s")


def determiner(phrase: Phrase) -> list[str]:
    if phrase.determiner == "none":
        return []
    if phrase.determiner == "a":
        return ["una" if features(phrase) == "fs" else "un"]
    definite = phrase.determiner in ("the", "plural")
    return [ARTICLES[features(phrase)]] if definite else form(phrase.determiner)


def adjective(word: str, of: Phrase) -> str:
    """The form of an adjective that agrees with a phrase."""
    return ADJECTIVES[word][features(of)]


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> list[str]:
    """The verb after no, and its gerund."""
    return [*(["no"] if meaning.negative else []), *verb(meaning, agrees)]


def verb(meaning: Meaning, agrees: str) -> list[str]:
    if not meaning.verb:
        return [being(meaning)[meaning.tense][agrees]]
    forms = VERBS[meaning.verb]
    if meaning.tense == "present":
        return [ESTAR["present"][agrees], forms["gerund"]]
    return [forms[TENSES[meaning.tense] + agrees]]


def being(meaning: Meaning) -> dict[str, dict[str, str]]:
    """Having; being in a place or state; being as things are."""
    if meaning.frame == "possession":
        return HAVE
    lasting = meaning.frame == "quality" and ADJECTIVES[meaning.predicate]["be"] == "ser"
    return SER if lasting else ESTAR


def complements(meaning: Meaning) -> list[str]:
    """What follows the verb: object, recipient, predicate, manner, place, time."""
    words = []
    if meaning.object and meaning.object.noun != "what":
        words += direct_object(meaning.object)
    if meaning.recipient:
        words += to(meaning.recipient)
    if meaning.predicate:
        words += [*form(meaning.degree), adjective(meaning.predicate, meaning.subject)]
    words += form(meaning.manner)
    if meaning.place and meaning.place != "where":
        words.append(PLACES[meaning.place][meaning.direction])
    return [*words, *form(meaning.time)]


def direct_object(phrase: Phrase) -> list[str]:
    """An object: people have a."""
    return to(phrase) if phrase.noun in HUMANS else noun_phrase(phrase)


def to(phrase: Phrase) -> list[str]:
    """A phrase with a, which joins el."""
    words = noun_phrase(phrase)
    return ["al", *words[1:]] if words[0] == "el" else ["a", *words]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
