"""Matching of units: the best assignment there is, found in any order and to the bit."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.alignment import matching

torch.set_num_threads(1)


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 9), st.integers(0, 2**31), st.integers(1, 4))
def test_assignments_are_the_best_and_prefer_to_stay(size, seed, values):
    generator = torch.Generator().manual_seed(seed)
    scores = torch.randint(0, values, (size, size), generator=generator).double()
    before = scores.clone()
    order = matching.assign(scores)
    assert torch.equal(scores, before)
    if size <= 6:
        every = list(itertools.permutations(range(size)))
        totals = [sum(before[i, j].item() for i, j in enumerate(one)) for one in every]
        stays = [sum(i == j for i, j in enumerate(one)) for one in every]
        best = max(zip(totals, stays, strict=True))
        found = order.tolist()
        assert (totals[every.index(tuple(found))], stays[every.index(tuple(found))]) == best
    flat = torch.full((size, size), float(values))
    assert torch.equal(matching.assign(flat.double()), torch.arange(size))
    assert torch.equal(matching.assign(torch.zeros(size, size).double()), torch.arange(size))


@pytest.mark.parametrize("noise", [0, 0.1, 1, 10])
def test_nearest_units_are_the_assignment_or_left_to_it(noise):
    """With rows of very different sizes, so that some can't be told apart at a glance."""
    generator = torch.Generator().manual_seed(1)
    sizes = torch.logspace(-2, 1, 600)[:, None]
    ours = [sizes * torch.randn(600, columns, generator=generator) for columns in (900, 700, 1)]
    shuffle = torch.randperm(600, generator=generator)
    theirs = [(m + noise * 0.01 * torch.randn(m.shape, generator=generator))[shuffle] for m in ours]
    pairs = list(zip(ours, theirs, strict=True))
    found = matching.nearest(lambda: pairs)
    assigned = matching.assign(matching.inner_products(pairs))
    assert (found is None) == (noise > 1)
    if found is not None:
        assert torch.equal(found, assigned)
        assert torch.equal(found, torch.argsort(shuffle))
    twice = [(torch.cat([o, o]), torch.cat([t, t])) for o, t in pairs]
    assert matching.nearest(lambda: twice) is None


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=12), st.randoms(use_true_random=False))
def test_same_rows_are_found_in_any_order(kinds, random):
    ours = [bytes([kind]) for kind in kinds]
    theirs = list(ours)
    random.shuffle(theirs)
    order = matching.same_rows(ours, theirs).tolist()
    assert sorted(order) == list(range(len(ours)))
    assert [theirs[n] for n in order] == ours
    assert all(order[n] == n for n in range(len(ours)) if ours[n] == theirs[n])
    assert matching.same_rows(ours, [*theirs[1:], b"other"]) is None


def test_scores_are_exact_inner_products_of_rounded_weights_for_any_threads():
    generator = torch.Generator().manual_seed(0)
    left, right = (torch.randn(700, 2500, generator=generator) for _ in range(2))
    left[0], left[1] = 0, 1e30 * left[1]
    found = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        found.append(matching.inner_products([(left, right), (right, left)]))
    torch.set_num_threads(1)
    assert torch.equal(*found)
    exact = left.double() @ right.double().T + right.double() @ left.double().T
    norms = left.double().norm(dim=1)[:, None] * right.double().norm(dim=1)
    assert bool(((found[0] - exact).abs() <= 1e-5 * (norms + norms.T)).all())
    # In another order of columns, with whole numbers: equal to the bit.
    whole = torch.randint(-2000, 2000, (5, 1024), generator=generator).double()
    shuffle = torch.randperm(1024, generator=generator)
    assert torch.equal(
        matching.inner_products([(whole, whole)]),
        matching.inner_products([(whole[:, shuffle], whole[:, shuffle])]),
    )
