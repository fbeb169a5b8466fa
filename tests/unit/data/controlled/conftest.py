"""Sentences and items that were read with care, a file a language."""

from functools import cache
from pathlib import Path

import pytest
import yaml

FOLDER = Path(__file__).parent / "pinned"


@cache
def read(language: str) -> dict:
    return yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))


@pytest.fixture
def pinned():
    """What is pinned of a language: ``sentences`` (by the English one), and items by kind."""
    return read
