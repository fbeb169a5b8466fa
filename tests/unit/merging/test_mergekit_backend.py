"""`backend: mergekit`: every shared method runs there, gives what ours gives, or is refused."""

import json
import shutil

import pytest
import tiny_models
import torch
import yaml
from transformers import AutoModelForCausalLM, AutoTokenizer

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes
from babelmerge.recipes.methods import METHODS

mergekit_config = pytest.importorskip("mergekit.config")
mergekit_merge = pytest.importorskip("mergekit.merge")
backend = pytest.importorskip("babelmerge.merging.mergekit_backend")

torch.set_num_threads(1)
MERGEKIT = {"semantics": "mergekit"}
ROUNDING = 1e-6
GRADIENT = {"layers": [0.2, 0.9]}
CONDITIONS = [
    {"filter": "layers.1.mlp", "value": 0.9},
    {"filter": "self_attn", "value": [0.1, 0.6]},
    {"value": 0.4},
]
# A point of every method that mergekit has, and whether both give the same numbers.
SHARED = [
    ("linear", {"weight": [1, 2]}, True),
    ("slerp", {"t": 0.3}, True),
    ("nuslerp", {"weight": [1, 3]}, True),
    ("nuslerp", {"nuslerp_flatten": False, "nuslerp_row_wise": True, "origin": "base"}, True),
    ("multislerp", {"weight": [1, 3]}, True),
    ("multislerp", {"weight": [1, 3], "origin": "base", "normalize_weights": False}, True),
    ("karcher", {}, True),
    ("task_arithmetic", {"weight": [0.3, -0.2]}, True),
    ("ties", {"density": 0.4}, True),
    ("dare", {"density": 0.4}, False),
    ("dare_ties", {"density": 0.4}, False),
    ("sce", {"select_topk": 0.4}, True),
    ("breadcrumbs", {"density": 0.4}, True),
    ("breadcrumbs_ties", {"density": 0.4, "gamma": [0.1, 0.2], "rescale": True}, True),
    ("della", {"density": 0.4}, False),
    ("della_linear", {"density": 0.4, "epsilon": [0.1, 0.2]}, False),
    ("model_stock", {}, True),
    ("model_stock", {"filter_wise": True}, True),
    ("ram", {"least": 0.02}, True),
    ("ramplus_tl", {"least": 0.02, "gain": 0.3, "cap": 0.9}, True),
    ("nearswap", {"t": 0.02}, True),
    ("arcee_fusion", {}, True),
]
CONDITIONAL = [
    ("linear", {"weight": [CONDITIONS, GRADIENT]}),
    ("slerp", {"t": [0.2, 0.5, 1]}),
    ("multislerp", {"weight": [CONDITIONS, GRADIENT]}),
    ("task_arithmetic", {"weight": [CONDITIONS, -0.5], "lambda": [1, 3]}),
    ("task_arithmetic", {"weight": 1, "normalize": [{"filter": "mlp", "value": True}]}),
    ("ties", {"density": [GRADIENT, CONDITIONS], "weight": [1, CONDITIONS]}),
    ("sce", {"select_topk": CONDITIONS}),
    ("breadcrumbs", {"density": CONDITIONS, "gamma": [GRADIENT, 0.05]}),
    ("ramplus_tl", {"least": [0.001, 0.02], "cap": CONDITIONS}),
]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    experts = ("experts/hi-en", "experts/bn-en")
    return tiny_models.family(tmp_path_factory.mktemp("family"), experts)


def made(family, method, point, **more):
    base, experts = family
    experts = dict(list(experts.items())[: min(2, METHODS[method].experts[1])])
    return recipes.make_recipe(base, experts, method, {**MERGEKIT, **point}, **more)


def run(recipe, out):
    out.mkdir()
    backend.run(recipes.read_recipe(recipe), out)
    return checkpoints.Checkpoint(out)


def difference(left, right):
    assert set(left.names) == set(right.names)
    return max((left.read(name) - right.read(name)).abs().max().item() for name in left.names)


def test_every_method_of_mergekits_is_tried():
    assert {m for m, _, _ in SHARED} == {m for m, rule in METHODS.items() if rule.mergekit}


@pytest.mark.parametrize(("method", "point", "same"), SHARED)
def test_mergekit_runs_our_recipes(family, tmp_path, method, point, same):
    recipe = made(family, method, point)
    theirs = run(recipe, tmp_path / "theirs")
    ours = checkpoints.Checkpoint(merging.merge_files(recipe, tmp_path / "ours"))
    assert (difference(ours, theirs) <= ROUNDING) is same
    base = checkpoints.Checkpoint(family[0])
    assert difference(base, theirs) > 1e-3
    # The file itself, as anyone would run it.
    recipes.write_recipe(recipe, tmp_path / "recipe.yaml")
    config = yaml.safe_load((tmp_path / "recipe.yaml").read_text())
    options = mergekit_merge.MergeOptions(quiet=True, write_model_card=False)
    torch.manual_seed(42)
    parsed = mergekit_config.MergeConfiguration.model_validate(config)
    mergekit_merge.run_merge(parsed, str(tmp_path / "again"), options)
    assert difference(checkpoints.Checkpoint(tmp_path / "again"), theirs) == 0


@pytest.mark.parametrize(("method", "point"), CONDITIONAL)
def test_values_by_tensor_are_the_same_in_mergekit(family, tmp_path, method, point):
    recipe = made(family, method, point)
    theirs = run(recipe, tmp_path / "theirs")
    ours = checkpoints.Checkpoint(merging.merge_files(recipe, tmp_path / "ours"))
    assert difference(ours, theirs) <= ROUNDING


def test_the_directory_is_the_bases_but_for_its_weights(family, tmp_path):
    base, _ = family
    torch.manual_seed(5)
    before = torch.random.get_rng_state()
    run(made(family, "dare", {"density": 0.4, "dtype": "bfloat16"}), tmp_path / "out")
    assert torch.equal(torch.random.get_rng_state(), before)
    model = AutoModelForCausalLM.from_pretrained(tmp_path / "out", dtype="auto")
    assert model.dtype == torch.bfloat16
    vocabularies = [AutoTokenizer.from_pretrained(p).get_vocab() for p in (base, tmp_path / "out")]
    assert vocabularies[0] == vocabularies[1]
    config = json.loads((base / "config.json").read_text())
    key = "torch_dtype" if "torch_dtype" in config else "dtype"
    assert json.loads((tmp_path / "out" / "config.json").read_text()) == {**config, key: "bfloat16"}
    assert not (tmp_path / "out" / "mergekit_config.yml").exists()


def test_the_dtype_is_the_bases_where_the_recipe_has_none(tmp_path):
    family = tiny_models.family(tmp_path / "low", ("a", "b"), tied=False, dtype=torch.bfloat16)
    theirs = run(made(family, "linear", {}), tmp_path / "out")
    assert {theirs.dtype(name) for name in theirs.names} == {torch.bfloat16}


def test_the_seed_decides_the_masks(family, tmp_path):
    first, again, other = (
        run(made(family, "dare", {"density": 0.4, "seed": seed}), tmp_path / str(number))
        for number, seed in enumerate((1, 1, 2))
    )
    assert difference(first, again) == 0 < difference(first, other)


def test_a_path_with_a_plus_is_one_model(family, tmp_path):
    base, experts = family
    two = tmp_path / "two-a+b"
    shutil.copytree(experts["experts/hi-en"], two)
    recipe = recipes.make_recipe(base, {"a+b": two}, "task_arithmetic", {})
    theirs = run(recipe, tmp_path / "out")
    assert difference(theirs, checkpoints.Checkpoint(two)) <= ROUNDING


def refused(recipe, out, part):
    out.mkdir()
    with pytest.raises(ValueError) as error:
        backend.run(recipes.read_recipe(recipe), out)
    assert part in str(error.value), str(error.value)
    assert not any(out.iterdir())


@pytest.mark.parametrize(
    ("method", "point", "more", "part"),
    [
        ("tsv", {"semantics": "original"}, {}, "it has no such method"),
        ("ties", {"density": 1, "semantics": "original"}, {}, "set semantics: mergekit"),
        ("linear", {}, {"align": True}, "it does not align"),
        ("linear", {}, {"output": "adapter"}, "its output is a model, not an adapter"),
        ("linear", {"device": "cuda:99"}, {}, "device is cuda:99"),
    ],
)
def test_what_mergekit_would_do_otherwise_is_refused(family, tmp_path, method, point, more, part):
    if part.startswith("device") and torch.cuda.is_available():
        pytest.skip("there is a CUDA device")
    refused(made(family, method, point, **more), tmp_path / "out", part)


def test_only_whole_models_in_safetensors_reach_mergekit(family, tmp_path):
    base, experts = family

    def changed(number, change):
        folder = tmp_path / f"expert-{number}"
        shutil.copytree(experts["experts/hi-en"], folder)
        change(folder)
        return recipes.make_recipe(base, {"x": folder}, "linear", {})

    def pickle(folder):
        (folder / "model.safetensors").rename(folder / "pytorch_model.bin")

    def adapter(folder):
        (folder / "adapter_config.json").write_text("{}")

    for number, (change, part) in enumerate(((pickle, "is a pickle"), (adapter, "is an adapter"))):
        refused(changed(number, change), tmp_path / f"out-{number}", part)
    nowhere = recipes.make_recipe(base, {"x": "org/model"}, "linear", {})
    refused(nowhere, tmp_path / "out", "org/model")


def test_mixed_dtypes_and_tensors_that_mergekit_leaves_out(family, tmp_path):
    base, experts = family

    def spoilt(name, change):
        folder = tmp_path / name
        shutil.copytree(base, folder)
        tensors = {n: t.clone() for n, t in checkpoints.Checkpoint(folder).state_dict().items()}
        change(tensors)
        checkpoints.save_state_dict(folder, tensors)
        return folder

    def mixed(tensors):
        tensors["model.norm.weight"] = tensors["model.norm.weight"].bfloat16()

    def extra(tensors):
        tensors["model.router.weight"] = torch.ones(3)

    members = {id_: path for id_, path in experts.items()}
    recipe = recipes.make_recipe(spoilt("mixed", mixed), members, "task_arithmetic", {})
    refused(recipe, tmp_path / "out", "bfloat16 and float32, and mergekit writes one dtype")
    recipe = recipes.make_recipe(spoilt("extra", extra), members, "task_arithmetic", {})
    with pytest.raises(ValueError, match="mergekit left out model.router.weight"):
        run(recipe, tmp_path / "left")
