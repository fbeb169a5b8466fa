"""What the verb-final languages of India share: the order of a clause, and marked objects.

Holds no words.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from babelmerge.data.controlled.inventory import ANIMALS, HUMANS
from babelmerge.data.controlled.meaning import Meaning

# Verbs of Dravidian languages whose indefinite object is marked too: it is picked out, not made or
# acquired.
MARKING = ("look_at", "take", "call")


@dataclass(frozen=True)
class Parts:
    """The constituents of a clause, each a list of words, already inflected."""

    subject: list[str]
    verb: list[str]
    time: list[str] = field(default_factory=list)
    recipient: list[str] = field(default_factory=list)
    object: list[str] = field(default_factory=list)
    place: list[str] = field(default_factory=list)
    manner: list[str] = field(default_factory=list)
    predicate: list[str] = field(default_factory=list)


def arrange(meaning: Meaning, parts: Parts, manner_before_goal: bool = False) -> list[str]:
    """The words in order: subject, time, recipient, object, place, manner, predicate, verb.

    'Who' stands where the focus is, before the verb (and before a predicate).
    ``manner_before_goal``: a bare goal clings to its verb of motion.
    """
    middle: list[Iterable[str]] = [parts.time, parts.recipient, parts.object]
    if manner_before_goal and meaning.frame == "motion":
        middle += [parts.manner, parts.place]
    else:
        middle += [parts.place, parts.manner]
    if meaning.subject.noun == "who":
        ordered = [*middle, parts.subject, parts.predicate, parts.verb]
    else:
        ordered = [parts.subject, *middle, parts.predicate, parts.verb]
    return [word for constituent in ordered for word in constituent]


def indo_aryan_marked(meaning: Meaning) -> bool:
    """Whether the object takes को or কে: people, and definite animals unless they are goods."""
    phrase, goods = meaning.object, meaning.verb in ("buy", "sell")
    return phrase.noun in HUMANS or (phrase.noun in ANIMALS and phrase.definite and not goods)


def dravidian_marked(meaning: Meaning) -> bool:
    """Whether the object is in the accusative: what lives, is definite or picked out.

    Not so what one has, and 'what'.
    """
    phrase = meaning.object
    living = phrase.noun in (*HUMANS, *ANIMALS)
    marked = living or phrase.definite or meaning.verb in MARKING
    return marked and phrase.noun != "what" and meaning.frame != "possession"
