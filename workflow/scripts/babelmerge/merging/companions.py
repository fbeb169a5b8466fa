"""What a merged model has beside its weights: config, tokenizer, conventions of use.

They are the base's, but for what the vocabulary and the settings ask for, and what readers must
know of that. Writes only into the folder it is given; no torch.
"""

import functools
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.files import directories, tensor_files, ties
from babelmerge.merging import compatibility
from babelmerge.merging.streaming.members import Members
from babelmerge.models.dialect import configs, conventions, rows, vocabulary
from babelmerge.models.dialect.opening import ModelFiles
from babelmerge.recipes.recipes import Recipe
from babelmerge.recipes.settings import Settings


def told(recipe: Recipe, point: Settings, members: Members) -> list[str]:
    """Sentences on vocabularies, chat templates, end tokens and generation defaults that differ.

    And on what of the members is not merged.
    """
    folders = {vocabulary.BASE: recipe.base, **dict(recipe.experts)}
    said = conventions.said(folders, point.chat_template)
    return [*members.vocabulary.said(), *said, *compatibility.left_out(folders, members)]


def check(recipe: Recipe, point: Settings, members: Members) -> None:
    """ValueError where `write` would find that the tokenizer cannot have a token."""
    if members.vocabulary.added and not recipe.tokenizer:
        members.vocabulary.appended()
    if (whose := point.chat_template) is not None:
        number = functools.partial(members.vocabulary.number, whose)
        conventions.check(dict(recipe.experts)[whose], number)


def write(recipe: Recipe, point: Settings, members: Members, directory: Path) -> None:
    """All of a model but its weights."""
    directories.copy_companions(recipe.base, directory)
    if recipe.tokenizer:
        directories.copy_tokenizer(recipe.tokenizer, directory)
    else:
        members.vocabulary.write(directory)
    if (whose := point.chat_template) is not None:
        number = functools.partial(members.vocabulary.number, whose)
        conventions.take(dict(recipe.experts)[whose], directory, number)
    said = directories.read_json(directory / "config.json")
    config = _config(recipe, members, said)
    if config != said:
        directories.write_json(directory / "config.json", config)
    directories.write_config(config, point.dtype, directory)
    if again := copies(recipe, members):
        tensor_files.add_copies(directory, again)


def tokenizer(members: Members, experts: Mapping[str, Any], chat_template: str | None) -> Any:
    """The tokenizer that a merge would have, where that is not the base's; None: it is.

    experts: folders by id. chat_template: the expert whose conventions are taken.
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
        spoken.write(folder)
        if chat_template is not None:
            number = functools.partial(spoken.number, chat_template)
            conventions.take(experts[chat_template], folder, number)
        return load_tokenizer(folder)


def copies(recipe: Recipe, members: Members) -> dict[str, str]:
    """Tensors that are written once more, by other names, where the result's config is untied.

    New name -> the merged tensor that it is.
    """
    tied = ModelFiles(recipe.base).tied if members.tied is None else members.tied
    return {} if tied else ties.copies_of(members.names)


def _config(recipe: Recipe, members: Members, said: Mapping[str, Any]) -> dict[str, Any]:
    """The config with the ties and the number of rows that the weights have."""
    config = dict(said) if members.tied is None else configs.retold(said, members.tied)
    size = rows.count(members.base)
    return config if size == rows.count(ModelFiles(recipe.base)) else vocabulary.sized(config, size)
