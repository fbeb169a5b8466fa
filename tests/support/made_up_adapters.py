"""LoRA adapters on disk as peft writes them, made by peft on tiny models, with random factors."""

import copy
import json
import shutil

import tiny_models
import torch
from peft import LoraConfig, get_peft_model

from babelmerge import merging
from babelmerge.merging.adapters.merges import merge_adapters
from babelmerge.models import checkpoints
from babelmerge.models.adapters import Adapter

ATTENTION = ("q_proj", "v_proj")


def write(folder, base, seed, size=0.1, prepare=None, **settings):
    """Train nothing, save an adapter of random weights; returns (folder, peft's merged state dict).

    base: a transformers model, which stays as it was. prepare: called with the peft model.
    """
    settings = {"r": 4, "lora_alpha": 8, "target_modules": list(ATTENTION), **settings}
    model = get_peft_model(copy.deepcopy(base), LoraConfig(**settings)).eval()
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.requires_grad:
                noise = torch.randn(parameter.shape, generator=generator)
                parameter += size * noise if "magnitude" not in name else 0.01 * noise.abs()
    if prepare:
        prepare(model)
    model.save_pretrained(folder)
    merged = copy.deepcopy(model).merge_and_unload()
    return folder, {n: t.detach().clone() for n, t in merged.state_dict().items()}


def renamed_base(folder, target, base):
    """A copy of an adapter that says it is of another base."""
    shutil.copytree(folder, target)
    config = json.loads((target / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = base
    (target / "adapter_config.json").write_text(json.dumps(config))
    return target


def family(root, tied=False, **settings):
    """Three adapters of different ranks, scales, modules: (base, model, folders, merged models)."""
    model = tiny_models.model(0, tied)
    base = tiny_models.save(model, root / "base")
    own = {
        "hi": {"r": 4, "lora_alpha": 8},
        "bn": {"r": 6, "lora_alpha": 6, "target_modules": ["q_proj", "v_proj", "down_proj"]},
        "ta": {
            "r": 3,
            "lora_alpha": 7,
            "use_rslora": True,
            "target_modules": ["q_proj", "up_proj"],
        },
    }
    written = {
        id_: write(root / id_, model, seed, **{**one, **settings})
        for seed, (id_, one) in enumerate(own.items(), start=1)
    }
    return base, model, *({id_: pair[n] for id_, pair in written.items()} for n in (0, 1))


class Family:
    """A base and three adapters of different ranks, scales and modules, and what they stand for."""

    def __init__(self, root, **settings):
        self.path, self.model, self.paths, self.tuned = family(root, **settings)
        self.base = checkpoints.Checkpoint(self.path)
        self.adapters = {id_: Adapter(path, self.base) for id_, path in self.paths.items()}
        self.weights = self.base.state_dict()

    def merge(self, method, **parameters):
        return merge_adapters(self.base, self.adapters, method, **parameters)

    def whole(self, method, **parameters):
        """The task vector of the merge of the full models."""
        tuned = {i: {n: t[n] for n in self.weights} for i, t in self.tuned.items()}
        merged = merging.merge(self.weights, tuned, method, **parameters)
        return {name: merged[name] - self.weights[name] for name in self.weights}


def close(left, right, atol=2e-6):
    torch.testing.assert_close(left, right, rtol=1e-4, atol=atol)


def same(merge, expected, base, atol=2e-6):
    for name in base.names:
        found = merge[name] if name in merge else torch.zeros(base.shape(name))
        close(found, expected[name], atol)
