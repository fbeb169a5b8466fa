"""Russian: subject, time, verb, object; aspect, agreement of the past in gender, cases.

A question about the place has its verb before the subject.
'A' is said with один. Who is not in a place, and what somebody does not have, is in the genitive.
Somebody's having a definite thing is told as its being with them (у). Being has no present.
"""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.ru.declension import adjective, class_of, noun_phrase
from babelmerge.data.controlled.languages.ru.lexicon import (
    ADJECTIVES,
    PLACES,
    STATES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

WAS = {"m": "был", "f": "была", "n": "было", "p": "были"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Russian sentence of a meaning.

    ``agrees`` replaces the verb's agreement class (m, f, n, p), which makes a minimal pair.
    """
    return capital(clause(meaning, agrees)) + ("." if meaning.force == "statement" else "?")


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its capital and full stop."""
    agrees = agrees or agreement(meaning)
    if meaning.frame == "possession":
        words = possession(meaning, agrees)
    elif meaning.frame == "location" and meaning.negative:
        subject = noun_phrase(meaning.subject, "genitive")
        words = [*subject, *form(meaning.time), *missing(meaning), *place(meaning)]
    else:
        subject, opening = noun_phrase(meaning.subject), question_word(meaning)
        told = predicate(meaning, agrees)
        if meaning.place == "where":
            words = [*opening, *told, *subject, *when(meaning)]
        else:
            words = [*opening, *subject, *when(meaning), *told]
    return " ".join(words)


def agreement(meaning: Meaning) -> str:
    """m, f, n or p: of the subject, or of what somebody has."""
    having = meaning.frame == "possession"
    return class_of(meaning.object if having else meaning.subject)


def question_word(meaning: Meaning) -> list[str]:
    """What opens a question about the object or the place."""
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction]]
    return direct_object(meaning) if meaning.object and meaning.object.noun == "what" else []


def when(meaning: Meaning) -> list[str]:
    """The time, and the negation: after it, but before that of a habit ('not every day')."""
    time = form(meaning.time)
    if not meaning.negative:
        return time
    return ["не", *time] if meaning.tense == "habitual" else [*time, "не"]


def missing(meaning: Meaning) -> list[str]:
    return {"present": ["нет"], "past": ["не", "было"], "future": ["не", "будет"]}[meaning.tense]


def being(tense: str, agrees: str) -> list[str]:
    if tense == "present":
        return []
    return [WAS[agrees] if tense == "past" else "будут" if agrees == "p" else "будет"]


def possession(meaning: Meaning, agrees: str) -> list[str]:
    """A definite thing is with somebody; somebody has one, two, three."""
    owner = ["у", *noun_phrase(meaning.subject, "genitive")]
    thing, time = meaning.object, form(meaning.time)
    if meaning.negative:
        return [*noun_phrase(thing, "genitive"), *time, *missing(meaning), *owner]
    if thing.definite:
        return [*noun_phrase(thing), *time, *being(meaning.tense, agrees), *owner]
    if thing.determiner == "a":
        bare = Phrase(thing.noun, "none", thing.adjective)
        is_ = being(meaning.tense, agrees) or ["есть"]
        return [*owner, *time, *is_, *noun_phrase(bare)]
    # what is counted has its verb in the neuter singular
    return [*owner, *time, *being(meaning.tense, "n"), *noun_phrase(thing)]


def predicate(meaning: Meaning, agrees: str) -> list[str]:
    """Manner, verb, recipient, object, predicate, place."""
    described = form(meaning.degree) + quality(meaning, agrees) if meaning.predicate else []
    thing = meaning.object if meaning.object and meaning.object.noun != "what" else None
    return [
        *form(meaning.manner),
        *([verb(meaning, agrees)] if meaning.verb else being(meaning.tense, agrees)),
        *(noun_phrase(meaning.recipient, "dative") if meaning.recipient else []),
        *(direct_object(meaning) if thing else []),
        *described,
        *place(meaning),
    ]


def quality(meaning: Meaning, agrees: str) -> list[str]:
    """A state is a short form; a quality a long one, which 'was' puts into the instrumental."""
    if meaning.predicate not in ADJECTIVES:
        return [STATES[meaning.predicate][agrees]]
    case = "nominative" if meaning.tense == "present" else "instrumental"
    return [adjective(meaning.predicate, case, agrees)]


def verb(meaning: Meaning, agrees: str) -> str:
    toward = (meaning.verb, meaning.tense, meaning.direction) == ("come", "present", "to")
    forms = VERBS["approach" if toward else meaning.verb]
    if meaning.tense == "past":
        return forms["past_" + agrees]
    column = {"habitual": "habit", "present": "now", "future": "future"}[meaning.tense]
    return forms[column + ("_many" if agrees == "p" else "_one")]


def direct_object(meaning: Meaning) -> list[str]:
    """The accusative; what one looks at has на."""
    words = noun_phrase(meaning.object, "accusative")
    return ["на", *words] if meaning.verb == "look_at" else words


def place(meaning: Meaning) -> list[str]:
    """The place; what comes now comes up to it (к)."""
    if meaning.place in (None, "where"):
        return []
    toward = (meaning.verb, meaning.tense, meaning.direction) == ("come", "present", "to")
    return [PLACES[meaning.place]["toward" if toward else meaning.direction]]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
