"""Laws and outside numbers for CKA and its floor, of two models."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.analysis.cka import cka as similarity
from babelmerge.analysis.cka.cka import floor, linear_cka

SHAPES = [(12, 5, 7), (9, 30, 40), (30, 4, 60), (4, 3, 3)]  # N > d, N < d, one of each, the fewest


def _data(n, left, right, seed=0, shared=0.5):
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(n, 3))
    return tuple(
        generator.normal(size=(n, d)) + 3 * shared * common @ generator.normal(size=(3, d))
        for d in (left, right)
    )


def _rotation(d, seed):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d))).Q


def _by_definition(x, y):
    """Kornblith et al. 2019 with centring matrices, n x n."""
    h = np.eye(len(x)) - 1 / len(x)
    k, m = (h @ s @ s.T @ h for s in (x, y))
    return np.trace(k @ m) / math.sqrt(np.trace(k @ k) * np.trace(m @ m))


def _hsic_by_tuples(k, m):
    """Unbiased HSIC as the mean over all ordered quadruples of different sentences."""
    total, count = 0.0, 0
    for i, j, q, r in itertools.permutations(range(len(k)), 4):
        total += k[i, j] * (m[i, j] + m[q, r] - 2 * m[i, q])
        count += 1
    return total / count


def _hsic_by_song(k, m):
    """Song et al. 2012, equation 5, term by term, on Gram matrices that are not centred."""
    n = len(k)
    k, m = k - np.diag(np.diag(k)), m - np.diag(np.diag(m))
    one = np.ones(n)
    value = np.trace(k @ m) + (one @ k @ one) * (one @ m @ one) / ((n - 1) * (n - 2))
    return (value - 2 / (n - 2) * (one @ k @ m @ one)) / (n * (n - 3))


@pytest.mark.parametrize("shape", SHAPES)
def test_biased_is_the_printed_formula_in_sentence_and_in_feature_space(shape):
    x, y = _data(*shape)
    a, b = x - x.mean(axis=0), y - y.mean(axis=0)
    norm = np.linalg.norm
    assert linear_cka(x, y) == pytest.approx(_by_definition(x, y), abs=1e-12)
    features = norm(a.T @ b) ** 2 / (norm(a.T @ a) * norm(b.T @ b))
    assert linear_cka(x, y) == pytest.approx(features, abs=1e-12)


@pytest.mark.parametrize("shape", SHAPES)
def test_debiased_is_the_ratio_of_song_s_estimates(shape):
    x, y = _data(*shape)
    k, m = x @ x.T + 5, y @ y.T
    expected = _hsic_by_song(k, m) / math.sqrt(_hsic_by_song(k, k) * _hsic_by_song(m, m))
    assert linear_cka(x, y, debiased=True) == pytest.approx(expected, abs=1e-10)


def test_debiased_hsic_is_the_mean_over_quadruples():
    x, y = _data(7, 3, 11, seed=1)
    k, m = x @ x.T, y @ y.T
    hsic = [_hsic_by_tuples(*pair) for pair in ((k, m), (k, k), (m, m))]
    expected = hsic[0] / math.sqrt(hsic[1] * hsic[2])
    assert linear_cka(x, y, debiased=True) == pytest.approx(expected, abs=1e-10)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(
    st.sampled_from(SHAPES),
    st.integers(0, 100),
    st.floats(1e-6, 1e6),
    st.floats(-1e3, 1e3),
    st.booleans(),
)
def test_rotation_scale_shift_order_and_sides_change_nothing(shape, seed, scale, shift, debiased):
    x, y = _data(*shape, seed=seed)
    moved = scale * (x @ _rotation(x.shape[1], seed)) + shift * scale * np.arange(x.shape[1])
    order = np.random.default_rng(seed).permutation(len(x))
    value = linear_cka(x, y, debiased)
    assert linear_cka(moved, -3 * y, debiased) == pytest.approx(value, abs=1e-7)
    assert linear_cka(x[order], y[order], debiased) == pytest.approx(value, abs=1e-9)
    assert linear_cka(y, x, debiased) == pytest.approx(value, abs=1e-9)
    assert -1 <= value <= 1


@pytest.mark.parametrize("debiased", [False, True])
def test_a_model_against_itself_is_one_and_extreme_scales_neither_overflow_nor_vanish(debiased):
    x, y = _data(10, 6, 20)
    assert linear_cka(x, x, debiased) == pytest.approx(1, abs=1e-14)
    value = linear_cka(x, y, debiased)
    for scale in (1e-300, 1e-150, 1e150, 1e290):
        assert linear_cka(scale * x, y, debiased) == pytest.approx(value, abs=1e-12)
    small = (x * 1e-30).astype(np.float32)
    assert linear_cka(small, y, debiased) == pytest.approx(value, abs=1e-6)


def test_a_large_mean_costs_no_digits():
    """Massive activations: features whose mean is thousands of times their spread."""
    x, y = (side.astype(np.float32) for side in _data(40, 8, 8))
    x[:, 3] += 4096
    wide, exact = similarity.centred(x, np.float32), x.astype(np.float64)
    assert np.abs(wide.mean(axis=0)).max() < 1e-7
    assert linear_cka(x, y) == pytest.approx(
        _by_definition(exact - exact.mean(axis=0), y), abs=1e-9
    )


def test_tensors_of_any_dtype_are_taken():
    x, y = _data(10, 6, 20)
    for dtype in (torch.float64, torch.float32, torch.bfloat16, torch.float16):
        tensor = torch.from_numpy(x).to(dtype)
        assert linear_cka(tensor, y) == linear_cka(tensor.double().numpy(), y)


@pytest.mark.parametrize("debiased", [False, True])
def test_states_that_do_not_vary_have_no_cka(debiased):
    x, y = _data(10, 6, 20)
    for value in (0.0, 3.0, 0.1, 1e8 / 3):
        assert math.isnan(linear_cka(np.full((10, 4), value), y, debiased))
        assert math.isnan(linear_cka(x, np.full((10, 4), value, np.float32), debiased))
    assert math.isnan(floor(x, np.ones((10, 3))))


def test_sentences_that_are_all_equally_far_apart_have_no_debiased_cka():
    x, y = np.eye(8), _data(8, 3, 3)[0]
    assert math.isnan(linear_cka(x, y, debiased=True))
    assert linear_cka(x, y) == pytest.approx(floor(x, y))  # nothing above what any y has


@pytest.mark.parametrize(
    ("x", "y", "debiased", "message"),
    [
        (np.ones((5, 2)), np.ones((4, 2)), False, "same sentences"),
        (np.ones(5), np.ones((5, 2)), False, "expected \\(sentences, features\\)"),
        (np.ones((1, 2)), np.ones((1, 2)), False, "at least 2"),
        (np.ones((3, 2)), np.ones((3, 2)), True, "at least 4"),
        (np.array([[1.0], [np.nan]]), np.ones((2, 2)), False, "NaN or infinity in 1 of 1"),
        (np.array([[1.0], [np.inf]]), np.ones((2, 2)), False, "NaN or infinity"),
    ],
)
def test_states_that_cannot_be_compared_are_refused(x, y, debiased, message):
    with pytest.raises(ValueError, match=message):
        linear_cka(x, y, debiased)


def test_floor_is_the_mean_over_all_permutations_and_that_of_the_debiased_is_zero():
    x, y = _data(6, 4, 9, seed=3)
    orders = [list(order) for order in itertools.permutations(range(6))]
    assert floor(x, y) == pytest.approx(np.mean([linear_cka(x, y[o]) for o in orders]), abs=1e-12)
    assert np.mean([linear_cka(x, y[o], True) for o in orders]) == pytest.approx(0, abs=1e-12)


def test_floor_and_debiased_of_unrelated_isotropic_states():
    """N = 253, d = 512 is N = 1012, d = 2048 at a quarter: biased near R / (R + N) = 0.669."""
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 253, 512))
    assert floor(x, y) == pytest.approx(512 / (512 + 253), abs=0.01)
    assert linear_cka(x, y) == pytest.approx(floor(x, y), abs=0.01)
    assert linear_cka(x, y, debiased=True) == pytest.approx(0, abs=0.02)
    few = generator.normal(size=(2, 16, 2048))
    assert linear_cka(*few) > 0.99 and abs(linear_cka(*few, debiased=True)) < 0.3
