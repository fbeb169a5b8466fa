"""From groups and methods to merges: each group's datasets, each method's grid, each merged model.

Pure functions of a `Study`, its datasets and models.
"""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from babelmerge.recipes import points as merge_parameters
from babelmerge.recipes.methods import METHODS
from babelmerge.study.grammar import limits
from babelmerge.study.grammar.groups import LongGroup
from babelmerge.study.grammar.methods import alternatives, points
from babelmerge.study.grammar.study import Study
from babelmerge.study.plan import selection as choosing
from babelmerge.study.plan.groups import Names, Raw, aligned_to, grids, ordered, unfold
from babelmerge.study.plan.scope import having, resolve, scored, tested
from babelmerge.study.plan.selection import KEY
from babelmerge.study.plan.types import Dataset, Group, Kept, Merge, Merged, Model, Taken
from babelmerge.tasks.kinds import KINDS
from babelmerge.words import ids
from babelmerge.words.metrics import metric as known
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest

USUAL = "bleu"
ONE_POINT = "Or give each method one point, so that nothing is to be chosen."
ALL_EXPERTS = "experts"  # the name under which task vectors of all experts are compared


def merges(
    study: Study, datasets: Mapping[str, Dataset], models: Mapping[str, Model], names: Names
) -> tuple[dict[str, Group], dict[str, Merge], dict[str, Model]]:
    """(groups, merges, merged models): groups in the file's order, merges after their members.

    A merge of merges owns what its members own. A swept merge's datasets are those that have the
    split to select on. Raises StudyError for names that don't resolve, and where nothing could
    decide a sweep.
    """
    raws = unfold(study, names)
    _check_number(study, raws)
    own: dict[str, tuple[str, ...]] = {k: m.datasets for k, m in models.items()}
    groups: dict[str, Group] = {}
    found: dict[str, Merge] = {}
    made: dict[str, Model] = {}
    for name in ordered(study, raws):
        raw = raws[name]
        if name == ALL_EXPERTS:
            found_name = f"a group called {name}, which stands for all experts of the study"
            raise study.error("groups", raw.family, found=found_name, expected="another name")
        about = _held(study, datasets, raws, raw, own)
        held = _scorable(study, datasets, raw, about)
        methods = grids(study, raw.family)
        live = _live(study, groups, raw)
        to = aligned_to(study, models, names, raw)
        groups[name] = Group(
            name, raw.family, raw.members, held, tuple(methods), raw.label, live, to
        )
        like = _like(study, datasets, raw.family, about)
        judged = (tested(datasets, like), () if live else like, live)
        for label, grid in methods.items():
            merge = _merge(study, datasets, groups[name], label, grid)
            _check_statistics(
                study, groups[name], label, merge.algorithm, merge.grid, (own, datasets)
            )
            own[merge.model] = about
            found[merge.model] = merge
            made[merge.model] = Model(merge.model, "merge", Merged(name, label), held, *judged)
    return {name: groups[name] for name in raws}, found, made


def in_memory(models: Mapping[str, Model], groups: Iterable[Group]) -> dict[str, Model]:
    """The models; states along training are in memory alone, unless written merges are of them.

    Those that we keep are read where they lie, those on the hub are fetched when they are tested or
    merged, so that no disk must hold them all.
    """
    read = {member for group in groups if not group.live for member in group.members}
    return {
        id_: replace(model, live=True) if _passing(model) and id_ not in read else model
        for id_, model in models.items()
    }


def _passing(model: Model) -> bool:
    source = model.source
    there = isinstance(source, Kept) or isinstance(source, Taken) and source.hub
    return bool(there) and not model.finished


def _live(study: Study, groups: Mapping[str, Group], raw: Raw) -> bool:
    """Whether a group's merges are formed in memory alone; none of them can be merged again."""
    for member in raw.members:
        if ids.of_kind(member, "merge") and groups[ids.group(member)].live:
            family = groups[ids.group(member)].family
            found, expected = f"{member}, of which no model is kept", "merges that are written"
            remedy = f"Take keep: false out of groups.{family}."
            raise study.error("groups", raw.family, found=found, expected=expected, remedy=remedy)
    if getattr(study.groups[raw.family], "keep", True):
        return False
    if raw.family in groups and groups[raw.family].family != raw.family:
        found = f"a group of the same name, which {groups[raw.family].family} makes"
        raise study.error("groups", raw.family, found=found, expected="another name")
    for label, grid in grids(study, raw.family).items():
        if "mergekit" in alternatives(grid.get("backend")):
            found, expected = "backend: mergekit, which writes models", "babelmerge, or keep: true"
            where = _where(study, raw.family, label)
            raise study.error(*where, found=found, expected=expected)
    return True


def _check_number(study: Study, raws: Mapping[str, Raw]) -> None:
    """StudyError for more merges and points than any machine would ever make."""
    merged = [choosing.number(g) for r in raws.values() for g in grids(study, r.family).values()]
    counted = {
        "merges": (len(merged), limits.MERGES),
        "points of all grids and searches, over all groups": (sum(merged), limits.ALL_POINTS),
    }
    for what, (number, most) in counted.items():
        if number > most:
            found, expected = f"{number:,} {what}", limits.most(most, what)
            raise study.error("groups", found=found, expected=expected, remedy=limits.REMEDY)


def _held(
    study: Study,
    datasets: Mapping[str, Dataset],
    raws: Mapping[str, Raw],
    raw: Raw,
    own: Mapping[str, tuple[str, ...]],
) -> tuple[str, ...]:
    """The datasets that a group is about: its members' own, or those of them that it names."""
    held = tuple(dict.fromkeys(d for m in raw.members for d in own[m]))
    only = getattr(study.groups[raw.family], "datasets", None)
    if only is None:
        return held
    where = ("groups", raw.family)
    named = resolve(study, datasets, only, None, where, "datasets")
    kept = tuple(d for d in held if d in named)
    if not kept:
        expected = f"some of {listed(held)}"
        raise study.error(*where, "datasets", found=shown(only), expected=expected)
    for name in only if isinstance(only, list) else ():
        if not set(resolve(study, datasets, name, None, where, "datasets")) & set(held):
            _refuse_foreign(study, datasets, raws, raw, own, name)
    return kept


def _refuse_foreign(
    study: Study,
    datasets: Mapping[str, Dataset],
    raws: Mapping[str, Raw],
    raw: Raw,
    own: Mapping[str, tuple[str, ...]],
    name: str,
) -> None:
    """StudyError for a task or data set of `datasets` that no member of the family owns."""
    where = ("groups", raw.family, "datasets")
    members = [m for other in raws.values() if other.family == raw.family for m in other.members]
    every = dict.fromkeys(d for member in members for d in own.get(member, ()))
    if not set(resolve(study, datasets, name, None, where[:-1], where[-1])) & set(every):
        found, expected = f"{shown(name)}, which no member owns", f"some of {listed(every)}"
        remedy = "To test its merges on others too, name those in `evaluate`."
        raise study.error(*where, found=found, expected=expected, remedy=remedy)


def _scorable(
    study: Study, datasets: Mapping[str, Dataset], raw: Raw, about: tuple[str, ...]
) -> tuple[str, ...]:
    """Those of a group's datasets that a merge is judged by, which text is not."""
    kept = tuple(d for d in about if scored(datasets[d]))
    if not kept:
        found = f"{listed(raw.members)}, of which none owns a dataset with a score"
        raise study.error("groups", raw.family, found=found, expected="experts with of: …")
    return kept


def _like(
    study: Study, datasets: Mapping[str, Dataset], family: str, held: tuple[str, ...]
) -> tuple[str, ...]:
    spec = study.groups[family]
    extra = spec.evaluate if isinstance(spec, LongGroup) else None
    where = ("groups", family)
    more = resolve(study, datasets, extra, None, where, "evaluate") if extra else ()
    return tuple(dict.fromkeys((*held, *more)))


def _merge(
    study: Study, datasets: Mapping[str, Dataset], group: Group, label: str, grid: dict[str, Any]
) -> Merge:
    algorithm = grid.get("method", label)
    model = ids.model("merge", group.name, label)
    spread = points(choosing.parameters(grid))
    _check_points(study, group, label, algorithm, spread)
    where = _where(study, group.family, label)
    search = choosing.search(study, where, group, (label, algorithm), spread, grid)
    swept = len(spread) > 1 or bool(search)
    scored = _scored(study, datasets, group, label, bool(search)) if swept else group.datasets
    metric = _metric(study, datasets, scored)
    if swept:
        _check_metric(study, datasets, scored, metric)
    if search:
        choosing.check_rows(study, where, datasets, scored, search)
    selection = {"split": study.selection.split, "metric": metric}
    selection |= {"rows": rows} if (rows := study.selection.rows) else {}
    about = (model, group.name, label, algorithm, group.members)
    return Merge(*about, spread, scored, selection, search)


def _check_points(
    study: Study, group: Group, label: str, algorithm: str, spread: tuple[dict[str, Any], ...]
) -> None:
    """Raise StudyError for points that the method refuses, built or not."""
    for point in spread:
        try:
            merge_parameters.settings(algorithm, group.members, point)
        except ValueError as error:
            where = _where(study, group.family, label)
            expected = f"a point that {group.name} can be merged with"
            raise study.error(*where, found=str(error), expected=expected) from None


def _check_statistics(
    study: Study,
    group: Group,
    label: str,
    algorithm: str,
    spread: tuple[dict[str, Any], ...],
    own: tuple[Mapping[str, tuple[str, ...]], Mapping[str, Dataset]],
) -> None:
    """Raise StudyError when what Fisher merging or RegMean collect cannot be had of a member.

    own: the data sets of each model, and all data sets.
    """
    kind = METHODS[algorithm].statistics
    if kind is None:
        return
    where = _where(study, group.family, label)
    rows = {point.get("rows") for point in spread}
    if len(rows) > 1:
        found = f"rows {listed(sorted(map(str, rows)))}"
        raise study.error(*where, found=found, expected=f"one number of rows of {kind} statistics")
    for member in group.members:
        sets = [own[1][dataset] for dataset in own[0][member]]
        if not any("dev" in one.splits and KINDS[one.kind].learnt for one in sets):
            raise study.error(
                *where,
                found=f"{member}, which has no data set of its own with dev rows",
                expected=f"dev rows of every member, to collect its {kind} statistics from",
            )


def _where(study: Study, family: str, label: str) -> tuple[str, ...]:
    """The key path of a grid: the group's own, or the study's."""
    own = getattr(study.groups[family], "methods", None)
    if isinstance(own, str):
        return ("groups", family, "methods")
    if isinstance(own, dict):
        return ("groups", family, "methods", *choosing.key_path(own, label))
    return ("methods", *choosing.key_path(study.methods, label))


def _metric(study: Study, datasets: Mapping[str, Dataset], chosen: tuple[str, ...]) -> str:
    """The metric that the study names, else BLEU or, of what has none, the first that all have."""
    if study.selection.metric:
        return study.selection.metric
    first = datasets[chosen[0]]
    if USUAL in KINDS[first.kind].metrics:
        return USUAL
    counted = [m for m in first.metrics if not known(m).needs]
    common = (m for m in counted if all(m in datasets[d].metrics for d in chosen))
    return next(common, first.metrics[0])


def _scored(
    study: Study, datasets: Mapping[str, Dataset], group: Group, label: str, search: bool
) -> tuple[str, ...]:
    """The datasets that decide a sweep or search. Raises StudyError when none can."""
    split = study.selection.split
    chosen = having(datasets, group.datasets, split)
    if not chosen:
        what, without = (KEY, f"no {KEY}") if search else ("sweep", "one point")
        found = f"a {what} of {label} on {group.name}, and no dataset with {split}"
        expected = f"rows to select on: {split} of {listed(group.datasets)}; or {without}"
        raise study.error("selection", "split", found=found, expected=expected)
    return chosen


def _check_metric(
    study: Study, datasets: Mapping[str, Dataset], chosen: tuple[str, ...], metric: str
) -> None:
    """Raise StudyError for a metric that does not suit the datasets that decide a sweep."""
    if known(metric).needs:
        found = f"{shown(metric)}, which another model measures when all models have answered"
        expected = "a metric that is counted from texts alone"
        raise study.error("selection", "metric", found=found, expected=expected)
    if not known(metric).higher_is_better:
        found, expected = shown(metric), "a metric of which more is better"
        raise study.error("selection", "metric", found=found, expected=expected)
    for kind in dict.fromkeys(KINDS[datasets[d].kind] for d in chosen):
        if metric not in kind.metrics:
            expected = f"a metric of {kind.name}: {listed(kind.metrics)}"
            near = nearest(metric, kind.metrics) or ONE_POINT
            where = ("selection", "metric")
            raise study.error(*where, found=shown(metric), expected=expected, remedy=near)
    for entry in (datasets[d] for d in chosen):
        if metric not in entry.metrics:
            found = f"{shown(metric)}, which task {entry.task} does not score"
            expected = f"one of {listed(entry.metrics)}"
            remedy = f"Or add it to tasks.{entry.task}.metrics."
            raise study.error("selection", "metric", found=found, expected=expected, remedy=remedy)


def warnings(merges: Mapping[str, Merge]) -> tuple[str, ...]:
    """Grids with points that are the same model by algebra, as weights that normalising cancels."""
    swept = [m for m in merges.values() if m.swept and not m.search]
    found = []
    for merge in swept:
        members, total = merge.members, len(merge.grid)
        same = len(merge_parameters.aliases(merge.grid, merge.algorithm, len(members), members))
        if same:
            found.append(
                f"{merge.method}: {same} of {total} points repeat the model of another point, so "
                f"{total - same} are different; drop the values that change nothing"
            )
    return tuple(dict.fromkeys(found))
