"""Mistakes stop at parse or in the data step, in words that name file, key and remedy."""

import pytest
from copies import Project, copy_project

pytestmark = pytest.mark.e2e
STUDY = "tests/e2e/studies/pico.yaml"
FILES = """
corpora:
  controlled: null
  mine: {files: {en: "{split}.en", hi: "{split}.hi", bn: "{split}.bn"}}
tasks:
  translation:
    train: {corpus: mine, split: train, size: null}
    dev: {corpus: mine, split: dev, size: null}
    test: {corpus: mine, split: test, size: null}
"""


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    return copy_project(tmp_path_factory.mktemp("errors") / "project")


@pytest.fixture
def mine(fresh, tmp_path):
    """A study on plain text files, sound until a test breaks it."""
    data = tmp_path / "data"
    data.mkdir()
    for split, count in (("train", 20), ("dev", 3), ("test", 3)):
        for language in ("en", "hi", "bn"):
            text = "".join(f"{split} {language} sentence {i}\n" for i in range(count))
            (data / f"{split}.{language}").write_text(text, encoding="utf-8")
    study = tmp_path / f"mine{tmp_path.name.replace('_', '')}.yaml"
    study.write_text(f"extends: {fresh / STUDY}\n{FILES}")
    project = Project(fresh, f"{study}")
    project.data = data
    return project


def refused(project, *words: str) -> None:
    output = project.refused("--until", "check_data", config=[f"data={project.data}"])
    last = output[output.rindex("What went wrong:") :] if "What went wrong:" in output else output
    for word in words:
        assert word in last, f"{word!r} is not in:\n{output[-3000:]}"


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


def test_sides_that_differ_in_length(mine):
    with open(mine.data / "train.hi", "a", encoding="utf-8") as stream:
        stream.write("one more\n")
    refused(mine, "train.hi", "20", "21")


def test_text_that_is_not_utf8(mine):
    (mine.data / "dev.bn").write_bytes(b"good\n\xff\xfe bad\ngood\n")
    refused(mine, "dev.bn", "UTF-8")


def test_test_data_that_stands_in_training(mine):
    for language in ("en", "hi", "bn"):
        leaked = (mine.data / f"test.{language}").read_text().splitlines()[0]
        with open(mine.data / f"train.{language}", "a", encoding="utf-8") as stream:
            stream.write(leaked + "\n")
    refused(mine, "test", "overlap: drop")


def test_a_missing_file(mine):
    (mine.data / "dev.hi").unlink()
    refused(mine, "dev.hi", "missing")
