"""The long table of faults: the share of a model's outputs on a data set that fail in each way.

Columns: those that tell a model (`study.graph.scores.whose`), dataset, metric (the way), value, and
n, the outputs that could be judged. The language of translations was judged where they were scored.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pandas as pd

from babelmerge.analysis.outputs.rates import RATES, faults
from babelmerge.evaluation import language_id, metrics
from babelmerge.files.rows import read_rows

FACTS = ("model", "kind", "expert", "group", "method", "dataset")
COLUMNS = (*FACTS, "metric", "value", "n")
OFF_TARGET, UNFINISHED = "off_target", "unfinished"


def table(cases: Iterable[Mapping]) -> pd.DataFrame:
    """The long table. cases: of `study.graph.beside.outputs.settings`."""
    return pd.DataFrame([row for case in cases for row in _rows(case)], columns=list(COLUMNS))


def unfinished(decoding: str | Path) -> set[str]:
    """Ids of the rows whose outputs were cut off after max_new_tokens."""
    return set(json.loads(Path(decoding).read_text(encoding="utf-8"))["unfinished"])


def _rows(case: Mapping) -> Iterator[dict]:
    """A row a rate, in their order."""
    outputs = list(read_rows(case["outputs"]))
    found = [faults(row["output"], row["source"], row["reference"]) for row in outputs]
    counts = {rate: (sum(rate in own for own in found), len(outputs)) for rate in RATES}
    counts[OFF_TARGET] = _off_target(case, [row["output"] for row in outputs])
    counts[UNFINISHED] = len(unfinished(case["decoding"])), len(outputs)
    facts = {name: case[name] for name in FACTS}
    for rate, (count, n) in counts.items():
        yield {**facts, "metric": rate, "value": count / n if n else math.nan, "n": n}


def _off_target(case: Mapping, outputs: list[str]) -> tuple[int, int]:
    """(outputs in another language, outputs that could be judged)."""
    if "sentences" in case:
        off, judged = metrics.read_sentences(case["sentences"])[OFF_TARGET].sum(axis=0).tolist()
        return off, judged
    wanted = case["language"], case["candidates"]
    answers = [language_id.off_target(output, *wanted) for output in outputs]
    return answers.count(True), len(answers) - answers.count(None)
