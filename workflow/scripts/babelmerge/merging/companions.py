"""What a merged model has beside its weights: config, tokenizer, conventions of use.

They are the base's, but for what the vocabulary and the settings ask for, and what readers must
know of that. Writes only into the folder it is given; no torch.
"""

import functools
import importlib.util
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.files import directories, tensor_files, ties
from babelmerge.merging import compatibility
from babelmerge.merging.streaming.members import Members
from babelmerge.models.dialect import configs, conventions, rows, vocabulary
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes import lines
from babelmerge.recipes.recipes import OWN, Recipe
from babelmerge.recipes.settings import Settings
from babelmerge.words.showing import shown

KNOWN = "_data/chat_templates/*.jinja"  # in mergekit


def told(recipe: Recipe, point: Settings, members: Members) -> list[str]:
    """Sentences on vocabularies, chat templates, end tokens and generation defaults that differ.

    And on what of the members is not merged.
    """
    folders = {vocabulary.BASE: recipe.base, **dict(recipe.experts)}
    said = conventions.said(folders, point.chat_template)
    said += compatibility.as_mergekit(recipe)
    return [*members.vocabulary.said(), *said, *compatibility.left_out(folders, members)]


def check(recipe: Recipe, point: Settings, members: Members) -> None:
    """ValueError where `write` would meet a link to elsewhere, or a token that cannot be had."""
    directories.refuse_links(recipe.base)
    template(recipe)
    spoken = members.vocabulary
    if spoken.added and not recipe.tokenizer:
        spoken.appended()
    if spoken.lead != vocabulary.BASE:
        conventions.check_ids(recipe.base, functools.partial(spoken.number, vocabulary.BASE))
    if point.chat_template is not None:
        check_conventions(members, point.chat_template, dict(recipe.experts)[point.chat_template])


def check_conventions(members: Members, whose: str, folder: str | Path) -> None:
    """ValueError where an expert's conventions speak of tokens that the result has not."""
    spoken = members.vocabulary
    conventions.check(folder, functools.partial(spoken.number, whose))
    if (end := conventions.read(folder).end) is not None:
        spoken.require(whose, end)


def write(recipe: Recipe, point: Settings, members: Members, directory: Path) -> None:
    """All of a model but its weights."""
    directories.copy_companions(recipe.base, directory)
    if recipe.tokenizer:
        directories.copy_tokenizer(recipe.tokenizer, directory)
    _speak(members, dict(recipe.experts), point.chat_template, directory, not recipe.tokenizer)
    if (text := template(recipe)) is not None:
        conventions.write_template(directory, text)
    said = directories.read_json(directory / "config.json")
    config = _config(recipe, members, said)
    if config != said:
        directories.write_json(directory / "config.json", config)
    directories.write_config(config, point.dtype, directory)
    if again := copies(recipe, members):
        tensor_files.add_copies(directory, again)


def template(recipe: Recipe) -> str | None:
    """The chat template that a recipe asks for in mergekit's words; None: it asks for none.

    auto is the one that most members have, of as many the base's or the first's; a name is that of
    a template that comes with mergekit. ValueError for a name where mergekit is not installed, or
    that it does not have.
    """
    asked = recipe.template
    if asked is None or "{" in asked:
        return asked
    if asked == compatibility.AUTO:
        return conventions.common_template((recipe.base, *dict(recipe.experts).values()))
    with lines.within("chat_template"):
        return _known_template(asked)


def _known_template(name: str) -> str:
    """The text of a template that comes with mergekit."""
    found = importlib.util.find_spec("mergekit")
    places = found.submodule_search_locations if found else None
    known = {one.stem: one for place in places or () for one in Path(place).glob(KNOWN)}
    if name in known:
        return known[name].read_text(encoding="utf-8")
    there = f"auto, {', '.join(sorted(known))}" if known else "auto (mergekit has more by name)"
    raise ValueError(
        f"chat_template is {shown(name)}; expected {there}, or the text of a template; or name the "
        f"expert that has it under {OWN}: {{chat_template: ID}}"
    )


def _speak(
    members: Members, experts: Mapping[str, Any], whose: str | None, directory: Path, anew: bool
) -> None:
    """Tokenizer, ids of tokens and conventions, in a directory that has the base's companions.

    whose: the expert whose conventions are taken; None: the base's, with whatever tokenizer.
    anew: whether the tokenizer is the vocabulary's, not a member's that was put there.
    """
    spoken, base = members.vocabulary, vocabulary.BASE
    folders = {base: spoken.folders[base], **experts}
    if anew:
        spoken.write(directory)
    if spoken.lead != base:
        conventions.renumber(directory, functools.partial(spoken.number, base))
        whose = whose or base
    if whose is not None:
        conventions.take(folders[whose], directory, functools.partial(spoken.number, whose))


def tokenizer(members: Members, experts: Mapping[str, Any], chat_template: str | None) -> Any:
    """The tokenizer that a merge would have, where that is not the base's; None: it is.

    experts: folders by id. chat_template: the expert whose conventions are taken. The ids at which
    the merge would stop are the tokenizer's `model_stops`: a live model has the base's.
    """
    spoken = members.vocabulary
    if spoken.folders[vocabulary.BASE] is None:
        return None
    if chat_template is None and not spoken.added and spoken.lead == vocabulary.BASE:
        return None
    from babelmerge.models.loading import load_tokenizer

    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        directories.copy_companions(spoken.folders[vocabulary.BASE], folder)
        _speak(members, experts, chat_template, folder, True)
        found = load_tokenizer(folder)
        found.model_stops = list(conventions.read(folder).ends)
        return found


def copies(recipe: Recipe, members: Members) -> dict[str, str]:
    """Tensors that are written once more, by other names, where the result's config is untied.

    New name -> the merged tensor that it is.
    """
    tied = ModelFiles(recipe.base).tied if members.tied is None else members.tied
    return {} if tied else ties.copies_of(members.names)


def _config(recipe: Recipe, members: Members, said: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the ties and the number of rows that the weights have."""
    config = dict(said) if members.tied is None else configs.retold(said, members.tied)
    old, new = (
        (rows.count(one), rows.first(one)) for one in (ModelFiles(recipe.base), members.base)
    )
    return config if new == old else vocabulary.sized(config, *new, old[0])
