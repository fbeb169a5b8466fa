"""Studies written to files."""

from pathlib import Path

import pytest


@pytest.fixture
def write(tmp_path):
    def write_(text: str, name: str = "small.yaml") -> Path:
        (tmp_path / name).write_text(text, encoding="utf-8")
        return tmp_path / name

    return write_
