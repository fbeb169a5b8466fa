"""ROUGE-1, -2, -L and -Lsum (Lin 2004): F1 of each summary, by the formulas of rouge-score.

Two ways of cutting texts into tokens: words, and in scripts without spaces characters; or the
default of rouge-score, which finds nothing but a-z and 0-9, so that a summary in Japanese or
Chinese scores 0 whatever it says. A summary of several references is compared with its best.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import numpy as np

from babelmerge.evaluation import statistics
from babelmerge.evaluation.records import Answers
from babelmerge.words import writing

NAMES = ("rouge1", "rouge2", "rougeL", "rougeLsum")
COLUMNS = ("billionths", "all")  # F1 of a summary, a whole number; and 1
SCALE = 10**9
_SENTENCES = re.compile(r"\n|(?<=[.!?।])\s|(?<=[。！？])")
_SIGNATURE = "tok:{}|case:lower|stem:no|aggregate:mean F1"
_KINDS = ("words, characters of scripts without spaces", "[a-z0-9]+ (rouge-score's default)")
Tokens = Sequence[str]


def count(answers: Answers, name: str, default: bool) -> tuple[np.ndarray, str]:
    """(sentences, 2): the F1 of each summary in billionths, and 1; and the signature."""
    cut = _default if default else _words
    sentences = partial(_lines if default else _sentences, cut=cut)
    pairs = zip(answers.outputs, answers.references, strict=True)
    best = [
        max(_scored(name, text, output, sentences) for text in texts) for output, texts in pairs
    ]
    rows = [(round(SCALE * value), 1) for value in best]
    signature = _SIGNATURE.format(_KINDS[default])
    if name == "rougeLsum":
        signature += f"|sentences:{'lines' if default else 'lines and final marks'}"
    return np.array(rows, dtype=np.int64), signature


def mean(sums: np.ndarray) -> np.ndarray:
    """Mean F1, 0-1, of summed statistics."""
    return statistics.share(sums) / SCALE


def _words(text: str) -> Tokens:
    return writing.words(text.lower())


def _default(text: str) -> Tokens:
    return re.findall("[a-z0-9]+", text.lower())


def _lines(text: str, cut: Callable[[str], Tokens]) -> list[Tokens]:
    return [cut(line) for line in text.split("\n") if line]


def _sentences(text: str, cut: Callable[[str], Tokens]) -> list[Tokens]:
    return [tokens for part in _SENTENCES.split(text) if (tokens := cut(part))]


def _scored(name: str, reference: str, output: str, sentences: Callable) -> float:
    wanted, found = sentences(reference), sentences(output)
    if name == "rougeLsum":
        return _f1(_hits(wanted, found), sum(map(len, wanted)), sum(map(len, found)))
    wanted, found = ([token for tokens in side for token in tokens] for side in (wanted, found))
    if name == "rougeL":
        return _f1(_common(wanted, found), len(wanted), len(found))
    grams = [Counter(_ngrams(tokens, int(name[-1]))) for tokens in (wanted, found)]
    return _f1((grams[0] & grams[1]).total(), grams[0].total(), grams[1].total())


def _f1(hits: int, wanted: int, found: int) -> float:
    return 2 * hits / (wanted + found) if hits else 0.0


def _ngrams(tokens: Tokens, order: int) -> Iterator[tuple[str, ...]]:
    return zip(*(tokens[start:] for start in range(order)), strict=False)


def _common(one: Tokens, other: Tokens) -> int:
    """Length of the longest common subsequence, a row of its table a whole number's bits."""
    places: dict[str, int] = {}
    for at, token in enumerate(one):
        places[token] = places.get(token, 0) | 1 << at
    full = (1 << len(one)) - 1
    row = full
    for token in other:
        same = row & places.get(token, 0)
        row = (row + same | row - same) & full
    return len(one) - row.bit_count()


def _hits(wanted: Sequence[Tokens], found: Sequence[Tokens]) -> int:
    """Tokens of the reference's sentences in a common subsequence with one of the output's.

    No token counts oftener than both sides have it.
    """
    left = Counter(t for tokens in wanted for t in tokens)
    left &= Counter(t for tokens in found for t in tokens)
    hits = 0
    for sentence in wanted:
        places = sorted({at for other in found for at in _subsequence(sentence, other)})
        for token in (sentence[at] for at in places):
            if left[token] > 0:
                left[token] -= 1
                hits += 1
    return hits


def _subsequence(one: Tokens, other: Tokens) -> list[int]:
    """Places in `one` of a longest common subsequence, that which rouge-score takes of several."""
    table = [[0] * (len(other) + 1)]
    for token in one:
        above, row = table[-1], [0]
        for at, against in enumerate(other):
            row.append(above[at] + 1 if token == against else max(above[at + 1], row[at]))
        table.append(row)
    places, i, j = [], len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            places.append(i)
        elif table[i][j - 1] > table[i - 1][j]:
            j -= 1
        else:
            i -= 1
    return places
