"""What looking inside costs: the pass that represents sentences against the decoder body alone.

`python benchmarks/inside/forward_pass.py [threads] [rounds]` prints a table. A Llama of 28 million
parameters (8 blocks, 512 features, 1,408 neurons, random), 192 sentences of 24 to 120 random
tokens, two thirds of them in a span, in batches of 4,096 tokens. The plain pass is the decoder body
on the very same padded batches, states thrown away. Both are run in turn, after a round to warm up;
each batch counts with its fastest round, because the machine is shared and a disturbance can only
slow a run down. Logits, which a usual evaluation forms on top, are timed for comparison.
"""

import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from babelmerge.analysis.probing import representations  # noqa: E402
from babelmerge.training import scratch as initialisation  # noqa: E402

ARCHITECTURE = {
    "model_type": "llama",
    "hidden_size": 512,
    "intermediate_size": 1408,
    "num_hidden_layers": 8,
    "num_attention_heads": 8,
    "num_key_value_heads": 4,
    "tie_word_embeddings": True,
}
VOCABULARY = 8000
SENTENCES = 192


def main(threads: int = 2, rounds: int = 3) -> None:
    torch.set_num_threads(threads)
    model = initialisation.initialise(ARCHITECTURE, VOCABULARY, 0).eval()
    asked = made_up()
    batches = [single(asked, rows) for rows in representations.batches(asked, 4096)]
    ways = {
        "the decoder body alone": lambda one: decode(model, one),
        "the pass that represents": lambda one: representations.represent(model, one, 1 << 30),
        "the decoder body and logits": lambda one: with_logits(model, one),
    }
    seconds = {name: [[] for _ in batches] for name in ways}
    for number in range(rounds + 1):
        for place, one in enumerate(batches):
            for name, way in ways.items():
                started = time.perf_counter()
                way(one)
                if number:
                    seconds[name][place].append(time.perf_counter() - started)
    best = {name: sum(map(min, times)) for name, times in seconds.items()}
    size = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    print(
        f"{size:.0f} M parameters, {SENTENCES} sentences, {len(batches)} batches, {threads} "
        f"thread(s), best of {rounds} rounds, load {os.getloadavg()[0]:.1f}\n\n"
        "| what | seconds | x |\n|---|---|---|"
    )
    for name, value in best.items():
        print(f"| {name} | {value:.2f} | {value / best['the decoder body alone']:.3f} |")


def made_up() -> representations.Probes:
    """Sentences with the spans of a translation: a short instruction, a source, a target."""
    generator = np.random.default_rng(0)
    lengths = generator.integers(24, 121, SENTENCES).tolist()
    masks = []
    for length in lengths:
        mask, start, middle = np.zeros((2, length), bool), length // 3, 2 * length // 3
        mask[0, start:middle] = True
        mask[1, middle:] = True
        masks.append(mask)
    ids = [generator.integers(0, VOCABULARY, length) for length in lengths]
    return representations.Probes(ids, masks, [str(number) for number in range(SENTENCES)])


def single(asked: representations.Probes, rows: np.ndarray) -> representations.Probes:
    """The sentences of one batch."""
    parts = ([part[row] for row in rows] for part in (asked.ids, asked.masks, asked.names))
    return representations.Probes(*parts)


@torch.inference_mode()
def decode(model, one: representations.Probes) -> torch.Tensor:
    ids, _ = representations._padded(one, range(len(one.ids)), model.device)
    return model.get_decoder()(input_ids=ids, use_cache=False)[0]


@torch.inference_mode()
def with_logits(model, one: representations.Probes) -> None:
    model.get_output_embeddings()(decode(model, one))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
