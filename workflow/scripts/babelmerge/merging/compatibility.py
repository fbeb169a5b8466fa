"""Checks that need no tensor: configs, vocabularies, fingerprints, room on the disk.

Shapes are checked in `members`. What passes there can still be garbage when merged: the same shape
with another number of heads, or the same number of rows with other tokens in them. No torch.
"""

import hashlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from babelmerge.files import directories
from babelmerge.merging.streaming.members import Members
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.recipes import Recipe
from babelmerge.recipes.settings import Settings

logger = logging.getLogger(__name__)

# What cuts a text into tokens, beside the vocabulary, in a tokenizer.json.
CUTS = ("normalizer", "pre_tokenizer", "model.merges")
# Keys that change what weights of the same shape compute.
KEYS = (
    "model_type",
    "architectures",
    "hidden_act",
    "hidden_activation",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "rms_norm_eps",
    "rope_theta",
    "rope_parameters",
    "rope_scaling",
    "query_pre_attn_scalar",
    "attn_logit_softcapping",
    "final_logit_softcapping",
    "tie_word_embeddings",
)


def check_all(members: Members, recipe: Recipe) -> None:
    """Everything about the members that can be wrong without reading a tensor."""
    check_members(members)
    check_fingerprints(recipe)


def check_members(members: Members) -> None:
    """The same of members without a recipe."""
    check_configs(members)
    check_tokenizers(members)


def check_out(out_dir: str | Path, recipe: Recipe) -> None:
    """ValueError when the result would replace a member, or lie in one and change what it is."""
    out = Path(out_dir).resolve()
    for path in (recipe.base, *(path for _, path in recipe.experts)):
        member = Path(path).resolve()
        if member.is_relative_to(out):
            raise ValueError(f"{out_dir}: holds {path}, which is to be merged; choose another")
        if out.is_relative_to(member):
            raise ValueError(
                f"{out_dir}: lies in {path}, whose fingerprint it would change; choose another"
            )


def check_room(out_dir: str | Path, needed: int) -> None:
    """ValueError when the disk of `out_dir` has less free space than the merged model takes."""
    folder = Path(out_dir).absolute()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise ValueError(
            f"{out_dir}: the merged model takes {needed / 1e9:.1f} GB, its disk has "
            f"{free / 1e9:.1f} GB free; make room there, choose another folder, or a smaller dtype"
        )


def refuse_full_models(point: Settings) -> None:
    """ValueError for a method that works on the factors of adapters alone."""
    if METHODS[point.method].factors:
        raise ValueError(
            f"{point.method}: works on the factors of LoRA adapters, and not all experts are "
            f"adapters; give their directories, or merge by {point.then}"
        )


def check_configs(members: Members) -> None:
    """ValueError naming base, expert, key and both values when two configs compute differently."""
    base = members.base.config
    for id_, expert in members.experts.items():
        for key in KEYS:
            if key in base and key in expert.config and base[key] != expert.config[key]:
                raise ValueError(
                    f"config.json: base has {key} {base[key]!r}, {id_} has "
                    f"{expert.config[key]!r}; members of a merge need the same architecture: train "
                    "all from one base"
                )


def check_tokenizers(members: Members) -> None:
    """ValueError when a member's vocabulary is not the base's, token by token.

    Compared are tokenizer.json (its tokens and their ids, added ones too) or, where there is none,
    the bytes of tokenizer.model. A member without any tokenizer is passed over with a warning; so
    is one whose tokenizer cuts texts otherwise into the same tokens.
    """
    base = members.base.path
    for id_, expert in members.experts.items():
        ours, theirs = _tokenizer_file(base), _tokenizer_file(expert.path)
        if ours is None or theirs is None:
            lacking = "base" if ours is None else id_
            logger.warning("%s has no tokenizer; vocabularies are not compared", lacking)
        elif ours.name != theirs.name:
            raise ValueError(f"base has {ours.name}, {id_} has {theirs.name}; use one tokenizer")
        elif _digest(ours) != _digest(theirs):
            _compare(ours, id_, theirs)


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
            f"tokenizer.json: base has {token!r} at {base[token]}, {id_} at {expert.get(token)} "
            f"({len(differing)} of {len(base)} tokens differ); retrain with one tokenizer"
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
