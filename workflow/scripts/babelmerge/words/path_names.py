"""Names that become parts of paths: the one rule for all of them.

The name of a study file, a task, a language, an expert, a group, the label of a merging method:
each is a folder or a file of the results. Here is which characters they have; whether a path has
room for them is counted where paths are known (`study.checks.path_lengths`).

>>> mistake("hi-en+bn_en@v1.5"), mistake("हिन्दी"), mistake("two words")
(None, None, None)
>>> mistake(".."), mistake("a/b"), mistake("{x}")
('begins with "."', 'contains "/"', 'begins with "{"')
"""

import re
import unicodedata

MOST_BYTES = 255  # of a part of a path, on all common file systems
EXPECTED = "a name of letters, digits and _, and after the first of these also . @ + - and spaces"
REMEDY = "It becomes part of a path; choose another name."
# The same for editors, which know no classes of Unicode: every character that is not ASCII passes.
PATTERN = "^[0-9A-Za-z_\x80-\U0010ffff]([0-9A-Za-z_.@+ \x80-\U0010ffff-]*[^ ])?$"
_PERIODIC = re.compile(r"(.+?)\1{19}$")
_INSIDE = frozenset("_.@+- ")
_CLASSES = frozenset("LMN")  # letters of any script, the marks that belong to them, numbers


def mistake(name: str) -> str | None:
    """What keeps a name from being part of a path; None for a name that may be one."""
    if not name:
        return "is empty"
    if not _plain(name[0]) and name[0] != "_":
        return f"begins with {_shown(name[0])}"
    if (size := len(name.encode(errors="replace"))) > MOST_BYTES:
        return f"has {size} bytes, where a path has room for {MOST_BYTES}"
    for character in name:
        if not _plain(character) and character not in _INSIDE:
            return f"contains {_shown(character)}"
    if repeated := _PERIODIC.search(name):
        return f'ends with "{repeated[1]}" twenty times, which Snakemake takes for an endless path'
    return "ends with a space" if name.endswith(" ") else None


def _plain(character: str) -> bool:
    return unicodedata.category(character)[0] in _CLASSES


def _shown(character: str) -> str:
    """A character as it is, or its number where it can't be seen."""
    return f'"{character}"' if character.isprintable() else f"U+{ord(character):04X}"
