"""French: subject verb object, gender and number agreement, elision, contraction, ne … pas.

Yes-no questions and those about objects and goals have est-ce que; 'where is' inverts. The past is
the passé composé, but the imperfect of being and having.
"""

from babelmerge.data.controlled.languages.capitals import capital
from babelmerge.data.controlled.languages.fr.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

# The narrow no-break space that stands before a question mark.
THIN = "\u202f"
VOWELS = "aeiouyhéèêâîôœ"  # all our h are mute; names, which are capitalised, do not elide
BE = {
    "present": {"one": "est", "many": "sont"},
    "past": {"one": "était", "many": "étaient"},
    "future": {"one": "sera", "many": "seront"},
}
HAVE = {
    "present": {"one": "a", "many": "ont"},
    "past": {"one": "avait", "many": "avaient"},
    "future": {"one": "aura", "many": "auront"},
}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The French sentence of a meaning.

    ``agrees`` replaces the verb's number (one or many), which makes a minimal pair.
    """
    text = clause(meaning, agrees)
    end = "." if meaning.force == "statement" else THIN + "?"
    return capital(text) + end


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its capital and full stop."""
    subject = noun_phrase(meaning.subject)
    verb = verb_group(meaning, agrees or agreement(meaning))
    if meaning.place == "where" and meaning.frame == "location":
        words = ["où", *verb, *subject]
    else:
        words = [*question(meaning), *subject, *verb]
    return " ".join(elided([*words, *complements(meaning)]))


def question(meaning: Meaning) -> list[str]:
    """What opens a question; nothing when the subject is asked for."""
    if meaning.force == "statement" or meaning.subject.noun == "who":
        return []
    if meaning.place == "where":
        return [PLACES["where"][meaning.direction], "est-ce", "que"]
    what = meaning.object is not None and meaning.object.noun == "what"
    return ["qu'est-ce" if what else "est-ce", "que"]


def elided(words: list[str]) -> list[str]:
    """Joins le, la, de, ne and que to a word that begins with a vowel."""
    found: list[str] = []
    for word in words:
        if found and found[-1] in ("le", "la", "de", "ne", "que") and word[0] in VOWELS:
            found[-1] = found[-1][:-1] + "'" + word
        else:
            found.append(word)
    return found


def noun_phrase(phrase: Phrase) -> list[str]:
    """Article or numeral, noun, and the attribute on its side of it."""
    forms = NOUNS[phrase.noun]
    noun = forms["many" if phrase.many else "one"]
    words = [noun]
    if phrase.adjective:
        before = ADJECTIVES[phrase.adjective]["side"] == "before"
        attribute = adjective(phrase.adjective, phrase, noun if before else "")
        words = [attribute, noun] if before else [noun, attribute]
    return [*determiner(phrase.determiner, forms["gender"]), *words]


def determiner(name: str, gender: str) -> list[str]:
    if name == "none":
        return []
    if name == "a":
        return ["une" if gender == "f" else "un"]
    if name == "the":
        return ["la" if gender == "f" else "le"]
    return ["les" if name == "plural" else WORDS[name]["form"]]


def adjective(word: str, of: Phrase, following: str = "") -> str:
    """The form of an adjective that agrees with a phrase and suits the noun that follows it."""
    forms, gender = ADJECTIVES[word], NOUNS[of.noun]["gender"]
    if not of.many and gender == "m" and following and following[0] in VOWELS:
        return forms["vowel"]
    return forms[gender + ("p" if of.many else "s")]


def agreement(meaning: Meaning) -> str:
    return "many" if meaning.subject.many else "one"


def verb_group(meaning: Meaning, agrees: str) -> list[str]:
    """The verb between ne and pas, then the participle."""
    finite, participle = finite_and_participle(meaning, agrees)
    group = ["ne", finite, "pas"] if meaning.negative else [finite]
    return [*elided(group), *participle]


def finite_and_participle(meaning: Meaning, agrees: str) -> tuple[str, list[str]]:
    if not meaning.verb:
        return (HAVE if meaning.frame == "possession" else BE)[meaning.tense][agrees], []
    forms = VERBS[meaning.verb]
    if meaning.tense == "future":
        return forms["future_" + agrees], []
    if meaning.tense != "past":
        return forms[agrees], []
    if forms["auxiliary"] == "have":
        return HAVE["present"][agrees], [forms["participle"]]
    gender = "e" if NOUNS[meaning.subject.noun]["gender"] == "f" else ""
    return BE["present"][agrees], [forms["participle"] + gender + "s" * (agrees == "many")]


def complements(meaning: Meaning) -> list[str]:
    """What follows the verb: object, recipient, predicate, manner, place, time.

    'Soon' keeps close to the verb.
    """
    words = form(meaning.time) if meaning.time == "soon" else []
    if meaning.object and meaning.object.noun != "what":
        words += noun_phrase(meaning.object)
    if meaning.recipient:
        words += to(meaning.recipient)
    if meaning.predicate:
        words += [*form(meaning.degree), adjective(meaning.predicate, meaning.subject)]
    words += form(meaning.manner)
    if meaning.place and meaning.place != "where":
        words.append(PLACES[meaning.place][meaning.direction])
    return words if meaning.time == "soon" else [*words, *form(meaning.time)]


def to(phrase: Phrase) -> list[str]:
    """A recipient: à, which joins le but not l'."""
    words = elided(noun_phrase(phrase))
    return ["au", *words[1:]] if words[0] == "le" else ["à", *words]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
