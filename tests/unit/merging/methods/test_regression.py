"""Fisher merging and RegMean: closed forms, least squares, and statistics that do not fit."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.merging.methods import linear_algebra, regression

torch.set_num_threads(1)


def draw(seed, *shape):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def draws(count, *shape, seed=0):
    return [draw(seed + number, *shape) for number in range(count)]


def gram(inputs):
    return (inputs.double().T @ inputs.double() / len(inputs)).float()


def close(left, right, atol=1e-5):
    return left.shape == right.shape and torch.allclose(left.double(), right.double(), atol=atol)


EXPERTS = draws(3, 6, 5)
FISHERS = [draw(20 + number, 6, 5).square() for number in range(3)]
INPUTS = [draw(30 + number, 40, 5) * (number + 1) for number in range(3)]
GRAMS = [gram(inputs) for inputs in INPUTS]


# --- Fisher ---------------------------------------------------------------------------------------


def test_fisher_by_hand():
    experts = [torch.tensor([1.0, 5.0, 2.0]), torch.tensor([3.0, 1.0, 8.0])]
    fishers = [torch.tensor([1.0, 0.0, 0.0]), torch.tensor([3.0, 2.0, 0.0])]
    merged = regression.fisher(experts, fishers, [1, 1], floor=0)
    assert merged.tolist() == [2.5, 1.0, 5.0]
    merged = regression.fisher(experts, fishers, [3, 1], floor=0.5)
    assert merged.tolist() == pytest.approx([2.0, (5 * 1.5 + 2) / 3.5, (3 * 2 + 8) / 4])


@pytest.mark.parametrize("floor", [0.0, 1e-6, 1.0])
def test_fisher_of_one_expert_is_the_expert(floor):
    assert torch.equal(regression.fisher(EXPERTS[:1], FISHERS[:1], [0.3], floor), EXPERTS[0])
    fishers = [fisher * 1e-30 for fisher in FISHERS]
    assert torch.equal(regression.fisher([EXPERTS[0]] * 3, fishers, [1, 2, 3], floor), EXPERTS[0])


def test_equal_fishers_give_the_weighted_mean():
    merged = regression.fisher(EXPERTS, [FISHERS[0]] * 3, [1, 2, 3])
    expected = (EXPERTS[0] + 2 * EXPERTS[1] + 3 * EXPERTS[2]) / 6
    assert close(merged, expected)
    assert close(regression.fisher(EXPERTS, [None] * 3, [1, 2, 3]), expected)
    assert close(regression.fisher(EXPERTS, FISHERS, [1, 2, 3], floor=1e9), expected)


def test_fisher_minimises_the_weighted_squares():
    weights = [1.0, 2.0, 0.5]
    merged = regression.fisher(EXPERTS, FISHERS, weights, 0).double().requires_grad_()
    terms = zip(EXPERTS, FISHERS, weights, strict=True)
    sum((w * f * (merged - e) ** 2).sum() for e, f, w in terms).backward()
    assert float(merged.grad.abs().max()) < 1e-5


@given(st.floats(1e-20, 1e20), st.permutations(range(3)))
@settings(max_examples=25, deadline=None)
def test_only_ratios_of_weights_count_and_order_does_not(scale, order):
    weights = [1.0, 2.0, 3.0]
    merged = regression.fisher(EXPERTS, FISHERS, weights)
    turned = [[values[i] for i in order] for values in (EXPERTS, FISHERS, weights)]
    assert close(regression.fisher(*turned[:2], [scale * w for w in turned[2]]), merged, 1e-6)


def test_fisher_in_blocks_is_fisher_at_once(monkeypatch):
    whole = regression.fisher(EXPERTS, FISHERS, [1, 1, 1])
    monkeypatch.setattr(regression, "BLOCK", 7)
    assert torch.equal(regression.fisher(EXPERTS, FISHERS, [1, 1, 1]), whole)


@pytest.mark.parametrize("shape", [(), (0,), (0, 3), (4,), (2, 3, 4)])
def test_fisher_of_any_shape(shape):
    merged = regression.fisher(draws(2, *shape), [torch.ones(shape)] * 2, [1, 1])
    assert merged.shape == shape


@pytest.mark.parametrize(
    "changes,fact",
    [
        ({"weights": [1, -1, 1]}, r"weights are \[1, -1, 1\]"),
        ({"weights": [0, 0, 0]}, "one above it"),
        ({"floor": -1.0}, "floor is -1"),
        ({"fishers": [*FISHERS[:2], None]}, r"experts \[3\] of 3 have no statistics"),
        ({"fishers": FISHERS[:2]}, "2 statistics for 3 experts"),
        ({"fishers": [*FISHERS[:2], torch.ones(5, 6)]}, r"shape \(5, 6\), expected \(6, 5\)"),
        ({"fishers": [*FISHERS[:2], -FISHERS[2]]}, "negative or not finite"),
        ({"fishers": [*FISHERS[:2], FISHERS[2] / 0]}, "negative or not finite"),
    ],
)
def test_fisher_refuses_what_cannot_be(changes, fact):
    arguments = {"fishers": FISHERS, "weights": [1, 1, 1], "floor": 1e-6} | changes
    with pytest.raises(ValueError, match=fact):
        regression.fisher(EXPERTS, **arguments)


@pytest.mark.parametrize("size", [1e-14, 1e-3, 1e6])
def test_only_ratios_of_the_information_matter(size):
    """Squared gradients of a large model are all below any number that suits a small one."""
    merged = regression.fisher(EXPERTS, [fisher * size for fisher in FISHERS], [1, 2, 3])
    assert close(merged, regression.fisher(EXPERTS, FISHERS, [1, 2, 3]))
    assert not close(merged, regression.fisher(EXPERTS, [None] * 3, [1, 2, 3]))


# --- RegMean --------------------------------------------------------------------------------------


def test_regmean_is_the_least_squares_fit():
    stacked = torch.cat([inputs.double() for inputs in INPUTS])
    outputs = torch.cat(
        [x.double() @ w.double().T for x, w in zip(INPUTS, EXPERTS, strict=True)]
    )  # what each expert gives on its own inputs
    fit = torch.linalg.lstsq(stacked, outputs).solution.T
    assert close(regression.regmean(EXPERTS, GRAMS, alpha=1), fit)


@pytest.mark.parametrize("alpha", [0.0, 0.1, 0.9])
def test_regmean_is_the_original_formula(alpha):
    shrunk = [alpha * g + (1 - alpha) * torch.diag(g.diagonal()) for g in GRAMS]
    products = sum(g.double() @ w.double().T for g, w in zip(shrunk, EXPERTS, strict=True))
    expected = (torch.inverse(sum(shrunk).double()) @ products).T
    assert close(regression.regmean(EXPERTS, GRAMS, alpha), expected)


def test_equal_grams_give_the_mean():
    mean = torch.stack(EXPERTS).mean(0)
    for alpha in (0, 0.5, 1):
        assert close(regression.regmean(EXPERTS, [GRAMS[0]] * 3, alpha), mean, 1e-6)
    assert close(regression.regmean(EXPERTS, [None] * 3), mean, 1e-6)


def test_alpha_0_weighs_each_input_by_its_mean_square():
    squares = torch.stack([g.diagonal() for g in GRAMS])
    expected = (torch.stack(EXPERTS) * squares[:, None]).sum(0) / squares.sum(0)
    assert close(regression.regmean(EXPERTS, GRAMS, 0), expected)


@pytest.mark.parametrize("alpha", [0, 0.9, 1])
def test_regmean_of_one_expert_is_the_expert(alpha):
    for inputs in (INPUTS[0], INPUTS[0][:2], torch.zeros(4, 5)):  # 2 rows for 5 inputs; none
        merged = regression.regmean(EXPERTS[:1], [gram(inputs)], alpha)
        assert torch.equal(merged, EXPERTS[0])
        merged = regression.regmean([EXPERTS[0]] * 2, [gram(inputs), GRAMS[1]], alpha)
        assert torch.equal(merged, EXPERTS[0])


def test_each_expert_rules_where_it_alone_has_data():
    inputs = [torch.eye(5)[:2], torch.eye(5)[2:4]]
    merged = regression.regmean(EXPERTS[:2], [gram(one) for one in inputs], alpha=1)
    assert close(merged[:, :2], EXPERTS[0][:, :2])
    assert close(merged[:, 2:4], EXPERTS[1][:, 2:4])
    assert close(merged[:, 4], (EXPERTS[0] + EXPERTS[1])[:, 4] / 2)  # nobody's data


def test_a_singular_sum_fits_what_there_is_and_keeps_the_mean_elsewhere():
    inputs = [draw(1, 2, 5), draw(2, 1, 5)]  # 3 rows for 5 inputs
    merged = regression.regmean(EXPERTS[:2], [gram(one) for one in inputs], alpha=1).double()
    for x, expert in zip(inputs, EXPERTS, strict=False):
        assert close(x.double() @ merged.T, x.double() @ expert.double().T, 1e-4)
    mean = (EXPERTS[0] + EXPERTS[1]).double() / 2
    assert torch.linalg.matrix_rank(merged - mean, rtol=1e-4) <= 3


def test_scales_of_inputs_do_not_matter():
    """The same data in other units: W x is the same for W / u and u x."""
    units = torch.logspace(-4, 4, 5)
    merged = regression.regmean(
        [w / units for w in EXPERTS], [gram(x * units) for x in INPUTS], alpha=0.9
    )
    assert close(merged * units, regression.regmean(EXPERTS, GRAMS, 0.9))


def test_regmean_gives_the_same_bytes_for_any_number_of_threads():
    experts, grams = draws(2, 150, 200), [gram(draw(50 + n, 300, 200)) for n in range(2)]
    found = []
    for threads in (1, 2, 3):
        torch.set_num_threads(threads)
        found.append([regression.regmean(experts, grams, alpha) for alpha in (0.9, 1)])
        assert torch.get_num_threads() == threads
    torch.set_num_threads(1)
    assert all(torch.equal(a, b) for one in found for a, b in zip(one, found[0], strict=True))


@pytest.mark.parametrize("shape", [(), (7,), (2, 3, 4), (0, 3), (3, 0)])
def test_what_has_no_gram_is_averaged(shape):
    experts = draws(3, *shape)
    assert close(regression.regmean(experts, [None] * 3), torch.stack(experts).mean(0))


@pytest.mark.parametrize(
    "grams,alpha,fact",
    [
        (GRAMS, 1.5, "alpha is 1.5"),
        (GRAMS, float("nan"), "alpha is nan"),
        ([None, *GRAMS[1:]], 0.9, r"experts \[1\] of 3 have no statistics"),
        ([torch.eye(6)] * 3, 0.9, r"shape \(6, 6\), expected \(5, 5\) for a tensor of shape"),
        (GRAMS[:2], 0.9, "2 statistics for 3 experts"),
    ],
)
def test_regmean_refuses_what_does_not_fit(grams, alpha, fact):
    with pytest.raises(ValueError, match=fact):
        regression.regmean(EXPERTS, grams, alpha)


# --- the solver -----------------------------------------------------------------------------------


def test_cholesky_and_eigenvectors_agree_where_both_can(monkeypatch):
    matrix = GRAMS[0].double()
    right = draw(3, 5, 2).double()
    direct = linear_algebra.solve(matrix, right)
    assert torch.allclose(matrix @ direct, right, atol=1e-10)
    broken = (torch.zeros(5, 5).double(), torch.tensor(1))
    monkeypatch.setattr(torch.linalg, "cholesky_ex", lambda _: broken)
    assert torch.allclose(linear_algebra.solve(matrix, right), direct, atol=1e-10)
