"""`babelmerge run` becomes Snakemake with paths as the project's folder sees them."""

import os

import pytest

from babelmerge.command import arguments, run


@pytest.fixture
def command(monkeypatch):
    """What a command line becomes, and the folder that it is run in."""
    made = []
    monkeypatch.setattr(os, "execve", lambda program, words, environment: made.append(words))

    def become(*words):
        here = os.getcwd()
        options = arguments.parse(arguments.build_parser(), ["run", *words])
        options.run(options)
        folder = os.getcwd()
        os.chdir(here)
        return made[-1][3:], folder

    return become


def test_studies_and_data_are_found_from_where_the_command_is_given(command, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.yaml").touch()
    words, folder = command("mine.yaml", "config/studies/inspect.yaml", "--data", "texts")
    studies = f"studies={tmp_path / 'mine.yaml'},config/studies/inspect.yaml"
    assert words[-3:] == ["--config", studies, f"data={tmp_path / 'texts'}"]
    assert folder == str(run.PROJECT)


def test_what_stands_behind_two_dashes_goes_to_snakemake(command):
    words, _ = command("--cores", "3", "--", "--until", "sweep")
    assert words == ["--until", "sweep", "--quiet", "reason", "host", "--cores", "3"]
    words, _ = command("-n", "--profile", "slurm", "--", "--quiet", "all")
    assert words == ["--quiet", "all", "--dry-run", "--profile", "slurm"]


@pytest.mark.parametrize("word", [["--cores", "8"], ["--cores=8"], ["-c8"], ["-j", "8"]])
def test_cores_behind_two_dashes_are_the_only_ones(command, word):
    words, _ = command("--", *word)
    assert words == [*word, "--quiet", "reason", "host"]


def test_a_config_that_would_undo_the_studies_is_refused(command):
    given = ("config/studies/inspect.yaml", "--", "--config", "data=texts")
    with pytest.raises(ValueError, match="found --config behind --"):
        command(*given)
    assert command("--", "--config", "data=texts")[0][:2] == ["--config", "data=texts"]


def test_a_study_that_is_nowhere(command):
    with pytest.raises(ValueError, match="nowhere.yaml: no such study file, neither here nor in"):
        command("nowhere.yaml")
