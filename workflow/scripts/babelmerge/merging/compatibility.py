"""Checks that need no tensor: configs, vocabularies, fingerprints.

Shapes are checked in `members`. What passes there can still be garbage when merged: the same shape
with another number of heads, or the same number of rows with other tokens in them. No torch.
"""

import filecmp
import itertools
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from babelmerge.files import directories
from babelmerge.files.tensor_headers import FLOATING, beside
from babelmerge.merging.streaming.members import Members
from babelmerge.models import adapter_base
from babelmerge.models.dialect import (
    agreement,
    configs,
    conventions,
    rows,
    sameness,
    tokenizers,
)
from babelmerge.models.dialect.tokenizers import SAMPLES, Differences, listed
from babelmerge.models.dialect.vocabulary import BASE, REMEDY, STRICT, Vocabulary
from babelmerge.recipes.members import is_same
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.recipes import Recipe, doubtful
from babelmerge.words.showing import plain, shown

if TYPE_CHECKING:
    from babelmerge.models.adapters import Adapter

logger = logging.getLogger(__name__)
AUTO = "auto"  # the chat template that most members have


def check_all(members: Members, recipe: Recipe, chat_template: str | None = None) -> None:
    """Everything about the members that can be wrong without reading a tensor.

    chat_template: the expert whose conventions are taken.
    """
    check_members(members)
    folders = {BASE: recipe.base, **dict(recipe.experts)}
    said = (*conventions.said(folders, chat_template), *as_mergekit(recipe))
    for told in (*doubtful(recipe), *said, *left_out(folders, members)):
        logger.warning("%s", told)
    check_fingerprints(recipe)
    tell_same(recipe, members)


def check_members(members: Members) -> None:
    """The same of members without a recipe."""
    check_configs(members)
    models = {BASE: members.base, **members.experts}
    check_tokenizers(members.vocabulary, {id_: rows.count(one) for id_, one in models.items()})
    tell_ties(members)


def as_mergekit(recipe: Recipe) -> list[str]:
    """What is done as mergekit does it, and may not be what was meant, in sentences."""
    told = []
    if recipe.passed:
        told.append(
            f"{recipe.method} has no {' and no '.join(recipe.passed)}: passed over, as in mergekit"
        )
    folders = (recipe.base, *dict(recipe.experts).values())
    auto = recipe.template == AUTO
    if recipe.template and not (auto and conventions.common_template(folders) is None):
        whose = "the one that most members have" if auto else "the one that the recipe names"
        told.append(f"the chat template is {whose}; end tokens and defaults are the base's")
    return told


def left_out(folders: Mapping[str, str], members: Members) -> list[str]:
    """What of the members is not merged, in sentences without an end.

    Files of weights beside a model's own, numbers of which the result has the base's (integers and
    switches, where an expert has others), and code that the base's config asks for.
    """
    told = [
        f"{label}: {found[0]}{_more(found)} beside the model's own weights: not merged, and not in "
        "the result; copy it there if it belongs to the model"
        for label, folder in folders.items()
        if (found := beside(folder))
    ]
    base = members.base
    for id_, expert in members.experts.items():
        whole = (
            n for n in members.names if base.code(n) not in FLOATING and hasattr(expert, "raw")
        )
        found = [n for n in whole if not np.array_equal(base.raw(n), expert.raw(n))]
        if found:
            told.append(
                f"{id_}: {found[0]}{_more(found)} differs from the base's, and is not merged as it "
                f"is of whole numbers ({base.code(found[0])}): the result has the base's"
            )
    return [*told, *_behind(folders), *_code(Path(folders[BASE]))]


def _behind(folders: Mapping[str, str]) -> Iterator[str]:
    """What is said behind a model (pooling), where an expert says otherwise.

    Files of folders that come with the base; a file that an expert has not is no difference.
    """
    base, *others = folders
    parts = (one for one in directories.parts(folders[base]) if one.name != directories.TEMPLATES)
    names = [p.relative_to(folders[base]) for part in parts for p in part.glob("*") if p.is_file()]
    for id_ in others:
        pairs = [(Path(folders[base], name), Path(folders[id_], name)) for name in names]
        found = [p for p, q in pairs if q.is_file() and not filecmp.cmp(p, q, shallow=False)]
        if found:
            name = found[0].relative_to(folders[base]).as_posix()
            yield f"{id_}: {name}{_more(found)} differs from the base's, which the result has"


def _code(base: Path) -> Iterator[str]:
    """That code in the base's folder, which its config asks for, is not copied."""
    files = (base / name for name in ("config.json", tokenizers.CONFIG))
    asks = any(path.is_file() and "auto_map" in directories.read_json(path) for path in files)
    if asks and (found := sorted(path.name for path in base.glob("*.py"))):
        yield (
            f"base: its config asks for code of its own (auto_map; {plain(found[0])}"
            f"{_more(found)}), which is not copied into the result: copy it there, if you trust "
            "it, where transformers does not know the model without"
        )


def _more(found: list[str]) -> str:
    return f" (and {len(found) - 1} more)" if len(found) > 1 else ""


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


def check_tokenizers(vocabulary: Vocabulary, sizes: Mapping[str, int]) -> None:
    """ValueError when a member's rows are not the base's, token by token; see `Vocabulary`.

    A member without any tokenizer is passed over with a warning; a warning too for one whose
    tokenizer cuts texts otherwise, and for tokens that not all have. sizes: rows of embeddings.
    """
    for label in vocabulary.lacking:
        logger.warning("%s has no tokenizer; vocabularies are not compared", label)
    for id_, found in vocabulary.differences.items():
        if vocabulary.choice == STRICT:
            _refuse_moved(vocabulary, id_, found)
            _refuse_rowless(vocabulary, id_, sizes)
        if found.cuts:
            logger.warning(
                "%s has another %s than %s: of %d sample texts %d are cut otherwise; use one "
                "tokenizer, or train the expert with the base's",
                vocabulary.files[id_],
                " and ".join(found.cuts),
                vocabulary.files[BASE],
                len(SAMPLES),
                found.samples,
            )
    if vocabulary.choice == STRICT:
        _refuse_crossed(vocabulary)
    for told in vocabulary.said():
        logger.warning("%s", told)
    _tell_lost(vocabulary)


def _tell_lost(vocabulary: Vocabulary) -> None:
    """A warning for marks that the tokenizer of the result would cut into pieces."""
    folder = vocabulary.folders[vocabulary.lead]
    if folder is not None and (marks := agreement.lost(folder)):
        logger.warning(
            "%s: tokenizer_config.json names %s, which transformers passes over and cuts into "
            "pieces: of %s it takes one; list all of them in extra_special_tokens",
            folder,
            listed(tuple(marks)),
            " and ".join(agreement.NAMED),
        )


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


def tell_same(recipe: Recipe, members: Members) -> None:
    """A warning for a model that is merged twice, and for an expert that is the base."""
    paths = {BASE: recipe.base, **dict(recipe.experts)}
    if METHODS[recipe.method].whole:
        del paths[BASE]
    found = [pair for pair in itertools.combinations(paths, 2) if is_same(*map(paths.get, pair))]
    for one, other in found:
        logger.warning("%s and %s are one folder, %s: %s", one, other, paths[one], _means(one))
    models = {BASE: members.base, **members.experts}
    for one, other in sameness.equal({id_: m for id_, m in models.items() if id_ in paths}):
        if (one, other) not in found:
            logger.warning("%s and %s have the same weights: %s", one, other, _means(one))


def tell_adapters(adapters: "Mapping[str, Adapter]") -> None:
    """The same of adapters: of those that are one, that change nothing, or are of another base."""
    for one in adapters.values():
        adapter_base.tell_other(one.config, one.base.path)
        if one.untrained:
            logger.warning(
                "%s: every B of it is zero: %s, as before training", one.path, _means(BASE)
            )
    for (one, left), (other, right) in itertools.combinations(adapters.items(), 2):
        if left.path != right.path and left.is_copy(right):
            logger.warning("%s and %s have the same weights: %s", one, other, _means(one))


def _means(one: str) -> str:
    return "an expert without a change" if one == BASE else "it counts twice"


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


def _refuse_moved(vocabulary: Vocabulary, id_: str, found: Differences) -> None:
    """ValueError where a row of the embeddings is one token's here, and another's there."""
    if not found.moved:
        return
    base, expert = vocabulary.tokens(BASE).ids, vocabulary.tokens(id_).ids
    token = found.moved[0]
    there = expert[token]
    if token in base:
        says = f"base has {shown(token)} at {base[token]}, {id_} at {there}"
    else:
        (other,) = (one for one, number in base.items() if number == there)
        says = f"base has {shown(other)} at {there}, {id_} has {shown(token)} there"
    raise ValueError(
        f"{vocabulary.files[id_].name}: {says} ({len(found.moved)} of {len(base)} tokens differ; "
        f"base has {len(base)} tokens, {id_} has {len(expert)}); {REMEDY}"
    )


def _refuse_crossed(vocabulary: Vocabulary) -> None:
    """ValueError where tokens that the base lacks have one row in two experts, or one has two."""
    tokens: dict[int, tuple[str, str]] = {}  # row -> (its token, the expert that has it)
    rows: dict[str, tuple[int, str]] = {}
    for id_, found in vocabulary.differences.items():
        for token in found.more:
            row = vocabulary.tokens(id_).ids[token]
            other, whose = tokens.setdefault(row, (token, id_))
            first, owner = rows.setdefault(token, (row, id_))
            if other != token:
                says = f"{whose} has {shown(other)} at {row}, {id_} has {shown(token)} there"
            elif first != row:
                says = f"{owner} has {shown(token)} at {first}, {id_} at {row}"
            else:
                continue
            raise ValueError(f"{vocabulary.files[id_].name}: {says}, the base none; {REMEDY}")


def _refuse_rowless(vocabulary: Vocabulary, id_: str, sizes: Mapping[str, int]) -> None:
    """ValueError for tokens that lie beyond the rows of the embeddings."""
    last, rows = max(vocabulary.tokens(id_).ids.values()), sizes.get(id_, 0)
    if rows and last >= rows and vocabulary.differences[id_].more:
        raise ValueError(
            f"{vocabulary.files[id_]}: base has {len(vocabulary.tokens(BASE).ids)} tokens, {id_} "
            f"has {len(vocabulary.tokens(id_).ids)}, and its embeddings have {rows} rows; put the "
            "tokenizer into its folder that it was trained with, or set embeddings: base"
        )
