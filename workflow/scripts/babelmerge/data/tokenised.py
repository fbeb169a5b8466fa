"""What can be known to be wrong before hours of training, and what must stop a run at once.

Checks read rows, token ids and losses and raise ValueError with the remedy; they change nothing.
"""

import logging
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import tee

from babelmerge.tasks import prompts

logger = logging.getLogger(__name__)

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

    def facts(self) -> dict:
        return {k: value for k, value in asdict(self).items() if k not in ("empty", "parts")}


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
    rows: Iterable[Mapping], template: str, tokenizer, max_length: int, chat: bool, counts: Counts
) -> Iterator[tuple[str, list[int], list[int]]]:
    """(row id, prompt ids, target ids) of each row that fits; fills `counts` on the way."""
    rows, again = tee(rows)  # holds one chunk of the tokenizer at most
    unknown, fallback = tokenizer.unk_token_id, _byte_ids(tokenizer)
    encoded = prompts.encode_all(again, template, tokenizer, max_length, chat)
    for position, (row, tokens) in enumerate(zip(rows, encoded, strict=True)):
        counts.rows += 1
        name = str(row.get("id", position))
        if not row["source"].strip() or not row["target"].strip():
            counts.empty.append(name)
        elif tokens is None:
            counts.prompts_too_long += 1
        else:
            counts.targets_cut += tokens.cut > 0
            counts.tokens_cut += tokens.cut
            counts.target_tokens += len(tokens.target_ids)
            counts.unknown += tokens.target_ids.count(unknown) if unknown is not None else 0
            part = row.get("dataset", "")
            counts.parts[part] = counts.parts.get(part, 0) + 1
            counts.byte_fallback += sum(map(fallback.__contains__, tokens.target_ids))
            yield name, tokens.prompt_ids, tokens.target_ids


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
        raise ValueError(
            f"{split}: all {counts.rows} prompts are longer than max_length {max_length}; raise it"
        )
    unknown = counts.unknown / counts.target_tokens
    if unknown > MOST_UNKNOWN:
        raise ValueError(
            f"{split}: {unknown:.0%} of the target tokens are unknown to the tokenizer; "
            "take a base whose vocabulary covers these languages"
        )
    _warn(counts, split, max_length, unknown)


def _warn(counts: Counts, split: str, max_length: int, unknown: float) -> None:
    if counts.prompts_too_long or counts.targets_cut:
        logger.warning(
            "%s: max_length %d left out %d of %d rows (prompt too long) and cut %d targets",
            split,
            max_length,
            counts.prompts_too_long,
            counts.rows,
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
