"""mergekit 0.1.5 as the oracle of `semantics: mergekit`, on tiny Qwen2 models in float32.

Both run the very same recipe file. Equal to the bit: task_arithmetic, ties (no two magnitudes
tied), and dare without rescaling, given the same random mask. Equal up to one unit in the last
place: linear (mergekit rounds product and sum at once), dare's norms and sce's coefficients (we sum
in float64).
"""

import pytest
import tiny_models
import torch
import yaml

from babelmerge import merging
from babelmerge.merging.kernels import random_keys
from babelmerge.merging.methods import randomness
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

mergekit_config = pytest.importorskip("mergekit.config")
mergekit_merge = pytest.importorskip("mergekit.merge")

torch.set_num_threads(1)
EXACT, ROUNDING = 0.0, 1.3e-7  # one unit in the last place of the largest weights, about 1
POINTS = [
    ("linear", {"weight": 1}, EXACT),
    ("linear", {"weight": [0.2, 0.5, 0.9]}, ROUNDING),
    ("linear", {"weight": 0.4, "normalize": False}, ROUNDING),
    ("task_arithmetic", {"weight": 0.3}, EXACT),
    ("task_arithmetic", {"weight": [0.2, 0.5, 0.9], "lambda": 0.7, "normalize": True}, EXACT),
    ("ties", {"density": 0.4, "weight": 0.3}, EXACT),
    ("ties", {"density": 0.001, "weight": 1}, EXACT),
    ("ties", {"density": [0.2, 1, 0.7], "weight": [0.3, -0.2, 1]}, EXACT),
    ("ties", {"density": 0.7, "weight": 0.3, "normalize": False, "lambda": 1.5}, EXACT),
    ("sce", {"select_topk": 0.1}, ROUNDING),
    ("sce", {"select_topk": 0.5}, ROUNDING),
    ("sce", {"select_topk": 1}, ROUNDING),
    ("dare", {"density": 0.4, "weight": 0.5, "rescale": False}, EXACT),
    ("dare", {"density": 0.4, "weight": 0.5}, ROUNDING),
    ("dare", {"density": 0.7, "weight": [0.5, 1, 0.1], "normalize": True}, ROUNDING),
    ("dare_ties", {"density": 0.4, "weight": 0.5, "rescale": False}, EXACT),
    ("dare_ties", {"density": [0.4, 0.9, 0.2], "weight": [0.5, -0.3, 1]}, ROUNDING),
    ("dare_ties", {"density": 0.4, "weight": [0.5, 0.2, 1], "normalize": True}, ROUNDING),
    ("della", {"density": 0.4, "weight": 0.5, "epsilon": 0.2}, ROUNDING),
    ("della_linear", {"density": 0.6, "weight": [0.5, 0.2, 1], "rescale": False}, ROUNDING),
]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    return tiny_models.family(tmp_path_factory.mktemp("family"))


def run_mergekit(recipe, out_dir):
    config = mergekit_config.MergeConfiguration.model_validate(yaml.safe_load(recipe.read_text()))
    options = mergekit_merge.MergeOptions(quiet=True, write_model_card=False)
    mergekit_merge.run_merge(config, str(out_dir), options)
    return checkpoints.Checkpoint(out_dir)


def hand_our_masks_to_mergekit(monkeypatch, base, experts, seed):
    """mergekit draws from one global stream; here it looks our drops up by the task vector."""
    from mergekit import sparsify

    ours = checkpoints.Checkpoint(base)
    known = {}
    for id_, path in experts.items():
        expert = checkpoints.Checkpoint(path)
        for name in expert.names:
            delta = expert.read(name) - ours.read(name)
            known[delta.numpy().tobytes()] = (id_, name)

    def bernoulli(tensor, density, rescale_norm=None):
        id_, name = known[tensor.numpy().tobytes()]
        key = random_keys.key_for(seed, id_, name)
        mask = randomness.kept(key, tuple(tensor.shape), density).float()
        return sparsify.rescaled_masked_tensor(tensor, mask, rescale_norm)

    magprune = sparsify.della_magprune

    def della_magprune(tensor, *arguments, **options):
        id_, name = known[tensor.numpy().tobytes()]

        def chosen(probabilities):
            key = random_keys.key_for(seed, id_, name)
            uniform = randomness.uniforms(key, tuple(probabilities.shape))
            return (uniform < probabilities).float()

        with monkeypatch.context() as patch:
            patch.setattr(torch, "bernoulli", chosen)
            return magprune(tensor, *arguments, **options)

    monkeypatch.setattr(sparsify, "bernoulli", bernoulli)
    monkeypatch.setattr(sparsify, "della_magprune", della_magprune)


@pytest.mark.parametrize(("method", "point", "tolerance"), POINTS)
def test_mergekit_computes_the_same(monkeypatch, family, tmp_path, method, point, tolerance):
    base, experts = family
    point = {"semantics": "mergekit", **point}
    recipe = recipes.make_recipe(base, experts, method, point)
    recipes.write_recipe(recipe, tmp_path / "recipe.yaml")
    if method.startswith(("dare", "della")):
        hand_our_masks_to_mergekit(monkeypatch, base, experts, seed=42)
    theirs = run_mergekit(tmp_path / "recipe.yaml", tmp_path / "theirs")
    merging.merge_files(tmp_path / "recipe.yaml", tmp_path / "ours")
    ours = checkpoints.Checkpoint(tmp_path / "ours")
    assert set(ours.names) == set(theirs.names)
    for name in ours.names:
        difference = (ours.read(name) - theirs.read(name)).abs().max().item()
        assert difference <= tolerance, (name, difference)


def test_the_other_semantics_differ_where_we_say_so(family, tmp_path):
    base, experts = family

    def delta(method, **point):
        members = {id_: checkpoints.Checkpoint(path).state_dict() for id_, path in experts.items()}
        start = checkpoints.Checkpoint(base).state_dict()
        merged = merging.merge(start, members, method, **point)
        return torch.cat([(merged[name] - start[name]).reshape(-1) for name in start])

    for method, point in (("ties", {"density": 0.4}), ("sce", {"select_topk": 0.1})):
        ours = delta(method, **point)
        theirs = delta(method, semantics="mergekit", **point)
        assert not torch.allclose(ours, theirs, atol=1e-4)
    for method in ("linear", "task_arithmetic"):
        assert torch.allclose(delta(method), delta(method, semantics="mergekit"), atol=1e-7)
