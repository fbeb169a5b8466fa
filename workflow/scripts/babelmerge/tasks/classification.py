"""Classification: a text, and one of the study's labels for it, generated."""

from babelmerge.tasks.kind import GENERATED, LANGUAGE, Kind

KIND = Kind(
    name="classification",
    unit=LANGUAGE,
    fields=("text", "label"),
    placeholders=("language", "text"),
    metrics=("accuracy", "precision", "recall", "f1"),
    main=("accuracy",),
    answer=GENERATED,
    spans=("source", "target"),
    reference="label",
    made="sentiment",
)
