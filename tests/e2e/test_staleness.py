"""An edit reruns exactly what it concerns. Counted in jobs, on copies of the built pico study."""

import pytest
from copies import job_counts

pytestmark = pytest.mark.e2e
STUDY = "tests/e2e/studies/pico.yaml"


DATA = {"prepare_data", "check_data", "check_lengths", "table_sizes"}
TRAINING = {"train_base", "train_expert", "train_joint", "plot_training", "collect_statistics"}
TRAINING |= {"table_training"}
MERGING = {"sweep", "select_recipe", "merge_models", "plot_sweeps", "chapter_reproducibility"}
SCORING = {
    "score",
    "collect_scores",
    "compare_learning",
    "compare_retention",
    "plot_matrix",
    "plot_retention",
}
SCORING |= {"table_scores", "table_retention", "table_own_scores", "table_lowest"}
SCORING |= {"table_signatures", "chapter_question", "chapter_setup", "chapter_experts"}
SCORING |= {"compare_groups", "table_groups", "plot_overall", "chapter_ablations"}
SCORING |= {"chapter_merges", "chapter_failures", "report"}
SCORING |= {"compare_outputs", "table_outputs", "chapter_outputs"}
INSIDE = {"represent", "compare_neurons", "compare_usage_alignment", "compare_cka"}
INSIDE |= {"compare_angles", "compare_task_vectors", "compare_compatibility"}
INSIDE |= {"compare_correlations", "intervene_blocks", "intervene_neurons"}
INSIDE |= {"plot_neurons", "plot_usage_alignment", "plot_cka", "plot_angles", "plot_angle_pairs"}
INSIDE |= {"plot_task_vectors", "plot_kept", "plot_mergeability", "plot_interventions"}
INSIDE |= {"table_neurons", "table_cka", "table_kept", "table_mergeability"}
INSIDE |= {"table_interventions", "chapter_representations", "chapter_neurons"}
INSIDE |= {"chapter_task_vectors", "chapter_mergeability", "chapter_interventions"}
EVALUATING = {"translate"} | MERGING | SCORING | INSIDE
TABLES = {rule for rule in DATA | TRAINING | EVALUATING if rule.startswith("table_")}
CHAPTERS = {rule for rule in TRAINING | EVALUATING if rule.startswith("chapter_")}


def test_what_changes_no_result_reruns_nothing(project):
    """A second run does nothing; nor after files were touched, commented or written anew.

    No merge here is of adapters or of aligned models, so their modules may change too.
    """
    for folder in ("workflow", "config", "tests", "envs", "resources"):
        for path in project.path(folder).rglob("*"):
            if path.is_file():
                path.touch()
    for path in project.path("workflow/scripts").rglob("*.py"):
        path.write_text(path.read_text(encoding="utf-8") + "\n# a comment\n", encoding="utf-8")
    study = project.path(STUDY)
    study.write_text(study.read_text() + "\n# a comment\n")
    weights = project.result("models/experts/hi-en/model.safetensors")
    weights.write_bytes(weights.read_bytes())
    for module in ("adapters/knots.py", "adapters/merges.py", "alignment/matching.py"):
        path = project.path("workflow/scripts/babelmerge/merging", module)
        path.write_text(path.read_text(encoding="utf-8") + "\nUNUSED = 1\n", encoding="utf-8")
    assert project.plan() == {}


# An edit that changes logic but no result, and the rules that use it, with all that follow them:
# found by reading the project, not by the code under test. Which scripts use a module is tested for
# many more, in seconds, by tests/unit/files/test_reach.py.
EDITS = {
    "training/schedules.py": TRAINING | EVALUATING,
    "evaluation/generation.py": EVALUATING - {"plot_task_vectors"},  # of experts alone
    "analysis/task_vectors/projection.py": {
        "chapter_task_vectors",
        "plot_kept",
        "report",
        "table_kept",
    },
    "report/report.html.j2": {"report"},
}


@pytest.mark.parametrize("module", EDITS)
def test_an_edit_of_logic_reruns_the_rules_that_use_it(project, module):
    path = project.path("workflow/scripts/babelmerge", module)
    path.write_text(path.read_text(encoding="utf-8") + "\nUNUSED = 1\n", encoding="utf-8")
    assert set(project.plan()) == EDITS[module]


def test_an_edit_of_metrics_translates_nothing_again_but_swept_merges(project):
    path = project.path("workflow/scripts/babelmerge/evaluation/metrics.py")
    path.write_text(path.read_text(encoding="utf-8") + "\nUNUSED = 1\n", encoding="utf-8")
    jobs = project.plan()
    assert not (DATA | TRAINING) & set(jobs)
    assert jobs["translate"] == 3 * 2, "the sweeps use metrics, so their three merges may change"


def test_one_experts_hyperparameter_rebuilds_it_and_what_holds_it(project):
    project.edit(STUDY, "{learning_rate: 1.0e-3}", "{learning_rate: 2.0e-3}")
    jobs = project.plan()
    assert jobs["train_expert"] == 1
    assert "train_base" not in jobs and "train_joint" not in jobs and "prepare_data" not in jobs
    assert jobs["sweep"] == 2, "only the two groups that hold en-hi are swept again"
    assert jobs["merge_models"] == jobs["select_recipe"] == 4 + 4
    assert jobs["collect_statistics"] == 2, "of en-hi alone, for Fisher and for RegMean"
    assert jobs["translate"] == jobs["score"] == 1 + 8 * 2
    assert jobs["compare_retention"] == 2


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
    assert set(project.plan()) == TRAINING | EVALUATING | {"check_lengths", "table_sizes"}


def test_whatever_is_deleted_is_made_again(project):
    """Also files that nothing asks for: what follows is up to date without them."""
    figure = "results/pico/figures/training.png"
    model = "results/pico/models/merges/both-ways/ties/manifest.json"
    project.path(figure).unlink()
    project.path(model).with_name("model.safetensors").unlink()
    told = project.snakemake("--dry-run", "--quiet", "rules")
    assert f"{figure} is made again: it was deleted" in told
    assert f"{model} is made again: its model.safetensors was deleted" in told
    jobs = job_counts(told)
    assert jobs["plot_training"] == jobs["merge_models"] == 1 and jobs["translate"] == 2
    assert not {"sweep", "train_expert", "prepare_data"} & set(jobs)


def test_what_would_be_made_from_the_same_is_kept(project):
    """A sweep with the same winner merges nothing and translates nothing anew."""
    merged = "merges/both-ways/task_arithmetic"
    output = f"results/pico/outputs/{merged}/translation/hi-en.jsonl"
    before = project.path(output).read_bytes()
    sweep = "results/pico/sweeps/both-ways/task_arithmetic.tsv"
    jobs = project.run(output, "--forcerun", sweep)
    assert jobs == {"sweep": 1, "select_recipe": 1, "merge_models": 1, "translate": 1}
    logs = project.path("logs/pico")
    for log in ("merge_models/both-ways/task_arithmetic", f"translate/{merged}/translation/hi-en"):
        assert "kept: inputs" in (logs / f"{log}.log").read_text()
    assert project.path(output).read_bytes() == before


def test_a_weight_that_was_changed_makes_its_model_stale(project):
    weights = project.result("models/experts/hi-en/model.safetensors")
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    assert project.plan()["train_expert"] == 1


def test_the_size_of_a_batch_is_no_setting_of_exact_decoding(project):
    project.edit(STUDY, "{max_new_tokens: 12}", "{max_new_tokens: 12, batch_size: 7}")
    assert set(project.plan()) <= {"chapter_setup", "chapter_reproducibility", "report"}


def test_another_number_of_dev_rows_trains_nothing_again(project):
    project.edit(STUDY, "split: dev, size: 8}", "split: dev, size: 6}")
    jobs = project.plan()
    assert not {"train_tokenizer", "train_base", "train_expert", "train_joint"} & set(jobs)
    assert jobs["sweep"] == 3 and jobs["prepare_data"] == jobs["check_data"] == 3
