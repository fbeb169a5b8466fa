"""How two model directories differ: tensor by tensor, configuration, tokenizer.

Streams both, memory-mapped; equal bytes are found without arithmetic. What only describes how a
model came to be (manifest, recipe, model card, training log) and how its tensors are cut into files
is no difference. Writes nothing.
"""

import json
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from babelmerge.files import directories
from babelmerge.models import adapter_base
from babelmerge.models.adapter_config import CONFIG
from babelmerge.models.adapters import Folded, opened
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.models.dialect import configs, tokenizers
from babelmerge.models.dialect.opening import alike
from babelmerge.words.showing import shown

PIECE = 1 << 15
# Written by whoever saved the model; two copies of one model may differ in them.
NOTES = ("_name_or_path", "transformers_version")
NOTHING = "-"  # a key or token that one side lacks
WORDS = {torch.float64: torch.int64, torch.float32: torch.int32, torch.float16: torch.int16}
WORDS[torch.bfloat16] = torch.int16

Model = Checkpoint | Folded
Progress = Callable[[int, int], None]  # bytes read so far, bytes in all


@dataclass(frozen=True)
class TensorDifference:
    """One tensor that is not the same in b as in a.

    what: values, dtype, shape, "only in a" or "only in b"; detail: both dtypes or shapes.
    largest: max |b - a|. relative: |b - a| / |a|. changed: share of the elements that differ. NaN
    where there is nothing to subtract, or where the values are not finite.
    """

    name: str
    what: str
    detail: str = ""
    largest: float = math.nan
    relative: float = math.nan
    changed: float = math.nan


@dataclass(frozen=True)
class FileDifference:
    """A key of a file that is not the same; key "" speaks of the file itself.

    spelling: the two mean the same, as a default that is written out in one.
    """

    file: str
    key: str
    a: str
    b: str
    spelling: bool = False

    @property
    def counts(self) -> bool:
        """Whether it makes the models different; notes of whoever saved them do not."""
        return self.key not in NOTES and not self.spelling


@dataclass(frozen=True)
class Comparison:
    """What was found; identical: tensors with the same dtype, shape and bits."""

    identical: int
    tensors: tuple[TensorDifference, ...]
    files: tuple[FileDifference, ...]

    @property
    def same(self) -> bool:
        return not self.tensors and not any(difference.counts for difference in self.files)

    def as_json(self) -> dict[str, Any]:
        """Everything, with null where a number is not finite."""
        rows = map(asdict, self.tensors)
        tensors = [{k: None if _unknown(v) else v for k, v in row.items()} for row in rows]
        files = [asdict(difference) for difference in self.files]
        head = {"same": self.same, "identical_tensors": self.identical}
        return {**head, "tensors": tensors, "files": files}


def compare(a: str | Path, b: str | Path, progress: Progress | None = None) -> Comparison:
    """Compare two model directories; ValueErrors for directories that are none."""
    ours, theirs = alike([opened(a), opened(b)])
    sizes = {name: _size(ours, name) for name in ours.names}
    for name in theirs.names:
        sizes[name] = sizes.get(name, 0) + _size(theirs, name)
    done, total = 0, sum(sizes.values())
    found = []
    only = {name: "only in a" for name in set(ours.names) - set(theirs.names)}
    only |= {name: "only in b" for name in set(theirs.names) - set(ours.names)}
    for name, size in sizes.items():
        lone = TensorDifference(name, only[name]) if name in only else None
        found.append(lone or _compare_tensors(ours, theirs, name))
        done += size
        if progress:
            progress(done, total)
    tensors = tuple(difference for difference in found if difference)
    return Comparison(len(found) - len(tensors), tensors, tuple(compare_files(a, b)))


def compare_files(a: str | Path, b: str | Path) -> Iterator[FileDifference]:
    """Differences of configuration, tokenizer and the like; tensors apart."""
    ours, theirs = _files(Path(a)), _files(Path(b))
    for name in sorted({*ours, *theirs}):
        if name not in theirs:
            yield FileDifference(name, "", "there", NOTHING)
        elif name not in ours:
            yield FileDifference(name, "", NOTHING, "there")
        elif ours[name].read_bytes() != theirs[name].read_bytes():
            yield from _compare_file(ours[name], theirs[name])


def _unknown(value: Any) -> bool:
    return isinstance(value, float) and not math.isfinite(value)


def _size(model: Model, name: str) -> int:
    return math.prod(model.shape(name)) * model.dtype(name).itemsize


def _compare_tensors(ours: Model, theirs: Model, name: str) -> TensorDifference | None:
    shapes = ours.shape(name), theirs.shape(name)
    if shapes[0] != shapes[1]:
        return TensorDifference(name, "shape", f"{_shape(shapes[0])} → {_shape(shapes[1])}")
    a, b = ours.read(name).reshape(-1), theirs.read(name).reshape(-1)
    if a.dtype != b.dtype:
        detail = " → ".join(str(t.dtype).removeprefix("torch.") for t in (a, b))
        return TensorDifference(name, "dtype", detail, *_measure(a, b))
    if torch.equal(_words(a), _words(b)):
        return None
    return TensorDifference(name, "values", "", *_measure(a, b))


def _shape(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape)) or "scalar"


def _words(flat: Tensor) -> Tensor:
    """The bits as whole numbers, so that NaN equals itself and -0 is not 0."""
    return flat.view(WORDS[flat.dtype]) if flat.dtype in WORDS else flat


def _measure(a: Tensor, b: Tensor) -> tuple[float, float, float]:
    largest, changed, squares, base = 0.0, 0, [], []
    for low in range(0, a.numel(), PIECE):
        x, y = a[low : low + PIECE], b[low : low + PIECE]
        unlike = _words(x) != _words(y) if x.dtype == y.dtype else x.double() != y.double()
        changed += int(unlike.sum())
        delta = torch.where(unlike, y.double() - x.double(), 0.0)
        top = float(delta.abs().max())
        largest = top if math.isnan(top) else max(largest, top)
        squares.append(float(delta.square().sum()))
        base.append(float(x.double().square().sum()))
    below = math.sqrt(math.fsum(base))
    relative = math.sqrt(math.fsum(squares)) / below if below else math.inf
    return largest, relative if changed else 0.0, changed / max(1, a.numel())


def _files(directory: Path) -> dict[str, Path]:
    """Of an adapter, its base's with its own over them."""
    folders = dict.fromkeys((adapter_base.beneath(directory), directory))
    paths = (
        path for one in folders for pattern in directories.COMPANIONS for path in one.glob(pattern)
    )
    left_out = (*directories.BESIDE, CONFIG)
    return {
        path.name: path
        for path in paths
        if path.name not in left_out and not path.name.endswith(".index.json")
    }


def _compare_file(a: Path, b: Path) -> Iterator[FileDifference]:
    ours, theirs = _mapping(a), _mapping(b)
    if ours is None or theirs is None:
        yield FileDifference(a.name, "", f"{a.stat().st_size} bytes", f"{b.stat().st_size} bytes")
        return
    spelling = a.name == "config.json" and configs.spelt_alike(ours, theirs)
    if a.name == "tokenizer.json" and _has_tokens(ours) and _has_tokens(theirs):
        spelling = tokenizers.cut_alike(a, b)
        found = _compare_tokens(ours, theirs)
        yield from (replace(one, spelling=spelling) for one in found)
        ours, theirs = _without_tokens(ours), _without_tokens(theirs)
    left, right = _flatten(ours), _flatten(theirs)
    for key in dict.fromkeys([*left, *right]):
        if left.get(key) != right.get(key):
            sides = (_text(side, key) for side in (left, right))
            yield FileDifference(a.name, key, *sides, spelling)


def _compare_tokens(ours: Mapping, theirs: Mapping) -> Iterator[FileDifference]:
    left, right = _tokens(ours), _tokens(theirs)
    moved = [token for token in left if right.get(token) != left[token]]
    moved += [token for token in right if token not in left]
    for token in moved[:1]:
        others = f"tokens ({len(moved)} differ; first {shown(token)})"
        sides = (str(side.get(token, NOTHING)) for side in (left, right))
        yield FileDifference("tokenizer.json", others, *sides)
    for part in ("vocab", "merges"):
        parts = [content["model"].get(part) for content in (ours, theirs)]
        if parts[0] != parts[1] and not (part == "vocab" and moved):
            sides = (f"{len(entries or [])} entries" for entries in parts)
            yield FileDifference("tokenizer.json", f"model.{part}", *sides)


def _has_tokens(content: Mapping) -> bool:
    """Whether a tokenizer.json has its tokens where it should."""
    try:
        return bool(_tokens(content) and _without_tokens(content))
    except (KeyError, TypeError, IndexError, AttributeError, ValueError):
        return False


def _tokens(content: Mapping) -> dict[str, int]:
    vocabulary = content["model"]["vocab"]
    if not isinstance(vocabulary, dict):  # Unigram: a list of (token, score)
        vocabulary = {entry[0]: number for number, entry in enumerate(vocabulary)}
    return vocabulary | {token["content"]: token["id"] for token in content.get("added_tokens", [])}


def _without_tokens(content: Mapping) -> dict[str, Any]:
    model = {k: v for k, v in content["model"].items() if k not in ("vocab", "merges")}
    added = {token["content"]: {**token, "id": None} for token in content.get("added_tokens", [])}
    return {**content, "model": model, "added_tokens": added}


def _mapping(path: Path) -> dict[str, Any] | None:
    """The object in a JSON file; None for files of another kind."""
    try:
        return directories.read_json(path) if path.suffix == ".json" else None
    except ValueError:
        return None


def _flatten(content: Mapping, start: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            flat |= _flatten(value, f"{start}{key}.")
        else:
            flat[f"{start}{key}"] = value
    return flat


def _text(side: Mapping[str, Any], key: str) -> str:
    text = json.dumps(side[key], ensure_ascii=False) if key in side else NOTHING
    return text if len(text) <= 60 else text[:59] + "…"
