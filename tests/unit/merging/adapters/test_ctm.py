"""Compress then Merge against the same alternation over dense updates, and laws."""

import pytest
import torch
from made_up_adapters import close as near

from babelmerge.merging.adapters import core_space, ctm
from babelmerge.models.factors import Factors, product

torch.set_num_threads(1)
OUTPUTS, INPUTS = 24, 17
QUERY = "model.layers.0.self_attn.q_proj.weight"


def member(seed, rank=3, scale=1.0):
    generator = torch.Generator().manual_seed(seed)
    b = torch.randn(OUTPUTS, rank, generator=generator)
    return Factors(b, torch.randn(rank, INPUTS, generator=generator), scale)


def some(count, rank=3):
    return [member(n, rank, scale=0.1 * 3**n) for n in range(count)]


def dense(one):
    return one.scale * one.b.double() @ one.a.double()


def weighed(members, beta):
    """The updates as long as they count, by the authors' line: between their mean norm and own."""
    norms = [float(dense(one).norm()) for one in members]
    mean = sum(norms) / len(norms)
    pairs = zip(members, norms, strict=True)
    return [dense(one) / norm * (norm * beta + mean * (1 - beta)) / mean for one, norm in pairs]


def kept(members, u, v, beta=0.0):
    """What is left of all updates, each as it counts."""
    return float(sum((u.T @ one @ v).square().sum() for one in weighed(members, beta)))


def tucker(members, rank, beta=0.0, rounds=500):
    """The two bases by alternating SVDs of the dense updates, side by side."""
    every = weighed(members, beta)
    v = torch.linalg.svd(torch.cat([one.T for one in every], 1))[0][:, :rank]
    for _ in range(rounds):
        u = torch.linalg.svd(torch.cat([one @ v for one in every], 1))[0][:, :rank]
        v = torch.linalg.svd(torch.cat([one.T @ u for one in every], 1))[0][:, :rank]
    return u, v


@pytest.mark.parametrize("count", range(2, 10, 2))
@pytest.mark.parametrize(("rank", "beta"), [(1, 0.0), (3, 0.0), (5, 0.0), (3, 0.25), (5, 1.0)])
def test_the_subspaces_are_those_of_the_dense_updates(count, rank, beta):
    members = some(count)
    found = ctm.cores(members, rank, beta)
    u, v = tucker(members, rank, beta)
    assert kept(members, found.left.double(), found.right.double(), beta) == pytest.approx(
        kept(members, u, v, beta), rel=1e-4
    )
    merged = product(core_space.expand(found, sum(found.cores))).double()
    assert torch.linalg.matrix_rank(merged, rtol=1e-5) == rank
    for basis, dense_basis in ((found.left, u), (found.right, v)):
        near(basis.T @ basis, torch.eye(rank), atol=1e-5)
        near(basis @ basis.T, (dense_basis @ dense_basis.T).float(), atol=2e-2)
    left, right = found.left.double(), found.right.double()
    for core, one in zip(found.cores, members, strict=True):
        near(core, (left.T @ dense(one) @ right).float(), atol=1e-4)


def test_the_largest_rank_of_the_adapters_is_that_of_the_result():
    members = [member(1, 2), member(2, 5), member(3, 1)]
    assert ctm.cores(members).cores[0].shape == (5, 5)


@pytest.mark.parametrize("rank", [8, 30])
def test_with_room_for_all_nothing_is_lost(rank):
    members = [member(1, 2), member(2, 5), member(3, 1)]
    found = ctm.cores(members, rank)
    for core, one in zip(found.cores, members, strict=True):
        near(product(core_space.expand(found, core)), dense(one).float(), atol=1e-4)


def test_size_order_and_zeros_do_not_choose():
    members, zero = some(3), Factors(torch.zeros(OUTPUTS, 3), member(9).a)
    found, other = ctm.cores(members), ctm.cores([*members[::-1], zero])
    bigger = ctm.cores([one._replace(scale=5.0) for one in members])
    for again in (other, bigger):
        near(found.left @ found.left.T, again.left @ again.left.T, atol=1e-4)
    assert not other.cores[-1].any()
    nothing = ctm.cores([zero, zero])
    assert not product(core_space.expand(nothing, sum(nothing.cores))).any()
    equal = ctm.cores([members[0]] * 3)
    near(product(core_space.expand(equal, equal.cores[0])), dense(members[0]).float(), atol=1e-4)


def test_beta_lets_the_long_choose():
    """With norms as they are a far longer update has its own subspaces; alike, both share them."""
    long, short = member(1, 2)._replace(scale=1e3), member(2, 2)
    alone = ctm.cores([long]).left

    def outside(beta):
        left = ctm.cores([long, short], 2, beta).left
        return float((left - alone @ (alone.T @ left)).norm())

    assert outside(1.0) < 1e-3 < 0.1 < outside(0.0)
    assert outside(1.0) < outside(0.5) < outside(0.0)


@pytest.mark.parametrize("then", [{}, {"then": "ties", "density": 0.5}, {"then": "iso_cts"}])
def test_a_merge_of_adapters_has_the_rank_that_is_asked_for(family, then):
    for rank in (None, 2):
        more = {"subspace_rank": rank} if rank else {}
        merge = family.merge("ctm", **then, **more)
        largest = max(one.rank(QUERY) for one in family.adapters.values())
        assert merge.rank(QUERY) == merge.factors(QUERY).rank == (rank or largest)
    everything = family.merge("ctm", subspace_rank=40, weight=[0.5, -1, 2])
    plain = family.merge("task_arithmetic", weight=[0.5, -1, 2])
    for name in plain:
        near(everything[name], plain[name])
