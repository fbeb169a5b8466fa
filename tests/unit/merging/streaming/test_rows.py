"""A large tensor is merged some rows at a time where its rows stand apart, with the same bits."""

import pytest
import torch

from babelmerge.merging.streaming import inputs, merger
from babelmerge.merging.streaming.members import Members
from babelmerge.merging.streaming.opening import opened
from babelmerge.recipes import points

torch.set_num_threads(1)
EMBEDDINGS, MATRIX, CUBE = "model.embed_tokens.weight", "layers.0.w", "layers.1.c"
SHAPES = {EMBEDDINGS: (200, 7), MATRIX: (30, 23), CUBE: (20, 3, 4), "norm": (90,)}
EVERYWHERE = set(SHAPES)
ROWS = EVERYWHERE - {"norm"}
# Method, point, and the tensors that may be made by rows.
POINTS = [
    ("linear", {"weight": [0.2, 0.5, 0.9]}, EVERYWHERE),
    ("task_arithmetic", {"weight": 0.3, "lambda": 0.7}, EVERYWHERE),
    ("nan", {}, EVERYWHERE),
    ("ties", {"density": 0.4}, EVERYWHERE),
    ("ties", {"density": 0.4, "scope": "tensor"}, set()),
    ("dare", {"density": 0.4}, set()),
    ("karcher", {}, EVERYWHERE),
    ("multislerp", {"weight": [0.2, 0.5, 0.9], "origin": "base"}, EVERYWHERE),
    ("magmax", {}, EVERYWHERE),
    ("ram", {"least": 0.2}, EVERYWHERE),
    ("ramplus_tl", {"least": 0.2, "gain": 0.5, "cap": 4.0}, EVERYWHERE),
    ("localize_and_stitch", {"density": 0.2}, EVERYWHERE),
    ("localize_and_stitch", {"density": 0.2, "scope": "tensor"}, set()),
    ("model_stock", {}, EVERYWHERE),
    ("model_stock", {"semantics": "mergekit"}, EVERYWHERE),
    ("model_stock", {"semantics": "mergekit", "filter_wise": True}, ROWS),
    ("della", {"density": 0.5, "epsilon": 0.2}, ROWS),
    ("della", {"density": 0.5, "epsilon": 0.2, "semantics": "mergekit"}, set()),
    ("della_linear", {"density": 0.5, "epsilon": 0.2}, ROWS),
    ("breadcrumbs", {"density": 0.5}, set()),
    ("fisher", {}, EVERYWHERE),
    ("regmean", {}, EVERYWHERE - {MATRIX}),
    ("tsv", {}, EVERYWHERE - {MATRIX}),
    ("iso_c", {}, EVERYWHERE - {MATRIX}),
    ("iso_cts", {}, EVERYWHERE - {MATRIX}),
    ("swudi", {}, EVERYWHERE - {MATRIX}),
    ("swudi_a", {}, EVERYWHERE - {MATRIX}),
    ("svc", {"then": "ties", "density": 0.4}, EVERYWHERE - {MATRIX}),
    ("subspace_boosting", {"then": "task_arithmetic"}, EVERYWHERE - {MATRIX}),
    ("consensus", {"then": "ties", "density": 0.4}, EVERYWHERE),
]


def draw(seed, shape):
    """On a grid, so that votes and magnitudes tie."""
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    return (torch.round(values * 8) / 8).to(torch.bfloat16)


BASE = {name: draw(0, shape) for name, shape in SHAPES.items()}
EXPERTS = {
    f"e{n}": {name: BASE[name] + draw(n, shape) for name, shape in SHAPES.items()}
    for n in (1, 2, 3)
}


def statistics(method):
    if method == "fisher":
        return {id_: {n: t.float().square() for n, t in e.items()} for id_, e in EXPERTS.items()}
    inputs = {id_: expert[MATRIX].float() for id_, expert in EXPERTS.items()}
    return {id_: {MATRIX: x.T @ x} for id_, x in inputs.items()}


def merged(experts, method, point):
    members = Members(BASE, experts, opened)
    settings = points.settings(method, members.ids, point)
    running = merger.Merger(members, settings, statistics=statistics(method))
    running.prepare()
    return {name: running.read(name) for name in members.names}


@pytest.mark.parametrize(("method", "point", "expected"), POINTS)
def test_rows_give_the_bits_of_the_whole(monkeypatch, method, point, expected):
    whole = merged(EXPERTS, method, point)
    seen, windows = [], inputs.Inputs.windows
    monkeypatch.setattr(inputs, "WINDOW", 40)
    monkeypatch.setattr(
        inputs.Inputs, "windows", lambda self, name: seen.append(name) or windows(self, name)
    )
    by_rows = merged(EXPERTS, method, point)
    assert set(seen) == expected
    assert all(torch.equal(by_rows[name], whole[name]) for name in SHAPES)


@pytest.mark.parametrize(
    ("method", "point"),
    [
        ("slerp", {"t": 0.3}),
        ("nuslerp", {"weight": [0.3, 0.7]}),
        ("nuslerp", {"nuslerp_flatten": False, "origin": "base"}),
        ("nuslerp", {"nuslerp_flatten": False, "nuslerp_row_wise": True}),
    ],
)
def test_slerp_takes_its_angle_from_the_whole(monkeypatch, method, point):
    two = {id_: EXPERTS[id_] for id_ in ("e1", "e2")}
    whole = merged(two, method, point)
    monkeypatch.setattr(inputs, "WINDOW", 40)
    by_rows = merged(two, method, point)
    assert all(torch.equal(by_rows[name], whole[name]) for name in SHAPES)


def test_the_error_for_bad_values_counts_the_whole_tensor(monkeypatch):
    monkeypatch.setattr(inputs, "WINDOW", 40)
    spoiled = {**EXPERTS["e2"], EMBEDDINGS: EXPERTS["e2"][EMBEDDINGS].clone()}
    spoiled[EMBEDDINGS][[3, 150], 2] = torch.nan
    with pytest.raises(ValueError, match=r"expert e2: model.embed_tokens.weight has 2 of 1400"):
        merged({**EXPERTS, "e2": spoiled}, "fisher", {})
