"""The compiled kernels give the bits of the methods in torch, for any dtype, shape and threads."""

import re

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from places import SCRIPTS

from babelmerge import merging
from babelmerge.merging import engine
from babelmerge.merging.kernels import loops
from babelmerge.merging.methods import randomness
from babelmerge.merging.streaming import former, passes, ranks, windows
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.streaming.merger import Merger
from babelmerge.merging.streaming.opening import flat, opened
from babelmerge.models import checkpoints
from babelmerge.recipes import points

torch.set_num_threads(1)
DTYPES = (torch.float32, torch.bfloat16, torch.float16)
POINTS = [
    ("linear", {}),
    ("linear", {"weight": [0.2, 0.5, 0.9]}),
    ("task_arithmetic", {"weight": 0.3}),
    ("task_arithmetic", {"weight": [0.3, -0.2, 1.0], "normalize": True}),
    ("task_arithmetic", {"weight": [0.3, 0.2, 1], "normalize": True, "semantics": "mergekit"}),
    ("ties", {"density": 0.4, "weight": 0.3}),
    ("ties", {"density": [0.2, 1, 0.7], "weight": [0.3, -0.2, 1], "normalize": False}),
    ("ties", {"density": 0.4, "scope": "tensor"}),
    ("ties", {"density": 0, "weight": 0.3}),
    ("ties", {"density": 0.4, "semantics": "mergekit"}),
    ("ties", {"density": [0.2, 1, 0.7], "weight": [0.3, -0.2, 1], "semantics": "mergekit"}),
    ("dare", {"density": 0.3, "weight": 0.5}),
    ("dare", {"density": [0.3, 1, 0], "rescale": False}),
    ("dare", {"density": 0.3, "weight": 0.5, "semantics": "mergekit"}),
    ("ties", {"density": 0.4, "weight": 0.3, "semantics": "mergebench"}),
    ("dare_ties", {"density": 0.4, "weight": [0.3, -0.2, 1]}),
    ("dare_ties", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    ("dare_ties", {"density": 0.6, "trim": [0.2, 0.9, 1], "semantics": "fusebench"}),
    ("dare_ties", {"density": 0.6, "semantics": "fusebench", "scope": "tensor"}),
    ("layer_swap", {"from": "e1", "top": 1, "then": "ties", "density": 0.4}),
    ("task_arithmetic", {"weight": [{"filter": "w1", "value": 0.9}, {"value": 0.1}]}),
    ("breadcrumbs", {"density": 0.4, "gamma": 0.1, "weight": 0.3}),
    ("breadcrumbs", {"density": [0.2, 1, 0.7], "gamma": [0.1, 0.3, 0], "rescale": True}),
    ("breadcrumbs", {"density": [0.4, 1, 0.9], "gamma": 0.3, "semantics": "mergekit"}),
    ("breadcrumbs_ties", {"density": 0.4, "gamma": 0.1, "rescale": True, "weight": 0.3}),
    ("breadcrumbs_ties", {"density": [0.4, 1, 0], "gamma": 0.2, "semantics": "mergekit"}),
    ("della", {"density": 0.4, "epsilon": 0.1, "weight": 0.3}),
    ("della", {"density": [0.4, 1, 0], "epsilon": [0.3, 0, 0.1], "rescale": False}),
    ("della", {"density": 0.4, "epsilon": 0.1, "weight": 0.3, "semantics": "mergekit"}),
    ("della", {"density": [0.4, 1, 0], "weight": [0.3, -0.2, 1], "semantics": "mergekit"}),
    ("della_linear", {"density": 0.5, "epsilon": 0.3, "lambda": 0.7, "normalize": True}),
    ("della_linear", {"density": [0.9, 0.2, 1], "epsilon": 0.05, "semantics": "mergekit"}),
    ("layer_swap", {"from": "e1", "top": 1, "then": "della", "density": 0.4}),
    ("sce", {"select_topk": 0.3}),
    ("sce", {"select_topk": 0.3, "semantics": "mergekit"}),
    ("sce", {"select_topk": 1, "lambda": 0.7}),
]


def family(shapes, dtypes, seed, coarse):
    """Base and experts, one a dtype; coarse: on a grid, so that magnitudes and votes tie."""
    generator = torch.Generator().manual_seed(seed)

    def draw(shape, size):
        values = size * torch.randn(shape, generator=generator)
        return torch.round(values * 8) / 8 if coarse else values

    base = {f"layers.{n}.w{n}": draw(shape, 1.0) for n, shape in enumerate(shapes)}
    experts = [{n: t + draw(t.shape, 0.5) for n, t in base.items()} for _ in dtypes[1:]]
    models = [base, *experts]
    for model, dtype in zip(models, dtypes, strict=True):
        model.update({name: tensor.to(dtype) for name, tensor in model.items()})
    models[0]["steps"] = torch.arange(3)
    for expert in models[1:]:
        expert["steps"] = torch.arange(3) + 1
    return models[0], {f"e{n}": expert for n, expert in enumerate(models[1:])}


def for_experts(point, number):
    """The point with its values for three experts repeated for as many as there are."""
    return {
        name: (value * number)[:number]
        if isinstance(value, list) and not isinstance(value[0], dict)
        else value
        for name, value in point.items()
    }


def by_kernels(base, experts, method, point, threads=1):
    members = Members(base, experts, opened)
    running = former.Former(
        passes.Passes(members, threads), points.settings(method, members.ids, point)
    )
    out = {n: torch.empty_like(t) for n, t in base.items()}
    running.fill({name: flat(tensor) for name, tensor in out.items()})
    return out


def by_torch(base, experts, method, point):
    members = Members(base, experts, opened)
    merger = Merger(members, points.settings(method, members.ids, point))
    merger.prepare()
    return {name: merger.read(name) for name in members.names}


def same(left, right):
    return all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(("method", "point"), POINTS)
@settings(max_examples=12, deadline=None)
@given(
    shapes=st.lists(st.lists(st.integers(0, 9), max_size=3).map(tuple), min_size=1, max_size=3),
    dtypes=st.lists(st.sampled_from(DTYPES), min_size=3, max_size=6),
    seed=st.integers(0, 10**6),
    coarse=st.booleans(),
)
def test_kernels_give_the_bits_of_torch(method, point, shapes, dtypes, seed, coarse):
    base, experts = family(shapes, dtypes, seed, coarse)
    point = for_experts(point, len(experts))
    assert same(by_kernels(base, experts, method, point), by_torch(base, experts, method, point))


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_many_blocks_and_threads_give_the_same_bits(monkeypatch, method, point):
    monkeypatch.setattr(passes, "CHUNK", 2 * loops.BLOCK)
    shapes = [(5, 4001), (loops.BLOCK,), (3,)]
    for number, threads in ((2, 1), (3, 1), (3, 3), (4, 3), (5, 1)):
        base, experts = family(shapes, [torch.bfloat16] * (number + 1), number, coarse=True)
        given = base, experts, method, for_experts(point, number)
        assert same(by_kernels(*given, threads), by_torch(*given))


@pytest.mark.parametrize(
    ("method", "point"), [entry for entry in POINTS if entry[0] in ("della", "della_linear")]
)
def test_rows_are_ranked_whole_wherever_chunks_and_blocks_end(monkeypatch, method, point):
    """Rows of odd length, longer than a block or a chunk, side by side, and shorter than a draw."""
    monkeypatch.setattr(passes, "CHUNK", loops.BLOCK)
    shapes = [(3, loops.BLOCK + 1), (7, 897), (2, 61, 45), (9001,), (40, 1), (5, 2, 3), (2, 3)]
    base, experts = family(shapes, [torch.bfloat16, *DTYPES], 5, coarse=False)
    reference = by_torch(base, experts, method, point)
    for threads in (1, 3):
        assert same(by_kernels(base, experts, method, point, threads), reference)


@pytest.mark.parametrize("room", [windows.ROOM, 1])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32])
@pytest.mark.parametrize(
    ("method", "point"), [entry for entry in POINTS if entry[0] in ("ties", "dare_ties", "sce")]
)
def test_ranks_are_exact_by_windows_and_by_counting_all(monkeypatch, method, point, dtype, room):
    monkeypatch.setattr(ranks, "SMALL", 0)
    monkeypatch.setattr(windows, "ROOM", room)  # without room everything is counted
    monkeypatch.setattr(passes, "CHUNK", 4 * loops.BLOCK)
    base, experts = family([(30, 1001), (100, 300), (5,)], [dtype] * 4, 7, coarse=False)
    for expert in experts.values():  # as after training in bfloat16: many exact zeros
        expert["layers.1.w1"][:70] = base["layers.1.w1"][:70]
    kernel = by_kernels(base, experts, method, point, threads=2)
    assert same(kernel, by_torch(base, experts, method, point))


@pytest.mark.parametrize("density", [0.02, 0.4, 0.9])
def test_a_sample_tells_the_window_where_rows_differ_in_scale(monkeypatch, density):
    """Snippets of neighbours are then alike, and tell less than as many independent elements."""

    def counted(*_):
        raise AssertionError("the window missed")

    monkeypatch.setattr(ranks, "count_uppers", counted)
    generator = torch.Generator().manual_seed(1)
    base = {"w": torch.zeros(700, 300)}
    scales = torch.randn(2, 700, 1, generator=generator).mul(3).exp()
    deltas = torch.randn(2, 700, 300, generator=generator) * scales
    experts = {f"e{n}": {"w": delta.to(torch.bfloat16)} for n, delta in enumerate(deltas)}
    point = {"density": density, "scope": "tensor"}
    found = by_kernels(base, experts, "ties", point)
    assert same(found, by_torch(base, experts, "ties", point))


def test_all_zero_task_vectors_leave_the_base():
    base, _ = family([(40, 7)], [torch.bfloat16] * 4, 1, coarse=False)
    for method, point in POINTS:
        copies = {f"e{n}": dict(base) for n in range(3)}
        if method != "linear":
            assert same(by_kernels(base, copies, method, point), base)


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_number_of_a_dtype_is_read_and_written_as_torch_does(dtype):
    bits = torch.arange(-(2**15), 2**15, dtype=torch.int32).to(torch.int16)
    values = bits.view(dtype) if dtype != torch.float32 else bits.float() * 1e-41
    values = values[torch.isfinite(values)]
    for out_dtype in DTYPES:
        expected = values.float().to(out_dtype)
        if not bool(torch.isfinite(expected).all()):
            continue  # refused, see below
        merged = engine.merge(
            {"w": values}, [{"w": values}], "linear", dtype=str(out_dtype).partition(".")[2]
        )
        assert torch.equal(merged["w"], expected)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_rounding_goes_to_the_nearest_even(dtype):
    values = torch.linspace(-3, 3, 20_001)
    merged = engine.merge({"w": values}, [{"w": values}], "linear", dtype=dtype)
    assert torch.equal(merged["w"], values.to(getattr(torch, dtype)))


@pytest.mark.parametrize("method", ["linear", "ties", "dare", "sce", "della"])
@pytest.mark.parametrize("place", [0, 1, 3])
@pytest.mark.parametrize("value", [float("nan"), float("-inf")])
def test_bad_values_name_the_member_even_where_they_would_be_trimmed(method, place, value):
    base, experts = family([(50, 9)], [torch.bfloat16] * 4, 2, coarse=False)
    models = [base, *experts.values()]
    models[place]["layers.0.w0"][3, 4] = value
    if method == "linear" and place == 0:
        return  # the base takes no part
    point = {"density": 0.3} if method in ("ties", "dare", "della") else {}
    label = "base" if place == 0 else f"expert e{place - 1}"
    with pytest.raises(ValueError, match=f"{label}: layers.0.w0 has 1 of 450 values"):
        engine.merge(base, experts, method, **point)


def test_a_result_that_overflows_is_refused():
    large = {"w": torch.full((10,), 3e38)}
    with pytest.raises(ValueError, match="the merge: w has"):
        engine.merge({"w": torch.zeros(10)}, [large, large], "task_arithmetic")
    with pytest.raises(ValueError, match="F16: w has 10 of 10"):
        engine.merge(large, [large], "linear", dtype="float16")


def test_masks_of_the_kernels_are_those_of_randomness():
    ones = {"w": torch.ones(3 * loops.BLOCK + 5)}
    zeros = {"w": torch.zeros(3 * loops.BLOCK + 5)}
    merged = engine.merge(zeros, {"x": ones}, "dare", density=0.25, rescale=False, seed=9)
    mask = randomness.kept(randomness.key_for(9, "x", "w"), tuple(ones["w"].shape), 0.25)
    assert torch.equal(merged["w"], mask.float())
    draws = randomness.uniforms(randomness.key_for(9, "x", "w"), (100_000,))
    assert 0 <= draws.min() and draws.max() < 1
    assert abs(float(draws.mean()) - 0.5) < 4 * (1 / 12 / 100_000) ** 0.5


def test_a_float64_model_keeps_its_dtype():
    model = {"w": torch.linspace(0, 1, 11, dtype=torch.float64)}
    merged = engine.merge(model, [model, model], "linear")
    assert merged["w"].dtype == torch.float64
    assert torch.equal(
        merged["w"],
        checkpoints.as_tensor(checkpoints.as_bytes(model["w"]), "F64", (11,)).float().double(),
    )


def test_every_compiled_file_is_in_the_caches_name():
    from babelmerge.merging.kernels import compiled

    written = {
        path
        for path in (SCRIPTS / "babelmerge").rglob("*.py")
        if re.search("^@(compiled|inner)$", path.read_text(), re.MULTILINE)
    }
    assert written < set(compiled.SOURCES)
    assert str(compiled.FOLDER) in loops.form_elements._cache.cache_path


@pytest.mark.parametrize("scope", ["model", "tensor"])
def test_undecided_votes_are_negative_where_the_signs_balance(scope):
    """As in the authors' code of TIES: without a majority it keeps what is below 0."""
    base = {"w": torch.zeros(4)}
    experts = {"a": {"w": torch.tensor([1.0, -2.0, 3.0, -4.0])}}
    experts["b"] = {"w": -experts["a"]["w"]}
    point = {"density": 1, "scope": scope}
    expected = {"w": torch.tensor([-1.0, -2.0, -3.0, -4.0])}
    assert same(expected, by_kernels(base, experts, "ties", point))
    assert same(expected, by_torch(base, experts, "ties", point))


@pytest.mark.parametrize("weights", [[1.0, 1.0], [0.3, -0.7], [1e-30, 3e38]])
def test_two_bfloat16_experts_are_added_as_any_number_is(weights):
    """The walk of its own for bilingual merges, against float32 and what is not finite by name."""
    generator = torch.Generator().manual_seed(4)
    base = {"w": torch.zeros(5001, dtype=torch.bfloat16)}
    experts = {
        name: {"w": torch.randn(5001, generator=generator).mul(3).to(torch.bfloat16)}
        for name in "ab"
    }
    point = {"weight": weights, "normalize": False, "semantics": "mergekit"}
    wide = {
        name: {"w": tensors["w"].float()} for name, tensors in experts.items()
    }  # goes the general way
    if max(weights) > 1e38:
        with pytest.raises(ValueError, match="w.*not finite|not finite.*w|NaN or infinit"):
            merging.merge(base, experts, "linear", **point)
        return
    found = merging.merge(base, experts, "linear", **point)["w"]
    expected = merging.merge({"w": base["w"].float()}, wide, "linear", **point)["w"]
    assert torch.equal(found, expected.to(torch.bfloat16))
