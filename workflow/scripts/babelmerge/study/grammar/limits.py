"""How much a study may ask for: beyond it a plan takes minutes and no machine would ever end it.

Counted before anything is enumerated, so that `combinations: 10` of forty experts is an error and
no wait.
"""

LANGUAGES = 1000
DATASETS = 1000
EXPERTS = 2500  # with the states that are kept along training
GROUPS = 2500
MERGES = 10_000
POINTS = 1000  # of a grid: a sweep makes and scores a model for each
SEARCHED = 10_000  # points of a search
ALL_POINTS = 100_000  # of all grids and searches, over all groups
EVALUATIONS = 250_000  # a model on a data set
BANDS = 64  # along the layers, of a search
DEEPEST = 20  # merges of merges of …
REMEDY = "Leave some out, or make several studies of it."


def most(number: int, what: str) -> str:
    """What is expected where there is too much."""
    return f"at most {number:,} {what}"
