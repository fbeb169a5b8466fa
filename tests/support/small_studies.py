"""Plans of the shipped studies, and a small study to write variants of."""

from functools import cache

import pytest
from places import STUDIES

from babelmerge.study.grammar import study
from babelmerge.study.grammar import yaml as study_yaml
from babelmerge.study.plan import expand as plan

SMALL = """
title: Small
languages: [en, hi, bn]
base: {path: models/base}
corpora:
  made: {controlled: {seed: 3}}
tasks:
  translation:
    kind: translation
    pairs: both-directions
    train: {corpus: made, size: 100}
    dev: {corpus: made, size: 10}
    test: {corpus: made, size: 20}
    prompt: "{source}"
training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4}
experts:
  pairs: {each: translation}
groups:
  many-to-one: [hi-en, bn-en]
methods:
  ties: {density: [0.4, 0.8], weight: [0.3, 0.5]}
"""


def changed(old: str, new: str) -> str:
    assert SMALL.count(old) == 1
    return SMALL.replace(old, new)


@cache
def shipped(name: str, data: str = "."):
    return plan.expand(study.load(STUDIES / f"{name}.yaml", data))


def miniature(**changes):
    """The miniature study, with other comparisons in `analysis` or other top-level keys."""
    mini = STUDIES / "translation-mini.yaml"
    data = study_yaml.load_tree(mini).data
    data["analysis"] |= changes.pop("analysis", {})
    return plan.expand(study.from_tree(study_yaml.Tree(str(mini), data | changes)))


def made(text: str, data: str = "."):
    return plan.expand(study.from_tree(study_yaml.Tree("made.yaml", study_yaml.parse(text)), data))


def error_of(path, expand=True) -> str:
    """What is said of a study that cannot be read."""
    with pytest.raises(study.StudyError) as caught:
        loaded = study.load(path)
        if expand:
            plan.expand(loaded)
    return str(caught.value)
