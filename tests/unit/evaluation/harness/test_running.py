"""lm-evaluation-harness as an oracle of likelihoods, and at work on task files of one's own.

Skipped where it is not installed: `pip install -r envs/harness.txt`.
"""

import json

import pytest
import torch
import yaml
from tokenizers import Tokenizer, pre_tokenizers, trainers
from tokenizers.models import BPE
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from babelmerge.evaluation import answering
from babelmerge.evaluation.harness import running, scoring

pytest.importorskip("lm_eval")

ASKED = {"include": "tasks", "shots": None, "limit": None, "chat": False}
TEMPLATE = "{source}\nAnswer:"
CHOICES = ["the cat", "the red house", "water", "a dog eats"]
ROWS = [
    {
        "id": str(n),
        "source": f"{'The big cat sees. ' * (n % 3)}Who is {n}?",
        "target": CHOICES[n % 3],
        "source_language": "en",
        "target_language": "en",
        "choices": CHOICES[: 3 + n % 2],
    }
    for n in range(24)
]
TASK = {
    "task": "own",
    "dataset_path": "json",
    "dataset_kwargs": {"data_files": {"test": "items.jsonl"}},
    "test_split": "test",
    "output_type": "multiple_choice",
    "doc_to_text": "{{source}}\nAnswer:",
    "doc_to_choice": "{{choices}}",
    "doc_to_target": "{{choices.index(target)}}",
    "metric_list": [{"metric": "acc", "aggregation": "mean", "higher_is_better": True}],
    "metadata": {"version": 1.5},
}


def make_tokenizer():
    """Words, marks and line breaks apart, a space at the front of a word."""
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=320, special_tokens=["</s>"], initial_alphabet=alphabet
    )
    tokenizer.train_from_iterator([json.dumps(ROWS)], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>", pad_token="</s>")


@pytest.fixture(scope="module")
def tiny():
    torch.manual_seed(0)
    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=320,
        max_position_embeddings=256,
        initializer_range=0.3,
    )
    return LlamaForCausalLM(config).eval(), make_tokenizer()


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HF_DATASETS_CACHE", str(tmp_path / "cache"))
    (tmp_path / "tasks").mkdir()
    lines = "\n".join(map(json.dumps, ROWS))
    (tmp_path / "tasks" / "items.jsonl").write_text(lines, encoding="utf-8")
    write(TASK)
    return tmp_path / "tasks"


def write(task):
    name = task.get("group") or task["task"]
    with open(f"tasks/{name}.yaml", "w", encoding="utf-8") as stream:
        yaml.safe_dump(task, stream)


def ours(tiny, rows, template):
    asked = {"template": template, "chat": False, "kind": "multiple_choice", "labels": []}
    options = {"batch_size": 8, "max_new_tokens": 1}
    return answering.answer(*tiny, rows, {**asked, "answer": "likelihood"}, options)


def theirs(tiny):
    _, rows = running.run(*tiny, "own", ASKED, 8)
    return [[value for value, _ in row["output"]] for row in rows]


def test_likelihoods_are_the_harness_s_where_the_same_text_is_read(tiny):
    """The harness puts a space before a choice, and so must the choices of ours."""
    spaced = [{**row, "choices": [f" {text}" for text in row["choices"]]} for row in ROWS]
    found = ours(tiny, spaced, TEMPLATE)
    mine = [[one["log_likelihood"] for one in row["choices"]] for row in found]
    for own, other in zip(mine, theirs(tiny), strict=True):
        assert own == pytest.approx(other, abs=1e-3)
        assert own.index(max(own)) == other.index(max(other))


def test_without_the_harness_s_space_choices_follow_as_models_learn_them(tiny):
    """`target_delimiter` is the space; without it both read prompt and choice one after another."""
    write({**TASK, "target_delimiter": ""})
    mine = [[one["log_likelihood"] for one in row["choices"]] for row in ours(tiny, ROWS, TEMPLATE)]
    for own, other in zip(mine, theirs(tiny), strict=True):
        assert own == pytest.approx(other, abs=1e-3)


def test_space_at_the_end_of_a_prompt_counts_for_the_harness_as_part_of_the_choice(tiny):
    """A difference: it moves it there. What all choices share changes no decision by itself."""
    write({**TASK, "doc_to_text": "{{source}}\n", "target_delimiter": ""})
    mine = [
        [one["log_likelihood"] for one in row["choices"]] for row in ours(tiny, ROWS, "{source}\n")
    ]
    for own, other in zip(mine, theirs(tiny), strict=True):
        apart = [a - b for a, b in zip(own, other, strict=True)]
        assert min(apart) > 0.01
        assert apart == pytest.approx([apart[0]] * len(apart), abs=1e-3)


def test_a_task_of_one_s_own_becomes_scores(tiny):
    assert running.check(["own"], ASKED) == {
        "own": {"items": 24, "subtasks": ["own"], "folders": []}
    }
    facts, rows = running.run(*tiny, "own", {**ASKED, "limit": 12}, 8)
    scores, items = scoring.score(facts, rows)
    assert scores["n"] == len(items) == 12
    assert scores["metrics"]["acc"]["value"] == items["acc"].mean()
    assert (
        "|task:own|version:1.5|metric:acc,none|shots:0|limit:12|"
        in (scores["metrics"]["acc"]["signature"])
    )
    assert rows[0]["prompt"] == "Who is 0?\nAnswer:" and rows[0]["continuations"][0] == " the cat"


def test_a_group_has_the_items_of_all_its_tasks(tiny):
    write({**TASK, "task": "other"})
    metric = {"metric": "acc", "aggregation": "mean", "weight_by_size": True}
    write({"group": "both", "task": ["own", "other"], "aggregate_metric_list": [metric]})
    assert running.check(["both"], ASKED)["both"]["subtasks"] == ["own", "other"]
    scores, items = scoring.score(*running.run(*tiny, "both", ASKED, 8))
    assert list(items["task"].unique()) == ["own", "other"] and scores["n"] == 48
    assert scores["metrics"]["acc"]["low"] is not None


@pytest.mark.parametrize(
    ("task", "asked", "told"),
    [
        ({"tag": "several"}, {"name": "several"}, "a tag of several tasks.*: own"),
        ({"num_fewshot": 0}, {"shots": 3}, "shots: 3, and own takes no examples"),
        ({"unsafe_code": True}, {}, "runs code that the model writes"),
        ({"dataset_kwargs": {"data_files": {"test": "nope.jsonl"}}}, {}, "could not load it"),
        ({"doc_to_text": 3, "output_type": "nope"}, {}, "could not load it"),
    ],
)
def test_what_cannot_be_run_is_told_before_anything_is(task, asked, told):
    write({**TASK, **task})
    name = asked.pop("name", "own")
    with pytest.raises(ValueError, match=f"task '{name}'.*{told}"):
        running.check([name], {**ASKED, **asked})


def test_a_group_without_a_score_names_its_tasks():
    write({"group": "both", "task": ["own"]})
    with pytest.raises(ValueError, match="a group without a score of its own.*: own"):
        running.check(["both"], ASKED)
