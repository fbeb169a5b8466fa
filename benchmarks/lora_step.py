"""A LoRA step of ours against peft with the plainest possible loop, on the same batches.

`python benchmarks/lora_step.py [threads] [rounds] [rows]` prints a table. A model of SmolLM2-135M's
shape (Llama, 30 blocks, 576 features, 49,152 entries; random, float32), rank 16 on all linear maps,
four batches of rows (16) of 24 to 96 random tokens, two thirds of them prompt. The plain loop pads
the same rows, hands ids, mask and labels to the model, and takes its loss; both clip, and step with
the same AdamW. Steps are taken in turn, after a round to warm up. CPU seconds are counted, and of
each batch its cheapest round, because the machine is shared and a disturbance can only make a step
dearer. Rows that share sequences (packing) are timed beside.
"""

import os
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "workflow" / "scripts"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from babelmerge.data import batches as batching  # noqa: E402
from babelmerge.training import loop, parallel, train  # noqa: E402
from babelmerge.training import scratch as initialisation  # noqa: E402
from babelmerge.training import settings as training_settings  # noqa: E402

ARCHITECTURE = {
    "model_type": "llama",
    "hidden_size": 576,
    "intermediate_size": 1536,
    "num_hidden_layers": 30,
    "num_attention_heads": 9,
    "num_key_value_heads": 3,
    "tie_word_embeddings": True,
}
VOCABULARY = 49152
BATCHES = 4
LORA = {"r": 16, "alpha": 32}
SETTINGS = {"method": "lora", "lora": LORA, "learning_rate": 1e-4, "steps": 1, "batch_size": 1}


def main(threads: int = 2, rounds: int = 3, rows: int = 16) -> None:
    torch.set_num_threads(threads)
    with tempfile.TemporaryDirectory() as folder:
        tokens = made_up(Path(folder), rows)
        order = np.argsort(tokens.lengths, kind="stable").reshape(BATCHES, rows)
        ways = {
            "peft, the plainest loop": plain(tokens),
            "ours": ours(tokens, Path(folder)),
            "ours, packed": ours(tokens, Path(folder), packing=True),
        }
        best = cheapest(ways, order, rounds)
    print(
        f"{BATCHES} batches of {rows} rows, {len(tokens.ids)} tokens, {threads} thread(s), best of "
        f"{rounds} rounds, load {os.getloadavg()[0]:.1f}\n\n"
        "| step | CPU seconds | x |\n|---|---|---|"
    )
    for name, value in best.items():
        print(f"| {name} | {value:.2f} | {value / best['peft, the plainest loop']:.3f} |")


def cheapest(ways: dict, order: np.ndarray, rounds: int) -> dict[str, float]:
    """CPU seconds of all batches, each with its cheapest round, by way."""
    seconds = {name: [[] for _ in order] for name in ways}
    for number in range(rounds + 1):
        for place, batch in enumerate(order):
            for name, step in ways.items():
                started = time.process_time()
                step(batch)
                if number:
                    seconds[name][place].append(time.process_time() - started)
    return {name: sum(map(min, times)) for name, times in seconds.items()}


def made_up(folder: Path, rows: int) -> batching.Tokens:
    draw = np.random.default_rng(0)
    lengths = draw.integers(24, 97, BATCHES * rows).tolist()
    texts = [draw.integers(VOCABULARY, size=length).tolist() for length in lengths]
    triples = ((str(n), t[: 2 * len(t) // 3], t[2 * len(t) // 3 :]) for n, t in enumerate(texts))
    return batching.store(triples, folder, "train", VOCABULARY)


def base():
    return initialisation.initialise(ARCHITECTURE, VOCABULARY, 0)


def ours(tokens: batching.Tokens, folder: Path, **changes):
    settings = training_settings.resolve(SETTINGS | changes, 0)
    job = train._prepare(base(), {"train": tokens}, settings, parallel.join(), folder, "")
    return lambda rows: loop._step(job, rows, settings["learning_rate"], 0)


def plain(tokens: batching.Tokens):
    from peft import LoraConfig, get_peft_model

    config = LoraConfig(
        r=LORA["r"], lora_alpha=LORA["alpha"], target_modules="all-linear", task_type="CAUSAL_LM"
    )
    model = get_peft_model(base(), config).train()
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4, weight_decay=0.0, fused=True)

    def step(rows: np.ndarray) -> None:
        model(**padded(tokens, rows)).loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()

    return step


def padded(tokens: batching.Tokens, rows: np.ndarray) -> dict[str, torch.Tensor]:
    """What Transformers' own trainer would make of rows: ids, mask, and labels of the answers."""
    width = int(tokens.lengths_of(rows).max())
    ids, labels = (
        torch.zeros(len(rows), width, dtype=torch.long),
        torch.full((len(rows), width), -100),
    )
    mask = torch.zeros_like(ids)
    for line, row in enumerate(rows):
        own = torch.from_numpy(tokens.row(row).astype(np.int64))
        prompt = tokens.prompt_lengths[row]
        ids[line, : len(own)], mask[line, : len(own)] = own, 1
        labels[line, prompt : len(own)] = own[prompt:]
    return {"input_ids": ids, "attention_mask": mask, "labels": labels}


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
