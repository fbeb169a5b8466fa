"""Models that several files of tests merge; nobody changes them."""

import pytest
import tiny_models
import torch


@pytest.fixture(scope="session")
def family(tmp_path_factory):
    return tiny_models.family(tmp_path_factory.mktemp("family"))


@pytest.fixture(scope="session")
def low_family(tmp_path_factory):
    return tiny_models.family(tmp_path_factory.mktemp("low"), tied=False, dtype=torch.bfloat16)
