"""A model that several files of tests read; nobody changes it."""

import pytest
from tiny_training import make_model, make_tokenizer


@pytest.fixture(scope="session")
def model():
    return make_model(make_tokenizer(), num_hidden_layers=3).eval()
