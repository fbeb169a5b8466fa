"""Summarization: a document, and a summary of it in the same language, generated."""

from babelmerge.tasks.kind import GENERATED, LANGUAGE, Kind

KIND = Kind(
    name="summarization",
    unit=LANGUAGE,
    fields=("document", "summary"),
    placeholders=("language", "document"),
    metrics=("rouge1", "rouge2", "rougeL", "bertscore"),
    main=("rouge1",),
    answer=GENERATED,
    spans=("source", "target"),
    reference="summary",
    made="summaries",
)
