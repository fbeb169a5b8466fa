"""Scores of outputs against references, with sacreBLEU's signatures and bootstrap intervals.

Metric = statistics of each sentence → their sum → score. The statistics are kept as a table, from
which score, interval and paired tests follow without the texts. Takes lists of texts; sacreBLEU
counts, `statistics` resamples, `language_id` judges languages. No model, no torch.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from babelmerge.evaluation import language_id, statistics
from babelmerge.files.atomic import replacing
from babelmerge.words import languages

Table = dict[str, np.ndarray]  # metric -> (sentences, statistics) whole numbers
References = Sequence[str] | Sequence[Sequence[str]]

_LENGTHS = ("output_length", "reference_length")
_BLEU = (*_LENGTHS, *(f"{what}{n}" for what in ("matches", "ngrams") for n in range(1, 5)))


def _chrf_columns(*orders: str) -> tuple[str, ...]:
    return tuple(f"{what}_{n}" for n in orders for what in ("output", "reference", "matches"))


_CHARACTERS = tuple(f"char{n}" for n in range(1, 7))
COLUMNS = {
    "bleu": _BLEU,
    "bleu_intl": _BLEU,
    "chrf": _chrf_columns(*_CHARACTERS),
    "chrf++": _chrf_columns(*_CHARACTERS, "word1", "word2"),
    "off_target": ("off", "decided"),
}
AGGREGATES: dict[str, statistics.Aggregate] = {  # what paired_bootstrap needs for each metric
    "bleu": statistics.bleu,
    "bleu_intl": statistics.bleu,
    "chrf": statistics.chrf,
    "chrf++": statistics.chrf,
    "off_target": statistics.share,
}


def _sacrebleu(metric: str):
    from sacrebleu.metrics import BLEU, CHRF

    makers = {
        "bleu": lambda: BLEU(tokenize="13a"),
        "bleu_intl": lambda: BLEU(tokenize="intl"),
        "chrf": CHRF,
        "chrf++": lambda: CHRF(word_order=2),
    }
    return makers[metric]()


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


def _count(
    metric: str, outputs: Sequence[str], several: Sequence[tuple[str, ...]], known: Table
) -> tuple[np.ndarray, str]:
    """Sentence statistics (n, k) of a sacreBLEU metric, and its signature."""
    scorer = _sacrebleu(metric)
    if metric == "chrf" and "chrf++" in known and len(several[0]) == 1:
        # chrF++ counts chrF's n-grams first; with several references each picks its own best one.
        scorer.num_refs = 1
        return known["chrf++"][:, : len(COLUMNS["chrf"])], scorer.get_signature().format()
    streams = [list(stream) for stream in zip(*several, strict=True)]
    rows = scorer._extract_corpus_statistics(list(outputs), streams)
    return np.array(rows, dtype=np.int64), scorer.get_signature().format()


def _languages_missed(
    outputs: Sequence[str], target_language: str, candidates: Iterable[str]
) -> tuple[np.ndarray, str]:
    candidates = tuple(candidates)
    answers = [language_id.off_target(output, target_language, candidates) for output in outputs]
    rows = [(int(answer is True), int(answer is not None)) for answer in answers]
    signature = f"target:{target_language}|candidates:{','.join(sorted(candidates))}|id:script"
    return np.array(rows, dtype=np.int64), signature + "+py3langid"


def _value(metric: str, sums: np.ndarray) -> float:
    """Score of summed statistics; by sacreBLEU itself, so that it agrees to the last digit."""
    if metric == "off_target":
        return float(statistics.share(sums))
    return float(_sacrebleu(metric)._compute_score_from_stats(sums.tolist()).score)


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
        interval = statistics.bootstrap_ci(rows, resamples, seed, confidence, AGGREGATES[name])
        numbers = (_value(name, rows.sum(axis=0)), *interval)
        low_to_high = [None if np.isnan(number) else number for number in numbers]
        metrics[name] = dict(zip(("value", "low", "high"), low_to_high, strict=True))
        metrics[name]["signature"] = signatures[name]
        if name == "off_target":
            metrics[name]["undecided"] = int(len(rows) - rows[:, 1].sum())
    interval = {"resamples": resamples, "confidence": confidence, "seed": seed}
    return {"n": len(next(iter(table.values()))), "interval": interval, "metrics": metrics}


def score_translation(
    outputs: Sequence[str],
    references: References,
    target_language: str,
    *,
    metrics: Sequence[str] = ("bleu", "chrf", "chrf++"),
    candidates: Iterable[str] = tuple(languages.NAMES),
    resamples: int = 1000,
    confidence: float = 0.95,
    seed: int = 0,
) -> tuple[dict, Table]:
    """Score translations; returns (scores, see `summarise`; sentence table for `write_sentences`).

    metrics: bleu (13a, as published), bleu_intl, chrf, chrf++; off_target is always added, judged
    among `candidates` (a study's languages). references: a text, or a list of texts, a sentence.
    An empty output is a valid answer, and a bad one. Raises ValueError for an unknown metric, for
    numbers of outputs and references that differ, and for an output that is no text.
    """
    several = _check_texts(outputs, references)
    names = tuple(dict.fromkeys((*metrics, "off_target")))
    for name in names:
        if name not in COLUMNS:
            raise ValueError(f"metric {name!r}: expected one of {', '.join(COLUMNS)}")
    table, signatures = {}, {}
    for name in sorted(names, reverse=True):  # chrf++ before chrf, which it contains
        if name == "off_target":
            table[name], signatures[name] = _languages_missed(outputs, target_language, candidates)
        else:
            table[name], signatures[name] = _count(name, outputs, several, table)
    table = {name: table[name] for name in names}
    return summarise(table, signatures, resamples, confidence, seed), table


def corpus_score(metric: str, outputs: Sequence[str], references: References) -> float:
    """One sacreBLEU score without interval or table, for choosing among many models quickly."""
    rows, _ = _count(metric, outputs, _check_texts(outputs, references), {})
    return _value(metric, rows.sum(axis=0))


SCORERS: dict[str, Callable] = {"translation": score_translation}


def score(kind: str, outputs: Sequence, references: Sequence, **options) -> tuple[dict, Table]:
    """Score the outputs of a task of one kind; options are those of the kind's own function."""
    if kind not in SCORERS:
        raise ValueError(f"task kind {kind!r}: expected one of {', '.join(SCORERS)}")
    return SCORERS[kind](outputs, references, **options)


def write_sentences(path: str | Path, table: Table) -> None:
    """Write a sentence table as TSV, columns metric.statistic, a row a sentence in data order."""
    header = "\t".join(f"{name}.{column}" for name in table for column in COLUMNS[name])
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
        expected = [f"{name}.{column}" for column in COLUMNS.get(name, ())]
        places = [i for i, column in enumerate(header) if column.rpartition(".")[0] == name]
        if [header[i] for i in places] != expected:
            raise ValueError(
                f"{path}: columns of {name!r} are {[header[i] for i in places]}, expected "
                f"{expected}; score the outputs again"
            )
        table[name] = rows[:, places]
    return table
