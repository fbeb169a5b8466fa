"""What a model in memory answers, scored at once: for sweeps and interventions.

Apart from `answering`, so that an edit of a metric makes no model answer again.
"""

from collections.abc import Mapping, Sequence

from babelmerge.evaluation import answering, metrics
from babelmerge.evaluation.answering import Asked, Rows
from babelmerge.tasks.kind import SPACE


def scores(
    model, tokenizer, cases: Mapping[str, tuple[Rows, Asked]], options: Mapping, metric: str
) -> dict[str, float]:
    """A metric by data set. Data sets that are asked alike are answered in one go.

    cases: rows and how they are asked, by data set.
    """
    found: dict[str, float] = {}
    for asked in _different([asked for _, asked in cases.values()]):
        own = {name: rows for name, (rows, other) in cases.items() if other == asked}
        together = [row for rows in own.values() for row in rows]
        answers = iter(answering.answer(model, tokenizer, together, asked, options))
        for name, rows in own.items():
            found[name] = score(metric, asked, rows, [next(answers) for _ in rows])
    return {name: found[name] for name in cases}


def score(metric: str, asked: Asked, rows: Rows, answers: Sequence[Mapping]) -> float:
    """A metric of the answers to some rows."""
    outputs, references = [one["output"] for one in answers], [row["target"] for row in rows]
    choices = [one["choices"] for one in answers if "choices" in one]
    sources = [row["source"] for row in rows]
    spaced = asked["template"].endswith(SPACE)
    return metrics.corpus_score(
        metric, outputs, references, choices, sources, asked["kind"], spaced
    )


def _different(asked: Sequence[Asked]) -> list[Asked]:
    return [one for at, one in enumerate(asked) if one not in asked[:at]]
