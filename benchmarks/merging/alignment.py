"""What matching one block costs: seconds and memory for three shapes, and three kinds of member.

`python benchmarks/merging/alignment.py [threads]` prints a table. copy: the reference in another
order. near: noise of a quarter of the weights' size, in another order (an expert is nearer to its
base). unrelated: another random model, for which the assignments are hardest. Weights are bfloat16;
memory is the most above what was in use when the match began, the two models apart.
"""

import sys
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "workflow" / "scripts"))

import torch  # noqa: E402
from transformers import AutoModelForCausalLM, Qwen2Config  # noqa: E402

from babelmerge.merging.alignment import align as alignment  # noqa: E402
from babelmerge.merging.alignment.layout import layout_of  # noqa: E402
from babelmerge.merging.streaming.opening import InMemory  # noqa: E402

SHAPES = {  # width, neurons, heads, KV heads
    "Qwen2.5-0.5B": (896, 4864, 14, 2),
    "Qwen2.5-3B": (2048, 11008, 16, 2),
    "Llama-2-7B": (4096, 11008, 32, 32),
}


def main(threads: int = 1) -> None:
    torch.set_num_threads(threads)
    print(f"one block, {threads} thread(s)\n| shape | member | symmetries | seconds | MB |")
    print("|---|---|---|---|---|")
    for name, shape in SHAPES.items():
        config = config_of(*shape)
        reference = state(config, 0)
        for kind, member in members(reference, config).items():
            for symmetries in (alignment.DEFAULT, (*alignment.DEFAULT, "values")):
                seconds, memory = measure(reference, member, config, symmetries)
                print(
                    f"| {name} | {kind} | {' '.join(symmetries)} | {seconds:.1f} | {memory:.0f} |"
                )


def config_of(width: int, neurons: int, heads: int, groups: int) -> Qwen2Config:
    return Qwen2Config(
        hidden_size=width,
        intermediate_size=neurons,
        num_attention_heads=heads,
        num_key_value_heads=groups,
        num_hidden_layers=1,
        vocab_size=64,
        tie_word_embeddings=True,
    )


def state(config: Qwen2Config, seed: int) -> dict[str, torch.Tensor]:
    torch.manual_seed(seed)
    return AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).state_dict()


def members(reference: dict, config: Qwen2Config) -> dict[str, dict]:
    layout = layout_of(InMemory(reference), config)
    order = {f"{layout.blocks[0]}.mlp.neurons": torch.randperm(layout.neurons)}
    near = {name: tensor + 0.005 * torch.randn_like(tensor) for name, tensor in reference.items()}
    near["lm_head.weight"] = near["model.embed_tokens.weight"]
    return {
        "copy": alignment.apply(reference, order, config),
        "near": alignment.apply(near, order, config),
        "unrelated": state(config, 1),
    }


def measure(reference, member, config, symmetries) -> tuple[float, float]:
    before, most, running = resident(), [0], [True]

    def watch():
        while running[0]:
            most[0] = max(most[0], resident())
            time.sleep(0.01)

    watcher = threading.Thread(target=watch)
    watcher.start()
    started = time.perf_counter()
    alignment.match(reference, member, config, symmetries)
    seconds = time.perf_counter() - started
    running[0] = False
    watcher.join()
    return seconds, (most[0] - before) / 1e6


def resident() -> int:
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
