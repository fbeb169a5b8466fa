"""What can be answered without understanding: scores that stand beside the models' own.

`bag_of_words` learns labels from words alone, `overlap` takes the choice that shares most with its
question, `lead` is a document's first sentence; the commonest label, or a choice at random, is what
knows nothing. A word is a run of letters or digits; where a script writes no spaces, each character
and each pair of neighbours. `scored` has them all for a data set. Imports no torch.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy

from babelmerge.evaluation import metrics, statistics
from babelmerge.tasks import kinds
from babelmerge.words import writing
from babelmerge.words.metrics import metric as facts_of

SENTENCE = re.compile(r".+?(?:[.!?।](?=\s|$)|[。！？]|$)", re.DOTALL)
MOST_WORDS = 5_000  # the commonest of the training texts
MOST_ROWS = 10_000  # the first ones, that weights are learnt from
STEPS, RATE, DECAY = 400, 0.5, 1e-4
HIT = 10**6  # where several choices tie, a share of it
Labelled = tuple[str, str]  # text, label
Rows = Sequence[Mapping]


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    found: list[str] = []
    for run in writing.runs(text.lower()):
        if writing.is_unspaced(run):
            found += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        else:
            found.append(run)
    return found


def bag_of_words(train: Iterable[Labelled], test: Iterable[Labelled]) -> float:
    """Share of test rows (text, label) whose label a logistic regression over words finds.

    It knows which words a text has, not their order or number. Raises ValueError without rows.
    """
    test = list(test)
    guessed = words_alone(train, [text for text, _ in test])
    return sum(g == label for g, (_, label) in zip(guessed, test, strict=True)) / len(test)


def words_alone(train: Iterable[Labelled], test: Sequence[str]) -> list[str]:
    """The label of each test text by a logistic regression over the words of training texts."""
    train = list(train)[:MOST_ROWS]
    if not train or not test:
        raise ValueError(
            f"bag of words: {len(train)} training and {len(test)} test rows; expected one at least "
            "of each: give it the rows of both splits"
        )
    counts = Counter(word for text, _ in train for word in dict.fromkeys(tokens(text)))
    places = {word: at for at, (word, _) in enumerate(counts.most_common(MOST_WORDS))}
    labels = sorted({label for _, label in train})
    seen = _present([text for text, _ in train], places)
    weights = _fitted(seen, [labels.index(label) for _, label in train])
    return [labels[guess] for guess in (_present(test, places) @ weights).argmax(axis=1)]


def _present(texts: Sequence[str], places: dict[str, int]) -> numpy.ndarray:
    """(rows, words + 1): 1 where a text has a word, scaled to length one, and 1 for the bias."""
    found = numpy.zeros((len(texts), len(places) + 1), dtype=numpy.float32)
    for row, text in zip(found, texts, strict=True):
        row[[places[word] for word in tokens(text) if word in places]] = 1
        row[:-1] /= max(numpy.sqrt(row.sum()), 1)
    found[:, -1] = 1
    return found


def _fitted(texts: numpy.ndarray, labels: Sequence[int]) -> numpy.ndarray:
    """(words + 1, labels): weights after some hundred steps of gradient descent with momentum."""
    wanted = numpy.eye(max(labels) + 1, dtype=numpy.float32)[list(labels)]
    weights = numpy.zeros((texts.shape[1], wanted.shape[1]), dtype=numpy.float32)
    speed = numpy.zeros_like(weights)
    for _ in range(STEPS):
        scores = texts @ weights
        odds = numpy.exp(scores - scores.max(axis=1, keepdims=True))
        error = odds / odds.sum(axis=1, keepdims=True) - wanted
        speed = 0.9 * speed + texts.T @ error / len(texts) + DECAY * weights
        weights -= RATE * speed
    return weights


def overlap(rows: Iterable[tuple[str, Sequence[str], str]]) -> float:
    """Share of questions (question, choices, answer) where the likest choice is the answer.

    The likest has the largest share of its words in the question; the first of equals counts as
    one of them drawn at random. Raises ValueError without rows.
    """
    hits = [_hit(set(tokens(question)), choices, answer) for question, choices, answer in rows]
    if not hits:
        raise ValueError("overlap: no rows; expected one question at least")
    return sum(hits) / len(hits)


def _hit(asked: set[str], choices: Sequence[str], answer: str) -> float:
    shares = [
        sum(word in asked for word in words) / max(len(words), 1) for words in map(tokens, choices)
    ]
    best = [c for c, share in zip(choices, shares, strict=True) if share == max(shares)]
    return (answer in best) / len(best)


def lead(document: str) -> str:
    """The first sentence of a document."""
    found = SENTENCE.match(document.strip())
    return found[0] if found else ""


def scored(
    kind: str, train: Rows, test: Rows, asked: Sequence[str], labels: Sequence[str], **options
) -> Iterator[dict]:
    """Scores of a kind's trivial baselines, one a metric: {"baseline", "metric", "value", …}.

    train: may be empty; what has to learn is left out then. asked: metrics of the task; those that
    a model measures are left out. options: of intervals, see `metrics.summarise`.
    """
    for name in kinds.kind(kind).trivial:
        if name in _HITS:
            found = _chosen(name, test, asked, options)
        elif name == "words" and not train:
            continue
        else:
            outputs, how = _ANSWERS[name](train, test)
            found = _answered(kind, outputs, test, (asked, labels), options)
            found = {metric: {**entry, "signature": how} for metric, entry in found.items()}
        for metric, entry in found.items():
            yield {"baseline": name, "metric": metric, **entry, "n": len(test)}


def _answered(
    kind: str,
    outputs: Sequence[str],
    test: Rows,
    wanted: tuple[Sequence[str], Sequence[str]],
    options: Mapping,
) -> dict[str, dict]:
    """Scores of written answers, but for rates of failing ones. wanted: metrics and labels."""
    asked, labels = wanted
    choices = [[{"text": label} for label in labels]] * len(test) if labels else ()
    counted = [metric for metric in asked if not facts_of(metric).needs]
    references = [row["target"] for row in test]
    found, _ = metrics.score(kind, outputs, references, metrics=counted, choices=choices, **options)
    return {m: found["metrics"][m] for m in counted if not facts_of(m).fault}


def _chosen(name: str, test: Rows, asked: Sequence[str], options: Mapping) -> dict[str, dict]:
    """The same of one that hits a choice with some odds, whichever length a metric divides by."""
    hits = [round(HIT * _HITS[name][0](row)) for row in test]
    table = numpy.array([(hit, HIT) for hit in hits])
    low, high = statistics.bootstrap_ci(table, **options)
    numbers = {"value": sum(hits) / HIT / len(hits), "low": low, "high": high}
    told = {**numbers, "signature": _HITS[name][1]}
    return {metric: told for metric in asked if metric.startswith("accuracy")}


def _words(train: Rows, test: Rows) -> tuple[list[str], str]:
    seen = [(row["source"], row["target"]) for row in train]
    outputs = words_alone(seen, [row["source"] for row in test])
    return outputs, f"logistic regression|words:{MOST_WORDS}|rows:{min(len(train), MOST_ROWS)}"


def _majority(train: Rows, test: Rows) -> tuple[list[str], str]:
    counts = Counter(row["target"] for row in train or test)
    most = min(counts, key=lambda label: (-counts[label], label))
    return [most] * len(test), f"label:{most}, commonest of {'train' if train else 'test'}"


def _lead(train: Rows, test: Rows) -> tuple[list[str], str]:
    return [lead(row["source"]) for row in test], "first sentence of the document"


_ANSWERS: Mapping[str, Callable[[Rows, Rows], tuple[list[str], str]]] = {
    "words": _words,
    "majority": _majority,
    "lead": _lead,
}
_HITS: Mapping[str, tuple[Callable[[Mapping], float], str]] = {
    "overlap": (
        lambda row: _hit(set(tokens(row["source"])), row["choices"], row["target"]),
        "choice with the largest share of words in the question|ties:at random",
    ),
    "chance": (lambda row: 1 / len(row["choices"]), "a choice at random"),
}
