"""A model's files opened, with what its class knows and its config leaves out. No torch.

Models that are put beside each other come through `alike`, which gives them one set of names.
"""

from collections.abc import Sequence
from typing import Any

from babelmerge.files import layouts, ties
from babelmerge.files.tensor_files import TensorFiles
from babelmerge.models.dialect import configs


class ModelFiles(TensorFiles):
    """`TensorFiles` whose head is tied where transformers' class says so and config.json nothing.

    The class is asked only where a head lies in the files that has the embeddings' bytes.
    """

    def ties_by_default(self) -> bool:
        return configs.ties_by_default(self.config)


def alike(models: Sequence[Any]) -> list[Any]:
    """Models by the first one's names, their heads tied in all or in none.

    State dicts in memory, adapters and paths stay as they are.
    """
    return ties.alike(layouts.alike(models))
