"""The cores of each frame: which subjects, verbs, objects, places and predicates go together.

A core is a Meaning with content only, its tense still empty. Knows no language and no randomness.
"""

from collections.abc import Callable, Iterator
from itertools import product
from typing import Any

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.meaning import Meaning, Phrase


def _core(frame: str, subject: str, object_: str | None = None, **content: Any) -> Meaning:
    return Meaning(frame, "", Phrase(subject), object=object_ and Phrase(object_), **content)


def transitive(subjects: tuple[str, ...], what: bool = False) -> Iterator[Meaning]:
    for subject, (verb, objects) in product(subjects, words.TRANSITIVE.items()):
        if subject in words.ANIMALS and verb not in words.ANIMALS_DO:
            continue
        asked = () if verb == "call" else ("what",)
        for object_ in asked if what else objects:
            if object_ != subject:
                yield _core("transitive", subject, object_, verb=verb)


def ditransitive(subjects: tuple[str, ...], what: bool = False) -> Iterator[Meaning]:
    for subject, (verb, objects) in product(subjects, words.DITRANSITIVE.items()):
        for recipient, object_ in product(words.HUMANS, ("what",) if what else objects):
            if recipient != subject:
                yield _core("ditransitive", subject, object_, verb=verb, recipient=_the(recipient))


def _the(noun: str) -> Phrase:
    return Phrase(noun, words.DEFINITE[words.CLASS[noun]][0])


def _sites(subject: str) -> tuple[str, ...]:
    return words.PASTURES if subject in words.ANIMALS else words.SITES


def intransitive(subjects: tuple[str, ...], manner: bool = False) -> Iterator[Meaning]:
    for subject, verb in product(subjects, words.INTRANSITIVE):
        able = subject not in words.ANIMALS or verb in words.ANIMALS_DO
        if able and (verb in words.MANNERS or not manner):
            for place in _sites(subject):
                yield _core("intransitive", subject, verb=verb, place=place, direction="at")


def motion(subjects: tuple[str, ...], where: bool = False) -> Iterator[Meaning]:
    ways = (("go", "to"), ("come", "from")) if where else words.MOTION
    for subject, (verb, way) in product(subjects, ways):
        for place in ("where",) if where else _sites(subject):
            if (verb, place) != ("return", "home"):  # one returns home, not from there
                yield _core("motion", subject, verb=verb, place=place, direction=way)


def location(subjects: tuple[str, ...], where: bool = False) -> Iterator[Meaning]:
    for subject in subjects:
        inert = words.CLASS[subject] in ("thing", "text", "food")
        for place in ("where",) if where else words.SPOTS if inert else _sites(subject):
            # 'the box in the box' and furniture on the table are left out
            if subject not in (place.split("_")[-1], "chair", "car", "story"):
                yield _core("location", subject, place=place, direction="at")


def state(subjects: tuple[str, ...]) -> Iterator[Meaning]:
    for subject, predicate in product(subjects, words.STATES):
        yield _core("state", subject, predicate=predicate)


def quality(graded: bool = False) -> Iterator[Meaning]:
    for kind, predicates in words.QUALITIES.items():
        nouns = words.THINGS if kind == "thing" else words.FOODS
        for noun, predicate in product(nouns, predicates):
            if predicate in words.GRADED or not graded:
                yield _core("quality", noun, predicate=predicate)


def possession() -> Iterator[Meaning]:
    for subject, object_ in product(words.HUMANS, (*words.THINGS, "letter", *words.FOODS)):
        yield _core("possession", subject, object_)


def countable_objects(cores: Callable[[tuple[str, ...]], Iterator[Meaning]]) -> Iterator[Meaning]:
    """Cores of human subjects whose object is not a name."""
    for core in cores(words.HUMANS):
        if words.CLASS[core.object.noun] != "name":
            yield core


def describable_objects(
    cores: Callable[[tuple[str, ...]], Iterator[Meaning]],
) -> Iterator[Meaning]:
    """Cores of human subjects whose object can have an attribute."""
    for core in cores(words.HUMANS):
        if words.CLASS[core.object.noun] in words.ATTRIBUTES:
            yield core
