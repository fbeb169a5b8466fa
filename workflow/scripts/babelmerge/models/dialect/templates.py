"""Chat templates: the default one, and those with names, wherever a model's folder has them.

Files have them as chat_template.jinja with a folder beside it, as chat_template.json, or in
tokenizer_config.json, as a text or a list by name. No torch.
"""

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from babelmerge.files import directories
from babelmerge.files.directories import read_json
from babelmerge.words import documents
from babelmerge.words.showing import shown

KEY = "chat_template"
FILES = (f"{KEY}.jinja", f"{KEY}.json")
DEFAULT, END = "default", ".jinja"
NAME = re.compile(r"\w[\w.-]*")  # which is a file's too


def read(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """A model's templates by name, the default one as that. config: its tokenizer_config.json.

    Files of Jinja count alone where there are some, as transformers reads them.
    """
    files = {DEFAULT: folder / FILES[0]} if (folder / FILES[0]).is_file() else {}
    more = folder / directories.TEMPLATES
    files |= {one.stem: one for one in sorted(more.glob(f"*{END}")) if one.is_file()}
    found = {name: _text(file) for name, file in files.items()} or _written(folder, config)
    if odd := [name for name in found if not NAME.fullmatch(name)]:
        raise ValueError(
            f"{folder}: has a chat template called {shown(odd[0])}; expected a name of letters and "
            "digits, so rename it or take it out"
        )
    return found


def are_one(ours: str | None, theirs: str | None) -> bool:
    """Whether two templates say the same: Jinja has one line break, and none at the end."""
    left, right = (one and one.replace("\r\n", "\n").replace("\r", "\n") for one in (ours, theirs))
    return (left and left.removesuffix("\n")) == (right and right.removesuffix("\n"))


def put(folder: Path, found: Mapping[str, str]) -> None:
    """Write templates as files, in place of all files of templates that a folder has."""
    more = folder / directories.TEMPLATES
    shutil.rmtree(more, ignore_errors=True)
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for name, text in found.items():
        file = folder / FILES[0] if name == DEFAULT else more / f"{name}{END}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")


def _written(folder: Path, config: Mapping[str, Any]) -> dict[str, str]:
    """Those of the files that hold other things too."""
    file = folder / FILES[1]
    said = read_json(file).get(KEY) if file.is_file() else None
    said = said or config.get(KEY)
    given = said if isinstance(said, list) else [{"name": DEFAULT, "template": said}]
    pairs = [(one.get("name"), one.get("template")) for one in given if isinstance(one, Mapping)]
    return {str(name): text for name, text in pairs if name and isinstance(text, str) and text}


def _text(file: Path) -> str:
    try:
        return documents.text_of(file)
    except documents.Unreadable as error:
        raise ValueError(f"{file}: found {error}") from error
