"""Sums over rows of what a model does with them: squared gradients, products of inputs.

A model and tokenised rows in, float32 tensors by name out, for as many tensors as the caller asks
for. `collect` says what they are for, and writes them. Reads and writes no file.
"""

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

from babelmerge.data import batches
from babelmerge.data.batches import Tokens
from babelmerge.models import losses

LOG = logging.getLogger(__name__)

BATCH_TOKENS = 4096  # of one forward pass for Gram matrices
EVERY = 100  # rows or batches between two lines of the log


def fisher(
    model, tokens: Tokens, names: Sequence[str], batch_tokens: int = BATCH_TOKENS
) -> dict[str, Tensor]:
    """Mean over rows of the squared gradient of log p(target | prompt), float32, by parameter.

    The gradient is that of one row's whole target, EOS included, at the reference: the empirical
    Fisher. (The information itself would take targets drawn from the model, or for few classes the
    expectation over all, as Matena & Raffel do; a gradient of a batch, squared, would be another
    quantity.) So rows are taken one by one, and batch_tokens has no say. A tied head and embedding
    are one parameter, whose gradient is the sum of both uses. Parameters that the loss does not
    depend on get 0. A gradient is dropped as soon as it is squared: at no time is there a second
    copy of the model. ValueError when a loss is not finite.
    """
    parameters = dict(model.named_parameters())
    sums = {name: torch.zeros_like(parameters[name], dtype=torch.float32) for name in names}
    plain = losses.has_plain_head(model, model.device)
    with _squared_into(sums, parameters), torch.enable_grad():
        for row in range(len(tokens)):
            batch = batches.collate(tokens, np.array([row]), model.device)
            loss = losses.summed_loss(model, batch, plain)
            if not bool(torch.isfinite(loss)):
                raise ValueError(
                    f"row {tokens.row_ids([row])[0]}: the loss is {loss.item()}; the training of "
                    "this model diverged, or dtype is too narrow for it: use float32"
                )
            loss.backward()
            if (row + 1) % EVERY == 0:
                LOG.info("fisher: %d of %d rows", row + 1, len(tokens))
    return {name: total.div_(len(tokens)) for name, total in sums.items()}


@torch.no_grad()
def gram(
    model, tokens: Tokens, names: Sequence[str], batch_tokens: int = BATCH_TOKENS
) -> dict[str, Tensor]:
    """Xᵀ X / positions of the inputs X (positions, in) of linear layers, (in, in) float32.

    Positions are all that training feeds: prompt and target without the last token. Rows of one
    length share a batch of at most batch_tokens (a longer row is alone), so nothing is padded and
    no position needs masking. Layers with the same input (q, k and v; gate and up) share one
    product and one tensor. The head's input is the decoder's output: logits are never formed.
    """
    modules, head = linear_maps(model), _head(model)
    products = _Products()
    chosen = {name: modules[name] for name in names}
    handles = [m.register_forward_pre_hook(products.hook(n)) for n, m in chosen.items()]
    decoder, positions = model.get_decoder(), 0
    try:
        for number, ids in enumerate(even_batches(tokens, batch_tokens), start=1):
            ids = torch.from_numpy(ids).to(model.device)
            states = decoder(input_ids=ids, use_cache=False)[0]
            if head in names:
                products.add(head, states)
            products.forget()
            positions += ids.numel()
            if number % EVERY == 0:
                LOG.info("gram: %d of %d positions", positions, (tokens.lengths - 1).sum())
    finally:
        for handle in handles:
            handle.remove()
    return products.means(positions, {name: module.weight for name, module in chosen.items()})


def linear_maps(model) -> dict[str, nn.Linear]:
    """The linear layers of a decoder by the name of their weight, and its head if that is plain.

    Left out: a tied head (it is the embedding), a head whose logits are not hidden · weightᵀ, and
    what is no nn.Linear (GPT-2's transposed Conv1D, experts fused into one tensor).
    """
    inside = set(model.get_decoder().modules())
    head = _head(model)
    return {
        f"{name}.weight": module
        for name, module in model.named_modules()
        if isinstance(module, nn.Linear) and (module in inside or f"{name}.weight" == head)
    }


def even_batches(tokens: Tokens, batch_tokens: int) -> Iterator[np.ndarray]:
    """Inputs (rows, length) of rows of one length, int64; shortest first, in the rows' order."""
    lengths = tokens.lengths
    for length in np.unique(lengths[lengths > 1]).tolist():
        rows = np.flatnonzero(lengths == length)
        step = max(1, batch_tokens // (length - 1))
        for start in range(0, len(rows), step):
            part = rows[start : start + step]
            yield np.stack([tokens.row(row)[:-1].astype(np.int64) for row in part])


class _Products:
    """Sums of Xᵀ X by layer; layers that are handed the very same tensor share one sum."""

    def __init__(self) -> None:
        self.sums: dict[str, Tensor] = {}
        self.owners: dict[str, str] = {}
        self.forget()

    def forget(self) -> None:
        self.last: tuple[Tensor | None, str] = (None, "")

    def hook(self, name: str) -> Callable:
        return lambda module, inputs: self.add(name, inputs[0])

    def add(self, name: str, inputs: Tensor) -> None:
        owner = self.last[1] if inputs is self.last[0] else name
        if self.owners.setdefault(name, owner) != owner:
            raise ValueError(f"{name}: shares its input with {owner} in some batches only")
        if owner != name:
            return
        self.last = (inputs, name)
        flat = inputs.detach().reshape(-1, inputs.shape[-1]).float()
        if name in self.sums:
            self.sums[name].addmm_(flat.T, flat)
        else:
            self.sums[name] = flat.T @ flat

    def means(self, positions: int, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """By name; zeros for a layer that was never called (an expert that no token chose)."""
        for total in self.sums.values():
            total.div_(positions)
        return {
            name: self.sums[self.owners[name]]
            if name in self.owners
            else weight.new_zeros(weight.shape[1], weight.shape[1], dtype=torch.float32)
            for name, weight in weights.items()
        }


@contextmanager
def _squared_into(sums: Mapping[str, Tensor], parameters: Mapping[str, nn.Parameter]):
    """Each gradient of a backward pass is squared, added to its sum and dropped."""

    def add(total: Tensor) -> Callable:
        def square(parameter: nn.Parameter) -> None:
            slope = parameter.grad.float()
            total.addcmul_(slope, slope)
            parameter.grad = None

        return square

    before = {name: parameter.requires_grad for name, parameter in parameters.items()}
    for name, parameter in parameters.items():
        parameter.requires_grad_(name in sums)
    handles = [
        parameters[name].register_post_accumulate_grad_hook(add(total))
        for name, total in sums.items()
    ]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()
        for name, parameter in parameters.items():
            parameter.requires_grad_(before[name])


def _head(model) -> str | None:
    """The name of an untied, plain output head's weight."""
    head = model.get_output_embeddings()
    if head is None or head.weight is model.get_input_embeddings().weight:
        return None
    if not losses.has_plain_head(model, model.device):
        return None
    return next(f"{name}.weight" for name, module in model.named_modules() if module is head)
