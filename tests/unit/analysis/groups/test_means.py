"""Means over data sets: their values, and how wide intervals are when sets are parallel or not."""

import math

import numpy as np
import pytest

from babelmerge.analysis.groups import means
from babelmerge.evaluation import statistics

OPTIONS = {"resamples": 400, "confidence": 0.95, "seed": 1}


def answers(n, share, seed):
    right = np.random.default_rng(seed).random(n) < share
    return np.stack([right, np.ones(n)], axis=1).astype(np.int64)


def mean(tables):
    return means.mean(tables, statistics.share, **OPTIONS)


def width(numbers):
    return numbers[2] - numbers[1]


def test_the_mean_is_that_of_the_scores_whatever_the_sizes():
    tables = [answers(n, 0.6, seed) for seed, n in enumerate((200, 50, 120))]
    value, low, high = mean(tables)
    assert value == pytest.approx(np.mean([t[:, 0].mean() for t in tables]))
    assert low < value < high


def test_parallel_sets_are_no_more_certain_than_one_and_unrelated_ones_are():
    one, others = answers(400, 0.5, 0), [answers(400, 0.5, seed) for seed in range(1, 5)]
    alone = width(mean([one]))
    assert width(mean([one] * 4)) == pytest.approx(alone)
    assert width(mean(others)) == pytest.approx(alone / 2, rel=0.25)  # 1 / sqrt(4)


def test_a_shorter_set_counts_as_one_of_its_own_size():
    # The variance of a mean of two: (p q / n1 + p q / n2) / 4.
    tables = [answers(800, 0.5, 0), answers(100, 0.5, 1)]
    expected = 2 * 1.96 * math.sqrt((0.25 / 800 + 0.25 / 100) / 4)
    assert width(mean(tables)) == pytest.approx(expected, rel=0.2)


def test_a_system_does_not_differ_from_itself_and_a_better_one_surely_does():
    tables = [answers(100, 0.5, seed) for seed in range(3)]
    same = means.difference(tables, tables, statistics.share, **OPTIONS)
    assert same.difference == same.difference_low == same.difference_high == 0
    assert math.isnan(same.p)
    better = [np.maximum(table, answers(100, 0.5, 9)) for table in tables]
    found = means.difference(better, tables, statistics.share, **OPTIONS)
    assert 0 < found.difference_low < found.difference and found.p < 0.05


def test_of_too_few_sentences_in_one_set_there_is_no_interval():
    tables = [answers(100, 0.5, 0), answers(9, 0.5, 1)]
    value, low, high = mean(tables)
    assert value == value and math.isnan(low) and math.isnan(high)
    found = means.difference(tables, tables[:1] + [1 - tables[1]], statistics.share, **OPTIONS)
    assert math.isnan(found.p) and math.isnan(found.difference_low)
