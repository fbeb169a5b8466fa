"""Votes by the kernels against the same votes in torch, bit for bit."""

import pytest
import torch

from babelmerge.merging.methods import elementwise, voting


def _vectors(experts, shape, whole):
    drawn = torch.Generator().manual_seed(experts)
    vectors = [torch.randn(shape, generator=drawn) for _ in range(experts)]
    return [one.round() if whole else one for one in vectors]  # whole numbers are often tied


@pytest.mark.parametrize("experts", [1, 2, 3, 4, 5, 9])
@pytest.mark.parametrize("whole", [True, False])
@pytest.mark.parametrize("normalize", [True, False])
@pytest.mark.parametrize("semantics", ["original", "mergekit"])
def test_votes_are_those_of_torch(experts, whole, normalize, semantics):
    vectors = _vectors(experts, (97, 101), whole)
    weights = [0.5 + 0.25 * place for place in range(experts)]
    asked = []
    for majority in (1.0, -1.0):
        options = (weights, normalize, semantics)
        expected = elementwise.ties(vectors, *options, lambda: majority)  # noqa: B023
        found = voting.ties(vectors, *options, lambda: asked.append(1) or majority)  # noqa: B023
        assert torch.equal(found, expected)
    tied = semantics == "original" and whole and experts > 1
    assert len(asked) == (2 if tied else 0)


@pytest.mark.parametrize("experts", [1, 2, 4, 5])
def test_a_balance_is_the_sum_of_the_elected_signs(experts):
    vectors = _vectors(experts, (4097,), whole=True)
    assert voting.balance(vectors) == float(elementwise.elected_signs(vectors).sum())


def test_what_is_not_finite_is_left_to_torch():
    vectors = [torch.tensor([[1.0, torch.inf]]), torch.tensor([[2.0, 1.0]])]
    options = ([1.0, 1.0], True, "original", lambda: 1.0)
    assert torch.equal(voting.ties(vectors, *options), elementwise.ties(vectors, *options))
    assert voting.ties([torch.ones(0, 3)] * 2, *options).shape == (0, 3)
