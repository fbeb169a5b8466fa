"""A made-up pair of languages, a tokenizer and models of a few thousand weights, for tests."""

import hashlib
import multiprocessing
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

import torch

from babelmerge.training import loop as training_loop
from babelmerge.training import scratch as initialisation
from babelmerge.training import train as training
from babelmerge.vocabularies import learning

TEMPLATE = "{source_language} {target_language}\n{source}\n"
PROMPT = {"template": TEMPLATE, "chat": False}  # see `tasks.learning`
# How rows of it are asked, see `evaluation.answering`.
ASKED = {**PROMPT, "kind": "translation", "answer": "generate", "labels": []}
WORDS = {
    "cat": "बिल्ली",
    "dog": "कुत्ता",
    "sees": "देखता",
    "eats": "खाता",
    "red": "लाल",
    "big": "बड़ा",
    "house": "घर",
    "water": "पानी",
}
ARCHITECTURE = {
    "model_type": "qwen2",
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "num_key_value_heads": 1,
    "max_position_embeddings": 128,
    "tie_word_embeddings": True,
}


def make_rows(count: int, seed: int = 0, longest: int = 6) -> list[dict]:
    """Word-by-word translations, in reverse order, of random word strings."""
    draw = random.Random(seed)
    rows = []
    for number in range(count):
        words = [draw.choice(list(WORDS)) for _ in range(draw.randint(2, longest))]
        rows.append(
            {
                "id": f"row{number}",
                "source_language": "en",
                "target_language": "hi",
                "source": " ".join(words),
                "target": " ".join(WORDS[word] for word in reversed(words)) + "।",
            }
        )
    return rows


def make_tokenizer(rows=None):
    texts = learning.training_texts(rows or make_rows(200), TEMPLATE)
    return learning.train_tokenizer(texts, 340)


def make_model(tokenizer, seed: int = 0, **changes):
    torch.set_num_threads(1)
    architecture = ARCHITECTURE | changes
    return initialisation.initialise(architecture, len(tokenizer), seed, tokenizer)


ROWS = make_rows(40, seed=1)
SETTINGS = {"learning_rate": 2e-3, "steps": 10, "batch_size": 8, "scheduler": "cosine"}


def run(folder, tokenizer, rows=ROWS, dev=None, model=None, prompt=PROMPT, kept=None, **settings):
    """Train in a folder of its own; returns (the model, training.json)."""
    model = model or make_model(tokenizer)
    record = training.train(
        model,
        tokenizer,
        rows,
        dev,
        folder / "model",
        prompt=prompt,
        settings=SETTINGS | settings,
        seed=3,
        run_dir=folder / "run",
        facts={"model": "experts/en-hi"},
        kept=kept,
    )
    return model, record


def weights_hash(folder: Path) -> str:
    return hashlib.sha256((folder / "model" / "model.safetensors").read_bytes()).hexdigest()


def die_in_step(number: int) -> None:
    """From now on a run of this process kills it in that step."""
    plain = training_loop._step

    def step(job, rows, rate, now):
        if now == number:
            os.kill(os.getpid(), signal.SIGKILL)
        return plain(job, rows, rate, now)

    training_loop._step = step


def run_apart(what: Callable, *arguments, **environment) -> multiprocessing.Process:
    """Call a function in a process forked from this one, which has imported torch already."""
    process = multiprocessing.get_context("fork").Process(
        target=_apart, args=(what, arguments, environment)
    )
    process.start()
    return process


def _apart(what: Callable, arguments: tuple, environment: dict[str, str]) -> None:
    os.environ.update(environment)
    what(*arguments)
