"""Mistakes stop at parse or in the data step, in words that name file, key and remedy."""

from pathlib import Path

import pytest
from copies import Project, copy_project

pytestmark = pytest.mark.e2e
STUDY = "tests/e2e/studies/pico.yaml"
FILES = """
corpora:
  controlled: null
  mine: {files: {en: "NAME/{split}.en", hi: "NAME/{split}.hi", bn: "NAME/{split}.bn"}}
tasks:
  translation:
    train: {corpus: mine, split: train, size: null}
    dev: {corpus: mine, split: dev, size: null}
    test: {corpus: mine, split: test, size: null}
"""
LANGUAGES = ("en", "hi", "bn")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("errors") / "project")


def study_of_files(fresh: Path, data: Path, name: str) -> Path:
    """A study on plain text files, which lie in data/name; sound until it is spoilt."""
    (data / name).mkdir()
    for split, count in (("train", 20), ("dev", 3), ("test", 3)):
        for language in LANGUAGES:
            text = "".join(f"{split} {language} sentence {i}\n" for i in range(count))
            (data / name / f"{split}.{language}").write_text(text, encoding="utf-8")
    study = data / f"{name}.yaml"
    study.write_text(f"extends: {fresh / STUDY}\n{FILES.replace('NAME', name)}")
    return study


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("languages: [en, hi, bn]", "langauges: [en, hi, bn]", ["langauges", "languages"]),
        ("languages: [en, hi, bn]", "languages: [en, hi]", ["bn"]),
        ("[en-hi, hi-en]", "[en-hi, te-en]", ["both-ways", "te-en"]),
        ("weight: [0.5, 1.0]", "weight: []", ["task_arithmetic", "weight"]),
    ],
)
def test_a_broken_study_stops_at_parse(fresh, tmp_path, old, new, words):
    text = (
        (fresh / STUDY)
        .read_text()
        .replace(
            "../../../config/studies/translation-mini.yaml",
            str(fresh / "config/studies/translation-mini.yaml"),
        )
    )
    assert old in text
    study = tmp_path / "broken.yaml"
    study.write_text(text.replace(old, new))
    output = Project(fresh, str(study)).refused("--dry-run")
    for word in ["broken.yaml", *words]:
        assert word in output, output[-2000:]
    assert not (fresh / "results/broken").exists()


def sides_that_differ_in_length(files: Path) -> None:
    with open(files / "train.hi", "a", encoding="utf-8") as stream:
        stream.write("one more\n")


def text_that_is_not_utf8(files: Path) -> None:
    (files / "dev.bn").write_bytes(b"good\n\xff\xfe bad\ngood\n")


def data_of_the_test_in_training(files: Path) -> None:
    for language in LANGUAGES:
        leaked = (files / f"test.{language}").read_text().splitlines()[0]
        with open(files / f"train.{language}", "a", encoding="utf-8") as stream:
            stream.write(leaked + "\n")


SPOILT = {
    "uneven": (sides_that_differ_in_length, ["train.hi", "20", "21"]),
    "garbled": (text_that_is_not_utf8, ["dev.bn", "UTF-8"]),
    "leaked": (data_of_the_test_in_training, ["test", "overlap: drop"]),
}


def test_each_mistake_in_data_is_told_with_its_file(fresh, tmp_path):
    """One run of all these studies tells each mistake in the end."""
    studies = []
    for name, (spoil, _) in SPOILT.items():
        studies.append(str(study_of_files(fresh, tmp_path, name)))
        spoil(tmp_path / name)
    project = Project(fresh, f"[{','.join(studies)}]")
    output = project.refused("--until", "check_data", "--keep-going", config=[f"data={tmp_path}"])
    assert "What went wrong:" in output, output[-3000:]
    told = output[output.rindex("What went wrong:") :].split("(full trace:")
    for name, (_, words) in SPOILT.items():
        said = [one for one in told if f" {name} " in one]
        assert any(all(word in one for word in words) for one in said), (name, words, said)


def test_a_missing_file_stops_at_parse(fresh, tmp_path):
    study = study_of_files(fresh, tmp_path, "lacking")
    (tmp_path / "lacking/dev.hi").unlink()
    output = Project(fresh, str(study)).refused("--dry-run", config=[f"data={tmp_path}"])
    for word in ["dev.hi", "missing"]:
        assert word in output, output[-3000:]
