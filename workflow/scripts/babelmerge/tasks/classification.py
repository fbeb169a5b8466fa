"""Classification: a text, and one of the study's labels for it, generated or the likeliest."""

from collections.abc import Mapping, Sequence

from babelmerge.tasks import reading
from babelmerge.tasks.kind import GENERATED, LANGUAGE, LIKELIHOOD, Asked, Kind, Mistake, prompted
from babelmerge.words import writing
from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint, listed


def check(kind: Kind, task: Asked) -> Mistake | None:
    """A prompt, and labels that can be told apart in what models write."""
    labels = task.labels or ()
    folded = [writing.folded(label) for label in labels]
    if len(labels) < 2:
        found = f"labels {list(labels)}" if labels else "no labels"
        return found, "labels: at least two, as the rows have them"
    if len(set(folded)) < len(labels):
        return f"labels {listed(labels)}", "labels that differ in more than case and punctuation"
    if kind.answers(task) == GENERATED and not all(folded):
        return f"labels {listed(labels)}", "labels of letters or digits, or answer: likelihood"
    return prompted(kind, task)


def settle(row: Mapping, labels: Sequence[str], answer: str | None = None) -> Mapping:
    """The row; ValueError for a label that is none of the study's."""
    if row["target"] not in labels:
        raise ValueError(
            f"label {shown(row['target'])}{hint(row['target'], labels)}; expected one of the "
            f"study's: {listed(labels)}. Write the labels in all languages alike, add it to "
            "`labels`, or leave such rows out by `where`"
        )
    return row


KIND = Kind(
    name="classification",
    unit=LANGUAGE,
    fields=("text", "label"),
    placeholders=("language", "text"),
    metrics=("accuracy", "f1", "precision", "recall", "unread"),
    main=("accuracy", "f1", "precision", "recall"),
    beside=(("f1",), ("precision",), ("recall",)),
    always=("unread",),
    answer=GENERATED,
    ways=(GENERATED, LIKELIHOOD),
    spans=("source", "target"),
    reference="label",
    trivial=("words", "majority"),
    built=True,
    made="sentiment",
    read=reading.label,
    rule=reading.LABEL_RULE,
    settle=settle,
    check=check,
)
