"""What items say beyond single sentences, by language: a record that each language fills.

A language that has one (see `speakers`) has items; one without has sentences only.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from babelmerge.data.controlled.meaning import Meaning, Phrase

Joined = Callable[[Meaning, Meaning], str]


@dataclass(frozen=True)
class Speech:
    """How a language joins clauses, answers and asks.

    sentence: its grammar. but(first, second): the second holds, whatever the first says.
    although(main, conceded): the main clause holds. neither(meaning, other): the predicate of the
    meaning and the other one are both denied. yes, no: answers. phrase(phrase, role): the phrase by
    itself as an answer to who (subject), what (object) or at what (sight: of one who looks).
    place(name, direction): to where. kinds: after a list of things, the question after the one of a
    kind. themes: what statements are about, in a word. gap, comma, colon: what stands between
    sentences, in a list and after it.
    """

    sentence: Callable[[Meaning], str]
    but: Joined
    although: Joined
    neither: Callable[[Meaning, str], str]
    yes: str
    no: str
    phrase: Callable[[Phrase, str], str]
    place: Callable[[str, str], str]
    kinds: Mapping[str, str]
    themes: Mapping[str, str]
    gap: str = " "
    comma: str = ", "
    colon: str = ": "


def which(frame: str, **kinds: str) -> dict[str, str]:
    """The questions after kinds: what is asked of each, in the frame in which all are asked."""
    return {kind: frame.format(is_one) for kind, is_one in kinds.items()}
