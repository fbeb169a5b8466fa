"""Minimal pairs: a sentence and its ungrammatical twin, of which the likelier one is chosen."""

from babelmerge.tasks.kind import LANGUAGE, LIKELIHOOD, Kind

KIND = Kind(
    name="minimal_pairs",
    unit=LANGUAGE,
    fields=("good", "bad"),
    placeholders=(),
    metrics=("accuracy", "accuracy_characters", "accuracy_tokens", "accuracy_bytes"),
    main=("accuracy",),
    answer=LIKELIHOOD,
    spans=("source",),
    made="minimal_pairs",
)
