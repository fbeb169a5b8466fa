"""Tensors of no elements and of no dimensions: merged by every method."""

import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file

from babelmerge import merging
from babelmerge.files.tensor_files import TensorFiles
from babelmerge.recipes import points, recipes
from babelmerge.recipes.methods import METHODS

SHAPES = {"none": (0, 4), "nowhere": (2**40, 0), "alone": (), "one": (1,), "ones": (1, 1, 1, 1)}
NEEDED = {"density": 0.4, "t": 0.5, "from": "hi", "top": 1}
PLAIN = [name for name, rule in METHODS.items() if not rule.statistics and not rule.factors]


@pytest.fixture(scope="module")
def members(tmp_path_factory):
    root = tmp_path_factory.mktemp("odd")
    base = tiny_models.model(0)
    paths = [tiny_models.save(base, root / "base")]
    paths += [tiny_models.save(tiny_models.near(base, n), root / str(n)) for n in (1, 2)]
    for number, path in enumerate(paths):
        tensors = load_file(path / "model.safetensors")
        tensors |= {f"odd.{n}": torch.full(s, 1.0 + number) for n, s in SHAPES.items()}
        save_file(tensors, path / "model.safetensors", {"format": "pt"})
    return paths


@pytest.mark.parametrize("method", PLAIN)
def test_every_method_keeps_odd_shapes(method, members, tmp_path):
    base, *experts = members
    named = dict(zip(("hi", "bn"), experts, strict=True))
    named = dict(list(named.items())[: min(2, METHODS[method].experts[1])])
    known = points.defaults(method, "original", METHODS[method].defaults.get("then"))
    point = {name: value for name, value in NEEDED.items() if name in known}
    out = merging.merge_files(recipes.make_recipe(base, named, method, point), tmp_path / "out")
    made = TensorFiles(out)
    assert {n: made.shape(f"odd.{n}") for n in SHAPES} == SHAPES
    if method == "linear":
        for name in ("alone", "one", "ones"):
            assert made.raw(f"odd.{name}").view("<f4").tolist() == [2.5]


def test_a_model_without_tensors_is_none(tmp_path):
    folder = tiny_models.save(tiny_models.model(0), tmp_path / "empty")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="its files hold no tensors"):
        TensorFiles(folder)
