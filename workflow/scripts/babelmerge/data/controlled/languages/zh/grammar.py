"""Chinese: subject, time, verb, object; aspect (了, 正在, 会), classifiers, 不 and 没有, 吗.

Nothing is inflected. 'The' is 那 with a classifier, its plural 那些; the past of a quality, which
no aspect marks, is said with 当时. A habit has 都, and its negation is 不是 before its time.
Somebody's having a definite thing is told as its being with them (在…那里).
"""

from babelmerge.data.controlled.languages.zh.lexicon import (
    ADJECTIVES,
    NOUNS,
    PLACES,
    VERBS,
    WORDS,
)
from babelmerge.data.controlled.meaning import Meaning, Phrase

HABIT = "都"
WILL = {False: "会", True: "不会"}
BEING = {False: "在", True: "不在"}
HAVING = {False: "有", True: "没有"}


def sentence(meaning: Meaning) -> str:
    """The Chinese sentence of a meaning."""
    if meaning.force == "statement":
        return clause(meaning) + "。"
    return clause(meaning) + ("吗？" if meaning.force == "polar" else "？")


def clause(meaning: Meaning) -> str:
    """The sentence without its end. 'Who' follows the time."""
    time = when(meaning)
    if meaning.frame == "possession" and meaning.object.definite:
        return noun_phrase(meaning.object) + time + kept(meaning)
    subject = noun_phrase(meaning.subject)
    opening = time + subject if meaning.subject.noun == "who" else subject + time
    return opening + predicate(meaning)


def when(meaning: Meaning) -> str:
    """The time, with what a habit adds to it; of a past quality the word that makes it past."""
    time = WORDS[meaning.time]["form"] if meaning.time else ""
    if meaning.tense == "habitual" and meaning.subject.noun != "who":
        return ("不是" if meaning.negative else "") + time + HABIT
    return "当时" if meaning.frame == "quality" and meaning.tense == "past" else time


def noun_phrase(phrase: Phrase) -> str:
    """Determiner with classifier, attribute, noun."""
    forms = NOUNS[phrase.noun]
    attribute = ADJECTIVES[phrase.adjective]["attribute"] if phrase.adjective else ""
    return determiner(phrase) + attribute + forms["form"]


def determiner(phrase: Phrase) -> str:
    forms = NOUNS[phrase.noun]
    if phrase.determiner == "plural":
        return "那些"
    if phrase.definite:
        return "" if forms["bare"] == "y" else "那" + forms["classifier"]
    return WORDS[phrase.determiner]["form"] + forms["classifier"]


def kept(meaning: Meaning) -> str:
    """Where a definite thing is that somebody has."""
    will = "会" if meaning.tense == "future" else ""
    denied = "不" if meaning.negative else ""
    return f"{denied}{will}在{noun_phrase(meaning.subject)}那里"


def predicate(meaning: Meaning) -> str:
    if meaning.predicate:
        return adjective(meaning)
    future = meaning.tense == "future"
    if meaning.frame == "location":
        verb = WILL[meaning.negative] + "在" if future else BEING[meaning.negative]
        return verb + PLACES[meaning.place]["at"]
    if meaning.frame == "possession":
        verb = WILL[meaning.negative] + "有" if future else HAVING[meaning.negative]
        return verb + noun_phrase(meaning.object)
    return motion(meaning) if meaning.frame == "motion" else action(meaning)


def adjective(meaning: Meaning) -> str:
    """很 carries a plain statement; colours and the like are between 是 and 的."""
    forms = ADJECTIVES[meaning.predicate]
    word, kind = forms["form"], forms["kind"]
    if meaning.predicate == "ready":
        return ready(meaning)
    if meaning.tense == "future":
        return WILL[meaning.negative] + word
    if meaning.degree:
        return WORDS[meaning.degree]["form"] + word
    if kind == "是":
        return ("不是" if meaning.negative else "是") + word + "的"
    if kind == "":
        return ("不是" if meaning.negative else "是" if asked(meaning) else "") + word
    plain = "" if asked(meaning) else kind
    return ("不" if meaning.negative else plain) + word


def asked(meaning: Meaning) -> bool:
    return meaning.force == "polar"


def ready(meaning: Meaning) -> str:
    """Being ready is a result: 准备好了, and 没有准备好."""
    if meaning.tense == "future":
        return WILL[meaning.negative] + "准备好"
    return "没有准备好" if meaning.negative else "准备好了"


def action(meaning: Meaning) -> str:
    """Place, recipient, manner, verb with its aspect, and objects."""
    entry = VERBS[meaning.verb]
    before, after = aspect(meaning)
    place = "在" + PLACES[meaning.place]["at"] if meaning.place else ""
    if place and before == "正在":
        before = "正"
    recipient = noun_phrase(meaning.recipient) if meaning.recipient else ""
    first, last = (entry["to"] + recipient, "") if entry["to"] else ("", recipient)
    thing = noun_phrase(meaning.object) if meaning.object else entry["inside"]
    return before + place + first + manner(meaning) + entry["form"] + after + last + thing


def manner(meaning: Meaning) -> str:
    return WORDS[meaning.manner]["form"] if meaning.manner else ""


def aspect(meaning: Meaning) -> tuple[str, str]:
    """What stands before the verb and right after it."""
    if meaning.tense == "past":
        return ("没有", "") if meaning.negative else ("", "了")
    if meaning.tense == "present":
        return ("没有" if meaning.place else "没有在") if meaning.negative else "正在", ""
    if meaning.tense == "future":
        return WILL[meaning.negative], ""
    return "", ""


def motion(meaning: Meaning) -> str:
    """Going to, coming to and coming from a place; one under way is said to be on its way."""
    if meaning.tense == "present":
        way = trip(meaning, done=False)
        if meaning.manner:
            return f"正{manner(meaning)}走在{way}的路上"
        return f"{'不在' if meaning.negative else '正在'}{way}的路上"
    done = meaning.tense == "past" and not meaning.negative
    before = {"past": "没有" if meaning.negative else "", "habitual": ""}
    opening = before.get(meaning.tense, WILL[meaning.negative])
    return opening + manner(meaning) + trip(meaning, done)


def trip(meaning: Meaning, done: bool) -> str:
    """The verb of motion with its place; ``done`` adds 了."""
    place, mark = PLACES[meaning.place]["form"], "了" if done else ""
    if done and (meaning.direction, meaning.place) == ("from", "where"):
        return "是从哪里来的"
    if meaning.direction == "from":
        return "从" + place + VERBS[meaning.verb]["form"] + mark
    if (meaning.verb, meaning.place) == ("go", "home"):
        return "回" + mark + "家"
    verb = "来到" if done and meaning.verb == "come" else VERBS[meaning.verb]["form"]
    return verb + mark + place
