"""Outputs of several models on the same rows, side by side."""

import json
import math

import made_up_study
from made_up_report import Page

from babelmerge.analysis.outputs import samples


def test_samples_carry_their_languages_and_are_escaped():
    nasty = {
        "dataset": "translation/en-ar",
        "source_language": "en",
        "target_language": "ar",
        "source": "<script>alert(1)</script>",
        "reference": "مرحبا",
        "outputs": {"experts/en-ar": "</div>", "merges/g/ties": "  "},
    }
    content = samples.side_by_side([*made_up_study.samples(), nasty])
    assert {"en", "hi", "bn", "ta", "te", "ar"} <= Page(content).languages
    assert "<script" not in content and "&lt;script&gt;" in content
    assert 'lang="ar" dir="rtl"' in content and "(nothing)" in content


def test_samples_of_a_group_stand_under_its_heading():
    first = made_up_study.samples()[0]
    content = samples.side_by_side([first, first | {"group": "many-to-one"}])
    assert "<summary>many-to-one: Hindi → English</summary>" in content
    assert "<h4>TIES</h4>" in content and "<h4>TIES, many-to-one</h4>" in content


def test_samples_are_the_first_sentences_of_every_models_outputs(tmp_path):
    paths = []
    for name in ("base", "expert"):
        rows = [{"source": f"s{n}", "reference": f"r{n}", "output": f"{name}{n}"} for n in range(9)]
        paths.append(str(tmp_path / f"{name}.jsonl"))
        (tmp_path / f"{name}.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    facts = {"group": "g", "dataset": "t/hi-en", "source_language": "hi", "target_language": "en"}
    found = list(samples.read([{**facts, "models": ["base", "experts/hi-en"]}], paths))
    assert len(found) == samples.SENTENCES and "models" not in found[0]
    assert found[2]["outputs"] == {"base": "base2", "experts/hi-en": "expert2"}
    assert found[0]["source"] == "s0" and found[0]["group"] == "g"


def test_a_sample_tells_how_its_output_fails(tmp_path):
    row = {"source": "A red house.", "reference": "Ein rotes Haus.", "output": "A red house."}
    (tmp_path / "base.jsonl").write_text(json.dumps({"id": "a", **row}) + "\n")
    (tmp_path / "base.json").write_text(json.dumps({"unfinished": ["a"]}))
    facts = {"dataset": "t/en-de", "source_language": "en", "target_language": "de"}
    paths = [str(tmp_path / "base.jsonl")], [str(tmp_path / "base.json")]
    found = list(samples.read([{**facts, "models": ["base"]}], *paths))
    assert found[0]["faults"] == {"base": ["copied", "unfinished"]}
    content = samples.side_by_side(found)
    assert "<h4>Base (copied, unfinished)</h4>" in content


def test_a_text_that_is_only_foretold_is_shown_by_its_cost(tmp_path):
    """-log2 p(text) a byte; of several choices the chosen one is shown as before."""
    text = "ein é"  # six bytes
    one = {"text": text, "log_likelihood": -12 * math.log(2)}
    rows = [
        {"source": text, "reference": text, "output": text, "choices": [one] * k} for k in (1, 2)
    ]
    (tmp_path / "base.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    facts = {"dataset": "t/de", "source_language": "de", "target_language": "de"}
    found = samples.read([{**facts, "models": ["base"]}], [str(tmp_path / "base.jsonl")])
    assert [sample["outputs"]["base"] for sample in found] == ["2.00 bits per byte", text]
