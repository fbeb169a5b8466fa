"""Turkish: verb-final, cases by suffixes in vowel harmony, definite objects accusative, mi.

Verbs of people in the plural are plural, but beside a numeral; nothing else agrees. Somebody has
something of theirs (the genitive, var), but a definite thing is with them (the locative).
"""

from babelmerge.data.controlled.inventory import HUMANS
from babelmerge.data.controlled.languages.tr.lexicon import PLACES, VERBS, WORDS
from babelmerge.data.controlled.languages.tr.suffixes import asking, attach, noun, was
from babelmerge.data.controlled.meaning import Meaning, Phrase

NEGATIVE = {"past": "mAdI", "present": "mIyor", "habitual": "mAz", "future": "mAyAcAk"}
COLUMNS = {"past": "past", "present": "now", "habitual": "habit", "future": "future"}
BE = {False: "olacak", True: "olmayacak"}


def sentence(meaning: Meaning, agrees: str | None = None) -> str:
    """The Turkish sentence of a meaning.

    ``agrees`` replaces the verb's number (one or many), which makes a minimal pair.
    """
    return capital(clause(meaning, agrees)) + ("." if meaning.force == "statement" else "?")


def capital(text: str) -> str:
    """Text with its first letter as a capital, i with its dot."""
    return ("İ" if text[0] == "i" else text[0].upper()) + text[1:]


def clause(meaning: Meaning, agrees: str | None = None) -> str:
    """The words of a sentence, without its capital and full stop."""
    agrees = agrees or agreement(meaning)
    if meaning.frame == "possession":
        return " ".join(possession(meaning))
    subject = noun_phrase(meaning.subject)
    end = [*light(meaning), *verb(meaning, agrees)] if meaning.verb else being(meaning, agrees)
    if meaning.subject.noun == "who":
        before, behind = around(meaning)
        return " ".join([*before, *subject, *behind, *end])
    return " ".join([*subject, *middle(meaning), *end])


def agreement(meaning: Meaning) -> str:
    people = meaning.subject.determiner == "plural" and meaning.subject.noun in HUMANS
    return "many" if people else "one"


def noun_phrase(phrase: Phrase, case: str = "nominative", possessed: bool = False) -> list[str]:
    """Numeral, attribute and noun; 'a' stands between attribute and noun."""
    counted = form(phrase.determiner) if not phrase.definite else []
    attribute = form(phrase.adjective)
    words = [*attribute, *counted] if phrase.determiner == "a" else [*counted, *attribute]
    return [*words, noun(phrase, case, possessed)]


def middle(meaning: Meaning) -> list[str]:
    """Time, objects, place and manner of what somebody does."""
    before, behind = around(meaning)
    return [*before, *behind]


def around(meaning: Meaning) -> tuple[list[str], list[str]]:
    """The same, before 'who' and behind it: an object that is not definite clings to the verb."""
    recipient = noun_phrase(meaning.recipient, "dative") if meaning.recipient else []
    thing = direct_object(meaning) if meaning.object else []
    place = [PLACES[meaning.place][meaning.direction]] if meaning.verb and meaning.place else []
    end = [*place, *form(meaning.manner)]
    if not meaning.object or (meaning.object.definite and meaning.object.noun != "what"):
        return [*form(meaning.time), *thing, *recipient, *end], []
    return [*form(meaning.time), *recipient], [*thing, *end]


def direct_object(meaning: Meaning) -> list[str]:
    """The accusative of what is definite, the dative of what one looks at."""
    if meaning.verb == "look_at":
        return noun_phrase(meaning.object, "dative")
    marked = meaning.object.definite and meaning.object.noun != "what"
    return noun_phrase(meaning.object, "accusative" if marked else "nominative")


def light(meaning: Meaning) -> list[str]:
    return [VERBS[meaning.verb]["light"]] if VERBS[meaning.verb]["light"] else []


def verb(meaning: Meaning, agrees: str) -> list[str]:
    """The verb, and the particle of a yes-no question."""
    forms = VERBS[meaning.verb]
    word = forms[COLUMNS[meaning.tense]]
    if meaning.negative:
        word = attach(forms["stem"], NEGATIVE[meaning.tense])
    return ended(word, meaning, agrees)


def ended(word: str, meaning: Meaning, agrees: str) -> list[str]:
    word = attach(word, "lAr") if agrees == "many" else word
    return asking(word) if meaning.force == "polar" else [word]


def being(meaning: Meaning, agrees: str) -> list[str]:
    """A place, state or quality, and being: a suffix of the past, a verb of the future."""
    degree = form(meaning.degree)
    if meaning.place:
        what = PLACES[meaning.place]["at"]
    else:
        what = WORDS[meaning.predicate]["form"]
    return [*degree, *copula(what, meaning, agrees)]


def copula(what: str, meaning: Meaning, agrees: str = "one") -> list[str]:
    past = meaning.tense == "past"
    if meaning.tense == "future":
        return [what, *ended(BE[meaning.negative], meaning, agrees)]
    if meaning.negative:
        return [what, was("değil") if past else "değil"]
    if meaning.force == "polar":
        return asking(what, past)
    return [was(what) if past else what]


def possession(meaning: Meaning) -> list[str]:
    owner, thing = meaning.subject, meaning.object
    time = form(meaning.time)
    if thing.definite:
        return [*noun_phrase(thing), *time, *copula(noun(owner, "locative"), meaning)]
    has = ended(BE[False], meaning, "one") if meaning.tense == "future" else copula("var", meaning)
    return [noun(owner, "genitive"), *time, *noun_phrase(thing, possessed=True), *has]


def form(word: str | None) -> list[str]:
    return [WORDS[word]["form"]] if word else []
