"""Where the tensors of a model lie: in which block, between which, before the first or after all.

By their names alone. No tensors, no torch.
"""

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"\.(\d+)\.")
# Of tensors of no block those that come before the blocks: what tokens and places become first.
_BEFORE = re.compile(r"embed(?!_out)|\bw[tp]e\b|^project_in|\.project_in")
# What sees and hears for a decoder, in blocks of its own.
_SENSES = re.compile(r"(^|[._])(vision|visual|image|audio|speech)([._]|$)|multi_modal|mm_project")


def block_of(name: str) -> int | None:
    """The number of the decoder's block that a tensor belongs to.

    None for embeddings, final norm and head, and for what turns images or sounds into tokens, whose
    blocks are no blocks of the decoder.
    """
    found = _BLOCK.search(name)
    ours = found and not _SENSES.search(name[: found.start() + 1])
    return int(found[1]) if found and ours else None


@dataclass(frozen=True)
class Span:
    """Blocks from `first` up to `last`, without it. final: they are the last of the model.

    What lies before the blocks of a model belongs to its first ones, what comes after to its final
    ones, as in mergekit.
    """

    first: int
    last: int
    final: bool

    def holds(self, name: str) -> bool:
        """Whether a tensor belongs here."""
        block = block_of(name)
        if block is not None:
            return self.first <= block < self.last
        before = _BEFORE.search(name) or _SENSES.search(name)
        return self.first == 0 if before else self.final

    def position(self, name: str) -> float:
        """Where a tensor lies between the first of these blocks (0) and the last (1)."""
        block, steps = block_of(name), self.last - self.first - 1
        if block is None:
            return 0.0
        return (block - self.first) / steps if steps else 1.0
