"""Made-up pooled states of a translation study, for tests of what is shown of CKA and angles.

The shape is real: spectra that fall off, experts that leave the base more the deeper the layer and
most in the last block, merges between them; experts part in the target span only. Every number is
invented.
"""

import numpy as np
import pandas as pd

from babelmerge.analysis.angles import rows as geometry_pairs
from babelmerge.analysis.cka import rows as similarity_rows

METHODS = ("task_arithmetic", "ties", "dare", "sce")
CODES = ("hi", "bn", "ta", "te")
TWO = ("hi", "bn")
SMALL = {"blocks": 6, "sentences": 24, "features": 16}  # early 0-1, mid 2-4, late 5-6
HINDI = "translation/hi-en"
MAIN = {"all-to-one": [f"translation/{code}-en" for code in CODES]}


def dataset(code, into=True):
    return f"translation/{code}-en" if into else f"translation/en-{code}"


def models(codes=CODES, into=True, methods=METHODS, group="all-to-one"):
    experts = [dataset(code, into).replace("translation", "experts") for code in codes]
    return ["base", *experts, *(f"merges/{group}/{method}" for method in methods)]


def states(names, blocks=36, sentences=96, features=64, apart=1.0, seed=0):
    """model -> its layers 0..L and norm; apart: how far experts leave each other."""
    draw = np.random.default_rng(seed)
    spectrum = np.arange(1, features + 1) ** -0.6
    found = {name: [] for name in names}
    for layer in range(blocks + 2):
        depth = min(layer / blocks, 1.0)
        drift = 0.1 + 0.7 * depth**2 + 1.2 * (layer == blocks)
        base = draw.normal(size=(sentences, features)) * spectrum
        common = draw.normal(size=base.shape) * spectrum
        moved = {}
        for name in names:
            own = draw.normal(size=base.shape) * spectrum
            moved[name] = drift * (0.6 * common + apart * own) * (name != "base")
        experts = [moved[name] for name in names if name.startswith("experts")]
        for place, name in enumerate(name for name in names if name.startswith("merges")):
            moved[name] = np.mean(experts, axis=0) * (0.6 + 0.2 * place) + 0.1 * moved[name]
        for name in names:
            found[name].append((base + moved[name]).astype(np.float32))
    return found


def _rows(make, codes, into, span, owned, names, sizes, **options):
    names = names or models(codes, into)
    apart = 1.0 if span == "target" else 0.3
    peers = models(codes, into, ())[1:]
    parts = []
    for at, code in enumerate(codes):
        owner = dataset(code, into).replace("translation", "experts") if owned else ""
        given = states(names, apart=apart, seed=at, **sizes)
        rows = pd.DataFrame(make(given, owner, peers=peers if owned else (), **options))
        parts.append(rows.assign(dataset=dataset(code, into), owner=owner, span=span))
    return pd.concat(parts, ignore_index=True)


def cka(codes=CODES, into=True, span="target", owned=True, names=None, **sizes):
    """The long table comparisons/cka/{direction}.{span}.tsv."""
    return _rows(similarity_rows.rows, codes, into, span, owned, names, sizes, resamples=60)


def angles(
    codes=CODES, into=True, span="target", owned=True, names=None, ranks=(16, 8, 4), **sizes
):
    """The long table comparisons/angles/{direction}.{span}.tsv, `rank` as text as files have it."""
    rows = _rows(geometry_pairs.rows, codes, into, span, owned, names, sizes, ranks=ranks)
    return rows.assign(rank=rows["rank"].astype(str))
