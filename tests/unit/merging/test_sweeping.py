"""Sweeps: a live model gets the merge of every point, and points that are one model are found."""

import pytest
import tiny_models
import torch
from families import MIXTURES
from families import family as family_of
from tiny_models import load, on_disk, same
from transformers import AutoModelForCausalLM

from babelmerge import merging

torch.set_num_threads(1)


@pytest.mark.parametrize("kind", MIXTURES)
def test_a_mixture_of_experts_is_swept_as_its_merged_folder_is_loaded(kind, tmp_path):
    """Experts lie apart in files, and packed in one tensor in memory."""
    start = family_of(kind)
    folders = {name: tmp_path / name for name in ("base", "a", "b")}
    for seed, folder in enumerate(folders.values()):
        with torch.no_grad():
            for parameter in start.parameters():
                noise = torch.Generator().manual_seed(seed)
                parameter += 0.02 * seed * torch.randn(parameter.shape, generator=noise)
        tiny_models.save(start, folder, start.config.vocab_size)
    base = folders.pop("base")
    model = AutoModelForCausalLM.from_pretrained(base)
    assert any(name not in model.state_dict() for name in load(base))
    grid = [{"density": 0.5, "weight": weight} for weight in (0.4, 1.0)]
    for number, (point, tensors) in enumerate(merging.Sweep(base, folders, "ties").points(grid)):
        merging.load_into(model, tensors)
        on_disk((base, folders), "ties", point, tmp_path / str(number))
        loaded = AutoModelForCausalLM.from_pretrained(tmp_path / str(number))
        assert same(loaded.state_dict(), model.state_dict())
    merging.load_into(model, load(base))
    assert same(model.state_dict(), AutoModelForCausalLM.from_pretrained(base).state_dict())
    broken = {name: t for name, t in load(base).items() if not name.endswith("norm.weight")}
    with pytest.raises(ValueError, match="the merge: .*lacks .* tensors"):
        merging.load_into(model, broken)


ANY_ORDER = {
    "ties": [{"density": d, "weight": w} for d in (0.2, 0.5) for w in (0.5, 1.0)],
    "dare": [{"density": 0.5, "seed": s, "weight": w} for s in (1, 2) for w in (0.5, 1.0)],
    "linear": [{"weight": w} for w in (1, [1, 2, 3], 1)],
}


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("method", ANY_ORDER)
def test_points_that_are_kept_may_be_filled_in_any_order(family, method, seed):
    """Whole, or a tensor of one and then of another."""
    base, experts = family
    start, members = load(base), {id_: load(path) for id_, path in experts.items()}
    points = list(merging.Sweep(base, experts, method).points(ANY_ORDER[method]))
    wanted = [merging.merge(start, members, method, **point) for point, _ in points]
    order = [(number, name) for number in range(len(points)) for name in start]
    chance = torch.Generator().manual_seed(seed)
    shuffled = [order[i] for i in torch.randperm(len(order), generator=chance)]
    whole = torch.randperm(len(points), generator=chance).tolist()
    for number, name in shuffled:
        assert torch.equal(points[number][1][name], wanted[number][name]), (number, name)
    for number in (*whole, *whole[::-1], *reversed(range(len(points)))):
        assert same(dict(points[number][1]), wanted[number])


def test_load_into_refuses_before_it_copies(family):
    base, _ = family
    model = AutoModelForCausalLM.from_pretrained(base)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tensors = {name: tensor + 1 for name, tensor in load(base).items()}
    missing = {name: tensor for name, tensor in tensors.items() if "norm" not in name}
    wrong = {**tensors, "model.norm.weight": torch.zeros(31)}
    for broken, message in (
        (missing, "has no tensor"),
        ({**tensors, "x": torch.zeros(1)}, r"beyond these, 1 tensor \(x\)"),
        (wrong, "31"),
    ):
        with pytest.raises(ValueError, match=message):
            merging.load_into(model, broken)
        assert same(model.state_dict(), before)


GRIDS = [
    # Normalised with equal weights, the weight cancels: three densities, three models.
    (
        "ties",
        {"semantics": "mergekit"},
        [{"density": d, "weight": w} for d in (0.2, 0.4, 0.9) for w in (0.1, 0.5, 2.5)],
        {1: 0, 2: 0, 4: 3, 5: 3, 7: 6, 8: 6},
    ),
    ("ties", {}, [{"density": d, "weight": w} for d in (0.2, 0.4) for w in (0.1, 0.5)], {}),
    (
        "ties",
        {"semantics": "mergekit", "normalize": False},
        [{"density": 0.5, "weight": w} for w in (0.1, 0.5)],
        {},
    ),
    (
        "task_arithmetic",
        {},
        [{"weight": 0.5}, {"weight": 1, "lambda": 0.5}, {"weight": 0}, {"weight": 1, "lambda": 0}],
        {1: 0, 3: 2},
    ),
    ("linear", {}, [{"weight": 1}, {"weight": 3}, {"weight": [1, 2, 3]}], {1: 0}),
    (
        "dare",
        {"weight": 0.5},
        [{"density": d, "seed": s} for d in (0.5, 1) for s in (1, 2)],
        {3: 2},
    ),
    ("sce", {}, [{"select_topk": k} for k in (0.1, 0.5, 1.0, 1)], {3: 2}),
]


@pytest.mark.parametrize(("method", "common", "grid", "expected"), GRIDS)
def test_aliases_are_the_points_that_measure_the_same(family, method, common, grid, expected):
    base, experts = family
    grid = [{**common, **point} for point in grid]
    assert merging.aliases(grid, method, len(experts)) == expected
    start = load(base)
    models = [dict(tensors) for _, tensors in merging.Sweep(base, experts, method).points(grid)]
    moves = [torch.cat([(m[n] - start[n]).reshape(-1) for n in start]) for m in models]
    for index, move in enumerate(moves):
        for other in range(index):
            alike = torch.allclose(move, moves[other], rtol=1e-4, atol=1e-6)
            assert alike is (expected.get(index, index) == expected.get(other, other))
        if index in expected:
            assert move.norm().item() == pytest.approx(moves[expected[index]].norm().item(), 1e-5)


def test_what_a_notebook_gives_by_mistake_is_told(family):
    """A grid as in a study's file, and a live model where its state dict is meant."""
    base, experts = family[0], family[1]
    with pytest.raises(ValueError, match=r"a grid is a list of points.*found \{'density'"):
        next(merging.Sweep(base, experts, "ties").points({"density": [0.2, 0.4]}))
    for given in ((torch.nn.Linear(2, 2), experts), (base, {"hi": torch.nn.Linear(2, 2)})):
        for form in (merging.merge, merging.Sweep):
            with pytest.raises(ValueError, match=r"found a Linear, .* give model\.state_dict\(\)"):
                form(*given, "linear")


def test_unknown_names_come_with_the_nearest(family):
    base, experts = family
    with pytest.raises(ValueError, match="'densty'; did you mean density"):
        list(merging.Sweep(base, experts, "ties").points([{"densty": 0.5}]))
    with pytest.raises(ValueError, match="did you mean task_arithmetic"):
        merging.merge(load(base), [load(base)], "task_aritmetic")
    for point, message in (
        ({}, "density is missing"),
        ({"density": 1.5}, "density is 1.5; expected a number from 0 to 1"),
        ({"density": 0.5, "weight": [1]}, "1 values for 3 experts"),
        ({"density": 0.5, "normalize": 1}, "expected true or false"),
        ({"density": 0.5, "semantics": "fusebench"}, "original, mergebench or mergekit"),
        ({"density": 0.5, "semantics": "mergekit", "scope": "model"}, "trims per tensor"),
    ):
        with pytest.raises(ValueError, match=message):
            list(merging.Sweep(base, experts, "ties").points([point]))


def test_a_live_model_of_another_dtype_gets_the_rounded_merge(low_family, tmp_path):
    base, experts = low_family
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    point = {"weight": 0.3}
    for _, tensors in merging.Sweep(base, experts, "task_arithmetic").points([point, point]):
        merging.load_into(model, tensors)
    written = on_disk((base, experts), "task_arithmetic", point, tmp_path / "out")
    assert written["model.norm.weight"].dtype == torch.bfloat16
    state = model.state_dict()
    assert all(torch.equal(state[name], written[name].float()) for name in written)
