"""A model's files opened, with what its class knows and its config leaves out. No torch.

Models that are put beside each other come through `alike`, which gives them one set of names.
"""

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import numpy as np

from babelmerge.files import layouts, ties
from babelmerge.files.directories import write_json
from babelmerge.files.tensor_files import TensorFiles
from babelmerge.files.tensor_headers import SIZES
from babelmerge.models.dialect import configs, experts, renames

CONFIG = "config.json"


class ModelFiles(TensorFiles):
    """`TensorFiles` whose head is tied where transformers' class says so and config.json nothing.

    The class is asked only where a head lies in the files that has the embeddings' bytes.
    """

    _made: Mapping[str, Any] = MappingProxyType({})

    def ties_by_default(self) -> bool:
        return configs.ties_by_default(self.config)

    def with_rows(self, tensors: Mapping[str, Any]) -> Self:
        """The same with other rows in some tensors, made when they are read (`rows.Arranged`)."""
        found = copy.copy(self)
        found._made = {**self._made, **tensors}
        return found

    def sliced(self, parts: Mapping[str, experts.Slice]) -> Self:
        """The same in other tensors, which are parts of those that are there; no other is left."""
        found = copy.copy(self)
        listed = set(self.names)
        copies = {n: experts.Slice(n, 0, self.shape(n)) for n in self.stored if n not in listed}
        found._entries = {
            name: experts.bytes_of(self._entries[part.name], part, SIZES[self.code(part.name)])
            for name, part in {**parts, **copies}.items()
        }
        found.names = tuple(parts)
        return found

    def shape(self, name: str) -> tuple[int, ...]:
        return self._made[name].shape if name in self._made else super().shape(name)

    def code(self, name: str) -> str:
        return self._made[name].code if name in self._made else super().code(name)

    def raw(self, name: str) -> np.ndarray:
        return self._made[name].raw() if name in self._made else super().raw(name)


def say_ties(folder: Path) -> None:
    """Have a model's config say that its head is its own, where it is and the config ties it.

    A base that came so is trained so; other readers go by the config.
    """
    if not (folder / CONFIG).is_file():  # an adapter alone
        return
    files = ModelFiles(folder)
    source = files.head and ties.embeddings_of(files.names, files.shape, files.shape(files.head))
    if source and files.tied:
        write_json(folder / CONFIG, configs.retold(files.config, False))


def alike(models: Sequence[Any]) -> list[Any]:
    """Models by the first one's names, their heads tied in all or in none.

    State dicts in memory, adapters and paths stay as they are.
    """
    return ties.alike(renames.alike(layouts.alike(experts.alike(models))))
