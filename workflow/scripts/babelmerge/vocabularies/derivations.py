"""Which entries of a tokenizer's model have to stay so that texts are cut as before.

Byte-pair encoding joins the adjacent pair of the first rule, again and again. A text's tokens are
the same under fewer rules, as long as each rule that made one of them stays: at every step the
first rule that applies is still there, and no rule is new. What makes a token is what makes it
alone: a rule that reaches over its end would have made another. Takes and gives plain values.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from babelmerge.words.showing import shown

BPE, UNIGRAM = "BPE", "Unigram"
AFFIXES = ("continuing_subword_prefix", "end_of_word_suffix")


def require_known(model: Mapping[str, Any]) -> None:
    """ValueError for the model of a tokenizer.json of another kind, of which nothing is known."""
    kind = model.get("type")
    if kind not in (BPE, UNIGRAM):
        raise ValueError(f"its tokenizer is a {shown(kind)} model, expected {BPE} or {UNIGRAM}")
    if odd := next((name for name in AFFIXES if kind == BPE and model.get(name)), None):
        raise ValueError(f"its tokenizer marks parts of words ({odd}), expected plain pieces")


def needed(model: Mapping[str, Any], used: Iterable[str]) -> set[str]:
    """The entries that must stay for tokens that texts use: they, and what they are made of.

    Beside them what any other text is cut into: bytes where the model falls back on them, else
    single characters; of a unigram model its unknown token, and its least likely entry, from which
    the score of unknown text is taken.
    """
    entries = [piece for piece, _ in model["vocab"]] if _is_unigram(model) else model["vocab"]
    found = {entry for entry in entries if _is_basic(entry, bool(model.get("byte_fallback")))}
    if _is_unigram(model):
        least = min(model["vocab"], key=lambda entry: entry[1])[0]
        unknown = model.get("unk_id")
        own = {least} if unknown is None else {least, entries[unknown]}
        return found | own | set(used)
    ranks = {tuple(pair): rank for rank, pair in reversed([*enumerate(model["merges"])])}
    unknown = {model["unk_token"]} if model.get("unk_token") else set()
    for token in used:
        found |= parts(token, ranks)
    return (found | unknown) & entries.keys()


def parts(token: str, ranks: Mapping[tuple[str, str], int]) -> set[str]:
    """A token and all that it is made of, by byte-pair encoding of its own characters.

    ranks: pair -> the number of its rule; the least comes first.
    """
    symbols, found = list(token), {token, *token}
    while True:
        pairs = zip(symbols, symbols[1:], strict=False)
        rules = [ranks.get(pair, len(ranks)) for pair in pairs]
        first = min(rules, default=len(ranks))
        if first == len(ranks):
            return found
        at = rules.index(first)
        symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
        found.add(symbols[at])


def reduced(model: Mapping[str, Any], kept: Sequence[str]) -> dict[str, Any]:
    """The model with the kept entries alone, numbered in their order."""
    numbers = {token: number for number, token in enumerate(kept)}
    if _is_unigram(model):
        pieces = [piece for piece, _ in model["vocab"]]
        scores = dict(model["vocab"])
        unknown = model.get("unk_id")
        return {
            **model,
            "vocab": [[token, scores[token]] for token in kept],
            "unk_id": None if unknown is None else numbers[pieces[unknown]],
        }
    rules = [
        [left, right]
        for left, right in model["merges"]
        if left in numbers and right in numbers and left + right in numbers
    ]
    return {**model, "vocab": numbers, "merges": rules}


def _is_unigram(model: Mapping[str, Any]) -> bool:
    return model["type"] == UNIGRAM


def _is_basic(entry: str, falls_back: bool) -> bool:
    return is_byte(entry) if falls_back else len(entry) == 1


def is_byte(entry: str) -> bool:
    """Whether an entry stands for one byte of text that no other entry has: <0x0A>."""
    return len(entry) == 6 and entry.startswith("<0x") and entry.endswith(">")
