"""Sentiment: what somebody found of a room, a meal, a film, a shirt, a train, a waiter.

The label follows from the meaning: a predicate is good (+1), bad (-1) or neither (0); negation and
the answer no turn it round; of two clauses the main one decides, which is the second after 'but'
and the other one beside 'although'. A question without an answer and 'neither … nor' are neutral.
The words alone say little: every form of sentence comes with every label, and the good words stand
in many negative texts.
"""

import random
from dataclasses import dataclass

from babelmerge.data.controlled import inventory as words
from babelmerge.data.controlled.items.draws import PAST, being, chance, going, pick, weighted
from babelmerge.data.controlled.languages.speech import Speech
from babelmerge.data.controlled.meaning import Meaning, Phrase
from babelmerge.data.controlled.strata import opposed

LABELS = ("negative", "neutral", "positive")
TURNS = LABELS
FIELDS = ("text", "label")

PLACES = ("room", "hotel", "restaurant", "kitchen")
FOODS = ("bread", "cake", "cheese")
TALES = ("film", "song", "book", "story")
GOODS = ("chair", "bag", "shirt", "umbrella")
MACHINES = ("car", "phone", "train")
STAFF = ("waiter", "doctor", "teacher")
GROUPS = {n: g for g in (PLACES, FOODS, TALES, GOODS, MACHINES, STAFF) for n in g}
_VALUE, _LOOK, _CARE = ("good", "bad"), ("beautiful", "ugly"), ("clean", "dirty")
# Good and bad words of each group.
PAIRS = {
    PLACES: (_VALUE, _LOOK, _CARE, ("quiet", "loud")),
    FOODS: (_VALUE, ("tasty", "tasteless")),
    TALES: (_VALUE, ("interesting", "boring")),
    GOODS: (_VALUE, _LOOK, _CARE),
    MACHINES: (_VALUE, ("fast", "slow")),
    STAFF: (_VALUE, ("friendly", "rude")),
}
NEUTRAL = {
    PLACES: ("big", "small", "new", "old"),
    FOODS: ("big", "small"),
    TALES: ("new", "old"),
    GOODS: ("red", "white", "black", "new", "old"),
    MACHINES: ("red", "white", "black", "new", "old"),
    STAFF: ("tall",),
}
SIGN = {word: 1 for pairs in PAIRS.values() for word, _ in pairs}
SIGN |= {word: -1 for pairs in PAIRS.values() for _, word in pairs}
UNGRADED = ("red", "white", "black", "new")
# Things that one speaks of together.
SCENES = (
    (*PLACES, *FOODS, "waiter"),
    ("train", "hotel", "car", "bag", "phone", "room"),
    ("book", "story", "song", "teacher", "chair"),
    (*GOODS, "phone"),
    ("doctor", "room", "chair", "bread"),
    ("film", "song", "restaurant", "cake", "waiter"),
)
FORMS = {"plain": 30, "very": 10, "negated": 22, "answered": 12, "but": 13, "although": 13}
NEUTRAL_FORMS = {"question": 28, "neither": 22, "said": 50}


@dataclass(frozen=True, slots=True)
class Item:
    """A text: perhaps where somebody was, then one claim or two; ``answer`` is to a question.

    ``form``: plain, answered, question, neither, but or although.
    """

    form: str
    claims: tuple[Meaning, ...]
    answer: bool | None = None
    context: Meaning | None = None


def sign(claim: Meaning) -> int:
    """1 for praise, -1 for blame, 0 for neither."""
    found = SIGN.get(claim.predicate, 0)
    return -found if claim.negative else found


def label(item: Item) -> str:
    """What the meaning of the item makes its label."""
    if item.form in ("question", "neither"):
        return "neutral"
    found = sign(item.claims[1 if item.form == "but" else 0])
    return LABELS[1 + (-found if item.answer is False else found)]


def core(item: Item) -> tuple[str, ...]:
    return tuple(sorted(f"{c.subject.noun} {c.predicate}" for c in item.claims))


def draw(rng: random.Random, wanted: str) -> Item:
    """An item with the wanted label."""
    goal, form = LABELS.index(wanted) - 1, "said"
    if not goal:
        form = weighted(rng, NEUTRAL_FORMS)
    if form == "said":
        form = weighted(rng, FORMS)
    tense = pick(rng, ("present", "past", "past"))
    context = _context(rng) if chance(rng, 50) else None
    if form in ("but", "although"):
        return Item(form, _contrast(rng, form, goal, tense), context=context)
    answer = chance(rng, 50) if form == "answered" else None
    if form in ("question", "neither"):
        goal = pick(rng, (1, -1))
    found = claim_about(
        rng, pick(rng, tuple(GROUPS)), -goal if answer is False else goal, tense, form
    )
    return Item("plain" if form in ("very", "negated") else form, (found,), answer, context)


def claim_about(
    rng: random.Random, noun: str, goal: int, tense: str, form: str = "plain"
) -> Meaning:
    """A claim whose sign is the goal, in a form of its own."""
    group = GROUPS[noun]
    negative = form == "negated"
    if goal:
        predicate = pick(rng, PAIRS[group])[0 if (goal > 0) != negative else 1]
    else:
        predicate = pick(rng, NEUTRAL[group])
    fitting = [a for a in NEUTRAL[group] if not opposed(a, predicate)]
    adjective = pick(rng, fitting) if fitting and chance(rng, 40) else None
    return Meaning(
        "quality",
        tense,
        Phrase(noun, "the", adjective),
        predicate=predicate,
        degree="very" if form == "very" and predicate not in UNGRADED else None,
        negative=negative,
        force="polar" if form in ("answered", "question") else "statement",
    )


def _contrast(rng: random.Random, form: str, goal: int, tense: str) -> tuple[Meaning, ...]:
    """Two claims that pull apart, the deciding one where the form has it."""
    scene = pick(rng, SCENES)
    first = pick(rng, scene)
    second = pick(rng, [noun for noun in scene if noun != first])
    goals = (-goal, goal) if form == "but" else (goal, -goal)
    return tuple(
        claim_about(rng, noun, sign_, tense, "negated" if chance(rng, 25) else "plain")
        for noun, sign_ in zip((first, second), goals, strict=True)
    )


def _context(rng: random.Random) -> Meaning:
    """Where somebody was or went."""
    who, place, time = pick(rng, words.HUMANS), pick(rng, words.SITES), pick(rng, PAST)
    return going(who, place, time) if chance(rng, 50) else being(who, place, "past", time)


def row(item: Item, speech: Speech) -> dict[str, str]:
    """The item in a language: text and label."""
    before = [speech.sentence(item.context)] if item.context else []
    return {"text": speech.gap.join([*before, *_said(item, speech)]), "label": label(item)}


def _said(item: Item, speech: Speech) -> list[str]:
    if item.form == "but":
        return [speech.but(*item.claims)]
    if item.form == "although":
        return [speech.although(*item.claims)]
    (claim,) = item.claims
    if item.form == "neither":
        return [speech.neither(claim, _other(claim))]
    answer = [] if item.answer is None else [speech.yes if item.answer else speech.no]
    return [speech.sentence(claim), *answer]


def _other(claim: Meaning) -> str:
    """The opposite of a claim's predicate."""
    (pair,) = (p for p in PAIRS[GROUPS[claim.subject.noun]] if claim.predicate in p)
    return pair[1 - pair.index(claim.predicate)]
