"""Ready models alone: looked at and compared, with nothing trained, merged or scored."""

import pandas as pd
import pytest

pytestmark = pytest.mark.e2e

STUDY = """
extends: {shipped}
base: {{path: {models}/base}}
experts:
  hi-en: {{path: {models}/experts/hi-en}}
  bn-en: {{path: {models}/experts/bn-en}}
  en-hi: {{of: null, path: {models}/experts/en-hi}}
  en-bn: null
corpora: {{texts: {{files: "{texts}/{{language}}.txt"}}}}
analysis: {{cka: {{resamples: 50}}}}
"""
RULES = {
    "fetch_model": 4,
    "represent": 12,
    "compare_neurons": 1,
    "compare_usage_alignment": 1,
    "compare_cka": 1,
    "compare_angles": 1,
    "compare_task_vectors": 1,
    "compare_compatibility": 1,
    "report": 1,
}


@pytest.fixture
def inspected(project, tmp_path):
    """The shipped study on the pico models, one of which owns no text; and the texts' folder."""
    texts = tmp_path / "texts"
    texts.mkdir()
    for file in project.path("resources/inspect").glob("*.txt"):
        lines = file.read_text(encoding="utf-8").splitlines()[:12]
        (texts / file.name).write_text("\n".join(lines), encoding="utf-8")
    shipped = project.path("config/studies/inspect.yaml")
    study = tmp_path / "looked-at.yaml"
    study.write_text(
        STUDY.format(shipped=shipped, models=project.result("models"), texts=texts),
        encoding="utf-8",
    )
    return type(project)(project.folder, str(study)), texts


def test_ready_models_are_compared_and_a_mended_text_is_read_again(inspected):
    project, texts = inspected
    good = (texts / "bn.txt").read_text(encoding="utf-8")
    (texts / "bn.txt").write_text(good.splitlines()[0], encoding="utf-8")
    told = project.refused()
    assert str(texts / "bn.txt") in told and "1 sentences in bn" in told
    (texts / "bn.txt").write_text(good, encoding="utf-8")
    jobs = project.run()
    assert {rule: jobs[rule] for rule in RULES if rule != "fetch_model"} == {
        rule: number for rule, number in RULES.items() if rule != "fetch_model"
    }
    unwanted = ("train", "merge", "sweep", "translate", "score", "collect", "select")
    assert not [rule for rule in jobs if rule.startswith(unwanted)]
    assert project.plan() == {}
    table = pd.read_csv(project.result("comparisons/compatibility.tsv"), sep="\t")
    pairs = table[table["measure"] == "cka_last"]
    assert len(pairs) == 3 and pairs["value"].notna().all()
    assert set(pairs["span"]) == {"source"}
    page = project.result("report.html").read_text(encoding="utf-8")
    assert "What was inspected" in page and "<svg" in page and "nothing was trained" in page
    rows = project.result("data/text/hi/test.jsonl").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 12
