"""What two experts are compared by, and which way round each number is. Imports nothing.

A study says which of these its merges are set against; tables and figures have their words here.
"""

import math
from typing import NamedTuple


class Measure(NamedTuple):
    """How two experts compare. alike: +1 when a larger value means more alike, else -1.

    none, same: the values of experts that have nothing in common, and of an expert with itself.
    """

    label: str
    alike: int
    none: float
    same: float


# Late layers and the target span, where the translation study sees experts part (5.3, 5.4); which
# span a value is of stands beside it.
MEASURES = {
    "cka_late": Measure("Debiased CKA, late layers", 1, 0.0, 1.0),
    "cka_last": Measure("Debiased CKA, last block", 1, 0.0, 1.0),
    "angle_late": Measure("Median principal angle (degrees), late layers", -1, math.nan, 0.0),
    "cosine": Measure("Cosine of task vectors", 1, 0.0, 1.0),
    "sign_conflict": Measure("Share of opposite signs in task vectors", -1, 0.5, 0.0),
    "norm_ratio": Measure("Smaller over larger norm of task vectors", 1, 0.0, 1.0),
    "typology": Measure("Typological distance of the languages", -1, math.nan, 0.0),
}
USUAL = tuple(MEASURES)
# Those of the pretraining study's Table 8, which a study asks for.
MEASURES |= {
    "cka_mean": Measure("Debiased CKA, mean over layers", 1, 0.0, 1.0),
    "cka_mean_biased": Measure("CKA, mean over layers", 1, math.nan, 1.0),
    "cosine_mean": Measure("Cosine of task vectors, mean over layers", 1, 0.0, 1.0),
    "stable_rank_difference": Measure(
        "Difference of stable ranks of task vectors", -1, math.nan, 0.0
    ),
    "norm_difference": Measure("Difference of norms of task vectors", -1, math.nan, 0.0),
}
