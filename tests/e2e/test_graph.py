"""The pico study, whole: what is built, that nothing is built twice, that it can be read."""

import json
import re
import subprocess
import sys

import pandas as pd
import pytest
from transformers import PreTrainedTokenizerFast

pytestmark = pytest.mark.e2e

# 3 pairs with 3 splits; base on 3 pairs, two experts into English on 2, one on 1, joint on 3,
# merges of one method on 2 pairs and of four methods on 2, twice.
TRANSLATIONS = 3 + 2 * 2 + 1 + 3 + 2 + 4 * 2 + 4 * 2
EXPECTED = {
    "prepare_data": 9,
    "check_data": 3,
    "check_lengths": 3,
    "train_tokenizer": 1,
    "train_base": 1,
    "train_expert": 3,
    "train_joint": 1,
    "collect_statistics": 4,
    "sweep": 3,
    "select_recipe": 9,
    "merge_models": 9,
    "translate": TRANSLATIONS,
    "score": TRANSLATIONS,
    # As translated, dev instead of test, and en-hi's and hi-en's experts on each other's data.
    "represent": TRANSLATIONS + 2,
    "compare_neurons": 2,  # spans of the one direction with two languages
    "compare_usage_alignment": 4,
    "compare_cka": 4,
    "compare_angles": 4,
    "compare_task_vectors": 4,  # all experts, and three groups with their merges
    "intervene_blocks": 3,
    "intervene_neurons": 1,
    "plot_kept": 3,
}


def test_first_build_runs_every_rule_as_often_as_the_study_says(built):
    assert {rule: built.first[rule] for rule in EXPECTED} == EXPECTED


def test_artifacts_stand_where_the_design_says(built):
    for path in (
        "data/translation/hi-en/train.jsonl",
        "models/experts/hi-en/model.safetensors",
        "models/experts/hi-en/training.json",
        "models/experts/hi-en/training.tsv",
        "models/merges/both-ways/ties/recipe.yaml",
        "sweeps/many-to-one/task_arithmetic.tsv",
        "recipes/many-to-one/task_arithmetic.yaml",
        "outputs/merges/both-ways/ties/translation/en-hi.jsonl",
        "scores/base/translation/en-hi.json",
        "scores/base/translation/en-hi.sentences.tsv",
        "comparisons/scores.tsv",
        "comparisons/retention/many-to-one.tsv",
        "representations/merges/both-ways/ties/translation/en-hi.safetensors",
        "comparisons/cka/xx-en.target.tsv",
        "comparisons/task_vectors/experts.tsv",
        "comparisons/compatibility.tsv",
        "comparisons/correlations.tsv",
        "comparisons/interventions/blocks.both-ways.task_arithmetic.tsv",
        "tables/cka-bands-xx-en.tex",
        "figures/mergeability.pdf",
        "tables/scores-many-to-one.tex",
        "tables/scores-many-to-one-off_target.json",
        "tables/own-scores.html",
        "chapters/neurons.html",
        "chapters/reproducibility.html",
        "figures/matrix-xx-en.svg",
        "report.html",
    ):
        assert built.result(path).is_file(), path


def test_scores_are_sacrebleus_own(built, tmp_path):
    dataset = built.result("outputs/experts/hi-en/translation/hi-en.jsonl")
    rows = [json.loads(line) for line in dataset.read_text(encoding="utf-8").splitlines()]
    scores = json.loads(built.result("scores/experts/hi-en/translation/hi-en.json").read_text())
    references = tmp_path / "references.txt"
    references.write_text("".join(f"{row['reference']}\n" for row in rows), encoding="utf-8")
    command = [sys.executable, "-m", "sacrebleu", str(references), "-m", "chrf", "-b", "-w", "6"]
    outputs = "".join(f"{row['output']}\n" for row in rows)
    done = subprocess.run(command, input=outputs, capture_output=True, text=True, check=True)
    assert float(done.stdout) == pytest.approx(scores["metrics"]["chrf"]["value"], abs=1e-6)
    assert len(rows) == scores["n"] == 16


def test_every_table_has_records_and_a_chapter_shows_each_that_says_something(built):
    page = built.result("report.html").read_text(encoding="utf-8")
    tables = sorted(built.result("tables").glob("*.tsv"))
    assert len(tables) > 15
    for table in tables:
        records = json.loads(table.with_suffix(".json").read_text(encoding="utf-8"))
        fragment = table.with_suffix(".html").read_text(encoding="utf-8")
        assert bool(records) == bool(fragment), table
        assert fragment in page or table.stem == "signatures", table


def test_training_record_says_what_was_done(built):
    facts = json.loads(built.result("models/experts/hi-en/training.json").read_text())
    for key in ("seed", "steps", "seconds", "tokens_per_second", "versions", "parameters"):
        assert key in facts, key
    assert facts["steps"] == 10


def test_models_end_a_text_where_their_tokenizer_does(built):
    for model in ("base", "experts/hi-en", "merges/both-ways/ties"):
        folder = built.result("models", model)
        ends = PreTrainedTokenizerFast.from_pretrained(folder).eos_token_id
        for name in ("config", "generation_config"):
            said = json.loads((folder / f"{name}.json").read_text())
            assert said["eos_token_id"] == ends, (model, name)


def test_report_is_one_file_that_needs_no_network(built):
    page = built.result("report.html").read_text(encoding="utf-8")
    for attribute in re.findall(r'(?:src|href)="([^"]+)"', page):
        assert attribute.startswith(("#", "data:", "https://arxiv.org/")), attribute
    assert "<svg" in page and "smallest" in page


def test_snakemakes_own_report_works(project):
    project.snakemake("--report", "report.html")
    assert project.path("report.html").stat().st_size > 100_000


READY = """
extends: {mini}
languages: [en, hi, bn]
base: {{pretrain: null, architecture: null, tokenizer: null, training: null, path: {models}/base}}
tasks:
  translation:
    pairs: [en-hi, hi-en, bn-en]
    train: null
    dev: {{corpus: controlled, split: dev, size: 8}}
    test: {{corpus: controlled, split: test, size: 16}}
experts:
  pairs: {{each: translation, units: [hi-en, en-hi], path: "{models}/experts/{{unit}}"}}
joint: {{all: null, to-english: null, from-english: null}}
groups:
  many-to-one: null
  one-to-many: null
  many-to-one-modern: null
  bidirectional: null
  both-ways: [en-hi, hi-en]
methods:
  task_arithmetic: {{weight: [0.5, 1.0]}}
  ties: {{density: [0.5], weight: [0.5]}}
  dare: null
  sce: null
generation: {{max_new_tokens: 12}}
analysis: null
"""


def test_ready_checkpoints_train_nothing(project, tmp_path):
    """Base and experts taken from folders are merged and scored; no rule trains."""
    study = tmp_path / "ready.yaml"
    mini = project.path("config/studies/translation-mini.yaml")
    study.write_text(READY.format(mini=mini, models=project.result("models")))
    ready = type(project)(project.folder, str(study))
    scores = "results/ready/comparisons/scores.tsv"
    jobs = ready.run(scores)
    assert jobs["fetch_model"] == 3 and not [rule for rule in jobs if rule.startswith("train")]
    merged = "models/merges/both-ways/ties/model.safetensors"
    assert ready.result(merged).read_bytes() == project.result(merged).read_bytes()


ADAPTER = """
extends: {ready}
experts:
  pairs: null
  tuned: {{of: translation/hi-en, path: "{adapter}"}}
  other: {{of: translation/bn-en, path: "{adapter}"}}
groups:
  many-to-one: null
  both-ways: null
  every-way: null
  both: {{members: [tuned, other], methods: {{knots: {{density: 0.5}}}}}}
methods: null
analysis: {{task_vectors: {{}}}}
"""


def test_adapters_are_taken_in_on_their_base_and_merged_by_their_factors(project, tmp_path):
    """A LoRA adapter lies alone in its folder, is read on its base, and merged by KnOTS."""
    from peft import LoraConfig, get_peft_model

    from babelmerge.models import loading as models

    base, _ = models.load(project.result("models/base"), where="cpu")
    config = LoraConfig(r=2, init_lora_weights=False)
    get_peft_model(base, config).save_pretrained(tmp_path / "adapter")
    mini = project.path("config/studies/translation-mini.yaml")
    (tmp_path / "ready.yaml").write_text(READY.format(mini=mini, models=project.result("models")))
    study = tmp_path / "tuned.yaml"
    study.write_text(ADAPTER.format(ready=tmp_path / "ready.yaml", adapter=tmp_path / "adapter"))
    ready = type(project)(project.folder, str(study))
    merged = "results/tuned/models/merges/both/knots/manifest.json"
    measured = "results/tuned/comparisons/task_vectors/experts.tsv"
    made = {"fetch_model": 3, "select_recipe": 1, "merge_models": 1, "compare_task_vectors": 1}
    assert ready.run(merged, measured) == made
    taken = ready.result("models/experts/tuned")
    assert {p.name for p in taken.glob("*.safetensors")} == {"adapter_model.safetensors"}
    assert json.loads((taken / "manifest.json").read_text())["base"]["path"] == "../../base"
    members = json.loads(ready.path(merged).read_text())["members"]
    assert set(members) == {"base", "experts/tuned", "experts/other"}
    table = pd.read_csv(ready.path(measured), sep="\t")
    found = table[table["level"] == "model"].groupby("measure")["value"]
    assert found.max()["stable_rank"] <= 2, "the adapter's factors, not the rounded model"
    assert found.min()["cosine"] == pytest.approx(1)
    assert found.min()["sign_agreement"] == 1, "of elements, which factors do not tell"
