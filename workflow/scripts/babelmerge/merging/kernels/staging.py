"""The stages of a merge that does nothing but add up, to be changed field by field. No torch."""

import numpy as np

from babelmerge.merging.kernels.blocks import SUM, Stages

EVERYWHERE = np.iinfo(np.int64).max  # a cutoff behind every element


def stages(experts: int, **changes: np.ndarray | np.generic | int) -> Stages:
    """Stages that add up whole task vectors, with the fields given replaced."""
    ones = np.ones(experts, np.float32)
    plain = Stages(
        keep=0,
        limits=np.zeros(experts, np.float32),
        cutoffs=np.full(experts, EVERYWHERE),
        ceilings=np.full(experts, np.inf, np.float32),
        ceiling_cutoffs=np.zeros(experts, np.int64),
        keys=np.zeros(experts, np.uint64),
        cuts=np.zeros(experts, np.uint64),
        scales=ones,
        lows=ones,
        epsilons=np.zeros(experts, np.float32),
        divided=0,
        marks=np.empty((experts, 0), np.uint8),
        across=1,
        inner=1,
        combine=SUM,
        voters=ones,
        weights=ones,
        normalize=0,
        divisor=np.float32(1),
        majority=np.float32(1),
        variance_limit=np.float32(0),
        variance_cutoff=np.int64(-1),
        factor=np.float32(1),
    )
    return plain._replace(**changes)
