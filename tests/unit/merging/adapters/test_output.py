"""Recipes whose members are LoRA adapters: merged files, state dicts and sweeps; peft as oracle."""

import json

import pytest
import tiny_models
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tiny_models import load
from transformers import AutoModelForCausalLM

from babelmerge import merging
from babelmerge.recipes import recipes

torch.set_num_threads(1)
BY_MODULE = [{"filter": ".self_attn.", "value": 0.3}, {"value": 0.8}]  # as searches have them
POINTS = [
    ("task_arithmetic", {"weight": [0.4, 0.9]}),
    ("ties", {"density": 0.5}),
    ("dare_ties", {"density": 0.5, "seed": 3}),
    ("slerp", {"t": 0.4}),
    ("karcher", {}),
    ("multislerp", {"weight": [0.4, 0.9], "origin": "base"}),
    ("knots", {"then": "ties", "density": 0.5}),
    ("knots", {"then": "dare_ties", "density": 0.5}),
    ("core_space", {"then": "ties", "density": 0.5}),
    ("core_space", {"weight": {"e0": BY_MODULE, "e1": {"layers": [0.2, 0.6]}}}),
    ("knots", {"density": 0.5, "weight": {"e0": BY_MODULE, "e1": {"layers": [0.2, 0.6]}}}),
]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """A base and two adapters of other ranks and modules on disk."""
    root = tmp_path_factory.mktemp("adapters")
    base = tiny_models.save(tiny_models.model(0), root / "base")
    paths = {}
    for number, modules in enumerate((["q_proj", "down_proj"], ["q_proj", "v_proj"])):
        torch.manual_seed(number)
        config = LoraConfig(r=2 + number, lora_alpha=6, target_modules=modules)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(base), config)
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(parameter, std=0.3)
        paths[f"e{number}"] = root / f"e{number}"
        model.save_pretrained(paths[f"e{number}"])
    return base, paths


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_files_state_dicts_and_sweeps_are_one(family, tmp_path, method, point):
    base, adapters = family
    recipe = recipes.make_recipe(base, adapters, method, point)
    written = load(merging.merge_files(recipe, tmp_path / "out"))
    start = load(base)
    assert any(not torch.equal(written[name], start[name]) for name in start)
    merged = merging.merge(start, adapters, method, **point)
    assert all(torch.equal(written[name], merged[name]) for name in start)
    for _, tensors in merging.Sweep(base, adapters, method).points([point]):
        model = AutoModelForCausalLM.from_pretrained(base)
        merging.load_into(model, tensors)
        assert all(torch.equal(model.state_dict()[name], written[name]) for name in written)


def test_one_adapter_is_pefts_merge_and_unload(family, tmp_path):
    base, adapters = family
    recipe = recipes.make_recipe(base, {"e1": adapters["e1"]}, "task_arithmetic", {})
    ours = load(merging.merge_files(recipe, tmp_path / "out"))
    model = PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapters["e1"])
    theirs = model.merge_and_unload().state_dict()
    assert all(torch.allclose(ours[name], theirs[name], atol=1e-6) for name in ours)


def test_the_result_as_an_adapter_computes_what_the_merged_model_does(family, tmp_path):
    base, adapters = family
    point = {"weight": [0.4, 0.9]}
    both = [
        recipes.make_recipe(base, adapters, "task_arithmetic", point, output=output)
        for output in ("model", "adapter")
    ]
    full = AutoModelForCausalLM.from_pretrained(merging.merge_files(both[0], tmp_path / "full"))
    merging.merge_files(both[1], tmp_path / "adapter")
    start = AutoModelForCausalLM.from_pretrained(base)
    thin = PeftModel.from_pretrained(start, tmp_path / "adapter").eval()
    tokens = torch.arange(12).reshape(2, 6)
    with torch.no_grad():
        assert torch.allclose(full(tokens).logits, thin(tokens).logits, atol=1e-5)
    manifest = json.loads((tmp_path / "adapter" / "manifest.json").read_text())
    assert manifest["adapter"] == {"rank": None, "error": 0.0, "errors": {}}
    assert set(manifest["members"]) == {"base", "e0", "e1"}
    again = recipes.make_recipe(base, adapters, "task_arithmetic", point, output="adapter", rank=1)
    merging.merge_files(again, tmp_path / "thin")
    manifest = json.loads((tmp_path / "thin" / "manifest.json").read_text())
    assert 0 < manifest["adapter"]["error"] < 1


def test_an_adapter_and_a_full_model_are_merged(family, tmp_path):
    base, adapters = family
    full = tiny_models.save(tiny_models.near(tiny_models.model(0), 7), tmp_path / "full")
    members = {"a": adapters["e0"], "b": full}
    recipe = recipes.make_recipe(base, members, "task_arithmetic", {"weight": 0.5})
    merged = load(merging.merge_files(recipe, tmp_path / "out"))
    alone = recipes.make_recipe(base, {"a": adapters["e0"]}, "task_arithmetic", {})
    folded = load(merging.merge_files(alone, tmp_path / "folded"))
    other, start = load(full), load(base)
    for name in start:
        expected = start[name] + 0.5 * (folded[name] - start[name] + other[name] - start[name])
        assert torch.allclose(merged[name], expected, atol=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "knots"}, "not all experts are adapters"),
        ({"output": "adapter"}, "b is a full model"),
        ({"align": True}, "a is an adapter"),
    ],
)
def test_what_adapters_cannot_do_is_said_before_anything_is_read(family, tmp_path, change, message):
    base, adapters = family
    full = tiny_models.save(tiny_models.near(tiny_models.model(0), 7), tmp_path / "full")
    point = {"density": 0.5} if change.get("method") else {"weight": 0.5}
    options = {k: v for k, v in change.items() if k != "method"}
    method = change.get("method", "task_arithmetic")
    recipe = recipes.make_recipe(base, {"a": adapters["e0"], "b": full}, method, point, **options)
    with pytest.raises(ValueError, match=message):
        merging.merge_files(recipe, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_an_adapter_of_another_base_is_refused(family, tmp_path):
    base, adapters = family
    wide = tiny_models.save(tiny_models.model(0, vocabulary=70), tmp_path / "wide")
    other = tmp_path / "other"
    other.mkdir()
    for file in adapters["e1"].iterdir():
        if file.is_file():
            (other / file.name).write_bytes(file.read_bytes())
    config = json.loads((other / "adapter_config.json").read_text())
    config["base_model_name_or_path"] = str(wide)
    (other / "adapter_config.json").write_text(json.dumps(config))
    recipe = recipes.make_recipe(base, {"a": adapters["e0"], "b": other}, "ties", {"density": 0.5})
    with pytest.raises(ValueError, match="a is an adapter of .*, b one of "):
        merging.merge_files(recipe, tmp_path / "out")
