"""English: subject verb object, articles, number agreement, do-support and inversion."""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.en.lexicon import NOUNS, PLACES, VERBS, WORDS
from babelmerge.data.controlled.meaning import Meaning, Phrase

BE = {
    ("present", False): "is",
    ("present", True): "are",
    ("past", False): "was",
    ("past", True): "were",
    ("future", False): "will",
    ("future", True): "will",
}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The English sentence of a meaning.

    ``agrees`` replaces the verb's agreement class, which makes a minimal pair.
    """
    auxiliary, main = verb_group(meaning, agrees or agreement(meaning))
    words = [question_word(meaning)]
    if meaning.force != "statement" and meaning.subject.noun != "who":
        words += [auxiliary, *noun_phrase(meaning.subject), main]
    else:
        words += [*noun_phrase(meaning.subject), auxiliary, "not" * meaning.negative, main]
    text = " ".join(word for word in [*words, *complements(meaning)] if word)
    return capital(text) + ("." if meaning.force == "statement" else "?")


def question_word(meaning: Meaning) -> str:
    """The fronted question word of a content question about the object or the place, or ''."""
    if meaning.place == "where":
        return "where"
    return "what" if meaning.object and meaning.object.noun == "what" else ""


def noun_phrase(phrase: Phrase) -> list[str]:
    """Determiner, attribute and noun."""
    forms = NOUNS[phrase.noun]
    words = [phrase.adjective and WORDS[phrase.adjective]["form"], forms["one"]]
    if phrase.many:
        words[1] = forms["many"]
    words = [word for word in words if word]
    return [*determiner(phrase.determiner, words[0]), *words]


def determiner(name: str, following: str) -> list[str]:
    """The article or numeral; ``a`` or ``an`` by the following word's first letter."""
    if name == "none":
        return []
    if name == "a":
        return ["an" if following[0] in "aeiou" else "a"]
    return ["the"] if name in ("the", "plural") else [WORDS[name]["form"]]


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> tuple[str, str]:
    """Auxiliary ('' when there is none) and main verb; negation and inversion need the former."""
    many = agrees == "many"
    if meaning.frame in ("location", "state", "quality"):
        return BE[meaning.tense, many], "be" if meaning.tense == "future" else ""
    having = meaning.frame == "possession"
    forms = VERBS["have" if having else meaning.verb]
    tense = "habitual" if having and meaning.tense == "present" else meaning.tense
    if tense == "future":
        return "will", forms["base"]
    if tense == "present":
        return BE["present", many], forms["ing"]
    inverted = meaning.force != "statement" and meaning.subject.noun != "who"
    if meaning.negative or inverted:
        return "did" if tense == "past" else "do" if many else "does", forms["base"]
    return "", forms["past"] if tense == "past" else forms["base" if many else "third"]


def complements(meaning: Meaning) -> list[str]:
    """What follows the verb: object or predicate, recipient, manner, place, time."""
    words = []
    if meaning.verb:
        words.append(VERBS[meaning.verb]["particle"])
    if meaning.object and meaning.object.noun != "what":
        words += noun_phrase(meaning.object)
    if meaning.recipient:
        words += ["to", *noun_phrase(meaning.recipient)]
    words += [WORDS[word]["form"] for word in (meaning.degree, meaning.predicate) if word]
    if meaning.manner:
        words.append(WORDS[meaning.manner]["form"])
    if meaning.place == "where":
        words.append("from" if meaning.direction == "from" else "")
    elif meaning.place:
        words.append(PLACES[meaning.place][meaning.direction])
    return [*words, WORDS[meaning.time]["form"] if meaning.time else ""]
