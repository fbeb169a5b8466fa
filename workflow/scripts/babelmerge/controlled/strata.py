"""The kinds of sentence, each a set of cores and, per core, a list of variants.

A core is a Meaning that holds content only; a variant is the rest: determiners, attributes, tense,
time, negation, force, manner and degree. Knows no language and no randomness.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import NamedTuple

from babelmerge.controlled import inventory as words
from babelmerge.controlled.meaning import Meaning, Phrase


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
    if content:
        return tuple(Mode(tense, time, False, "content") for tense, time in dated)
    asked = [pair for pair in dated if frame == "quality" or pair[0] in ("past", "future")]
    return (
        *(Mode(tense, time) for tense, time in dated),
        *(Mode(tense, time, True) for tense, time in dated),
        *(Mode(tense, time, False, "polar") for tense, time in asked),
    )


def _phrases(kind: str, indefinite: bool, adjectives: tuple[str | None, ...]) -> list[Phrase]:
    determiners = words.DEFINITE[kind] + (words.INDEFINITE[kind] if indefinite else ())
    return [Phrase("", d, a) for d in determiners for a in adjectives]


def _opposed(attribute: str | None, predicate: str | None) -> bool:
    """Whether the two say the same kind of thing, as in 'the big box is small'."""
    return attribute == predicate or any({attribute, predicate} <= set(k) for k in words.KINDS)


def _kind(phrase: Phrase | None) -> str:
    return words.CLASS[phrase.noun] if phrase else ""


def variants(stratum: Stratum, core: Meaning) -> tuple[Variant, ...]:
    """All variants of a core of this stratum, in a fixed order."""
    manners = words.MANNERS[core.verb] if stratum.extra == "manner" else (None,)
    degrees = ("very",) if stratum.extra == "very" else (None,)
    kinds = _kind(core.subject), _kind(core.object)
    return _variants(core.frame, stratum.extra, *kinds, manners, degrees, core.predicate)


@cache
def _variants(
    frame: str,
    extra: str,
    subject: str,
    object_: str,
    manners: tuple[str | None, ...],
    degrees: tuple[str | None, ...],
    predicate: str | None,
) -> tuple[Variant, ...]:
    content = extra in ("who", "what", "where")
    subject_attributes = words.ATTRIBUTES[subject] if extra == "subject attribute" else (None,)
    if frame == "quality":
        subject_attributes = tuple(a for a in subject_attributes if not _opposed(a, predicate))
    object_attributes = words.ATTRIBUTES[object_] if extra == "object attribute" else (None,)
    found = []
    for mode in modes(frame, content):
        plain = mode.force == "statement" and not mode.negative
        if not plain and extra in ("manner", "very"):
            continue
        free = plain and frame != "quality"
        subjects = _phrases(subject, free and extra != "what", subject_attributes)
        objects = _phrases(object_, not mode.negative, object_attributes) if object_ else [None]
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


def _core(frame: str, subject: str, object_: str | None = None, **content: str | None) -> Meaning:
    return Meaning(frame, "", Phrase(subject), object=object_ and Phrase(object_), **content)


def _transitive(subjects: tuple[str, ...], what: bool = False) -> Iterator[Meaning]:
    for subject, (verb, objects) in product(subjects, words.TRANSITIVE.items()):
        if subject in words.ANIMALS and verb not in words.ANIMALS_DO:
            continue
        asked = () if verb == "call" else ("what",)
        for object_ in asked if what else objects:
            if object_ != subject:
                yield _core("transitive", subject, object_, verb=verb)


def _ditransitive(subjects: tuple[str, ...], what: bool = False) -> Iterator[Meaning]:
    for subject, (verb, objects) in product(subjects, words.DITRANSITIVE.items()):
        for recipient, object_ in product(words.HUMANS, ("what",) if what else objects):
            if recipient != subject:
                yield replace(
                    _core("ditransitive", subject, object_, verb=verb), recipient=_the(recipient)
                )


def _the(noun: str) -> Phrase:
    return Phrase(noun, words.DEFINITE[words.CLASS[noun]][0])


def _intransitive(subjects: tuple[str, ...], manner: bool = False) -> Iterator[Meaning]:
    for subject, verb, place in product(subjects, words.INTRANSITIVE, words.SITES):
        able = subject not in words.ANIMALS or verb in words.ANIMALS_DO
        if able and (verb in words.MANNERS or not manner):
            yield _core("intransitive", subject, verb=verb, place=place, direction="at")


def _motion(subjects: tuple[str, ...], where: bool = False) -> Iterator[Meaning]:
    ways = (("go", "to"), ("come", "from")) if where else words.MOTION
    for subject, (verb, way) in product(subjects, ways):
        for place in ("where",) if where else words.SITES:
            yield _core("motion", subject, verb=verb, place=place, direction=way)


def _location(subjects: tuple[str, ...], where: bool = False) -> Iterator[Meaning]:
    for subject in subjects:
        inert = words.CLASS[subject] in ("thing", "text", "food")
        for place in ("where",) if where else words.SPOTS if inert else words.SITES:
            # 'the box in the box' and furniture on the table are left out
            if subject not in (place.split("_")[-1], "chair", "car", "story"):
                yield _core("location", subject, place=place, direction="at")


def _state(subjects: tuple[str, ...]) -> Iterator[Meaning]:
    for subject, predicate in product(subjects, words.STATES):
        yield _core("state", subject, predicate=predicate)


def _quality(graded: bool = False) -> Iterator[Meaning]:
    for kind, predicates in words.QUALITIES.items():
        nouns = words.THINGS if kind == "thing" else words.FOODS
        for noun, predicate in product(nouns, predicates):
            if predicate in words.GRADED or not graded:
                yield _core("quality", noun, predicate=predicate)


def _possession() -> Iterator[Meaning]:
    for subject, object_ in product(words.HUMANS, (*words.THINGS, "letter", *words.FOODS)):
        yield _core("possession", subject, object_)


_HUMANS, _LIVING = words.HUMANS, (*words.HUMANS, *words.ANIMALS)
_DESCRIBED = (*words.PERSONS, *words.ANIMALS)
_PLACED = (*_LIVING, *words.SMALL_THINGS)
_WHO = ("who",)

STRATA = (
    Stratum("transitive", "", 16, lambda: _transitive(_LIVING)),
    Stratum("transitive", "object attribute", 10, lambda: _described_objects(_transitive)),
    Stratum("transitive", "subject attribute", 4, lambda: _transitive(_DESCRIBED)),
    Stratum("transitive", "who", 3, lambda: _transitive(_WHO)),
    Stratum("transitive", "what", 3, lambda: _transitive(_HUMANS, what=True)),
    Stratum("ditransitive", "", 10, lambda: _ditransitive(_HUMANS)),
    Stratum("ditransitive", "object attribute", 6, lambda: _described_objects(_ditransitive)),
    Stratum("ditransitive", "who", 2, lambda: _ditransitive(_WHO)),
    Stratum("ditransitive", "what", 2, lambda: _ditransitive(_HUMANS, what=True)),
    Stratum("intransitive", "", 8, lambda: _intransitive(_LIVING)),
    Stratum("intransitive", "manner", 3, lambda: _intransitive(_LIVING, manner=True)),
    Stratum("intransitive", "subject attribute", 3, lambda: _intransitive(_DESCRIBED)),
    Stratum("intransitive", "who", 1, lambda: _intransitive(_WHO)),
    Stratum("motion", "", 8, lambda: _motion(_LIVING)),
    Stratum("motion", "manner", 3, lambda: _motion(_LIVING)),
    Stratum("motion", "subject attribute", 3, lambda: _motion(_DESCRIBED)),
    Stratum("motion", "who", 1, lambda: _motion(_WHO)),
    Stratum("motion", "where", 2, lambda: _motion(_LIVING, where=True)),
    Stratum("location", "", 8, lambda: _location(_PLACED)),
    Stratum("location", "subject attribute", 4, lambda: _location((*_DESCRIBED, *words.CARRIED))),
    Stratum("location", "who", 1, lambda: _location(_WHO)),
    Stratum("location", "where", 2, lambda: _location(_PLACED, where=True)),
    Stratum("state", "", 6, lambda: _state(_HUMANS)),
    Stratum("state", "subject attribute", 2, lambda: _state(words.PERSONS)),
    Stratum("state", "who", 1, lambda: _state(_WHO)),
    Stratum("quality", "", 5, lambda: _quality()),
    Stratum("quality", "very", 3, lambda: _quality(graded=True)),
    Stratum("quality", "subject attribute", 4, lambda: _quality()),
    Stratum("possession", "", 5, _possession),
    Stratum("possession", "object attribute", 4, _possession),
)


def _described_objects(cores: Callable[[tuple[str, ...]], Iterator[Meaning]]) -> Iterator[Meaning]:
    """Cores of human subjects whose object can have an attribute."""
    for core in cores(_HUMANS):
        if words.CLASS[core.object.noun] in words.ATTRIBUTES:
            yield core
