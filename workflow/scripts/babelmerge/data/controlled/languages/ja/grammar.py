"""Japanese: verb-final and polite, particles for roles, counters, no articles.

A definite subject is the topic (は), others have が. 'The' is a bare noun; its plural has たち when
it is alive and それらの when not. Numerals stand before a subject and after an object. What will be
so is foreseen (でしょう); a motion under way is one that is about to be made (ところです).
"""

from babelmerge.data.controlled.languages.ja.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

DIRECTIONS = {"to": "に", "from": "から", "at": "で"}
# Endings by tense and negation: of verbs, of ています, of い-adjectives and of nominal ones.
POLITE = {
    ("past", False): "ました",
    ("past", True): "ませんでした",
    ("now", False): "ます",
    ("now", True): "ません",
}
LASTING = {key: "い" + ending for key, ending in POLITE.items()}
VERBAL = {
    ("past", False): "かったです",
    ("past", True): "くなかったです",
    ("now", False): "いです",
    ("now", True): "くないです",
}
NOMINAL = {
    ("past", False): "でした",
    ("past", True): "ではありませんでした",
    ("now", False): "です",
    ("now", True): "ではありません",
}
# What is foreseen: plain forms before でしょう.
FORESEEN = {
    ("て", False): "いる",
    ("て", True): "いない",
    ("い", False): "い",
    ("い", True): "くない",
    ("な", False): "",
    ("な", True): "ではない",
}


def sentence(meaning: Meaning) -> str:
    """The Japanese sentence of a meaning."""
    return clause(meaning) + ("。" if meaning.force == "statement" else "か？")


def clause(meaning: Meaning) -> str:
    """The sentence without its end."""
    time = WORDS[meaning.time]["form"] + "、" if meaning.time else ""
    if meaning.subject.noun == "who":
        opening = time + subject(meaning)
    else:
        opening = subject(meaning) + time
    return opening + "".join(middle(meaning)) + predicate(meaning)


def subject(meaning: Meaning) -> str:
    phrase = meaning.subject
    topic = phrase.definite and phrase.noun != "who"
    return noun_phrase(phrase) + ("は" if topic else "が")


def noun_phrase(phrase: Phrase) -> str:
    """Numeral with counter, attribute, noun and its mark of plural."""
    return number(phrase) + ("の" if number(phrase) else "") + named(phrase)


def number(phrase: Phrase) -> str:
    if phrase.definite:
        return ""
    return WORDS[phrase.determiner]["form"] + NOUNS[phrase.noun]["counter"]


def named(phrase: Phrase) -> str:
    """The noun and its attribute, marked when it is definite and many."""
    forms = NOUNS[phrase.noun]
    attribute = ADJECTIVES[phrase.adjective]["attribute"] if phrase.adjective else ""
    if phrase.determiner != "plural":
        return attribute + forms["form"]
    if forms["alive"] == "y":
        return attribute + forms["form"] + "たち"
    return "それらの" + attribute + forms["form"]


def middle(meaning: Meaning) -> list[str]:
    """Recipient, place, object with its number, manner; a goal follows the manner."""
    recipient = noun_phrase(meaning.recipient) + "に" if meaning.recipient else ""
    where = place(meaning)
    manner = WORDS[meaning.manner]["form"] if meaning.manner else ""
    object_ = ""
    if meaning.object:
        particle = VERBS[meaning.verb]["object"] if meaning.verb else "を"
        object_ = named(meaning.object) + particle + number(meaning.object)
    return [recipient, where, object_, manner]


def place(meaning: Meaning) -> str:
    if not meaning.place:
        return ""
    particle = "に" if meaning.frame == "location" else DIRECTIONS[meaning.direction]
    return PLACES[meaning.place]["form"] + particle


def predicate(meaning: Meaning) -> str:
    """What closes the clause: a verb, being somewhere, having, or an adjective."""
    when = "past" if meaning.tense == "past" else "now"
    if meaning.predicate:
        return degree(meaning) + adjective(meaning, when)
    if meaning.frame == "location":
        return being(meaning, when)
    if meaning.frame == "possession":
        return "持って" + lasting(meaning, when)
    home = (meaning.verb, meaning.place) == ("go", "home")
    forms = VERBS["go_home" if home else meaning.verb]
    if meaning.tense != "present":
        return forms["polite"] + POLITE[when, meaning.negative]
    if meaning.frame == "motion":
        return forms["lasting"] + "ところ" + NOMINAL[when, meaning.negative]
    return forms["lasting"] + LASTING[when, meaning.negative]


def degree(meaning: Meaning) -> str:
    return WORDS[meaning.degree]["form"] if meaning.degree else ""


def lasting(meaning: Meaning, when: str) -> str:
    if meaning.tense == "future":
        return FORESEEN["て", meaning.negative] + "でしょう"
    return LASTING[when, meaning.negative]


def being(meaning: Meaning, when: str) -> str:
    """いる of what is alive, ある of what is not."""
    alive = NOUNS[meaning.subject.noun]["alive"] == "y"
    if meaning.tense == "future":
        plain = ("いない" if alive else "ない") if meaning.negative else "いる" if alive else "ある"
        return plain + "でしょう"
    return ("い" if alive else "あり") + POLITE[when, meaning.negative]


def adjective(meaning: Meaning, when: str) -> str:
    forms = ADJECTIVES[meaning.predicate]
    kind, stem = forms["kind"], forms["stem"]
    if meaning.tense == "future":
        return stem + FORESEEN[kind, meaning.negative] + "でしょう"
    if kind == "て":
        return stem + LASTING[when, meaning.negative]
    if kind == "な":
        return stem + NOMINAL[when, meaning.negative]
    if stem == "よ" and (when, meaning.negative) == ("now", False):
        return "いいです"
    return stem + VERBAL[when, meaning.negative]


def adjunct(word: str) -> str:
    """The form of an adjective before も: 赤く, 静かで."""
    forms = ADJECTIVES[word]
    return forms["stem"] + ("く" if forms["kind"] == "い" else "で")
