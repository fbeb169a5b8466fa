"""Model directories made of a few random tensors, for tests that need no transformers."""

import json

import torch
from safetensors.torch import save_file

SHAPES = {
    "model.embed_tokens.weight": (40, 12),
    "model.layers.0.self_attn.q_proj.weight": (12, 12),
    "model.layers.0.self_attn.q_proj.bias": (12,),
    "model.layers.0.mlp.down_proj.weight": (12, 20),
    "model.layers.1.self_attn.q_proj.weight": (12, 12),
    "model.layers.1.self_attn.q_proj.bias": (12,),
    "model.layers.1.mlp.down_proj.weight": (12, 20),
    "model.norm.weight": (12,),
}
CONFIG = {"model_type": "made_up", "rope_parameters": {"rope_theta": 10000.0}, "hidden_size": 12}
TOKENIZER = {
    "added_tokens": [{"id": 3, "content": "<s>", "special": True}],
    "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]},
}


def tensors(seed, base=None, size=0.02, dtype=torch.bfloat16):
    """Random tensors, or a base's with noise on them; a zero delta here and there."""
    generator = torch.Generator().manual_seed(seed)
    made = {}
    for name, shape in SHAPES.items():
        noise = torch.randn(shape, generator=generator)
        tensor = noise if base is None else base[name].float() + size * noise
        made[name] = tensor.to(dtype)
    return made


def save(folder, made, config=CONFIG, tokenizer=TOKENIZER, shards=1):
    """Write a model directory, in one file or in shards with an index."""
    folder.mkdir(parents=True)
    names = list(made)
    files = [f"model-{n:05d}-of-{shards:05d}.safetensors" for n in range(1, shards + 1)]
    files = files if shards > 1 else ["model.safetensors"]
    weight_map = {name: files[place % shards] for place, name in enumerate(names)}
    for file in files:
        save_file({n: made[n] for n in names if weight_map[n] == file}, folder / file)
    if shards > 1:
        index = {"metadata": {}, "weight_map": weight_map}
        (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    return folder


def family(root, experts=("hi", "bn", "ta"), seed=0):
    """Base and experts on disk; returns (base path, {id: path}, base tensors, {id: tensors})."""
    base = tensors(seed)
    tuned = {id_: tensors(seed + 1 + n, base) for n, id_ in enumerate(experts)}
    paths = {id_: save(root / id_, made) for id_, made in tuned.items()}
    return save(root / "base", base), paths, base, tuned
