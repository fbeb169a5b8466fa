"""A family of merges, formed in one model one after the other: only their scores are kept.

Each merge is formed in memory, answers its test sets, is scored, and is overwritten by the next. A
folder holds scores and sentence tables, a journal of what is known (so that a run that was killed
goes on, and one that is asked for more does only that), and a manifest that is written last.
"""

import json
import logging
import shutil
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from babelmerge.evaluation import answering, metrics
from babelmerge.evaluation.live.memory import Live
from babelmerge.evaluation.sweeps import journal as journals
from babelmerge.files import directories, provenance
from babelmerge.files.atomic import write_atomically
from babelmerge.merging import compatibility
from babelmerge.merging.calibration import files as statistics_files
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.sweeping import Sweep
from babelmerge.models import adapter_base, adapters, taking
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.dialect.vocabulary import STRICT

LOG = logging.getLogger(__name__)
JOURNAL = ".journal.jsonl"
FETCHED = ".member-"
SCORES, SENTENCES = ".json", ".sentences.tsv"
Source = Mapping[str, str | None]  # {"folder": …} of a model that is there, else as `taking` has it


@dataclass(frozen=True)
class Test:
    """A test set: its rows, how they are asked (`answering`) and scored (`metrics.score`)."""

    rows: Sequence[Mapping[str, Any]]
    asked: Mapping[str, Any]
    scored: Mapping[str, Any]

    @property
    def key(self) -> str:
        return provenance.digest([self.rows, self.asked, self.scored])


@dataclass(frozen=True)
class Merge:
    """One merge of a family. place: its part of file names; members: source by id; tests: names.

    Without a method it is its only member as that is. align: as in a recipe.
    """

    place: str
    method: str
    point: Mapping[str, Any]
    members: Mapping[str, Source]
    tests: Sequence[str]
    statistics: Mapping[str, str] = field(default_factory=dict)
    align: bool | str = False

    @property
    def key(self) -> list:
        """What its weights depend on besides the base."""
        files = [provenance.file_digest(path) for path in self.statistics.values()]
        key = [self.method, self.point, [_print(s) for s in self.members.values()], files]
        return [*key, self.align] if self.align else key


@dataclass(frozen=True)
class Asking:
    """What all merges share. base: folder. options: of decoding, with the dtype; context: code."""

    base: str
    tests: Mapping[str, Test]
    options: Mapping[str, Any]
    context: Any = None
    threads: int = 1


def run(folder: str | Path, merges: Sequence[Merge], asking: Asking) -> None:
    """Scores of every merge on its test sets, as files of `folder`; what is known is not redone.

    place/test.json is as `metrics.score` gives it, place/test.sentences.tsv as `write_sentences`
    does. Members that are not there are fetched beside them, and removed when their merge is done.
    Raises ValueError for members that cannot be merged.
    """
    family = _Family(Path(folder), asking)
    for number, merge in enumerate(merges, 1):
        missing = family.missing(merge)
        LOG.info("%s: %d of %d, %d test sets", merge.place, number, len(merges), len(missing))
        if missing:
            family.score(merge, missing)
    family.finish([f"{m.place}/{test}" for m in merges for test in m.tests])


class _Family:
    def __init__(self, folder: Path, asking: Asking):
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"{FETCHED}*"):  # by a run that was killed
            shutil.rmtree(left, ignore_errors=True)
        self.folder, self.asking = folder, asking
        self.known = journals.read_journal(folder / JOURNAL)
        self.shared = [asking.context, _print({"folder": asking.base}), asking.options]
        self.tests = {name: test.key for name, test in asking.tests.items()}
        self.live: Live | None = None  # loaded when there is something to do

    def missing(self, merge: Merge) -> list[str]:
        """The test sets whose scores are not there."""
        return [
            t for t in merge.tests if not self._there(f"{merge.place}/{t}", self._key(merge, t))
        ]

    def _key(self, merge: Merge, test: str) -> str:
        return provenance.digest([self.shared, merge.key, self.tests[test]])

    def _there(self, name: str, key: str) -> bool:
        digests = self.known.get(key, {}).get("files", {})
        paths = [self.folder / (name + ending) for ending in (SCORES, SENTENCES)]
        return bool(digests) and all(
            path.is_file() and provenance.file_digest(path) == digests.get(self._name(path))
            for path in paths
        )

    def _name(self, path: Path) -> str:
        return path.relative_to(self.folder).as_posix()

    def score(self, merge: Merge, tests: Sequence[str]) -> None:
        start = time.monotonic()
        live = self.live = self.live or Live(self.asking.base, self.asking.options["dtype"])
        with _present(merge.members, self.asking.base, self.folder) as members:
            live.take(*_formed(merge, members, self.asking))
        formed = time.monotonic() - start
        for test in tests:
            files = self._write(f"{merge.place}/{test}", *_scored(live, self.asking, test))
            entry = {"key": self._key(merge, test), "files": files, "formed": round(formed, 3)}
            self.known[entry["key"]] = entry
            journals.append(self.folder / JOURNAL, entry)

    def _write(self, name: str, scores: Mapping, sentences: metrics.Table) -> dict[str, str]:
        paths = [self.folder / (name + ending) for ending in (SCORES, SENTENCES)]
        paths[0].parent.mkdir(parents=True, exist_ok=True)
        write_atomically(paths[0], json.dumps(scores, indent=1, ensure_ascii=False) + "\n")
        metrics.write_sentences(paths[1], sentences)
        return {self._name(path): provenance.file_digest(path) for path in paths}

    def finish(self, names: Sequence[str]) -> None:
        """The manifest; what is of merges that are no longer asked for goes."""
        wanted = {name + ending for name in names for ending in (SCORES, SENTENCES)}
        for path in [p for p in self.folder.rglob("*") if p.is_file() and p.name != JOURNAL]:
            if self._name(path) not in wanted:
                path.unlink()
        told = directories.described(directories.file_hashes(self.folder), {})
        write_atomically(self.folder / directories.MANIFEST, json.dumps(told, indent=2) + "\n")


def _print(source: Source) -> Any:
    """What identifies a model: its fingerprint, or where one that is not there is taken from."""
    return directories.fingerprint(source["folder"]) if "folder" in source else dict(source)


@contextmanager
def _present(members: Mapping[str, Source], base: str, beside: Path) -> Iterator[dict[str, str]]:
    """Folder by member; those that have none are taken into one that goes in the end."""
    with ExitStack() as stack:
        found = {}
        for id_, source in members.items():
            if "folder" in source:
                found[id_] = str(source["folder"])
                continue
            room = Path(tempfile.mkdtemp(dir=beside, prefix=FETCHED))
            stack.callback(shutil.rmtree, room, ignore_errors=True)
            _fetch(room, Path(base), source)
            found[id_] = str(room)
        yield found


def _fetch(room: Path, base: Path, source: Source) -> None:
    taking.take_in(room, base, tokenizer=False, **source)
    if is_adapter(room):
        below = adapter_base.fact(room, base)
        directories.write_json(room / directories.MANIFEST, {directories.BASE: below})


def _formed(merge: Merge, members: Mapping[str, str], asking: Asking):
    """(the merged tensors, their tokenizer if not the base's), checked as a merge is."""
    if not merge.method:
        compatibility.check_members(Members(asking.base, members, adapters.opened))
        (only,) = map(adapters.opened, members.values())
        return {name: only.read(name) for name in only.names}, None
    statistics = statistics_files.open_all(merge.statistics)
    options = {"align": merge.align, "embeddings": merge.point.get("embeddings", STRICT)}
    sweep = Sweep(asking.base, members, merge.method, asking.threads, statistics, **options)
    return next(sweep.points([merge.point]))[1], sweep.tokenizer(merge.point)


def _scored(live: Live, asking: Asking, name: str) -> tuple[dict, metrics.Table]:
    test = asking.tests[name]
    options = {key: value for key, value in asking.options.items() if key != "dtype"}
    answers = live.answers(test.rows, test.asked, options)
    scored = dict(test.scored)
    result, sentences = metrics.score(
        scored.pop("kind"),
        [answer["output"] for answer in answers],
        [row["target"] for row in test.rows],
        choices=[answer["choices"] for answer in answers if "choices" in answer],
        sources=[row["source"] for row in test.rows],
        **scored,
    )
    size = options["batch_size"]
    result["decoding"] = answering.signature(live.model, test.asked, size)
    return result, sentences
