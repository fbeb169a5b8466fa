"""Models on the hub are looked up before anything is fetched: repositories and revisions."""

import logging

import huggingface_hub.constants
import pytest
from stand_ins.hub import BROKEN, COMMIT, GATED, ODD, hub, silent, visitors

from babelmerge.models import taking
from babelmerge.models.hub import looking_up

ODD_ONES = dict.fromkeys((GATED, BROKEN, ODD), ["main"])
REPOSITORIES = {"x/y": ["main", "step_1", "step_2"], "x/z": ["main"], **ODD_ONES}


def lies_at(monkeypatch, address):
    monkeypatch.setattr(huggingface_hub.constants, "ENDPOINT", address)
    monkeypatch.setattr("huggingface_hub.hf_api.constants.ENDPOINT", address)
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", False)


@pytest.fixture
def asked(monkeypatch):
    """What a hub was asked, which is there as long as the test."""
    found: list[str] = []
    with hub(REPOSITORIES, found) as address:
        lies_at(monkeypatch, address)
        yield found


def test_what_is_there_passes_and_many_revisions_are_asked_for_at_once(asked):
    steps = {f"experts/x@{step}": ("x/y", f"step_{step}") for step in (1, 2)}
    wanted = {"base": ("x/z", None), "joint/j": ("x/y", "main"), **steps}
    assert looking_up.look_up(wanted) == []
    assert sorted(asked) == ["/api/models/x/y", "/api/models/x/y/refs", "/api/models/x/z"]
    assert looking_up.look_up({"base": ("x/y", COMMIT)}) == []
    assert asked[-1].endswith(COMMIT)
    assert looking_up.look_up({}) == []


def test_all_that_is_not_there_is_named_at_once_with_what_is(asked):
    wanted = {
        "base": ("x/y", "nope"),
        "experts/a": ("x/z", None),
        "experts/a@3": ("x/y", "step_3"),
        "baselines/b": ("q/r", None),
    }
    with pytest.raises(ValueError) as told:
        looking_up.look_up(wanted)
    base, step, baseline = str(told.value).splitlines()
    assert base.startswith("base: x/y has no revision nope; it has main, step_1, step_2.")
    assert "`revision`" in base and "`checkpoint_revision`" in base and "Did you mean" not in base
    assert step.startswith("experts/a@3: x/y has no revision step_3;")
    assert "Did you mean 'step_" in step
    assert baseline.startswith("baselines/b: q/r is not on the hub") and "`hub`" in baseline


def test_many_problems_are_told_in_few_lines(asked):
    wanted = {f"experts/e{n}@{step}": ("x/y", step) for n in range(3) for step in ("a", "b")}
    with pytest.raises(ValueError) as told:
        looking_up.look_up(wanted)
    first, second = str(told.value).splitlines()
    assert first.startswith("experts/e0@a and 2 more: x/y has no revision a;")
    assert second.startswith("experts/e0@b and 2 more: x/y has no revision b;")
    with pytest.raises(ValueError) as told:
        looking_up.look_up({f"experts/e@{step}": ("x/z", f"step-{step}") for step in range(40)})
    *lines, last = str(told.value).splitlines()
    assert len(lines) == looking_up.MOST_TOLD and last == f"… and {40 - len(lines)} more like these"


def test_a_download_of_a_revision_that_is_not_there_says_the_same(asked, tmp_path):
    with pytest.raises(ValueError, match="x/z has no revision v2; it has main"):
        taking.download("x/z", "v2", tmp_path)


@pytest.mark.parametrize(
    ("text", "why", "instead"),
    [
        ("https://huggingface.co/x/z", "is an address", "Write `hub: x/z`."),
        ("a/b/c", 'has more than one "/"', "owner/name."),
        ("x/z ", "ends with white space", "Write `hub: x/z`."),
    ],
)
def test_what_is_no_name_is_a_problem_of_that_model_alone(asked, text, why, instead):
    wanted = {"base": (text, None), "experts/a": ("x/z", "v2"), "experts/b": (text, "main")}
    with pytest.raises(ValueError) as told:
        looking_up.look_up(wanted)
    base, expert = str(told.value).splitlines()
    assert base.startswith("base and 1 more: `hub` is ") and why in base and "owner/name" in base
    assert base.endswith(instead) and expert.startswith("experts/a: x/z has no revision v2")
    assert not any("http" in path for path in asked), "nobody was asked for it"


def test_terms_that_are_not_accepted_are_told_before_a_fetch_fails(asked):
    with pytest.raises(ValueError) as told:
        looking_up.look_up({"base": (GATED, "main"), "experts/a": ("x/z", None)})
    (line,) = str(told.value).splitlines()
    assert line.startswith(f"base: {GATED} is given only to those who have accepted its terms")
    assert f"https://huggingface.co/{GATED}" in line and "hf auth login" in line


@pytest.mark.parametrize("first", [BROKEN, ODD])
def test_an_odd_answer_hides_no_problem_of_other_repositories(asked, caplog, first):
    wanted = {"base": (first, None), "experts/a": ("x/z", "v2")}
    with pytest.raises(ValueError, match="^experts/a: x/z has no revision v2; it has main"):
        looking_up.look_up(wanted)
    assert f"{first}: not looked up" in caplog.text
    assert looking_up.look_up({"base": (first, None), "experts/a": ("x/z", None)}) == [first]


UNANSWERED = {"base": ("x/y", "nope"), "baselines/b": ("q/r", None)}


def warnings(caplog):
    return [record.message[:38] for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_hub_that_is_not_there_has_not_said_no(monkeypatch, caplog):
    with hub(REPOSITORIES) as address:
        pass  # nobody is there any more
    lies_at(monkeypatch, address)
    assert looking_up.look_up(UNANSWERED) == ["x/y", "q/r"]
    assert warnings(caplog) == ["models on the hub are not looked up: ["]
    with pytest.raises(ValueError, match="^base: `hub` is 'a/b/c'"):
        looking_up.look_up({**UNANSWERED, "base": ("a/b/c", None)})


def test_a_machine_that_is_offline_asks_nobody(monkeypatch, asked, caplog):
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    assert looking_up.look_up(UNANSWERED) == ["x/y", "q/r"] and asked == []
    assert warnings(caplog) == ["models on the hub are not looked up: C"]


def test_a_server_that_never_answers_costs_one_limit_of_time(monkeypatch, caplog):
    monkeypatch.setattr(looking_up, "TIMEOUT", 0.3)
    with silent() as (address, listening):
        lies_at(monkeypatch, address)
        assert looking_up.look_up(UNANSWERED) == ["x/y", "q/r"]
        assert visitors(listening) == 1
        assert warnings(caplog) == ["models on the hub are not looked up: t"]
        from httpx2 import TransportError

        with pytest.raises(TransportError):
            looking_up.revisions("x/y")  # by itself the library would wait for ever
