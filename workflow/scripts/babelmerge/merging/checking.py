"""Whether a recipe can be merged: one set of checks, for files, dry runs and the workflow.

Nothing is written and no tensor is read but a head that is tied (`Members`) and, where an adapter
holds whole embeddings, those. Torch is imported for what needs it: adapters, alignment, a device.
"""

from collections.abc import Sequence
from pathlib import Path

from babelmerge.files import directories
from babelmerge.merging import asked, companions, compatibility
from babelmerge.merging.calibration import checks
from babelmerge.merging.streaming.members import Members
from babelmerge.models.adapter_config import is_adapter
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes.lines import within
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.points import settings
from babelmerge.recipes.recipes import Recipe
from babelmerge.recipes.settings import Settings
from babelmerge.recipes.slices import WHOLE


def checked(recipe: Recipe, device: str | None) -> tuple[Settings, Members, list[str]]:
    """(settings, the base and the experts that are full models, ids of adapters), checked."""
    if is_adapter(recipe.base):
        with within("base_model"):
            raise ValueError(
                f"{recipe.base}: is an adapter, and the base of a merge is a full model; give the "
                "model that it is on, and list the adapter with the experts"
            )
    experts = dict(recipe.experts)
    adapters = [id_ for id_, path in experts.items() if is_adapter(path)]
    full = {id_: path for id_, path in experts.items() if id_ not in adapters}
    given = {**recipe.parameters, "device": device} if device else recipe.parameters
    point = settings(recipe.method, tuple(experts), given)
    members = Members(recipe.base, full, embeddings=point.embeddings)
    folded = _folded(recipe, point.embeddings) if adapters else None
    members = folded or members
    compatibility.check_all(members, recipe, point.chat_template)
    asked.check(point, members, not full and not folded)
    _check_point(point, members, recipe)
    companions.check(recipe, point, members)
    if point.backend == "mergekit":
        from babelmerge.merging import mergekit_backend

        mergekit_backend.check(recipe, point, members.tied)
    if recipe.output == "adapter" and (full or folded):
        one = f"{next(iter(full))} is a full model" if full else "one has tokens of its own"
        raise ValueError(
            f"output: adapter, but {one}, whose change has no factors; set output: model, or "
            "extract adapters first"
        )
    if adapters:
        _check_adapters(recipe, point, adapters, not full and not folded)
        _check_mixture(recipe, members)
    elif recipe.align:
        _check_alignment(members)
    return point, members, adapters


def _check_point(point: Settings, members: Members, recipe: Recipe) -> None:
    """What a recipe asks of these members, before anything is read."""
    _check_whole(recipe, members)
    kind = METHODS[point.method].statistics
    for id_, _ in recipe.experts if kind else ():
        path = recipe.statistics.get(id_)
        if path is None or not Path(path).is_file():
            raise ValueError(
                f"{point.method}: needs {kind} statistics of {id_}, found {path or 'none'}; "
                "collect them from its dev data and name the file in the recipe"
            )
    if kind:
        files = {id_: recipe.statistics[id_] for id_, _ in recipe.experts}
        checks.check(kind, files, members.base)


def _check_whole(recipe: Recipe, members: Members) -> None:
    """What mergekit's slices and tokenizers ask of these members."""
    if recipe.layers not in (None, members.blocks):
        with within("slices"):
            raise ValueError(
                f"slices: they have {recipe.layers} layers, {recipe.base} has {members.blocks}; "
                f"{WHOLE}"
            )
    if recipe.tokenizer and not directories.tokenizer_files(recipe.tokenizer):
        key = "tokenizer" if recipe.source.get("tokenizer") else "tokenizer_source"
        with within(key):
            raise ValueError(
                f"{recipe.tokenizer}: has no tokenizer, and the recipe asks for its; expected "
                f"{' or '.join(directories.VOCABULARIES)} there, or another source"
            )


def _folded(recipe: Recipe, embeddings: str) -> Members | None:
    """The members with adapters as full models, where tokens of several are brought together."""
    from babelmerge.merging import engine

    return engine.with_tokens(recipe.base, dict(recipe.experts), embeddings)


def _check_adapters(recipe: Recipe, point: Settings, ids: Sequence[str], added: bool) -> None:
    """Whether adapters fit the base, each other and what is to be made of them.

    added: whether all are, to the base.
    """
    from babelmerge.merging.adapters import merges, output
    from babelmerge.models import adapter_base, adapters, checkpoints

    if recipe.align:
        raise ValueError(
            f"align: {ids[0]} is an adapter, whose units are the base's by construction; leave "
            "align out"
        )
    base, paths = checkpoints.Checkpoint(recipe.base), dict(recipe.experts)
    found = {id_: adapters.Adapter(paths[id_], base, point.embeddings) for id_ in ids}
    adapter_base.check_same({id_: one.config for id_, one in found.items()})
    compatibility.tell_adapters(found)
    if recipe.output == "adapter" or (added and not point.rule.angles):
        merge = merges.AdapterMerge(base, found, point)
        if recipe.output == "adapter":
            output.check(merge, recipe.rank, point.dtype)
    if recipe.output != "adapter":
        for one in found.values():
            one.require_full()


def _check_mixture(recipe: Recipe, members: Members) -> None:
    """ValueError where full models have a head of their own, and the adapters' base has not."""
    if members.names != ModelFiles(recipe.base).names:
        raise ValueError(
            f"{recipe.base}: its output head is its embeddings, as it is the adapters' base; "
            f"{next(iter(members.experts))} has a head of its own: merge adapters and full models "
            "apart, or give the base a head of its own (a copy, and tie_word_embeddings: false)"
        )


def _check_alignment(members: Members) -> None:
    """ValueError for an architecture whose units are not known."""
    from babelmerge.merging.alignment.layout import layout_of

    layout_of(members.base, members.base.config)
