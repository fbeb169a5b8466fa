"""lm-evaluation-harness at work: its tasks looked up, and run on a model in memory.

lm_eval is imported when it is needed: it is an optional extra. A task may bring Python of its own,
which is run; tasks that run what a model wrote are refused.
"""

import contextlib
import io
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint, listed

ITERATIONS = 1000  # resamples behind its own standard errors where it has no formula for them
Asked = Mapping[str, Any]  # {include, shots, limit, chat}, see `study.graph`


def check(names: Iterable[str], asked: Asked) -> dict[str, dict]:
    """What each task holds, its data loaded: {"items": number, "subtasks": names, "folders"}.

    folders: those of the harness's own in which its files are, for `run`. Raises ValueError for a
    task that is not there, or that cannot be run as it is asked.
    """
    manager = _manager(list(names), asked["include"])
    found = {name: _loaded(manager, name, asked["include"]) for name in names}
    return {
        name: {**_checked(name, task, asked), "folders": _folders(manager, name, task)}
        for name, task in found.items()
    }


def run(
    model, tokenizer, name: str, asked: Asked, batch_size: int, folders: Sequence[str] = ()
) -> tuple[dict, list[dict]]:
    """(facts, rows) of one task or group on one model, as `recorded` has them.

    folders: where the harness has it, see `check`; else all its thousands of files are read.
    """
    from lm_eval import simple_evaluate

    manager = _manager([name], asked["include"], folders)
    task = _loaded(manager, name, asked["include"])
    with contextlib.redirect_stderr(io.StringIO()):  # its progress bars; it logs besides
        found = simple_evaluate(
            model=_wrapped(model, tokenizer, batch_size),
            tasks=[task],
            task_manager=manager,
            num_fewshot=asked["shots"],
            limit=asked["limit"],
            apply_chat_template=asked["chat"],
            batch_size=batch_size,
            bootstrap_iters=ITERATIONS,
        )
    return recorded(found, name, asked, version("lm_eval"))


def _wrapped(model, tokenizer, batch_size: int):
    """The model as the harness takes it, without its warning that it has not loaded it itself."""
    from lm_eval.models import huggingface

    log = logging.getLogger(huggingface.__name__)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        return huggingface.HFLM(pretrained=model, tokenizer=tokenizer, batch_size=batch_size)
    finally:
        log.setLevel(level)


def recorded(found: Mapping, name: str, asked: Asked, release: str) -> tuple[dict, list[dict]]:
    """What is kept of the harness's results: facts of the run, and a row an item and filter.

    Rows: {"task", "id", "filter", "prompt", "continuations", "output", "reference", "metrics"}.
    """
    told = {"shots": "n-shot", "items": "n-samples", "subtasks": "group_subtasks"}
    same = ("results", "versions", "higher_is_better")
    facts = {
        "task": name,
        "lm_eval": release,
        "limit": asked["limit"],
        "chat": asked["chat"],
        **{key: _plain(found.get(key, {})) for key in same},
        **{key: _plain(found.get(theirs, {})) for key, theirs in told.items()},
    }
    samples = found["samples"].items()
    return facts, [_row(task, sample) for task, own in samples for sample in own]


def _row(task: str, sample: Mapping) -> dict:
    arguments = [list(one) for one in sample["arguments"]]
    return {
        "task": task,
        "id": sample["doc_id"],
        "filter": sample["filter"],
        "prompt": arguments[0][0],
        "continuations": [one[1] for one in arguments if isinstance(one[1:] and one[1], str)],
        "output": _plain(sample["filtered_resps"]),
        "reference": _plain(sample["target"]),
        "metrics": {metric: _plain(sample[metric]) for metric in sample["metrics"]},
    }


def _plain(value: Any) -> Any:
    """A value as JSON has it; what it has no word for as text."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    value = value.item() if hasattr(value, "item") else value
    return value if isinstance(value, str | int | float | bool | None) else str(value)


def _manager(names: list[str], include: str | None, folders: Sequence[str] = ()):
    """What knows tasks: of the study's own folder and some others if that is enough, else all."""
    from lm_eval.tasks import TaskManager

    own = [Path(include).resolve()] if include else []  # see `_built`
    near = [_home() / folder for folder in folders] + own
    if near:
        manager = TaskManager(include_path=near, include_defaults=False)
        if all(_complete(manager, name) for name in names):
            return manager
    return TaskManager(include_path=own or None)


def _complete(manager, name: str) -> bool:
    """Whether a manager knows a task, or a group with all that it is made of."""
    entry = manager.task_index.get(name)
    parts = (entry.cfg or {}).get("task") if entry else None
    if not isinstance(parts, list):
        return entry is not None
    names = [part if isinstance(part, str) else part.get("task", "") for part in parts]
    return all(isinstance(one, str) and _complete(manager, one) for one in names)


def _home() -> Path:
    """The folder of the harness's own tasks."""
    import lm_eval.tasks

    return Path(lm_eval.tasks.__file__).parent


def _folders(manager, name: str, task) -> list[str]:
    """The harness's folders with the files of a task, and of all that a group is made of."""
    parts = (*task.get_all_tasks(), *task.get_all_groups()) if _is_group(task) else ()
    names = [name, *(getattr(part, "task_name", None) or part.name for part in parts)]
    entries = [manager.task_index[one] for one in names if one in manager.task_index]
    files = [entry.yaml_path for entry in entries if entry.yaml_path]
    inside = {file.parent for file in files if file.is_relative_to(_home())}
    return sorted(str(folder.relative_to(_home())) for folder in inside)


def _is_group(task) -> bool:
    return hasattr(task, "get_all_tasks")


def _loaded(manager, name: str, include: str | None):
    """A task or group with its data; ValueError for what has no score of its own."""
    known = manager.all_tasks
    if name not in known:
        own = f" and of {include}" if include else ""
        raise ValueError(
            f"task {shown(name)}{hint(name, known)}: none of the {len(known):,} names of "
            f"lm-evaluation-harness {version('lm_eval')}{own}; correct `tasks` in the study"
        )
    if name in manager.all_tags:
        several = sorted(manager.task_index[name].tags)
        raise ValueError(
            f"task {shown(name)}: a tag of several tasks, which has no score of its own; name "
            f"those that you mean: {listed(several)}"
        )
    with _in_words(name, include):
        built = _built(manager, name, include)
    return built.get("groups", {}).get(name) or built["tasks"][name]


def _built(manager, name: str, include: str | None) -> Mapping:
    try:
        return manager.load([name])
    except FileNotFoundError:
        if include is None:
            raise
        with contextlib.chdir(include):
            return manager.load([name])


@contextlib.contextmanager
def _in_words(name: str, include: str | None) -> Iterator[None]:
    """Whatever the harness raises while it loads a task, as an error that names the task."""
    try:
        yield
    except Exception as error:
        first = str(error).strip().partition("\n")[0] or type(error).__name__
        where = f"its file in {include}" if include else "whether its data can be had from here"
        raise ValueError(
            f"task {shown(name)}: lm-evaluation-harness could not load it ({first}); check "
            f"{where}, offline that it was loaded once before"
        ) from error


def _checked(name: str, task, asked: Asked) -> dict:
    tasks = task.get_all_tasks() if _is_group(task) else [task]
    if _is_group(task) and not task.has_aggregation:
        parts = listed(one.task_name for one in tasks)
        raise ValueError(
            f"task {shown(name)}: a group without a score of its own; name its tasks: {parts}"
        )
    if unsafe := [one.task_name for one in tasks if getattr(one, "UNSAFE_CODE", False)]:
        raise ValueError(
            f"task {shown(name)}: {listed(unsafe)} runs code that the model writes, which is "
            "refused here; leave it out"
        )
    fixed = [one.task_name for one in tasks if one.get_config("num_fewshot") == 0]
    if asked["shots"] and fixed:
        raise ValueError(
            f"task {shown(name)}: found shots: {asked['shots']}, and {listed(fixed)} takes no "
            "examples by its own file; ask for it in a task of kind harness without shots"
        )
    items = sum(len(one.eval_docs) for one in tasks)
    return {"items": items, "subtasks": [one.task_name for one in tasks]}
