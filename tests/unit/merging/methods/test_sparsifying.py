"""Breadcrumbs and DELLA against closed forms, laws, mergekit 0.1.5 and the authors' formulas."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.kernels.shares import window
from babelmerge.merging.methods import randomness, sparsifying
from babelmerge.merging.methods.sparsifying import breadcrumbs, keep_probabilities, magprune

torch.set_num_threads(1)
BOTH = ("original", "mergekit")
SHAPES = [(), (1,), (9,), (0,), (0, 3), (7, 11), (1, 5), (5, 1), (2, 3, 4)]
MATRICES = [shape for shape in SHAPES if len(shape) > 1 and 0 not in shape and shape[1] > 1]


def draw(shape, seed):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def uniform(shape, seed=0):
    return randomness.uniforms(randomness.key_for(seed, "expert", "tensor"), tuple(shape))


def distinct(shape, seed):
    """Values of random order and sign whose magnitudes are 1..n: no two are equal."""
    size = torch.Size(shape).numel()
    generator = torch.Generator().manual_seed(seed)
    values = torch.randperm(size, generator=generator).float() + 1
    return (values * (torch.rand(size, generator=generator) - 0.5).sign()).reshape(shape)


def mergekit():
    return pytest.importorskip("mergekit.sparsify")


def test_breadcrumbs_by_hand():
    delta = torch.tensor([-9.0, 1, 5, -2, 8, 3, -4, 7, 6, 10])
    # The 10 goes, then 4 of 10 stay: 9, 8, 7, 6.
    kept = [-9.0, 0, 0, 0, 8, 0, 0, 7, 6, 0]
    for semantics in BOTH:
        assert breadcrumbs(delta, 0.4, 0.1, semantics=semantics).tolist() == kept
    scaled = breadcrumbs(delta, 0.4, 0.1, rescale=True)
    assert torch.allclose(scaled, torch.tensor(kept) * 55 / 30)
    # By row: the authors' code. 5 of each row's 5: int(.4 * 5) = 2 after int(.2 * 5) = 1.
    rows = breadcrumbs(delta.view(2, 5), 0.4, 0.2, scope="row")
    assert rows.tolist() == [[0, 0, 5, 0, 8], [0, 0, 7, 6, 0]]


def test_breadcrumbs_counts():
    assert window(1000, 0.3, 0.01) == window(1000, 0.3, 0.01, "mergekit") == (10, 300)
    # Not enough left for both: the authors' outliers go, mergekit's density stays.
    assert window(10, 0.9, 0.3) == (3, 7)
    assert window(10, 0.9, 0.3, "mergekit") == (1, 9)
    # Nothing is rounded up.
    assert window(9, 0.1, 0.1) == window(9, 0.1, 0.1, "mergekit") == (0, 0)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.sampled_from(BOTH),
    st.booleans(),
    st.sampled_from([torch.float32, torch.bfloat16]),
    st.integers(0, 99),
)
def test_breadcrumbs_keeps_exactly_the_window(
    shape, density, gamma, semantics, coarse, dtype, seed
):
    delta = draw(shape, seed)
    delta = torch.round(delta * (2 if coarse else 1e6)) / 2  # coarse: many ties and zeros
    delta = delta.to(dtype).float()
    result = breadcrumbs(delta, density, gamma, semantics=semantics)
    assert result.shape == shape
    if semantics == "mergekit" and density == 1 or semantics == "original" and shape == ():
        return
    outliers, kept = window(delta.numel(), density, gamma, semantics)
    # Stable: of equal ones the first in memory rank first, in a plain Python sort.
    flat = delta.reshape(-1).tolist()
    order = sorted(range(len(flat)), key=lambda place: -abs(flat[place]))
    expected = [0.0] * len(flat)
    for place in order[outliers : outliers + kept]:
        expected[place] = flat[place]
    assert result.reshape(-1).tolist() == expected


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([shape for shape in SHAPES if 0 not in shape]),
    st.floats(0, 1),
    st.floats(0, 0.5),
    st.booleans(),
    st.integers(0, 99),
)
def test_breadcrumbs_is_mergekits(shape, density, gamma, rescale, seed):
    sparsify = mergekit()
    delta = distinct(shape, seed)
    norm = sparsify.RescaleNorm.l1 if rescale else None
    theirs = sparsify.magnitude_outliers(delta, density, norm, gamma)
    ours = breadcrumbs(delta, density, gamma, rescale, "mergekit")
    assert torch.allclose(ours, theirs, rtol=3e-7, atol=0) if rescale else torch.equal(ours, theirs)


@pytest.mark.parametrize("shape", [(9,), (7, 11), (2, 3, 40), ()])
@pytest.mark.parametrize(("density", "gamma"), [(0.3, 0.1), (1, 0.1), (0.95, 0.2), (0, 0.1)])
def test_breadcrumbs_by_row_is_the_authors_code(shape, density, gamma):
    """Zero the top int(gamma * columns) of a row, keep the top int(density * columns) of that."""
    delta = distinct(shape, 3)
    expected = delta.clone()
    if delta.dim():
        columns = shape[-1]
        top = delta.abs().topk(int(columns * gamma)).indices
        expected = expected.scatter(-1, top, 0.0)
        rest = expected.abs().topk(int(columns * density)).indices
        expected = torch.zeros(shape).scatter(-1, rest, 1.0) * expected
    assert torch.equal(breadcrumbs(delta, density, gamma, scope="row"), expected)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("scope", ["tensor", "row"])
@pytest.mark.parametrize("shape", SHAPES)
def test_breadcrumbs_laws(semantics, scope, shape):
    delta = draw(shape, 4)

    def sparse(values, density=0.5, gamma=0.1, rescale=False):
        return breadcrumbs(values, density, gamma, rescale, semantics, scope)

    assert torch.equal(sparse(4 * delta), 4 * sparse(delta))
    assert torch.equal(sparse(-delta), -sparse(delta))
    zeros = torch.zeros(shape)
    assert torch.equal(sparse(zeros, rescale=True), zeros)
    assert torch.equal(sparse(delta, 1, 0), delta)
    if shape != () or semantics == "mergekit":
        assert not sparse(delta, 0, 0).any()
    kept = sparse(delta, rescale=True)
    if kept.any():
        norm = delta.abs().sum().item()
        assert kept.abs().sum().item() == pytest.approx(norm, rel=1e-5)


def test_breadcrumbs_semantics_part_at_density_one():
    delta = distinct((100,), 1)
    assert torch.equal(breadcrumbs(delta, 1, 0.05, semantics="mergekit"), delta)
    assert int((breadcrumbs(delta, 1, 0.05) != 0).sum()) == 95


def test_keep_probabilities_are_linear_in_the_rank():
    rows = torch.tensor([[3.0, -1, 2, 0, -4], [1.0, 1, 1, 1, 0]])
    expected = [[0.6, 0.4, 0.5, 0.3, 0.7], [0.4, 0.5, 0.6, 0.7, 0.3]]
    assert torch.allclose(keep_probabilities(rows, 0.5, 0.2), torch.tensor(expected))
    assert keep_probabilities(torch.ones(3, 1), 0.5, 0.2).tolist() == [[0.5]] * 3
    assert (keep_probabilities(rows, 0.5, 0.0) == 0.5).all()
    # Equal magnitudes rank in memory order, also where sorting algorithms shuffle them.
    equal = keep_probabilities(torch.ones(2, 1001), 0.5, 0.25)
    assert torch.allclose(equal, torch.linspace(0.25, 0.75, 1001).expand(2, -1), atol=1e-6)


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from([*MATRICES, (9,)]),
    st.sampled_from([(0.5, 0.15), (0.2, 0.1), (0.9, 0.05), (0.3, 0.0), (1.0, 0.1), (0.0, 0.1)]),
    st.booleans(),
    st.integers(0, 99),
)
def test_magprune_is_mergekits(shape, point, rescale, seed):
    sparsify = mergekit()
    delta, chance = distinct(shape, seed), uniform(shape, seed)
    density, epsilon = point
    norm = sparsify.RescaleNorm.l1 if rescale else None
    with pytest.MonkeyPatch.context() as patch:
        # mergekit draws from torch's global stream; here it is handed our numbers.
        patch.setattr(torch, "bernoulli", lambda p: (chance.reshape(p.shape) < p).to(p.dtype))
        theirs = sparsify.della_magprune(delta, density, epsilon, norm)
    ours = magprune(delta, density, epsilon, chance, rescale, "mergekit")
    assert torch.equal(ours != 0, theirs != 0)
    assert torch.allclose(ours, theirs, rtol=3e-7, atol=0) if rescale else torch.equal(ours, theirs)


@pytest.mark.parametrize("shape", [*MATRICES, (9,)])
def test_magprune_is_the_authors_formula(shape):
    """Ranks 1..n per row, p = density - eps + (rank - 1) / (n - 1) * 2 eps, kept / p."""
    delta, chance = distinct(shape, 5), uniform(shape)
    rows = delta.reshape(1, -1) if delta.dim() == 1 else delta
    expected = torch.zeros_like(rows)
    for index in torch.cartesian_prod(*[torch.arange(n) for n in rows.shape]).tolist():
        row = rows[(index[0], slice(None), *index[2:])].abs().tolist()
        magnitude = abs(rows[tuple(index)].item())
        rank = sum(value < magnitude for value in row)
        keep = 0.4 - 0.3 + rank / (len(row) - 1) * 0.6
        if chance.reshape(rows.shape)[tuple(index)] < keep:
            expected[tuple(index)] = rows[tuple(index)] / keep
    assert torch.allclose(magprune(delta, 0.4, 0.3, chance), expected.reshape(shape), rtol=1e-5)


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize("shape", SHAPES)
def test_magprune_laws(semantics, shape):
    delta, chance = draw(shape, 6), uniform(shape)

    def pruned(values, density=0.5, epsilon=0.2, rescale=True):
        return magprune(values, density, epsilon, chance, rescale, semantics)

    assert pruned(delta).shape == shape
    assert torch.allclose(pruned(4 * delta), 4 * pruned(delta), rtol=1e-6)
    assert torch.equal(pruned(-delta), -pruned(delta))
    assert torch.equal(pruned(delta, 1.0), delta)
    assert not pruned(delta, 0.0).any()
    assert not pruned(torch.zeros(shape)).any()
    # Without a window it is DARE's drop, whatever the magnitudes.
    plain = pruned(delta, epsilon=0.0, rescale=False)
    assert torch.equal(plain, torch.where(chance < 0.5, delta, 0.0))


def test_magprune_keeps_the_expectation_of_every_element():
    delta = torch.tensor([[0.1, -2.0, 0.5, 1.0]])
    draws = 20_000
    chances = uniform((draws, 4))
    many = magprune(delta.repeat(draws, 1), 0.4, 0.3, chances)
    assert torch.allclose(many.double().mean(dim=0), delta[0].double(), rtol=0.1)
    # Kept .1, .3, .5 and .7 of the time, from the smallest to the largest.
    shares = (many != 0).double().mean(dim=0)
    assert torch.allclose(shares, torch.tensor([0.1, 0.7, 0.3, 0.5]).double(), atol=0.02)
    norms = magprune(delta.repeat(draws, 1), 0.4, 0.3, chances, semantics="mergekit")
    assert norms.abs().sum().item() == pytest.approx(draws * 3.6, rel=1e-5)


def test_magprune_ranks_each_row_alone():
    delta = draw((64, 50), 8)
    chance = uniform((64, 50))
    whole = magprune(delta, 0.5, 0.3, chance)
    for row in (0, 31, 63):
        alone = magprune(delta[row : row + 1], 0.5, 0.3, chance[row : row + 1])
        assert torch.equal(whole[row : row + 1], alone)


def test_magprune_is_the_same_in_blocks(monkeypatch):
    delta, chance = draw((64, 50), 9), uniform((64, 50))
    whole = magprune(delta, 0.5, 0.3, chance)
    monkeypatch.setattr("babelmerge.merging.methods.sparsifying.BLOCK", 130)
    assert torch.equal(magprune(delta, 0.5, 0.3, chance), whole)


@pytest.mark.parametrize("point", [(0.1, 0.1), (0.95, 0.05), (0.5, 0.6), (0.5, -0.1)])
def test_magprune_refuses_probabilities_outside_0_and_1(point):
    with pytest.raises(ValueError, match=r"expected within \(0, 1\); choose an epsilon"):
        magprune(torch.ones(4), *point, torch.zeros(4))


def test_threads_do_not_change_a_bit():
    delta, chance = draw((300, 1000), 1), uniform((300, 1000))
    results = []
    for threads in (1, 2):
        torch.set_num_threads(threads)
        for semantics in BOTH:
            results.append(breadcrumbs(delta, 0.4, 0.05, True, semantics))
            results.append(magprune(delta, 0.4, 0.2, chance, True, semantics))
    torch.set_num_threads(1)
    for one, two in zip(results[:4], results[4:], strict=True):
        assert torch.equal(one, two)


@pytest.mark.parametrize("shape", [(3, 2), (40, 7), (2, 600), (3, 9001)])
@pytest.mark.parametrize("own", [True, False])
def test_what_is_compiled_is_what_torch_does_to_the_last_bit(shape, own):
    """With equal magnitudes, zeros of both signs and values of all sizes."""
    rows = draw(shape, 3) * torch.pow(10.0, draw(shape, 4).mul(3).round())
    rows[rows.abs() < 0.1] *= 0
    rows[0] = rows[0].mul(4).round()
    order = torch.argsort(rows.abs(), dim=1, stable=True)
    expected = torch.argsort(order, dim=1)
    assert torch.equal(sparsifying._ranks(rows, 1, descending=False).long(), expected)
    falling = torch.argsort(rows.abs(), dim=1, descending=True, stable=True)
    found = sparsifying._ranks(rows, 1, descending=True).long()
    assert torch.equal(found, torch.argsort(falling, dim=1))
    compiled, plain = torch.empty_like(rows), torch.empty_like(rows)
    for drop, out in ((sparsifying._drop_compiled, compiled), (sparsifying._drop, plain)):
        drop(rows, uniform(shape), 0.4, 0.15, own, out)
    assert torch.equal(compiled.view(torch.int32), plain.view(torch.int32))


def test_a_stream_is_the_same_compiled_and_in_any_part():
    key = randomness.key_for(7, "expert", "tensor")
    whole = randomness.uniform_bits(key, 0, 1001).double() / 2**32
    for start in (0, 1, 500):
        assert torch.equal(randomness.uniforms(key, (1001 - start,), start=start), whole[start:])
