"""Minimal pairs: a sentence and its ungrammatical twin, of which the likelier one is chosen.

Both are compared as they are, without a prompt; the good one stands first. Models are not trained
on them. `first_token` in a task says whether the first token of a sentence counts.
"""

from collections.abc import Mapping, Sequence

from babelmerge.tasks import reading
from babelmerge.tasks.kind import LANGUAGE, LIKELIHOOD, Kind, unprompted
from babelmerge.words.showing import shown

BY_LENGTH = ("accuracy_characters", "accuracy_tokens", "accuracy_bytes")


def settle(row: Mapping, labels: Sequence[str], answer: str | None = None) -> Mapping:
    """The row with both sentences as its choices; ValueError for two that are the same."""
    good, bad = row["source"], row["bad"]
    if good == bad:
        raise ValueError(
            f"good and bad are both {shown(good)}; expected two sentences that differ: correct "
            "`columns` (good, bad) or the row"
        )
    kept = {key: value for key, value in row.items() if key != "bad"}
    return kept | {"choices": [good, bad], "target": good}


KIND = Kind(
    name="minimal_pairs",
    unit=LANGUAGE,
    fields=("good", "bad"),
    placeholders=(),
    metrics=("accuracy", *BY_LENGTH),
    main=("accuracy", *BY_LENGTH),
    beside=tuple((name,) for name in BY_LENGTH),
    answer=LIKELIHOOD,
    spans=("source",),
    made="minimal_pairs",
    trivial=("chance",),
    built=True,
    bare="{good}",
    read=reading.choice,
    settle=settle,
    check=unprompted,
    alone=True,
)
