"""Scores of outputs against references, with signatures and bootstrap intervals.

Metric = statistics of each sentence → their sum → score. The statistics are kept as a table, from
which score, interval and paired tests follow without the texts. Takes lists of texts; `counting`
says how each metric is counted, `statistics` resamples. No model, no torch.
"""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from babelmerge.evaluation import statistics
from babelmerge.evaluation.counting import COUNTINGS, counting
from babelmerge.evaluation.counting import forget as forget
from babelmerge.evaluation.counting import register as register
from babelmerge.evaluation.records import Answers, Choices, Encoder, Table
from babelmerge.evaluation.records import Counting as Counting
from babelmerge.files.atomic import replacing
from babelmerge.tasks.kind import GENERATED, LIKELIHOOD
from babelmerge.tasks.kinds import KINDS, Kind
from babelmerge.words import languages
from babelmerge.words.metrics import metric as facts_of

References = Sequence[str] | Sequence[Sequence[str]]


def aggregate(metric: str) -> statistics.Aggregate:
    """From sums of a metric's statistics to its scores: what paired_bootstrap needs."""
    return counting(metric).aggregate


def _check_texts(outputs: Sequence[str], references: References) -> list[tuple[str, ...]]:
    """References as one tuple a sentence; ValueError for lengths that differ and for no text."""
    if len(outputs) != len(references):
        raise ValueError(
            f"score: {len(outputs)} outputs, {len(references)} references; expected one reference "
            "(or one list of references) for each output: generate again, or check the files"
        )
    if not len(outputs):
        raise ValueError("score: no outputs; expected at least one: check the data set")
    several = [(r,) if isinstance(r, str) else tuple(r or ()) for r in references]
    for number, (output, texts) in enumerate(zip(outputs, several, strict=True)):
        if not isinstance(output, str):
            raise ValueError(
                f"score: output {number} is {output!r}, expected text (empty is allowed); "
                "the run that wrote it stopped early or failed: generate again"
            )
        if len(texts) != len(several[0]) or not texts or any(not isinstance(t, str) for t in texts):
            raise ValueError(
                f"score: references of sentence {number} are {texts!r:.80}, expected "
                f"{len(several[0]) or 1} text(s), the same number for every sentence"
            )
    return several


def summarise(
    table: Table,
    signatures: Mapping[str, str],
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> dict:
    """Scores of a sentence table: {"n", "interval", "metrics": {name: {value, low, high, …}}}.

    Values in points (0–100), off_target a share (0–1) of the outputs that could be judged, with
    the number of `undecided` ones beside it; None where no number exists. Intervals: percentile
    bootstrap over sentences, the same resamples for every metric and system.
    """
    metrics = {}
    for name, rows in table.items():
        how = counting(name)
        interval = statistics.bootstrap_ci(rows, resamples, seed, confidence, how.aggregate)
        numbers = (how.score(rows.sum(axis=0)), *interval)
        low_to_high = [None if np.isnan(number) else number for number in numbers]
        metrics[name] = dict(zip(("value", "low", "high"), low_to_high, strict=True))
        metrics[name] |= {"signature": signatures[name], **how.beside(rows)}
    interval = {"resamples": resamples, "confidence": confidence, "seed": seed}
    return {"n": len(next(iter(table.values()))), "interval": interval, "metrics": metrics}


def score(
    kind: str,
    outputs: Sequence[str],
    references: References,
    *,
    metrics: Sequence[str] | None = None,
    choices: Choices = (),
    sources: Sequence[str] = (),
    encoder: Encoder | None = None,
    spaced: bool = False,
    target_language: str = "",
    candidates: Iterable[str] = tuple(languages.NAMES),
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[dict, Table]:
    """Score the answers to a task; returns (scores, see `summarise`; table for `write_sentences`).

    kind: the task's (`tasks.kinds`), which says what is scored when no metrics are named, and what
    is always scored beside them. candidates: languages that answers may be in (a study's), for
    metrics that judge the language. references: a text, or a list of texts, a sentence. choices:
    of each output where it is one of several, see `records`. sources: what each answers, for
    metrics that look for the output there. encoder: of metrics that a model
    measures, which are left out without when no metrics are named. spaced: whether choices begin
    with a space. An empty output is a valid
    answer, and a bad one. Raises ValueError for an unknown metric, for numbers of
    outputs and references that differ, and for an output that is no text.
    """
    record = _scored(kind)
    several = _check_texts(outputs, references)
    answers = Answers(
        outputs,
        several,
        target_language,
        tuple(candidates),
        choices=choices,
        kind=record,
        encoder=encoder,
        sources=sources,
        spaced=spaced,
    )
    names = _asked(answers, metrics)
    hows = {name: counting(name) for name in names}
    signatures = {}
    for name in sorted(names, key=lambda name: hows[name].first is not None):
        answers.counted[name], signatures[name] = hows[name].count(answers)
    table = {name: answers.counted[name] for name in names}
    return summarise(table, signatures, resamples, confidence, seed), table


def _asked(answers: Answers, metrics: Sequence[str] | None) -> tuple[str, ...]:
    """The metrics that are named, else the kind's, and those that are always counted."""
    record, way = answers.kind, LIKELIHOOD if answers.likely else GENERATED
    main = [m for m in record.main if answers.encoder or not facts_of(m).needs]
    asked = record.counted(main, way) if metrics is None else metrics
    return tuple(dict.fromkeys((*asked, *record.counted(record.always, way))))


def _scored(kind: str) -> Kind:
    """The record of a kind that this version scores; ValueError for any other."""
    there = {name: record for name, record in KINDS.items() if record.built and record.scored}
    if kind not in there:
        raise ValueError(f"task kind {kind!r}: expected one of {', '.join(there)}")
    return there[kind]


def corpus_score(
    metric: str,
    outputs: Sequence[str],
    references: References,
    choices: Choices = (),
    sources: Sequence[str] = (),
    kind: str = "translation",
    spaced: bool = False,
) -> float:
    """One score of texts without interval or table, for choosing among many models quickly."""
    how, several = counting(metric), _check_texts(outputs, references)
    record = KINDS[kind]
    answers = Answers(
        outputs, several, choices=choices, kind=record, sources=sources, spaced=spaced
    )
    rows, _ = how.count(answers)
    return how.score(rows.sum(axis=0))


def write_sentences(path: str | Path, table: Table) -> None:
    """Write a sentence table as TSV, columns metric.statistic, a row a sentence in data order."""
    named = {name: counting(name).header(rows.shape[1]) for name, rows in table.items()}
    header = "\t".join(f"{name}.{column}" for name, columns in named.items() for column in columns)
    rows = np.concatenate(list(table.values()), axis=1)
    with replacing(path) as partial:
        np.savetxt(partial, rows, fmt="%d", delimiter="\t", header=header, comments="")


def read_sentences(path: str | Path) -> Table:
    """Sentence table that `write_sentences` wrote; ValueError when its columns are others."""
    with open(path, encoding="utf-8") as stream:
        header = stream.readline().rstrip("\n").split("\t")
        rows = np.loadtxt(stream, dtype=np.int64, delimiter="\t", ndmin=2)
    table = {}
    for name in dict.fromkeys(column.rpartition(".")[0] for column in header):
        places = [i for i, column in enumerate(header) if column.rpartition(".")[0] == name]
        known = COUNTINGS[name].header(len(places)) if name in COUNTINGS else ()
        expected = [f"{name}.{column}" for column in known]
        if [header[i] for i in places] != expected:
            raise ValueError(
                f"{path}: columns of {name!r} are {[header[i] for i in places]}, expected "
                f"{expected}; score the outputs again"
            )
        table[name] = rows[:, places]
    return table
