"""Architectures that cannot keep rows apart are named while the study is read."""

import json

import pytest
from small_studies import changed, made

from babelmerge.study.checks import packing
from babelmerge.study.grammar import decoders
from babelmerge.study.grammar.yaml import StudyError

TRAINING = "training: {learning_rate: 1.0e-3, steps: 10, batch_size: 4"
PACKED = changed(TRAINING, f"{TRAINING}, packing: true")


@pytest.mark.parametrize("model_type", ["llama", "gpt2", "bloom", "mamba"])
def test_a_base_is_known_by_its_type(tmp_path, model_type):
    (tmp_path / "config.json").write_text(json.dumps({"model_type": model_type}))
    here = PACKED.replace("base: {path: models/base}", f"base: {{path: {tmp_path}}}")
    if model_type in ("llama", "gpt2"):
        packing.check(made(here))
    else:
        with pytest.raises(StudyError, match=f"packing: found true .* of type {model_type}"):
            packing.check(made(here))
        packing.check(made(here.replace(", packing: true", "")))


def test_what_is_not_known_is_left_to_the_job():
    packing.check(made(PACKED.replace("{path: models/base}", "{hub: some/name}")))
    assert decoders.takes_positions("no_such_type") is None
