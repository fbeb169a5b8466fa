"""Benchmarks in a study: planned beside its own tasks, and refused where they can't be run."""

import dataclasses

import pytest
from small_studies import SMALL, made, shipped

from babelmerge.study import graph
from babelmerge.study.checks import harness as checks
from babelmerge.study.checks import path_lengths
from babelmerge.study.grammar.study import StudyError
from babelmerge.study.graph import report, scores

TASK = "  more: {kind: harness, tasks: [arc_easy, mine], include: own, shots: 0, limit: 200}\n"
STUDY = SMALL.replace("training: {", f"{TASK}training: {{")


@pytest.fixture(scope="module")
def plan():
    return made(STUDY)


def installed(plan, version="0.4.13"):
    found = {k: dataclasses.replace(b, version=version) for k, b in plan.benchmarks.items()}
    return dataclasses.replace(plan, benchmarks=found)


def test_every_model_is_run_on_every_task(plan):
    datasets = {"more/arc_easy", "more/mine"}
    assert set(plan.benchmarked) == {(m, d) for m in plan.models for d in datasets}
    assert not datasets & set(plan.datasets)
    assert graph.harness.run_settings(installed(plan), "more/mine") == {
        "task": "mine",
        "asked": {
            "include": "own", "shots": 0, "limit": 200, "chat": False, "version": "0.4.13"
        },
        "generation": {"dtype": "bfloat16", "batch_size": 32},
    }  # fmt: skip


def test_the_rest_of_the_study_stays_as_it_is(plan):
    plain = made(SMALL)
    assert scores.index(plan) == scores.index(plain)
    for model in plain.trained:
        assert graph.train.settings(plan, model) == graph.train.settings(plain, model)
        assert graph.train.inputs(plan, model) == graph.train.inputs(plain, model)
    others = [name for name in report.chapters_of(plan) if name != "forgetting"]
    assert others == list(report.chapters_of(plain))
    assert plain.benchmarked == () and graph.harness.chapter(plain) is None
    settings = report.question(plain).settings({})
    assert not any(key[0] == "forgetting" for key in settings["long"])


def test_scores_of_benchmarks_are_rows_that_nobody_owns(plan):
    rows = graph.harness.index(plan)
    assert len(rows) == len(graph.harness.score_files(plan)) == len(plan.benchmarked)
    assert rows[0]["dataset"] == "more/arc_easy" and rows[0]["owner"] == ""
    assert {row["target_language"] for row in rows} == {""}
    cases = graph.harness.compared(plan, "more")["cases"]
    assert [case["model"] for case in cases[:3]] == ["base", "base", rows[2]["model"]]
    assert set(graph.harness.compared_files(plan, "more")) <= set(path_lengths.made(plan))


def test_the_report_tells_of_them(plan):
    assert report.chapters_of(plan)["forgetting"] == "Beside the study's own tasks"
    assert ["forgetting", "more"] in report.question(plan).settings({})["long"]
    assert report.chapters_of(shipped("translation")).get("forgetting") is None


def test_files_of_own_tasks_count(tmp_path):
    (tmp_path / "own" / "__pycache__").mkdir(parents=True)
    for name in ("own/mine.yaml", "own/items.jsonl", "own/__pycache__/utils.pyc"):
        (tmp_path / name).touch()
    plan = made(STUDY, str(tmp_path))
    found = [path.removeprefix(f"{tmp_path}/") for path in graph.harness.task_files(plan, "more")]
    assert found == ["own/items.jsonl", "own/mine.yaml"]


def test_without_the_harness_it_is_told_how_to_get_it(plan):
    checks.check(made(SMALL))
    with pytest.raises(StudyError, match=r"tasks.more.kind.*lm_eval.*pip install -r envs/harness"):
        checks.check(installed(plan, None))


def test_a_folder_of_tasks_must_be_one(tmp_path):
    for make, told in (
        (lambda folder: None, "own, which is missing"),
        (lambda folder: folder.mkdir(), "own, which holds none"),
    ):
        make(tmp_path / "own")
        with pytest.raises(StudyError, match=f"tasks.more.include: found .*{told}"):
            checks.check(installed(made(STUDY, str(tmp_path))))
    (tmp_path / "own" / "mine.yaml").touch()
    checks.check(installed(made(STUDY, str(tmp_path))))


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("{each: translation}", "{of: more}", r"experts.pairs.of: found 'more', which is of kind"),
        ("{each: translation}", "{each: more/mine}", r"experts.pairs.each: found 'more/mine'"),
        ("[arc_easy, mine]", "[]", "tasks.more.tasks.*at least one"),
        ("[arc_easy, mine]", "[mine, mine]", "tasks.more: found task 'mine' twice"),
        ("[arc_easy, mine]", '["mmlu_*"]', "tasks.more.tasks.*mmlu_.*contains"),
        ("shots: 0", "shot: 0", "unknown key 'shot'.*Did you mean 'shots'"),
        ("limit: 200", "limit: 0", "tasks.more.limit"),
        ("limit: 200", "train: {corpus: made}", "tasks.more: found unknown key 'train'"),
        ("kind: harness", "kind: harnes", "tasks.more.kind.*'harness'.*Did you mean 'harness'"),
    ],
)
def test_mistakes_are_told_by_key(old, new, told):
    assert STUDY.count(old) == 1
    with pytest.raises(StudyError, match=told):
        made(STUDY.replace(old, new))
