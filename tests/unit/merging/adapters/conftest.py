"""A family of adapters that several files of tests merge; nobody changes it."""

import pytest
from made_up_adapters import Family


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    return Family(tmp_path_factory.mktemp("family"))
