"""Merging by singular values: closed forms, laws, and the official formulas written out."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import polar as scipy_polar
from stand_ins.matrices import SHAPES, close, draw, draws, of_rank, rotation

from babelmerge.merging.methods import spectral

torch.set_num_threads(1)


# --- official formulas, in LAPACK's SVD and zero-padded as the authors' code has it ---------------


def official_tsv(deltas):
    vectors = [torch.linalg.svd(delta.double(), full_matrices=False) for delta in deltas]
    rank = min(deltas[0].shape)
    part = int(rank / len(deltas))
    u, s, vh = (torch.zeros_like(one) for one in vectors[0])
    for number, (left, values, right) in enumerate(vectors):
        place = slice(number * part, (number + 1) * part)
        u[:, place], s[place], vh[place] = left[:, :part], values[:part], right[:part]
    return official_polar(u) @ torch.diag(s) @ official_polar(vh)


def official_polar(matrix):
    return torch.from_numpy(scipy_polar(matrix.numpy())[0]) if min(matrix.shape) else matrix


def official_iso_c(deltas):
    u, s, vh = torch.linalg.svd(sum(delta.double() for delta in deltas), full_matrices=False)
    return u @ torch.diag(torch.full_like(s, float(s.mean()))) @ vh


def official_iso_cts(deltas, fraction):
    rank, count = min(deltas[0].shape), len(deltas)
    common = int(rank * fraction)
    common = rank - round((rank - common) / count) * count
    own = (rank - common) // count
    u, s, vh = torch.linalg.svd(sum(delta.double() for delta in deltas), full_matrices=False)
    parts = [(u[:, :common], s[:common], vh[:common])]
    for delta in deltas:
        rest = delta.double() - parts[0][0] @ parts[0][0].T @ delta.double()
        left, values, right = torch.linalg.svd(rest, full_matrices=False)
        parts.append((left[:, :own], values[:own], right[:own]))
    left, right = torch.cat([p[0] for p in parts], 1), torch.cat([p[2] for p in parts])
    return torch.cat([p[1] for p in parts]).mean() * official_polar(left) @ official_polar(right)


def official_boost(delta, beta):
    u, s, vh = torch.linalg.svd(delta.double(), full_matrices=False)
    cutoff = (torch.cumsum(s, 0) / s.sum() >= beta).nonzero()[0].item()
    return u * torch.clamp(s, min=s[cutoff]) @ vh


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("experts", [1, 2, 3, 5])
def test_tsv_and_iso_are_the_official_formulas(shape, experts):
    deltas = draws(experts, *shape)
    assert close(spectral.tsv(deltas), official_tsv(deltas))
    assert close(spectral.iso_c(deltas), official_iso_c(deltas))
    assert close(spectral.iso_cts(deltas), official_iso_cts(deltas, 0.8))
    assert close(spectral.iso_cts(deltas, 0.3), official_iso_cts(deltas, 0.3))


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("beta", [0.01, 0.3, 0.5, 0.9, 0.999])
def test_boost_is_the_official_formula(shape, beta):
    delta = draw(3, *shape)
    assert close(spectral.boost(delta, beta), official_boost(delta, beta))


# --- TSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", SHAPES)
def test_tsv_of_one_expert_is_the_expert(shape):
    delta = draw(1, *shape)
    assert close(spectral.tsv([delta]), delta)


def test_orthogonal_experts_add_exactly():
    u, v = rotation(12, 1), rotation(9, 2)
    parts = [slice(0, 3), slice(3, 6), slice(6, 9)]
    deltas = [(u[:, p] * torch.tensor([3.0, 2, 1]) @ v[:, p].T).float() for p in parts]
    assert close(spectral.tsv(deltas), sum(deltas))


def test_tsv_keeps_singular_values_and_scales():
    deltas = draws(3, 12, 9)
    kept = [torch.linalg.svdvals(delta.double())[:3] for delta in deltas]
    found = torch.linalg.svdvals(spectral.tsv(deltas).double())
    assert close(found, torch.cat(kept).sort(descending=True).values)
    assert close(spectral.tsv([4 * delta for delta in deltas]), 4 * spectral.tsv(deltas))


def test_tsv_of_equal_experts_is_their_kept_part():
    delta = draw(1, 12, 8)
    u, s, vh = torch.linalg.svd(delta.double(), full_matrices=False)
    expected = u[:, :4] * s[:4] @ vh[:4]
    assert close(spectral.tsv([delta, delta]), expected)
    assert close(spectral.tsv([of_rank(2, 12, 8)] * 2), of_rank(2, 12, 8))


def test_tsv_of_low_ranks_adds_no_directions():
    first, second = of_rank(2, 20, 16, 1), of_rank(2, 20, 16, 5)
    merged = spectral.tsv([first, second])
    assert torch.linalg.matrix_rank(merged, rtol=1e-5) == 4
    assert close(spectral.tsv([first, torch.zeros_like(first)]), first)


@pytest.mark.parametrize("share,kept", [(1, 4), (0.5, 2), (0.3, 1), (0.01, 1), (0, 0)])
def test_tsv_share_counts_triplets_of_each_expert(share, kept):
    merged = spectral.tsv(draws(2, 12, 8), share)
    assert torch.linalg.matrix_rank(merged, rtol=1e-5) == 2 * kept


def test_tsv_with_more_experts_than_directions_keeps_one_triplet_of_each():
    merged = spectral.tsv(draws(3, 5, 2))
    assert merged.shape == (5, 2) and bool(merged.any())


def test_equal_singular_values_give_one_result_within_what_is_kept():
    u, v = rotation(6, 1), rotation(6, 2)
    triple = torch.tensor([2.0, 2, 2, 0, 0, 0]).double()
    first, second = (u * triple @ v.T).float(), draw(3, 6, 6)
    expected = official_tsv([first, second])
    turn = torch.block_diag(rotation(3, 9), torch.eye(3).double())  # other vectors, same matrix
    same = ((u @ turn) * triple @ (v @ turn).T).float()
    assert close(spectral.tsv([first, second]), expected)
    assert close(spectral.tsv([same, second]), expected)


# --- Iso ------------------------------------------------------------------------------------------


def test_iso_c_of_a_scaled_orthogonal_matrix_is_itself():
    matrix = (0.02 * rotation(8, 3)).float()
    assert close(spectral.iso_c([matrix]), matrix)
    assert close(spectral.iso_c([matrix, matrix]), 2 * matrix)


def test_iso_c_flattens_to_the_mean_and_keeps_the_vectors():
    deltas = draws(3, 12, 8)
    merged, total = spectral.iso_c(deltas), sum(deltas)
    values = torch.linalg.svdvals(merged.double())
    assert close(values, torch.full((8,), torch.linalg.svdvals(total.double()).mean()).double())
    nearest = official_polar(total.double())
    assert close(official_polar(merged.double()), nearest)


def test_iso_c_leaves_null_directions_alone():
    delta = of_rank(3, 12, 8)
    values = torch.linalg.svdvals(spectral.iso_c([delta]).double())
    mean = torch.linalg.svdvals(delta.double()).sum() / 8
    assert close(values, torch.tensor([1.0] * 3 + [0] * 5).double() * mean)


def test_iso_cts_without_a_space_of_their_own_is_iso_c():
    deltas = draws(3, 12, 8)
    assert close(spectral.iso_cts(deltas, 1), spectral.iso_c(deltas))


def test_iso_cts_of_orthogonal_experts_keeps_every_direction():
    u, v = rotation(8, 1), rotation(8, 2)
    values = torch.arange(8, 0, -1).double()
    deltas = [(u[:, p] * values[p] @ v[:, p].T).float() for p in (slice(0, 8, 2), slice(1, 8, 2))]
    for common in (0, 0.5, 1):
        assert close(spectral.iso_cts(deltas, common), 4.5 * u @ v.T)


# --- boosting -------------------------------------------------------------------------------------


def test_beta_1_changes_nothing_and_beta_0_flattens_to_the_largest():
    delta = draw(1, 12, 8)
    assert torch.equal(spectral.boost(delta, 1), delta)
    assert close(spectral.boost(delta, 1 - 1e-12), delta)
    largest = float(torch.linalg.svdvals(delta.double())[0])
    assert close(spectral.boost(delta, 0), largest * official_polar(delta.double()))


@given(st.floats(0, 1), st.floats(0, 1))
@settings(max_examples=30, deadline=None)
def test_boosting_raises_more_the_smaller_beta_is(first, second):
    delta = draw(2, 7, 5)
    more, less = (
        torch.linalg.svdvals(spectral.boost(delta, beta).double())
        for beta in sorted((first, second))
    )
    assert bool((more >= less - 1e-9).all())
    assert bool((less >= torch.linalg.svdvals(delta.double()) - 1e-9).all())


def test_iso_cts_takes_no_rounding_for_a_direction_of_its_own():
    deltas = [of_rank(1, 30, 20, seed=2 * number) for number in range(3)]
    assert torch.linalg.matrix_rank(spectral.iso_cts(deltas), rtol=1e-5) == 3
    noisy = [delta + draw(9, 30, 20, size=1e-10) for delta in deltas]  # as a model's float32 leaves
    assert close(spectral.iso_cts(noisy), spectral.iso_cts(deltas), 1e-3)


def test_boost_raises_no_null_direction():
    delta = of_rank(2, 9, 7)
    assert torch.linalg.matrix_rank(spectral.boost(delta, 0.0), rtol=1e-5) == 2


# --- SVC ------------------------------------------------------------------------------------------


def official_svc(merged, deltas, alpha):
    """The authors' formula, of the merge as it is scaled."""
    u, s, vh = torch.linalg.svd(merged.double(), full_matrices=False)
    factors = []
    for left in u.T:
        ours, parts = left @ merged.double(), [left @ delta.double() for delta in deltas]
        seen = [max(alpha, float(ours @ part / (part @ part))) for part in parts]
        factors.append(len(deltas) / sum(seen))
    return u * (s * torch.tensor(factors)) @ vh


@pytest.mark.parametrize("count", range(2, 10))
@pytest.mark.parametrize("factor", [1.0, 0.3, -0.5])
@pytest.mark.parametrize("alpha", [1.0, 0.1])
def test_svc_is_its_official_formula(count, factor, alpha):
    for shape in SHAPES:
        deltas = draws(count, *shape, seed=count)
        update = sum(deltas)
        made = factor * spectral.calibrate(update, deltas, factor, alpha).double()
        assert close(made, official_svc(factor * update, deltas, alpha))


def test_svc_counts_what_is_shared_once():
    one = draw(0, 9, 7)
    assert close(spectral.calibrate(4 * one, [one] * 4), one)
    assert close(spectral.calibrate(4 * one, [one] * 4, 0.25), 4 * one)  # scaled, nothing is over
    apart = [draw(1, 9, 7), draw(2, 9, 7)]
    apart[0][:, 3:], apart[1][:, :3] = 0, 0  # in no column both
    scales = torch.linalg.svdvals(spectral.calibrate(sum(apart), apart).double())
    assert bool((scales <= torch.linalg.svdvals(sum(apart).double()) + 1e-9).all())
    zero = torch.zeros(9, 7)
    assert close(spectral.calibrate(one, [one, zero]), one)  # who did nothing counts as the floor


@pytest.mark.parametrize("count", range(2, 10))
def test_svc_of_orthogonal_experts_is_their_sum(count):
    u, v = rotation(2 * count, 1), rotation(2 * count, 2)
    values = torch.arange(2 * count, 0, -1).double()
    parts = [slice(n, 2 * count, count) for n in range(count)]
    deltas = [(u[:, p] * values[p] @ v[:, p].T).float() for p in parts]
    assert close(spectral.calibrate(sum(deltas), deltas), sum(deltas))
