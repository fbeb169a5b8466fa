"""Tensors of no elements and of no dimensions: merged by every method."""

import made_up_models
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


@pytest.mark.parametrize("rows", [False, True])
@pytest.mark.parametrize("semantics", ["original", "mergekit"])
@pytest.mark.parametrize("shape", [(0, 4), (4, 0), (0, 2, 3), (0,)])
def test_angles_of_the_vectors_of_an_empty_tensor(shape, semantics, rows):
    tensors = {"w": torch.zeros(shape)}
    point = {"nuslerp_flatten": False, "nuslerp_row_wise": rows, "semantics": semantics}
    made = merging.merge(tensors, [tensors, tensors], "nuslerp", **point)
    assert made["w"].shape == shape


def test_a_model_without_tensors_is_none(tmp_path):
    folder = tiny_models.save(tiny_models.model(0), tmp_path / "empty")
    (folder / "model.safetensors").write_bytes((2).to_bytes(8, "little") + b"{}")
    with pytest.raises(ValueError, match="its files hold no tensors"):
        TensorFiles(folder)


POINTS = {"linear": {}, "ties": {"density": 0.5}, "tsv": {}, "della": {"density": 0.5}}


@pytest.mark.parametrize("method", POINTS)
@pytest.mark.parametrize("dtype", [None, "bfloat16", "float16", "float32"])
@pytest.mark.parametrize("own", [torch.float32, torch.bfloat16])
def test_bounds_that_all_have_infinite_stay_and_others_are_refused(tmp_path, method, dtype, own):
    """As the clipped maps of Gemma 4 have them where nothing is clipped."""
    bounds = {"model.tower.input_min": -torch.inf, "model.tower.input_max": torch.inf}
    models = []
    for number in range(4):
        tensors = made_up_models.tensors(number)
        more = {name: torch.tensor(bound, dtype=own) for name, bound in bounds.items()}
        more["model.tower.input_max"] *= 1 if number < 3 else 0  # NaN
        models.append(made_up_models.save(tmp_path / str(number), {**tensors, **more}))
    base, first, second, other = models
    point = POINTS[method] | ({"dtype": dtype} if dtype else {})
    recipe = recipes.make_recipe(base, {"a": first, "b": second}, method, point)
    made = load_file(merging.merge_files(recipe, tmp_path / "out") / "model.safetensors")
    assert {name: float(made[name]) for name in bounds} == bounds
    assert {made[name].dtype for name in bounds} == {getattr(torch, dtype) if dtype else own}
    assert tiny_models.same(made, merging.merge(base, {"a": first, "b": second}, method, **point))
    with pytest.raises(ValueError, match="input_max has 1 of 1 values that are NaN or infinite"):
        merging.merge(base, {"a": first, "b": other}, method, **point)
