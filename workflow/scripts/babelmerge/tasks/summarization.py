"""Summarization: a document, and a summary of it in the same language, generated."""

from babelmerge.tasks.kind import GENERATED, LANGUAGE, Kind, prompted

_ROUGE = ("rouge1", "rouge2", "rougeL", "rougeLsum")
_DEFAULT = tuple(f"{name}_default" for name in _ROUGE)

KIND = Kind(
    name="summarization",
    unit=LANGUAGE,
    fields=("document", "summary"),
    placeholders=("language", "document"),
    metrics=(*_ROUGE, *_DEFAULT, "bertscore"),
    main=(*_ROUGE, *_DEFAULT, "bertscore"),
    beside=tuple((name,) for name in (*_ROUGE, "rouge1_default", "bertscore")),
    answer=GENERATED,
    lines=True,
    spans=("source", "target"),
    reference="summary",
    trivial=("lead",),
    built=True,
    made="summaries",
    check=prompted,
)
