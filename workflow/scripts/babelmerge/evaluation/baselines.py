"""What can be answered without understanding: scores that stand beside the models' own.

`bag_of_words` learns labels from words alone, `overlap` takes the choice that shares most with its
question, `lead` is a document's first sentence. A word is a run of letters or digits; where a
script writes no spaces, each character and each pair of neighbours. Imports numpy alone.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import numpy

# Characters of scripts without spaces: kana, Chinese characters, Thai, Lao, Khmer, Burmese.
UNSPACED = (
    "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"
)
MARKS = "\u0900-\u0dff"  # Indian scripts, whose vowel signs are no letters to a pattern
RUN = re.compile(rf"[{UNSPACED}]+|(?:[^\W{UNSPACED}]|[{MARKS}])+")
SENTENCE = re.compile(r".+?(?:[.!?।](?=\s|$)|[。！？]|$)", re.DOTALL)
MOST_WORDS = 5_000  # the commonest of the training texts
STEPS, RATE, DECAY = 400, 0.5, 1e-4
Labelled = tuple[str, str]  # text, label


def tokens(text: str) -> list[str]:
    """The words of a text in lower case, in order."""
    found: list[str] = []
    for run in RUN.findall(text.lower()):
        if re.match(rf"[{UNSPACED}]", run):
            found += [*run, *(run[i : i + 2] for i in range(len(run) - 1))]
        else:
            found.append(run)
    return found


def bag_of_words(train: Iterable[Labelled], test: Iterable[Labelled]) -> float:
    """Share of test rows (text, label) whose label a logistic regression over words finds.

    It knows which words a text has, not their order or number. Raises ValueError without rows.
    """
    train, test = list(train), list(test)
    if not train or not test:
        raise ValueError(
            f"bag of words: {len(train)} training and {len(test)} test rows; expected one at least "
            "of each: give it the rows of both splits"
        )
    counts = Counter(word for text, _ in train for word in dict.fromkeys(tokens(text)))
    places = {word: at for at, (word, _) in enumerate(counts.most_common(MOST_WORDS))}
    labels = sorted({label for _, label in train})
    weights = _fitted(_present(train, places), [labels.index(label) for _, label in train])
    guessed = (_present(test, places) @ weights).argmax(axis=1)
    return sum(labels[g] == label for g, (_, label) in zip(guessed, test, strict=True)) / len(test)


def _present(rows: Sequence[Labelled], places: dict[str, int]) -> numpy.ndarray:
    """(rows, words + 1): 1 where a text has a word, scaled to length one, and 1 for the bias."""
    found = numpy.zeros((len(rows), len(places) + 1), dtype=numpy.float32)
    for row, (text, _) in zip(found, rows, strict=True):
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
