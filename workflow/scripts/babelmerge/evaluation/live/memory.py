"""A model in memory whose weights others take, in place, and that is asked and scored as it stands.

Reads the model that it begins as; writes nothing.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor

from babelmerge.evaluation import answer_scores, answering
from babelmerge.evaluation.answering import Asked, Rows
from babelmerge.merging.sweeping import Tensors, load_into
from babelmerge.models import loading as models
from babelmerge.models.dialect import rows


class Live:
    """One model of a shape, with its tokenizer. dtype: of the computation.

    Tensors that are put in are cast as if the model had been written and loaded in it.
    """

    def __init__(self, folder: str | Path, dtype: str = "float32"):
        self.model, self.tokenizer = models.load(folder, dtype)
        self._own = self.tokenizer

    def take(self, tensors: Mapping[str, Tensor], tokenizer: Any = None) -> None:
        """All weights of another model of the same shape, which is formed as it is put in.

        Its embeddings may have other rows. tokenizer: where that is not the folder's.
        """
        self.tokenizer = tokenizer or self._own
        size = rows.count(tensors) if isinstance(tensors, Tensors) else 0
        if size and (size, rows.first(tensors)) != self._rows():
            self.model.resize_token_embeddings(size, mean_resizing=False)
        load_into(self.model, tensors)

    def _rows(self) -> tuple[int, int]:
        """Of the embeddings, and of the tables for layers, which are resized with them."""
        every = self.model.named_parameters()
        first = [one.shape[0] for name, one in every if name.endswith(rows.BY_LAYER)]
        return self.model.get_input_embeddings().weight.shape[0], max(first, default=0)

    def answers(self, rows: Rows, asked: Asked, options: Mapping[str, Any]) -> list[dict]:
        """See `answering.answer`."""
        return answering.answer(self.model, self.tokenizer, rows, asked, options)

    def scores(
        self, cases: Mapping[str, tuple[Sequence, Asked]], options: Mapping[str, Any], metric: str
    ) -> dict[str, float]:
        """A metric by data set, see `answer_scores.scores`."""
        return answer_scores.scores(self.model, self.tokenizer, cases, options, metric)
