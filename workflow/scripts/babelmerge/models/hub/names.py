"""Names of repositories on the hub: the rule that `huggingface_hub` has for them, told in words.

Imports nothing slow: a study's keys are checked by it whenever the workflow is parsed.

>>> mistake("google/gemma-3-270m"), mistake("gpt2"), mistake("a/b/c")
(None, None, 'has more than one "/"')
>>> held("https://huggingface.co/google/gemma-3-270m/tree/main")
'google/gemma-3-270m'
"""

import re

from babelmerge.words.showing import shown

MOST = 96  # characters of an owner and of a name
EXPECTED = "a repository's name as the hub has it: owner/name"
EXPECTED_DATA = f"{EXPECTED}, an address that begins with hf://, or a folder that is there"
_PART = re.compile(rf"(?=\w)[\w.-]{{1,{MOST}}}(?<=\w)", re.ASCII)
_BEGINS = re.compile(r"(?:\w+://)?(?:www\.)?(?:huggingface\.co|hf\.co)/|\w+://[^/]+/")
_KINDS = re.compile(r"(?:api/)?(?:datasets|models)/")


def mistake(name: str) -> str | None:
    """What keeps a text from being a repository's name; None for one that may be one."""
    if not name:
        return "is empty"
    if name != name.strip():
        return "begins or ends with white space"
    if "://" in name:
        return "is an address"
    parts = name.split("/")
    if len(parts) > 2:
        return 'has more than one "/"'
    if not all(map(_PART.fullmatch, parts)):
        return (
            "has something else than letters of ASCII, digits, and between these _ . and -, or "
            f"more than {MOST} characters"
        )
    if "--" in name or ".." in name:
        return 'has "--" or ".."'
    return 'ends with ".git"' if name.endswith(".git") else None


def held(text: str) -> str:
    """The repository's name that an address or a text with white space holds; empty for none."""
    bare = text.strip()
    address = _BEGINS.match(bare)
    rest = bare[address.end() :] if address else bare
    kind = _KINDS.match(rest)
    rest = re.split(r"[?#]", rest[kind.end() :] if kind else rest)[0]
    parts = [part for part in rest.split("/") if part]
    if not (address or kind) and len(parts) > 2:
        return ""  # nobody knows which of them is meant
    name = "/".join(parts[:2]).removesuffix(".git")
    return name if name != text and mistake(name) is None else ""


def remedy(text: str) -> str:
    """What to write instead of a text that is no repository's name, where that is known."""
    name = held(text)
    return f"Write `hub: {name}`." if name else ""


def problem(text: str) -> str:
    """That a text is no repository's name, and what one looks like; empty where it is one."""
    wrong = mistake(text)
    if wrong is None:
        return ""
    told = f"`hub` is {shown(text)}, which {wrong}; expected {EXPECTED}."
    return " ".join(filter(None, (told, remedy(text))))
