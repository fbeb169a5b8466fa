"""What is read of what models write: whose outputs, by which files, which samples."""

import pytest
from small_studies import changed, made, shipped

from babelmerge.study.graph import evaluate, outputs, paths, report, score_chapters

SUMMARIES = """
  summaries:
    kind: summarization
    languages: [en, de]
    train: {corpus: made, size: 50}
    test: {corpus: made, size: 20}
    prompt: "{document}"
  felt:
    kind: classification
    languages: [en, de]
    labels: [negative, neutral, positive]
    test: {corpus: made, size: 5}
    prompt: "{text}?"
training:"""


@pytest.fixture(scope="module")
def several():
    text = changed("\ntraining:", SUMMARIES).replace("[en, hi, bn]", "[en, hi, bn, de]")
    text = text.replace("pairs: both-directions", "pairs: [hi-en, bn-en]")
    return made(text)


def test_texts_in_pairs_and_in_languages_are_read_and_choices_are_not(several):
    assert {d.split("/")[0] for d in outputs.written(several)} == {"translation", "summaries"}
    assert set(outputs.directions(several)) == {"translation-xx-en", "summaries-xx"}
    own = {case["dataset"]: case for case in outputs.settings(several)}
    assert "sentences" in own["translation/hi-en"], "which languages were judged already"
    summary = own["summaries/de"]
    assert summary["language"] == "de" and summary["candidates"] == ["de", "en"]
    settings = {d: evaluate.metric_settings(several, d) for d in several.datasets}
    assert settings["translation/hi-en"]["candidates"] == ["de", "en", "hi"], "German looks English"
    assert settings["summaries/de"]["candidates"] == ["de"]
    experts = [c for c in outputs.settings(several) if c["kind"] == "expert"]
    assert {(c["expert"], c["dataset"]) for c in experts} == {
        (unit, f"translation/{unit}") for unit in ("hi-en", "bn-en")
    }
    assert len(outputs.inputs(several)) == sum(
        2 + ("sentences" in case) for case in outputs.settings(several)
    )


def test_a_study_without_written_answers_has_no_chapter():
    assert outputs.chapter(shipped("inspect")) is None
    assert "outputs" not in report.chapters_of(shipped("inspect"))


def test_samples_of_data_sets_in_no_group_are_shown_too(several):
    shown = outputs.samples(several)
    alone = [case for case in shown if "group" not in case]
    assert [case["dataset"] for case in alone] == ["summaries/en", "summaries/de"]
    assert all(case["models"] == ["base"] for case in alone)
    assert not outputs.samples(several, free=False), "of choices only those of merges"


@pytest.mark.parametrize("name", ["translation-mini", "pretraining"])
def test_samples_have_an_output_for_each_model_in_their_order(name):
    plan = shipped(name)
    chapter = outputs.chapter(plan)
    files = zip(chapter.files["outputs"], chapter.files["decodings"], strict=True)
    for case in chapter.study["samples"]:
        assert case["models"][0] == "base" and len(case["models"]) > 2
        assert any(model.startswith("joint/") for model in case["models"])
        for model in case["models"]:
            wanted = {"model": model, "dataset": case["dataset"]}
            assert next(files) == (
                paths.of(plan, paths.OUTPUT, **wanted), paths.of(plan, paths.DECODING, **wanted)
            )  # fmt: skip
    assert next(files, None) is None


def test_choices_that_models_make_stay_with_what_fails():
    plan = shipped("pretraining")
    failing, written = score_chapters.failures(plan), outputs.chapter(plan)
    tasks = {case["dataset"].split("/")[0] for case in failing.study["samples"]}
    assert "belebele" in tasks and "flores" not in tasks
    assert {case["dataset"].split("/")[0] for case in written.study["samples"]} == {"flores"}
    first = failing.study["samples"][0]
    assert failing.files["outputs"][0] == evaluate.output_file(plan, "base", first["dataset"])
