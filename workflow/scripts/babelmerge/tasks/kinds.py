"""Kinds of task, a record each."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Kind:
    """What a task's rows are and how they are answered and scored."""

    name: str
    unit: str
    metrics: tuple[str, ...]
    main: tuple[str, ...]
    answer: str | None
    spans: tuple[str, ...] = ("source", "target")
    built: bool = False

    @property
    def scored(self) -> bool:
        return self.answer is not None


_ACC = ("accuracy", "accuracy_characters", "accuracy_tokens", "accuracy_bytes")
KINDS = {
    k.name: k
    for k in (
        Kind(
            "translation",
            "pair",
            ("bleu", "bleu_intl", "chrf", "chrf++", "off_target"),
            ("bleu", "chrf", "chrf++"),
            "generate",
            built=True,
        ),
        Kind("text", "language", (), (), None, ("source",), True),
        Kind(
            "summarization",
            "language",
            ("rouge1", "rouge2", "rougeL", "bertscore"),
            ("rouge1",),
            "generate",
        ),
        Kind(
            "classification",
            "language",
            ("accuracy", "precision", "recall", "f1"),
            ("accuracy",),
            "generate",
        ),
        Kind("multiple_choice", "language", _ACC, ("accuracy",), "likelihood"),
        Kind("minimal_pairs", "language", _ACC, ("accuracy",), "likelihood"),
    )
}


def kind(name: str) -> Kind:
    return KINDS[name]
