"""What can be known to be wrong before hours of training, and what must stop a run at once.

Checks read rows, token ids and losses and raise ValueError with the remedy; they change nothing.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import tee

from babelmerge.tasks import learning, prompts

logger = logging.getLogger(__name__)

# What becomes of rows that are too long.
CUT, DROP, ERROR, SPLIT = "cut", "drop", "error", "split"
RARE = ("targets_dropped", "texts_split", "pieces")  # counts that are told where there are any
MOST_UNKNOWN = 0.5  # share of unknown target tokens above which training cannot make sense
WARN_UNKNOWN, WARN_BYTES = 0.01, 0.2


class Diverged(ValueError):
    """The loss or the gradient stopped being a finite number."""


@dataclass
class Counts:
    """What became of the rows of a split on their way to tokens."""

    rows: int = 0
    prompts_too_long: int = 0  # rows left out
    targets_cut: int = 0
    tokens_cut: int = 0
    target_tokens: int = 0
    unknown: int = 0
    byte_fallback: int = 0
    empty: list = field(default_factory=list)
    parts: dict[str, int] = field(default_factory=dict)  # data set -> rows that fit
    targets_dropped: int = 0  # rows left out that would otherwise be cut
    texts_split: int = 0
    pieces: int = 0  # that these became

    def facts(self) -> dict:
        facts = {k: value for k, value in asdict(self).items() if k not in ("empty", "parts")}
        return {k: value for k, value in facts.items() if value or k not in RARE}

    def left_out(self) -> int:
        return self.prompts_too_long + self.targets_dropped


def check_vocabulary(model, tokenizer) -> None:
    """The tokenizer must have an EOS and no id beyond the model's embedding."""
    if tokenizer.eos_token_id is None:
        raise ValueError("the tokenizer has no EOS token; set tokenizer.eos_token")
    rows, ids = model.get_input_embeddings().weight.shape[0], len(tokenizer)
    if ids > rows:
        raise ValueError(
            f"the tokenizer has {ids} entries, the model's embedding only {rows} rows; use the "
            "base's own tokenizer or resize the embedding"
        )


def tokenised(
    rows: Iterable[Mapping],
    prompt: Mapping,
    tokenizer,
    max_length: int | None,
    counts: Counts,
    too_long: str = CUT,
) -> Iterator[tuple[str, list[int], list[int]]]:
    """(row id, prompt ids, target ids) of each row that fits; fills `counts` on the way.

    prompt: see `tasks.learning`. too_long: what becomes of rows of more than max_length tokens.
    cut: the target is cut, and a row left out whose prompt alone fills max_length; drop: all are
    left out; error: ValueError for the first; split: a text is given in pieces, and rows that are
    not learnt as a whole are a ValueError.
    """
    rows, again = tee(rows)  # holds one chunk of the tokenizer at most
    unknown, fallback = tokenizer.unk_token_id, _byte_ids(tokenizer)
    encoded = learning.encode(again, prompt, tokenizer)
    for position, (row, tokens) in enumerate(zip(rows, encoded, strict=True)):
        counts.rows += 1
        name = str(row.get("id", position))
        if learning.is_empty(row, prompt):
            counts.empty.append(name)
            continue
        if too_long == SPLIT and not learning.is_whole(row, prompt):
            raise ValueError(
                f"row {name} is a prompt and its answer, and too_long: split is for texts alone; "
                "set it to cut, drop or error"
            )
        fitting = _fitting(tokens, max_length, too_long, name, counts)
        for number, (read, targets) in enumerate(fitting):
            counts.target_tokens += len(targets)
            counts.unknown += targets.count(unknown) if unknown is not None else 0
            part = row.get("dataset", "")
            counts.parts[part] = counts.parts.get(part, 0) + 1
            counts.byte_fallback += sum(map(fallback.__contains__, targets))
            yield (f"{name}, piece {number + 1}" if number else name), read, targets


def _fitting(
    tokens: prompts.Encoded, max_length: int | None, too_long: str, name: str, counts: Counts
) -> list[tuple[list[int], list[int]]]:
    """What of a row is read and learnt; nothing of one that is left out, which is counted."""
    prompt, target = tokens.prompt_ids, tokens.target_ids
    length = len(prompt) + len(target)
    if max_length is None or length <= max_length:
        return [(prompt, target)]
    if too_long == ERROR:
        raise ValueError(
            f"row {name} has {length} tokens, and max_length is {max_length}; raise it, shorten "
            "the row, or set too_long: cut or drop"
        )
    room = max_length - len(prompt)
    if room <= 0:
        counts.prompts_too_long += 1
        return []
    if too_long == SPLIT:
        found = list(learning.pieces(prompt, target, max_length))
        counts.texts_split += 1
        counts.pieces += len(found)
        return found
    if too_long == DROP:
        counts.targets_dropped += 1
        return []
    counts.targets_cut += 1
    counts.tokens_cut += len(target) - room
    return [(prompt, target[:room])]


def _byte_ids(tokenizer) -> frozenset[int]:
    names = tokenizer.convert_tokens_to_ids([f"<0x{byte:02X}>" for byte in range(256)])
    return frozenset(i for i in names if i is not None and i != tokenizer.unk_token_id)


def check_rows(counts: Counts, split: str, max_length: int) -> None:
    """Raise for empty data, empty texts and unknown targets; warn about what was cut."""
    if counts.empty:
        raise ValueError(
            f"{split}: {len(counts.empty)} rows have an empty source or target, the first are "
            f"{', '.join(counts.empty[:5])}; remove them when the data are prepared"
        )
    if counts.rows == 0:
        raise ValueError(f"{split}: there are no rows; check the corpus, its split and its size")
    if counts.target_tokens == 0:
        what = "rows" if counts.targets_dropped else "prompts"
        raise ValueError(
            f"{split}: all {counts.rows} {what} are longer than max_length {max_length}; raise it"
        )
    unknown = counts.unknown / counts.target_tokens
    if unknown > MOST_UNKNOWN:
        raise ValueError(
            f"{split}: {unknown:.0%} of the target tokens are unknown to the tokenizer; "
            "take a base whose vocabulary covers these languages"
        )
    _warn(counts, split, max_length, unknown)


def _warn(counts: Counts, split: str, max_length: int, unknown: float) -> None:
    if counts.texts_split:
        told = (split, max_length, counts.texts_split, counts.rows, counts.pieces)
        logger.info("%s: max_length %d split %d of %d texts into %d pieces", *told)
    if counts.left_out() or counts.targets_cut:
        logger.warning(
            "%s: max_length %d left out %d of %d rows (%s too long) and cut %d targets",
            split,
            max_length,
            counts.left_out(),
            counts.rows,
            "row" if counts.targets_dropped else "prompt",
            counts.targets_cut,
        )
    if unknown > WARN_UNKNOWN:
        logger.warning("%s: %.1f%% of the target tokens are unknown", split, 100 * unknown)
    if counts.byte_fallback > WARN_BYTES * counts.target_tokens:
        share = 100 * counts.byte_fallback / counts.target_tokens
        logger.warning("%s: %.1f%% of the target tokens are single bytes", split, share)


def check_finite(loss: float, norm: float, step: int, row_ids: Iterable[str]) -> None:
    """Stop at the first loss or gradient norm that is not a finite number."""
    if math.isfinite(loss) and math.isfinite(norm):
        return
    raise Diverged(
        f"step {step}: loss {loss}, gradient norm {norm}; rows of this step: "
        f"{', '.join(row_ids)}; lower learning_rate, lengthen the warm-up, or look at these rows"
    )
