"""Consensus merging against closed forms, laws and the authors' formula."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.methods import consensus as consensus_module
from babelmerge.merging.methods import elementwise
from babelmerge.merging.methods.consensus import consensus, consensus_mask, tall_mask

torch.set_num_threads(1)
SHAPES = [(), (1,), (9,), (0, 3), (7, 11), (2, 3, 4)]


def draw(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_tall_masks_by_hand():
    #                     shared  selfish  opposed  lost   nobody's
    first = torch.tensor([1.0, 4.0, 2.0, 0.1, 0.0])
    second = torch.tensor([2.0, 0.0, -2.0, 3.0, 0.0])
    third = torch.tensor([1.0, 0.0, 0.0, -3.0, 0.0])
    deltas = [first, second, third]
    multitask = first + second + third  # 4, 4, 0, .1, 0
    assert tall_mask(first, multitask, 0.5).tolist() == [False, True, True, True, True]
    assert tall_mask(first, multitask, 0.25).tolist() == [True, True, True, True, True]
    assert tall_mask(second, multitask, 0.5).tolist() == [True, False, True, True, True]
    assert tall_mask(third, multitask, 0.5).tolist() == [False, False, True, True, True]
    assert consensus_mask(deltas, multitask, 1, 0.5).tolist() == [True] * 5
    assert consensus(deltas, multitask, 2, 0.5).tolist() == [0, 0, 0, multitask[3], 0]
    assert consensus(deltas, multitask, 2, 0.25).tolist() == [4, 0, 0, multitask[3], 0]
    # One threshold per expert.
    assert consensus(deltas, multitask, 2, [0.25, 0.5, 0.5])[0] == 4


def test_catastrophic_weights_are_those_that_no_mask_has():
    deltas = [torch.tensor([1.0, 1.0])] * 6
    multitask = torch.tensor([6.0, 1.0])  # six times what each wants, and what each wants
    assert consensus(deltas, multitask, 1, 0.4).tolist() == [0, 1]
    assert consensus(deltas, multitask, 0, 0.4).tolist() == [6, 1]


@pytest.mark.parametrize("shape", SHAPES)
def test_laws(shape):
    deltas = [draw(shape, seed) for seed in range(4)]
    multitask = elementwise.task_arithmetic(deltas, [1.0] * 4)
    assert torch.equal(consensus(deltas, multitask, 0), multitask)
    assert not consensus(deltas, multitask, 5).any()
    kept = [consensus_mask(deltas, multitask, agreement) for agreement in range(6)]
    for more, less in itertools.pairwise(kept):
        assert not (less & ~more).any()
    reference = consensus(deltas, multitask)
    for order in itertools.permutations(deltas):
        assert torch.equal(consensus(order, multitask), reference)
    four = consensus([4 * delta for delta in deltas], 4 * multitask)
    assert torch.equal(four, 4 * reference)
    zeros = torch.zeros(shape)
    assert torch.equal(consensus([zeros, zeros], zeros), zeros)
    # A lone expert's merge is itself, used by all there are.
    assert torch.equal(consensus(deltas[:1], deltas[0], 1), deltas[0])


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.floats(0.125, 2),
    st.integers(0, 4),
    st.sampled_from([torch.float32, torch.bfloat16]),
    st.booleans(),
    st.integers(0, 99),
)
def test_the_authors_formula(shape, threshold, agreement, dtype, elected, seed):
    """Distances between whole models: |base - expert| against |merge - expert|, on a zero base."""
    experts = [draw(shape, seed + n).to(dtype).float() for n in range(3)]
    multitask = sum(experts)
    if elected:
        multitask = elementwise.ties(experts, [1.0] * 3, normalize=False)
    base = torch.zeros(shape)
    used = sum(
        ((base - e).abs() > (base + multitask - e).abs() * threshold).float() for e in experts
    )
    ours = consensus_mask(experts, multitask, agreement, threshold)
    # Theirs leaves out what is exactly equal on both sides.
    equal = torch.zeros(shape, dtype=torch.bool)
    for expert in experts:
        equal |= expert.abs() == (multitask - expert).abs() * threshold
    assert torch.equal(ours[~equal], (used >= agreement)[~equal])


def test_errors_say_what_is_expected():
    delta = torch.ones(2)
    for agreement in (-1, 1.5, True, "2"):
        with pytest.raises(ValueError, match="agreement is .* as 2 of 3"):
            consensus([delta] * 3, delta, agreement)
    with pytest.raises(ValueError, match="2 thresholds for 3 experts"):
        consensus([delta] * 3, delta, 2, [0.4, 0.4])
    for threshold in (-0.1, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="threshold is .* a number from 0"):
            consensus([delta] * 3, delta, 2, threshold)
    assert consensus_module.THRESHOLD == 0.4
