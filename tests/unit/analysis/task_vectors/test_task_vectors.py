"""Measures of task vectors against scipy, full SVD and counting by hand; adapters against B A."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial import distance

from babelmerge.analysis.task_vectors import measures as task_vectors
from babelmerge.analysis.task_vectors import moments

torch.set_num_threads(1)


def noise(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def low_precision(*shape, seed=0):
    """Differences as training in bfloat16 leaves them: many of them exactly 0."""
    base = noise(*shape, seed=seed + 1000)
    tuned = (base + 0.003 * noise(*shape, seed=seed)).bfloat16()
    return tuned.float() - base.bfloat16().float()


@pytest.mark.parametrize("shape", [(3,), (70, 90), (moments.PIECE + 5,), (2, 3, 4), ()])
def test_norm_and_cosine_are_those_of_the_flat_vectors(shape):
    a, b = noise(*shape, seed=1), noise(*shape, seed=2)
    flat_a, flat_b = (t.double().reshape(-1).numpy() for t in (a, b))
    assert task_vectors.norm(a) == pytest.approx(np.linalg.norm(flat_a), rel=1e-14)
    expected = 1 - distance.cosine(flat_a, flat_b)
    assert task_vectors.cosine(a, b) == pytest.approx(expected, abs=1e-14)


def test_cosine_of_scaled_and_zero_vectors():
    a = noise(50, 60)
    assert task_vectors.cosine(a, 7 * a) == pytest.approx(1)
    assert task_vectors.cosine(a, -a) == pytest.approx(-1)
    assert math.isnan(task_vectors.cosine(a, torch.zeros_like(a)))
    assert math.isnan(task_vectors.cosine(torch.zeros(0), torch.zeros(0)))
    with pytest.raises(ValueError, match=r"\(50, 60\), \(60,\)"):
        task_vectors.cosine(a, a[0])
    with pytest.raises(ValueError, match="NaN or infinity"):
        task_vectors.cosine(a, a / 0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 5).flatmap(
        lambda number: st.lists(
            st.lists(
                st.sampled_from([-2.0, -0.5, 0.0, 0.0, 1.0]), min_size=number, max_size=number
            ),
            min_size=1,
            max_size=30,
        )
    )
)
def test_signs_and_zeros_are_counted_as_by_hand(columns):
    values = np.array(columns).T
    deltas = [torch.tensor(row, dtype=torch.float32) for row in values]
    pairs, majority = task_vectors.sign_agreement(deltas)
    for i, a in enumerate(values):
        assert task_vectors.zero_share(deltas[i]) == pytest.approx((a == 0).mean())
        for j, b in enumerate(values):
            both = (a != 0) & (b != 0)
            expected = (np.sign(a) == np.sign(b))[both].mean() if both.any() else math.nan
            assert pairs[i, j] == pytest.approx(expected, nan_ok=True)
    won = cast = 0
    for column in columns:
        up, down = sum(v > 0 for v in column), sum(v < 0 for v in column)
        if up + down >= 2:
            won, cast = won + max(up, down), cast + up + down
    assert majority == pytest.approx(won / cast if cast else math.nan, nan_ok=True)


def test_chance_levels_are_those_of_random_signs():
    for number in (2, 3, 4, 7):
        draws = [noise(90_000, seed=s) for s in range(number)]
        thinned = [d * (noise(90_000, seed=90 + s) > 0.3) for s, d in enumerate(draws)]
        for deltas in (draws, thinned):
            found = moments.moments(moments.pieces(deltas))
            assert found.majority_share == pytest.approx(found.majority_by_chance, abs=3e-3)
            assert np.abs(found.sign_agreement - 0.5)[~np.eye(number, dtype=bool)].max() < 0.02
    assert moments.moments(moments.pieces(draws[:2])).majority_by_chance == 0.75
    assert math.isnan(moments.moments(moments.pieces(draws[:1])).majority_by_chance)


def test_sparsity_is_zero_for_equal_magnitudes_one_for_a_single_element():
    assert task_vectors.sparsity(torch.tensor([3.0, -3, 3, 3])) == pytest.approx(0)
    assert task_vectors.sparsity(torch.tensor([0.0, 0, -5, 0])) == pytest.approx(1)
    assert task_vectors.sparsity(noise(300_000)) == pytest.approx(
        1 - math.sqrt(2 / math.pi), abs=2e-3
    )
    assert math.isnan(task_vectors.sparsity(torch.zeros(5)))
    scaled = low_precision(500, 40)
    assert task_vectors.sparsity(scaled) == pytest.approx(task_vectors.sparsity(scaled * 1e-6))


def test_moments_of_parts_add_up_to_those_of_the_whole():
    deltas = [low_precision(5 * moments.ROW, seed=s) for s in range(3)]
    whole = moments.moments(moments.pieces(deltas))
    cuts = [slice(0, moments.ROW), slice(moments.ROW, None)]
    parts = [moments.moments(moments.pieces([d[cut] for d in deltas])) for cut in cuts]
    for order in (parts, parts[::-1]):
        found = moments.combine(order)
        assert np.allclose(found.products, whole.products, rtol=1e-15)
        assert np.array_equal(found.agreeing, whole.agreeing)
        assert (found.size, found.majority) == (whole.size, whole.majority)
    one, other = moments.combine(parts), moments.combine(parts[::-1])
    assert np.array_equal(one.products, other.products)
    assert np.array_equal(one.magnitudes, other.magnitudes)


def test_the_same_bits_for_any_thread_count():
    deltas = [low_precision(moments.PIECE * 3 + 17, seed=s) for s in range(3)]
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(moments.moments(moments.pieces(deltas)))
    torch.set_num_threads(1)
    for name in ("products", "magnitudes", "nonzero", "agreeing"):
        assert np.array_equal(getattr(found[0], name), getattr(found[1], name))
    assert found[0].majority == found[1].majority


@pytest.mark.parametrize("shape", [(40, 30), (300, 700), (900, 280), (12, 5, 4), (1, 9), (9,)])
def test_stable_rank_is_that_of_the_full_svd(shape):
    matrix = noise(*shape) * 1e-3
    flat = matrix.double().reshape(shape[0], -1) if len(shape) > 1 else matrix.double()[None]
    values = torch.linalg.svdvals(flat)
    expected = float((values**2).sum() / values[0] ** 2)
    assert task_vectors.stable_rank(matrix) == pytest.approx(expected, rel=1e-9)


def test_stable_rank_of_known_matrices():
    assert task_vectors.stable_rank(torch.eye(600)) == pytest.approx(600)
    column = noise(500, 1) @ noise(1, 400, seed=1)
    assert task_vectors.stable_rank(column) == pytest.approx(1, abs=1e-6)
    centred = noise(400, 300)
    centred = centred - centred.mean(dim=1, keepdim=True)  # a constant start would see nothing
    values = torch.linalg.svdvals(centred.double())
    expected = float((values**2).sum() / values[0] ** 2)
    assert task_vectors.stable_rank(centred) == pytest.approx(expected, rel=1e-9)
    assert task_vectors.stable_rank(centred) == task_vectors.stable_rank(centred)
    assert math.isnan(task_vectors.stable_rank(torch.zeros(300, 300)))
    assert math.isnan(task_vectors.stable_rank(torch.zeros(0, 3)))


def adapter(rank, seed, outputs=48, inputs=32):
    return noise(rank, inputs, seed=seed), noise(outputs, rank, seed=seed + 50)


def test_adapters_by_their_factors_are_what_their_products_are():
    (a1, b1), (a2, b2) = adapter(4, 1), adapter(7, 2)
    one, two = b1.double() @ a1.double(), b2.double() @ a2.double()
    assert task_vectors.lora_dot(a1, b1, a1, b1, 0.25, 1) == pytest.approx(
        task_vectors.norm(one) ** 2 / 4
    )
    assert task_vectors.lora_dot(a1, b1, a2, b2, 3, 2) == pytest.approx(
        6 * float((one * two).sum())
    )
    assert task_vectors.lora_stable_rank(a1, b1) == pytest.approx(task_vectors.stable_rank(one))


def test_an_adapter_against_a_full_model():
    a, b = adapter(4, 1, outputs=600, inputs=700)
    base, tuned = noise(600, 700, seed=3), noise(600, 700, seed=4)
    expected = float((0.5 * b.double() @ a.double() * (tuned.double() - base.double())).sum())
    assert task_vectors.lora_delta_dot(a, b, tuned, base, 0.5) == pytest.approx(expected)
    with pytest.raises(ValueError, match="tuned and base have shapes"):
        task_vectors.lora_delta_dot(a, b, tuned.T, base.T)


def test_adapter_measures_do_not_depend_on_the_gauge():
    (a1, b1), (a2, b2) = adapter(4, 1), adapter(4, 2)
    gauge = noise(4, 4, seed=9).double() + 3 * torch.eye(4)
    b3, a3 = b1.double() @ gauge, torch.linalg.inv(gauge) @ a1.double()
    before = task_vectors.lora_dot(a1, b1, a2, b2)
    assert task_vectors.lora_dot(a3, b3, a2, b2) == pytest.approx(before, abs=1e-9)
    assert task_vectors.lora_dot(a3, b3, a3, b3) == pytest.approx(
        task_vectors.lora_dot(a1, b1, a1, b1)
    )
    assert task_vectors.lora_stable_rank(a3, b3) == pytest.approx(
        task_vectors.lora_stable_rank(a1, b1)
    )
    raw = task_vectors.cosine(a1.double(), a2.double()), task_vectors.cosine(a3, a2.double())
    assert abs(raw[0] - raw[1]) > 0.01


def test_adapters_that_are_zero_or_do_not_fit():
    a, b = adapter(4, 1)
    assert task_vectors.lora_dot(a, torch.zeros_like(b), a, b) == 0
    assert math.isnan(task_vectors.lora_stable_rank(a, torch.zeros_like(b)))
    for wrong in [(b, a), adapter(4, 1, inputs=33), (a[:3], b)]:
        with pytest.raises(ValueError, match="factors of shapes"):
            task_vectors.lora_dot(a, b, *wrong)


@pytest.mark.parametrize(
    ("name", "layer", "kind"),
    [
        ("model.layers.3.self_attn.q_proj.weight", 3, "self_attn.q_proj"),
        ("model.layers.12.self_attn.q_proj.bias", 12, "self_attn.q_proj.bias"),
        ("model.layers.0.input_layernorm.weight", 0, "input_layernorm"),
        ("model.layers.7.mlp.experts.5.gate_proj.weight", 7, "mlp.experts.gate_proj"),
        ("transformer.h.2.attn.c_attn.weight", 2, "attn.c_attn"),
        ("model.embed_tokens.weight", None, "embed_tokens"),
        ("model.norm.weight", None, "norm"),
        ("lm_head.weight", None, "lm_head"),
        ("weight", None, "weight"),
    ],
)
def test_names_say_layer_and_kind(name, layer, kind):
    assert (task_vectors.layer_of(name), task_vectors.module_kind(name)) == (layer, kind)
