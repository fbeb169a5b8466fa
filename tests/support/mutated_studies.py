"""Studies with mistakes in them, by the thousand, and what becomes of each when it is read.

`python tests/support/mutated_studies.py --mutations 5000` (in the project's folder, with
PYTHONPATH=workflow/scripts) reads that many, single mistakes first and then pairs of them. It
prints how many were named and how many harmless, and each that was neither.
"""

import argparse
import collections
import copy
import itertools
import os
import random
import signal
import tempfile
import time
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from babelmerge.study import graph, reading, sizes
from babelmerge.study.checks import path_lengths
from babelmerge.study.checks.files import PUBLISHED
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.plan.types import Plan
from babelmerge.words.showing import plain

TEXT = (Path(__file__).parent / "full_study.yaml").read_text(encoding="utf-8")
FULL = study_yaml.parse(TEXT)
BROUGHT = ("en-hi.tsv", "en-bn.tsv", "en-ta.tsv", "x.en", "x.hi")  # of its corpora
VALUES = (
    *(None, True, 0, -1, 10**12, 10**400, 0.5, float("nan"), float("inf"), "", "zzz", "a\0b"),
    *([], ["zzz"], {}, {"zzz": 1}, [[1]], {"<one>": {"zzz": 1}}, "{zzz}", "../../x", "x" * 70_000),
    *(list(range(9)) * 1000, [{}], "x\x1b[2J\x9b1m", {1: 2}, "base", "merges", "/", "*" * 20),
)
NAMES = (
    *("../../x", "a/b", "x; rm -rf ~", "$(touch /tmp/pwned)", "{wildcards}", "{{x}}", "two words"),
    *(
        "imię",
        "हिन्दी",
        "n" * 300,
        "हि" * 60,
        "a\0b",
        ".",
        "..",
        "...",
        "-x",
        "a\nb",
        "CON",
        "a:b",
        "x\x1b[2J\x9b1m",
    ),
    *("*", "a*b", "`id`", "a|b", "x\\y", "{unit}", "@", "a@5", "_x", "a..b", "a,b", " x", "x "),
    *("{split}", "<each>", "[key]", "n" * 160, "experts", 5, 1.5, True, None),
)
BOMB = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)
)
CHAIN = "b0: &b0 [x]\n" + "".join(f"b{i}: &b{i} [*b{i - 1}]\n" for i in range(1, 400))
# A study that takes longer to read hangs: seconds of the processor, which others may be using
# too, and of the clock, for one that waits for something.
LIMITS = (
    (signal.SIGPROF, signal.ITIMER_PROF, 10),
    (signal.SIGALRM, signal.ITIMER_REAL, 200),
)
HARMLESS = ("named", "accepted")
Loc = tuple[Any, ...]
Change = Callable[[Any, Any], None]  # of a parent and its key


@dataclass(frozen=True)
class Mutation:
    """made: the file's text, or the study that is in it. name: the file's, without its ending."""

    kind: str
    what: str
    made: Callable[[], Any]
    name: str = "mutated"

    def content(self) -> bytes:
        made = self.made()
        if not isinstance(made, str | bytes):
            made = yaml.dump(made, Dumper=yaml.CSafeDumper, allow_unicode=True, width=1000)
        return made.encode() if isinstance(made, str) else made


# mistakes in keys, values and names


def walk(data: Any, loc: Loc = ()) -> Iterator[tuple[Loc, Any]]:
    """Every value of a study with its place."""
    yield loc, data
    if isinstance(data, dict | list):
        for key, value in data.items() if isinstance(data, dict) else enumerate(data):
            yield from walk(value, (*loc, key))


def changed(data: Any, loc: Loc, change: Change) -> Any:
    """A copy in which the parent of `loc` is changed."""
    data = parent = copy.deepcopy(data)
    for part in loc[:-1]:
        parent = parent[part]
    change(parent, loc[-1])
    return data


def put(new: Any) -> Change:
    return lambda parent, key: parent.__setitem__(key, new)


def renamed(new: Any) -> Change:
    def change(parent: Any, key: Any) -> None:
        items = [(new if name == key else name, value) for name, value in parent.items()]
        parent.clear()
        parent.update(items)

    return change


def edits() -> Iterator[tuple[str, Loc, str, Change]]:
    """(kind, place, what, change) of every single mistake in the keys, values and names of FULL."""
    for loc, value in walk(FULL):
        if isinstance(value, dict):
            yield "unknown key", (*loc, "zzz"), "", put(1)
        if not loc:
            continue
        yield from (("value", loc, repr(new)[:40], put(new)) for new in VALUES)
        if isinstance(loc[-1], str):
            word = loc[-1]
            yield "deleted key", loc, "", lambda parent, key: parent.pop(key)
            yield "misspelt key", loc, "", renamed(word[:1] + word[2:] + word[1:2])
            yield from (("name", loc, repr(name)[:40], renamed(name)) for name in NAMES)


def mutation(*found: tuple[str, Loc, str, Change]) -> Mutation:
    """One or more edits of FULL; what a first one took away, the next can't change."""

    def made() -> Any:
        data = FULL
        for _, loc, _, change in found:
            try:
                data = changed(data, loc, change)
            except (KeyError, IndexError, TypeError, AttributeError):
                pass
        return data

    what = "; ".join(f"{'.'.join(map(str, loc))} {what}" for _, loc, what, _ in found)
    return Mutation(" and ".join(kind for kind, *_ in found), what, made)


# mistakes of whole files


def texts() -> dict[str, str | bytes]:
    """What may be wrong with YAML itself, and studies that ask for too much."""
    hops = "".join(f"  m{i}: [merges/m{i + 1}/ties, solo]\n" for i in range(900))
    many = ", ".join(f"l{i}" for i in range(20_000))
    return {
        "empty": "",
        "list": "- 1\n",
        "word": "hello\n",
        "two documents": f"{TEXT}\n---\n{TEXT}",
        "python tag": f"{TEXT}\nfoo: !!python/object/apply:os.system ['true']\n",
        "unknown tag": TEXT.replace("seed: 0", "seed: !foo 0"),
        "no truth": TEXT.replace("seed: 0", "seed: !!bool maybe"),
        "no date": TEXT.replace("seed: 0", "seed: !!timestamp x"),
        "no number": TEXT.replace("seed: 0", "seed: !!int x"),
        "long number": TEXT.replace("seed: 0", f"seed: {'1' * 9000}"),
        "set": TEXT.replace("title: Full", "title: !!set {a, b}"),
        "key twice": f"{TEXT}\ntitle: again\n",
        "tab": TEXT.replace("  translation:", "\ttranslation:"),
        "byte order mark": "\ufeff" + TEXT,
        "CRLF": TEXT.replace("\n", "\r\n"),
        "no UTF-8": TEXT.encode() + b"\nx: \xff\n",
        "UTF-16": TEXT.encode("utf-16"),
        "NUL": TEXT + "\n\0\n",
        "merge key": TEXT.replace("generation: {", "generation: {<<: {batch_size: 3}, "),
        "deep": f"{TEXT}x: {'[' * 3000}{']' * 3000}",
        "very deep": f"{TEXT}x: {'[' * 900_000}",
        "anchor in itself": f"{TEXT}x: &a [*a]\n",
        "codes in themselves": TEXT.replace("codes: {", "codes: &c {loop: *c, "),
        "no anchor": f"{TEXT}x: *nope\n",
        **{f"key {key}": f"{TEXT}{key}: 2\n" for key in ("1", "~", "[1]", "{a: b}", ".nan", "? x")},
        "bomb": f"{BOMB}{TEXT}",
        "bomb as title": f"{BOMB}{TEXT.replace('title: Full', 'title: *a11')}",
        "chain": f"{CHAIN}{TEXT}",
        "many keys": TEXT + "".join(f"k{i}: 1\n" for i in range(20_000)),
        "many languages": TEXT.replace("[en,", f"[{many}, en,"),
        "many combinations": TEXT.replace(
            "{combinations: 2, of: [hi", f"{{combinations: 20, of: [{'hi-en, ' * 60}hi"
        ),
        "many points": TEXT.replace(
            "{density: [0.4, 0.8], weight: 0.5}",
            f"{{density: [{'0.5, ' * 300}], weight: [{'0.5, ' * 300}]}}",
        ),
        "merges of merges": TEXT.replace("  deep:", f"{hops}  deep:"),
    }


def extending() -> dict[str, str]:
    """What `extends` may be."""
    words = ("mutated", "nope", "[m]", "3", "''", "/tmp", "/dev/zero", '"a\\0b"', '"*"', ".")
    return {f"extends {word}"[:40]: f"extends: {word}\n" for word in (*words, "n" * 5000, "null")}


def files() -> list[Mutation]:
    """All mistakes of whole files, and hostile names of files."""
    whole = {**texts(), **extending()}.items()
    found = [Mutation("text", what, lambda text=text: text) for what, text in whole]
    names = [name for name in NAMES if isinstance(name, str) and "/" not in name]
    return found + [Mutation("file", name[:40], lambda: TEXT, name) for name in names]


def mutations(seed: int) -> Iterator[Mutation]:
    """Mistakes of whole files, then single edits in random order, then pairs of them, endlessly."""
    yield from files()
    chosen, single = random.Random(seed), list(edits())
    yield from map(mutation, chosen.sample(single, len(single)))
    while True:
        yield mutation(chosen.choice(single), chosen.choice(single))


# reading them


def brought(folder: Path) -> Path:
    """A folder with what FULL reads, which becomes the working folder."""
    os.chdir(folder)
    Path("texts/ready").mkdir(parents=True)
    for name in (*BROUGHT, "ready/config.json", "ready/model.safetensors"):
        Path("texts", name).touch()
    Path("published.tsv").write_text("\t".join(PUBLISHED) + "\n", encoding="utf-8")
    return folder


def outcome(mutated: Mutation, folder: Path) -> tuple[str, str]:
    """(named, accepted, unnamed, escape, hang …; what was said) of reading a study."""
    path = folder / f"{mutated.name}.yaml"
    try:
        path.write_bytes(mutated.content())
    except (OSError, ValueError):
        pass  # no file may be called so, and reading it must say so
    return limited(lambda: _read(path, folder))


class TooLong(BaseException):
    """The time is over; no error of what is tried, which might pass over one."""


def limited(call: Callable[[], tuple[str, str]]) -> tuple[str, str]:
    """What a call finds; (hang or traceback, where) of one that takes too long or fails."""
    old = [signal.signal(number, _too_long) for number, _, _ in LIMITS]
    for _, timer, seconds in LIMITS:
        signal.setitimer(timer, seconds)
    try:
        return call()
    except TooLong as error:
        return "hang", "".join(traceback.format_tb(error.__traceback__)[-3:])
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        told = f"{type(error).__name__}: {str(error)[:200]}"
        return "traceback", f"{told} at {Path(place.filename).name}:{place.lineno}"
    finally:
        for (number, timer, _), handler in zip(LIMITS, old, strict=True):
            signal.setitimer(timer, 0)
            signal.signal(number, handler)


def _too_long(*_: object) -> None:
    raise TooLong


def _read(path: Path, folder: Path) -> tuple[str, str]:
    try:
        _, plan = reading.read(str(path), str(folder))
    except ValueError as error:
        if not str(error).replace("\n", "").isprintable():
            return "acts on terminals", repr(str(error))
        named = plain(path.stem[:100]) in str(error) and isinstance(error, study_yaml.StudyError)
        return ("named" if named else "unnamed"), str(error)
    planned(plan)
    escapes = [file for file in path_lengths.made(plan) if not _inside(plan, file)]
    return ("escape", escapes[0]) if escapes else ("accepted", "")


def _inside(plan: Plan, file: str) -> bool:
    """Whether a file lies in the study's own folder, under names that any file system takes."""
    parts = file.split("/")
    fits = all(0 < len(part.encode()) <= 255 and part not in (".", "..") for part in parts)
    return fits and parts[:2] == ["results", plan.name] and not set(file) & set("\0\n{}$;*\\")


def planned(plan: Plan) -> None:
    """What the rules ask of a plan while Snakemake builds its graph."""
    sizes.small(plan)
    for model in plan.trained:
        graph.train.settings(plan, model)
        graph.train.inputs(plan, model)
    for model in plan.taken:
        graph.train.taken_files(plan, model)
        graph.train.taken_inputs(plan, model)
    for merge in plan.merges.values():
        graph.merge.recipe_settings(plan, merge.group, merge.method)
        graph.merge.sweep_settings(plan, merge.group, merge.method)
        graph.retention.settings(plan, merge.group)
    for dataset, entry in plan.datasets.items():
        for split in entry.splits:
            graph.data.settings(plan, dataset, split)
    graph.scores.index(plan)
    graph.report.settings(plan)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--mutations", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = brought(Path(folder))
        print(f"{len(list(edits())) + len(files())} single mistakes")
        tried = itertools.islice(mutations(asked.seed), asked.mutations)
        report((m.kind, m.what, lambda m=m: outcome(m, place)) for m in tried)


def report(tried: Iterable[tuple[str, str, Callable[[], tuple[str, str]]]]) -> None:
    """Try (kind, what, call) after each other; print what is bad, the counts and the slowest."""
    counts: collections.Counter = collections.Counter()
    slowest: list[tuple[float, str]] = []
    for kind, what, call in tried:
        start = time.perf_counter()
        result, told = call()
        slowest.append((round(time.perf_counter() - start, 2), f"{kind}: {what}"[:100]))
        counts[result] += 1
        if result not in HARMLESS:
            print(f"{result}: {kind}: {what}: {told[:600]}", flush=True)
    print(f"found: {dict(counts)}")
    print("slowest, in seconds:", sorted(slowest, reverse=True)[:5])


if __name__ == "__main__":
    main()
