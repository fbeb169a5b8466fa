"""Merged adapters written as peft reads them: exact by their factors, or truncated to a rank.

What is a linear map's update becomes factors of scale 1 (lora_alpha = r; ranks that differ by
module are patterns), of a bare weight where the adapters have it so (target_parameters); what is
none (biases, whole modules) is stored whole. Truncation takes the nearest update of that rank in
the Frobenius norm and reports the error, relative to the update's norm, by tensor and overall.
Streams: one module's factors in memory at a time.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from babelmerge.merging.adapters.factors import truncated, truncated_matrix
from babelmerge.merging.adapters.merges import AdapterMerge
from babelmerge.models import checkpoints
from babelmerge.models.adapter_changes import PREFIX, is_table
from babelmerge.models.adapter_config import CONFIG, WEIGHTS
from babelmerge.models.adapters import Adapter
from babelmerge.models.factors import Factors, flipped
from babelmerge.words.showing import shown

DTYPE = "float32"  # unless another is asked for
UNSHARDED = 1 << 62  # peft reads one file


@dataclass
class Report:
    """How near the written adapter is to the merge, before rounding to its dtype.

    errors: Frobenius norm of what truncation left out over that of the update, by tensor; empty for
    exact factors. error: the same over all tensors.
    """

    rank: int | None
    error: float = 0.0
    errors: dict[str, float] = field(default_factory=dict)


def write_adapter(
    directory: str | Path, merge: AdapterMerge, rank: int | None = None, dtype: str | None = None
) -> Report:
    """Write adapter_config.json and adapter_model.safetensors into a directory.

    ValueErrors before anything is written: a rank that is missing where the method has no exact
    factors, or a dtype that is not one.
    """
    plan = _Plan(merge, rank, _dtype(dtype or DTYPE))
    directory = Path(directory)
    report = Report(rank)
    checkpoints.write_tensors(directory, plan.layout(), plan.pieces(report), UNSHARDED)
    (directory / "model.safetensors").rename(directory / WEIGHTS)
    checkpoints.write_json(directory / CONFIG, plan.config())
    return report


def check(merge: AdapterMerge, rank: int | None, dtype: str | None) -> None:
    """The ValueErrors of `write_adapter`."""
    _Plan(merge, rank, _dtype(dtype or DTYPE))


class _Plan:
    """Which tensors are written under which names."""

    def __init__(self, merge: AdapterMerge, rank: int | None, dtype: torch.dtype):
        self.merge = merge
        self.base = merge.base
        self.rank = rank
        self.dtype = dtype
        self.adapters = list(merge.adapters.values())
        self.maps = [name for name in merge.names if self._is_map(name)]
        if not self.maps:
            raise ValueError("the merge has no linear map that LoRA could change; write a model")
        self._refuse_other_names()
        self._refuse_tied()
        self.ranks = {name: self._rank(name) for name in self.maps}
        self.modules = {name: name.removesuffix(".weight") for name in self.maps}
        self.saved = self._saved_modules()
        self.bare = self._bare()

    def layout(self) -> dict[str, tuple[str, tuple[int, ...]]]:
        code = checkpoints.CODES[self.dtype]
        found = {}
        for name, rank in self.ranks.items():
            outputs, inputs = self._map_shape(name)
            found[self._entry(name, "A")] = (code, (rank, inputs))
            found[self._entry(name, "B")] = (code, (outputs, rank))
        for entry, name in self._whole().items():
            found[entry] = (code, self.base.shape(name))
        return found

    def pieces(self, report: Report):
        """pieces(name) for `write_tensors`, filling the report as it goes."""
        whole = self._whole()
        names = {self._entry(name, side): (name, side) for name in self.maps for side in "AB"}
        lengths: list[tuple[float, float]] = []
        made: dict[str, Factors] = {}

        def pieces(entry: str) -> Iterator[np.ndarray]:
            if entry in whole:
                yield self._bytes(self._tensor(whole[entry]))
                return
            name, side = names[entry]
            if side == "A":
                made.clear()
                made[name] = self._made(name, report, lengths)
                yield self._bytes(made[name].a)
            else:
                yield self._bytes(made[name].b)

        return pieces

    def config(self) -> dict[str, Any]:
        usual = Counter(self.ranks.values()).most_common(1)[0][0]
        keys = {name: name if name in self.bare else self.modules[name] for name in self.maps}
        patterns = {keys[name]: rank for name, rank in self.ranks.items() if rank != usual}
        bare = {"target_parameters": list(self.bare)} if self.bare else {}
        bases = {one.config.base for one in self.adapters if one.config.base}
        tasks = {one.config.task_type for one in self.adapters}
        biases = any(".base_layer." in entry for entry in self._whole())
        return {
            "peft_type": "LORA",
            "task_type": tasks.pop() if len(tasks) == 1 else None,
            "base_model_name_or_path": min(bases, default=str(getattr(self.base, "path", ""))),
            "r": usual,
            "lora_alpha": usual,
            "rank_pattern": patterns,
            "alpha_pattern": patterns,
            "target_modules": [self.modules[n] for n in self.maps if n not in self.bare],
            **bare,
            "modules_to_save": list(self.saved) or None,
            "bias": "lora_only" if biases else "none",
            "fan_in_fan_out": any(map(self._swapped, self.maps)),
            "lora_dropout": 0.0,
            "use_rslora": False,
            "use_dora": False,
            "inference_mode": True,
            "init_lora_weights": True,
        }

    def _refuse_other_names(self) -> None:
        """ValueError where peft would look for the adapters' modules under other names."""
        for one in self.adapters:
            for name in one.names:
                entry = one.changes[name].entries[0]
                if not entry.startswith(PREFIX + name.rpartition(".")[0]):
                    raise ValueError(
                        f"output: adapter: {one.path} has {entry} for what the base calls {name}; "
                        "write a model, or give a base that transformers saved anew "
                        "(save_pretrained), whose names are the adapter's"
                    )

    def _refuse_tied(self) -> None:
        """ValueError for whole embeddings that are the head too: as an adapter they leave it."""
        for one in self.adapters:
            if one.together:
                raise ValueError(
                    f"output: adapter: {one.path} has {one.together[0]} as a whole, and the output "
                    "head changes with it, which no adapter that is written here would do; write "
                    "a model (output: model)"
                )

    def _bare(self) -> dict[str, None]:
        """Maps that are written as bare weights: as all adapters that change them have them.

        peft reads no adapter with those and with maps that lie as (inputs, outputs): beside these,
        what can be written by its module is. ValueError for other tables.
        """
        bare = dict.fromkeys(
            name
            for name in self.maps
            if all(one.config.is_bare(self.modules[name]) for one in self._changing(name))
        )
        by_module = [name for name in self.maps if name not in bare]
        swapped = next((n for n in by_module if self._turned(n) and not self._table(n)), None)
        if swapped is None:
            return bare
        if odd := [name for name in bare if not self._turned(name)]:
            raise ValueError(
                f"output: adapter: {odd[0]} has LoRA as a bare parameter (target_parameters), and "
                f"{swapped} as a map that lies as (inputs, outputs) (target_modules), and peft "
                "reads no adapter with both; write a model (output: model), or merge adapters of "
                "one kind"
            )
        return {}

    def _changing(self, name: str) -> list[Adapter]:
        return [one for one in self.adapters if name in one.changes]

    def _is_map(self, name: str) -> bool:
        """Whether a tensor's update is written as factors: some adapter's is, none's is whole."""
        changing = self._changing(name)
        whole = [one for one in changing if one.is_whole(name)]
        return any(one.changes[name].a for one in changing) and not whole

    def _rank(self, name: str) -> int:
        exact = self.merge.rank(name)
        if self.rank is None and exact is None:
            raise ValueError(
                f"{self.merge.point.method}: the merged update of {name} has no exact factors; "
                "give a rank to truncate it to (the error is reported), or write a model"
            )
        limits = [self.rank, exact, *self.base.shape(name)]
        if self.rank is None:
            limits = [exact]
        return max(1, min(limit for limit in limits if limit is not None))

    def _made(self, name: str, report: Report, lengths: list[tuple[float, float]]) -> Factors:
        """A map's factors, padded with zeros to the rank that the layout promises."""
        found = self.merge.factors(name)
        if self.rank is not None:
            if found is None:
                delta = self.merge[name]
                cut = truncated_matrix(delta.T if self._turned(name) else delta, self.rank)
            else:
                cut = truncated(found, self.rank)
            found = cut.factors
            lengths.append((cut.error, cut.norm))
            report.errors[name] = cut.error / cut.norm if cut.norm else 0.0
            report.error = _share(lengths)
        missing = self.ranks[name] - found.rank
        b = torch.nn.functional.pad(found.b.float() * found.scale, (0, missing))
        made = Factors(b, torch.nn.functional.pad(found.a.float(), (0, 0, 0, missing)))
        return flipped(made) if self._flipped(name) else made

    def _tensor(self, name: str) -> Tensor:
        """A tensor that is stored whole: merged, or the base's in a module of which one is."""
        tensor = self.base.read(name).float()
        return tensor + self.merge[name] if name in self.merge else tensor

    def _whole(self) -> dict[str, str]:
        """Names in the file -> the base's tensors that are stored whole."""
        found = {}
        for name in self.merge.names:
            module, _, kind = name.rpartition(".")
            if name not in self.ranks and module in self.modules.values():
                found[f"{PREFIX}{module}.base_layer.{kind}"] = name
        for module in self.saved:
            own = [name for name in self.base.names if name.rpartition(".")[0] == module]
            found |= {PREFIX + name: name for name in own}
        return found

    def _saved_modules(self) -> dict[str, None]:
        """Modules without factors: peft keeps all of their tensors."""
        modules = {name: name.rpartition(".")[0] for name in self.merge.names}
        mapped = set(self.modules.values())
        return dict.fromkeys(
            m for n, m in modules.items() if n not in self.ranks and m not in mapped
        )

    def _entry(self, name: str, side: str) -> str:
        if self._embedding(name):
            return f"{PREFIX}{self.modules[name]}.lora_embedding_{side}"
        return f"{PREFIX}{self.modules[name]}.lora_{side}.weight"

    def _embedding(self, name: str) -> bool:
        """Whether a map is written as peft's LoRA on a module of embeddings."""
        return name not in self.bare and self._table(name)

    def _table(self, name: str) -> bool:
        """Whether a map is a table of embeddings, by its name or by an adapter."""
        told = any(one.changes[name].embedding for one in self._changing(name))
        return self._turned(name) and (told or is_table(name))

    def _turned(self, name: str) -> bool:
        return self.merge.transposed(name)

    def _swapped(self, name: str) -> bool:
        """Whether a map is written as peft's LoRA on a module that lies as (inputs, outputs)."""
        return self._turned(name) and name not in self.bare and not self._embedding(name)

    def _flipped(self, name: str) -> bool:
        """Whether factors are written of the weight as it lies, which is not as a map's."""
        return self._turned(name) and name in self.bare

    def _map_shape(self, name: str) -> tuple[int, ...]:
        shape = self.base.shape(name)
        return shape[::-1] if self._turned(name) and name not in self.bare else shape

    def _bytes(self, tensor: Tensor) -> np.ndarray:
        return checkpoints.as_bytes(tensor.to(self.dtype).contiguous())


def _share(lengths: list[tuple[float, float]]) -> float:
    """The error over all tensors, relative to the norm of the whole update."""
    whole = math.fsum(norm**2 for _, norm in lengths)
    return math.sqrt(math.fsum(error**2 for error, _ in lengths) / whole) if whole else 0.0


def _dtype(name: str) -> torch.dtype:
    known: Mapping[str, torch.dtype] = {
        "float32": torch.float32,
        "bfloat16": torch.bfloat16,
        "float16": torch.float16,
    }
    if name not in known:
        raise ValueError(f"dtype is {shown(name)}; expected {', '.join(known)} for an adapter")
    return known[name]
