"""Laws and outside numbers for bootstrap, paired tests and the Mantel test."""

import itertools
import math

import numpy as np
import pytest
import scipy.stats
from hypothesis import given, settings
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from babelmerge.evaluation import statistics
from babelmerge.study.grammar.study import Evaluation

WORDS = st.lists(st.sampled_from("the cat sat on a mat and saw dogs , .".split()), max_size=9)
SENTENCES = st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=6)


def _sums(scorer, pairs):
    outputs, references = ([" ".join(side) for side in sides] for sides in zip(*pairs, strict=True))
    rows = scorer._extract_corpus_statistics(outputs, [references])
    return np.sum(rows, axis=0), scorer.corpus_score(outputs, [references]).score


@settings(max_examples=80, deadline=None, derandomize=True)
@given(SENTENCES)
def test_vectorised_scores_equal_sacrebleu(pairs):
    for scorer, ours in (
        (BLEU(), statistics.bleu),
        (CHRF(), statistics.chrf),
        (CHRF(word_order=2), statistics.chrf),
    ):
        sums, theirs = _sums(scorer, pairs)
        assert float(ours(sums)) == pytest.approx(theirs, abs=1e-9)


def test_bleu_by_hand():
    # 4 words, all unigrams match, 2 of 3 bigrams, 1 of 2 trigrams, 0 of 1 4-grams (smoothed: 1/2).
    sums = np.array([4, 5, 4, 2, 1, 0, 4, 3, 2, 1])
    expected = 100 * math.exp(1 - 5 / 4) * (1 * 2 / 3 * 1 / 2 * 1 / 2) ** 0.25
    assert float(statistics.bleu(sums)) == pytest.approx(expected, rel=1e-14)
    assert statistics.bleu(np.stack([sums, 0 * sums])).tolist() == [float(statistics.bleu(sums)), 0]


def test_chrf_by_hand():
    # One order: precision 1/2, recall 1/4, F2 = 5 · 1/8 / (4/2 + 1/4) = 0.2777…
    assert float(statistics.chrf(np.array([2, 4, 1]))) == pytest.approx(100 * 5 / 18, rel=1e-14)
    assert float(statistics.chrf(np.array([0, 4, 0]))) == 0


def test_resamples_draw_n_items_and_repeat_with_the_seed():
    counts = np.concatenate(list(statistics.resample_counts(7, 50, seed=3)))
    again = np.concatenate(list(statistics.resample_counts(7, 50, seed=3)))
    assert counts.shape == (50, 7) and (counts.sum(axis=1) == 7).all()
    assert (counts == again).all()
    other = np.concatenate(list(statistics.resample_counts(7, 50, seed=4)))
    assert (counts != other).any()


def test_resamples_do_not_depend_on_the_block_size(monkeypatch):
    whole = np.concatenate(list(statistics.resample_counts(11, 64, seed=1)))
    monkeypatch.setattr(statistics, "BLOCK", 33)
    blocks = list(statistics.resample_counts(11, 64, seed=1))
    assert len(blocks) > 1
    assert (np.concatenate(blocks) == whole).all()


def test_interval_of_a_mean_agrees_with_scipy():
    values = np.random.default_rng(0).gamma(2.0, 3.0, size=200)
    low, high = statistics.bootstrap_ci(values, resamples=20_000, seed=1)
    theirs = scipy.stats.bootstrap(
        (values,), np.mean, n_resamples=20_000, method="percentile", rng=2
    ).confidence_interval
    spread = values.std() / math.sqrt(len(values))
    assert low == pytest.approx(theirs.low, abs=0.06 * spread)
    assert high == pytest.approx(theirs.high, abs=0.06 * spread)
    assert low < values.mean() < high


def test_interval_widens_with_confidence_and_shrinks_to_a_point_without_variance():
    values = np.arange(30.0)
    narrow = statistics.bootstrap_ci(values, confidence=0.5)
    wide = statistics.bootstrap_ci(values, confidence=0.99)
    assert wide[0] < narrow[0] < narrow[1] < wide[1]
    assert statistics.bootstrap_ci(np.full(10, 2.5)) == (2.5, 2.5)


def test_interval_covers_the_truth_about_as_often_as_it_says():
    generator = np.random.default_rng(5)
    hits = 0
    for trial in range(300):
        low, high = statistics.bootstrap_ci(generator.normal(1.0, 2.0, size=60), 400, seed=trial)
        hits += low <= 1.0 <= high
    assert 0.90 <= hits / 300 <= 0.98


@pytest.mark.parametrize(
    ("values", "message"), [([], "shape"), ([1.0, math.nan], "finite"), (np.ones((2, 2, 2)), "n,")]
)
def test_values_that_cannot_be_resampled_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        statistics.bootstrap_ci(values)
    with pytest.raises(ValueError, match="confidence"):
        statistics.bootstrap_ci([1.0], confidence=95)


def test_a_system_against_itself_is_the_same_and_not_tested():
    values = np.random.default_rng(0).normal(size=(50,))
    result = statistics.paired_bootstrap(values, values)
    assert math.isnan(result.p) and result.difference == 0 and result.ratio == 1
    assert (result.difference_low, result.difference_high) == (0, 0)
    assert (result.ratio_low, result.ratio_high) == (1, 1)


def test_swapping_the_systems_turns_the_signs_and_keeps_p():
    a, b = np.random.default_rng(1).gamma(2.0, 1.0, size=(2, 80))
    forth, back = statistics.paired_bootstrap(a, b), statistics.paired_bootstrap(b, a)
    assert forth.p == back.p
    assert forth.difference == -back.difference
    assert forth.difference_low == pytest.approx(-back.difference_high, abs=1e-12)
    assert forth.ratio == pytest.approx(1 / back.ratio)


def test_a_constant_gain_cannot_be_chance_and_p_is_never_zero():
    values = np.random.default_rng(2).normal(size=40)
    result = statistics.paired_bootstrap(values + 0.5, values, resamples=999)
    assert result.p == 1 / 1000
    assert result.difference_low == pytest.approx(0.5) == result.difference_high


def test_p_agrees_with_the_paired_t_test():
    generator = np.random.default_rng(3)
    b, gain = generator.normal(size=(2, 400))
    gain += 1.8 * gain.std(ddof=1) / math.sqrt(400) - gain.mean()  # 1.8 standard errors: p = 0.073
    a = b + gain
    expected = scipy.stats.ttest_rel(a, b).pvalue
    assert expected == pytest.approx(0.0726, abs=1e-3)
    result = statistics.paired_bootstrap(a, b, resamples=20_000, seed=1)
    assert result.p == pytest.approx(expected, abs=0.01)


def test_p_is_uniform_when_nothing_differs():
    generator = np.random.default_rng(4)
    small = 0
    for trial in range(300):
        a, b = generator.normal(size=(2, 60))
        small += statistics.paired_bootstrap(a, b, resamples=300, seed=trial).p <= 0.05
    assert 0.02 <= small / 300 <= 0.09


def test_exact_p_by_enumerating_all_resamples(monkeypatch):
    """n = 3: all 27 resamples are known, so the share of extreme ones is too."""
    monkeypatch.setattr(statistics, "LEAST_SENTENCES", 3)
    monkeypatch.setattr(statistics, "LEAST_DIFFERENT", 3)
    a, b = np.array([3.0, 1.0, 2.0]), np.array([1.0, 1.5, 1.0])
    d = (a - b).mean()
    draws = [np.mean([(a - b)[i] for i in draw]) for draw in itertools.product(range(3), repeat=3)]
    exact = np.mean([abs(x - d) >= abs(d) for x in draws])
    result = statistics.paired_bootstrap(a, b, resamples=40_000, seed=0)
    assert result.p == pytest.approx(exact, abs=0.01)


@pytest.mark.parametrize(("n", "different"), [(1, 1), (9, 9), (10, 5), (1000, 5), (1000, 0)])
def test_too_few_sentences_or_differences_are_not_tested(n, different):
    a = np.arange(n, dtype=float) + 20
    result = statistics.paired_bootstrap(a, np.where(np.arange(n) < different, a - 9, a))
    few = n < statistics.LEAST_SENTENCES
    assert math.isnan(result.p) and result.difference == pytest.approx(9 * different / n)
    assert math.isnan(result.difference_low) == math.isnan(result.ratio_high) == few
    assert math.isnan(statistics.bootstrap_ci(a)[0]) == few


def test_the_fewest_differences_could_be_significant_by_a_test_of_signs_and_fewer_could_not():
    least = statistics.LEAST_DIFFERENT
    assert 2 * 0.5**least < statistics.SIGNIFICANT < 2 * 0.5 ** (least - 1)
    a = np.zeros(10)
    assert statistics.paired_bootstrap(a + (np.arange(10) < least), a).p < 1


def test_the_limits_are_those_that_studies_are_told_of():
    for limit in (statistics.LEAST_SENTENCES, statistics.LEAST_DIFFERENT):
        assert f"fewer than {limit}" in Evaluation.__doc__ and str(limit) in statistics.LIMITS


def test_shares_of_nothing_have_no_p():
    """Rates of which none, or in some resamples none, of the sentences could be judged."""
    none, some = np.zeros((20, 2)), np.zeros((20, 2))
    some[:7] = 1
    rare = np.zeros((20, 2))
    rare[0] = 1
    for one, other in ((none, none), (none, some), (some, none), (rare, some)):
        result = statistics.paired_bootstrap(one, other)
        assert math.isnan(result.p) and math.isnan(result.difference_low)


def test_ratio_to_nothing_is_not_a_number():
    result = statistics.paired_bootstrap(np.ones(5), np.zeros(5))
    assert math.isnan(result.ratio) and math.isnan(result.ratio_low)
    assert result.difference == 1


def test_systems_scored_on_other_sentences_are_refused():
    with pytest.raises(ValueError, match="same sentences"):
        statistics.paired_bootstrap(np.ones(5), np.ones(6))


def test_the_interval_of_a_mean_over_sets_is_that_of_independent_ones():
    """Of two sets of one variance the mean's error is that of one over the root of two."""
    generator = np.random.default_rng(5)
    sets = [generator.normal(mean, 1, 400) for mean in (0, 3)]
    low, high = statistics.mean_interval(sets, resamples=4000)
    alone = statistics.bootstrap_ci(sets[0], 4000)
    assert low < np.mean([s.mean() for s in sets]) < high
    assert (high - low) == pytest.approx((alone[1] - alone[0]) / 2**0.5, rel=0.1)
    assert statistics.mean_interval([sets[0]], 500, 3) == statistics.bootstrap_ci(sets[0], 500, 3)
    assert all(np.isnan(end) for end in statistics.mean_interval([sets[0], [1.0] * 9]))
    assert all(np.isnan(end) for end in statistics.mean_interval([]))
