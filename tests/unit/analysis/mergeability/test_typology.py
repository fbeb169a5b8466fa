"""Typological distance: laws of a distance, and languages that are known to be alike."""

import math

import numpy as np
import pandas as pd
import pytest
from places import ROOT

from babelmerge.analysis.mergeability import pairs as mergeability_pairs
from babelmerge.analysis.mergeability import typology

TABLE = ROOT / "resources" / "typology.tsv"


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
    # Of 18 features known of English and Russian they differ in 86A, 37A, 38A and 49A.
    assert typology.distance(features, "en", "ru") == pytest.approx(4 / 18)


def test_unknown_features_are_left_out_and_few_say_nothing():
    made = pd.DataFrame({"a": list("xxxx") + [""], "b": list("xxyyz"), "c": ["", *"xxxx"]})
    assert typology.distance(made, "a", "b") == 2 / 4
    assert typology.distance(made, "b", "c") == 3 / 4
    assert math.isnan(typology.distance(made, "a", "c"))


def test_the_documentation_has_the_size_of_the_table(features):
    said = f"`resources/typology.tsv` has {len(features)} features of {features.shape[1] - 1}"
    assert said in (ROOT / "docs" / "inside.md").read_text(encoding="utf-8")


def test_features_are_named_once_and_known_of_two_languages(features):
    assert features.index.is_unique and features.notna().all(axis=None)
    assert (features.drop(columns="name").ne("").sum(axis=1) >= 2).all()


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
