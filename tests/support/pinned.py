"""Sentences and items of the controlled corpus that were read with care, a file a language."""

from functools import cache

import yaml
from places import ROOT

FOLDER = ROOT / "tests" / "unit" / "data" / "controlled" / "pinned"


@cache
def pinned(language: str) -> dict:
    """What is pinned of a language: ``sentences`` (by the English one), and items by kind."""
    return yaml.safe_load((FOLDER / f"{language}.yaml").read_text(encoding="utf-8"))
