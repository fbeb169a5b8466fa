"""The report's chapter on the question, and the answer in short."""

import math
from collections.abc import Mapping

import pandas as pd

from babelmerge.analysis.forgetting.findings import forgetting
from babelmerge.analysis.scores import findings, scored
from babelmerge.analysis.scores import model_findings as models
from babelmerge.display import html as page
from babelmerge.display.chapters import Parts
from babelmerge.evaluation.sweeps.caution import caution

QUESTION = (
    "The question: can experts that were trained apart be merged into one model in weight "
    "space, without training again, and how much of each expert is left?"
)


def question(parts: Parts) -> str:
    """What must be known first, what is asked, and the answer in short."""
    short, first = [], []
    every = scored.each(parts)
    for found in every[:1]:  # these are told once, of all test sets
        first = [*models.learning(found, trained(parts)), *models.few_sentences(found)]
    for found in every:
        short += [
            " ".join(findings.overall(found)),
            *findings.asymmetry(found),
            " ".join(findings.against_base(found)),
            *findings.joint(found),
        ]
    short += forgetting(parts.named("forgetting"))
    body = page.bullets([*first, caution(parts.study["chosen_on_test"])], "warnings")
    body += page.paragraphs([parts.study.get("description", "")]) + page.paragraphs([QUESTION])
    if any(short):
        body += f'<div class="answer"><h3>In short</h3>{page.bullets(short)}</div>'
    if parts.study.get("reference"):
        body += page.paragraphs([f"Reference: {parts.study['reference']}."])
    return body


def trained(parts: Parts) -> dict[str, dict[str, float]]:
    """Expert -> numbers of its training, as `model_findings.GIVEN` names them."""
    rows = _numbers(parts.frame("sizes"), "dataset")
    costs = _numbers(parts.frame("training"), "model")
    return {
        expert: {**facts, **costs.get(expert, {}), "rows": _rows(facts["datasets"], rows)}
        for expert, facts in parts.study.get("training", {}).items()
    }


def _rows(datasets: list[str], sizes: Mapping[str, Mapping[str, float]]) -> float:
    found = [sizes.get(dataset, {}).get("train", 0.0) for dataset in datasets]
    return sum(number for number in found if not math.isnan(number))


def _numbers(table: pd.DataFrame, key: str) -> dict[str, dict[str, float]]:
    """Rows of a table by what names them; what is no number is left out."""
    if table.empty:
        return {}
    values = table.set_index(key).apply(pd.to_numeric, errors="coerce")
    return {str(name): dict(row.dropna()) for name, row in values.iterrows()}
