"""An edit reruns exactly what it concerns. Counted in jobs, on copies of the built pico study."""

import re

import pytest

pytestmark = pytest.mark.e2e
STUDY = "tests/e2e/studies/pico.yaml"


def changed(project) -> set[str]:
    """Rules that would run because their own parameters changed, not because of their inputs."""
    output = project.snakemake("--dry-run")
    found = re.search(r"params have changed since last execution:\n\s+(.*)", output)
    return set(found[1].split(", ")) if found else set()


def test_touched_and_commented_files_rerun_nothing(project):
    for folder in ("workflow", "config", "tests", "envs", "resources"):
        for path in project.path(folder).rglob("*"):
            if path.is_file():
                path.touch()
    for path in project.path("workflow/scripts").rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    study = project.path(STUDY)
    study.write_text(study.read_text() + "\n# a comment\n")
    assert project.plan() == {}


@pytest.mark.parametrize(
    ("module", "old", "new", "rules"),
    [
        ("statistics.py", "BLOCK = 4_000_000", "BLOCK = 2_000_000", {"score", "compare_retention"}),
        ("vocabulary.py", 'PAD = "<pad>"', 'PAD = "<padding>"', {"train_tokenizer"}),
        ("schedules.py", "import math", "import math\n\nUNUSED = 1", {"train"}),
        ("recipes.py", 'OWN = "babelmerge"', 'OWN = "babelmerge2"', {"select_recipe"}),
        ("table_formats.py", "import html", "import html\n\nUNUSED = 1", {"table_scores"}),
    ],
)
def test_an_edit_of_logic_reruns_the_rules_that_use_it(project, module, old, new, rules):
    project.edit(f"workflow/scripts/babelmerge/{module}", old, new)
    users = {"train": {"train_base", "train_expert", "train_joint"}}
    wanted = set().union(*(users.get(rule, {rule}) for rule in rules))
    wanted |= USERS.get(module, set())
    assert changed(project) == wanted


# What else imports these modules, found by reading, not by the code under test.
USERS = {
    "statistics.py": {"sweep"},
    "recipes.py": {"merge_models", "sweep"},
    "table_formats.py": {"table_retention", "report"},
}


def test_one_experts_hyperparameter_rebuilds_it_and_what_holds_it(project):
    project.edit(STUDY, "{learning_rate: 1.0e-3}", "{learning_rate: 2.0e-3}")
    jobs = project.plan()
    assert jobs["train_expert"] == 1
    assert "train_base" not in jobs and "train_joint" not in jobs and "prepare_data" not in jobs
    assert jobs["sweep"] == 1, "only the group that holds en-hi is swept again"
    assert jobs["merge_models"] == jobs["select_recipe"] == 4
    assert jobs["translate"] == jobs["score"] == 1 + 4 * 2
    assert jobs["compare_retention"] == 1


def test_a_new_language_trains_its_experts_and_leaves_the_rest(project):
    project.edit(STUDY, "languages: [en, hi, bn]", "languages: [en, hi, bn, ta]")
    project.edit(STUDY, "pairs: [en-hi, hi-en, bn-en]", "pairs: [en-hi, hi-en, bn-en, ta-en]")
    project.edit(STUDY, "units: [hi-en, bn-en]", "units: [hi-en, bn-en, ta-en]")
    jobs = project.plan()
    assert jobs["prepare_data"] == 3 and jobs["check_data"] == 1
    assert jobs["train_expert"] == 1
    for rule in ("train_tokenizer", "train_base", "train_joint", "sweep", "merge_models"):
        assert rule not in jobs, rule
    # base and the two other experts into English on ta-en; the new expert on all three.
    assert jobs["translate"] == jobs["score"] == 3 + 3


def test_a_group_that_gains_a_member_is_merged_again(project):
    project.edit(STUDY, "both-ways: [en-hi, hi-en]", "both-ways: [en-hi, hi-en, bn-en]")
    jobs = project.plan()
    assert "train_expert" not in jobs
    assert jobs["sweep"] == 1 and jobs["merge_models"] == 4


def test_an_extended_grid_evaluates_only_the_new_points(project):
    project.edit(STUDY, "{weight: [0.5, 1.0]}", "{weight: [0.5, 0.75, 1.0]}")
    jobs = project.run("--until", "sweep")
    assert jobs == {"sweep": 2}
    for group in ("many-to-one", "both-ways"):
        log = project.path("logs/pico/sweep", group, "task_arithmetic.log").read_text()
        assert "3 points: 1 to score, 2 known" in log
        table = project.result("sweeps", group, "task_arithmetic.tsv").read_text().splitlines()
        assert len(table) == 1 + 3


def test_swapped_parameter_values_are_seen(project):
    project.edit(
        STUDY, "training: {steps: 10, warmup_steps: 1,", "training: {steps: 1, warmup_steps: 10,"
    )
    assert project.plan()["train_expert"] == 3


def test_a_new_lock_retrains(project):
    lock = project.path("envs/lock.txt")
    lock.write_text(lock.read_text().replace("torch==", "torch==9"))
    assert {"train_base", "train_expert", "sweep", "translate"} <= changed(project)
