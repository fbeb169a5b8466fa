"""Merges that are formed in memory: one job a family, and who reads what it makes."""

import pytest
from small_studies import SMALL, made

from babelmerge.study.grammar import study
from babelmerge.study.graph import (
    evaluate,
    groups,
    interventions,
    live,
    merge,
    mergeability,
    paths,
    represent,
    scores,
)
from babelmerge.study.graph.beside import retention

GROUPS = """
  pairs:
    members: {combinations: 2, of: pairs}
    methods: {linear: {}}
    evaluate: translation
    keep: false
  along:
    members: {each: checkpoint, of: [hi-en, bn-en]}
    methods: {linear: {}}
    keep: false
"""
KEPT = "{each: translation, checkpoints: [4, 8], checkpoint_evaluate: []}"


def plan_of(text=SMALL, more=GROUPS):
    text = text.replace("{each: translation}", KEPT)
    text = text.replace("  many-to-one: [hi-en, bn-en]\n", f"  many-to-one: [hi-en, bn-en]{more}")
    return made(text + "analysis: {cka: {}, task_vectors: {}}\n")


def test_a_family_is_one_job_that_reads_each_member_once():
    plan = plan_of()
    assert live.families(plan) == ["pairs", "along"]
    told = live.inputs(plan, "pairs")
    assert told["members"] == sorted(
        paths.of(plan, paths.MODEL, model=f"experts/{d.unit}") for d in plan.datasets.values()
    )
    cfg = live.settings(plan, "pairs")
    assert len(cfg["merges"]) == 6 and list(cfg["tests"]) == list(plan.datasets)
    assert cfg["merges"][0]["place"] == "pairs-en-hi+en-bn/linear"
    assert cfg["merges"][0]["tests"] == list(plan.datasets)


def test_scores_lie_in_the_familys_folder_and_depend_on_its_manifest():
    plan = plan_of()
    model, dataset = "merges/pairs-en-hi+en-bn/linear", "translation/hi-en"
    assert plan.models[model].live and not plan.models["merges/many-to-one/ties"].live
    folder = "results/made/live/pairs"
    assert live.score(plan, model, dataset) == f"{folder}/pairs-en-hi+en-bn/linear/{dataset}.json"
    assert live.file(plan, "pairs") == f"{folder}/manifest.json"
    rows = scores.index(plan)
    own = [row for row in rows if "file" in row]
    assert len(rows) - len(own) == len(evaluate.score_files(plan))
    tested = {m.id for m in plan.models.values() if m.live and m.evaluate}
    assert {row["model"] for row in own} == tested
    needed = retention.needed(plan, "pairs")
    assert f"{folder}/manifest.json" in needed and not [p for p in needed if "pairs-" in p]


def test_a_family_has_one_table_of_retention_and_none_where_no_member_is_scored():
    plan = plan_of()
    assert retention.names(plan) == ["many-to-one", "pairs"]
    cases = retention.settings(plan, "pairs")["cases"]
    assert "along" not in retention.figures(plan)
    assert len(cases) == 12 and {case["group"] for case in cases} == set(plan.families["pairs"])


def test_nothing_asks_for_a_model_that_is_not_there():
    plan = plan_of()
    models = [m.id for m in plan.models.values() if m.live]
    for dataset in plan.datasets:
        assert not set(models) & set(represent.represented(plan, dataset))
    assert list(mergeability.task_vector_files(plan)) == ["experts", "many-to-one"]
    assert mergeability.merged_groups(plan) == ["many-to-one"]
    assert interventions.block_merges(plan) == []
    assert not any(model in path for path in evaluate.decoding_files(plan) for model in models)
    lines = [
        line["name"] for d in groups.files(plan) for line in groups.settings(plan, d[1])["lines"]
    ]
    assert not [name for name in lines if name.startswith(("pairs", "along"))]
    assert merge.swept(plan) == {"many-to-one": [plan.merges["merges/many-to-one/ties"]]}


def test_states_for_merges_alone_are_read_where_they_lie():
    plan = plan_of()
    told = live.settings(plan, "along")["merges"][0]
    assert told["members"]["experts/hi-en@4"] == {"folder": "results/made/kept/experts/hi-en/4"}
    assert live.inputs(plan, "along")["members"] == [
        paths.of(plan, paths.MODEL, model=f"experts/{unit}") for unit in ("bn-en", "hi-en")
    ]
    written = plan_of(more=GROUPS + "  early: [hi-en@4, bn-en]\n")
    told = live.settings(written, "along")["merges"][0]
    manifest = paths.of(written, paths.MODEL, model="experts/hi-en@4")
    assert told["members"]["experts/hi-en@4"] == {"manifest": manifest}
    assert "folder" in told["members"]["experts/bn-en@4"]


def test_states_that_are_tested_are_one_job_more_and_have_no_folder():
    tested = KEPT.replace("[]", "translation/hi-en")
    plan = plan_of(SMALL.replace("{each: translation}", tested))
    assert live.jobs(plan) == ["pairs", "along", live.STATES] and live.STATES not in live.families(
        plan
    )
    told = live.settings(plan, live.STATES)["merges"]
    assert len(told) == 8 and told[0]["method"] == "" and told[0]["place"] == "experts/en-hi@4"
    found = live.score(plan, "experts/hi-en@8", "translation/hi-en")
    assert found == "results/made/live/@states/experts/hi-en@8/translation/hi-en.json"
    model = "experts/hi-en@8"
    assert not [path for path in evaluate.score_files(plan) if model in path]
    cases = retention.settings(plan, "along")["cases"]
    assert {case["expert"] for case in cases} == {
        live.sentences(plan, f"experts/hi-en@{step}", "translation/hi-en") for step in (4, 8)
    }
    needed = retention.needed(plan, "along")
    assert {live.file(plan, "along"), live.file(plan, live.STATES)} <= set(needed)


def test_states_on_the_hub_are_fetched_by_the_job_alone():
    away = (
        '{each: translation, hub: "some/{unit}", checkpoint_revision: "step_{step}", '
        "checkpoints: ['1', '2'], checkpoint_evaluate: []}"
    )
    plan = made(
        SMALL.replace("{each: translation}", away).replace(
            "  many-to-one: [hi-en, bn-en]\n", f"  many-to-one: [hi-en, bn-en]{GROUPS}"
        )
    )
    told = live.settings(plan, "along")["merges"][1]
    assert told["members"]["experts/hi-en@2"] == {
        "hub": "some/hi-en",
        "revision": "step_2",
        "path": None,
    }
    assert live.inputs(plan, "along")["members"] == []


@pytest.mark.parametrize(
    ("more", "found"),
    [
        (
            GROUPS + "  again: {members: [merges/pairs-en-hi+en-bn/linear, hi-en]}\n",
            r"groups.again: found merges/pairs-en-hi\+en-bn/linear, of which no model is kept",
        ),
        (
            GROUPS.replace("{linear: {}}", "{linear: {backend: mergekit}}", 1),
            r"groups.pairs.methods.linear: found backend: mergekit, which writes models",
        ),
    ],
)
def test_what_needs_a_model_that_is_not_kept_is_refused(more, found):
    with pytest.raises(study.StudyError, match=found):
        plan_of(more=more)
