"""Means over languages: as published tables have them, and what stands beside them."""

import math

import numpy as np
import pytest

from babelmerge.analysis.benchmarks import means
from babelmerge.evaluation import statistics

# MultiBLiMP by language of arXiv:2605.25846, Table 2, and mean and CV of its Table 1.
PUBLISHED = [
    ([98.7, 97.4, 97.9, 93.9, 94.5, 95.1, 96.3, 89.0, 90.6], 94.8, 3.46),  # Gemma-2-2B
    ([97.5, 99.0, 99.1, 97.2, 98.6, 97.8, 97.9, 95.7, 95.2], 97.6, 1.39),  # Mixed10
    ([71.8, 60.8, 61.2, 51.4, 45.2, 52.9, 65.3, 67.8, 62.4], 59.9, 14.23),  # merged linearly
]


@pytest.mark.parametrize(("scores", "mean", "variation"), PUBLISHED)
def test_published_means_and_coefficients_of_variation_come_out(scores, mean, variation):
    assert np.mean(scores) == pytest.approx(mean, abs=0.06)
    assert means.variation(scores) == pytest.approx(variation, abs=0.03)


def items(share: float, count: int = 200) -> np.ndarray:
    hits = np.arange(count) < share * count
    return np.stack([hits, np.ones(count)], axis=1).astype(int)


def test_the_mean_is_over_the_languages_that_are_there_and_says_so():
    tables = {"de": items(0.9), "en": items(0.7), "fr": items(0.8, 50)}
    found = means.over_languages(tables, statistics.share, ["de", "en", "fr", "zh"])
    assert found.value == pytest.approx(0.8) and found.low < 0.8 < found.high
    assert found.languages == ("de", "en", "fr") and found.missing == ("zh",)
    assert found.variation == pytest.approx(100 * 0.1 / 0.8)


def test_more_items_make_the_interval_narrower():
    wide, narrow = (
        means.over_languages(
            {"de": items(0.9, n), "en": items(0.7, n)}, statistics.share, resamples=400
        )
        for n in (50, 5000)
    )
    assert narrow.high - narrow.low < (wide.high - wide.low) / 5
    few = means.over_languages({"de": items(0.5, 4), "en": items(0.5)}, statistics.share)
    assert math.isnan(few.low) and few.value == 0.5


def test_one_language_does_not_vary_and_none_has_no_mean():
    assert math.isnan(means.over_languages({"de": items(0.5)}, statistics.share).variation)
    assert math.isnan(means.variation([0.0, 0.0]))
    with pytest.raises(ValueError, match="no language has scores"):
        means.over_languages({}, statistics.share)
