"""Quantised models are refused by all who open one, by whatever mark; plain ones never are."""

import json
import shutil

import made_up_models
import pytest
import torch
from safetensors.torch import load_file, save_file

from babelmerge import merging
from babelmerge.analysis.task_vectors import inspection
from babelmerge.merging import files as merge_files
from babelmerge.models import differences, taking
from babelmerge.models.adapters import Adapter
from babelmerge.models.checkpoints import Checkpoint
from babelmerge.recipes import recipes

MODULE = "model.layers.0.mlp.down_proj."
U8, I8, I32 = torch.uint8, torch.int8, torch.int32


def ones(*shape, dtype=torch.float32):
    return torch.ones(shape, dtype=dtype)


# What quantisers leave of one weight of 12 by 20: names after the module, tensors.
KINDS = {
    "bitsandbytes 4": {
        "weight": ones(120, 1, dtype=U8),
        "weight.absmax": ones(4),
        "weight.quant_map": ones(16),
        "weight.quant_state.bitsandbytes__nf4": ones(60, dtype=U8),
    },
    "bitsandbytes in bfloat16": {"weight": ones(60, 1).bfloat16(), "weight.absmax": ones(4)},
    "bitsandbytes 8": {"weight": ones(12, 20, dtype=I8), "SCB": ones(12)},
    "gptq": {
        "qweight": ones(2, 20, dtype=I32),
        "qzeros": ones(1, 2, dtype=I32),
        "scales": ones(1, 20).half(),
        "g_idx": ones(20, dtype=I32),
    },
    "awq": {"qweight": ones(12, 2, dtype=I32), "scales": ones(1, 20).half()},
    "mxfp4": {"weight_blocks": ones(12, 1, 16, dtype=U8), "weight_scales": ones(12, 1, dtype=U8)},
    "fp8": {
        "weight": ones(12, 20).to(torch.float8_e4m3fn),
        "weight_scale_inv": ones(1, 1),
    },
    "fp8 alone": {"weight": ones(12, 20).to(torch.float8_e5m2)},
    "fp8 scales beside bfloat16": {"weight": ones(12, 20).bfloat16(), "weight_scale": ones(1)},
    "compressed-tensors": {
        "weight_packed": ones(12, 3, dtype=I32),
        "weight_scale": ones(12, 1),
        "weight_shape": ones(2, dtype=torch.int64),
    },
    "int8 alone": {"weight": ones(12, 20, dtype=I8)},
    "packed experts": {"experts": ones(2, 12, 10, dtype=U8)},
    "codes of 16 bits": {"trellis": ones(2, 2, 12, dtype=torch.int16), "suh": ones(20).half()},
    "places in a codebook": {
        "indices": ones(1, 12, 5, dtype=torch.int64),
        "centroids.weight": ones(1, 16, 4),
    },
    "words of 64 bits": {"dense_weights": ones(12, dtype=torch.int64), "row_offsets": ones(12)},
    "hqq": {"W_q": ones(60, 1, dtype=U8), "scale": ones(8, 1)},
}


def quantised(folder, kind, method=None):
    """A made-up model with one weight as a quantiser leaves it."""
    made = {n: t for n, t in made_up_models.tensors(0).items() if not n.startswith(MODULE)}
    made |= {MODULE + end: tensor for end, tensor in KINDS[kind].items()}
    config = made_up_models.CONFIG
    if method:
        config = {**config, "quantization_config": {"quant_method": method}}
    return made_up_models.save(folder, made, config)


@pytest.mark.parametrize("method", [None, "of_its_own"])
@pytest.mark.parametrize("kind", KINDS)
def test_any_mark_is_enough_and_the_message_says_what_to_do(tmp_path, kind, method):
    folder = quantised(tmp_path / "m", kind, method)
    with pytest.raises(ValueError, match="quantised") as told:
        Checkpoint(folder)
    words = (str(folder), MODULE, "expected weights in bfloat16", "dequantise", method or "")
    assert all(word in str(told.value) for word in words)


def test_a_config_alone_is_enough_in_any_part(tmp_path):
    for number, place in enumerate(("", "text_config")):
        mark = {"quantization_config": {"quant_method": "gptq"}}
        config = {**made_up_models.CONFIG, **({place: mark} if place else mark)}
        folder = made_up_models.save(tmp_path / str(number), made_up_models.tensors(0), config)
        with pytest.raises(ValueError, match=r"\(gptq\).*take quantization_config out"):
            Checkpoint(folder)
    hostile = {**made_up_models.CONFIG, "quantization_config": "\x1b[2J" * 99}
    folder = made_up_models.save(tmp_path / "hostile", made_up_models.tensors(0), hostile)
    with pytest.raises(ValueError) as told:
        Checkpoint(folder)
    assert str(told.value).isprintable() and len(str(told.value)) < 800


def test_masks_and_buffers_of_bytes_are_no_weights(tmp_path):
    made = made_up_models.tensors(0)
    made |= {"h.0.attn.bias": ones(1, 1, 8, 8, dtype=U8), "h.0.attn.mask": ones(8, 8).bool()}
    made |= {"position_ids": torch.arange(8)[None], "layers.0.scale": ones(3)}
    for name in ("relative_position_index", "mlp.gate.tid2eid"):  # of DeepSeek: experts by token
        made[f"layers.0.{name}"] = ones(4, 4, dtype=torch.int64)
    for number, dtype in enumerate((torch.float64, torch.float32, torch.float16)):
        made[f"layers.{number}.weight"] = ones(3, 4, dtype=dtype)
    Checkpoint(made_up_models.save(tmp_path / "m", made))


@pytest.mark.parametrize("kind", ["bitsandbytes 4", "gptq", "mxfp4", "fp8"])
def test_all_who_open_a_model_refuse_it(tmp_path, kind):
    bad = quantised(tmp_path / "bad", kind)
    good = made_up_models.save(tmp_path / "good", made_up_models.tensors(1))
    doors = {
        "expert": lambda: merged(good, bad, tmp_path),
        "both": lambda: merged(bad, shutil.copytree(bad, tmp_path / "copy"), tmp_path),
        "state dict": lambda: merging.merge(load(good), [load(bad)], "linear"),
        "taking in": lambda: taking.check(bad),
        "inspect": lambda: inspection.inspect(good, {"x": bad}),
        "diff": lambda: differences.compare(good, bad),
        "base of an adapter": lambda: merged(bad, adapter(tmp_path / "adapter"), tmp_path),
    }
    for door, enter in doors.items():
        with pytest.raises(ValueError, match="quantised"):
            enter()
            pytest.fail(f"{door} let it in")


def load(folder):
    return load_file(folder / "model.safetensors")


def merged(base, expert, root):
    recipe = recipes.make_recipe(base, {"x": expert}, "task_arithmetic", {"weight": 0.5})
    merge_files.check_files(recipe, root / "out")


def adapter(folder, dtype=torch.float32):
    """One of a linear map of the made-up models."""
    name = f"base_model.model.{MODULE}lora_{{}}.weight"
    sides = {"A": ones(2, 20, dtype=dtype), "B": ones(12, 2, dtype=dtype)}
    folder.mkdir()
    tensors = {name.format(side): made for side, made in sides.items()}
    save_file(tensors, folder / "adapter_model.safetensors")
    (folder / "adapter_config.json").write_text(json.dumps({"peft_type": "LORA", "r": 2}))
    return folder


def test_an_adapter_of_small_floats_is_refused(tmp_path):
    base = Checkpoint(made_up_models.save(tmp_path / "base", made_up_models.tensors(0)))
    Adapter(adapter(tmp_path / "right"), base)
    with pytest.raises(ValueError, match=r"adapter_model\.safetensors: is quantised \(FP8\)"):
        Adapter(adapter(tmp_path / "wrong", torch.float8_e4m3fn), base)
