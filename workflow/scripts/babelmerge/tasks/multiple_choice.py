"""Multiple choice: a question, and the likeliest of the choices that come with it."""

from babelmerge.tasks.kind import LANGUAGE, LIKELIHOOD, Kind

KIND = Kind(
    name="multiple_choice",
    unit=LANGUAGE,
    fields=("question", "choices", "answer"),
    placeholders=("language", "question", "choices"),
    metrics=("accuracy", "accuracy_characters", "accuracy_tokens", "accuracy_bytes"),
    main=("accuracy",),
    answer=LIKELIHOOD,
    spans=("source", "target"),
    reference="answer",
    made="reasoning",
)
