"""Random matrices for tests of methods by singular values, and whether two are alike."""

import torch

SHAPES = ((12, 8), (8, 12), (9, 9), (40, 6))


def draw(seed, *shape, size=1e-3):
    return size * torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def draws(count, *shape, seed=0):
    return [draw(seed + number, *shape) for number in range(count)]


def close(left, right, relative=1e-5):
    scale = float(right.abs().max()) if right.numel() else 0.0
    return left.shape == right.shape and torch.allclose(
        left.double(), right.double(), rtol=0, atol=relative * scale
    )


def of_rank(rank, rows, columns, seed=0):
    return draw(seed, rows, rank, size=1) @ draw(seed + 1, rank, columns)


def rotation(size, seed):
    return torch.linalg.qr(draw(seed, size, size, size=1).double())[0]
