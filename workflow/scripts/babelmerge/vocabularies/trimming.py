"""A ready model with the tokens alone that some texts use: smaller embeddings, the same outputs.

A vocabulary for 140 languages is most of a small model, and most of what its head computes. Texts
whose tokens all stay are cut as before and foretold by the same logits, but for those of tokens
that went; other text is cut into smaller tokens. What is named in a config, was added to the
tokenizer, or makes a token that is kept, stays too; but an added token that embeddings have no row
for, which no model can read, goes with its names. The idea is that of Abdaoui et al. 2020
(arXiv:2010.05609) and Ushio et al. 2023 (arXiv:2305.15020).
"""

import json
import logging
import re
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tokenizers import Tokenizer

from babelmerge.files.directories import read_json, write_json
from babelmerge.models.checkpoints import INDEX, Checkpoint, weight_files, write_tensors
from babelmerge.models.dialect import rows, tokenizers, vocabulary
from babelmerge.models.dialect.agreement import GENERIC
from babelmerge.models.loading import load_tokenizer
from babelmerge.vocabularies import derivations

LOG = logging.getLogger(__name__)
CONFIGS = ("config.json", "generation_config.json")
IDS = re.compile(r"(_token_ids?|_token_index|suppress_tokens|bad_words_ids)$")
# Keys of tokenizer_config.json that repeat what tokenizer.json has, under the old ids.
REPEATED = (tokenizers.ADDED, "add_bos_token", "add_eos_token", "vocab_size")
NAMING = (tokenizers.CONFIG, "special_tokens_map.json")
MARKS = ("bos_token_id", "eos_token_id", "pad_token_id", "unk_token_id")  # of every tokenizer
AT_ONCE = 1000  # texts


class Trimmed(NamedTuple):
    """How many rows of embeddings were kept, and of how many."""

    tokens: int
    of: int


def trim(folder: Path, texts: Iterable[str]) -> Trimmed:
    """Drop from the model in a folder what the texts do not use, in place.

    Only files of `folder` are written; weights may be links. Raises ValueError where there is no
    tokenizer.json or one of another kind than BPE and unigram, where weights have rows of the
    vocabulary under a name that is not known or none for a token that texts need, and unless the
    texts are then cut as before.
    """
    texts = list(dict.fromkeys(texts))
    tokenizer = load_tokenizer(folder)
    cut = [*_cut(tokenizer, texts)]
    files = Checkpoint(folder)
    old = rows.count(files)
    try:
        content = _content(tokenizer)
        read = {id_ for ids in cut for id_ in ids} | _marks(tokenizer)
        kept = _kept(content, read, _named(folder), old)
        _require_known(files, old)
    except ValueError as error:
        raise ValueError(
            f"{folder}: its vocabulary cannot be trimmed: {error}; leave base.vocabulary out"
        ) from error
    numbers = {id_: number for number, id_ in enumerate(kept)}
    _write_weights(folder, np.array(kept))
    _write_tokenizer(folder, _renumbered(content, numbers))
    _forget(folder, {one["content"] for one in content["added_tokens"] if one["id"] >= old})
    for name in CONFIGS:
        if (file := folder / name).is_file():
            write_json(file, _translated(read_json(file), numbers))
    config = folder / CONFIGS[0]
    write_json(config, vocabulary.sized(read_json(config), len(kept)))
    _require_same(folder, texts, [[numbers[id_] for id_ in ids] for ids in cut], len(kept))
    LOG.info("%s: %d of %d tokens are kept", folder, len(kept), old)
    return Trimmed(len(kept), old)


def _content(tokenizer: Any) -> dict[str, Any]:
    """The tokenizer.json of a tokenizer as it is in memory, with what its class added."""
    backend = getattr(tokenizer, "backend_tokenizer", None)
    if backend is None:
        raise ValueError("transformers has no fast tokenizer of it, which a tokenizer.json gives")
    content = json.loads(backend.to_str())
    derivations.require_known(content["model"])
    return {**content, "truncation": None, "padding": None}


def _marks(tokenizer: Any) -> set[int]:
    """The ids of special tokens that texts are begun, ended and filled up with."""
    return {id_ for mark in MARKS if (id_ := getattr(tokenizer, mark)) is not None}


def _kept(content: Mapping[str, Any], read: set[int], named: set[int], size: int) -> list[int]:
    """The ids that stay, in their order, of embeddings of so many rows.

    read: those that texts need, each of which must have a row. named: those of configs.
    """
    ids = _ids(content["model"])
    names = {id_: token for token, id_ in ids.items()}
    added = {entry["id"] for entry in content["added_tokens"]}
    beside = {id_ for id_ in added | named if id_ < size}
    pieces = {names[id_] for id_ in (read | beside) - added if id_ in names}
    entries = derivations.needed(content["model"], pieces)
    needed = {ids[token] for token in entries} | read | _around(content["post_processor"])
    if max(needed) >= size:
        raise ValueError(f"texts need its token {max(needed)}, and its embeddings have {size} rows")
    return sorted(needed | beside)


def _ids(model: Mapping[str, Any]) -> dict[str, int]:
    entries = model["vocab"]
    if isinstance(entries, Mapping):
        return dict(entries)
    return {piece: number for number, (piece, _) in enumerate(entries)}


def _renumbered(content: Mapping[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """A tokenizer.json with the kept ids alone, under their new numbers."""
    ids = _ids(content["model"])
    kept = sorted((token for token in ids if ids[token] in numbers), key=ids.__getitem__)
    added = [one for one in content["added_tokens"] if one["id"] in numbers]
    return {
        **content,
        "model": derivations.reduced(content["model"], kept),
        "added_tokens": [{**one, "id": numbers[one["id"]]} for one in added],
        "post_processor": _processed(content["post_processor"], numbers.__getitem__),
    }


def _around(part: Any) -> set[int]:
    """The ids that may be put around texts and pairs of texts."""
    found: list[int] = []
    _processed(part, found.append)
    return {*found}


def _processed(part: Any, change: Callable[[int], Any]) -> Any:
    """What is put around texts, with other ids: of templates, and of pairs [token, id]."""
    if isinstance(part, list):
        pair = len(part) == 2 and isinstance(part[0], str) and isinstance(part[1], int)
        return [part[0], change(part[1])] if pair else [_processed(one, change) for one in part]
    if not isinstance(part, Mapping):
        return part
    return {
        key: [change(id_) for id_ in value] if key == "ids" else _processed(value, change)
        for key, value in part.items()
    }


def _write_tokenizer(folder: Path, content: Mapping[str, Any]) -> None:
    """Put a tokenizer.json in the place of all that tells the old ids."""
    Tokenizer.from_str(json.dumps(content))
    gone = {*vocabulary.COMPANIONS} - {tokenizers.CONFIG, "chat_template.jinja"}
    gone -= {"chat_template.json", "special_tokens_map.json"}  # these have texts, and no ids
    for name in gone:
        (folder / name).unlink(missing_ok=True)
    write_json(folder / tokenizers.FILE, content)
    config = {k: v for k, v in tokenizers.settings(folder).items() if k not in REPEATED}
    write_json(folder / tokenizers.CONFIG, {**config, "tokenizer_class": GENERIC})


def _forget(folder: Path, tokens: set[str]) -> None:
    """Take tokens that went out of a tokenizer's configs, by which they would be added again."""
    for name in NAMING if tokens else ():
        if (file := folder / name).is_file():
            write_json(file, _without(read_json(file), tokens))
    if tokens:
        LOG.info("%s: %s had no row, and went", folder, tokenizers.listed((*sorted(tokens),)))


def _without(part: Any, tokens: set[str]) -> Any:
    """A config without what is the name of one of some tokens, alone or in a list."""

    def stays(value: Any) -> bool:
        return not isinstance(value, str | Mapping) or tokenizers.name_of(value) not in tokens

    if isinstance(part, Mapping):
        return {key: _without(value, tokens) for key, value in part.items() if stays(value)}
    if isinstance(part, list):
        return [_without(value, tokens) for value in part if stays(value)]
    return part


def _named(folder: Path) -> set[int]:
    """The ids that a model's configs name."""
    found: list[int] = []
    for name in CONFIGS:
        if (file := folder / name).is_file():
            _each_id(read_json(file), found.append)
    return {id_ for id_ in found if id_ >= 0}


def _translated(config: Any, numbers: Mapping[int, int]) -> Any:
    """A config with its ids renumbered; those that no row is for stay."""
    return _each_id(config, lambda id_: numbers.get(id_, id_))


def _each_id(config: Any, change: Any, inside: bool = False) -> Any:
    """A config with a function applied to each number under a key for ids of tokens."""
    if isinstance(config, Mapping):
        return {
            key: _each_id(value, change, inside or bool(IDS.search(key)))
            for key, value in config.items()
        }
    if isinstance(config, list):
        return [_each_id(value, change, inside) for value in config]
    is_id = inside and isinstance(config, int) and not isinstance(config, bool)
    return change(config) if is_id else config


def _require_known(files: Checkpoint, size: int) -> None:
    """ValueError for tensors that seem to have a row for each token, under unknown names."""
    known = rows.names_of(files)
    if not known:
        raise ValueError("none of its tensors is known as embeddings")
    odd = [name for name in files.names if name not in known and size in files.shape(name)]
    odd += rows.tables(files)  # which may have rows for the first tokens alone
    uneven = [name for name in known if files.shape(name)[0] != size]
    if odd or uneven:
        name = (odd or uneven)[0]
        raise ValueError(f"{name} is {list(files.shape(name))}, beside embeddings of {size} rows")


def _write_weights(folder: Path, kept: np.ndarray) -> None:
    """Weights with the kept rows alone, in the place of files that may be links."""
    whole = folder / "whole"
    whole.mkdir()
    for name in [*weight_files(folder), INDEX]:
        if (folder / name).exists():
            (folder / name).rename(whole / name)
    shutil.copyfile(folder / CONFIGS[0], whole / CONFIGS[0])
    files = Checkpoint(whole)
    known = {*rows.names_of(files)}
    layout = {
        name: (files.code(name), _shape(files.shape(name), len(kept), name in known))
        for name in files.names
    }

    def pieces(name: str) -> list[np.ndarray]:
        raw = files.raw(name)
        return [raw.reshape(files.shape(name)[0], -1)[kept] if name in known else raw]

    write_tensors(folder, layout, pieces)
    shutil.rmtree(whole)


def _shape(shape: tuple[int, ...], size: int, known: bool) -> tuple[int, ...]:
    return (size, *shape[1:]) if known else shape


def _require_same(folder: Path, texts: list[str], expected: list[list[int]], size: int) -> None:
    """ValueError unless the tokenizer that was written cuts texts as the old one did, and has a row
    for each of its tokens."""
    tokenizer = load_tokenizer(folder)
    token, last = max(tokenizer.get_vocab().items(), key=lambda one: one[1])
    if last >= size:
        raise ValueError(
            f"{folder}: with {size} tokens kept, its tokenizer is loaded with {token!r} at {last}; "
            "leave base.vocabulary out"
        )
    found = _cut(tokenizer, texts)
    for text, ids, want in zip(texts, found, expected, strict=True):
        if ids != want:
            raise ValueError(
                f"{folder}: with the tokens alone that texts use, {text[:80]!r} is cut into "
                f"{len(ids)} tokens, and {len(want)} before; leave base.vocabulary out"
            )


def _cut(tokenizer: Any, texts: Sequence[str]) -> Iterator[list[int]]:
    """The ids of each text, with what is put around it."""
    for start in range(0, len(texts), AT_ONCE):
        yield from tokenizer(texts[start : start + AT_ONCE])["input_ids"]
