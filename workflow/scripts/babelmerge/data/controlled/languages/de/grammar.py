"""German: the finite verb second, participles, infinitives and prefixes last, four cases' articles.

Questions have the finite verb first, or after the question word. The past is the perfect, but that
of being and having. In a subordinate clause the finite verb is last.
"""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.de.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

# By case: masculine, feminine, neuter, plural.
ARTICLES = {
    "nominative": {"m": "der", "f": "die", "n": "das", "p": "die"},
    "accusative": {"m": "den", "f": "die", "n": "das", "p": "die"},
    "dative": {"m": "dem", "f": "der", "n": "dem", "p": "den"},
}
ONE = {
    "nominative": {"m": "ein", "f": "eine", "n": "ein"},
    "accusative": {"m": "einen", "f": "eine", "n": "ein"},
    "dative": {"m": "einem", "f": "einer", "n": "einem"},
}
# Endings of attributes after ein; after der only the cells in WEAK_E have -e, all others -en.
AFTER_ONE = {
    "nominative": {"m": "er", "f": "e", "n": "es"},
    "accusative": {"m": "en", "f": "e", "n": "es"},
    "dative": {"m": "en", "f": "en", "n": "en"},
}
WEAK_E = {("nominative", g) for g in "mfn"} | {("accusative", g) for g in "fn"}
BE = {("present", "one"): "ist", ("present", "many"): "sind"}
BE |= {("past", "one"): "war", ("past", "many"): "waren"}
HAVE = {("present", "one"): "hat", ("present", "many"): "haben"}
HAVE |= {("past", "one"): "hatte", ("past", "many"): "hatten"}
BECOME = {"one": "wird", "many": "werden"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The German sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    finite, last = verb_group(meaning, agrees or agreement(meaning))
    subject = noun_phrase(meaning.subject, "nominative")
    if meaning.force == "statement" or meaning.subject.noun == "who":
        first = [*subject, finite]
    else:
        first = [*question_word(meaning), finite, *subject]
    text = " ".join([*first, *middle(meaning), *last])
    return capital(text) + ("." if meaning.force == "statement" else "?")


def subordinate(meaning: Meaning) -> str:
    """The clause of a statement after a conjunction: its finite verb is last."""
    finite, last = verb_group(meaning, agreement(meaning))
    subject = noun_phrase(meaning.subject, "nominative")
    return " ".join([*subject, *middle(meaning), *last, finite])


def question_word(meaning: Meaning) -> list[str]:
    """The fronted question word of a question about the object or the place."""
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction]]
    return ["was"] if meaning.object and meaning.object.noun == "what" else []


def noun_phrase(phrase: Phrase, case: str) -> list[str]:
    """Article or numeral, attribute and noun."""
    forms = NOUNS[phrase.noun]
    if phrase.determiner == "none":
        return [forms["one"]]
    gender = "p" if phrase.many else forms["gender"]
    noun = forms["many"] if phrase.many else forms["one" if case == "nominative" else case]
    adjective = []
    if phrase.adjective:
        ending = attribute_ending(phrase.determiner, case, gender)
        adjective = [ADJECTIVES[phrase.adjective]["stem"] + ending]
    return [determiner(phrase.determiner, case, gender), *adjective, noun]


def determiner(name: str, case: str, gender: str) -> str:
    if name == "a":
        return ONE[case][gender]
    return ARTICLES[case][gender] if name in ("the", "plural") else WORDS[name]["form"]


def attribute_ending(determiner_: str, case: str, gender: str) -> str:
    """The ending of an attribute: weak after der, mixed after ein, strong after a numeral."""
    if determiner_ == "a":
        return AFTER_ONE[case][gender]
    if determiner_ in ("the", "plural"):
        return "e" if (case, gender) in WEAK_E else "en"
    return "e"


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> tuple[str, list[str]]:
    """The finite verb, and what closes the clause: participle, infinitive or prefix."""
    if not meaning.verb:
        having = meaning.frame == "possession"
        if meaning.tense == "future":
            return BECOME[agrees], ["haben" if having else "sein"]
        return (HAVE if having else BE)[meaning.tense, agrees], []
    forms = VERBS[meaning.verb]
    if meaning.tense == "future":
        return BECOME[agrees], [forms["infinitive"]]
    if meaning.tense == "past":
        auxiliary = HAVE if forms["auxiliary"] == "have" else BE
        return auxiliary["present", agrees], [forms["participle"]]
    return forms["third" if agrees == "one" else "many"], [forms["prefix"]] * bool(forms["prefix"])


def middle(meaning: Meaning) -> list[str]:
    """What stands between the finite verb and the end of the clause.

    A negation stands after objects and time, but before the time of a habit: 'not every day'.
    """
    time = form(meaning.time)
    if not meaning.negative:
        return [*time, *objects(meaning), *rest(meaning)]
    denied = ["nicht", *time] if meaning.tense == "habitual" else [*time, "nicht"]
    return [*objects(meaning), *denied, *rest(meaning)]


def objects(meaning: Meaning) -> list[str]:
    recipient = noun_phrase(meaning.recipient, "dative") if meaning.recipient else []
    if not meaning.object or meaning.object.noun == "what":
        return recipient
    return [*recipient, *noun_phrase(meaning.object, "accusative")]


def rest(meaning: Meaning) -> list[str]:
    """Manner, place and predicate."""
    place = meaning.place if meaning.place != "where" else None
    return [
        *form(meaning.manner),
        *([PLACES[place][meaning.direction]] if place else []),
        *form(meaning.degree),
        *([ADJECTIVES[meaning.predicate]["form"]] if meaning.predicate else []),
    ]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
