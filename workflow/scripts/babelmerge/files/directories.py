"""Whole model directories: swapped in atomically, hashed, and known by a fingerprint.

Use these through `checkpoints`. This module writes only the directory that it is given and its
temporary siblings. It knows nothing of tensors: what lies beside the weights (config, tokenizer,
generation settings) it copies as it is.
"""

import errno
import hashlib
import json
import logging
import os
import shutil
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import Any

from babelmerge.files import links
from babelmerge.words import documents
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

logger = logging.getLogger(__name__)

MANIFEST = "manifest.json"
ROUNDING = "rounding"  # in the manifest of a merge: what its output's dtype lost
TOLD = "told"  # in the manifest of a merge: on vocabularies and conventions that differed
BASE = "base"  # in the manifest of an adapter kept alone: where the base lies, and which it is

# What describes how a model came to be, not what it is: outside the fingerprint.
BESIDE = (MANIFEST, "README.md", "recipe.yaml", "merging.json", "training.json", "training.tsv")

WEIGHTS = ".safetensors"
CONFIGS = ("config.json", "adapter_config.json")  # one of them is in the folder of every model
COMPANIONS = ("*.json", "*.txt", "*.jinja", "*.model", "*.tiktoken", "*.spm", "*.codes")
COMPANIONS += ("*.tokenizer",)
# Folders of such files: chat templates with names, and what sentence-transformers puts behind.
TEMPLATES, MODULES, MODULE = "additional_chat_templates", "modules.json", "[0-9]*_*"
# Of these, what is the tokenizer's; by which of the files it can be read, the first there is.
TOKENIZER = ("tokenizer*", "*tokens*.json", "vocab*", "merges.txt", "*.model", "chat_template*")
TOKENIZER += ("tekken.json", "*.tiktoken", "*.spm", "*.codes", "*.tokenizer")
TOKENIZER += ("target_vocab.json", "dict.txt")
VOCABULARIES = ("tokenizer.json", "tokenizer.model", "spiece.model", "sentencepiece.bpe.model")
VOCABULARIES += ("tekken.json", "vocab.json", "vocab.txt")
DTYPES = ("dtype", "torch_dtype")  # keys of a config, today's and that of transformers 4
LARGE = ("tokenizer.json", "vocab.json", ".index.json")  # grow with vocabularies and layers
_known: dict[tuple, str] = {}  # fingerprints that were computed, by the files' sizes and dates

# Of how a model came to be, not of what it is.
LEFT_OUT = (MANIFEST, "merging.json", "training.json", "adapter_config.json")


def require_weights(folder: Path) -> None:
    """ValueError unless a folder has a model or an adapter, its weights as safetensors."""
    if not any((folder / name).is_file() for name in CONFIGS):
        raise ValueError(
            f"{folder}: has no {' and no '.join(CONFIGS)}; not a model directory"
            f"{models_within(folder)}"
        )
    if list(folder.glob(f"*{WEIGHTS}")):
        return
    pickles = sorted(path.name for path in folder.glob("*.bin"))
    if not pickles:
        raise ValueError(f"{folder}: found no weights, expected *{WEIGHTS} beside its config")
    raise ValueError(
        f"{folder}: found pickled weights ({', '.join(pickles)}), expected *{WEIGHTS}; load it "
        "once in an environment you trust and save it with save_pretrained(..., "
        "safe_serialization=True)"
    )


def models_within(folder: Path) -> str:
    """The end of an error about a folder without a model: those in its folders, where it has any.

    A training's folder has its checkpoints so, and the hub's cache its snapshots.
    """
    found = sorted(
        {
            str(path.parent.relative_to(folder))
            for depth in ("*", "*/*")
            for name in CONFIGS
            for path in folder.glob(f"{depth}/{name}")
        }
    )
    return f"; models lie in its folders {listed(found, 5)}: give one of these" if found else ""


@contextmanager
def saving(
    out_dir: str | Path, hashes: Mapping[str, str] = MappingProxyType({}), **facts
) -> Iterator[Path]:
    """Yield a temporary sibling of `out_dir`; on a clean exit put it in its place, whole.

    The files are hashed and flushed to disk, manifest.json is written last, and the directory is
    renamed over `out_dir` (which may exist: its content is replaced). On an exception the temporary
    directory is removed and `out_dir` stays as it was; a kill leaves the old directory or none,
    never half a model. `facts` are added to the manifest and must be JSON-serialisable; an empty
    `base` or `rounding` (mappings that may be filled until the exit) is left out. `base` counts in
    the fingerprint, since the model is base and adapter. hashes:
    sha256 of files by name where the caller knows them (a mapping that it may fill until the
    exit), so that those are not read again.
    """
    out_dir = Path(os.path.realpath(out_dir))  # a link stays one, and its target is replaced
    out_dir.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(out_dir)
    partial = _sibling(out_dir, "partial")
    partial.mkdir()
    try:
        yield partial
        _complete(partial, hashes, facts)
        _swap(partial, out_dir)
    except BaseException as error:
        shutil.rmtree(partial, ignore_errors=True)
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            raise OSError(
                errno.ENOSPC,
                "the disk filled up while this was written, and nothing of it was left behind; "
                "make room or choose another folder, and run again",
                str(out_dir),
            ) from error
        raise


def fingerprint(directory: str | Path) -> str:
    """The sha256 that identifies a model: over the hashes of its weights, config and tokenizer.

    Taken from manifest.json where there is one and nothing was written after it, else computed; a
    manifest that is not of the files beside it is told.
    """
    manifest = Path(directory) / MANIFEST
    found = claimed(manifest)
    if found is None:
        return _fingerprint(file_hashes(directory))
    said = read_json(manifest)
    stamps = {name: path.stat() for name, path in _counted(Path(directory))}
    files = said.get("files")
    if not (other := _changed(manifest, files if isinstance(files, dict) else {}, stamps)):
        return found
    key = (os.path.realpath(directory), *((n, s.st_size, s.st_mtime_ns) for n, s in stamps.items()))
    if key not in _known:
        _known[key] = _identity(file_hashes(directory), said)
        if _known[key] != found:
            logger.warning("%s: is not of the files beside it (%s changed since)", manifest, other)
    return _known[key]


def claimed(manifest: str | Path) -> str | None:
    """The fingerprint that a manifest gives, whatever lies beside it; None of somebody else's."""
    found = read_json(manifest).get("fingerprint") if Path(manifest).is_file() else None
    return found if isinstance(found, str) else None


def _changed(
    manifest: Path, files: Mapping[str, str], stamps: Mapping[str, os.stat_result]
) -> str | None:
    """A file that was written after a manifest, is gone, or holds weights that it does not know."""
    written = manifest.stat().st_mtime_ns
    later = [n for n, stat in stamps.items() if n in files and stat.st_mtime_ns > written]
    gone = [name for name in files if name not in stamps]
    more = [name for name in stamps if name not in files and name.endswith(WEIGHTS)]
    return next(iter((*later, *gone, *more)), None)


def file_hashes(
    directory: str | Path, known: Mapping[str, str] = MappingProxyType({})
) -> dict[str, str]:
    """Relative name -> sha256 of each file that makes up the model (see `BESIDE`), sorted.

    known: hashes that need not be computed.
    """
    hashes = {}
    for name, path in _counted(Path(directory)):
        if name in known:
            hashes[name] = known[name]
            continue
        with path.open("rb") as file:
            hashes[name] = hashlib.file_digest(file, "sha256").hexdigest()
    return hashes


def _counted(directory: Path) -> Iterator[tuple[str, Path]]:
    """(relative name, file) of all that counts in the fingerprint, sorted."""
    for path in sorted(p for p in directory.rglob("*") if p.is_file()):
        name = path.relative_to(directory).as_posix()
        if name not in BESIDE and not any(part.startswith(".") for part in Path(name).parts):
            yield name, path


def read_json(path: str | Path) -> dict:
    """The mapping in a JSON file; ValueError that names the file when it is not one.

    So is one that gives a key two values, of which readers take either.
    """
    most = documents.MOST_LARGE if Path(path).name.endswith(LARGE) else documents.MOST_BYTES
    try:
        content = documents.load_json(documents.text_of(Path(path), most), _unambiguous)
    except ValueError as error:
        raise ValueError(f"{path}: not valid JSON ({error}); fetch or write it again") from error
    if not isinstance(content, dict):
        raise ValueError(f"{path}: expected a JSON object, found a {type(content).__name__}")
    return content


def _unambiguous(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):  # the same said twice is harmless
        first = dict(reversed(pairs))
        if twice := [key for key in found if found[key] != first[key]]:
            raise ValueError(f"{shown(twice[0])} twice, with two values")
    return found


def write_json(path: str | Path, content: Mapping) -> None:
    """Write a mapping as readable UTF-8 JSON."""
    text = json.dumps(content, indent=2, ensure_ascii=False)
    Path(path).write_text(text + "\n", encoding="utf-8")


def copy_companions(source: str | Path, target: str | Path) -> None:
    """Copy what belongs to a model beside its weights from one directory into another.

    ValueError where that would be a file from elsewhere.
    """
    links.refuse(source)
    _copy_files(Path(source), Path(target))
    for part in parts(source):
        copy_part(source, target, part.name)


def parts(folder: str | Path) -> list[Path]:
    """Folders in a model's own whose small files belong to it."""
    modules = (MODULE,) if (Path(folder) / MODULES).is_file() else ()
    found = (path for pattern in (TEMPLATES, *modules) for path in Path(folder).glob(pattern))
    return sorted(filter(Path.is_dir, found))


def refuse_links(folder: str | Path) -> None:
    """ValueError for a link of a model's folder, or of one that belongs to it, to elsewhere."""
    links.refuse(folder)
    for part in parts(folder):
        links.refuse(part, folder)


def copy_part(source: str | Path, target: str | Path, name: str) -> None:
    """Put such a folder in place of the target's, or of nothing; none where the source has none."""
    shutil.rmtree(Path(target) / name, ignore_errors=True)
    if (Path(source) / name).is_dir():
        refuse_links(source)
        (Path(target) / name).mkdir()
        _copy_files(Path(source) / name, Path(target) / name)


def _copy_files(source: Path, target: Path) -> None:
    for pattern in COMPANIONS:
        for path in sorted(source.glob(pattern)):
            ours = path.name not in LEFT_OUT and not path.name.endswith(".index.json")
            if ours and path.is_file():
                shutil.copyfile(path, target / path.name)


def tokenizer_files(folder: str | Path) -> list[Path]:
    """What of a model is its tokenizer; empty where it has none."""
    found = sorted({path for pattern in TOKENIZER for path in Path(folder).glob(pattern)})
    names = {path.name for path in found}
    return found if names & set(VOCABULARIES) else []


def copy_tokenizer(source: str | Path, target: str | Path) -> None:
    """Put a model's tokenizer in the place of another's."""
    links.refuse(source)
    for path in tokenizer_files(target):
        path.unlink()
    for path in filter(Path.is_file, tokenizer_files(source)):
        shutil.copyfile(path, Path(target) / path.name)


def write_config(config: Mapping[str, Any], dtype: str | None, directory: str | Path) -> None:
    """Write config.json anew with another dtype; nothing to do where the dtype stays (None)."""
    if dtype is not None:
        keys = [key for key in DTYPES if key in config] or DTYPES[:1]
        told = {**_retold(config, dtype), **dict.fromkeys(keys, dtype)}
        write_json(Path(directory) / "config.json", told)


def _retold(config: Mapping[str, Any], dtype: str) -> dict[str, Any]:
    """A config with another dtype wherever it or a part of it has one."""
    parts = {k: _retold(v, dtype) for k, v in config.items() if isinstance(v, Mapping)}
    return {k: dtype if k in DTYPES and v is not None else v for k, v in config.items()} | parts


def _fingerprint(hashes: Mapping[str, str]) -> str:
    return hashlib.sha256(json.dumps(hashes, sort_keys=True).encode()).hexdigest()


# Bytes of a directory's name with which its temporary siblings have names too.
LONGEST = 255 - len(f"..{socket.gethostname()}.4194304.99.partial".encode())


def _sibling(out_dir: Path, kind: str) -> Path:
    # Host and process are in the name so that a later run can tell a leftover from a neighbour.
    owner = f"{socket.gethostname()}.{os.getpid()}"
    number = 0
    while (path := out_dir.parent / f".{out_dir.name}.{owner}.{number}.{kind}").exists():
        number += 1
    return path


def _remove_leftovers(out_dir: Path) -> None:
    """Delete the temporary siblings of killed runs on this machine; leave those of live ones.

    A run that was killed in the instant between moving the old directory away and the new one to
    its place has left neither: the old one comes back.
    """
    start = f".{out_dir.name}.{socket.gethostname()}."
    for path in out_dir.parent.iterdir():
        owner = path.name.removeprefix(start).split(".")
        if not path.name.startswith(start) or len(owner) != 3 or not owner[0].isdigit():
            continue
        if owner[2] not in ("partial", "old") or _alive(int(owner[0])):
            continue
        if owner[2] == "old" and not out_dir.exists():
            logger.warning("putting %s back, which a run that was killed had moved", out_dir.name)
            path.rename(out_dir)
        else:
            logger.warning("removing %s, left by a run that was killed", path.name)
            shutil.rmtree(path, ignore_errors=True)


def _alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def described(hashes: Mapping[str, str], facts: Mapping) -> dict:
    """A manifest: files with their hashes, the fingerprint over them, and facts."""
    return {"files": dict(hashes), "fingerprint": _identity(hashes, facts), **facts}


def _identity(hashes: Mapping[str, str], facts: Mapping) -> str:
    """The fingerprint of files, and of the base below them where the facts name one."""
    below = facts.get(BASE)
    known = {BASE: below.get("fingerprint")} if isinstance(below, Mapping) else {}
    return _fingerprint({**hashes, **known})


def _complete(directory: Path, known: Mapping[str, str], facts: Mapping) -> None:
    hashes = file_hashes(directory, known)
    facts = {key: value for key, value in facts.items() if key not in (BASE, ROUNDING) or value}
    write_json(directory / MANIFEST, described(hashes, facts))
    paths = list(directory.rglob("*"))
    for path in paths:
        if path.is_file() and not path.is_symlink():
            path.chmod(0o644)  # safetensors writes files that only their owner may read
    for path in [*paths, directory]:
        _flush(path)


def _flush(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _swap(partial: Path, out_dir: Path) -> None:
    # A rename replaces an empty directory in one step; a full one has to make way first.
    if out_dir.is_dir() and any(out_dir.iterdir()):
        old = _sibling(out_dir, "old")
        out_dir.rename(old)
        try:
            partial.rename(out_dir)
        except BaseException:
            old.rename(out_dir)
            raise
        shutil.rmtree(old, ignore_errors=True)
    else:
        partial.rename(out_dir)
    _flush(out_dir.parent)
