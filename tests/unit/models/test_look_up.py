"""Models on the hub are looked up before anything is fetched: repositories and revisions."""

import logging

import huggingface_hub.constants
import pytest
from stand_ins.hub import COMMIT, hub

from babelmerge.models import taking

REPOSITORIES = {"x/y": ["main", "step_1", "step_2"], "x/z": ["main"]}


@pytest.fixture
def asked(monkeypatch):
    """What a hub was asked, which is there as long as the test."""
    found: list[str] = []
    with hub(REPOSITORIES, found) as address:
        monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
        monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
        monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)
        yield found


def test_what_is_there_passes_and_a_repository_is_asked_once(asked):
    steps = {f"experts/x@{step}": ("x/y", f"step_{step}") for step in (1, 2)}
    taking.look_up({"base": ("x/z", None), "joint/j": ("x/y", "main"), **steps})
    assert sorted(asked) == ["/api/models/x/y/refs", "/api/models/x/z/refs"]
    taking.look_up({"base": ("x/y", COMMIT)})
    assert asked[-1].endswith(COMMIT)
    taking.look_up({})


def test_all_that_is_not_there_is_named_at_once_with_what_is(asked):
    wanted = {
        "base": ("x/y", "nope"),
        "experts/a": ("x/z", None),
        "experts/a@3": ("x/y", "step_3"),
        "baselines/b": ("q/r", None),
    }
    with pytest.raises(ValueError) as told:
        taking.look_up(wanted)
    base, step, baseline = str(told.value).splitlines()
    assert base.startswith("base: x/y has no revision nope; it has main, step_1, step_2.")
    assert "`revision`" in base and "`checkpoint_revision`" in base and "Did you mean" not in base
    assert step.startswith("experts/a@3: x/y has no revision step_3;")
    assert "Did you mean 'step_" in step
    assert baseline.startswith("baselines/b: q/r is not on the hub") and "`hub`" in baseline


def test_many_problems_are_told_in_few_lines(asked):
    wanted = {f"experts/e{n}@{step}": ("x/y", step) for n in range(3) for step in ("a", "b")}
    with pytest.raises(ValueError) as told:
        taking.look_up(wanted)
    first, second = str(told.value).splitlines()
    assert first.startswith("experts/e0@a and 2 more: x/y has no revision a;")
    assert second.startswith("experts/e0@b and 2 more: x/y has no revision b;")
    with pytest.raises(ValueError) as told:
        taking.look_up({f"experts/e@{step}": ("x/z", f"step-{step}") for step in range(40)})
    *lines, last = str(told.value).splitlines()
    assert len(lines) == taking.MOST_TOLD and last == f"… and {40 - len(lines)} more like these"


def test_a_download_of_a_revision_that_is_not_there_says_the_same(asked, tmp_path):
    with pytest.raises(ValueError, match="x/z has no revision v2; it has main"):
        taking.download("x/z", "v2", tmp_path)


def test_a_hub_that_does_not_answer_has_not_said_no(monkeypatch, caplog):
    with hub(REPOSITORIES) as address:
        pass  # nobody is there any more
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
    with caplog.at_level(logging.WARNING):
        taking.look_up({"base": ("x/y", "nope"), "baselines/b": ("q/r", None)})
    assert [record.message[:42] for record in caplog.records] == [
        "models on the hub are not looked up: [Errn"
    ]
