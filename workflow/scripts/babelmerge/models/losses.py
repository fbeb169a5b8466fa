"""Next-token loss at chosen positions, without ever holding all logits.

A 152k vocabulary makes logits the largest tensor of a training step by far. The output layer is
therefore applied to target positions only, in slices of bounded size, and its gradient is formed
in the same pass: nothing of the logits is kept. Tensors in, tensors out.
"""

import logging

import torch
from torch.nn import functional

logger = logging.getLogger(__name__)

SLICE = 1 << 25  # logits held at a time


class _SlicedCrossEntropy(torch.autograd.Function):
    """Σ −log softmax(hidden · weightᵀ)[label], float32; gradients are made in the forward pass.

    hidden (n, d), weight (V, d), labels (n,). ∂/∂logits = softmax − onehot.
    """

    @staticmethod
    def forward(ctx, hidden, weight, labels):
        grad_hidden = torch.empty_like(hidden)
        trained = weight.requires_grad
        grad_weight = torch.zeros_like(weight, dtype=torch.float32) if trained else None
        loss = hidden.new_zeros((), dtype=torch.float32)
        matrix = weight.to(hidden.dtype)
        for part, part_loss, slopes in _slices(hidden, matrix, labels):
            loss += part_loss
            slopes[torch.arange(len(slopes), device=slopes.device), labels[part]] -= 1
            slopes = slopes.to(hidden.dtype)
            grad_hidden[part] = slopes @ matrix
            if grad_weight is not None:
                grad_weight += slopes.T @ hidden[part]
        ctx.save_for_backward(grad_hidden, grad_weight)
        ctx.weight_dtype = weight.dtype
        return loss

    @staticmethod
    def backward(ctx, slope):
        grad_hidden, grad_weight = ctx.saved_tensors
        if grad_weight is not None:
            grad_weight = (grad_weight * slope).to(ctx.weight_dtype)
        return (grad_hidden * slope).to(grad_hidden.dtype), grad_weight, None


def _slices(hidden, matrix, labels):
    """Slices of rows, their summed losses and probabilities (rows, V), float32.

    In place throughout: at this size the memory, not the arithmetic, is what takes time.
    """
    rows = max(1, SLICE // len(matrix))
    for start in range(0, len(hidden), rows):
        part = slice(start, min(start + rows, len(hidden)))
        logits = (hidden[part] @ matrix.T).float()
        logits -= logits.amax(1, keepdim=True)
        picked = logits.gather(1, labels[part].unsqueeze(1))
        powers = logits.exp_()
        norms = powers.sum(1, keepdim=True)
        yield part, (norms.log() - picked).sum(), powers.div_(norms)


def sliced_cross_entropy(hidden, weight, labels) -> torch.Tensor:
    """Sum of the cross entropies of hidden (n, d) · weight (V, d)ᵀ at labels (n,), float32."""
    if torch.is_grad_enabled() and (hidden.requires_grad or weight.requires_grad):
        return _SlicedCrossEntropy.apply(hidden, weight, labels)
    parts = _slices(hidden, weight.to(hidden.dtype), labels)
    return torch.stack([loss for _, loss, _ in parts]).sum()


def summed_loss(model, batch, plain_head: bool) -> torch.Tensor:
    """Summed loss of a batch's target tokens; see `has_plain_head`."""
    inputs = {"input_ids": batch.input_ids}
    if batch.position_ids is not None:
        inputs["position_ids"] = batch.position_ids
    if plain_head:
        states = model.get_decoder()(**inputs, use_cache=False)[0]
        hidden = states.flatten(0, 1)[batch.positions]
        return sliced_cross_entropy(hidden, model.get_output_embeddings().weight, batch.labels)
    logits = model(**inputs, use_cache=False).logits
    logits = logits.flatten(0, 1)[batch.positions].float()
    return functional.cross_entropy(logits, batch.labels, reduction="sum")


@torch.no_grad()
def has_plain_head(model, device) -> bool:
    """Whether logits are hidden · weightᵀ and no more, found by trying it on two tokens.

    Some families scale or cap their logits; for them the model's own forward pass is used, and for
    a head with a bias or an adapter, which may start at zero and be trained all the same.
    """
    head = model.get_output_embeddings()
    if [parameter is head.weight for parameter in head.parameters()] != [True]:
        return False
    probe = torch.tensor([[1, 0]], device=device)
    expected = model(input_ids=probe, use_cache=False).logits.float()
    states = model.get_decoder()(input_ids=probe, use_cache=False)[0]
    found = functional.linear(states, head.weight.to(states.dtype)).float()
    plain = found.shape == expected.shape and torch.allclose(found, expected, rtol=1e-2, atol=1e-3)
    if not plain:
        logger.info("the output layer is not a plain product: logits are formed in full")
    return plain
