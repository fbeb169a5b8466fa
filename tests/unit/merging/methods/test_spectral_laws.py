"""Merging by singular values: what all methods have in common, and the linear algebra below."""

import pytest
import torch
from stand_ins.matrices import close, draw, draws, rotation

from babelmerge.merging.methods import linear_algebra, spectral

torch.set_num_threads(1)

# --- all of them ----------------------------------------------------------------------------------

ALL = {
    "tsv": spectral.tsv,
    "iso_c": spectral.iso_c,
    "iso_cts": spectral.iso_cts,
    "boost": lambda deltas: spectral.boost(sum(deltas), 0.4),
    "svc": lambda deltas: spectral.calibrate(sum(deltas), deltas),
}


ONE_SIDED = (ALL["iso_cts"], ALL["svc"])  # they take left singular vectors, or project on them


@pytest.mark.parametrize("method", ALL.values(), ids=ALL)
def test_order_turns_and_transposes_do_not_matter(method):
    deltas = draws(3, 12, 8)
    merged = method(deltas)
    left, right = rotation(12, 5), rotation(8, 6)
    turned = method([(left @ delta.double() @ right).float() for delta in deltas])
    assert close(method(deltas[::-1]), merged)
    assert close(turned, left @ merged.double() @ right)
    assert close(method([-delta for delta in deltas]), -merged)
    assert close(method([delta.T for delta in deltas]), merged.T) or method in ONE_SIDED


@pytest.mark.parametrize("method", ALL.values(), ids=ALL)
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (1, 1), (1, 5), (5, 1)])
def test_empty_thin_and_zero_matrices(method, shape):
    deltas = draws(2, *shape)
    assert method(deltas).shape == shape
    assert bool(torch.isfinite(method(deltas)).all())
    zeros = [torch.zeros(shape)] * 2
    assert torch.equal(method(zeros), zeros[0])


@pytest.mark.parametrize("method", ["tsv", "iso_c", "iso_cts"])
@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4)])
def test_what_is_no_matrix_is_averaged(method, shape):
    deltas = draws(3, *shape)
    assert close(ALL[method](deltas), torch.stack(deltas).mean(0))
    assert torch.equal(spectral.boost(deltas[0], 0.1), deltas[0])


@pytest.mark.parametrize("method", ALL.values(), ids=ALL)
def test_same_bytes_for_any_number_of_threads(method):
    deltas = draws(2, 300, 200)
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append(method(deltas))
        assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    assert all(torch.equal(one, found[0]) for one in found)


def test_embeddings_and_heads_are_no_linear_maps():
    matrix = torch.zeros(3, 2)
    assert spectral.decomposes("model.layers.0.mlp.up_proj.weight", matrix)
    assert not spectral.decomposes("model.layers.0.mlp.up_proj.weight", matrix[0])
    names = ["model.embed_tokens.weight", "lm_head.weight", "transformer.wte.weight"]
    names += ["shared.weight", "cls.predictions.decoder.weight", "bert.embeddings.weight"]
    names += ["encoder.block.0.layer.0.SelfAttention.relative_attention_bias.weight"]
    assert not any(spectral.decomposes(name, matrix) for name in names)


@pytest.mark.parametrize(
    "call,name",
    [
        (lambda: spectral.tsv(draws(2, 3, 3), 1.5), "rank is 1.5"),
        (lambda: spectral.iso_cts(draws(2, 3, 3), -1), "common is -1"),
        (lambda: spectral.boost(draw(0, 3, 3), float("nan")), "beta is nan"),
    ],
)
def test_shares_outside_0_to_1_are_refused(call, name):
    with pytest.raises(ValueError, match=name):
        call()


# --- the linear algebra ---------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(2000, 30), (30, 2000), (64, 64)])
@pytest.mark.parametrize("spread", [0, 3, 5, 8])
def test_triplets_are_exact_for_float32_however_far_they_spread(shape, spread):
    """spread: decades between the largest and the smallest singular value."""
    rank = min(shape)
    u = torch.linalg.qr(draw(1, shape[0], rank, size=1).double())[0]
    v = torch.linalg.qr(draw(2, shape[1], rank, size=1).double())[0]
    values = torch.logspace(0, -spread, rank, dtype=torch.float64)
    matrix = u * values @ v.T
    left, s, right = linear_algebra.singular(matrix)
    assert len(s) == int((values > linear_algebra.NULL).sum())
    assert torch.allclose(s, values[: len(s)], rtol=1e-7)
    for vectors in (left, right):
        identity = torch.eye(len(s), dtype=torch.float64)
        assert torch.allclose(vectors.T @ vectors, identity, atol=1e-7)
    assert torch.allclose(left * s @ right.T, matrix, rtol=0, atol=2 * linear_algebra.NULL)


def test_gram_and_lapack_agree_on_a_tall_matrix():
    tall = draw(4, 20000, 24)
    left, s, right = linear_algebra.singular(tall, 10)
    u, values, vh = torch.linalg.svd(tall.double(), full_matrices=False)
    assert torch.allclose(s, values[:10], rtol=1e-12)
    assert torch.allclose(left * s @ right.T, u[:, :10] * values[:10] @ vh[:10], atol=1e-12)
