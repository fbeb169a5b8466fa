"""What five equal experts give at weight 1 (docs/merging-adapters.md): peft's functions, ours."""

import pytest
import torch
from peft.utils import merge_utils as peft

from babelmerge import merging

N = 5
CHANGE = torch.tensor([[0.5, -2.0, 1.0], [4.0, -0.25, 3.0]])
MEAN, SUM = 1.0, float(N)


def ours(method, **parameters):
    """How many times its change five equal experts give."""
    base = {"w": torch.ones_like(CHANGE)}
    experts = [{"w": base["w"] + CHANGE} for _ in range(N)]
    merged = merging.merge(base, experts, method, **parameters)["w"] - base["w"]
    (times,) = {round(value, 5) for value in (merged / CHANGE).reshape(-1).tolist()}
    return times


@pytest.mark.parametrize(
    ("method", "parameters", "times"),
    [
        ("ties", {"density": 1.0}, MEAN),
        ("ties", {"density": 1.0, "normalize": False}, SUM),
        ("ties", {"density": 1.0, "semantics": "mergekit"}, MEAN),
        ("dare_ties", {"density": 1.0}, MEAN),
        ("dare_ties", {"density": 1.0, "normalize": False}, SUM),
        ("dare_ties", {"density": 1.0, "semantics": "mergekit"}, SUM),
        ("task_arithmetic", {}, SUM),
        ("task_arithmetic", {"normalize": True}, MEAN),
        ("linear", {}, MEAN),
    ],
)
def test_ours(method, parameters, times):
    assert ours(method, **parameters) == pytest.approx(times)


@pytest.mark.parametrize("merge", [peft.ties, peft.dare_ties])
@pytest.mark.parametrize("weight", [1.0, 0.2])
def test_peft_averages_what_is_selected_and_a_weight_scales_it(merge, weight):
    merged = merge([CHANGE] * N, torch.full((N,), weight), 1.0)
    torch.testing.assert_close(merged, weight * CHANGE)


def test_peft_adds_where_no_sign_is_elected():
    merged = peft.task_arithmetic([CHANGE] * N, torch.ones(N))
    torch.testing.assert_close(merged, N * CHANGE)


def test_a_weight_scales_here_and_cancels_in_mergekit():
    assert ours("ties", density=1.0, weight=0.2) == pytest.approx(0.2)
    assert ours("ties", density=1.0, weight=0.2, semantics="mergekit") == pytest.approx(1.0)


def test_ties_and_dare_ties_are_one_at_density_1_where_both_average():
    experts = [torch.randn(3, 4, generator=torch.Generator().manual_seed(i)) for i in range(N)]
    weights = torch.ones(N)
    torch.testing.assert_close(
        peft.ties(experts, weights, 1.0), peft.dare_ties(experts, weights, 1.0)
    )
