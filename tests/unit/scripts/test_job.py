"""A job that used code which its fingerprint leaves out must not pass for one that did not."""

import contextlib
import json
import re
import runpy
import sys
import time
import types
from pathlib import Path

import pytest
from places import SCRIPTS


@pytest.fixture
def job(monkeypatch, tmp_path):
    """The module, with settings of one job: rule "merge_models"."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("BABELMERGE_WARM", raising=False)
    monkeypatch.syspath_prepend(str(SCRIPTS))
    import job

    monkeypatch.setattr(job.logging.getLogger(), "handlers", [])
    (tmp_path / "logs").mkdir()
    return job


class Named(dict):
    """As Snakemake has them: a mapping whose entries are attributes too."""

    __getattr__ = dict.get


def settings(**params):
    return types.SimpleNamespace(
        rule="merge_models",
        wildcards=Named(study="pico", model="ties"),
        log=["logs/job.log"],
        threads=1,
        input=Named(),
        output=["results/pico/outputs/a.jsonl"],
        params=Named(params),
    )


def load(monkeypatch, *names):
    for name in names:
        monkeypatch.setitem(sys.modules, name, types.ModuleType(name))


def test_a_module_of_a_room_that_is_left_out_fails_the_job(job, monkeypatch, capsys):
    load(monkeypatch, "made_up.adapters.knots", "made_up.adapters_too")
    with (
        pytest.raises(SystemExit),
        job.running(settings(without=["made_up.alignment", "made_up.adapters"])),
    ):
        pass
    told = capsys.readouterr().err
    assert "rule merge_models says that this job has no use for made_up.adapters.knots" in told
    assert "fault of the workflow" in told


def test_exactly_the_rooms_that_are_left_out_count(job, monkeypatch):
    load(monkeypatch, "made_up.adapters_too", "made_up")
    with job.running(settings(without=["made_up.adapters", "adapters_too"])):
        pass
    with job.running(settings()):
        pass
    assert job.loaded(["made_up"]) == ["made_up", "made_up.adapters_too"]


def test_a_job_that_fails_tells_its_own_error(job, monkeypatch, capsys):
    load(monkeypatch, "made_up.adapters")
    with pytest.raises(SystemExit), job.running(settings(without=["made_up.adapters"])):
        raise ValueError("its own")
    assert "its own" in capsys.readouterr().err


def test_a_job_that_keeps_runs_once_for_the_same_settings(job):
    def made(**params):
        """Whether the job's script ran."""
        ran = []
        one = settings(**params)
        with contextlib.suppress(SystemExit), job.running(one, keeps=True):
            Path(one.output[0]).parent.mkdir(parents=True, exist_ok=True)
            Path(one.output[0]).write_text(params["cfg"])
            ran.append(True)
        assert Path(one.output[0]).read_text() == params["cfg"]
        return bool(ran)

    assert made(cfg="a", code="1")
    Path("results/pico/outputs/a.jsonl").unlink()  # as Snakemake does before a job
    assert not made(cfg="a", code="1")
    assert made(cfg="b", code="1") and made(cfg="b", code="2") and not made(cfg="b", code="2")


def test_a_job_that_fails_keeps_nothing(job):
    one = settings(cfg="a")
    Path("results/pico/outputs").mkdir(parents=True)
    Path(one.output[0]).write_text("whole")
    with job.running(one, keeps=True):
        pass
    one.params["cfg"] = "b"
    with pytest.raises(SystemExit), job.running(one, keeps=True):
        raise ValueError("it broke")
    one.params["cfg"] = "a"
    ran = []
    with job.running(one, keeps=True):
        ran.append(True)
    assert ran


def test_a_job_that_failed_is_done_again_by_the_next_run(job):
    one = settings(cfg="a")
    with pytest.raises(SystemExit), job.running(one, keeps=True):
        raise ValueError("it broke")
    again = dict(job.made.stale("results/pico", "digests.json"))
    assert again == {one.output[0]: "the job that makes it did not end"}


def test_a_job_whose_code_was_edited_while_it_ran_is_done_again(job, monkeypatch):
    main = types.SimpleNamespace(__file__=str(SCRIPTS / "score.py"))
    monkeypatch.setitem(sys.modules, "__main__", main)
    code = job.fingerprints.Tree(SCRIPTS).code(SCRIPTS / "score.py")
    Path("results/pico/outputs").mkdir(parents=True)
    for planned, found in ((code, {}), ("another", {"the code was edited while it was made"})):
        one = settings(code=planned)
        with job.running(one):
            Path(one.output[0]).write_text("made")
        assert set(dict(job.made.stale("results/pico", "digests.json")).values()) == set(found)


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), RuntimeError("I/O: No space left on device")]
)
def test_a_full_disk_is_told_with_its_place_whoever_found_it(job, capsys, error):
    Path("results").mkdir()
    with pytest.raises(SystemExit), job.running(settings()):
        raise error
    told = capsys.readouterr().err
    assert f"{Path('results').resolve()}: the disk is full" in told and "make room" in told
    assert Path("logs/errors.txt").read_text() in told


def test_a_job_that_could_not_do_all_is_done_again_by_the_next_run_and_says_why(job):
    one = settings(cfg="a")
    Path("results/pico/outputs").mkdir(parents=True)
    for reasons in (["nobody answered", "and more"], []):
        left: list[str] = []
        with job.running(one, again=left):
            Path(one.output[0]).write_text("some")
            left += reasons
        stale = dict(job.made.stale("results/pico", "digests.json"))
        assert stale == ({one.output[0]: reasons[0]} if reasons else {})


def test_models_that_the_hub_has_not_answered_for_are_asked_for_again(job, monkeypatch):
    """The file that says what was looked up holds no others."""
    models = {name: {"hub": f"x/{name}", "revision": None} for name in ("base", "joint")}
    one = settings(cfg=models)
    one.output = ["results/pico/hub.json"]
    Path("results/pico").mkdir(parents=True)
    for silent in (["x/joint"], []):
        monkeypatch.setattr("babelmerge.models.hub.looking_up.look_up", lambda _, s=silent: s)
        runpy.run_path(str(SCRIPTS / "check_hub.py"), {"snakemake": one})
        found = json.loads(Path(one.output[0]).read_text())
        assert found == {k: v for k, v in models.items() if v["hub"] not in silent}
        stale = dict(job.made.stale("results/pico", "digests.json"))
        told = {one.output[0]: "the hub has not answered for x/joint"}
        assert stale == (told if silent else {})


def test_the_log_ends_with_what_a_job_used(job):
    def tail():
        return Path("logs/job.log").read_text(encoding="utf-8").splitlines()[-1]

    def used():
        with job.running(settings()):
            if busy:
                until = time.process_time() + 0.3
                while time.process_time() < until:
                    pass
        found = re.search(r"done: ([\d.]+) s of CPU time, at most (\d+) MB of memory$", tail())
        return float(found[1]), int(found[2])

    busy = False
    before, _ = used()
    busy = True
    after, memory = used()
    assert 0.2 <= after - before < 10 and memory > 10
