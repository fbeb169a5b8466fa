"""The long table of faults and what is told of it: numbers by hand."""

import json
import math

import numpy as np
import pandas as pd
import pytest
from made_up_report import Named, Page, run_script

from babelmerge.analysis.outputs import chapter, counting, findings, tables
from babelmerge.display.chapters import Parts
from babelmerge.display.html import to_html
from babelmerge.evaluation import metrics

SOURCE, REFERENCE = "Ein rotes Haus steht am Wasser.", "A red house stands by the water."
OUTPUTS = [REFERENCE, SOURCE, "", "7 7 7 7 7 7 7 7 7 7 7 7 7 7 7 7"]


@pytest.fixture
def case(tmp_path):
    def of(model, outputs=OUTPUTS, cut=(), task="t", **more):
        unit = "en" if task == "sum" else "de-en"
        rows = [
            {"id": str(n), "source": SOURCE, "reference": REFERENCE, "output": output}
            for n, output in enumerate(outputs)
        ]
        name = model.replace("/", "-")
        lines = "".join(json.dumps(row) + "\n" for row in rows)
        (tmp_path / f"{name}.jsonl").write_text(lines, encoding="utf-8")
        (tmp_path / f"{name}.json").write_text(json.dumps({"unfinished": list(cut)}))
        facts = dict.fromkeys(counting.FACTS, "") | {"model": model, "dataset": f"{task}/{unit}"}
        files = {
            "outputs": str(tmp_path / f"{name}.jsonl"),
            "decoding": str(tmp_path / f"{name}.json"),
        }
        language = {"language": "en", "candidates": ["de", "en"]}
        return {**facts, "kind": model.split("/")[0].rstrip("s"), **files, **language, **more}

    return of


def values(table, model):
    own = table[table["model"] == model]
    return dict(zip(own["metric"], own["value"], strict=True))


def test_every_fault_is_a_share_of_the_outputs(case):
    found = values(counting.table([case("base", cut=["1", "3"])]), "base")
    assert found == {
        "empty": 0.25, "copied": 0.25, "repeated": 0.25, "numerals": 0.25,
        "off_target": pytest.approx(2 / 3), "unfinished": 0.5,
    }  # fmt: skip


def test_languages_of_translations_are_those_that_were_scored(case, tmp_path):
    path = tmp_path / "scored.tsv"
    metrics.write_sentences(path, {"off_target": np.array([[1, 1], [0, 1], [0, 0], [1, 1]])})
    table = counting.table([case("base", sentences=str(path))])
    own = table[table["metric"] == "off_target"].iloc[0]
    assert own["value"] == pytest.approx(2 / 3) and own["n"] == 3
    nothing = np.zeros((4, 2), np.int64)
    metrics.write_sentences(path, {"off_target": nothing})
    assert math.isnan(
        values(counting.table([case("base", sentences=str(path))]), "base")["off_target"]
    )


@pytest.fixture
def table(case):
    good = [REFERENCE] * 3
    return counting.table(
        [
            case("merges/g/ties", ["12 34 56 78"] * 4),
            case("base"),
            case("joint/all", good),
            case("experts/de-en", good, task="sum"),
        ]
    ).assign(method=lambda rows: np.where(rows["kind"] == "merge", "ties", ""))


SHOWN = {"t-xx-en": ["t/de-en"], "sum-xx": ["sum/en"]}


def test_the_table_has_a_section_a_direction_and_a_row_a_system(table):
    found = tables.faults_table(table, SHOWN)
    rows = [(row.section, row.label) for row in found.rows]
    assert rows == [
        ("T, XX → English", "Base"),
        ("T, XX → English", "Joint all"),
        ("T, XX → English", "TIES, g"),
        ("Sum", "Experts (each on its own language)"),
    ]
    assert [cell.text for cell in found.rows[2].cells][:5] == ["4", "0.0", "0.0", "0.0", "100.0"]
    Page(to_html(found))
    assert tables.faults_table(table[:0], SHOWN) is None


def test_shares_of_a_direction_are_of_all_its_outputs(table):
    both = pd.concat([table, table.assign(dataset="t/fr-en", n=2 * table["n"], value=0.0)])
    own = tables.pooled(both, {"t-xx-en": ["t/de-en", "t/fr-en"]})
    own = own[(own["system"] == "Base") & (own["metric"] == "copied")].iloc[0]
    assert own["n"] == 12 and own["value"] == pytest.approx(1 / 12)


def test_what_fails_most_is_told_and_what_hardly_fails_is_not(table):
    told = list(findings.most(table, SHOWN))
    assert told[3].startswith("Numerals: 100% of the outputs of TIES, g (T, XX → English), most")
    assert not any(line.startswith("Unfinished") for line in told)
    assert told[4].startswith("Off target: 67% of the 3 outputs (of 4) that can be judged of Base")
    parts = Parts({"directions": SHOWN}, {("outputs",): table}, tables={("outputs",): "<p>t</p>"})
    content = chapter.outputs(parts)
    Page(content)
    assert "<p>t</p>" in content and "Numerals" in content
    assert chapter.outputs(Parts({"directions": {}})) == ""


def test_scripts_lead_from_outputs_to_a_chapter(case, tmp_path, monkeypatch):
    own = {"source_language": "de", "target_language": "en"}
    cases = [case("base", cut=["1"]), case("merges/g/ties", method="ties")]
    long, fragment = tmp_path / "outputs.tsv", tmp_path / "shown.html"
    run_script("compare_outputs", tmp_path, monkeypatch, [], [str(long)], cases)
    made = [str(tmp_path / f"shown.{ending}") for ending in ("tsv", "html")]
    run_script("table_outputs", tmp_path, monkeypatch, [str(long)], made, {"t-xx-en": ["t/de-en"]})
    assert "How outputs fail" in fragment.read_text()
    models = ["base", "merges/g/ties"]
    sample = {"group": "g", "dataset": "t/de-en", **own, "models": models}
    keys = {"long": [["outputs"]], "figures": [], "tables": [["outputs"]]}
    cfg = {"study": {"directions": {"t-xx-en": ["t/de-en"]}, "samples": [sample]}, **keys}
    files = Named(
        long=[str(long)],
        figures=[],
        tables=[str(fragment)],
        outputs=[one["outputs"] for one in cases],
        decodings=[one["decoding"] for one in cases],
    )
    page = tmp_path / "chapter.html"
    run_script("chapter_outputs", tmp_path, monkeypatch, files, [str(page)], cfg)
    content = page.read_text()
    Page(content)
    assert "<h4>Base (copied, unfinished)</h4>" in content and "<h4>TIES (copied)</h4>" in content
