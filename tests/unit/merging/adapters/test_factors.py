"""LoRA factors, KnOTS and Core Space against their dense definitions, and laws of each."""

import itertools

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.adapters import core_space, factors, knots
from babelmerge.merging.methods import elementwise
from babelmerge.models.factors import Factors, product

torch.set_num_threads(1)
OUTPUTS, INPUTS = 24, 17


def member(seed, rank=3, scale=1.0, outputs=OUTPUTS, inputs=INPUTS, size=0.3):
    generator = torch.Generator().manual_seed(seed)
    b = size * torch.randn(outputs, rank, generator=generator)
    return Factors(b, size * torch.randn(rank, inputs, generator=generator), scale)


def dense(one):
    return one.scale * one.b.double() @ one.a.double()


def made(found):
    return product(found).double()


def close(left, right, atol=1e-6):
    torch.testing.assert_close(left.double(), right.double(), rtol=1e-5, atol=atol)


MEMBERS = [member(1, 3, 2.0), member(2, 5), member(3, 1, -0.5)]
STACKS = {
    "ranks and scales differ": MEMBERS,
    "one": MEMBERS[:1],
    "equal": [MEMBERS[0], MEMBERS[0]],
    "one is zero": [MEMBERS[0], Factors(torch.zeros(OUTPUTS, 2), MEMBERS[1].a[:2])],
    "rank deficient": [
        Factors(MEMBERS[1].b @ torch.ones(5, 5), MEMBERS[1].a),
        Factors(MEMBERS[1].b, MEMBERS[2].a.repeat(5, 1)),
    ],
    "opposed": [MEMBERS[0], MEMBERS[0]._replace(scale=-1.0)],
    "more ranks than outputs": [member(n, 7) for n in range(6)],
    "a vector": [member(n, 2, outputs=1) for n in range(3)],
    "bfloat16": [Factors(one.b.bfloat16(), one.a.bfloat16(), one.scale) for one in MEMBERS],
}


def official_knots(members, share, keep=None):
    """KnOTS-TIES on one map as its authors' code computes it, densely, in float64.

    SVD of the updates side by side; trimmed at the share's smallest kept magnitude; sign of the
    sum, ties with the majority; mean of what agrees.
    """
    side_by_side = torch.cat([dense(one) for one in members], dim=1)
    u, s, vh = torch.linalg.svd(side_by_side, full_matrices=False)
    u, s, vh = u[:, s > 1e-5], s[s > 1e-5], vh[s > 1e-5]
    parts = torch.stack([s[:, None] * part for part in vh.chunk(len(members), dim=1)])
    # What LAPACK leaves of an update that is 0 would count in the mean as a vote.
    parts *= torch.tensor([bool(dense(one).any()) for one in members])[:, None, None]
    if keep is not None:
        parts = keep(parts)
    flat = parts.reshape(len(members), -1)
    count = max(1, int(flat.shape[1] * share))
    limits = flat.abs().sort(dim=1, descending=True).values[:, count - 1 : count]
    flat = flat * (flat.abs() >= limits)
    signs = flat.sum(0).sign()
    signs[signs == 0] = signs.sum().sign()
    agrees = (flat.sign() == signs) & (flat != 0)
    merged = (flat * agrees).sum(0) / agrees.sum(0).clamp(min=1)
    return u @ merged.view(parts.shape[1:])


def ties(share):
    def merge(parts):
        trimmed = [elementwise.trim_share(part, share) for part in parts]
        return elementwise.ties(trimmed, [1.0] * len(parts))

    return merge


def summed(weights):
    return lambda parts: elementwise.task_arithmetic(parts, weights)


# Factors ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_concatenation_is_the_weighted_sum(stack):
    weights = [0.5, -1.5, 2.0, 1.0, 0.25, -3.0][: len(STACKS[stack])]
    found = factors.concatenated(STACKS[stack], weights)
    assert found.rank == sum(one.rank for one in STACKS[stack]) and found.scale == 1
    expected = sum(w * dense(one) for w, one in zip(weights, STACKS[stack], strict=True))
    close(made(found), expected)


@pytest.mark.parametrize("rank", [1, 2, 5, 40])
@pytest.mark.parametrize("stack", STACKS)
def test_truncation_is_the_nearest_of_its_rank(stack, rank):
    whole = factors.concatenated(STACKS[stack], [1.0] * len(STACKS[stack]))
    found = factors.truncated(whole, rank)
    u, s, vh = torch.linalg.svd(made(whole), full_matrices=False)
    close(made(found.factors), u[:, :rank] * s[:rank] @ vh[:rank], atol=1e-5)
    assert found.factors.rank <= min(rank, whole.rank, OUTPUTS, INPUTS)
    assert found.norm == pytest.approx(float(s.norm()), rel=1e-5)
    assert found.error == pytest.approx(float(s[rank:].norm()), rel=1e-4, abs=1e-6)


@pytest.mark.parametrize("rank", [1, 4, 17])
def test_truncation_of_a_matrix(rank):
    matrix = torch.randn(OUTPUTS, INPUTS, generator=torch.Generator().manual_seed(1))
    found = factors.truncated_matrix(matrix, rank)
    s = torch.linalg.svdvals(matrix.double())
    assert found.norm == pytest.approx(float(s.norm()), rel=1e-6)
    assert found.error == pytest.approx(float(s[rank:].norm()), rel=1e-5, abs=1e-5)
    assert float((matrix - made(found.factors)).norm()) == pytest.approx(found.error, abs=1e-5)
    assert factors.truncated_matrix(torch.zeros(3, 4), 2).error == 0


def test_factors_that_do_not_fit():
    with pytest.raises(ValueError, match=r"shapes \[\(24, 17\), \(25, 17\)\]; expected adapters"):
        factors.concatenated([member(1), member(2, outputs=25)], [1, 1])
    with pytest.raises(ValueError, match="B has 3 columns, A has 2 rows"):
        knots.basis([Factors(MEMBERS[0].b, MEMBERS[0].a[:2])])
    with pytest.raises(ValueError, match="at least one adapter"):
        core_space.cores([])


# KnOTS --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("share", [1.0, 0.5, 0.1])
@pytest.mark.parametrize("stack", STACKS)
def test_knots_is_its_dense_definition(stack, share):
    found = knots.merge_map(STACKS[stack], ties(share))
    close(made(found), official_knots(STACKS[stack], share))


def test_knots_drops_what_the_dense_definition_drops():
    """The same random masks give the same update: coordinates are the authors' up to signs."""
    masks = torch.rand(3, 9, INPUTS, generator=torch.Generator().manual_seed(1)) < 0.6
    found = knots.merge_map(
        MEMBERS,
        lambda parts: ties(1.0)([p * m / 0.6 for p, m in zip(parts, masks, strict=True)]),
    )
    close(made(found), official_knots(MEMBERS, 1.0, lambda parts: parts * masks / 0.6))


@pytest.mark.parametrize("stack", STACKS)
def test_the_shared_basis_is_orthonormal_and_holds_every_update(stack):
    members = STACKS[stack]
    found = knots.basis(members)
    left = knots.left(found, members)
    close(left.T @ left, torch.eye(len(found.values)), atol=1e-5)
    parts = [knots.project(found, place, one) for place, one in enumerate(members)]
    for part, one in zip(parts, members, strict=True):
        close(left @ part, dense(one), atol=2e-5)
    # All of them together have orthogonal rows, whose lengths are the singular values.
    rows = torch.cat(parts, dim=1).double()
    close(rows @ rows.T, torch.diag(found.values.square()), atol=2e-5)
    s = torch.linalg.svdvals(torch.cat([dense(one) for one in members], dim=1))
    close(found.values, s[: len(found.values)])
    assert not (s[len(found.values) :] > 1.1e-5).any()


def test_small_singular_values_are_left_out_by_an_absolute_bound():
    small = [one._replace(scale=1e-6) for one in MEMBERS]
    assert len(knots.basis(small).values) == 0
    assert len(knots.basis(small, smallest=0).values) >= 9
    assert not made(knots.merge_map(small, ties(1.0))).any()


# Core Space ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("stack", STACKS)
def test_cores_lose_nothing(stack):
    found = core_space.cores(STACKS[stack])
    for basis in (found.left, found.right):
        close(basis.T @ basis, torch.eye(basis.shape[1]), atol=1e-5)
    for core, one in zip(found.cores, STACKS[stack], strict=True):
        close(made(core_space.expand(found, core)), dense(one))


def official_core(members, merge):
    """As the authors' code computes it: bases by SVD of the stacked factors, cores between them."""
    b = torch.cat([one.b.double() for one in members], dim=1)
    a = torch.cat([one.a.double() for one in members])
    left = torch.linalg.svd(b, full_matrices=False)[0]
    right = torch.linalg.svd(a, full_matrices=False)[2]
    cores = [left.T @ dense(one) @ right.T for one in members]
    return left @ merge([core.float() for core in cores]).double() @ right


@pytest.mark.parametrize("share", [1.0, 0.4])
@pytest.mark.parametrize("stack", ["ranks and scales differ", "one", "bfloat16"])
def test_core_space_is_its_dense_definition(stack, share):
    found = core_space.merge_map(STACKS[stack], ties(share))
    close(made(found), official_core(STACKS[stack], ties(share)))


def test_core_space_of_fewer_outputs_than_ranks():
    members = [member(n, 4, outputs=5) for n in range(3)]
    found = core_space.merge_map(members, ties(0.5))
    assert found.rank == 5
    close(made(found), official_core(members, ties(0.5)))


# Laws of both -------------------------------------------------------------------------------------

SPACES = {"knots": knots.merge_map, "core_space": core_space.merge_map}


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("stack", STACKS)
def test_sums_are_what_they_are_without_the_space(space, stack):
    weights = [0.5, -1.5, 2.0, 1.0, 0.25, -3.0][: len(STACKS[stack])]
    found = SPACES[space](STACKS[stack], summed(weights))
    expected = sum(w * dense(one) for w, one in zip(weights, STACKS[stack], strict=True))
    close(made(found), expected, atol=3e-5)


@pytest.mark.parametrize("space", SPACES)
def test_one_expert_is_the_expert(space):
    for one in MEMBERS:
        close(made(SPACES[space]([one], ties(1.0))), dense(one))
        close(made(SPACES[space]([one, one, one], ties(1.0))), dense(one))


@pytest.mark.parametrize("space", SPACES)
def test_the_order_of_experts_does_not_matter(space):
    first = made(SPACES[space](MEMBERS, ties(0.4)))
    for order in itertools.permutations(MEMBERS):
        close(made(SPACES[space](list(order), ties(0.4))), first)


@pytest.mark.parametrize("space", SPACES)
def test_updates_that_are_all_zero(space):
    nothing = [
        Factors(torch.zeros(OUTPUTS, 3), MEMBERS[0].a),
        Factors(MEMBERS[0].b, 0 * MEMBERS[0].a),
    ]
    found = SPACES[space](nothing, ties(0.5))
    assert made(found).shape == (OUTPUTS, INPUTS) and not made(found).any()


def regauged(one, seed, orthogonal):
    """The same update by other factors."""
    generator = torch.Generator().manual_seed(seed)
    change = torch.randn(one.rank, one.rank, generator=generator, dtype=torch.float64)
    if orthogonal:
        change = torch.linalg.qr(change).Q
    b, a = one.b.double() @ change, torch.linalg.inv(change) @ one.a.double()
    return Factors(b, a, one.scale)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_knots_depends_on_the_updates_alone(seed):
    other = [regauged(one, seed + n, orthogonal=False) for n, one in enumerate(MEMBERS)]
    close(made(knots.merge_map(other, ties(0.5))), made(knots.merge_map(MEMBERS, ties(0.5))))


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000))
def test_core_space_depends_on_the_factors_up_to_rotations(seed):
    """And up to any change for sums."""
    other = [regauged(one, seed + n, orthogonal=True) for n, one in enumerate(MEMBERS)]
    close(
        made(core_space.merge_map(other, ties(0.5))), made(core_space.merge_map(MEMBERS, ties(0.5)))
    )
    other = [regauged(one, seed + n, orthogonal=False) for n, one in enumerate(MEMBERS)]
    close(made(core_space.merge_map(other, summed([1, 1, 1]))), sum(map(dense, MEMBERS)))


@pytest.mark.parametrize("space", SPACES)
def test_threads_do_not_change_a_bit(space):
    members = [member(n, 16, outputs=96, inputs=128) for n in range(3)]
    try:
        torch.set_num_threads(1)
        first = made(SPACES[space](members, ties(0.5)))
        torch.set_num_threads(2)
        assert torch.equal(made(SPACES[space](members, ties(0.5))), first)
    finally:
        torch.set_num_threads(1)
