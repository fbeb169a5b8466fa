"""Multiple choice: a question, and one of the choices that come with it, the likeliest or written.

A row is read with its choices as lines, perhaps with their keys as lines, and an answer that is a
key or a choice. It is kept with a list of choices, and the right one as target; prompts show the
choices under keys of their own, A, B, C, in that order.
"""

import re
from collections.abc import Mapping, Sequence

from babelmerge.tasks import reading
from babelmerge.tasks.kind import GENERATED, LANGUAGE, LIKELIHOOD, Asked, Kind, Mistake, prompted
from babelmerge.words import writing
from babelmerge.words.metrics import WITH_SPACE
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed

_NUMBER = re.compile(r"(\d+)(?:\.0+)?")  # 2, and 2.0 of tables that have no whole numbers
MAIN = ("accuracy", "accuracy_characters", "accuracy_tokens", "accuracy_bytes")


def check(kind: Kind, task: Asked) -> Mistake | None:
    """A prompt with the question; with the choices too where one is to be written."""
    if kind.answers(task) == GENERATED and "{choices}" not in (task.prompt or ""):
        return "a prompt without {choices}", "a prompt with {choices}, or answer: likelihood"
    return prompted(kind, task)


def numbered(row: Mapping, first: int) -> dict:
    """The row with the text of a choice as its answer, which is a number counted from `first`."""
    choices, number = _lines(row["choices"]), _NUMBER.fullmatch(row["target"])
    at = int(number[1]) - first if number else -1
    if len(choices) < 2:
        raise ValueError(_too_few(choices))
    if not 0 <= at < len(choices):
        raise ValueError(
            f"answer {shown(row['target'])}, which is no choice; expected the number of one, "
            f"{first} to {first + len(choices) - 1} (keys_from: {first}): correct keys_from, "
            "`columns` (answer) or the row"
        )
    if not choices[at]:
        raise ValueError(_empty(choices))
    return {**row, "target": choices[at]}


def settle(row: Mapping, labels: Sequence[str], answer: str | None = LIKELIHOOD) -> Mapping:
    """The row with a list of choices, the right one as target, and no keys of its own."""
    choices, keys = _lines(row["choices"]), _lines(row["keys"]) if "keys" in row else None
    _check_choices(choices, keys, answer == GENERATED)
    kept = {key: value for key, value in row.items() if key != "keys"}
    return kept | {"choices": choices, "target": _right(row["target"], choices, keys)}


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.split("\n")]


def _check_choices(choices: Sequence[str], keys: Sequence[str] | None, written: bool) -> None:
    """Choices are texts of their own; where answers are written and read, in more than case and
    punctuation, which likelihoods tell apart: -5 and 5."""
    found = _told(choices)
    if len(choices) < 2:
        raise ValueError(_too_few(choices))
    if len(choices) > len(reading.KEYS):
        raise ValueError(f"{found}; expected 2 to {len(reading.KEYS)}, each a text of its own")
    if not all(choices):
        raise ValueError(_empty(choices))
    if len({(writing.folded(one) or one) if written else one for one in choices}) < len(choices):
        but = " but for case and punctuation" if written else ""
        raise ValueError(
            f"{found}, two of them the same{but}; the answer would be both: reword one, or leave "
            "the row out"
        )
    if keys is not None and (len(set(keys)) < len(choices) or len(keys) != len(choices)):
        raise ValueError(
            f"{found} and keys {listed(keys)}; expected a key of its own for each: correct "
            "`columns` (choices, keys) or the row"
        )


def _told(choices: Sequence[str]) -> str:
    return f"{len(choices)} choices ({listed(choices, 6)})"


def _empty(choices: Sequence[str]) -> str:
    return f"{_told(choices)}, one of them empty; give it a text, or leave the row out"


def _too_few(choices: Sequence[str]) -> str:
    return (
        f"{len(choices)} choice ({shown(choices[0], 60)}); expected 2 to {len(reading.KEYS)}: a "
        "list of texts (in TSV as JSON), a column for each in `columns`, or a text with a line for "
        "each"
    )


def _right(answer: str, choices: list[str], keys: Sequence[str] | None) -> str:
    """The choice that an answer names: by the row's key, by its text, by its letter."""
    if keys is not None and answer in keys:
        return choices[keys.index(answer)]
    if answer in choices:
        return answer
    letters = reading.KEYS[: len(choices)]
    if keys is None and len(answer) == 1 and answer in letters:
        return choices[letters.index(answer)]
    expected = listed(letters if keys is None else keys)
    number = "; where it is the number of a choice say `keys_from: 0` or 1 in the corpus"
    raise ValueError(
        f"answer {shown(answer)}, which is no choice; expected a key ({expected}) or a choice "
        f"({listed(choices, 6)}): correct `columns` (answer, keys) or the row"
        f"{number if keys is None and answer.isdecimal() else ''}"
    )


KIND = Kind(
    name="multiple_choice",
    unit=LANGUAGE,
    fields=("question", "choices", "answer"),
    lists=("choices", "keys"),
    placeholders=("language", "question", "choices"),
    metrics=(*MAIN, WITH_SPACE, "unread"),
    main=MAIN,
    beside=(("accuracy_characters",), ("accuracy_tokens",), ("accuracy_bytes",)),
    always=("unread",),
    answer=LIKELIHOOD,
    ways=(LIKELIHOOD, GENERATED),
    spans=("source", "target"),
    reference="answer",
    trivial=("overlap", "chance"),
    built=True,
    bare="{question}",
    made="reasoning",
    read=reading.choice,
    rule=reading.CHOICE_RULE,
    settle=settle,
    check=check,
)
