"""Ids of models and data sets taken apart: the one place that knows how they are written.

A model: base, experts/NAME, joint/NAME, baselines/NAME or merges/GROUP/METHOD; NAME@STEP is a state
kept along training, NAME@from-STEP one whose training began at a state of another model. A data
set: TASK/UNIT, where the unit is a pair (hi-en) or a language.

>>> kind("experts/hi-en"), name("experts/hi-en"), sides("translation/hi-en")
('expert', 'hi-en', ('hi', 'en'))
>>> group("merges/many-to-one/ties"), method("merges/many-to-one/ties")
('many-to-one', 'ties')
"""

from types import MappingProxyType

# The first part of a model's id, and the kind of model that it stands for, the simplest first.
KINDS = MappingProxyType(
    {
        "base": "base",
        "experts": "expert",
        "joint": "joint",
        "baselines": "baseline",
        "merges": "merge",
    }
)
_FROM = "from-"
_SECTIONS = {kind: section for section, kind in KINDS.items()}


def kind(model: str) -> str:
    """base, expert, joint, baseline or merge; ValueError for what is no model id."""
    first = section(model)
    if first not in KINDS:
        raise ValueError(f"{model}: no model id; those begin with {', '.join(KINDS)}")
    return KINDS[first]


def section(model: str) -> str:
    """The first part of a model's id: experts of experts/hi-en."""
    return model.split("/", 1)[0]


def of_kind(model: str, *wanted: str) -> bool:
    """Whether a model is of one of these kinds; what is no model id is of none."""
    return KINDS.get(section(model)) in wanted


def model(kind_: str, *parts: str) -> str:
    """The id of a model of a kind: model("merge", "many-to-one", "ties")."""
    return "/".join((_SECTIONS[kind_], *parts))


def name(model: str) -> str:
    """A model's id without its kind: hi-en of experts/hi-en."""
    return model.split("/", 1)[-1]


def group(merge: str) -> str:
    """The group of a merge's id."""
    return merge.split("/")[1]


def method(merge: str) -> str:
    """The label of the method of a merge's id."""
    return unit(merge)


def step(model: str) -> str:
    """The step of a state kept along training, as it is written; empty for a finished model."""
    return model.rpartition("@")[2] if "@" in model else ""


def finished(model: str) -> str:
    """The model that a state along training is of; the model itself when it is no such state."""
    return model.rpartition("@")[0] if "@" in model else model


def kept(model: str, step: int | str) -> str:
    """The id of a state kept along a model's training."""
    return f"{model}@{step}"


def branch(model: str, step: int | str) -> str:
    """The id of a model that is trained as another, from a step of a third one on."""
    return f"{model}@{_FROM}{step}"


def begun(model: str) -> str:
    """The step of another model at which a model's training began; empty for one from the base."""
    found = step(model)
    return found.removeprefix(_FROM) if found.startswith(_FROM) else ""


def task(dataset: str) -> str:
    """The task of a data set's id."""
    return dataset.rsplit("/", 1)[0]


def unit(dataset: str) -> str:
    """The last part of an id: a data set's pair or language."""
    return dataset.rsplit("/", 1)[-1]


def sides(dataset: str) -> tuple[str, str]:
    """(source, target) language codes of a data set's id; twice the same if monolingual."""
    source, _, target = unit(dataset).partition("-")
    return source, target or source


def paired(dataset: str) -> bool:
    """Whether a data set has two languages."""
    source, target = sides(dataset)
    return source != target


def written(source: str, target: str) -> str:
    """The unit of two languages: hi-en, or hi when both are the same."""
    return source if source == target else f"{source}-{target}"
