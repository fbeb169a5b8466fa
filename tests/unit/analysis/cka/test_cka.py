"""Laws and outside numbers for CKA, its floor, its bootstrap, the layers' bands and the rows."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from babelmerge.analysis import comparisons as relations
from babelmerge.analysis import layers as layerwise
from babelmerge.analysis.cka import cka as similarity
from babelmerge.analysis.cka import pairs as similarity_pairs
from babelmerge.analysis.cka import rows as similarity_rows
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


def _states(n=24, features=(10, 6, 40), layers=5, seed=0, noise=1.0):
    generator = np.random.default_rng(seed)
    common = generator.normal(size=(layers, n, 4))
    names = ("base", "experts/a", "experts/b", "experts/c")
    return {
        name: [
            (c @ generator.normal(size=(4, d)) + noise * generator.normal(size=(n, d))).astype("f4")
            for c in common
        ]
        for name, d in zip(names, features, strict=False)
    }


def test_all_pairs_at_once_are_the_single_ones():
    for features in ((10, 6, 40), (300, 500, 20)):
        states = _states(features=features)
        found = similarity_pairs.compare(states, resamples=0)
        for layer, comparison in enumerate(found):
            for (i, a), (j, b) in itertools.product(enumerate(states), repeat=2):
                x, y = states[a][layer], states[b][layer]
                assert comparison.biased[i, j] == pytest.approx(linear_cka(x, y), abs=1e-6)
                debiased = linear_cka(x, y, debiased=True)
                assert comparison.debiased[i, j] == pytest.approx(debiased, abs=1e-6)
                assert comparison.floor[i, j] == pytest.approx(floor(x, y), abs=1e-6)
        assert found[0].resampled.shape == (3, 0)


def test_sentences_beyond_a_block_of_rows(monkeypatch):
    states = _states(n=23)
    whole = similarity_pairs.compare(states, resamples=20)
    monkeypatch.setattr(similarity_pairs, "BLOCK", 8)
    for one, other in zip(whole, similarity_pairs.compare(states, resamples=20), strict=True):
        for a, b in zip(one, other, strict=True):
            np.testing.assert_allclose(a, b, atol=1e-6)


def test_threads_change_no_bit():
    states = _states(n=300, features=(64, 64, 64), layers=6)
    one, two = (similarity_pairs.compare(states, resamples=30, threads=t) for t in (1, 2))
    for a, b in zip(one, two, strict=True):
        assert all((left == right).all() for left, right in zip(a, b, strict=True))


def _resampled_by_definition(x, y, counts):
    """Weighted U-statistics over distinct sentences, centring included, by their definition."""
    k, m = ((s - s.mean(axis=0)) @ (s - s.mean(axis=0)).T for s in (x, y))
    off = 1 - np.eye(len(x))

    def hsic(a, b, w):
        a, b, v = a * off, b * off, w**2
        aw, bw, both = a @ w, b @ w, a * b
        pairs = w @ both @ w
        triples = w @ (aw * bw) - w @ both @ v
        quads = (w @ aw) * (w @ bw) - 4 * v @ (aw * bw) + 2 * v @ both @ v
        one = off @ w
        n2 = w @ one
        n3 = w @ one**2 - w @ off @ v
        n4 = n2**2 - 4 * v @ one**2 + 2 * v @ off @ v
        return pairs / n2 - 2 * triples / n3 + quads / n4

    return np.array(
        [hsic(k, m, w) / math.sqrt(hsic(k, k, w) * hsic(m, m, w)) for w in counts.astype(float)]
    )


def test_resamples_agree_with_the_weighted_statistic_of_which_they_keep_the_first_order():
    states = _states(n=200, features=(12, 12), layers=2, noise=2.0)
    x, y = (states[name][0] for name in states)
    counts = similarity_pairs._counts(200, 400, seed=2)
    exact = _resampled_by_definition(x.astype(float), y.astype(float), counts)
    ours = similarity_pairs.compare(states, resamples=400, seed=2)[0].resampled[0]
    assert math.sqrt(np.mean((ours - exact) ** 2)) < 0.15 * exact.std()
    for mine, theirs in zip(*map(similarity_pairs.intervals, (ours, exact)), strict=True):
        assert mine == pytest.approx(theirs, abs=0.1 * exact.std())


def test_a_resample_that_draws_each_sentence_once_gives_the_estimate():
    stack = np.stack(
        [(c := similarity.centred(s[0])) @ c.T for s in _states(features=(10, 6)).values()]
    )
    expected = similarity_pairs._compare(stack.copy(), [(0, 1)], np.ones((1, 24), np.float32))
    assert expected.resampled[0, 0] == pytest.approx(expected.debiased[0, 1], abs=1e-7)
    centred = similarity_pairs.u_centre(stack)
    assert np.abs(centred.sum(axis=1)).max() < 1e-10
    assert np.abs(np.diagonal(centred, axis1=1, axis2=2)).max() == 0


@pytest.mark.parametrize("noise", [1.0, 30.0])
def test_intervals_cover_the_truth_about_as_often_as_they_say(noise):
    """Truth from covariances; where noise leaves states unrelated, intervals are cautious."""
    generator = np.random.default_rng(0)
    left, right = generator.normal(size=(2, 4, 6))
    cross = left.T @ right
    own, other = (side.T @ side + noise * np.eye(6) for side in (left, right))
    truth = np.sum(cross**2) / (np.linalg.norm(own) * np.linalg.norm(other))
    hits = 0
    for trial in range(200):
        common = generator.normal(size=(80, 4))
        states = {
            name: [common @ side + math.sqrt(noise) * generator.normal(size=(80, 6))]
            for name, side in (("a", left), ("b", right))
        }
        found = similarity_pairs.compare(states, resamples=300, seed=trial)[0]
        low, high = similarity_pairs.intervals(found.resampled[0])
        hits += low <= truth <= high
    assert hits / 200 >= 0.90


def test_copies_of_a_sentence_that_counted_as_a_pair_would_spoil_the_interval():
    """Why the diagonal stays out: unrelated states, of which resampled rows make related ones."""
    x, y = np.random.default_rng(0).normal(size=(2, 60, 200))
    drawn = np.random.default_rng(1).integers(0, 60, size=(100, 60))
    literal = np.median([linear_cka(x[d], y[d], debiased=True) for d in drawn])
    found = similarity_pairs.compare({"a": [x], "b": [y]}, resamples=100)[0]
    assert literal > 0.4
    low, high = similarity_pairs.intervals(found.resampled[0])
    assert low < 0 < high < 0.2


def test_a_constant_layer_is_missing_and_its_band_is_the_mean_of_the_others():
    states = _states(layers=8, features=(10, 6, 8))  # 6 blocks: early 0-1, mid 2-4, late 5-6
    states["experts/a"][5] = np.full((24, 6), 2.0, np.float32)
    rows = list(similarity_rows.rows(states, owner="experts/a", resamples=50))

    def value(where, measure="debiased", key="value"):
        want = ("base-expert", "experts/a", "base", where, measure)
        names = ("comparison", "model", "other", "where", "measure")
        (row,) = [r for r in rows if tuple(r[n] for n in names) == want]
        return row[key]

    assert math.isnan(value("5")) and math.isnan(value("5", key="low"))
    assert value("late 5-6") == value("6") and value("late 5-6", key="low") == value("6", key="low")
    assert value("mid 2-4") == pytest.approx(np.mean([value(str(k)) for k in (2, 3, 4)]))
    assert value("all 0-6", "biased") == pytest.approx(
        np.mean([value(str(k), "biased") for k in (0, 1, 2, 3, 4, 6)])
    )
    assert value("mid 2-4", key="low") < value("mid 2-4") < value("mid 2-4", key="high")
    assert value("norm", key="n") == 24


def test_others_is_the_mean_over_the_other_experts():
    states = _states(features=(10, 6, 8, 9))
    rows = list(similarity_rows.rows(states, owner="experts/b", resamples=20))
    chosen = {
        r["other"]: r
        for r in rows
        if (r["comparison"], r["model"]) == ("expert-expert", "experts/b")
        and (r["where"], r["measure"]) == ("2", "debiased")
    }
    assert set(chosen) == {"experts/a", "experts/c", "others"}
    assert chosen["others"]["value"] == pytest.approx(
        (chosen["experts/a"]["value"] + chosen["experts/c"]["value"]) / 2
    )
    assert math.isnan(next(r["low"] for r in rows if r["measure"] == "biased"))


def test_bands_of_36_blocks_are_the_paper_s_and_others_have_their_shares():
    assert list(layerwise.bands(36)) == ["early 0-11", "mid 12-27", "late 28-36", "all 0-36"]
    assert list(layerwise.bands(6)) == ["early 0-1", "mid 2-4", "late 5-6", "all 0-6"]
    assert list(layerwise.bands(1)) == ["early 0-0", "late 1-1", "all 0-1"]
    for blocks in range(1, 100):
        *parts, whole = layerwise.bands(blocks).values()
        assert [layer for part in parts for layer in part] == list(whole) == list(range(blocks + 1))
    assert layerwise.names(4) == ["0", "1", "2", "norm"]
    assert layerwise.last(36) == ["34", "35", "36"] and layerwise.last(1) == ["0", "1"]


def blas_threads():
    return [
        library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"
    ]


def test_linear_algebra_has_one_thread_while_layers_run_and_its_own_number_after():
    with threadpool_limits(limits=2, user_api="blas"):
        before = blas_threads()
        assert before and set(before) == {2}
        within = layerwise.over_layers(lambda _: blas_threads(), 3, 2)
        assert within == [[1] * len(before)] * 3
        assert blas_threads() == before
        with pytest.raises(ZeroDivisionError):
            layerwise.over_layers(lambda layer: 1 / layer, 3, 2)
        assert blas_threads() == before


def test_which_models_are_compared():
    models = ["merges/g/ties", "base", "experts/a", "experts/b", "joint/all"]
    found = [tuple(r) for r in relations.relations(models, owner="experts/b")]
    assert found == [
        ("base-expert", "experts/b", "base"),
        ("base-expert", "experts/a", "base"),
        ("base-joint", "joint/all", "base"),
        ("base-merge", "merges/g/ties", "base"),
        ("expert-expert", "experts/b", "experts/a"),
        ("expert-joint", "joint/all", "experts/b"),
        ("expert-merge", "merges/g/ties", "experts/b"),
    ]
    without = relations.relations(models)
    assert ("expert-merge", "merges/g/ties", "experts/a") in without
    with pytest.raises(ValueError, match="experts/c: not among"):
        relations.relations(models, owner="experts/c")
    with pytest.raises(ValueError, match="no model id"):
        relations.relations(["base", "expert/a"])


def test_models_that_do_not_fit_together_are_refused_by_name():
    states = _states(features=(6, 6))
    short = {**states, "experts/a": states["experts/a"][:-1]}
    with pytest.raises(ValueError, match="numbers of layers.*experts/a': 4"):
        similarity_pairs.compare(short)
    fewer = {**states, "experts/a": [s[1:] for s in states["experts/a"]]}
    with pytest.raises(ValueError, match="numbers of sentences.*experts/a': 23"):
        similarity_pairs.compare(fewer)
    states["experts/a"][2][3, 1] = np.nan
    with pytest.raises(ValueError, match="experts/a, layer 2: states hold NaN"):
        similarity_pairs.compare(states)
    with pytest.raises(ValueError, match="at least two"):
        similarity_pairs.compare({"base": states["base"]})
