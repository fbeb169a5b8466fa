"""What is told of the long tables of CKA and angles: which experts, partners and groups."""

import numpy as np
import pandas as pd
from figure_parts import numbers
from made_up_similarity import HINDI, MAIN

from babelmerge.analysis import comparisons as relations
from babelmerge.analysis import curves as similarity_curves


def test_others_are_the_direction_s_experts_not_partners_of_another():
    models = ["base", "experts/hi-en", "experts/bn-en", "experts/ta-en", "experts/en-hi"]
    found = relations.relations(models, "experts/hi-en")

    def others(peers):
        *_, (last, members) = relations.with_others(found, "experts/hi-en", peers)
        assert last.other == relations.OTHERS
        return {found[place].other for place in members}

    assert others(models[1:4]) == {"experts/bn-en", "experts/ta-en"}
    assert others(()) == others(["experts/hi-en"]) == set(models[2:])


def test_the_main_group_is_the_smallest_that_has_the_direction(cka):
    groups = {"all-to-one": [HINDI, "translation/bn-en"]}
    rows = pd.concat(
        [cka, *(cka.assign(model=cka["model"].str.replace("all-to-one", name)) for name in "ab")]
    )
    assert similarity_curves.shown_groups(rows, groups) == ["all-to-one"]
    wider = {"all-to-one": [*groups["all-to-one"], "translation/en-hi"], "a": groups["all-to-one"]}
    assert similarity_curves.shown_groups(rows, wider) == ["a"]
    assert similarity_curves.shown_groups(rows, {"a": [HINDI]}) == ["all-to-one", "a", "b"]


def test_what_is_told_is_what_the_table_says(cka):
    told = similarity_curves.told(cka, MAIN)
    ties = told[(told["method"] == "ties") & (told["comparison"] == "expert-merge")]
    ties = ties[(ties["dataset"] == HINDI) & (ties["measure"] == "debiased")]
    ties = ties[ties["level"] == "layer"]["value"]
    same = numbers(cka, "expert-merge", "merges/all-to-one/ties", "experts/hi-en", "debiased")
    assert np.array_equal(ties, same) and not np.isnan(same).any()
    places = ["dataset", "expert", "comparison", "method", "where", "measure"]
    assert not told.duplicated(places).any()


def test_without_owners_every_expert_is_told_with_the_mean_over_the_others(ownerless):
    told = similarity_curves.told(ownerless)
    assert [s.expert for s in similarity_curves.subjects_of(told)] == [
        "experts/alpha",
        "experts/beta",
        "experts/gamma",
    ]
    beta = told[(told["expert"] == "experts/beta") & (told["comparison"] == "expert-expert")]
    beta = beta[(beta["measure"] == "debiased") & (beta["level"] == "layer")]["value"]
    pairs = [
        numbers(ownerless, "expert-expert", *pair, "debiased")
        for pair in (("experts/alpha", "experts/beta"), ("experts/beta", "experts/gamma"))
    ]
    assert np.allclose(beta, np.mean(pairs, axis=0), atol=1e-15)


def test_intervals_apart():
    one = pd.DataFrame({"low": [0.5, 0.1, 0.3, np.nan], "high": [0.6, 0.2, 0.5, np.nan]})
    other = pd.DataFrame({"low": [0.3, 0.3, 0.4, 0.1], "high": [0.4, 0.4, 0.6, 0.2]})
    assert similarity_curves.apart(one, other).tolist() == [1, -1, 0, 0]
