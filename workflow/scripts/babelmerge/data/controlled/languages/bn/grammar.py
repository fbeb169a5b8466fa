"""Bengali: verb-final, classifiers for definiteness, no gender, verbs by honour, না and -নি."""

from babelmerge.data.controlled.languages.bn.lexicon import NOUNS, PLACES, VERBS, WORDS
from babelmerge.data.controlled.languages.verb_final import Parts, arrange, indo_aryan_marked
from babelmerge.data.controlled.meaning import Meaning, Phrase

BE = {"present": "আছে", "past": "ছিল", "future": "থাকবে"}
BE_HONOURED = {"present": "আছেন", "past": "ছিলেন", "future": "থাকবেন"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Bengali sentence of a meaning; কি follows the subject of a yes-no question.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    parts = constituents(meaning, agrees or agreement(meaning))
    words = arrange(meaning, parts, manner_before_goal=True)
    return " ".join(words) + ("।" if meaning.force == "statement" else "?")


def constituents(meaning: Meaning, agrees: str) -> Parts:
    """The inflected parts of the clause."""
    return Parts(
        subject=subject(meaning),
        verb=verb(meaning, agrees),
        time=form(meaning.time),
        recipient=noun_phrase(meaning.recipient, objective=True) if meaning.recipient else [],
        object=noun_phrase(meaning.object, indo_aryan_marked(meaning)) if meaning.object else [],
        place=[PLACES[meaning.place][meaning.direction]] if meaning.place else [],
        manner=form(meaning.manner),
        predicate=[*form(meaning.degree), *form(meaning.predicate)],
    )


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []


def noun_phrase(phrase: Phrase, objective: bool = False) -> list[str]:
    """Numeral with classifier, attribute, noun; ``objective`` adds কে (plural of people: দের)."""
    forms = NOUNS[phrase.noun]
    attribute = form(phrase.adjective)
    if phrase.determiner == "plural":
        return [*attribute, forms["plural_object" if objective else "plural"]]
    ending = "কে" if objective else ""
    if phrase.definite:
        return [*attribute, forms["definite"] + ending]
    numeral = WORDS[phrase.determiner]["form"] + forms["counter"]
    return [numeral, *attribute, forms["bare"] + ending]


def subject(meaning: Meaning) -> list[str]:
    question = ["কি"] if meaning.force == "polar" else []
    if meaning.frame == "possession":
        return [NOUNS[meaning.subject.noun]["genitive"], "কাছে", *question]
    return [*noun_phrase(meaning.subject), *question]


def agreement(meaning: Meaning) -> str:
    """h when the subject is honoured, else p (plain)."""
    honoured = meaning.frame != "possession" and NOUNS[meaning.subject.noun]["respect"] == "y"
    return "h" if honoured else "p"


def verb(meaning: Meaning, agrees: str) -> list[str]:
    """The verb and its negation, which follows it (the past has a form of its own)."""
    if not meaning.verb:
        return being(meaning, agrees)
    entry = VERBS[meaning.verb]
    suffix = "_h" if agrees == "h" else ""
    light = [entry["light"]] if entry["light"] else []
    if meaning.negative and meaning.tense == "past":
        return [*light, entry["not_past" + suffix]]
    return [*light, entry[meaning.tense + suffix], *(["না"] if meaning.negative else [])]


def being(meaning: Meaning, agrees: str) -> list[str]:
    """'To be': no copula with an adjective in the present, whose negation is নয়; else নেই."""
    honour = agrees == "h"
    adjectival = meaning.predicate is not None
    if meaning.tense == "present" and meaning.negative:
        return ["নন" if honour else "নয়"] if adjectival else ["নেই"]
    if meaning.tense == "present" and adjectival:
        return []
    form_ = (BE_HONOURED if honour else BE)[meaning.tense]
    return [form_, "না"] if meaning.negative else [form_]
