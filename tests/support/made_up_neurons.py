"""Made-up rates of neurons of a translation study, for tests of what is shown of them.

The shape is real: rates skewed to small ones, neurons of one language most often at the bottom and
the top, experts that move the upper third most, merges between them. Every number is invented.
"""

import numpy as np
import pandas as pd

from babelmerge.analysis.neurons import rows as neuron_rows

METHODS = ("task_arithmetic", "ties", "dare", "sce")


def datasets(codes, into=True):
    pair = "{}-en" if into else "en-{}"
    return {f"translation/{pair.format(code)}": code for code in codes}


def owners(codes, into=True):
    sets = datasets(codes, into)
    return {name: name.replace("translation", "experts") for name in sets}


def rates(codes=("hi", "bn", "ta", "te"), blocks=36, width=300, into=True, merges=METHODS, seed=0):
    """model -> (data sets, blocks, width): base, an expert each, one joint model, merges."""
    draw = np.random.default_rng(seed)
    shape = (len(codes), blocks, width)
    depth = np.linspace(0, 1, blocks)[None, :, None]
    base = _logits(draw, shape, 0.4 + 2 * (np.abs(depth - 0.45) > 0.4))
    moved = {}
    for place, own in enumerate(owners(codes, into).values()):
        shift = draw.normal(size=(1, blocks, width)) * (0.3 + 0.7 * depth)
        moved[own] = shift + draw.normal(size=shape) * 0.1
        moved[own][place] += (draw.random((blocks, width)) < 0.05 * depth[0] ** 2) * 3
    mean = np.mean(list(moved.values()), axis=0)
    found = {"base": base, **{name: base + shift for name, shift in moved.items()}}
    found["joint/all"] = base + mean + 0.4 * draw.normal(size=(1, blocks, width))
    for at, method in enumerate(merges):
        noise = draw.normal(size=(1, blocks, width)) * 0.08 * at
        found[f"merges/all-to-one/{method}"] = base + (0.5 + 0.2 * at) * mean + noise
    return {model: 1 / (1 + np.exp(-logits)) for model, logits in found.items()}


def skewed(seed=0, languages=4, layers=3, width=50, tokens=10_007, dead=0):
    """Rates without a story: (languages, layers, width), skewed to small ones."""
    draw = np.random.default_rng(seed)
    rates = draw.beta(0.5, 2.0, (languages, layers, width))
    rates = np.round(rates * tokens) / tokens
    rates[:, 0, :dead] = 0
    return rates


def _logits(draw, shape, spread):
    shared = draw.normal(-1.5, 1.5, (1, *shape[1:]))
    return shared + draw.normal(size=shape) * spread * (draw.random(shape) < 0.2)


def neurons(codes=("hi", "bn", "ta", "te"), into=True, owned=None, **sizes):
    """The long table comparisons/neurons/{direction}.{span}.tsv."""
    found, sets = rates(codes, into=into, **sizes), datasets(codes, into)
    owned = owners(codes, into) if owned is None else owned
    return pd.DataFrame(neuron_rows.selection_rows(found, sets, owned))


def usage(codes=("hi", "bn", "ta", "te"), into=True, owned=None, **sizes):
    """The long table comparisons/usage_alignment/{direction}.{span}.tsv."""
    found, sets = rates(codes, into=into, **sizes), list(datasets(codes, into))
    owned = owners(codes, into) if owned is None else owned
    return pd.DataFrame(neuron_rows.usage_rows(found, sets, owned, shuffles=40))
