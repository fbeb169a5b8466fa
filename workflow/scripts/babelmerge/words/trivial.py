"""Trivial baselines by name: answers without any model, whose scores stand beside the models' own.

Which kinds of task have which is in `tasks`, how each answers in `evaluation.baselines`.
"""

from collections.abc import Mapping
from types import MappingProxyType

LABELS: Mapping[str, str] = MappingProxyType(
    {
        "words": "Words alone",
        "majority": "Majority class",
        "overlap": "Overlap with the question",
        "chance": "Chance",
        "lead": "First sentence",
    }
)
CHANCE = ("majority", "chance")  # what knows nothing but the labels or choices


def label(name: str) -> str:
    """What readers call a baseline."""
    return LABELS[name]
