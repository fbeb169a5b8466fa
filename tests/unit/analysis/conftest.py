"""Long tables that several files of tests look at; nobody changes them."""

import made_up_similarity as made_up
import pytest
from made_up_similarity import SMALL, TWO


@pytest.fixture(scope="session")
def cka():
    return made_up.cka(TWO, **SMALL)


@pytest.fixture(scope="session")
def angles():
    return made_up.angles(TWO, ranks=(8, 4, 2), **SMALL)


@pytest.fixture(scope="session")
def ownerless():
    names = ["base", "experts/alpha", "experts/beta", "experts/gamma"]
    return made_up.cka(("hi",), owned=False, names=names, **SMALL)
