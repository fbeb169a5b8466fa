"""Checks that need no tensor: configs, vocabularies, fingerprints.

Shapes are checked in `members`. What passes there can still be garbage when merged: the same shape
with another number of heads, or the same number of rows with other tokens in them. No torch.
"""

import hashlib
import itertools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babelmerge.files import directories
from babelmerge.merging.streaming.members import Members
from babelmerge.models.dialect import configs
from babelmerge.recipes.members import is_same
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.recipes import Recipe
from babelmerge.recipes.settings import Settings
from babelmerge.words.showing import shown

logger = logging.getLogger(__name__)

# What cuts a text into tokens, beside the vocabulary, in a tokenizer.json.
CUTS = ("normalizer", "pre_tokenizer", "model.merges")


def check_all(members: Members, recipe: Recipe) -> None:
    """Everything about the members that can be wrong without reading a tensor."""
    check_members(members)
    check_fingerprints(recipe)
    tell_same(recipe)


def check_members(members: Members) -> None:
    """The same of members without a recipe."""
    check_configs(members)
    check_tokenizers(members)
    tell_ties(members)


def refuse_full_models(point: Settings) -> None:
    """ValueError for a method that works on the factors of adapters alone."""
    if METHODS[point.method].factors:
        raise ValueError(
            f"{point.method}: works on the factors of LoRA adapters, and not all experts are "
            f"adapters; give their directories, or merge by {point.then}"
        )


def check_configs(members: Members) -> None:
    """ValueError naming both files, key and values when two configs compute differently."""
    base = members.base
    for id_, expert in members.experts.items():
        if not (hasattr(base, "config") and hasattr(expert, "config")):
            continue
        differences, unsettled = configs.compare(base.config, expert.config)
        if differences:
            more = f" (and {len(differences) - 1} more keys)" if len(differences) > 1 else ""
            raise ValueError(
                f"config.json: base ({base.path}) and {id_} ({expert.path}) have "
                f"{differences[0]}{more}: equal weights do not compute the same under both; "
                "expected members of one architecture and one set-up: give models that were tuned "
                f"from this base, the base of {id_}, or, if you know that both mean the same, "
                f"write the base's value into {id_}'s config.json"
            )
        for one in unsettled:
            logger.warning(
                "config.json: base and %s have %s; transformers does not know the key, so whether "
                "it changes what the weights compute is not known",
                id_,
                one,
            )


def check_tokenizers(members: Members) -> None:
    """ValueError when a member's vocabulary is not the base's, token by token.

    Compared are tokenizer.json (its tokens and their ids, added ones too) or, where there is none,
    the bytes of tokenizer.model. A member without any tokenizer is passed over with a warning; so
    is one whose tokenizer cuts texts otherwise into the same tokens.
    """
    base = getattr(members.base, "path", None)
    for id_, expert in members.experts.items():
        if base is None or not hasattr(expert, "path"):  # state dicts have none
            continue
        ours, theirs = _tokenizer_file(base), _tokenizer_file(expert.path)
        if ours is None or theirs is None:
            lacking = "base" if ours is None else id_
            logger.warning("%s has no tokenizer; vocabularies are not compared", lacking)
        elif ours.name != theirs.name:
            raise ValueError(f"base has {ours.name}, {id_} has {theirs.name}; use one tokenizer")
        elif _digest(ours) != _digest(theirs):
            _compare(ours, id_, theirs)


def tell_ties(members: Members) -> None:
    """A warning where heads and configs do not agree: the result says which it is."""
    if members.tied is None:
        return
    if members.tied:
        logger.warning(
            "the output heads are copies of the embeddings: merged as one tensor, and the result "
            "is tied (tie_word_embeddings: true)"
        )
        return
    logger.warning(
        "%s differs from the embeddings in some member, though config.json ties them: the heads "
        "are merged, and the result is untied (tie_word_embeddings: false)",
        members.base.head,
    )


def tell_same(recipe: Recipe) -> None:
    """A warning for a folder that is merged twice, and for an expert that is the base."""
    base = [] if METHODS[recipe.method].whole else [("base", recipe.base)]
    for (one, path), (other, again) in itertools.combinations([*base, *recipe.experts], 2):
        if is_same(path, again):
            logger.warning(
                "%s and %s are one folder, %s: %s",
                one,
                other,
                path,
                "an expert without a change" if one == "base" else "it counts twice",
            )


def check_fingerprints(recipe: Recipe) -> None:
    """ValueError when a member is no longer the model that the recipe was made with."""
    members = {"base": recipe.base, **dict(recipe.experts)}
    for id_, expected in recipe.fingerprints.items():
        found = directories.fingerprint(members[id_])
        if found != expected:
            raise ValueError(
                f"{members[id_]}: its fingerprint is {found[:12]}…, the recipe was made with "
                f"{expected[:12]}… ({id_}); select the recipe again, or take its fingerprints out"
            )


def _tokenizer_file(directory: Path) -> Path | None:
    for name in ("tokenizer.json", "tokenizer.model"):
        if (directory / name).is_file():
            return directory / name
    return None


def _digest(path: Path) -> bytes:
    return hashlib.sha256(path.read_bytes()).digest()


def _compare(ours: Path, id_: str, theirs: Path) -> None:
    if ours.suffix != ".json":
        raise ValueError(f"base and {id_} have different {ours.name}; retrain with one tokenizer")
    contents = directories.read_json(ours), directories.read_json(theirs)
    base, expert = _vocabulary(ours, contents[0]), _vocabulary(theirs, contents[1])
    if len(base) != len(expert):
        raise ValueError(
            f"tokenizer.json: base has {len(base)} tokens, {id_} has {len(expert)}; retrain with "
            "one tokenizer"
        )
    if differing := [token for token in base if expert.get(token) != base[token]]:
        token = differing[0]
        raise ValueError(
            f"tokenizer.json: base has {shown(token)} at {base[token]}, {id_} at "
            f"{expert.get(token)} ({len(differing)} of {len(base)} tokens differ); retrain with "
            "one tokenizer"
        )
    if others := [key for key in CUTS if _at(contents[0], key) != _at(contents[1], key)]:
        logger.warning(
            "%s has another %s than %s: the same tokens, but texts are cut into others; use one "
            "tokenizer, or train the expert with the base's",
            theirs,
            " and ".join(others),
            ours,
        )


def _at(content: Any, key: str) -> Any:
    """What a file has under a dotted key, None where it has nothing."""
    for part in key.split("."):
        content = content.get(part) if isinstance(content, dict) else None
    return content


def _vocabulary(path: Path, content: Any) -> dict[str, int]:
    try:
        return {
            **dict(_model_tokens(content["model"]["vocab"])),
            **{token["content"]: token["id"] for token in content.get("added_tokens", [])},
        }
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError(
            f"{path}: holds no vocabulary (model.vocab, added_tokens); fetch it again"
        ) from error


def _model_tokens(vocabulary: Any) -> Iterator[tuple[str, int]]:
    if isinstance(vocabulary, dict):
        yield from vocabulary.items()
    else:  # Unigram: a list of (token, score)
        yield from ((entry[0], number) for number, entry in enumerate(vocabulary))
