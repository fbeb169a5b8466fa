"""The report of a plan: its chapters in order, each under its title, and those of its own.

A chapter that does not apply to a plan is not made.
"""

from collections.abc import Callable

from babelmerge.study.graph import (
    chapters,
    data,
    evaluate,
    interventions,
    mergeability,
    neurons,
    paths,
    represent,
    score_chapters,
    similarity,
    train,
)
from babelmerge.study.graph.beside import ablations, cost, harness, outputs, progress
from babelmerge.study.graph.chapters import Chapter
from babelmerge.study.plan.types import Plan, Taken, Trimmed
from babelmerge.tasks import kinds
from babelmerge.words.spelling import listed

LOOKED_AT = ("inspected-models", "inspected-sentences")


def looked_at(plan: Plan) -> list[tuple[str, str]]:
    """(model, data set) of what is looked at inside, for a study without scores to tell of."""
    if plan.evaluations or not any(make(plan) for _, make in INSIDE.values()):
        return []
    probed = [dataset for d in plan.directions.values() for dataset in d.datasets]
    return [(model, d) for d in probed for model in represent.represented(plan, d)]


def looked_at_files(plan: Plan) -> list[str]:
    return [represent.facts_file(plan, *case) for case in looked_at(plan)]


def looked_at_settings(plan: Plan) -> dict:
    """What the tables of models and of sentences tell."""
    return {
        "looked_at": [list(case) for case in looked_at(plan)],
        "taken": {id_: _taken_in_words(plan, id_) for id_ in plan.taken},
        "owned": {id_: list(model.datasets) for id_, model in plan.of_kind("expert").items()},
    }


def inspected(plan: Plan) -> Chapter | None:
    """Of a study without scores, instead of the question and the set-up."""
    cases = looked_at(plan)
    if not cases:
        return None
    pairs, vectors = mergeability.files(plan), mergeability.task_vector_files(plan)
    long = {("compatibility",): pairs.get("compatibility"), ("experts",): vectors.get("experts")}
    return Chapter(
        study={
            "looked_at": [list(case) for case in cases],
            "owned": list(plan.of_kind("expert")),
        },
        long={key: path for key, path in long.items() if path},
        tables=chapters.tables(plan, {(name,): name for name in LOOKED_AT}),
        files={"looked_at": looked_at_files(plan)},
        asks=("description", "reference", "languages", "seed"),
    )


def question(plan: Plan) -> Chapter | None:
    return None if looked_at(plan) else score_chapters.question(plan)


def setup(plan: Plan) -> Chapter | None:
    """Of a study that does more than look at models."""
    if looked_at(plan):
        return None
    return Chapter(
        study=_study(plan),
        long={**score_chapters.scored(plan), **score_chapters.signed(plan)},
        figures=chapters.figures(plan, train.figures(plan)),
        tables=chapters.tables(plan, {("sizes",): "sizes", **train.tables(plan)}),
        files={"decodings": evaluate.decoding_files(plan)},
        asks=("languages", "selection", "seed"),
    )


def _study(plan: Plan) -> dict:
    """What the set-up tells, besides what it asks of the study file."""
    scored = [d for d in plan.datasets.values() if kinds.kind(d.kind).scored]
    asked = [d for d in scored if not kinds.kind(d.kind).alone]
    prompts = dict.fromkeys(kinds.kind(d.kind).written(d.prompt) for d in asked)
    return {
        "base": _base_in_words(plan),
        "prompt": next(iter(prompts)) if len(prompts) == 1 else None,
        "generation": dict(plan.generation),
        "evaluation": plan.evaluation,
    }


def reproducibility(plan: Plan) -> Chapter:
    trained = {("training",): paths.of(plan, paths.TABLE, table="training")} if plan.trained else {}
    merges = [merge for merge in plan.merges if not plan.models[merge].live]
    return Chapter(
        study={"warnings": list(plan.warnings), "merges": merges},
        long=trained,
        files={
            "checks": [*data.checked_files(plan), *data.lengths_files(plan)],
            "merges": [train.model_file(plan, merge) for merge in merges],
        },
        asks=("configuration",),
    )


def _taken_in_words(plan: Plan, model: str) -> str:
    source = plan.models[model].source
    place = source.path or f"{source.hub} ({source.revision or 'main'})"
    if not isinstance(source, Trimmed):
        return place
    return f"{place}, without the tokens that no training row of {listed(source.vocabulary)} uses"


def _base_in_words(plan: Plan) -> str:
    source = plan.models["base"].source
    if isinstance(source, Taken):
        return _taken_in_words(plan, "base")
    type_ = (source.architecture or {}).get("model_type", "a model")
    if not source.datasets:
        seed = source.training["seed"]
        return f"{type_} as initialised at random in this study (seed {seed}), trained 0 steps"
    return f"{type_} trained from scratch in this study"


Made = dict[str, tuple[str, Callable[[Plan], Chapter | None]]]
INSIDE: Made = {
    "representations": ("Representations", similarity.chapter),
    "neurons": ("Neurons", neurons.chapter),
    "task-vectors": ("Task vectors", mergeability.vectors_chapter),
    "mergeability": ("Mergeability", mergeability.chapter),
    "interventions": ("Interventions", interventions.chapter),
}
CHAPTERS: Made = {
    "inspected": ("What was inspected", inspected),
    "question": ("The question", question),
    "setup": ("Set-up", setup),
    "experts": ("Experts", score_chapters.experts),
    "merges": ("Merges", score_chapters.merges),
    "ablations": ("Ablations", ablations.chapter),
    "progress": ("Along training, and model by model", progress.chapter),
    "cost": ("Cost of training", cost.chapter),
    "failures": ("What fails, and where", score_chapters.failures),
    "outputs": ("Outputs read", outputs.chapter),
    "forgetting": ("Beside the study's own tasks", harness.chapter),
    **INSIDE,
    "reproducibility": ("Reproducibility", reproducibility),
}


def chapters_of(plan: Plan) -> dict[str, str]:
    """Id -> title of the chapters that apply to a plan, in order."""
    return {id_: title for id_, (title, make) in CHAPTERS.items() if make(plan)}


def inputs(plan: Plan) -> list[str]:
    return [paths.of(plan, paths.CHAPTER, chapter=id_) for id_ in chapters_of(plan)]


def settings(plan: Plan) -> dict:
    return {
        "name": plan.name,
        "title": plan.title,
        "chapters": [list(told) for told in chapters_of(plan).items()],
    }
