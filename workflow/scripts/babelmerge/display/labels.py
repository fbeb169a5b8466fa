"""Words for readers: names of methods, models and data sets in tables, figures, report.

Pure functions of ids; knows no scores and reads no files. Everything that a reader sees goes
through here, so that one thing has one name everywhere.
"""

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from babelmerge.recipes import methods
from babelmerge.recipes.spaces import SEARCHED
from babelmerge.words import ids, languages, names

MISSING = "–"
ARROW = "→"
KINDS = MappingProxyType(  # kind of model -> one, several
    {
        "base": ("base", "bases"),
        "expert": ("expert", "experts"),
        "joint": ("joint model", "joint models"),
        "merge": ("merge", "merges"),
        "baseline": ("baseline", "baselines"),
    }
)

BENCHMARKS = MappingProxyType(  # a task's name in small letters -> as its authors write it
    {
        re.sub(r"\W", "", name).lower(): name
        for name in (
            "Belebele",
            "FLORES",
            "HellaSwag",
            "MGSM",
            "MMLU",
            "MultiBLiMP",
            "NTREX",
            "PAWS-X",
            "TyDi QA",
            "X-CSQA",
            "XCOPA",
            "XNLI",
            "XQuAD",
            "XStoryCloze",
            "XWinograd",
        )
    }
)


def method(key: str) -> str:
    """Name of a merging method as papers write it; a study's own label as it is written."""
    known = methods.METHODS.get(key.removesuffix(SEARCHED))
    if known is None:
        return key
    return f"{known.label}, searched" if key.endswith(SEARCHED) else known.label


def task(name: str, within: bool = False) -> str:
    """Name of a task: 'Sentiment', within a sentence 'sentiment'; 'X-CSQA' for xcsqa in both."""
    words = name.replace("_", " ")
    first = re.match("[^ -]*", words)[0]
    if first.lower() in BENCHMARKS:
        return BENCHMARKS[first.lower()] + words[len(first) :]
    return words if within else words.capitalize()


def pair(dataset: str) -> str:
    """'Hindi → English' for translation/hi-en, 'Hindi' for sentiment/hi."""
    source, target = ids.sides(dataset)
    if source == target:
        return languages.name(source)
    return f"{languages.name(source)} {ARROW} {languages.name(target)}"


def apart(dataset: str, among: Iterable[str]) -> str:
    """The same, with its task before it where data sets of several tasks stand together.

    'Sentiment, Hindi' for sentiment/hi beside reasoning/hi or reasoning/de.
    """
    if len({ids.task(one) for one in (dataset, *among)}) == 1:
        return pair(dataset)
    return f"{task(ids.task(dataset))}, {pair(dataset)}"


def pivot(datasets: Iterable[str], prefer: str = "en") -> str | None:
    """The one language on every pair's one side, or None; `prefer` decides if both are shared."""
    shared = None
    for dataset in datasets:
        pair_of = set(ids.sides(dataset))
        shared = pair_of if shared is None else shared & pair_of
    if not shared:
        return None
    return prefer if prefer in shared else min(shared)


def side(dataset: str, pivot_language: str | None) -> str:
    """Name of the language that a column is about: the side that is not the pivot."""
    source, target = ids.sides(dataset)
    if pivot_language in (source, target) and source != target:
        return languages.name(target if source == pivot_language else source)
    return pair(dataset)


def direction(dataset: str, pivot_language: str | None) -> str:
    """'XX → English' or 'English → XX'; the task's name for a monolingual data set."""
    source, target = ids.sides(dataset)
    if source == target:
        return task(ids.task(dataset))
    if pivot_language == target:
        return f"XX {ARROW} {languages.name(target)}"
    if pivot_language == source:
        return f"{languages.name(source)} {ARROW} XX"
    return ""


def direction_words(datasets: Iterable[str], name: str) -> str:
    """'XX → English' from the data sets of a direction, with the task if its name has it."""
    sets = [dataset for dataset in datasets if "/" in dataset]
    if not sets:
        return name
    words = direction(sets[0], pivot(sets)) or name
    own = ids.task(sets[0])
    told = name.startswith(f"{own}-") and ARROW in words
    return f"{task(own)}, {words}" if told else words


def expert(name: str) -> str:
    """Name of an expert: its pair or language in words when it is called by that, else its name."""
    own, step = unit(name), ids.step(name)
    words = pair(own) if own else ids.finished(name)
    if begun := ids.begun(name):
        return f"{words}, from step {begun}"
    return f"{words}, step {step}" if step else words


def unit(expert_name: str) -> str:
    """The pair or language that an expert is called by; nothing where it has another name.

    The study knows (`words.names`); where nobody has told, a name that reads as one is one.
    """
    own = ids.finished(expert_name)
    told = names.own(names.EXPERTS, own)
    if told is not None:
        return told
    reads = own.count("-") < 2 and all(side in languages.NAMES for side in ids.sides(own))
    return own if reads else ""


def group(name: str) -> str:
    """A group as it is called: as written, or 'bidirectional (Hindi)' of one made by language."""
    return names.own(names.GROUPS, name) or name


def inside(words: str) -> str:
    """A heading within a sentence: its first letter small, unless its word has other capitals."""
    written = words[1:].partition(" ")[0]
    return words if written != written.lower() else words[:1].lower() + words[1:]


def counted(number: int, kind: str) -> str:
    """'8 experts' or '1 expert'."""
    one, several = KINDS[kind]
    return f"{number} {one if number == 1 else several}"


def model(row: Mapping) -> str:
    """Label of a model from its row in the long score table (keys kind, expert, method, model)."""
    makers = {
        "base": lambda: "Base",
        "expert": lambda: f"Expert {expert(row['expert'] or ids.unit(row['model']))}",
        "joint": lambda: f"Joint {_stepped(ids.unit(row['model']))}",
        "merge": lambda: method(row["method"] or ids.unit(row["model"])),
        "baseline": lambda: f"Baseline {_stepped(ids.unit(row['model']))}",
    }
    return makers.get(row["kind"], lambda: row["model"])()


def _stepped(name: str) -> str:
    """'mixed, step 60' for mixed@60."""
    step = ids.step(name)
    return f"{ids.finished(name)}, step {step}" if step else name


def model_id(name: str) -> str:
    """Label of a model from its id alone: 'experts/hi-en' is 'Expert Hindi → English'."""
    if not ids.of_kind(name, *ids.KINDS.values()):
        return name
    label = model({"kind": ids.kind(name), "model": name, "expert": "", "method": ""})
    merged = ids.of_kind(name, "merge") and ids.method(name) != ids.name(name)
    return f"{label}, {group(ids.group(name))}" if merged else label


def number(value: float | None, digits: int = 2) -> str:
    """A number for reading, with a true minus sign; a dash when there is none."""
    if value is None or value != value or value in (float("inf"), float("-inf")):
        return MISSING
    # Adding 0.0 turns a rounded -0.0 into 0.0.
    return f"{round(float(value), digits) + 0.0:.{digits}f}".replace("-", "−")


def percent(share: float | None, digits: int = 0) -> str:
    """A share as a percentage."""
    text = number(None if share is None else 100.0 * share, digits)
    return text if text == MISSING else f"{text}%"


def signed_percent(share: float) -> str:
    """'+85%' or '−12%'; a dash for what is no number."""
    text = percent(share)
    return f"+{text}" if share > 0 and text not in (MISSING, "0%") else text


def listing(words: Iterable[str]) -> str:
    """'a', 'a and b', 'a, b and c'."""
    words = list(words)
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"
