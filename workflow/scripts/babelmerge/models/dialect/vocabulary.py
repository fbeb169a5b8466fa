"""One vocabulary for models that have several: which row of the embeddings is whose token.

`strict` takes models whose tokens have one id each, in all of them; tokens that some have in rows
that are padding elsewhere are taken in. `common` goes by the tokens: the vocabulary is that of all,
in the base's order (or in that of an expert that has all tokens); `rows` brings embeddings to it.
`base` leaves embeddings, heads and tokenizer as the base has them. No torch.
"""

import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer

from babelmerge.files import directories
from babelmerge.files.directories import read_json, write_json
from babelmerge.models.dialect import tokenizers
from babelmerge.models.dialect.tokenizers import (
    ADDED,
    CONFIG,
    FILE,
    Differences,
    Slow,
    Tokens,
    listed,
)
from babelmerge.words.showing import shown

STRICT, COMMON, BASE = "strict", "common", "base"
SIZE = "vocab_size"
SIZES = (SIZE, "decoder_vocab_size")  # the other of Marian, whose sides may share their embeddings
BY_LAYER = "vocab_size_per_layer_input"  # of Gemma 3n and 4
PART = "text_config"
REMEDY = (
    "set embeddings: common (--embeddings common) to merge rows by token, or embeddings: base to "
    "keep the base's rows and merge the rest"
)
NO_FILE = f"that cannot be added to a tokenizer which has no {FILE}"
# What makes up a tokenizer in a model's folder.
COMPANIONS = (*tokenizers.FILES, CONFIG, "special_tokens_map.json", "added_tokens.json")
COMPANIONS += ("merges.txt", "chat_template.jinja", "chat_template.json")


class Vocabulary:
    """The tokenizers of models beside each other. folders: by label, the base's (`base`) first.

    None stands for a model that has no folder. choice: see above.
    """

    def __init__(self, folders: Mapping[str, Path | None], choice: str = STRICT):
        self.folders = dict(folders)
        self.choice = choice
        # Of experts whose tokenizers cannot be compared with the base's: the file that is not read.
        self.unread: dict[str, Path] = {}
        self._read: dict[str, Tokens] = {}
        self.files = {
            label: None if folder is None else tokenizers.file_of(folder)
            for label, folder in folders.items()
        }

    @property
    def lacking(self) -> list[str]:
        """Labels of models in folders that have no tokenizer."""
        return [one for one, file in self.files.items() if self.folders[one] and file is None]

    def tokens(self, label: str) -> Tokens:
        """A model's tokenizer; read once."""
        if label not in self._read:
            self._read[label] = tokenizers.read(self.files[label])
        return self._read[label]

    @cached_property
    def differences(self) -> dict[str, Differences]:
        """Of the models whose tokenizer is not the base's, by label."""
        ours = self.files[BASE]
        others = [label for label, file in self.files.items() if file and label != BASE]
        others = [one for one in others if ours and not tokenizers.same(ours, self.files[one])]
        unread = {one: self._unread_of(one) for one in others}
        self.unread = {one: file for one, file in unread.items() if file}
        return {
            one: tokenizers.compare(self.tokens(BASE), self.tokens(one))
            for one, file in unread.items()
            if file is None
        }

    def _unread_of(self, label: str) -> Path | None:
        """The first of two tokenizers, the base's and another's, that is not read here.

        That is allowed where nothing is asked of them (`BASE`) and the library that they are of may
        be missing. A tokenizer.json needs none: it is damaged then, and so may the rest be.
        """
        for one in (BASE, label):
            try:
                self.tokens(one)
            except ValueError:
                if self.choice != BASE or self.files[one].name == FILE:
                    raise
                return self.files[one]
        return None

    @cached_property
    def lead(self) -> str:
        """Whose tokenizer the result has: the base's, with tokens added to it, or an expert's."""
        unfit = [one for one in self.differences if not self._appendable(one)]
        if self.choice != COMMON or not unfit:
            return BASE
        every = {token for label in (BASE, *self.differences) for token in self.tokens(label).ids}
        for label in unfit:
            if every <= self.tokens(label).ids.keys():
                return label
        more = self.differences[unfit[0]].more
        learnt = tuple(token for token in more if not self._was_added(unfit[0], token))
        why = "that were not added but learnt with merges" if learnt else NO_FILE
        raise ValueError(
            f"embeddings: {unfit[0]} has {listed(learnt or more)} that the base lacks and {why}, "
            "and no model has the tokens of all: no tokenizer cuts texts into them; set "
            "embeddings: base, or merge the models of one vocabulary"
        )

    @cached_property
    def added(self) -> dict[str, int]:
        """Tokens that the result's tokenizer has beyond its lead's, with their ids."""
        if self.choice == BASE or self.lead != BASE or not self.differences:
            return {}
        start = max(self.tokens(BASE).ids.values()) + 1
        found: dict[str, int] = {}
        for one in self.differences.values():
            for token in one.more:
                found.setdefault(token, start + len(found))
        if self.choice == COMMON or self._stay(found):
            return found
        return {}  # their rows are merged, but no tokenizer has them where they are

    @cached_property
    def ids(self) -> dict[str, int]:
        """The result's tokens and their rows."""
        return {**self.tokens(self.lead).ids, **self.added}

    def number(self, label: str, id_: int) -> int:
        """The id in the result of a token that one of the models has at an id; below 0 is none."""
        asis = self.lead == BASE and label not in self.differences and label not in self.unread
        if asis or id_ < 0:
            return id_
        if label in self.unread:
            raise ValueError(
                f"chat_template: {label} speaks of its token {id_}, and which of the base's it is "
                f"cannot be told: {self.unread[label]} cannot be read here; leave chat_template "
                f"out, or give a {FILE} ({tokenizers.made_from(self.unread[label])})"
            )
        own = self.tokens(label if label in self.differences else BASE)
        token = next((token for token, place in own.ids.items() if place == id_), None)
        found = self.ids if self.choice != BASE else self.tokens(BASE).ids
        if token is None:
            raise ValueError(
                f"{own.path.parent}: config.json or generation_config.json speaks of token {id_}, "
                f"which its {own.path.name} has not (its last is {max(own.ids.values())}); correct "
                "them, or put the tokenizer there that the model was trained with"
            )
        if token not in found:
            raise ValueError(
                f"chat_template: {label} has {token!r} at {id_}, which the merge's tokenizer has "
                "not; set embeddings: common, or leave chat_template out"
            )
        return found[token]

    def require(self, label: str, token: str) -> None:
        """ValueError unless the result's tokenizer has the token by which a model's texts end."""
        if label not in self.differences:
            return
        if token not in (self.ids if self.choice != BASE else self.tokens(BASE).ids):
            raise ValueError(
                f"chat_template: {label} ends texts with {shown(token)}, which the merge's "
                "tokenizer has not; set embeddings: common, or leave chat_template out"
            )

    def said(self) -> list[str]:
        """What readers must know, in sentences without an end."""
        if self.choice == BASE:
            return ["embeddings, output head and tokenizer are the base's (embeddings: base)"]
        whose = {label: one.more for label, one in self.differences.items() if one.more}
        told = [f"{label} has {listed(more)} that the base lacks" for label, more in whose.items()]
        if self.choice == COMMON:
            fewer = {label: one.fewer for label, one in self.differences.items() if one.fewer}
            told += [
                f"{label} lacks {listed(some)} of the base's, whose rows count as unchanged there"
                for label, some in fewer.items()
            ]
        if self.choice == COMMON and told:
            other = {token for tokens in (*whose.values(), *fewer.values()) for token in tokens}
            number = f"the rows of {len(self.ids) - len(other)} tokens that all have are merged"
            told.append(f"{number}, others are from whoever has them")
        elif told:
            kept = "with these added" if self.added else "without these"
            told.append(f"rows were merged by number, and the tokenizer is the base's {kept}")
        if self.lead != BASE:
            told.append(f"the tokenizer is that of {self.lead}, which has all tokens")
        return told

    def write(self, directory: Path) -> None:
        """Make the base's tokenizer in a result's folder what it must be."""
        if self.lead != BASE:
            directories.copy_tokenizer(self.folders[self.lead], directory)
        elif self.added:
            self._append(directory)

    def appended(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """The base's tokenizer with the added tokens, and these; ValueError where it has holes."""
        base = self.tokens(BASE)
        whole = base.path.name == FILE and not base.more
        content = read_json(base.path) if whole else base.content
        entries = [self._entry(token, id_) for token, id_ in self.added.items()]
        content["added_tokens"] = [*content.get("added_tokens", []), *entries]
        made = Tokenizer.from_str(json.dumps(content))
        if moved := [token for token, id_ in self.added.items() if made.token_to_id(token) != id_]:
            raise ValueError(
                f"{base.path}: its ids have holes, so that {listed(tuple(moved))} cannot be added "
                "to it; set embeddings: base"
            )
        return content, entries

    def _append(self, directory: Path) -> None:
        """Tokens added to the tokenizer that lies there; its files of other forms stay behind."""
        content, entries = self.appended()
        write_json(directory / FILE, content)
        config = tokenizers.settings(directory)
        if ADDED in config:
            more = {
                str(entry["id"]): {k: v for k, v in entry.items() if k != "id"} for entry in entries
            }
            config[ADDED] = {**config[ADDED], **more}
            write_json(directory / CONFIG, config)

    def _entry(self, token: str, id_: int) -> dict[str, Any]:
        label = next(one for one, other in self.differences.items() if token in other.more)
        found = self.tokens(label).added.get(token)
        flags = {flag: bool(getattr(found, flag, False)) for flag in tokenizers.FLAGS}
        return {"id": id_, "content": token, **flags, "special": bool(getattr(found, "special", 0))}

    def _appendable(self, label: str) -> bool:
        """Whether what a model has beyond the base can be added to the base's tokenizer."""
        more = self.differences[label].more
        fixed = isinstance(self.tokens(BASE), Slow)
        return all(not fixed and self._was_added(label, token) for token in more)

    def _was_added(self, label: str, token: str) -> bool:
        return token in self.tokens(label).added

    def _stay(self, added: Mapping[str, int]) -> bool:
        """Whether tokens have the ids that their own models have them at, and can be added."""
        return all(
            self._appendable(label) and all(added[t] == self.tokens(label).ids[t] for t in one.more)
            for label, one in self.differences.items()
        )


def sized(
    config: Mapping[str, Any], rows: int, first: int = 0, before: int | None = None
) -> dict[str, Any]:
    """A config.json that says how many rows the embeddings have.

    first: how many the tables for layers have, where there are such. before: how many rows there
    were, of which a class may have more than its config says (Mllama); so it has then.
    """
    part = config.get(PART)  # whose class has a size of its own where it does not say one
    own = {key: rows for key in SIZES if key in config}
    if isinstance(part, Mapping):
        return {**config, **own, PART: sized(part, rows, first, before)}
    said = config.get(SIZE)
    odd = before is not None and isinstance(said, int) and said < before
    size = said + rows - before if odd else rows
    return {**config, **own, SIZE: size, **({BY_LAYER: first} if first else {})}
