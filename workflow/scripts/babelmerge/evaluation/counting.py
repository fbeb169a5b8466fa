"""How each metric is counted: whole numbers for each sentence, from which every score follows.

One record a metric, registered under its name; `metrics` scores with them. A new metric is a record
of how it is shown (`words.metrics`) and one of how it is counted, here. sacreBLEU counts BLEU and
chrF and writes their signatures, `language_id` judges languages, `choosing` counts choices and
`rouge` what summaries share, `hallucination` examples that no input has. What a model measures
comes from the answers' encoder. No torch.
"""

from collections.abc import Mapping
from functools import partial
from types import MappingProxyType

import numpy as np

from babelmerge.evaluation import choosing, hallucination, language_id, rouge, statistics
from babelmerge.evaluation.records import Answers, Counting
from babelmerge.words.metrics import metric as facts_of


def _sacrebleu(name: str):
    from sacrebleu.metrics import BLEU, CHRF

    makers = {
        "bleu": lambda: BLEU(tokenize="13a"),
        "bleu_intl": lambda: BLEU(tokenize="intl"),
        "chrf": CHRF,
        "chrf++": lambda: CHRF(word_order=2),
    }
    return makers[name]()


def _counted_by_sacrebleu(name: str, answers: Answers) -> tuple[np.ndarray, str]:
    scorer = _sacrebleu(name)
    streams = [list(stream) for stream in zip(*answers.references, strict=True)]
    rows = scorer._extract_corpus_statistics(list(answers.outputs), streams)
    return np.array(rows, dtype=np.int64), scorer.get_signature().format()


def _chrf(answers: Answers) -> tuple[np.ndarray, str]:
    """chrF's statistics; those of chrF++ begin with them, but with several references each metric
    picks its own best one."""
    if "chrf++" not in answers.counted or len(answers.references[0]) > 1:
        return _counted_by_sacrebleu("chrf", answers)
    scorer = _sacrebleu("chrf")
    scorer.num_refs = 1
    rows = answers.counted["chrf++"][:, : len(COUNTINGS["chrf"].columns)]
    return rows, scorer.get_signature().format()


def _sacrebleu_score(name: str, sums: np.ndarray) -> float:
    """The score by sacreBLEU itself, so that it agrees to the last digit."""
    return _sacrebleu(name)._compute_score_from_stats(sums.tolist()).score


def _languages_missed(answers: Answers) -> tuple[np.ndarray, str]:
    target, candidates = answers.target_language, answers.candidates
    if not target:
        raise ValueError("metric 'off_target': no target language is given; name one")
    found = [language_id.off_target(output, target, candidates) for output in answers.outputs]
    rows = [(int(answer is True), int(answer is not None)) for answer in found]
    written = {"target": target, "candidates": ",".join(sorted(candidates))}
    signature = facts_of("off_target").signature.format(**written)
    return np.array(rows, dtype=np.int64), signature


def _bertscore(answers: Answers) -> tuple[np.ndarray, str]:
    if answers.encoder is None:
        raise ValueError(
            "metric 'bertscore': no model to measure it by; name one in the study's "
            "`evaluation: {bertscore: {hub: …}}`, or take the metric out"
        )
    return answers.encoder.compare(answers.outputs, answers.references)


def _bertscore_f1(sums: np.ndarray) -> np.ndarray:
    return statistics.share(sums[..., -2:]) / MILLION


def _bits_per_byte(sums: np.ndarray) -> np.ndarray:
    return statistics.share(sums) / MILLION


_RIGHT = ("right", "all")
MILLION = 10**6
BERTSCORE = ("precision", "recall", "f1", "all")  # in millionths, whole numbers; and 1


def _undecided(rows: np.ndarray) -> dict[str, int]:
    return {"undecided": int(len(rows) - rows[:, 1].sum())}


_LENGTHS = ("output_length", "reference_length")
_BLEU = (*_LENGTHS, *(f"{what}{n}" for what in ("matches", "ngrams") for n in range(1, 5)))
_CHARACTERS = tuple(f"char{n}" for n in range(1, 7))


def _chrf_columns(*orders: str) -> tuple[str, ...]:
    return tuple(f"{what}_{n}" for n in orders for what in ("output", "reference", "matches"))


def _of_sacrebleu(
    name: str, columns: tuple[str, ...], aggregate: statistics.Aggregate, **changes
) -> Counting:
    count, value = partial(_counted_by_sacrebleu, name), partial(_sacrebleu_score, name)
    return Counting(columns, changes.pop("count", count), aggregate, value, **changes)


_COUNTINGS: dict[str, Counting] = {
    "bleu": _of_sacrebleu("bleu", _BLEU, statistics.bleu),
    "bleu_intl": _of_sacrebleu("bleu_intl", _BLEU, statistics.bleu),
    "chrf": _of_sacrebleu(
        "chrf", _chrf_columns(*_CHARACTERS), statistics.chrf, count=_chrf, first="chrf++"
    ),
    "chrf++": _of_sacrebleu(
        "chrf++", _chrf_columns(*_CHARACTERS, "word1", "word2"), statistics.chrf
    ),
    "off_target": Counting(
        ("off", "decided"), _languages_missed, statistics.share, beside=_undecided
    ),
    "bits_per_byte": Counting(("microbits", "bytes"), choosing.bits, _bits_per_byte),
    "accuracy": Counting(_RIGHT, choosing.right, statistics.share),
    **{
        f"accuracy_{measure}": Counting(
            _RIGHT, partial(choosing.likeliest, measure=measure), statistics.share
        )
        for measure in choosing.MEASURES
    },
    "hallucination": Counting(
        ("absent", "examples"),
        hallucination.count,
        statistics.share,
        beside=hallucination.examples,
    ),
    "without_examples": Counting(("without", "all"), hallucination.without, statistics.share),
    "bertscore": Counting(BERTSCORE, _bertscore, _bertscore_f1),
    "unread": Counting(("unread", "all"), choosing.unread, statistics.share),
    **{
        name: Counting(choosing.CONFUSION, choosing.confusion, aggregate, repeated=True)
        for name, aggregate in choosing.MACRO.items()
    },
    **{
        f"{name}{suffix}": Counting(
            rouge.COLUMNS, partial(rouge.count, name=name, default=bool(suffix)), rouge.mean
        )
        for name in rouge.NAMES
        for suffix in ("", "_default")
    },
}
COUNTINGS: Mapping[str, Counting] = MappingProxyType(_COUNTINGS)


def counting(name: str) -> Counting:
    """How a metric is counted; ValueError for one that this version does not count."""
    if name not in COUNTINGS:
        raise ValueError(f"metric {name!r}: expected one of {', '.join(COUNTINGS)}")
    return COUNTINGS[name]


def register(name: str, record: Counting) -> None:
    """Add how a metric is counted; ValueError for a name that is taken."""
    if name in _COUNTINGS:
        raise ValueError(f"metric {name!r} is counted already; give it another name")
    _COUNTINGS[name] = record


def forget(name: str) -> None:
    """Take a registered metric out again."""
    del _COUNTINGS[name]
