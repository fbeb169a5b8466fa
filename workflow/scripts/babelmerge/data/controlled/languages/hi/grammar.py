"""Hindi: verb-final, gender and number agreement, oblique case, ergative ने in the perfective.

A transitive perfective agrees with its unmarked object, and is masculine singular when that is
marked by को (people always, animals when definite, except as goods). Everything else agrees with
the subject.
"""

from babelmerge.data.controlled.languages.hi.lexicon import ADJECTIVES, NOUNS, PLACES, VERBS, WORDS
from babelmerge.data.controlled.languages.verb_final import Parts, arrange, indo_aryan_marked
from babelmerge.data.controlled.meaning import Meaning, Phrase

HABITUAL = {"ms": "ता", "mp": "ते", "fs": "ती", "fp": "ती"}
PROGRESSIVE = {"ms": "रहा", "mp": "रहे", "fs": "रही", "fp": "रही"}
FUTURE = {"ms": "गा", "mp": "गे", "fs": "गी", "fp": "गी"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Hindi sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    parts = constituents(meaning, agrees or agreement(meaning))
    words = arrange(meaning, parts, manner_before_goal=True)
    if meaning.force == "polar":
        words = ["क्या", *words]
    return " ".join(words) + ("।" if meaning.force == "statement" else "?")


def constituents(meaning: Meaning, agrees: str) -> Parts:
    """The inflected parts of the clause."""
    return Parts(
        subject=subject(meaning),
        verb=verb(meaning, agrees),
        time=form(meaning.time),
        recipient=marked(meaning.recipient, "को") if meaning.recipient else [],
        object=direct_object(meaning) if meaning.object else [],
        place=[PLACES[meaning.place][meaning.direction]] if meaning.place else [],
        manner=form(meaning.manner),
        predicate=predicate(meaning, agrees),
    )


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []


def noun_phrase(phrase: Phrase, oblique: bool = False) -> list[str]:
    """Numeral, attribute and noun in the direct or oblique case."""
    forms = NOUNS[phrase.noun]
    words = [] if phrase.definite else form(phrase.determiner)
    if phrase.adjective:
        direct_singular = not (oblique or phrase.many)
        words.append(adjective(phrase.adjective, forms["gender"], direct_singular))
    columns = ("oblique", "oblique_plural") if oblique else ("direct", "plural")
    return [*words, forms[columns[phrase.many]]]


def adjective(word: str, gender: str, direct_singular: bool) -> str:
    return ADJECTIVES[word]["f" if gender == "f" else "ms" if direct_singular else "m"]


def marked(phrase: Phrase, postposition: str) -> list[str]:
    """A noun phrase with its postposition; 'who' fuses with ने (किसने)."""
    words = [*noun_phrase(phrase, oblique=True), postposition]
    return ["".join(words)] if phrase.noun == "who" else words


def direct_object(meaning: Meaning) -> list[str]:
    if indo_aryan_marked(meaning):
        return marked(meaning.object, "को")
    return noun_phrase(meaning.object)


def ergative(meaning: Meaning) -> bool:
    return meaning.tense == "past" and bool(meaning.verb) and VERBS[meaning.verb]["ergative"] == "y"


def subject(meaning: Meaning) -> list[str]:
    if meaning.frame == "possession":
        return marked(meaning.subject, "के पास")
    if ergative(meaning):
        return marked(meaning.subject, "ने")
    return noun_phrase(meaning.subject)


def agreement(meaning: Meaning) -> str:
    """ms, mp, fs or fp: gender and number of what the verb agrees with."""
    controller: Phrase | None = meaning.subject
    if meaning.frame == "possession":
        controller = meaning.object
    elif ergative(meaning):
        free = meaning.object and not indo_aryan_marked(meaning)
        controller = meaning.object if free else None
    if controller is None:
        return "ms"
    forms = NOUNS[controller.noun]
    return forms["gender"] + ("p" if controller.many or forms["respect"] == "y" else "s")


def verb(meaning: Meaning, agrees: str) -> list[str]:
    """Negation and verb group; a light verb's noun comes before the negation."""
    entry = VERBS[meaning.verb or ("have" if meaning.frame == "possession" else "stay")]
    light = [entry["light"]] if entry["light"] else []
    negation = ["नहीं"] if meaning.negative else []
    return [*light, *negation, *finite(entry, meaning, agrees)]


def finite(entry: dict[str, str], meaning: Meaning, agrees: str) -> list[str]:
    copula = "हैं" if agrees[1] == "p" else "है"
    if meaning.tense == "past":
        return [entry[agrees]]
    if meaning.tense == "future":
        return [entry["future_many" if agrees[1] == "p" else "future_one"] + FUTURE[agrees]]
    if not meaning.verb:
        return [copula]
    if meaning.tense == "present":
        return [entry["root"], PROGRESSIVE[agrees], copula]
    if meaning.negative:  # the copula drops, and the feminine plural then shows on the participle
        return [entry["root"] + ("तीं" if agrees == "fp" else HABITUAL[agrees])]
    return [entry["root"] + HABITUAL[agrees], copula]


def predicate(meaning: Meaning, agrees: str) -> list[str]:
    if not meaning.predicate:
        return []
    return [*form(meaning.degree), adjective(meaning.predicate, agrees[0], agrees == "ms")]
