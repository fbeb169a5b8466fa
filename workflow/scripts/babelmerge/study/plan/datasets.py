"""From tasks and corpora to datasets: units and splits; and benchmarks, which have neither.

Pure functions of a `Study`.
"""

from importlib.metadata import PackageNotFoundError, version

from babelmerge.study.grammar.study import Study
from babelmerge.study.grammar.tasks import Task
from babelmerge.study.plan.corpora import requests
from babelmerge.study.plan.splits import EXAMPLES, SPLITS, check_apart, selects_on_test
from babelmerge.study.plan.types import Benchmark, Dataset
from babelmerge.tasks.kind import GAP, options
from babelmerge.tasks.kinds import KINDS
from babelmerge.words import ids
from babelmerge.words.metrics import metric as facts_of
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest


def direction_pairs(study: Study, direction: str) -> list[str]:
    """All pairs with the pivot in a direction: to-pivot, from-pivot or both-directions."""
    others = [code for code in study.languages if code != study.pivot]
    from_pivot = [f"{study.pivot}-{code}" for code in others]
    to_pivot = [f"{code}-{study.pivot}" for code in others]
    return {
        "from-pivot": from_pivot,
        "to-pivot": to_pivot,
        "both-directions": from_pivot + to_pivot,
    }[direction]


def _units(study: Study, name: str, task: Task) -> list[tuple[str, str]]:
    if not KINDS[task.kind].paired:
        codes = task.languages if task.languages is not None else study.languages
        where = ("tasks", name, "languages")
        _check_units(study, codes, where)
        return [(_language(study, code, where), code) for code in codes]
    where = ("tasks", name, "pairs")
    pairs = direction_pairs(study, task.pairs) if isinstance(task.pairs, str) else task.pairs or []
    _check_units(study, pairs, where)
    return [_pair(study, pair, where) for pair in pairs]


def _check_units(study: Study, units: list[str], where: tuple[str, ...]) -> None:
    twice = [u for i, u in enumerate(units) if u in units[:i]]
    if twice or not units:
        found = f"{shown(twice[0])} twice" if twice else "an empty list"
        raise study.error(*where, found=found, expected="each unit once, and at least one")


def _pair(study: Study, pair: str, where: tuple[str, ...]) -> tuple[str, str]:
    source, _, target = pair.partition("-")
    if not source or not target or source == target:
        expected = "source-target, two different languages, for example en-hi"
        raise study.error(*where, found=shown(pair), expected=expected)
    return _language(study, source, where), _language(study, target, where)


def _language(study: Study, code: str, where: tuple[str, ...]) -> str:
    if code not in study.languages:
        expected = f"a language of the study: {listed(study.languages)}"
        near = nearest(code, study.languages) or f"Add {code} to languages."
        raise study.error(*where, found=f"language {shown(code)}", expected=expected, remedy=near)
    return code


def datasets(study: Study) -> dict[str, Dataset]:
    """Datasets of all tasks, in the file's order. Raises StudyError for what does not resolve."""
    found: dict[str, Dataset] = {}
    for name, task in study.own_tasks.items():
        for source, target in _units(study, name, task):
            dataset = _dataset(study, name, task, source, target)
            found[dataset.id] = dataset
    for dataset in found.values():
        check_apart(study, dataset.task, dataset.splits)
    return found


def _metrics(study: Study, name: str) -> tuple[str, ...]:
    """Those that a task asks for, else its kind's main ones, as far as they can be measured."""
    task, kind = study.tasks[name], KINDS[study.tasks[name].kind]
    asked = task.metrics or kind.counted(kind.main, kind.answers(task))
    kept = tuple(metric for metric in asked if not _unmeasured(study, metric))
    if asked and not kept:
        remedy = f"Name it: evaluation: {{{facts_of(asked[0]).needs}: {{hub: …}}}}."
        found, expected = f"{listed(asked)} alone, and no model to measure it by", "another metric"
        raise study.error("tasks", name, "metrics", found=found, expected=expected, remedy=remedy)
    return kept


def _unmeasured(study: Study, metric: str) -> bool:
    needed = facts_of(metric).needs
    return bool(needed) and getattr(study.evaluation, needed) is None


def warnings(study: Study) -> tuple[str, ...]:
    """Metrics that tasks ask for and that are left out for want of a model that measures them."""
    return tuple(
        f"tasks.{name}.metrics: {facts_of(metric).word} is left out; it is measured by a model, "
        f"and the study names none (evaluation: {{{facts_of(metric).needs}: {{hub: …}}}})"
        for name, task in study.tasks.items()
        for metric in task.metrics or ()
        if _unmeasured(study, metric)
    )


def _dataset(study: Study, name: str, task: Task, source: str, target: str) -> Dataset:
    unit, kind = ids.written(source, target), KINDS[task.kind]
    return Dataset(
        id=f"{name}/{unit}",
        task=name,
        kind=task.kind,
        unit=unit,
        source_language=source,
        target_language=target,
        prompt=kind.asked(task, _worded(study, name, source, target), _gap(task, target)),
        chat=task.chat,
        metrics=_metrics(study, name),
        splits={s: r for s in SPLITS if (r := requests(study, name, s, source, target))},
        overlap=task.overlap,
        options=dict(options(task)),
        test_may_be_dev=selects_on_test(study),
        answer=kind.answers(task),
        examples=requests(study, name, EXAMPLES, source, target) if task.shots_from else (),
    )


def _worded(study: Study, name: str, source: str, target: str) -> str | None:
    """The prompt of a task with the words of a data set's languages in their places."""
    task, found = study.tasks[name], study.tasks[name].prompt
    sides = {"source_": source, "target_": target} if KINDS[task.kind].paired else {"": target}
    for code in task.words:
        _language(study, code, ("tasks", name, "words"))
    known = dict.fromkeys(word for own in task.words.values() for word in own if word != GAP)
    for side, code in sides.items():
        for word in known:
            place = f"{{{side}{word}}}"
            if place in found:
                found = found.replace(place, _word(study, name, code, word))
    return found


def _word(study: Study, name: str, code: str, word: str) -> str:
    own = study.tasks[name].words.get(code, {})
    if word not in own:
        found, expected = f"no {word} for {code}", "one for every language of the task"
        remedy = f"Give it: words: {{{code}: {{{word}: …}}}}."
        raise study.error("tasks", name, "words", found=found, expected=expected, remedy=remedy)
    return own[word]


def _gap(task: Task, target: str) -> str:
    """What parts prompts and answers in a language."""
    return task.words.get(target, {}).get(GAP, " ")


def benchmarks(study: Study) -> dict[str, Benchmark]:
    """Tasks that lm-evaluation-harness runs, by name, in the file's order."""
    return {
        name: Benchmark(
            name=name,
            tasks=tuple(task.tasks),
            include=None if task.include is None else str(study.data_folder / task.include),
            shots=task.shots,
            limit=task.limit,
            chat=task.chat,
            metrics=tuple(task.metrics or ()),
            version=installed(),
        )
        for name, task in study.benchmarks.items()
    }


def installed() -> str | None:
    """The version of lm-evaluation-harness in this environment; None where there is none."""
    try:
        return version("lm_eval")
    except PackageNotFoundError:
        return None
