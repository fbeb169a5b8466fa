"""`Aligned`: a model seen through permutations of its units, a member of a merge like any other."""

import numpy as np
from torch import Tensor

from babelmerge.merging.alignment.layout import Config, Permutations, layout_of
from babelmerge.merging.streaming.members import Model, Readable
from babelmerge.merging.streaming.opening import opened
from babelmerge.models import checkpoints


class Aligned:
    """A model with its units in another order, as a member of a merge: tensors move when read.

    Whatever a permutation does not change (names, shape, code, file, config, ...) is the model's.
    permutations: complete or not, see `Layout.complete`. config: by default the model's own.
    ValueError when they do not fit the model.
    """

    def __init__(self, model: Model, permutations: Permutations, config: Config | None = None):
        self._model = opened(model)
        self.layout = layout_of(self._model, config_of(config, self._model))
        self.permutations = self.layout.complete(permutations)

    def __getattr__(self, name: str) -> object:
        if name.startswith("_"):  # not there yet: while it is being built, copied or unpickled
            raise AttributeError(name)
        return getattr(self._model, name)

    def read(self, name: str) -> Tensor:
        """The tensor with its units in the new order; as it is where none move."""
        name = getattr(self._model, "aliases", {}).get(name, name)
        tensor = self._model.read(name)
        for dim in range(tensor.dim()):
            order = self.layout.index(name, dim, self.permutations)
            if order is not None:
                tensor = tensor.index_select(dim, order.to(tensor.device))
        return tensor

    def raw(self, name: str) -> np.ndarray:
        """The bytes of `read`: mapped where nothing moves, else made anew at each call."""
        dims = range(len(self.layout.roles[name][1]))
        moves = any(self.layout.index(name, d, self.permutations) is not None for d in dims)
        return checkpoints.as_bytes(self.read(name)) if moves else self._model.raw(name)


def config_of(config: Config | None, *models: Readable) -> Config:
    """The config given, or else the first that a model has; ValueError without any."""
    for found in (config, *(getattr(model, "config", None) for model in models)):
        if found is not None:
            return found
    raise ValueError("alignment: a state dict does not say how many heads it has; give config=")
