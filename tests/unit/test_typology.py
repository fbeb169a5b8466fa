"""Typological distance: laws of a distance, and languages that are known to be alike."""

import math
from pathlib import Path

import numpy as np
import pytest

from babelmerge import mergeability_pairs, typology

TABLE = Path(__file__).parents[2] / "resources" / "typology.tsv"


@pytest.fixture(scope="module")
def features():
    return typology.read(TABLE)


def test_a_distance_is_symmetric_and_zero_to_itself(features):
    languages = [name for name in features.columns if name != "name"]
    found = typology.distances(features, languages)
    assert np.array_equal(found, found.T, equal_nan=True) and not np.isnan(found).any()
    assert (np.diag(found) == 0).all() and ((found >= 0) & (found <= 1)).all()


def test_relatives_are_nearer_than_strangers(features):
    def of(*pair):
        return typology.distance(features, *pair)

    assert of("ta", "te") == 0 and of("fr", "es") < of("fr", "de") < of("fr", "ja")
    assert of("en", "hi") > of("en", "nl")


def test_a_hand_counted_distance(features):
    # English and Russian: 81A, 83A, 85A, 87A, 90A, 13A, 30A and 112A agree, 86A and 37A do not.
    assert typology.distance(features, "en", "ru") == pytest.approx(2 / 10)


def test_languages_that_are_not_in_the_table_are_unknown(features):
    assert math.isnan(typology.distance(features, "en", "sw"))


def test_experts_of_one_language_are_at_no_distance(features):
    experts = ["experts/en-hi", "experts/hi-en", "experts/fr-en"]
    languages = dict(zip(experts, ("hi", "hi", "fr"), strict=True))
    found = mergeability_pairs.pairs(experts, typology=features, languages=languages)
    matrix = found.values["typology"]
    assert matrix[0, 1] == 0 and matrix[0, 2] == typology.distance(features, "hi", "fr") > 0
    rows = list(mergeability_pairs.compatibility(found))
    assert [row["rank"] for row in rows] == [1, 2, 2]
