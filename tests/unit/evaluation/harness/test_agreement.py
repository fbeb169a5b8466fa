"""Likelihoods and decisions are those of lm-evaluation-harness on the same items.

agreement.json was recorded with lm_eval 0.4.13 (torch 2.11, transformers 5.23, float32 on a CPU) by
`python tests/unit/evaluation/harness/test_agreement.py`, which needs envs/harness.txt and
tests/support on PYTHONPATH. The test needs none of that.
"""

import contextlib
import json
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
import torch
from tokenizers import Tokenizer, pre_tokenizers
from tokenizers.models import BPE, Unigram
from tokenizers.processors import TemplateProcessing
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from babelmerge.evaluation import answering, metrics
from babelmerge.tasks import rendering

RECORDED = Path(__file__).with_name("agreement.json")
ASKED = {"include": "tasks", "shots": None, "limit": None, "chat": False}
METRICS = {"acc": "accuracy", "acc_norm": "accuracy_characters", "acc_bytes": "accuracy_bytes"}
PAIRS = [
    ("The keys are old.", "The keys is old."),
    ("Die Häuser sind alt.", "Die Häuser ist alt."),
    ("Кошки спят.", "Кошки спит."),
    ("Les chats dorment.", "Les chats dort."),
    ("القطط تنام", "القطط ينام"),
    ("Gatti dormono.", "Gatti dorme."),
    ("De kat slaapt.", "De kat slapen."),
    ("Kediler uyuyor.", "Kediler uyuyorlar mı."),
]
PASSAGE = "The old keys are in the house. {} A cat sleeps behind the door, and a dog sees it."
ITEMS = [
    {
        "passage": PASSAGE.format("No one knows why. " * (n % 3)),
        "source": ["Where are the keys?", "Who sleeps?", "Who sees the cat?"][n % 3],
        "choices": ["in the house", "a cat", "the dog", "n'importe où"],
        "target": ["in the house", "a cat", "the dog"][n % 3],
    }
    for n in range(8)
]
CHINESE = [
    {
        "passage": "钥匙在房子里。猫在睡觉。",
        "source": question,
        "choices": ["在房子里", "猫", "一只很大的狗"],
        "target": target,
    }
    for question, target in (("钥匙在哪里？", "在房子里"), ("谁在睡觉？", "猫"), ("谁？", "猫"))
]
MULTIBLIMP = {"doc_to_text": "", "doc_to_target": 0, "target_delimiter": ""}
CHOICE = {"doc_to_target": "{{choices.index(target)}}"}
PROMPT = "{passage}\nQuestion: {source}\nAnswer:"
# Rows, how they are asked here, and what the harness's task file says.
CASES = {
    "pairs behind EOS": ("bytes", PAIRS, {"template": ""}, MULTIBLIMP),
    "pairs behind BOS": ("words", PAIRS, {"template": ""}, MULTIBLIMP),
    "cloze, a space before choices": ("bytes", ITEMS, {"template": PROMPT + "{space}"}, CHOICE),
    "cloze, two examples": ("bytes", ITEMS, {"template": PROMPT + "{space}", "shots": 2}, CHOICE),
    "cloze, words of one text": (
        *("words", ITEMS, {"template": PROMPT + "{space}", "tokenization": "joint"}, CHOICE),
    ),
    "cloze, white space behind the prompt": (
        "words",
        ITEMS,
        {"template": PROMPT + " ", "tokenization": "joint"},
        {**CHOICE, "target_delimiter": ""},
    ),
    "cloze without spaces": (
        "words",
        CHINESE,
        {"template": "{passage}\n问题：{source}\n答案：", "tokenization": "joint"},
        {**CHOICE, "target_delimiter": ""},
    ),
}


def by_bytes():
    """Bytes and a few joined ones, no BOS."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    joined = [("Ġ", "t"), ("h", "e"), ("Ġt", "he"), ("Ġ", "a"), ("Ġ", "c"), ("Ġc", "a"), ("i", "n")]
    vocabulary = ["</s>", *alphabet, *("".join(pair) for pair in joined)]
    tokenizer = Tokenizer(BPE({word: at for at, word in enumerate(vocabulary)}, joined))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="</s>")


def by_words():
    """Words of whole texts with ▁ before each, also the first, else characters; BOS before all."""
    texts = json.dumps([PAIRS, ITEMS, CHINESE, PROMPT, "问题答案："], ensure_ascii=False)
    words = ["▁the", "▁cat", "▁a", "a", "▁in", "▁house", "▁dog", "▁The", "house", "▁keys", "猫在"]
    every = ["</s>", "<s>", "<unk>", "▁", *words, *sorted(set(texts) - {" ", "a"})]
    pieces = [(one, -1.0 - 3 * (len(one) < 2) - at / 100) for at, one in enumerate(every)]
    tokenizer = Tokenizer(Unigram(pieces, 2))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    tokenizer.post_processor = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, eos_token="</s>", bos_token="<s>", unk_token="<unk>"
    )


def model_of(tokenizer):
    config = LlamaConfig(
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        vocab_size=len(tokenizer),
        max_position_embeddings=1024,
    )
    model, draw = LlamaForCausalLM(config).eval(), np.random.default_rng(0)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                values = draw.normal(0, 0.3, parameter.shape).astype(np.float32)
                parameter.copy_(torch.from_numpy(values))
    return model


TOKENIZERS = {"bytes": by_bytes(), "words": by_words()}
MODELS = {name: model_of(tokenizer) for name, tokenizer in TOKENIZERS.items()}


def rows_of(items, shots: int):
    """Items as rows of ours, behind the first of them where examples are shown."""
    codes = {"source_language": "en", "target_language": "en"}
    if isinstance(items[0], tuple):
        items = [{"source": one, "choices": [one, two], "target": one} for one, two in items]
    more = {"shots": items[:shots]} if shots else {}
    return [{"id": str(n), **codes, **more, **item} for n, item in enumerate(items)][shots:]


def ours(case):
    """(prompts, log-likelihoods, by metric whether the right one is chosen)."""
    name, items, how, _ = CASES[case]
    rows = rows_of(items, how.get("shots", 0))
    asked = {"chat": False, "kind": "multiple_choice", "labels": [], "answer": "likelihood", **how}
    options = {"batch_size": 8, "max_new_tokens": 1}
    answers = answering.answer(MODELS[name], TOKENIZERS[name], rows, asked, options)
    _, table = metrics.score(
        "multiple_choice",
        [one["output"] for one in answers],
        [row["target"] for row in rows],
        metrics=list(METRICS.values()),
        choices=[one["choices"] for one in answers],
        resamples=1,
    )
    told = [rendering.render_prompt(row, how["template"])[0] for row in rows]
    values = [[choice["log_likelihood"] for choice in one["choices"]] for one in answers]
    return told, values, {key: table[own][:, 0].tolist() for key, own in METRICS.items()}


@pytest.mark.parametrize("case", CASES)
def test_numbers_and_decisions_are_the_harness_s(case):
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))[case]
    told, values, right = ours(case)
    assert told == recorded["prompts"]
    for mine, theirs in zip(values, recorded["log_likelihoods"], strict=True):
        assert mine == pytest.approx(theirs, abs=1e-3)
    assert right == {key: recorded[key] for key in METRICS}


def test_lengths_decide_some_items_otherwise():
    recorded = json.loads(RECORDED.read_text(encoding="utf-8"))
    for one, other in (("acc", "acc_norm"), ("acc_norm", "acc_bytes")):
        assert any(case[one] != case[other] for case in recorded.values())


def test_tokenizing_apart_would_be_another_number():
    """Where a word begins with ▁ also at the front of a text; hence `tokenization: joint`."""
    case = "cloze without spaces"
    name, items, how, _ = CASES[case]
    asked = {"chat": False, "kind": "multiple_choice", "labels": [], "answer": "likelihood"}
    asked |= {"template": how["template"]}
    options = {"batch_size": 8, "max_new_tokens": 1}
    rows = rows_of(items, 0)
    apart = answering.answer(MODELS[name], TOKENIZERS[name], rows, asked, options)
    assert abs(apart[0]["choices"][0]["log_likelihood"] - ours(case)[1][0][0]) > 0.1


def theirs(case, folder: Path) -> dict:
    """What the harness makes of a case."""
    from babelmerge.evaluation.harness import running

    name, items, how, own = CASES[case]
    shots = how.get("shots", 0)
    for split, rows in (("test", rows_of(items, 0)[shots:]), ("train", rows_of(items, 0)[:shots])):
        lines = "\n".join(json.dumps(row) for row in rows)
        (folder / "tasks" / f"{split}.jsonl").write_text(lines, encoding="utf-8")
    plain = how["template"].removesuffix("{space}")
    for field in ("passage", "source"):
        plain = plain.replace(f"{{{field}}}", f"{{{{{field}}}}}")
    examples = {"fewshot_split": "train", "fewshot_config": {"sampler": "first_n"}}
    task = {
        "task": "own",
        "dataset_path": "json",
        "dataset_kwargs": {"data_files": {s: f"{s}.jsonl" for s in ("test", "train")[: 1 + shots]}},
        "test_split": "test",
        "output_type": "multiple_choice",
        "doc_to_text": plain,
        "doc_to_choice": "{{choices}}",
        "num_fewshot": shots,
        "metric_list": [{"metric": m, "aggregation": "mean"} for m in METRICS],
        **(examples if shots else {}),
        **own,
    }
    (folder / "tasks" / "own.yaml").write_text(json.dumps(task), encoding="utf-8")
    _, rows = running.run(MODELS[name], TOKENIZERS[name], "own", ASKED, 8)
    return {
        "prompts": [row["prompt"] for row in rows],
        "log_likelihoods": [[value for value, _ in row["output"]] for row in rows],
        **{metric: [int(row["metrics"][metric]) for row in rows] for metric in METRICS},
    }


def record() -> None:
    found = {}
    for case in CASES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            Path("tasks").mkdir()
            found[case] = theirs(case, Path(folder))
    text = json.dumps(found, ensure_ascii=False, indent=1)
    RECORDED.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(record())
