"""The report: one file, nothing fetched, its chapters in order; and the chapters of its own."""

import json
import re
from pathlib import Path

import made_up_report
import made_up_study
import pytest
from made_up_report import Page

from babelmerge.analysis.scores import tables
from babelmerge.display.chapters import Parts
from babelmerge.report import report, sections
from babelmerge.training.curves import training_curves
from babelmerge.words import names


@pytest.fixture
def chapters(tmp_path):
    """Three chapters, the second of which found nothing."""
    told = {
        "setup": ("Set-up", "<p>Words &amp; numbers.</p>"),
        "neurons": ("Neurons", ""),
        "merges": ("Merges <two>", '<p><a href="#merges">here</a></p>'),
    }
    for name, (_, body) in told.items():
        (tmp_path / f"{name}.html").write_text(body, encoding="utf-8")
    return [report.Chapter(n, title, tmp_path / f"{n}.html") for n, (title, _) in told.items()]


def test_one_file_that_fetches_nothing(chapters, tmp_path):
    path = report.write_report(tmp_path / "new" / "report.html", "small", chapters, "A title")
    content = path.read_text(encoding="utf-8")
    page = Page(content)
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    assert all(link.startswith(("#", "data:")) for link in page.links)
    for outside in ("<script", "<link", "<img", "@import", "http:", "url(http", "<?xml"):
        assert outside not in content, outside
    assert "<h1>A title</h1>" in content and "Study small" in content
    assert len(page.ids) == len(set(page.ids))


def test_chapters_in_order_without_those_that_say_nothing(chapters):
    content = report.render("small", chapters)
    anchors = [link for link in Page(content).links if link.startswith("#")]
    assert anchors == ["#setup", "#merges", "#merges"]
    assert "<p>Words &amp; numbers.</p>" in content and "<h2>Merges &lt;two&gt;</h2>" in content
    assert "Neurons" not in content and "<h1>small</h1>" in content
    assert content == report.render("small", chapters)


def test_the_set_up_tells_models_decoding_and_signatures(tmp_path):
    scores = made_up_study.scores()
    drawn = {("training",): training_curves({"base": made_up_study.curve()})}
    parts = Parts(
        {"languages": ["en", "xx"], "base": "small", "seed": 0},
        {("scores",): scores, ("signatures",): tables.signatures(scores).frame},
        made_up_report.saved(tmp_path, drawn),
        {("sizes",): "<p>sizes</p>", ("training",): "<p>costs</p>"},
    )
    with names.given({names.LANGUAGES: {"xx": "Ours"}}):
        content = sections.setup(parts, {"dtype": "float32", "signature": "s"})
    Page(content)
    for words in (
        "English and Ours",
        "1 base, 8 experts, 3 joint models and 24 merges",
        "signature s",
    ):
        assert words in content
    assert made_up_study.SIGNATURES["bleu"] in content and "<p>sizes</p><p>costs</p>" in content
    assert "Loss over training" in content and content.count("<svg") == 1
    Page(sections.setup(Parts()))


def test_signatures_of_decoding_are_told_once(tmp_path):
    paths = []
    for at, signature in enumerate("bab"):
        paths.append(tmp_path / f"{at}.json")
        paths[-1].write_text(json.dumps({"signature": signature}))
    told = sections.decoded({"max_new_tokens": 9}, paths)
    assert told == {"max_new_tokens": 9, "signature": "a; b"}
    assert sections.decoded({"max_new_tokens": 9}, []) == {}


def test_what_rounding_took_from_merges_is_told_where_it_is_felt(tmp_path):
    paths = {}
    for name, told in {"linear": {}, "ties": {"lost": 0.331}, "dare": {"lost": 0.004}}.items():
        path = paths[f"merges/all/{name}"] = str(tmp_path / name)
        Path(path).write_text(json.dumps({"files": {}} | ({"rounding": told} if told else {})))
    (told,) = sections.roundings(paths)
    assert "1 of 3 merges lose 1% or more" in told and "at most 33% (" in told and "TIES" in told
    del paths["merges/all/ties"]
    assert sections.roundings(paths) == sections.roundings({}) == []


def test_what_differs_between_vocabularies_is_told_once(tmp_path):
    paths = {}
    for name, told in {
        "ties": ["a has <x>"],
        "dare": ["a has <x>", "b lacks <y>"],
        "sce": [],
    }.items():
        path = paths[f"merges/all/{name}"] = str(tmp_path / name)
        Path(path).write_text(json.dumps({"files": {}} | ({"told": told} if told else {})))
    first, second = sections.vocabularies(paths)
    assert "TIES" in first and first.endswith("and 1 more merges: a has <x>.")
    assert "DARE" in second and second.endswith(": b lacks <y>.")


def test_what_made_the_report():
    training = tables.training(made_up_study.training()).frame.astype({"seed": str})
    parts = Parts({"warnings": ["ties: <weights> cancel"]}, {("training",): training})
    content = sections.reproducibility(parts, {"torch": "2.13"}, "a machine", "title: Made up\n")
    Page(content)
    assert "&lt;weights&gt;" in content and "Training seeds: 42." in content
    assert re.search("torch.*2.13.*machine.*a machine.*title: Made up", content)
    assert "seeds" not in sections.reproducibility(Parts(), {}, "m", "")
    assert "snakemake" in sections.versions()
