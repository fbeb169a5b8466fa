"""A LoRA adapter as what a run trains: peft puts it into the model, and it is folded in at the end.

The base is frozen, in the dtype of training; the adapter's weights are float32. Written is the
adapter alone, or (keep: full) the full model that it stands for and the adapter beside it. That
model is folded in float32 and rounded once to the dtype of the base, as `models.loading` folds an
adapter that is kept alone.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from transformers.core_model_loading import revert_weight_conversion

from babelmerge.files.directories import write_json
from babelmerge.models.adapter_config import BESIDE, CONFIG, WEIGHTS
from babelmerge.models.factors import one_thread
from babelmerge.training.settings import ALL_LINEAR, kept_alone
from babelmerge.training.weights import move, trained_parameters
from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint, listed

NAME = "default"  # what peft calls a model's only adapter


class Adapter:
    """The adapter that a run trains. `model` is the base with the adapter in its linear maps.

    Its first weights are drawn from the seed, so that runs of one seed start alike.
    """

    def __init__(self, model, settings: Mapping, device: torch.device, dtype: torch.dtype):
        from peft import get_peft_model

        # References: they are copies only where the dtype of training is not the base's own.
        self._base = {name: p.detach() for name, p in model.named_parameters()}
        move(model, device, dtype)
        self.model = model
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings["seed"])
            self._peft = get_peft_model(model, _config(model, settings["lora"]))
        self._alone = kept_alone(settings)
        self._weights: dict[str, torch.Tensor] = {}

    @staticmethod
    def check(model, settings: Mapping) -> None:
        """ValueError for a target that the base lacks, or a rank that a matrix cannot have.

        Also for one that lies under another name in the base's files, if the adapter is kept alone.
        """
        maps, lora = linear_maps(model), settings["lora"]
        targets = _targets(model, maps, lora["targets"])
        if kept_alone(settings):
            _require_saved(model, targets)
        for name in targets:
            if lora["r"] > min(maps[name]):
                raise ValueError(
                    f"training.lora.r: found {lora['r']}, and {name} is {maps[name][0]} x "
                    f"{maps[name][1]}, whose rank is {min(maps[name])} at most; expected a whole "
                    "number from 1 to that, or other targets"
                )

    def state(self) -> dict[str, torch.Tensor]:
        return {name: p.detach() for name, p in self._trained()}

    @torch.no_grad()
    def load(self, state: Mapping[str, torch.Tensor]) -> None:
        for name, parameter in self._trained():
            parameter.copy_(state[name])

    def settle(self) -> dict[str, Any]:
        """Fold the adapter in. lost_share: of what it changes, the share that rounding undoes."""
        from peft import get_peft_model_state_dict

        found = get_peft_model_state_dict(self._peft, save_embedding_layers=False)
        self._weights = {name: t.detach().cpu().contiguous() for name, t in found.items()}
        dtype = str(next(self.model.parameters()).dtype).removeprefix("torch.")
        trained = trained_parameters(self.model)
        changed, lost = self._fold()
        self._peft.unload()
        total = sum(p.numel() for p in self.model.parameters())
        return {
            "dtype": dtype,
            "parameters": total,
            "trained_parameters": trained,
            "unchanged_share": 1 - (changed - lost) / total,
            "lost_share": lost / changed if changed else 0.0,
        }

    def write(self, folder: Path) -> None:
        """The adapter as peft reads it: alone, or beside the full model."""
        place = folder if self._alone else folder / BESIDE
        if not self._alone:
            self.model.save_pretrained(folder)
            place.mkdir()
        save_file(self._weights, place / WEIGHTS, metadata={"format": "pt"})
        write_json(place / CONFIG, self._said())

    def _trained(self) -> Iterator[tuple[str, torch.nn.Parameter]]:
        return ((name, p) for name, p in self.model.named_parameters() if p.requires_grad)

    @torch.no_grad()
    def _fold(self) -> tuple[int, int]:
        """Merge, map by map; (elements that change in float32, those that rounding undoes)."""
        changed = lost = 0
        for name, parameter in self.model.named_parameters():
            if not parameter.requires_grad:
                own = self._base[name.replace(".base_layer.", ".")]
                parameter.data = own.to(parameter.device)
        for module in self._adapted():
            module.cpu()
            weight = module.get_base_layer().weight
            start = weight.data
            weight.data = start.to(torch.float32, copy=True)
            with one_thread():
                module.merge()
            differs = weight.data != start
            weight.data = weight.data.to(start.dtype)
            changed += int(differs.sum())
            lost += int((differs & (weight.data == start)).sum())
        return changed, lost

    def _adapted(self) -> Iterator[Any]:
        from peft.tuners.lora import LoraLayer

        return (module for module in self.model.modules() if isinstance(module, LoraLayer))

    def _said(self) -> dict[str, Any]:
        """adapter_config.json, the same from the same run: peft's sets have no order."""
        config = self._peft.peft_config[NAME]
        config.base_model_name_or_path = self.model.name_or_path
        config.inference_mode = True
        said = config.to_dict()
        return {k: sorted(v) if isinstance(v, set) else v for k, v in sorted(said.items())}


def linear_maps(model) -> dict[str, tuple[int, ...]]:
    """The shapes of a model's linear maps by name, its output head among them."""
    from transformers.pytorch_utils import Conv1D

    modules = model.named_modules()
    kinds = (torch.nn.Linear, Conv1D)
    return {name: tuple(m.weight.shape) for name, m in modules if isinstance(m, kinds)}


def _targets(model, maps: Mapping[str, Any], asked: str | list[str]) -> list[str]:
    """The maps that are adapted; ValueError for a name that fits none, or the tied head."""
    head = model.get_output_embeddings()
    heads = [name for name, module in model.named_modules() if module is head]
    if asked == ALL_LINEAR:
        return [name for name in maps if name not in heads]
    found: list[str] = []
    for target in [asked] if isinstance(asked, str) else asked:
        fitting = [name for name in maps if name == target or name.endswith(f".{target}")]
        if not fitting:
            ends = sorted({name.rpartition(".")[2] for name in maps})
            raise ValueError(
                f"training.lora.targets: found {shown(target)}, which is no linear map of the base"
                f"{hint(target, ends)} (it has {listed(ends)}); expected such names, or "
                f"{ALL_LINEAR}"
            )
        found += fitting
    if set(found) & set(heads) and model.config.tie_word_embeddings:
        raise ValueError(
            f"training.lora.targets: found {heads[0]}, which the base ties to its embeddings, so "
            "that an adapter on it could not be folded in; leave it out"
        )
    return found


def _require_saved(model, targets: list[str]) -> None:
    """ValueError for a map that whoever reads the base's files would not find by its name."""
    own = {f"{name}.weight": model.get_submodule(name).weight for name in targets}
    saved = revert_weight_conversion(model, own)
    if other := [name for name in own if name not in saved]:
        raise ValueError(
            f"training.lora.keep: found adapter, and {other[0]} of the base has another name in "
            "its files, where it is looked for; expected full, or targets without it"
        )


def _config(model, lora: Mapping):
    from peft import LoraConfig

    alpha, targets = lora["alpha"], lora["targets"]
    if targets == ALL_LINEAR and any(p.dim() > 2 for p in model.parameters()):
        # peft would take the experts of a mixture, which are no maps but packed tensors, for some.
        targets = sorted(
            {name.rpartition(".")[2] for name in _targets(model, linear_maps(model), targets)}
        )
    return LoraConfig(
        task_type="CAUSAL_LM",
        r=lora["r"],
        lora_alpha=int(alpha) if alpha == int(alpha) else alpha,
        lora_dropout=lora["dropout"],
        target_modules=targets if targets == ALL_LINEAR or isinstance(targets, list) else [targets],
        use_rslora=lora["rslora"],
        use_dora=lora["dora"],
    )
