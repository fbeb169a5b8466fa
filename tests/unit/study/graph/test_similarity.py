"""Which models are compared by CKA and angles, and which figures and tables a plan has of them."""

import dataclasses

import pytest
from small_studies import shipped

from babelmerge.study.graph import similarity

CODES = ("hi", "bn", "ta", "te")


@pytest.fixture(scope="module")
def plan():
    return shipped("translation-mini")


def test_names_of_figures_and_tables(plan):
    kinds, directions = ("cka", "angles", "angle-pairs"), ("en-xx", "xx-en")
    wanted = {f"{k}-{d}.{span}" for k in kinds for d in directions for span in ("source", "target")}
    found = similarity.figures(plan)
    assert sorted(found.values()) == sorted(wanted)
    assert set(similarity.tables(plan).values()) == {
        f"cka-{k}-{d}" for k in ("bands", "last") for d in directions
    }
    assert set(similarity.table_files(plan, "xx-en")) < set(similarity.files(plan, "cka"))
    settings = similarity.table_settings(plan, "xx-en")
    assert settings["spans"] == ["source", "target"]
    assert settings["groups"]["many-to-one"] == [f"translation/{code}-en" for code in CODES]


def test_only_what_is_compared_is_shown(plan):
    without = dataclasses.replace(plan, analysis={"split": "dev"})
    assert similarity.figures(without) == similarity.tables(without) == {}
    assert similarity.chapter(without) is None
    one = dataclasses.replace(plan.directions["xx-en"], spans=("source",))
    analysis = {"split": "dev", "cka": plan.analysis["cka"]}
    alone = dataclasses.replace(plan, analysis=analysis, directions={"xx-en": one})
    assert list(similarity.figures(alone).values()) == ["cka-xx-en.source"]
    assert list(similarity.tables(alone)) == [("cka-bands", "xx-en"), ("cka-last", "xx-en")]
    models = {id_: plan.models[id_] for id_ in ("base", "joint/all")}
    expertless = dataclasses.replace(alone, models=models, groups={}, owners={})
    assert similarity.files(expertless, "cka")
    assert similarity.figures(expertless) == similarity.tables(expertless) == {}


def test_peers_are_the_experts_of_the_direction(plan):
    settings = similarity.cka_settings(plan, "xx-en", "target")
    assert settings["peers"] == [f"experts/{code}-en" for code in CODES]
    assert similarity.angle_settings(plan, "xx-en", "target")["peers"] == settings["peers"]
    hindi = next(case for case in settings["cases"] if case["dataset"] == "translation/hi-en")
    assert "experts/en-hi" in hindi["files"] and hindi["owner"] == "experts/hi-en"
    step = dataclasses.replace(plan.models["experts/hi-en"], id="experts/hi-en@100")
    later = dataclasses.replace(plan, models={**plan.models, step.id: step})
    assert similarity.cka_settings(later, "xx-en", "target")["peers"] == settings["peers"]
