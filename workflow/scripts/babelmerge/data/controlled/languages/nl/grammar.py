"""Dutch: the finite verb second, participles, infinitives and prefixes last, de and het.

Questions have the finite verb first, or after the question word; where to and where from are waar
and a particle at the end. The past is the perfect, but that of being and having. In a subordinate
clause the finite verb is last.
"""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.nl.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

BE = {("present", "one"): "is", ("present", "many"): "zijn"}
BE |= {("past", "one"): "was", ("past", "many"): "waren"}
HAVE = {("present", "one"): "heeft", ("present", "many"): "hebben"}
HAVE |= {("past", "one"): "had", ("past", "many"): "hadden"}
WILL = {"one": "zal", "many": "zullen"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Dutch sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    finite, last = verb_group(meaning, agrees or agreement(meaning))
    subject = noun_phrase(meaning.subject)
    if meaning.force == "statement" or meaning.subject.noun == "who":
        first = [*subject, finite]
    else:
        first = [*question_word(meaning), finite, *subject]
    text = " ".join([*first, *middle(meaning), *last])
    return capital(text) + ("." if meaning.force == "statement" else "?")


def subordinate(meaning: Meaning) -> str:
    """The clause of a statement after a conjunction: its finite verb is last."""
    finite, last = verb_group(meaning, agreement(meaning))
    return " ".join([*noun_phrase(meaning.subject), *middle(meaning), *last, finite])


def question_word(meaning: Meaning) -> list[str]:
    """The fronted question word of a question about the object or the place."""
    if meaning.place == "where":
        return ["waar"]
    return ["wat"] if meaning.object and meaning.object.noun == "what" else []


def noun_phrase(phrase: Phrase) -> list[str]:
    """Article or numeral, attribute and noun."""
    forms = NOUNS[phrase.noun]
    noun = forms["many" if phrase.many else "one"]
    if phrase.determiner == "none":
        return [noun]
    attribute = [adjective(phrase.adjective, phrase)] if phrase.adjective else []
    return [determiner(phrase.determiner, forms["article"]), *attribute, noun]


def determiner(name: str, article: str) -> str:
    if name == "the":
        return article
    return {"a": "een", "plural": "de"}.get(name) or WORDS[name]["form"]


def adjective(word: str, of: Phrase) -> str:
    """The form of an attribute: bare only after een and before a noun that has het."""
    bare = of.determiner == "a" and NOUNS[of.noun]["article"] == "het"
    return ADJECTIVES[word]["form" if bare else "inflected"]


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> tuple[str, list[str]]:
    """The finite verb, and what closes the clause: participle, infinitive or prefix."""
    if not meaning.verb:
        having = meaning.frame == "possession"
        if meaning.tense == "future":
            return WILL[agrees], ["hebben" if having else "zijn"]
        return (HAVE if having else BE)[meaning.tense, agrees], []
    forms = VERBS[meaning.verb]
    if meaning.tense == "future":
        return WILL[agrees], [forms["infinitive"]]
    if meaning.tense == "past":
        auxiliary = HAVE if forms["auxiliary"] == "have" else BE
        return auxiliary["present", agrees], [forms["participle"]]
    return forms["third" if agrees == "one" else "many"], [forms["prefix"]] * bool(forms["prefix"])


def middle(meaning: Meaning) -> list[str]:
    """What stands between the finite verb and the end of the clause.

    A negation stands after the object and the time, but before the time of a habit: 'not every
    day'; a recipient with aan stands after it.
    """
    time, thing = form(meaning.time), direct_object(meaning)
    if not meaning.negative:
        return [*time, *thing, *rest(meaning)]
    denied = ["niet", *time] if meaning.tense == "habitual" else [*time, "niet"]
    return [*thing, *denied, *rest(meaning)]


def direct_object(meaning: Meaning) -> list[str]:
    if not meaning.object or meaning.object.noun == "what":
        return []
    return noun_phrase(meaning.object)


def rest(meaning: Meaning) -> list[str]:
    """Recipient, manner, place and predicate."""
    place = PLACES[meaning.place][meaning.direction] if meaning.place else ""
    return [
        *(["aan", *noun_phrase(meaning.recipient)] if meaning.recipient else []),
        *form(meaning.manner),
        *([place] if place else []),
        *form(meaning.degree),
        *([ADJECTIVES[meaning.predicate]["form"]] if meaning.predicate else []),
    ]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
