"""What training cost: sums by hand, estimates, shares, prices, and published claims beside ours."""

import pandas as pd
import pytest
from places import ROOT

from babelmerge.analysis.cost import counting, figures, findings, tables
from babelmerge.analysis.cost.chapter import cost as chapter
from babelmerge.display.chapters import Parts
from babelmerge.files.long_tables import read_long

CFG = {"price": None, "directions": {"mood-xx": ["mood/fr", "mood/ja", "mood/zh"]}}
CASE = {
    "direction": "mood-xx",
    "group": "every",
    "joint": "joint/moods",
    "experts": ["experts/fr", "experts/ja", "experts/zh"],
    "merging": ["a", "b"],
    "sweeps": ["s"],
    "updates": [{"old": "experts/ja", "new": "experts/longer", "joint": "", "merging": ["c"]}],
}
MERGING = {name: {"seconds": s, "threads": 2} for name, s in {"a": 4, "b": 10, "c": 6}.items()}


def record(seconds, tokens, gpu=True, devices=1, **settings):
    hours = seconds * devices / 3600 if gpu else 0.0
    return {
        "seconds": seconds,
        "tokens": tokens,
        "gpu_hours": hours,
        "devices": devices,
        "threads": 4,
        "settings": {"steps": None, "epochs": 3, **settings},
    }


def training(gpu=True, **settings):
    return {
        "joint/moods": record(300, 9000, gpu, 2, **settings),
        "experts/fr": record(100, 3000, gpu),
        "experts/ja": record(120, 3000, gpu),
        "experts/zh": record(80, 3000, gpu),
        "experts/longer": record(240, 6000, gpu),
    }


def table(tmp_path, case=CASE, given=None):
    rows = counting.rows(case, given or training(), MERGING, {"s": 90.0})
    path = tmp_path / "cost.tsv"
    pd.DataFrame(rows).to_csv(path, sep="\t", index=False)
    return read_long(path)


def number(long, part, way, measure):
    rows = long[(long["part"] == part) & (long["way"] == way) & (long["measure"] == measure)]
    return rows["value"].item()


def test_side_by_side_the_slowest_counts_and_work_is_the_time_of_all_devices(tmp_path):
    long = table(tmp_path)
    assert number(long, "new", "joint", "wall") == 300
    assert number(long, "new", "joint", "work") == 600  # two devices
    assert number(long, "new", "experts", "wall") == 120 + 10
    assert number(long, "new", "experts", "one") == number(long, "new", "experts", "work") == 310
    assert number(long, "new", "experts", "choosing") == 90
    assert number(long, "update", "experts", "wall") == 240 + 6


def test_on_cpus_work_counts_threads(tmp_path):
    long = table(tmp_path, given=training(gpu=False))
    assert set(long["unit"]) == {"CPU"}
    assert number(long, "new", "experts", "work") == 300 * 4 + 10 * 2


def test_joint_training_on_more_data_is_estimated_by_tokens_of_steps_it_is_the_same(tmp_path):
    long = table(tmp_path)
    assert number(long, "update", "joint", "wall") == pytest.approx(300 * 12000 / 9000)
    assert set(long.loc[long["part"] == "update", "estimated"]) == {"yes", ""}
    steps = table(tmp_path, given=training(steps=50, epochs=None))
    assert number(steps, "update", "joint", "wall") == 300
    update = CASE["updates"][0] | {"joint": "joint/more"}
    given = training() | {"joint/more": record(410, 12000)}
    measured = table(tmp_path, CASE | {"updates": [update]}, given)
    assert number(measured, "update", "joint", "wall") == 410
    assert set(measured["estimated"]) == {""}


def test_without_an_update_the_longest_expert_stands_for_one(tmp_path):
    long = table(tmp_path, CASE | {"updates": []})
    assert number(long, "update", "experts", "wall") == 120 + 10
    assert set(long.loc[long["part"] == "update", "what"]) == {"experts/ja"}


def test_the_table_has_shares_and_prices_where_the_study_says_what_an_hour_costs(tmp_path):
    long = table(tmp_path)
    plain = tables.table(long, CFG)
    assert [row.cells[0].aside for row in plain.rows] == ["", "43%", "", "62%"]
    assert [name for (name,) in plain.header] == [
        *("Minutes side by side", "Minutes one by one", "Merging, minutes"),
        *("GPU-minutes", "Thousand tokens"),
    ]
    priced = tables.table(long, CFG | {"price": {"per_hour": 36.0, "currency": "EUR"}})
    assert priced.rows[0].cells[-1].text == "6" and priced.header[-1] == ("Price, EUR",)
    assert len(figures.bars(long, CFG, "mood-xx").axes) == 2


def test_published_claims_stand_beside_ours_with_what_they_depend_on(tmp_path):
    published = read_long(ROOT / "resources/published/adapters.tsv")
    long = table(tmp_path)
    claims = list(findings.claims(long, published))
    assert len(claims) == 5
    assert claims[0].startswith("Up to 50% of the initial time saved (arXiv:2601.16127")
    assert claims[0].endswith("here 56.7%.")
    assert any("2.5 × less time" in claim and "here 1.6 ×" in claim for claim in claims)
    page = chapter(Parts(study=CFG, long={("cost",): long, ("published",): published}))
    assert findings.DEPENDS in page and "What was published" in page
    assert "What was published" not in chapter(Parts(study=CFG, long={("cost",): long}))


def test_a_case_of_several_directions_is_called_by_none(tmp_path):
    long = table(tmp_path)
    told = " ".join(findings.told(long, CFG | {"directions": {"mood-xx": []}}))
    assert told.startswith("Everything trained: 3 experts") and "Expert longer trained" in told
    assert "Mood" not in told and "Mood, everything trained" in " ".join(findings.told(long, CFG))
