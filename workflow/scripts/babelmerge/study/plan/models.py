"""From base, experts, joint and baselines to models: sources resolved, evaluations listed.

Pure functions of a `Study` and its datasets.
"""

from collections.abc import Mapping
from typing import Any

from babelmerge.study.grammar.models import Base, Expert, ExpertSet, Ready
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan.datasets import direction_pairs
from babelmerge.study.plan.directions import same_direction
from babelmerge.study.plan.scope import Datasets, having, resolve, tested
from babelmerge.study.plan.templates import fill, values
from babelmerge.study.plan.training import branches, checkpoints, keeping, training, untrained
from babelmerge.study.plan.types import Dataset, Encoder, Model, Taken, Trained, Trimmed
from babelmerge.words import ids, path_names
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

Learner = Expert | ExpertSet  # a joint model is an expert of more
WITHOUT = "To have no expert of some, list the others: units: […]."


def _taken(study: Study, entry: Ready, names: Mapping[str, str], where: tuple[str, ...]) -> Taken:
    given = {name: getattr(entry, name) for name in ("hub", "revision", "path")}
    filled = {
        name: None if text is None else fill(study, text, names, *where, name)
        for name, text in given.items()
    }
    if filled["path"] is not None:
        filled["path"] = str(study.data_folder / filled["path"])
    return Taken(**filled)


def _trained(
    study: Study, datasets: Datasets, entry: Learner, own: tuple[str, ...], where: tuple[str, ...]
) -> Trained:
    seen = having(datasets, own, "train")
    if not seen:
        found = f"no training rows for {listed(own)}"
        expected = "hub or path (a ready model), or a task with train"
        remedy = WITHOUT if isinstance(entry, ExpertSet) else ""
        raise study.error(*where, found=found, expected=expected, remedy=remedy)
    return Trained("base", seen, training(study, entry.training, where))


def base(study: Study, datasets: Datasets) -> Model:
    """The base model."""
    entry: Base = study.base
    judged = (tested(datasets, datasets), tuple(datasets))
    if entry.ready:
        taken = _taken(study, entry, {"unit": "base"}, ("base",))
        read = _vocabulary(study, datasets, entry)
        source = Trimmed(taken.hub, taken.revision, taken.path, read) if read else taken
        return Model("base", "base", source, (), *judged)
    of = entry.pretrain
    own = resolve(study, datasets, of.of, of.units, ("base", "pretrain")) if of else ()
    seen = having(datasets, own, "train")
    if own and not seen:
        found, expected = f"no training rows for {listed(own)}", "a task with train"
        raise study.error("base", "pretrain", found=found, expected=expected)
    given = entry.training
    options = training(study, given, ("base",), "pretrain") if seen else untrained(study, given)
    tokenizer, spoken = _tokenizer(study, datasets, entry, seen)
    repeat = _repeat(study, [datasets[i] for i in seen], of.repeat) if of and of.repeat else ()
    source = Trained(
        "random", seen, options, dict(entry.architecture or {}), tokenizer, repeat, spoken=spoken
    )
    return Model("base", "base", source, own, *judged)


def _vocabulary(study: Study, datasets: Datasets, entry: Base) -> tuple[str, ...]:
    """The datasets whose training rows tell which tokens of a ready base are kept."""
    if entry.vocabulary is None:
        return ()
    where = ("base", "vocabulary", "of")
    found = having(datasets, resolve(study, datasets, entry.vocabulary.of, None, where), "train")
    if not found:
        expected = "a task with train"
        raise study.error(*where, found="no training rows", expected=expected)
    for section in ("experts", "joint"):
        for name, learner in getattr(study, section).items():
            if getattr(learner, "ready", False):
                raise study.error(
                    section,
                    name,
                    found="a ready model beside base.vocabulary, by which the base's changes",
                    expected="a model that is trained here, or a base without vocabulary",
                )
    return found


def warnings(study: Study, datasets: Datasets, base: Model) -> tuple[str, ...]:
    """Tasks whose texts are cut otherwise where a ready base keeps the tokens of others alone.

    A data set is served by those that are asked as it is and, together, have its languages.
    """
    if not isinstance(base.source, Trimmed):
        return ()
    spoken: dict[object, set[str]] = {}
    for one in (datasets[id_] for id_ in base.source.vocabulary):
        spoken.setdefault(_way(one), set()).update((one.source_language, one.target_language))
    others = [
        d.task
        for d in datasets.values()
        if d.id not in base.source.vocabulary
        and not {d.source_language, d.target_language} <= spoken.get(_way(d), set())
    ]
    if found := list(dict.fromkeys([*others, *study.benchmarks])):
        return (
            f"base.vocabulary: texts of {listed(found)} are cut into smaller tokens where theirs "
            "went, and models, the base too, may score lower on them; no task of `of` has their "
            "languages and is asked as they are: name one there, or leave base.vocabulary out",
        )
    return ()


def _way(dataset: Dataset) -> tuple:
    """What decides, beside rows, which texts are made of a data set."""
    options = dataset.options
    told = (options.get("tokenization"), tuple(options.get("labels", ())))
    asked = (dataset.prompt, dataset.chat, dataset.answer, bool(options.get("shots")))
    return (dataset.kind, *asked, *told)


def _tokenizer(
    study: Study, datasets: Datasets, entry: Base, seen: tuple[str, ...]
) -> tuple[dict[str, Any] | None, tuple[str, ...]]:
    """(the tokenizer of a base from scratch, what it is learnt from where that is its own)."""
    if entry.tokenizer is None:
        return None, ()
    options = entry.tokenizer.model_dump(exclude_none=True)
    where, of = ("base", "tokenizer"), options.pop("of", None)
    own = having(datasets, resolve(study, datasets, of, None, where), "train") if of else ()
    if "vocab_size" in options and not (own or seen):
        expected = (
            "of: a task with train, to learn it from; pretrain: {of: …}; or a tokenizer that is "
            "there: {hub: …}"
        )
        raise study.error(*where, found="a tokenizer to learn and no text", expected=expected)
    return options, own


def _repeat(study: Study, seen: list[Dataset], asked: dict[str, int]) -> tuple[int, ...]:
    """How often a pass goes over each dataset: by its unit, else by its direction, else once.

    Datasets of one language, and of two languages without the pivot, are of neither direction.
    """
    units = {dataset.unit for dataset in seen}
    if unknown := sorted(set(asked) - units - {"to-pivot", "from-pivot"}):
        expected = f"to-pivot, from-pivot or one of {', '.join(sorted(units))}"
        raise study.error("base", "pretrain", "repeat", found=unknown[0], expected=expected)

    of_direction = {
        pair: asked[direction]
        for direction in ("to-pivot", "from-pivot")
        for pair in (direction_pairs(study, direction) if direction in asked else ())
    }

    def times(dataset: Dataset) -> int:
        return asked.get(dataset.unit, of_direction.get(dataset.unit, 1))

    return tuple(times(dataset) for dataset in seen)


def _each(
    study: Study, datasets: Datasets, name: str, entry: ExpertSet
) -> list[tuple[dict[str, str], tuple[str, ...]]]:
    """(placeholders, own dataset ids) of each expert of a set."""
    where = ("experts", name)
    if entry.each != "language":
        each = resolve(study, datasets, entry.each, entry.units, where, "each")
        found = [(datasets[i], (i,)) for i in each]
        return [
            (values(study, d.task, d.source_language, d.target_language), own) for d, own in found
        ]
    among = resolve(study, datasets, entry.of or list(study.own_tasks), None, where)
    languages = entry.units if isinstance(entry.units, list) else study.languages
    sets = []
    for code in languages:
        own = tuple(i for i in among if datasets[i].target_language == code)
        if not own:
            found, expected = f"no dataset in language {shown(code)}", f"a dataset in {code}"
            raise study.error(*where, found=found, expected=expected, remedy=WITHOUT)
        sets.append((values(study, name, code, code), own))
    return sets


def expert_set(study: Study, datasets: Datasets, name: str) -> tuple[list[Model], list[Model]]:
    """(experts, their checkpoints and branches) of one entry of `experts`."""
    entry = study.experts[name]
    where = ("experts", name)
    if isinstance(entry, Expert):
        own = resolve(study, datasets, entry.of, entry.units, where) if entry.of else ()
        return [_model(study, datasets, "experts", name, entry, own, {"unit": name})], []
    experts, kept = [], []
    for names, own in _each(study, datasets, name, entry):
        label = fill(study, entry.name, names, *where, "name")
        model = _model(study, datasets, "experts", label, entry, own, names, name)
        kept += checkpoints(study, datasets, model, entry, names, where)
        kept += branches(study, datasets, model, entry, names, where)
        experts.append(keeping(model, entry))
    return experts, kept


def _model(
    study: Study,
    datasets: Datasets,
    section: str,
    label: str,
    entry: Learner,
    own: tuple[str, ...],
    names: Mapping[str, str],
    key: str | None = None,
) -> Model:
    where = (section, key or label)
    _check_name(study, label, (*where, "name") if key else where)
    if entry.ready:
        source: Taken | Trained = _taken(study, entry, names, where)
    else:
        source = _trained(study, datasets, entry, own, where)
    about = own if section == "joint" else _about(study, datasets, entry, own, where)
    kind = section.removesuffix("s")
    return Model(f"{section}/{label}", kind, source, own, tested(datasets, about), about)


def _about(
    study: Study, datasets: Datasets, entry: Learner, own: tuple[str, ...], where: tuple[str, ...]
) -> tuple[str, ...]:
    """What an expert is tested and looked at on, in the study's order."""
    beside = getattr(entry, "evaluate", None)
    if beside is None:
        return same_direction(datasets, study.pivot, own)
    more = resolve(study, datasets, beside, None, where, "evaluate")
    return tuple(id_ for id_ in datasets if id_ in own or id_ in more)


def _check_name(study: Study, label: str, where: tuple[str, ...]) -> None:
    """StudyError for a name that can't be part of a path, or that stands for a kept state."""
    mistake = path_names.mistake(label)
    if mistake or "@" in label:
        found = f"name {shown(label)}, which {mistake or 'has an @'}"
        expected = f"{path_names.EXPECTED}, but no @, which is of states kept along training"
        remedy = "For example {unit} or {task}-{unit}."
        raise study.error(*where, found=found, expected=expected, remedy=remedy)


def joints(study: Study, datasets: Datasets) -> list[Model]:
    """Jointly trained models and their checkpoints."""
    found: list[Model] = []
    for name, entry in study.joint.items():
        where = ("joint", name)
        names = {"unit": name, "language": study.pivot}
        own = resolve(study, datasets, entry.of, entry.units, where)
        model = _model(study, datasets, "joint", name, entry, own, names)
        kept = checkpoints(study, datasets, model, entry, names, where)
        found += [keeping(model, entry), *kept]
    return found


def baselines(study: Study, datasets: Datasets) -> list[Model]:
    """Models to compare with, tested on everything."""
    judged = (tested(datasets, datasets), tuple(datasets))
    return [
        Model(
            ids.model("baseline", name),
            "baseline",
            _taken(study, entry, {"unit": name}, ("baselines", name)),
            (),
            *judged,
        )
        for name, entry in study.baselines.items()
    ]


def encoder(study: Study) -> Encoder | None:
    """The model that BERTScore compares texts by, where the study names one."""
    entry = study.evaluation.bertscore
    if entry is None:
        return None
    source = _taken(study, entry, {"unit": "bertscore"}, ("evaluation", "bertscore"))
    return Encoder(source, entry.layer)
