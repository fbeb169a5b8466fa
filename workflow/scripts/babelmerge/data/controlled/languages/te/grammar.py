"""Telugu: verb-final, case suffixes, agreement in which a woman goes with the neuter singular.

People and definite things take the accusative; -ఆ on the verb asks.
"""

from babelmerge.data.controlled.inventory import HUMANS
from babelmerge.data.controlled.languages.te.lexicon import (
    ADJECTIVES,
    BE,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.languages.verb_final import Parts, arrange, dravidian_marked
from babelmerge.data.controlled.meaning import Meaning, Phrase

VIRAMA = "్"
PAST = {"m": "ాడు", "p": "ారు", "n": "ాయి"}
PRESENT = {"m": "ున్నాడు", "f": "ోంది", "p": "ున్నారు", "n": "ున్నాయి"}
FUTURE = {"m": "ాడు", "f": "ుంది", "p": "ారు", "n": "ాయి"}
NEGATIVE = {"m": "డు", "f": "దు", "p": "రు", "n": "వు"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Telugu sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    parts = constituents(meaning, agrees or agreement(meaning))
    words = arrange(meaning, parts)
    if meaning.force == "polar":
        words[-1] = words[-1][:-1] + "ా"  # verbs end in -ు or -ి, which -ఆ replaces
    return " ".join(words) + ("." if meaning.force == "statement" else "?")


def constituents(meaning: Meaning, agrees: str) -> Parts:
    """The inflected parts of the clause."""
    return Parts(
        subject=subject(meaning),
        verb=verb(meaning, agrees),
        time=form(meaning.time),
        recipient=[NOUNS[meaning.recipient.noun]["dative"]] if meaning.recipient else [],
        object=noun_phrase(meaning.object, dravidian_marked(meaning)) if meaning.object else [],
        place=[PLACES[meaning.place][meaning.direction]] if meaning.place else [],
        manner=form(meaning.manner),
        predicate=predicate(meaning),
    )


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []


def noun_phrase(phrase: Phrase, accusative: bool = False) -> list[str]:
    """Numeral (people have their own), attribute and noun, in the nominative or accusative."""
    counts_people = phrase.many and phrase.noun in HUMANS
    words = []
    if not phrase.definite:
        words += form(phrase.determiner + "_people" * counts_people)
    if phrase.adjective:
        words.append(ADJECTIVES[phrase.adjective]["attribute"])
    columns = ("accusative", "accusatives") if accusative else ("one", "many")
    return [*words, NOUNS[phrase.noun][columns[phrase.many]]]


def subject(meaning: Meaning) -> list[str]:
    if meaning.frame == "possession":
        return [NOUNS[meaning.subject.noun]["near"], "దగ్గర"]
    return noun_phrase(meaning.subject)


def agreement(meaning: Meaning) -> str:
    """m, f (also neuter singular), p (people) or n (neuter plural)."""
    phrase = meaning.object if meaning.frame == "possession" else meaning.subject
    gender = NOUNS[phrase.noun]["gender"]
    if phrase.many:
        return "n" if gender == "n" else "p"
    return "f" if gender == "n" else gender


def verb(meaning: Meaning, agrees: str) -> list[str]:
    if not meaning.verb:
        tense = (
            "used_to" if meaning.frame == "quality" and meaning.tense == "past" else meaning.tense
        )
        return [BE["not_" * meaning.negative + tense][agrees]]
    entry = VERBS[meaning.verb]
    light = [entry["light"]] if entry["light"] else []
    if meaning.negative:
        return [*light, *negated(entry, meaning.tense, agrees)]
    return [*light, finite(entry, meaning.tense, agrees)]


def finite(entry: dict[str, str], tense: str, agrees: str) -> str:
    """The affirmative verb; the future is also the habitual."""
    if tense == "past":
        past = entry["past"].removesuffix(VIRAMA)
        return entry["past_f"] if agrees == "f" else past + PAST[agrees]
    stem = entry["present"][:-1]
    return stem + (PRESENT if tense == "present" else FUTURE)[agrees]


def negated(entry: dict[str, str], tense: str, agrees: str) -> list[str]:
    """The negative verb; only the future (and habitual) agrees."""
    if tense == "past":
        return [entry["negative"] + "లేదు"]
    if tense == "present":
        return [entry["noun"], "లేదు"]
    return [entry["negative"] + NEGATIVE[agrees]]


def predicate(meaning: Meaning) -> list[str]:
    if not meaning.predicate:
        return []
    return [*form(meaning.degree), ADJECTIVES[meaning.predicate]["predicate"]]
