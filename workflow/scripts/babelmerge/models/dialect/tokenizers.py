"""Tokenizers beside each other: one if they cut texts alike, however their files are written.

Files are read by the library that runs them and compared in its own spelling, in which older forms
(merges as "a b") and defaults left out are gone. What has no tokenizer.json (tokenizer.model,
vocab.json) is read through transformers, where two files differ. No torch. Writes nothing.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from tokenizers import AddedToken, Encoding, Tokenizer

from babelmerge.files.directories import VOCABULARIES, read_json
from babelmerge.models.dialect import bounds
from babelmerge.words.showing import plain, shown

CONFIG = "tokenizer_config.json"
MAP = "special_tokens_map.json"
FILE = "tokenizer.json"
FILES = VOCABULARIES
# What tells tokenizers apart by example: digits, spaces, contractions, scripts, marks, code.
SAMPLES = (
    "The year 2023, 1,234.56 and 10000000 things.",
    "a  b   c\t\td\n\n\ne \r\n f ",
    " don't we'll I'M — naïve “café” élan…",
    "İstanbul'da ǅ ﬁne Ａ１ ½ e\u0301",
    "हिन्दी में १२३ বাংলা தமிழ் తెలుగు",
    "中文分词 日本語テキスト 한국어 ไทย",
    "العربية ١٢٣ עברית ελληνικά русский",
    "def f(x):\n    return {'a': [1, 2]}  # 👩‍👩‍👧 🇮🇹",
    "<s>[INST] x [/INST]</s> <|end|>http://a.b/c?d=e_f",
)
FLAGS = ("single_word", "lstrip", "rstrip", "normalized")  # of added tokens, in how texts are cut
PUT = ("add_bos_token", "add_eos_token", "bos_token", "eos_token")  # what is put around texts
NORMALISED = ("do_lower_case", "strip_accents", "tokenize_chinese_chars")  # of lists of words
SENTENCEPIECE = ".model"  # ends the names of its files
BESIDE = ("merges.txt", "added_tokens.json")  # read with a vocabulary that is not in FILE
TARGET = "target_vocab.json"  # of Marian, where its sides have a vocabulary each
LISTS = ("vocab.json", "vocab.txt", "dict.txt", TARGET)  # of tokens alone
# What cuts texts, or gives pieces their ids, beside the file by which a tokenizer is known.
PARTS = (*BESIDE, *LISTS, "source.spm", "target.spm", "bpe.codes")
ADDED = "added_tokens_decoder"  # key of CONFIG: tokens beyond those of the files
NAMED = ("additional_special_tokens", "extra_special_tokens")  # other keys of CONFIG, of lists
MARKS = tuple(f"{one}_token" for one in ("bos", "eos", "unk", "sep", "pad", "cls", "mask"))
BEYOND = ("decoder", "truncation", "padding")  # what else a tokenizer.json may say
LANGUAGES = "lang_token_to_id"  # of M2M100: tokens beyond its vocabulary
WORD = "a"  # a text by which is seen what is put around texts
LONG = 200  # characters of another program's message
SHOWN = 3  # tokens that a message lists


class TwoSides(ValueError):
    """A tokenizer with a vocabulary for texts that are read, and another for those written."""


@dataclass(frozen=True)
class Tokens:
    """A tokenizer as transformers reads it. more: whether its config adds tokens to the file's."""

    path: Path
    tokenizer: Tokenizer
    more: bool = False

    @cached_property
    def ids(self) -> dict[str, int]:
        """Every token's id, in the order of ids."""
        found = self.tokenizer.get_vocab(with_added_tokens=True)
        return dict(sorted(found.items(), key=lambda one: one[1]))

    @cached_property
    def content(self) -> dict[str, Any]:
        """The file in the library's own spelling."""
        return json.loads(self.tokenizer.to_str())

    @cached_property
    def added(self) -> dict[str, AddedToken]:
        """Tokens that are looked for before a text is cut, by what they look like."""
        return {one.content: one for one in self.tokenizer.get_added_tokens_decoder().values()}

    def around(self) -> tuple[list[str], list[str]]:
        """The tokens that are put before and after every text; tokenizer_config.json may say."""
        config = settings(self.path.parent)
        if "add_bos_token" in config or "add_eos_token" in config:
            bos, eos = (
                [name_of(config.get(f"{side}_token"))] if config.get(f"add_{side}_token") else []
                for side in ("bos", "eos")
            )
            return bos, eos
        bare, full = self.pieces(WORD, False), self.pieces(WORD)
        at = next((i for i in range(len(full)) if full[i : i + len(bare)] == bare), 0)
        return full[:at], full[at + len(bare) :]

    def pieces(self, text: str, around: bool = True) -> list[str]:
        """The tokens of a text; none where it cannot be cut. around: with what is put there."""
        found = self.encoded(text, around)
        return found.tokens if found else []

    def encoded(self, text: str, around: bool) -> Encoding | None:
        try:
            with _panics_as_errors():
                return self.tokenizer.encode(text, add_special_tokens=around)
        except Exception:  # a character that no token has, and none for unknown ones; a panic
            return None

    def cuts(self) -> dict[str, Any]:
        """What decides, beside the vocabulary, how a text is cut; by the place in the file."""
        parts = {key: _plain(self.content[key]) for key in ("normalizer", "pre_tokenizer")}
        model = {f"model.{key}": value or None for key, value in self.content["model"].items()}
        if isinstance(self.content["model"]["vocab"], dict):  # else it has scores
            del model["model.vocab"]
        return {**parts, **model, "post_processor": self.around()}


class Slow(Tokens):
    """A tokenizer of which transformers has no fast one (Marian, M2M100): of Python's class.

    Its ids are known, and how it cuts a text, but not by which parts: those are its files.
    """

    @cached_property
    def ids(self) -> dict[str, int]:
        found = {**self.tokenizer.get_vocab(), **getattr(self.tokenizer, LANGUAGES, {})}
        return dict(sorted(found.items(), key=lambda one: one[1]))

    @cached_property
    def added(self) -> dict[str, AddedToken]:
        return {str(one): one for one in self.tokenizer.added_tokens_decoder.values()}

    def pieces(self, text: str, around: bool = True) -> list[str]:
        found = self.tokenizer(text, add_special_tokens=around)["input_ids"]
        return self.tokenizer.convert_ids_to_tokens(found)

    def cuts(self) -> dict[str, Any]:
        names = {self.path.name, *PARTS} - {
            *LISTS,
            BESIDE[-1],
        }  # these give ids, which are compared
        files = {name: _digest(self.path.parent / name) for name in sorted(names)}
        kind = {"tokenizer_class": type(self.tokenizer).__name__}
        return {**kind, **files, "post_processor": self.around()}


class Differences(NamedTuple):
    """moved: tokens at other ids, or at one that is another's. more, fewer: only theirs, only ours.

    cuts: places in the files that cut texts otherwise. samples: how many of `SAMPLES` they change.
    """

    moved: tuple[str, ...]
    more: tuple[str, ...]
    fewer: tuple[str, ...]
    cuts: tuple[str, ...]
    samples: int

    @property
    def tokens(self) -> tuple[str, ...]:
        """Those that both have not at one id."""
        return (*self.moved, *self.more, *self.fewer)


def file_of(folder: str | Path) -> Path | None:
    """The file that a model's tokenizer is read from."""
    return next((path for name in FILES if (path := Path(folder) / name).is_file()), None)


def settings(folder: str | Path) -> dict[str, Any]:
    """A model's tokenizer_config.json; nothing where there is none.

    ValueError for a key that cannot be seen, there or in special_tokens_map.json: libraries print
    keys of tokens that they do not know, as they are.
    """
    found, _ = (_seen(Path(folder) / name) for name in (CONFIG, MAP))
    return found


def _seen(file: Path) -> dict[str, Any]:
    found = read_json(file) if file.is_file() else {}
    if odd := next((key for key in _keys(found) if not key.isprintable()), None):
        raise ValueError(
            f"{file}: has the key {shown(odd)}; expected keys that can be seen, so correct the "
            "file or fetch it again"
        )
    return found


def _keys(part: Any) -> Iterator[str]:
    """The keys of a mapping and of all in it."""
    if isinstance(part, Mapping):
        yield from part
    if isinstance(part, Mapping | list):
        for one in part.values() if isinstance(part, Mapping) else part:
            yield from _keys(one)


def name_of(token: Any) -> str:
    """A token as tokenizer_config.json may write it: a text, or a mapping with its flags."""
    return str(token.get("content", "") if isinstance(token, Mapping) else token or "")


def same(ours: Path, theirs: Path) -> bool:
    """Whether two tokenizers are one by their bytes; then nothing needs to be converted."""
    names = (ours.name, *(PARTS if ours.name != FILE else ()))
    pairs = [(ours.parent / name, theirs.parent / name) for name in names]
    if ours.name != theirs.name:
        pairs = _sources(ours, theirs)
    if not pairs or any(_digest(one) != _digest(other) for one, other in pairs):
        return False
    left, right = (settings(file.parent) for file in (ours, theirs))
    keys = PUT if ours.name == FILE else (*PUT, *NORMALISED)
    said = all(left.get(key) == right.get(key) for key in keys)
    return said and {*beyond(ours.parent)} == {*beyond(theirs.parent)}


def _sources(ours: Path, theirs: Path) -> list[tuple[Path, Path]]:
    """The models of SentencePiece that two tokenizers are of, where one has a tokenizer.json too.

    None where that file has tokens which neither the model nor the config beside it has.
    """
    whole, source = (ours, theirs) if ours.name == FILE else (theirs, ours)
    if whole.name != FILE or source.suffix != SENTENCEPIECE:
        return []
    beside = whole.parent / source.name
    known = beside.is_file() and {*read(whole).added} <= {*beyond(whole.parent)}
    return [(beside, source)] if known else []


def beyond(folder: Path) -> list[str]:
    """Tokens that CONFIG names: transformers adds those that the files lack, in this order."""
    config = settings(folder)
    added = config.get(ADDED)
    if not isinstance(added, Mapping):
        file = folder / BESIDE[-1]
        added = {str(n): token for token, n in read_json(file).items()} if file.is_file() else {}
    if odd := [number for number in added if not str(number).isdecimal()]:
        raise ValueError(
            f"{folder}: its tokenizer_config.json or added_tokens.json adds a token at "
            f"{shown(odd[0])}; expected the number of a row"
        )
    first = [name_of(token) for _, token in sorted(added.items(), key=lambda one: int(one[0]))]
    extra = named(config, NAMED[1:]) or named(config, NAMED[:1])
    marks = [name_of(config.get(mark)) for mark in MARKS]
    return list(dict.fromkeys(filter(None, (*first, *marks, *extra))))


def named(config: Mapping[str, Any], keys: Sequence[str] = NAMED) -> list[str]:
    """Special tokens that tokenizer_config.json lists under keys, by their texts."""
    given = [config.get(key) for key in keys]
    lists = [list(one.values()) if isinstance(one, Mapping) else one for one in given]
    tokens = [token for one in lists if isinstance(one, list) for token in one]
    return [name for token in tokens if (name := name_of(token))]


def read(file: Path) -> Tokens:
    """ValueError for what is no tokenizer."""
    more = beyond(file.parent)
    try:
        bounds.check_size(file)
        with _panics_as_errors():
            tokens = _opened(file, more)
        bounds.check_ids(tokens.ids)
        if not isinstance(tokens, Slow):
            bounds.check_growth(tokens.content)
        return tokens
    except TwoSides as error:
        raise ValueError(
            f"{file}: is the vocabulary of one side, and {TARGET} that of the other, so that rows "
            "cannot be matched by one; set embeddings: base, or give models of one vocabulary"
        ) from error
    except Exception as error:  # those of the Rust library are bare exceptions
        first = str(error.__cause__ or error).strip().partition("\n")[0]
        told = f"{made_from(file)}; a merge with embeddings: base goes without"
        told = "fetch it again" if file.name == FILE else told
        raise ValueError(
            f"{file}: holds no vocabulary that can be read ({plain(first, LONG)}); {told}"
        ) from error


def _opened(file: Path, more: Sequence[str]) -> Tokens:
    """A file's tokenizer with the tokens that a config names beyond its own."""
    found = Tokenizer.from_file(str(file)) if file.name == FILE else _converted(file.parent)
    if not isinstance(found, Tokenizer):
        return Slow(file, found)
    lacking = [token for token in more if found.token_to_id(token) is None]
    found.add_tokens([AddedToken(token, special=True) for token in lacking])
    found.no_truncation()
    found.no_padding()
    return Tokens(file, found, bool(lacking))


@contextmanager
def _panics_as_errors() -> Iterator[None]:
    """What a library in Rust raises when it gives up is no Exception: a ValueError instead."""
    try:
        yield
    except (Exception, KeyboardInterrupt, SystemExit):
        raise
    except BaseException as panic:
        raise ValueError(str(panic)) from panic


def made_from(file: Path) -> str:
    """How a tokenizer.json is had where there is another file of a tokenizer."""
    return (
        f"there is {file.name} and no {FILE}: take the {FILE} of a copy of this model in "
        "transformers' format on the hub, or make it where the library that wrote the file is "
        "installed (sentencepiece, tiktoken, mistral-common): AutoTokenizer.from_pretrained(DIR), "
        f"with tokenizer_class in {CONFIG}, then save_pretrained(DIR)"
    )


def compare(ours: Tokens, theirs: Tokens) -> Differences:
    """How another tokenizer differs from ours."""
    numbers = set(ours.ids.values())
    more = [token for token in theirs.ids if token not in ours.ids]
    moved = [token for token, id_ in ours.ids.items() if theirs.ids.get(token, id_) != id_]
    moved += [token for token in more if theirs.ids[token] in numbers]
    fewer = [token for token in ours.ids if token not in theirs.ids]
    left, right = ours.cuts(), theirs.cuts()
    cuts = [key for key in {**left, **right} if left.get(key) != right.get(key)]
    both = [token for token in ours.ids if token in theirs.ids]
    if any(_flags(ours, token) != _flags(theirs, token) for token in both):
        cuts.append("added_tokens")
    samples = sum(ours.pieces(text) != theirs.pieces(text) for text in SAMPLES)
    return Differences(tuple(moved), tuple(more), tuple(fewer), tuple(cuts), samples)


def cut_alike(ours: Path, theirs: Path) -> bool:
    """Whether two files are one tokenizer, in what it does with its tokens too."""
    try:
        left, right = read(ours), read(theirs)
    except ValueError:
        return False
    special = [{t: one.special for t, one in side.added.items()} for side in (left, right)]
    said = [[content.get(key) for key in BEYOND] for content in map(read_json, (ours, theirs))]
    return not any(compare(left, right)) and special[0] == special[1] and said[0] == said[1]


def listed(tokens: tuple[str, ...]) -> str:
    """'3 tokens ('<a>', '<b>', …)', the first few of many."""
    more = ", …" if len(tokens) > SHOWN else ""
    number = f"{len(tokens)} token{'s' * (len(tokens) > 1)}"
    return f"{number} ({', '.join(map(shown, tokens[:SHOWN]))}{more})"


def _flags(tokens: Tokens, token: str) -> tuple | None:
    entry = tokens.added.get(token)
    return entry and tuple(getattr(entry, flag) for flag in FLAGS)


def _plain(part: Any) -> Any:
    """A normalizer or pre-tokenizer without what changes no cut: offsets, sequences of one."""
    if not isinstance(part, Mapping):
        return part
    if part.get("type") != "Sequence":
        return {key: value for key, value in part.items() if key != "trim_offsets"}
    key = next(key for key in part if key != "type")
    steps = [step for step in map(_plain, part[key]) if step is not None]
    return steps[0] if len(steps) == 1 else steps or None


def _digest(path: Path) -> bytes | None:
    if not path.is_file():
        return None
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _converted(folder: Path) -> Any:
    """The fast tokenizer that transformers makes of other files, or its slow one."""
    from babelmerge.models.loading import load_tokenizer

    made = load_tokenizer(folder)
    if (found := getattr(made, "backend_tokenizer", None)) is not None:
        return Tokenizer.from_str(found.to_str())
    if (folder / TARGET).is_file():
        raise TwoSides
    return made
