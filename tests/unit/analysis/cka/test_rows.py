"""CKA of all models by layer: resamples and their intervals, bands, which are compared, rows."""

import itertools
import math

import numpy as np
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from babelmerge.analysis import comparisons as relations
from babelmerge.analysis import layers as layerwise
from babelmerge.analysis.cka import cka as similarity
from babelmerge.analysis.cka import pairs as similarity_pairs
from babelmerge.analysis.cka import rows as similarity_rows
from babelmerge.analysis.cka.cka import floor, linear_cka


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


@pytest.mark.parametrize("n", [9, 10])
def test_there_are_intervals_from_ten_sentences_on(n):
    told = [r for r in similarity_rows.rows(_states(n), resamples=20) if r["measure"] == "debiased"]
    assert {math.isnan(row["low"]) for row in told} == {n < 10}
    assert not any(math.isnan(row["value"]) for row in told)


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
