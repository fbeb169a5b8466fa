"""Tamil: verb-final, case suffixes, agreement by rationality, gender, honour and number.

People and definite things take the accusative; -ஆ on the verb asks; a ``+`` in the lexicon doubles
the consonant that follows (see ``lexicon``).
"""

from babelmerge.data.controlled.languages.ta.lexicon import ADJECTIVES, NOUNS, PLACES, VERBS, WORDS
from babelmerge.data.controlled.languages.verb_final import Parts, arrange, dravidian_marked
from babelmerge.data.controlled.meaning import Meaning, Phrase

VIRAMA = "்"
DOUBLED = "கசதப"
VOWELS = "அஆஇஈஉஊஎஏஐஒஓஔ"
ENDINGS = {"m": "ான்", "f": "ாள்", "h": "ார்", "p": "ார்கள்"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Tamil sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    parts = constituents(meaning, agrees or agreement(meaning))
    words = arrange(meaning, parts)
    if meaning.force == "polar":
        words[-1] = asked(words[-1])
    return join(words) + ("." if meaning.force == "statement" else "?")


def join(words: list[str]) -> str:
    """The words with doubling between them, and ஓர் for ஒரு before a vowel."""
    text = ""
    for word, following in zip(words, [*words[1:], ""], strict=True):
        if word == "ஒரு" and following[0] in VOWELS:
            word = "ஓர்"
        if word.endswith("+"):
            first = following[:1]
            word = word[:-1] + (first + VIRAMA if first and first in DOUBLED else "")
        text += f" {word}" if text else word
    return text


def asked(word: str) -> str:
    """A verb with the question clitic -ஆ."""
    if word.endswith("து"):
        return word[:-1] + "ா"
    return word[:-1] + "ா" if word.endswith(VIRAMA) else word + "வா"


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
    return WORDS[word]["form"].split() if word else []


def noun_phrase(phrase: Phrase, accusative: bool = False) -> list[str]:
    """Numeral, attribute and noun, in the nominative or accusative."""
    words = [] if phrase.definite else form(phrase.determiner)
    if phrase.adjective:
        words.append(ADJECTIVES[phrase.adjective]["attribute"])
    columns = ("accusative", "accusatives") if accusative else ("one", "many")
    return [*words, NOUNS[phrase.noun][columns[phrase.many]]]


def subject(meaning: Meaning) -> list[str]:
    if meaning.frame == "possession":
        return [NOUNS[meaning.subject.noun]["with"]]
    return noun_phrase(meaning.subject)


def agreement(meaning: Meaning) -> str:
    """m, f, h (one honoured person), p (people), n (neuter) or np (neuter plural)."""
    phrase = meaning.object if meaning.frame == "possession" else meaning.subject
    gender = NOUNS[phrase.noun]["gender"]
    if gender == "n":
        return "np" if phrase.many else "n"
    return "p" if phrase.many else gender


def verb(meaning: Meaning, agrees: str) -> list[str]:
    entry = VERBS[meaning.verb or "be"]
    light = [entry["light"]] if entry["light"] else []
    if meaning.negative:
        return [*light, *negated(entry, meaning, agrees)]
    return [
        *light,
        finite(entry, "present" if meaning.tense == "habitual" else meaning.tense, agrees),
    ]


def finite(entry: dict[str, str], tense: str, agrees: str) -> str:
    """The affirmative verb; the present is also the habitual."""
    tense = "present" if tense == "habitual" else tense
    if agrees in ENDINGS:
        return entry[tense].removesuffix(VIRAMA) + ENDINGS[agrees]
    if tense == "future":
        return entry["future_n"]
    return entry[f"{tense}_{agrees}"]


def negated(entry: dict[str, str], meaning: Meaning, agrees: str) -> list[str]:
    """The negative forms: each tense has its own, and only the future agrees."""
    if meaning.tense == "habitual":
        return [entry["not_habitual"]]
    if meaning.tense == "future":
        if agrees in ENDINGS:
            return [entry["infinitive"], "மாட்ட" + ENDINGS[agrees]]
        return [entry["not_future_n"]]
    if meaning.tense == "present" and not meaning.verb:
        return ["இல்லை"]
    return [entry["infinitive"] + "வில்லை"]


def predicate(meaning: Meaning) -> list[str]:
    if not meaning.predicate:
        return []
    return [*form(meaning.degree), ADJECTIVES[meaning.predicate]["predicate"]]
