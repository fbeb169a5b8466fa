"""The kinds of sentence, each a set of cores and, per core, a list of variants.

A core is a Meaning that holds content only; a variant is the rest: determiners, attributes, tense,
time, negation, force, manner and degree. Knows no language and no randomness.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import NamedTuple

from babelmerge.data.controlled import cores
from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.meaning import Meaning, Phrase


class Mode(NamedTuple):
    """Tense, time adverb, negation and force."""

    tense: str
    time: str | None
    negative: bool = False
    force: str = "statement"


class Variant(NamedTuple):
    """What a core leaves open."""

    mode: Mode
    subject: Phrase  # only its determiner and adjective count, here and below
    object: Phrase | None
    manner: str | None
    degree: str | None


@dataclass(frozen=True)
class Stratum:
    """A kind of sentence. ``extra`` names what it adds: an attribute, a manner, a question."""

    frame: str
    extra: str
    weight: int
    cores: Callable[[], Iterator[Meaning]]


def _times(tense: str, bare: bool) -> tuple[str | None, ...]:
    return (None, *words.TIMES[tense]) if bare else words.TIMES[tense]


@cache
def modes(frame: str, content: bool) -> tuple[Mode, ...]:
    """The tenses, times, negations and forces of a frame.

    A habit and the present always have their adverb, since some languages share a verb form
    between them and another tense; so does the past of being and having.
    """
    if frame == "quality":
        dated = [("present", None), ("past", None)]
    else:
        being = frame in ("location", "state", "possession")
        bare = {"past": not being, "future": True}
        tenses = ("present", "past", "future") if being else words.TIMES
        dated = [(t, time) for t in tenses for time in _times(t, bare.get(t, False))]
        if being:
            dated.remove(("future", "soon"))  # becoming rather than being
    lasting = [pair for pair in dated if pair[1] != "soon"]
    if content:
        return tuple(Mode(tense, time, False, "content") for tense, time in lasting)
    asked = [pair for pair in dated if frame == "quality" or pair[0] in ("past", "future")]
    return (
        *(Mode(tense, time) for tense, time in dated),
        *(Mode(tense, time, True) for tense, time in lasting),
        *(Mode(tense, time, False, "polar") for tense, time in asked),
    )


def _subject_determiners(frame: str, extra: str, kind: str, mode: Mode) -> tuple[str, ...]:
    """Definite ones; 'a' and numerals only in plain statements of what somebody does."""
    definite = words.DEFINITE[kind]
    plain = mode.force == "statement" and not mode.negative
    acting = frame in ("transitive", "ditransitive", "intransitive", "motion")
    if extra == "subject numeral":
        return words.NUMERALS if plain and acting else ()
    if frame == "possession":  # whose plural some languages cannot tell from the singular
        return definite[:1]
    if plain and acting and extra != "what" and kind in ("person", "animal"):
        return (*definite, "a")
    return definite


def _object_determiners(extra: str, kind: str, mode: Mode, once: bool) -> tuple[str, ...]:
    """Definite ones; 'a' and numerals unless negated, which would raise questions of scope.

    The habit of an action that can be done to a thing only ``once`` has indefinite objects.
    """
    definite = words.DEFINITE[kind]
    if once and mode.tense == "habitual" and kind != "wh":
        definite = ()
    if mode.negative:
        return () if extra == "object numeral" else definite
    if extra == "object numeral":
        return words.NUMERALS
    article = () if kind in ("name", "wh", "respected") else ("a",)
    numerals = words.NUMERALS if extra == "object attribute" else ()
    return (*definite, *article, *numerals)


def _phrases(determiners: tuple[str, ...], adjectives: tuple[str | None, ...]) -> list[Phrase]:
    return [Phrase("", d, a) for d in determiners for a in adjectives]


def opposed(attribute: str | None, predicate: str | None) -> bool:
    """Whether the two say the same kind of thing, as in 'the big box is small'."""
    return attribute == predicate or any({attribute, predicate} <= set(k) for k in words.KINDS)


def _kind(phrase: Phrase | None) -> str:
    return words.CLASS[phrase.noun] if phrase else ""


def variants(stratum: Stratum, core: Meaning) -> tuple[Variant, ...]:
    """All variants of a core of this stratum, in a fixed order."""
    manners = words.MANNERS[core.verb] if stratum.extra == "manner" else (None,)
    degrees = ("very",) if stratum.extra == "very" else (None,)
    kinds = _kind(core.subject), _kind(core.object)
    once = core.verb in words.ONCE
    return _variants(core.frame, stratum.extra, *kinds, manners, degrees, core.predicate, once)


@cache
def _variants(
    frame: str,
    extra: str,
    subject: str,
    object_: str,
    manners: tuple[str | None, ...],
    degrees: tuple[str | None, ...],
    predicate: str | None,
    once: bool,
) -> tuple[Variant, ...]:
    attributes: dict[str, tuple[str | None, ...]] = {"subject": (None,), "object": (None,)}
    if extra == "subject attribute":
        attributes["subject"] = tuple(
            a for a in words.ATTRIBUTES[subject] if not opposed(a, predicate)
        )
    elif extra == "object attribute":
        attributes["object"] = words.ATTRIBUTES[object_]
    found = []
    for mode in modes(frame, extra in ("who", "what", "where")):
        if (mode.negative or mode.force == "polar") and extra in ("manner", "very"):
            continue
        determiners = _subject_determiners(frame, extra, subject, mode)
        subjects = _phrases(determiners, attributes["subject"])
        objects: list[Phrase | None] = [None]
        if object_:
            determiners = _object_determiners(extra, object_, mode, once)
            objects = [*_phrases(determiners, attributes["object"])]
        found += [Variant(mode, *rest) for rest in product(subjects, objects, manners, degrees)]
    return tuple(found)


def complete(core: Meaning, variant: Variant) -> Meaning:
    """The meaning that joins a core and one of its variants."""
    mode, subject, object_, manner, degree = variant
    return replace(
        core,
        tense=mode.tense,
        time=mode.time,
        negative=mode.negative,
        force=mode.force,
        subject=replace(subject, noun=core.subject.noun),
        object=object_ and replace(object_, noun=core.object.noun),
        manner=manner,
        degree=degree,
    )


_LIVING = (*words.HUMANS, *words.ANIMALS)
_DESCRIBED = (*words.PERSONS, *words.ANIMALS)
_COUNTED = (*words.PERSONS, *words.RESPECTED, *words.ANIMALS)
_PLACED = (*_LIVING, *words.SMALL_THINGS)
_DESCRIBED_AND_PLACED = (*_DESCRIBED, *words.CARRIED)
_WHO = ("who",)
_countable, _describable = cores.countable_objects, cores.describable_objects

STRATA = (
    Stratum("transitive", "", 16, lambda: cores.transitive(_LIVING)),
    Stratum("transitive", "subject numeral", 4, lambda: cores.transitive(_COUNTED)),
    Stratum("transitive", "object numeral", 5, lambda: _countable(cores.transitive)),
    Stratum("transitive", "subject attribute", 4, lambda: cores.transitive(_DESCRIBED)),
    Stratum("transitive", "object attribute", 9, lambda: _describable(cores.transitive)),
    Stratum("transitive", "who", 3, lambda: cores.transitive(_WHO)),
    Stratum("transitive", "what", 3, lambda: cores.transitive(words.HUMANS, what=True)),
    Stratum("ditransitive", "", 10, lambda: cores.ditransitive(words.HUMANS)),
    Stratum("ditransitive", "object numeral", 3, lambda: _countable(cores.ditransitive)),
    Stratum("ditransitive", "object attribute", 5, lambda: _describable(cores.ditransitive)),
    Stratum("ditransitive", "who", 2, lambda: cores.ditransitive(_WHO)),
    Stratum("ditransitive", "what", 2, lambda: cores.ditransitive(words.HUMANS, what=True)),
    Stratum("intransitive", "", 8, lambda: cores.intransitive(_LIVING)),
    Stratum("intransitive", "subject numeral", 2, lambda: cores.intransitive(_COUNTED)),
    Stratum("intransitive", "manner", 3, lambda: cores.intransitive(_LIVING, manner=True)),
    Stratum("intransitive", "subject attribute", 3, lambda: cores.intransitive(_DESCRIBED)),
    Stratum("intransitive", "who", 1, lambda: cores.intransitive(_WHO)),
    Stratum("motion", "", 8, lambda: cores.motion(_LIVING)),
    Stratum("motion", "subject numeral", 2, lambda: cores.motion(_COUNTED)),
    Stratum("motion", "manner", 3, lambda: cores.motion(_LIVING)),
    Stratum("motion", "subject attribute", 3, lambda: cores.motion(_DESCRIBED)),
    Stratum("motion", "who", 1, lambda: cores.motion(_WHO)),
    Stratum("motion", "where", 2, lambda: cores.motion(_LIVING, where=True)),
    Stratum("location", "", 8, lambda: cores.location(_PLACED)),
    Stratum("location", "subject attribute", 4, lambda: cores.location(_DESCRIBED_AND_PLACED)),
    Stratum("location", "who", 1, lambda: cores.location(_WHO)),
    Stratum("location", "where", 2, lambda: cores.location(_PLACED, where=True)),
    Stratum("state", "", 6, lambda: cores.state(words.HUMANS)),
    Stratum("state", "subject attribute", 2, lambda: cores.state(words.PERSONS)),
    Stratum("state", "who", 1, lambda: cores.state(_WHO)),
    Stratum("quality", "", 5, lambda: cores.quality()),
    Stratum("quality", "very", 3, lambda: cores.quality(graded=True)),
    Stratum("quality", "subject attribute", 4, lambda: cores.quality()),
    Stratum("possession", "", 4, cores.possession),
    Stratum("possession", "object numeral", 2, cores.possession),
    Stratum("possession", "object attribute", 4, cores.possession),
)
