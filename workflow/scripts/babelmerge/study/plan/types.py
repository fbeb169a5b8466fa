"""What a plan is made of: plain frozen data, each field JSON-serialisable, order significant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from babelmerge.words import ids


@dataclass(frozen=True)
class CorpusRequest:
    """Rows of one corpus for one dataset: arguments of `corpora.read`, placeholders filled."""

    kind: str
    options: dict[str, Any]

    @property
    def paths(self) -> tuple[str, ...]:
        """Files that are read, in order."""
        return tuple(dict.fromkeys(_files(self.options["files"]) if self.kind == "files" else ()))


def _files(files: Any) -> Iterator[str]:
    """Paths in what a request says of files: a list, a mapping by language, or slices of such."""
    for file in files.values() if isinstance(files, Mapping) else files:
        if isinstance(file, Mapping):
            yield from _files(file["files"])
        else:
            yield file


@dataclass(frozen=True)
class Dataset:
    """One task in one language pair or language. A split that is absent has no key.

    answer: how it is answered, see `tasks.kind`; None where nothing is asked. test_may_be_dev:
    whether the study allows that something is chosen on test rows. examples: rows that examples
    are drawn from, where the study names them.
    """

    id: str
    task: str
    kind: str
    unit: str
    source_language: str
    target_language: str
    prompt: str
    chat: bool
    metrics: tuple[str, ...]
    splits: dict[str, tuple[CorpusRequest, ...]]
    overlap: str
    options: dict[str, Any] = field(default_factory=dict)
    test_may_be_dev: bool = False
    answer: str | None = None
    examples: tuple[CorpusRequest, ...] = ()


@dataclass(frozen=True)
class Taken:
    """A checkpoint or adapter that exists: on the hub, or in a folder."""

    hub: str | None
    revision: str | None
    path: str | None


@dataclass(frozen=True)
class Trimmed(Taken):
    """A base of which some tokens are dropped: those that no training row of `vocabulary` uses."""

    vocabulary: tuple[str, ...]


@dataclass(frozen=True)
class Encoder:
    """The model that BERTScore compares texts by. layer: whose outputs; None: its usual one."""

    source: Taken
    layer: int | None


@dataclass(frozen=True)
class Trained:
    """A model that we train on the train splits of `datasets`.

    start: the id of a model: the base or a kept state; or "random" (then `architecture` and
    `tokenizer` say what is initialised).
    repeat: how often a pass goes over each of `datasets`; empty: once. kept: steps whose states
    are kept, as models of their own. spoken: what a tokenizer is learnt from; empty: `datasets`.
    Without `datasets` it stays as it is initialised.
    """

    start: str
    datasets: tuple[str, ...]
    training: dict[str, Any]
    architecture: dict[str, Any] | None = None
    tokenizer: dict[str, Any] | None = None
    repeat: tuple[int, ...] = ()
    kept: tuple[int, ...] = ()
    spoken: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kept:
    """A state that the training of another model keeps at a step."""

    model: str
    step: int


@dataclass(frozen=True)
class Merged:
    """A merge: results/{study}/recipes/{group}/{method}.yaml makes it."""

    group: str
    method: str


@dataclass(frozen=True)
class Model:
    """A model of the study. datasets: its own; evaluate: all that it is tested on.

    probe: all that is looked at inside it, where that has rows: what it is tested on, and what is
    like it but has no score. live: a merge, or a state along training, that is there in memory
    alone and has no folder.
    """

    id: str
    kind: str
    source: Taken | Trained | Kept | Merged
    datasets: tuple[str, ...]
    evaluate: tuple[str, ...]
    probe: tuple[str, ...] = ()
    live: bool = False

    @property
    def name(self) -> str:
        """The id without its kind: hi-en for experts/hi-en."""
        return ids.name(self.id)

    @property
    def finished(self) -> bool:
        """Neither a model as it was at an earlier step (expert@step) nor a branch of one."""
        return "@" not in self.id


@dataclass(frozen=True)
class Group:
    """Models that are merged together. datasets: the members' own, in order.

    label: for readers, where it is not the name. live: its merges are formed in memory alone.
    align: the base or the member whose units the members are brought into the order of.
    """

    name: str
    family: str
    members: tuple[str, ...]
    datasets: tuple[str, ...]
    methods: tuple[str, ...]
    label: str = ""
    live: bool = False
    align: str = ""


@dataclass(frozen=True)
class Merge:
    """One method on one group. method: its label, in paths; algorithm: the method it is.

    search: what is asked for of a search that starts from the best of the grid; none: empty.
    """

    model: str
    group: str
    method: str
    algorithm: str
    members: tuple[str, ...]
    grid: tuple[dict[str, Any], ...]
    datasets: tuple[str, ...]
    selection: dict[str, Any]
    search: dict[str, Any] = field(default_factory=dict)

    @property
    def swept(self) -> bool:
        """Whether a sweep or a search has to choose among points."""
        return len(self.grid) > 1 or bool(self.search)


@dataclass(frozen=True)
class Direction:
    """Data sets of one task that are set beside each other: see `directions`.

    datasets: each with the language by which it differs from the others. spans: those that have
    tokens when models are looked at inside, in order. metrics: what the data sets are scored by.
    """

    id: str
    task: str
    datasets: dict[str, str]
    spans: tuple[str, ...]
    metrics: tuple[str, ...]


@dataclass(frozen=True)
class Benchmark:
    """Tasks of lm-evaluation-harness that every model is run on.

    tasks: the harness's names. include: a folder of task files beside its own. metrics: those that
    tables show, in order of preference. version: of the harness that is installed, None without.
    """

    name: str
    tasks: tuple[str, ...]
    include: str | None
    shots: int | None
    limit: int | None
    chat: bool
    metrics: tuple[str, ...]
    version: str | None

    @property
    def datasets(self) -> tuple[str, ...]:
        """Ids of its tasks among the study's data sets: forgetting/arc_easy."""
        return tuple(f"{self.name}/{task}" for task in self.tasks)


@dataclass(frozen=True, eq=False)
class Plan:
    """A study with all names resolved; compared by identity, so that it can be a cache's key.

    directions: by id. owners: data set -> the expert that it belongs to, where there is one.
    too_long: what becomes of rows that models cannot decode: error, drop or cut.
    chosen_on_test: what is chosen on the rows that scores are reported on: see `selection`.
    benchmarks: by name.
    encoder: what BERTScore is measured by, where it is. others: the studies that it is set beside.
    """

    study: str
    name: str
    title: str
    languages: tuple[str, ...]
    language_names: dict[str, str]
    pivot: str
    seed: int
    datasets: dict[str, Dataset]
    models: dict[str, Model]
    groups: dict[str, Group]
    merges: dict[str, Merge]
    families: dict[str, tuple[str, ...]]
    directions: dict[str, Direction]
    owners: dict[str, str]
    generation: dict[str, Any]
    too_long: str
    evaluation: dict[str, Any]
    analysis: dict[str, Any]
    published: str | None
    price: dict[str, Any] | None
    chosen_on_test: tuple[str, ...]
    warnings: tuple[str, ...]
    benchmarks: dict[str, Benchmark] = field(default_factory=dict)
    encoder: Encoder | None = None
    others: tuple["Plan", ...] = ()

    @property
    def trained(self) -> dict[str, Model]:
        """Models that we train, and that do not stay as they are initialised."""
        ours = {k: m for k, m in self.models.items() if isinstance(m.source, Trained)}
        return {k: m for k, m in ours.items() if m.source.datasets}

    @property
    def taken(self) -> dict[str, Model]:
        """Models that are fetched or copied."""
        return {k: m for k, m in self.models.items() if isinstance(m.source, Taken)}

    @property
    def evaluations(self) -> tuple[tuple[str, str], ...]:
        """(model id, dataset id) of every output file, models in order."""
        return tuple((m.id, d) for m in self.models.values() for d in m.evaluate)

    @property
    def benchmarked(self) -> tuple[tuple[str, str], ...]:
        """(model id, data set id) of every run of a benchmark, models in order."""
        datasets = [dataset for one in self.benchmarks.values() for dataset in one.datasets]
        finished = [m.id for m in self.models.values() if m.finished and not m.live]
        return tuple((model, dataset) for model in finished for dataset in datasets)

    @property
    def sweeps(self) -> dict[str, Merge]:
        """Merges whose grid has more than one point, or that a search finds."""
        return {k: m for k, m in self.merges.items() if m.swept}

    def owner(self, dataset: str, members: Iterable[str] | None = None) -> str | None:
        """The model that a data set belongs to: an expert, or one of a group's members."""
        if members is None:
            return self.owners.get(dataset)
        return owner((self.models[member] for member in members), dataset)

    def merges_of(self, group: str) -> list[Merge]:
        """The merges of a group, in the order of its methods."""
        return [merge for merge in self.merges.values() if merge.group == group]

    def joint_of(self, group: str) -> str | None:
        """The joint model of the fewest data sets that still hold all of a group's."""
        wanted = set(self.groups[group].datasets)
        joints = [model for model in self.of_kind("joint").values() if model.finished]
        fitting = [model for model in joints if wanted <= set(model.evaluate)]
        return min(fitting, key=lambda m: len(m.evaluate)).id if fitting else None

    def of_kind(self, *kinds: str) -> dict[str, Model]:
        """Models of these kinds, in order."""
        return {k: m for k, m in self.models.items() if m.kind in kinds}


def owner(models: Iterable[Model], dataset: str) -> str | None:
    """Whose a data set is: of the models trained on it, or taken in for it, the most specific.

    That is the one with the fewest data sets of its own; of equals the first.
    """
    own = [model for model in models if dataset in model.datasets]
    return min(own, key=lambda model: len(model.datasets)).id if own else None
