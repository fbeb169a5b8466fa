"""Learning-rate schedules as plain functions of the step; imports no torch.

Each gives the factor on the learning rate of optimizer step `step` (0, 1, …, total − 1). Steps
are counted as the published runs' trainer counts them, so that with warm-up the factor of the very
first step is 0.
"""

import math

TIMESCALE = 10_000  # of inverse_sqrt without warm-up, as in Transformers


def constant(step: int, warmup: int, total: int) -> float:
    """step / warmup, then 1."""
    return _rise(step, warmup)


def linear(step: int, warmup: int, total: int) -> float:
    """step / warmup, then a straight line down to 0 at `total`."""
    if step < warmup:
        return _rise(step, warmup)
    return max(0.0, (total - step) / max(1, total - warmup))


def cosine(step: int, warmup: int, total: int) -> float:
    """step / warmup, then ½(1 + cos(π · progress)) down to 0 at `total`."""
    if step < warmup:
        return _rise(step, warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, total - warmup))))


def inverse_sqrt(step: int, warmup: int, total: int) -> float:
    """step / warmup, then sqrt(t / (step − warmup + t)), t = warmup, or 10,000 without warm-up.

    So without warm-up a short run sees an almost constant rate: Transformers' definition, which
    the published experts were trained with.
    """
    if step < warmup:
        return _rise(step, warmup)
    timescale = warmup or TIMESCALE
    return math.sqrt(timescale / (step - warmup + timescale))


def _rise(step: int, warmup: int) -> float:
    return min(1.0, step / warmup) if warmup else 1.0


SCHEDULES = {
    "constant": constant,
    "linear": linear,
    "cosine": cosine,
    "inverse_sqrt": inverse_sqrt,
}
