"""Arabic: a definite subject first, its verb agreeing in gender and number; else the verb first.

A verb before its subject, as in questions and with indefinite subjects, agrees in gender alone. The
past is denied with لم and the jussive, the future with لن, being now with ليس; what stands with
'was', 'will be' and 'is not' is accusative. 'The' and 'a' are the article and its absence.
"""

from babelmerge.data.controlled.languages.ar.lexicon import (
    NOUNS,
    PLACES,
    STATES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.languages.ar.phrases import (
    adjective,
    agreement,
    noun_phrase,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

IS_NOT = {"m": "ليس", "f": "ليست", "mm": "ليسوا", "ff": "لسن"}
WITH = "لدى"


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Arabic sentence of a meaning.

    ``agrees`` replaces the verb's agreement class (m, f, mm, ff), which makes a minimal pair.
    """
    return clause(meaning, agrees) + ("." if meaning.force == "statement" else "؟")


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its full stop."""
    if meaning.frame == "possession" and not meaning.object.definite:
        words = possession(meaning, agrees)
    elif verb_first(meaning):
        verb = verb_group(meaning, agrees or gender(topic(meaning)))
        words = [*opening(meaning), *verb, *noun_phrase(topic(meaning)), *rest(meaning)]
    else:
        verb = verb_group(meaning, agrees or agreement(topic(meaning)))
        words = [*noun_phrase(topic(meaning)), *verb, *rest(meaning)]
    return " ".join([*words, *form(meaning.time)])


def topic(meaning: Meaning) -> Phrase:
    """The subject, or the definite thing that is said to be with somebody."""
    return meaning.object if meaning.frame == "possession" else meaning.subject


def verb_first(meaning: Meaning) -> bool:
    """Questions, but for 'who', and statements about something indefinite."""
    asked = meaning.force != "statement" and meaning.subject.noun != "who"
    return asked or not topic(meaning).definite


def gender(phrase: Phrase) -> str:
    """What a verb before a phrase agrees in: m, or f as things in the plural do."""
    if phrase.determiner in ("two", "three", "four"):
        return NOUNS[phrase.noun]["gender"]
    return agreement(phrase)[0]


def opening(meaning: Meaning) -> list[str]:
    """What opens a question."""
    if meaning.force == "polar":
        return ["هل"]
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction]]
    if meaning.object and meaning.object.noun == "what":
        return ["إلى", "ماذا"] if meaning.verb == "look_at" else ["ماذا"]
    return []


def verb_group(meaning: Meaning, agrees: str) -> list[str]:
    """The verb and its negation; being has no present."""
    if not meaning.verb and meaning.tense == "present":
        return [IS_NOT[agrees]] if meaning.negative else []
    forms = VERBS[meaning.verb or "be"]
    if meaning.tense == "past":
        return ["لم", jussive(forms, agrees)] if meaning.negative else [forms["past_" + agrees]]
    if meaning.tense == "future":
        return (
            ["لن", subjunctive(forms, agrees)]
            if meaning.negative
            else ["س" + present(forms, agrees)]
        )
    return ["لا"] * meaning.negative + [present(forms, agrees)]


def present(forms: dict[str, str], agrees: str) -> str:
    if agrees in ("mm", "ff"):
        return forms["present_" + agrees]
    return feminine(forms["present"]) if agrees == "f" else forms["present"]


def feminine(masculine: str) -> str:
    """ي becomes ت."""
    return "ت" + masculine[1:]


def subjunctive(forms: dict[str, str], agrees: str) -> str:
    """As the present; the masculine plural loses its ن and has a silent alif."""
    return forms["present_mm"][:-1] + "ا" if agrees == "mm" else present(forms, agrees)


def jussive(forms: dict[str, str], agrees: str) -> str:
    if agrees in ("mm", "ff"):
        return subjunctive(forms, agrees)
    return feminine(forms["jussive"]) if agrees == "f" else forms["jussive"]


def possession(meaning: Meaning, agrees: str | None) -> list[str]:
    """Somebody has one, two, three: they are with them, and 'was' agrees with what it is."""
    question = ["هل"] if meaning.force == "polar" else []
    verb = verb_group(meaning, agrees or gender(meaning.object))
    owner = [WITH, *noun_phrase(meaning.subject, "genitive")]
    return [*question, *verb, *owner, *noun_phrase(meaning.object)]


def rest(meaning: Meaning) -> list[str]:
    """Object, recipient, predicate, manner and place."""
    words = [WITH, *noun_phrase(meaning.subject, "genitive")] * (meaning.frame == "possession")
    if meaning.object and not words and meaning.object.noun != "what":
        words = direct_object(meaning)
    if meaning.recipient:
        words += recipient(meaning)
    if meaning.predicate:
        words += [*predicate(meaning), *form(meaning.degree)]
    words += form(meaning.manner)
    if meaning.place and meaning.place != "where":
        words.append(PLACES[meaning.place][meaning.direction])
    return words


def direct_object(meaning: Meaning) -> list[str]:
    """The accusative; what one looks at has إلى."""
    if meaning.verb == "look_at":
        return ["إلى", *noun_phrase(meaning.object, "genitive")]
    return noun_phrase(meaning.object, "accusative")


def recipient(meaning: Meaning) -> list[str]:
    """One gives to somebody with لـ, which joins the article, and sends with إلى."""
    first, *others = noun_phrase(meaning.recipient, "genitive")
    if meaning.verb == "send":
        return ["إلى", first, *others]
    return ["ل" + first.removeprefix("ا") if first.startswith("ال") else "ل" + first, *others]


def predicate(meaning: Meaning) -> list[str]:
    """A predicate agrees with its subject; it is nominative where nothing but that stands."""
    agrees = agreement(meaning.subject)
    if meaning.predicate in STATES:
        return [STATES[meaning.predicate][agrees]]
    alone = meaning.tense == "present" and not meaning.negative
    return [adjective(meaning.predicate, agrees, "nominative" if alone else "accusative")]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
