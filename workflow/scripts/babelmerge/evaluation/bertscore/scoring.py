"""BERTScore (Zhang et al. 2020): how well the tokens of two texts match in a model's embeddings.

Each token is matched with the likest one of the other text, by the cosine of their contextual
embeddings. Precision is the mean over the output's tokens, recall over the reference's, and the
score their F1; no idf weights, no rescaling. As in bert-score, tokens that the tokenizer puts
around a text can be matched and do not count themselves; of several references each number is the
best.
"""

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch

from babelmerge.evaluation.bertscore import encoders
from babelmerge.evaluation.counting import MILLION

LOG = logging.getLogger(__name__)
BATCH = 64  # texts at a time
# Tokenizers that write a space before a word, which bert-score puts before a text too.
SPACED = ("Roberta", "GPT2")
Tokens = tuple[torch.Tensor, torch.Tensor]  # unit vectors, and which of them count


@dataclass(frozen=True)
class Scorer:
    """Measures texts. name: of the model, for signatures."""

    encoder: encoders.Encoder
    name: str

    def compare(
        self, outputs: Sequence[str], references: Sequence[tuple[str, ...]]
    ) -> tuple[np.ndarray, str]:
        """(sentences, 4): precision, recall and F1 in millionths, and 1; and the signature."""
        pairs = [
            (output, text)
            for output, texts in zip(outputs, references, strict=True)
            for text in texts
        ]
        found = iter(self._measured(pairs))
        best = [np.max([next(found) for _ in texts], axis=0) for texts in references]
        rows = [(*np.rint(MILLION * values), 1) for values in best]
        return np.array(rows, dtype=np.int64), self.signature()

    def signature(self) -> str:
        told = self.encoder
        return (
            f"model:{self.name}|layer:{told.layer}|idf:no|rescaled:no|tokens:at most "
            f"{told.longest}, those around a text matched and not counted|dtype:float32|device:"
            f"{told.model.device.type}|aggregate:mean F1"
        )

    def _measured(self, pairs: Sequence[tuple[str, str]]) -> list[np.ndarray]:
        """Precision, recall and F1 of each pair. Pairs of like length share a batch."""
        order = sorted(range(len(pairs)), key=lambda at: -max(map(len, pairs[at])))
        found: dict[int, np.ndarray] = {}
        for start in range(0, len(order), BATCH // 2):
            chosen = order[start : start + BATCH // 2]
            tokens = self._tokens([text for at in chosen for text in pairs[at]])
            found |= {at: matched(next(tokens), next(tokens)) for at in chosen}
        return [found[at] for at in range(len(pairs))]

    @torch.inference_mode()
    def _tokens(self, texts: Sequence[str]) -> Iterator[Tokens]:
        read = self.encoder
        ids = read.tokenizer(
            [self._spaced(text.strip()) for text in texts],
            truncation=True,
            max_length=read.longest,
            padding=True,
            padding_side="right",
            return_special_tokens_mask=True,
            return_attention_mask=True,
            return_tensors="pt",
        )
        around, there = ids["special_tokens_mask"].bool(), ids["attention_mask"].bool()
        inputs = {k: ids[k].to(read.model.device) for k in ("input_ids", "attention_mask")}
        layers = read.model(**inputs, output_hidden_states=True).hidden_states
        vectors = torch.nn.functional.normalize(layers[read.layer].float().cpu(), dim=-1)
        for row, kept, added in zip(vectors, there, around, strict=True):
            yield row[kept], ~added[kept]

    def _spaced(self, text: str) -> str:
        before = text and type(self.encoder.tokenizer).__name__.startswith(SPACED)
        return f" {text}" if before else text


def scorer(folder: str, hub: str | None, revision: str | None, path: str | None, layer: int | None):
    """The model in a folder, ready to measure; the others say where it was taken from."""
    name = f"{hub}@{revision or 'main'}" if hub else path
    return Scorer(encoders.load(folder, encoders.usual_layer(hub or path, layer)), name)


def matched(output: Tokens, reference: Tokens) -> np.ndarray:
    """Precision, recall and F1 of two texts; all nought where one has no token that counts."""
    (said, of_output), (wanted, of_reference) = output, reference
    if not (of_output.any() and of_reference.any()):
        return np.zeros(3)
    alike = said @ wanted.T
    precision = float(alike.max(dim=1).values[of_output].mean())
    recall = float(alike.max(dim=0).values[of_reference].mean())
    total = precision + recall
    return np.array([precision, recall, 2 * precision * recall / total if total else 0.0])
