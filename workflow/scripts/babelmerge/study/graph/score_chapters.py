"""The report's chapters on scores: the question, experts, merges, and what fails."""

from babelmerge.study.graph import chapters, evaluate, merge, paths, scores
from babelmerge.study.graph.beside import groups, harness, outputs, retention, searches
from babelmerge.study.graph.chapters import Chapter, Files, Key
from babelmerge.study.plan.types import Plan, Trained

TRAINING = ("learning_rate", "batch_size")  # settings that are told of experts that learnt nothing


def facts(plan: Plan) -> dict:
    """The metrics that the story is told in, and how groups stand together."""
    return {
        "metrics": scores.main_metrics(plan, plan.datasets),
        "chosen_on_test": list(plan.chosen_on_test),
        "families": {
            family: {group: list(plan.groups[group].datasets) for group in groups}
            for family, groups in plan.families.items()
        },
    }


def scored(plan: Plan) -> Files:
    """The long table of scores, where there are any."""
    return {("scores",): paths.of(plan, paths.SCORES)} if plan.evaluations else {}


def signed(plan: Plan) -> Files:
    """The table of the metrics' signatures, where there are any."""
    path = paths.of(plan, paths.TABLE, table="signatures")
    return {("signatures",): path} if plan.evaluations else {}


def kept(plan: Plan) -> Files:
    names, files = retention.names(plan), retention.files(plan)
    return {("retention", name): path for name, path in zip(names, files, strict=True)}


def question(plan: Plan) -> Chapter:
    long = {**scored(plan), **kept(plan), **_learnt(plan), **harness.comparisons(plan)}
    study = {**facts(plan), "training": _trained(plan)}
    return Chapter(study=study, long=long, asks=("description", "reference"))


def _learnt(plan: Plan) -> Files:
    """What tells whether experts learnt anything, and how much they were given to learn from."""
    if not scores.learning_settings(plan)["cases"]:
        return {}
    tables = {("sizes",): "sizes"} | ({("training",): "training"} if plan.trained else {})
    found = {key: paths.of(plan, paths.TABLE, table=name) for key, name in tables.items()}
    return {("learning",): paths.of(plan, paths.LEARNING), **found}


def _trained(plan: Plan) -> dict[str, dict]:
    """Expert -> its data sets, and how it was trained; nothing of experts that were taken in."""
    sources = {id_: model.source for id_, model in plan.of_kind("expert").items()}
    return {
        id_: {"datasets": list(source.datasets), **{k: source.training.get(k) for k in TRAINING}}
        for id_, source in sources.items()
        if isinstance(source, Trained)
    }


def experts(plan: Plan) -> Chapter | None:
    """Of a study that scores experts."""
    if not _tested(plan, "expert"):
        return None
    directions = {d.id: list(d.datasets) for d in plan.directions.values()}
    own = {("own-scores", only): f"own-scores{only}" for only in scores.own_tables(plan)}
    return Chapter(
        study={**facts(plan), "directions": directions},
        long=scored(plan),
        figures=chapters.figures(plan, scores.matrix_figures(plan)),
        tables=chapters.tables(plan, own),
    )


def merges(plan: Plan) -> Chapter | None:
    """Of a study that scores merges."""
    if not _tested(plan, "merge"):
        return None
    swept = {
        ("sweep", group, one.method): path
        for group, made in merge.swept(plan).items()
        for one, path in zip(made, merge.sweep_files(plan, group), strict=True)
        if not one.search
    }
    split = next((one.selection["split"] for one in plan.sweeps.values()), None)
    published = {("published",): plan.published} if plan.published else {}
    return Chapter(
        study={**facts(plan), "swept_on": split, **searches.shown(plan)},
        long={**scored(plan), **kept(plan), **swept, **searches.files(plan), **published},
        figures=chapters.figures(plan, _merge_figures(plan)),
        tables=chapters.tables(plan, _merge_tables(plan)),
    )


def _merge_tables(plan: Plan) -> dict[Key, str]:
    """Those of retention, and of the scores of families that are merged."""
    names: dict[Key, str] = {}
    for only in retention.tables(plan):
        names |= {(what, only): f"{what}{only}" for what in ("retention-summary", "retention")}
    shown = _of_merges(plan, scores.tables(plan))
    names |= {("scores", name): f"scores-{name}" for name in shown}
    return (
        names | groups.benchmark_tables(plan) | groups.overall_tables(plan) | searches.names(plan)
    )


def _merge_figures(plan: Plan) -> dict[Key, str]:
    return groups.overall_figures(plan) | retention.shown(plan) | merge.figures(plan)


def _of_merges(plan: Plan, tables: dict[str, dict]) -> list[str]:
    """The names of score tables with a merge in them."""
    return [
        name
        for name, shown in tables.items()
        if any(plan.merges_of(group) for group in shown["groups"])
    ]


def failures(plan: Plan) -> Chapter | None:
    """Of a study that scores merges."""
    if not _tested(plan, "merge"):
        return None
    cases = outputs.samples(plan, free=False)
    names = {("lowest", only): f"lowest{only}" for only in retention.tables(plan)}
    shown = _of_merges(plan, scores.rate_tables(plan))
    names |= {("rates", name): f"scores-{name}" for name in shown}
    return Chapter(
        study={**facts(plan), "samples": cases},
        long={**scored(plan), **kept(plan)},
        tables=chapters.tables(plan, names),
        files={"outputs": outputs.sample_files(plan, cases, evaluate.output_file)},
    )


def _tested(plan: Plan, kind: str) -> bool:
    return any(model.evaluate for model in plan.of_kind(kind).values())
