"""Laws and outside numbers for principal angles, their references and their rows."""

import math

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import brentq

from babelmerge.analysis.angles import angles as geometry
from babelmerge.analysis.angles import rows as geometry_pairs
from babelmerge.analysis.angles.angles import principal_angles


def _by_svd(states, rank):
    return np.linalg.svd(states - states.mean(axis=0), full_matrices=False)[2][:rank].T


def _rotation(d, seed=0):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(d, d))).Q


def _spanned(basis, n=40, seed=0):
    """States that vary exactly in the span of orthonormal columns, with clear singular values."""
    r = basis.shape[1]
    scores = np.random.default_rng(seed).normal(size=(n, r))
    left = np.linalg.qr(scores - scores.mean(axis=0)).Q
    return left * np.linspace(2, 1, r) @ basis.T + 7.0


def _at(angles, d, seed=0):
    """Two orthonormal bases in R^d with these principal angles, rotated at random."""
    r, turned = len(angles), _rotation(d, seed)
    a, b = np.zeros((2, d, r))
    a[:r], b[:r], b[r : 2 * r] = np.eye(r), np.diag(np.cos(angles)), np.diag(np.sin(angles))
    return turned @ a, turned @ b @ _rotation(r, seed + 1)


@pytest.mark.parametrize("shape", [(50, 300), (400, 30), (31, 30), (30, 31), (700, 800)])
def test_angles_equal_scipy_s_on_the_svd_bases(shape):
    generator = np.random.default_rng(0)
    x = generator.normal(size=shape)
    y = x + generator.normal(size=shape)
    expected = np.sort(scipy.linalg.subspace_angles(_by_svd(x, 8), _by_svd(y, 8)))
    np.testing.assert_allclose(principal_angles(x, y, 8), expected, atol=1e-10)


KNOWN = [
    [0.0, 0.0, 0.0],
    [1e-12, 1e-9, 1e-8],
    [1e-9, 1e-5, 0.3],
    [math.pi / 2 - 1e-9, math.pi / 2 - 1e-12, math.pi / 2],
    [1e-10, math.pi / 4 - 1e-9, math.pi / 4 + 1e-9, math.pi / 2 - 1e-10],
    [math.pi / 4],
    [0.1, 0.7, 0.8, 0.9, 1.5],
]


@pytest.mark.parametrize("known", KNOWN)
def test_known_angles_are_found_to_rounding_near_0_and_near_90_degrees(known):
    a, b = _at(np.array(known), 20)
    np.testing.assert_allclose(geometry.angles(a, b), known, atol=3e-15, rtol=0)
    np.testing.assert_allclose(
        principal_angles(_spanned(a), _spanned(b, seed=5), len(known)), known, atol=1e-13
    )


def test_subspaces_of_other_dimensions_have_as_many_angles_as_the_smaller():
    a, b = np.random.default_rng(0).normal(size=(2, 30, 7))
    a, b = np.linalg.qr(a).Q, np.linalg.qr(b[:, :3]).Q
    expected = np.sort(scipy.linalg.subspace_angles(a, b))
    np.testing.assert_allclose(geometry.angles(a, b), expected, atol=1e-12)
    np.testing.assert_allclose(geometry.angles(b, a), expected, atol=1e-12)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(st.sampled_from([(20, 50), (60, 12)]), st.integers(0, 99), st.floats(1e-5, 1e5))
def test_rotating_both_scaling_shifting_and_another_basis_change_nothing(shape, seed, scale):
    generator = np.random.default_rng(seed)
    x, y = generator.normal(size=(2, *shape))
    expected = principal_angles(x, y, 5)
    turned = _rotation(shape[1], seed)
    np.testing.assert_allclose(principal_angles(x @ turned, y @ turned, 5), expected, atol=1e-9)
    np.testing.assert_allclose(principal_angles(scale * x + 3, -y, 5), expected, atol=1e-9)
    np.testing.assert_allclose(principal_angles(y, x, 5), expected, atol=1e-9)
    assert (np.diff(expected) >= 0).all() and expected[0] >= 0 and expected[-1] <= math.pi / 2
    a, b = (geometry.basis(side, 5) for side in (x, y))
    inside = _rotation(5, seed)
    np.testing.assert_allclose(geometry.angles(a @ inside, b), expected, atol=1e-9)


def test_a_change_of_basis_inside_each_space_changes_nothing():
    """States that vary in 4 dimensions only: how much in which of them does not count."""
    generator = np.random.default_rng(0)
    scores, spaces = generator.normal(size=(2, 30, 4)), generator.normal(size=(2, 4, 25))
    mixed = [score @ generator.normal(size=(4, 4)) for score in scores]
    expected = scipy.linalg.subspace_angles(spaces[0].T, spaces[1].T)
    for one, other in (scores, mixed):
        found = principal_angles(one @ spaces[0] - 1, other @ spaces[1] + 2, 4)
        np.testing.assert_allclose(found, np.sort(expected), atol=1e-9)


def test_a_model_has_angle_zero_with_itself_in_float32_too():
    x = np.random.default_rng(0).normal(size=(40, 90)).astype(np.float32)
    assert principal_angles(x, x, 16).max() < 1e-13
    assert principal_angles(x, x.astype(np.float64), 16).max() < 1e-13


def test_rank_is_at_most_what_the_states_have():
    generator = np.random.default_rng(0)
    x, y = generator.normal(size=(2, 10, 40))
    assert len(principal_angles(x, y, 64)) == 9
    assert len(principal_angles(*generator.normal(size=(2, 40, 10)), 64)) == 10
    thin = generator.normal(size=(10, 3)) @ generator.normal(size=(3, 40))
    assert geometry.basis(thin, 8).shape == (40, 3)
    assert geometry.basis(thin.astype(np.float32), 8).shape == (40, 3)
    assert len(principal_angles(thin, y, 8)) == 3
    expected = scipy.linalg.subspace_angles(_by_svd(thin, 3), _by_svd(y, 8))
    np.testing.assert_allclose(principal_angles(thin, y, 8), np.sort(expected), atol=1e-10)
    still = np.full((10, 40), 0.1)
    assert geometry.basis(still, 8).shape == (40, 0)
    assert principal_angles(still, y, 8).shape == (0,)
    assert math.isnan(geometry.median(principal_angles(still, y, 8)))


def test_singular_values_far_apart_are_not_lost_in_the_square():
    """One direction 1e7 times the others: its Gram matrix has lost them, the states have not."""
    generator = np.random.default_rng(0)
    axes, scores = _rotation(60), generator.normal(size=(30, 4))
    scores = np.linalg.qr(scores - scores.mean(axis=0)).Q
    x = scores * [1e7, 1, 0.9, 0.8] @ axes[:, :4].T
    assert np.abs(axes[:, 4:].T @ geometry.basis(x, 4)).max() < 1e-7
    np.testing.assert_allclose(geometry.angles(geometry.basis(x, 4), axes[:, :4]), 0, atol=1e-7)


def test_the_first_columns_of_a_basis_are_the_basis_of_a_lower_rank():
    x = np.random.default_rng(0).normal(size=(30, 50)) * np.linspace(3, 1, 50)
    whole, fewer = geometry.basis(x, 12), geometry.basis(x, 5)
    np.testing.assert_allclose(geometry.angles(whole[:, :5], fewer), 0, atol=1e-12)
    np.testing.assert_allclose(whole.T @ whole, np.eye(12), atol=1e-14)


@pytest.mark.parametrize(
    ("x", "y", "rank", "message"),
    [
        (np.eye(5), np.eye(6), 2, "5 and 6 features"),
        (np.eye(5), np.eye(5), 0, "rank 0"),
        (np.full((4, 3), np.nan), np.eye(3), 2, "NaN"),
        (np.ones(4), np.eye(3), 2, "expected"),
    ],
)
def test_states_without_angles_are_refused(x, y, rank, message):
    with pytest.raises(ValueError, match=message):
        principal_angles(x, y, rank)


def _wachter_median(d, r):
    """Median angle of random subspaces for large d, from the limiting law of squared cosines."""
    share = r / d
    top = 4 * share * (1 - share)

    def density(x):
        return math.sqrt(max(0.0, (top - x) * x)) / (2 * math.pi * share * x * (1 - x))

    middle = brentq(lambda x: quad(density, 0, x)[0] - 0.5, 1e-9, top - 1e-9)
    return math.degrees(math.acos(math.sqrt(middle)))


@pytest.mark.parametrize(("d", "r"), [(2048, 64), (64, 32), (300, 20)])
def test_random_subspaces_have_the_angles_of_the_limiting_law(d, r):
    found = geometry.random_angles(d, r, draws=100)
    median = np.degrees(np.median(found, axis=1))
    error = 4 * median.std() / math.sqrt(100) + 3.0 / r
    assert median.mean() == pytest.approx(_wachter_median(d, r), abs=error)
    assert found.shape == (100, r) and (np.diff(found, axis=1) >= 0).all()


@pytest.mark.parametrize(("d", "r"), [(12, 3), (12, 9), (12, 6), (12, 12), (5, 1)])
def test_random_subspaces_have_the_angles_of_random_matrices(d, r):
    generator, ours = np.random.default_rng(1), geometry.random_angles(d, r, draws=800)
    direct = np.array(
        [
            geometry.angles(*(np.linalg.qr(side).Q for side in generator.normal(size=(2, d, r))))
            for _ in range(800)
        ]
    )
    np.testing.assert_allclose(ours.mean(axis=0), direct.mean(axis=0), atol=0.05)
    np.testing.assert_allclose(ours.std(axis=0), direct.std(axis=0), atol=0.04)
    assert (ours[:, : max(0, 2 * r - d)] == 0).all()
    with pytest.raises(ValueError, match="rank 13"):
        geometry.random_angles(12, 13)


@pytest.mark.parametrize("shape", [(40, 100), (41, 30), (60, 30)])
def test_split_half_is_the_angle_between_halves(shape):
    x = np.random.default_rng(0).normal(size=shape) * np.linspace(4, 1, shape[1])
    first, second = geometry.halves(shape[0], seed=3)
    assert not set(first) & set(second) and len(first) == len(second) == shape[0] // 2
    expected = principal_angles(x[first], x[second], 6)
    np.testing.assert_allclose(geometry.split_half(x, 6, seed=3), expected, atol=1e-10)


def test_split_half_shrinks_with_more_sentences():
    generator = np.random.default_rng(0)
    few, many = (generator.normal(size=(n, 40)) * np.repeat([3, 1], [5, 35]) for n in (60, 3000))
    assert geometry.split_half(many, 5).max() < 0.5 * geometry.split_half(few, 5).max()


def _states(n=24, d=16, layers=5, seed=0):
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(layers, n, d))
    names = ("base", "experts/a", "experts/b")
    return {m: list((common + generator.normal(size=common.shape)).astype("f4")) for m in names}


def _value(rows, key="value", **wanted):
    (row,) = [r for r in rows if all(r[k] == v for k, v in wanted.items())]
    return row[key]


def test_rows_hold_every_pair_layer_band_rank_and_reference():
    states = _states()
    rows = list(geometry_pairs.rows(states, owner="experts/a", ranks=(64, 4), threads=2))
    assert {row["rank"] for row in rows} == {16, 4}
    pair = {"comparison": "expert-expert", "model": "experts/a", "measure": "median"}
    x, y = states["experts/a"][3], states["experts/b"][3]
    for rank in (16, 4):
        expected = np.degrees(np.median(principal_angles(x, y, rank)))
        for other in ("experts/b", "others"):
            found = _value(rows, where="3", rank=rank, other=other, **pair)
            assert found == pytest.approx(expected, abs=1e-9)
    half = {"comparison": "split-half", "model": "base", "rank": 4}
    expected = np.degrees(np.median(geometry.split_half(states["base"][0], 4)))
    assert _value(rows, where="0", **half) == pytest.approx(expected, abs=1e-9)
    assert _value(rows, where="0", key="n", **half) == 12
    halved = {owner: {r["model"] for r in geometry_pairs.rows(states, owner, (4,)) if "half" in
                      r["comparison"]} for owner in ("experts/a", "")}  # fmt: skip
    assert halved == {"experts/a": {"base", "experts/a"}, "": set(states)}
    lows = {"low": _value(rows, "low", comparison="random", rank=4)}
    assert 0 < lows["low"] < _value(rows, comparison="random", rank=4) < 90
    late = [_value(rows, where=w, rank=4, other="base", model="experts/a", measure="largest",
                   comparison="base-expert") for w in ("2", "3", "late 2-3")]  # fmt: skip
    assert late[2] == pytest.approx((late[0] + late[1]) / 2)


def test_a_constant_layer_is_missing_from_its_band():
    states = _states()
    states["experts/a"][3][:] = 1.0
    rows = list(geometry_pairs.rows(states, ranks=(4,)))
    pair = {"comparison": "base-expert", "model": "experts/a", "measure": "median"}
    assert math.isnan(_value(rows, where="3", **pair))
    assert _value(rows, where="late 2-3", **pair) == _value(rows, where="2", **pair)


def test_threads_change_no_bit_and_pairs_are_the_single_ones():
    states = _states(n=60, d=50)
    pairs = [(0, 1), (2, 1)]
    one, two = (geometry_pairs.compare(states, pairs, (8,), (0,), threads=t) for t in (1, 2))
    models = list(states)
    for layer, (a, b) in enumerate(zip(one, two, strict=True)):
        assert (a.halves[8][0] == b.halves[8][0]).all() and len(a.halves[8]) == 1
        for (i, j), left, right in zip(pairs, a.pairs[8], b.pairs[8], strict=True):
            assert (left == right).all()
            x, y = (states[models[m]][layer] for m in (i, j))
            np.testing.assert_allclose(left, principal_angles(x, y, 8), atol=1e-12)


def test_models_that_do_not_fit_together_are_refused_by_name():
    states = _states()
    with pytest.raises(ValueError, match="one width"):
        list(geometry_pairs.rows({**states, "experts/c": [s[:, 1:] for s in states["base"]]}))
    with pytest.raises(ValueError, match="numbers of layers"):
        list(geometry_pairs.rows({**states, "experts/c": states["base"][1:]}))
    with pytest.raises(ValueError, match="ranks"):
        list(geometry_pairs.rows(states, ranks=(0,)))
    states["experts/b"][1][2, 2] = np.inf
    with pytest.raises(ValueError, match="experts/b, layer 1: states hold NaN"):
        list(geometry_pairs.rows(states))
