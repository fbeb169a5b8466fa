"""Likelihoods of choices: ours against lm-evaluation-harness on the same model and items.

`python benchmarks/likelihood.py [threads] [rounds] [items]` prints a table; envs/harness.txt is
needed. A Llama of 6 blocks, 256 features and 16,000 entries, random, float32, on a CPU. Three sets:
questions behind a passage (about 550 tokens, four choices), the same behind three examples, and
minimal pairs of about a dozen tokens, four times as many. Both ways tokenize and compute, 64
choices at a time, in turn; CPU seconds are counted, of each the cheapest round, because the machine
is shared and a disturbance can only make it dearer. The largest difference between the two is
printed beside.
"""

import logging
import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import torch  # noqa: E402

from babelmerge.data import controlled  # noqa: E402
from babelmerge.evaluation import answering  # noqa: E402
from babelmerge.tasks import rendering  # noqa: E402
from babelmerge.training import scratch as initialisation  # noqa: E402
from babelmerge.vocabularies import learning  # noqa: E402

ARCHITECTURE = {
    "model_type": "llama",
    "hidden_size": 256,
    "intermediate_size": 688,
    "num_hidden_layers": 6,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 4096,
    "tie_word_embeddings": True,
}
VOCABULARY = 16_000
BATCH = 64
PROMPT = "{passage}\nQuestion: {source}\nAnswer:{space}"
CODES = {"source_language": "en", "target_language": "en"}
Rows = list[dict]
Way = Callable[[], list[list[float]]]


def main(threads: int = 2, rounds: int = 2, items: int = 16) -> None:
    torch.set_num_threads(threads)
    texts = [row["source"] for row in controlled.rows("en", "en", "train", 5_000, 0)]
    tokenizer = learning.train_tokenizer(texts, 700)  # what these texts support
    model = initialisation.initialise(ARCHITECTURE, VOCABULARY, 0, tokenizer).eval()
    draw = random.Random(0)
    asked = {"chat": False, "kind": "multiple_choice", "labels": [], "answer": "likelihood"}
    read = questions(texts, items, draw)
    shown = [{**row, "shots": draw.sample(read[: items // 2], 3)} for row in read[items // 2 :]]
    sets = {
        "questions behind a passage": (read, {**asked, "template": PROMPT}),
        "the same behind three examples": (shown, {**asked, "template": PROMPT}),
        "minimal pairs": (pairs(texts, 4 * items, draw), {**asked, "template": ""}),
    }
    print(
        f"{threads} thread(s), best of {rounds} rounds, load {os.getloadavg()[0]:.1f}\n\n"
        "| items | lm-evaluation-harness, CPU s | ours, CPU s | x | largest difference |\n"
        "|---|---|---|---|---|"
    )
    for name, (rows, how) in sets.items():
        ways = {
            "theirs": theirs(model, tokenizer, rows, how),
            "ours": ours(model, tokenizer, rows, how),
        }
        seconds, apart = compared(ways, rounds)
        ratio = seconds["theirs"] / seconds["ours"]
        print(
            f"| {len(rows)} {name} | {seconds['theirs']:.2f} | {seconds['ours']:.2f} "
            f"| {ratio:.2f} | {apart:.1e} |",
            flush=True,
        )


def questions(texts: list[str], count: int, draw: random.Random) -> Rows:
    """Passages of 60 sentences, a question about each, and four sentences to choose from."""
    rows = []
    for number in range(count):
        choices = draw.sample(texts, 4)
        facts = {"passage": " ".join(draw.sample(texts, 60)), "choices": choices}
        row = {"id": str(number), "source": draw.choice(texts), "target": choices[0]}
        rows.append({**CODES, **facts, **row})
    return rows


def pairs(texts: list[str], count: int, draw: random.Random) -> Rows:
    """Sentences, and the same with two words exchanged."""
    rows = []
    for number, text in enumerate(draw.sample(texts, count)):
        words = text.split()
        words[1], words[-1] = words[-1], words[1]
        choices = [text, " ".join(words)]
        rows.append(
            {**CODES, "id": str(number), "source": text, "target": text, "choices": choices}
        )
    return rows


def compared(ways: dict[str, Way], rounds: int) -> tuple[dict[str, float], float]:
    """CPU seconds of each way's cheapest round, and how far their numbers are apart at most."""
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    values = {}
    for _ in range(rounds):
        for name, way in ways.items():
            started = time.process_time()
            values[name] = way()
            seconds[name].append(time.process_time() - started)
    both = zip(
        *(torch.cat([torch.tensor(row) for row in own]) for own in values.values()), strict=True
    )
    return {n: min(own) for n, own in seconds.items()}, max(float(abs(a - b)) for a, b in both)


def ours(model, tokenizer, rows: Rows, asked: dict) -> Way:
    def way() -> list[list[float]]:
        found = answering.answer(
            model, tokenizer, rows, asked, {"batch_size": BATCH, "max_new_tokens": 1}
        )
        return [[choice["log_likelihood"] for choice in one["choices"]] for one in found]

    return way


def theirs(model, tokenizer, rows: Rows, asked: dict) -> Way:
    from lm_eval.api.instance import Instance
    from lm_eval.models.huggingface import HFLM

    logging.getLogger("lm_eval").setLevel(logging.ERROR)
    harness = HFLM(pretrained=model, tokenizer=tokenizer, batch_size=BATCH)

    def way() -> list[list[float]]:
        requests = [
            Instance(
                "loglikelihood", {}, (prompt, rendering.answer_text(text, asked["template"])), 0
            )
            for row in rows
            for prompt in [rendering.render_prompt(row, asked["template"])[0]]
            for text in row["choices"]
        ]
        values = iter(harness.loglikelihood(requests, disable_tqdm=True))
        return [[next(values)[0] for _ in row["choices"]] for row in rows]

    return way


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
