"""The report on representations: sentences that turn with the numbers, a section without holes."""

import dataclasses
import re
from pathlib import Path

import made_up_report
import made_up_similarity as made_up
import numpy as np
import pandas as pd
import pytest
from made_up_report import run_script

from babelmerge.analysis.angles import chapter
from babelmerge.analysis.angles import figures as figures_angles
from babelmerge.analysis.angles import findings as about_angles
from babelmerge.analysis.angles import heatmap as figures_angle_pairs
from babelmerge.analysis.cka import figures as figures_cka
from babelmerge.analysis.cka import findings
from babelmerge.display.chapters import Parts
from babelmerge.display.tables import ENDINGS

STUDY = {"groups": {"many-to-one": ["translation/hi-en", "translation/bn-en"]}, "confidence": 0.9}
SMALL = {"blocks": 6, "sentences": 24, "features": 16}
LAYERS = [*map(str, range(7)), "norm"]  # early 0-1, mid 2-4, late 5-6
BANDS = {"early 0-1": [0, 1], "mid 2-4": [2, 3, 4], "late 5-6": [5, 6], "all 0-6": list(range(7))}
TIES, SCE = "merges/all-to-one/ties", "merges/all-to-one/sce"


def table(curves, width=0.01, codes=("hi",), **more):
    """A long table from (comparison, model, other) -> eight values; {own}: the data set's expert.

    biased is 0.05 above, the floor 0.4; without floor for angles.
    """
    rows = []
    for code in codes:
        dataset, own = f"translation/{code}-en", f"experts/{code}-en"
        for (comparison, *pair), values in curves.items():
            model, other = (name.format(own=own) for name in pair)
            at = {"dataset": dataset, "owner": own, "span": "target", "n": 100, **more}
            at |= {"comparison": comparison, "model": model, "other": other}
            means = {name: np.mean([values[at] for at in band]) for name, band in BANDS.items()}
            places = [("layer", *place) for place in zip(LAYERS, values, strict=True)]
            for level, where, value in [*places, *(("band", *item) for item in means.items())]:
                told = {**at, "level": level, "where": where}
                ends = {"low": value - width, "high": value + width}
                measures = {"debiased": value, "biased": value + 0.05, "floor": 0.4}
                for measure, number in measures.items():
                    rows.append({**told, "measure": measure, "value": number, **ends})
    return pd.DataFrame(rows)


FAR = [0.9, 0.9, 0.8, 0.8, 0.8, 0.7, 0.3, 0.5]
NEAR = [0.9, 0.9, 0.9, 0.9, 0.9, 0.9, 0.8, 0.9]
CURVES = {
    ("base-expert", "{own}", "base"): NEAR,
    ("expert-expert", "{own}", "others"): FAR,
    ("expert-merge", TIES, "{own}"): [0.9] * 6 + [0.94, 0.9],
    ("expert-merge", SCE, "{own}"): [0.9] * 6 + [0.86, 0.9],
    ("base-merge", TIES, "base"): [0.8] * 8,
    ("base-merge", SCE, "base"): [0.93] * 8,
}


# --- CKA ------------------------------------------------------------------------------------------


def test_bands_and_the_layer_where_experts_part():
    first, second, *_ = findings.cka(table(CURVES), "target")
    assert first == (
        "Over target tokens, debiased CKA between base and expert is 0.90 in early layers (0–1), "
        "0.90 in mid layers (2–4) and 0.85 in late layers (5–6); between an expert and the others "
        "0.90, 0.80 and 0.50."
    )
    assert "lowest in layer 6 (0.30) and falls most from layer 5 to 6 (by 0.40)" in second
    assert "the final norm makes it 0.50" in second
    early = {**CURVES, ("expert-expert", "{own}", "others"): [0.9, 0.2, *[0.8] * 6]}
    said = findings.cka(table(early), "target")[1]
    assert "lowest in layer 1 (0.20) and falls most from layer 0 to 1 (by 0.70)." in said
    flat = {**CURVES, ("expert-expert", "{own}", "others"): np.linspace(0.9, 0.893, 8)}
    assert "falls" not in findings.cka(table(flat), "target")[1]
    assert "(mean over 2 experts)" in findings.cka(table(CURVES, codes=("hi", "bn")), "target")[0]


def test_experts_against_the_base_with_and_without_certainty():
    said = " ".join(findings.cka(table(CURVES), "target"))
    assert (
        "more alike to each other than to the base in 0 of 1 case; intervals are apart the other "
        "way in 1." in said
    )
    wide = " ".join(findings.cka(table(CURVES, width=0.5), "target"))
    assert "in 0 of 1 case; the intervals overlap, so this may be chance." in wide
    turned = {**CURVES, ("expert-expert", "{own}", "others"): [0.99] * 8}
    assert "in 1 of 1 case; intervals are apart in 1." in " ".join(
        findings.cka(table(turned), "target")
    )


def test_merges_between_expert_and_base():
    said = " ".join(findings.cka(table(CURVES), "target"))
    # Late layers: TIES 0.92, SCE 0.88 with the expert; 0.80 and 0.93 with the base.
    assert "merges have a CKA of 0.90 with the expert and 0.86 with the base" in said
    assert (
        "nearer to the expert than the base is in 2 of 2 cases; intervals are apart in 2." in said
    )
    assert (
        "base than to the expert in 1 of 2 cases; intervals are apart in 1 of these and 1 of"
        in said
    )
    assert "TIES (0.920) is most like the experts, SCE (0.880) least" in said
    assert "the intervals are apart for 1 of 1 expert" in said
    near = table(CURVES, width=0.03)
    assert "SCE (0.880) least; the intervals overlap" in " ".join(findings.cka(near, "target"))
    few = " ".join(findings.cka(near.assign(low=np.nan, high=np.nan), "target"))
    assert "SCE (0.880) least; there are no intervals, so" in few and "overlap" not in few


def test_the_bias_is_told():
    last = findings.cka(table(CURVES), "target")[-1]
    assert last.startswith(
        "From 100 sentences, the biased estimate that papers print is up to 0.05"
    )
    assert "would be 0.40 for unrelated" in last


def test_spans_are_told_apart_by_intervals():
    source = {**CURVES, ("expert-expert", "{own}", "others"): NEAR}
    tables = {"source": table(source), "target": table(CURVES)}
    first, second = findings.spans(tables)
    assert (
        "an expert and the others is lower over target than over source tokens (0.50 against"
        in first
    )
    assert "0.85); the intervals are apart for 1 of 1 expert." in first
    assert "may be chance" in second
    other = {"source": tables["target"], "target": tables["source"]}
    assert "higher over target" in findings.spans(other)[0]
    assert findings.spans({"target": tables["target"]}) == []


def test_directions_are_ordered_and_hedged():
    near = {**CURVES, ("expert-expert", "{own}", "others"): NEAR}
    found = {"XX → English": {"target": table(CURVES)}, "English → XX": {"target": table(near)}}
    (said,) = findings.directions(found)
    assert "is 0.85 for English → XX and 0.50 for XX → English in late layers" in said
    assert said.endswith("the mean intervals do not overlap.")
    wide = {words: {"target": table(near, width=0.4)} for words in found}
    assert findings.directions(wide)[0].endswith("the mean intervals overlap.")
    assert findings.directions({"XX → English": found["XX → English"]}) == []


def test_cka_survives_what_is_missing():
    base = {pair: values for pair, values in CURVES.items() if pair[0] == "base-expert"}
    said = findings.cka(table(base), "source")
    assert len(said) == 3 and "others" not in " ".join(said)
    assert "CKA between base and expert is lowest in layer 6" in said[1]
    merges = {pair: values for pair, values in CURVES.items() if pair[0] == "base-merge"}
    assert findings.cka(table(merges), "source") == []
    assert findings.cka(table(CURVES).iloc[:0], "source") == []
    nothing = table(CURVES).assign(value=np.nan, low=np.nan, high=np.nan)
    assert "–" in findings.cka(nothing, "source")[0]


# --- Angles ---------------------------------------------------------------------------------------


TURNS = {
    ("base-expert", "{own}", "base"): [5, 5, 10, 10, 10, 15, 25, 20],
    ("expert-expert", "{own}", "others"): [5, 5, 10, 10, 10, 40, 60, 30],
    ("expert-merge", TIES, "{own}"): [5, 5, 5, 5, 5, 9, 9, 9],
    ("split-half", "{own}", "{own}"): [40] * 8,
}


def turned(curves=TURNS, random=80.0, rank=8, scale=1.0, **more):
    curves = {pair: [scale * value for value in values] for pair, values in curves.items()}
    rows = table(curves, rank=str(rank), **more)
    rows = rows[rows["measure"] == "debiased"].assign(measure="median", low=np.nan, high=np.nan)
    level = rows.iloc[:1].assign(comparison="random", model="", other="", level="band")
    level = level.assign(where="all 0-6", value=random, low=random - 2, high=random + 2)
    return pd.concat([rows, level], ignore_index=True)


def test_angles_are_told_beside_halves_and_random():
    said = about_angles.angles(turned(), "target")
    assert said[0] == (
        "Over target tokens, in late layers (5–6), the median principal angle (r = 8) is 20° "
        "between base and expert, 50° between an expert and the others and 9.0° between expert and "
        "merge."
    )
    assert (
        said[1]
        == "One expert on two halves of the sentences differs by 40°, random subspaces by 80°."
    )
    # 50 is a quarter of the way from 40 to 80.
    assert "between both in 1 of 1 case, on average 25% of the way from halves to random" in said[2]
    assert "largest in layer 6 (60°) and smallest in layer 0 (5.0°)" in said[3]


def test_angles_below_halves_and_beyond_random():
    below = {**TURNS, ("expert-expert", "{own}", "others"): [30] * 8}
    said = " ".join(about_angles.angles(turned(below), "target"))
    assert "is below the halves in 1 of 1 case." in said and "largest" not in said
    beyond = {**TURNS, ("expert-expert", "{own}", "others"): [79] * 8}
    assert "no smaller than random in 1 of 1" in " ".join(about_angles.angles(turned(beyond), "x"))
    few = " ".join(about_angles.angles(turned(random=41.0), "target"))
    assert "too few sentences" in few and "of the way" not in few
    assert "choose a smaller rank" in " ".join(about_angles.angles(turned(random=0.1), "target"))


def test_ranks_that_keep_and_that_change_the_order():
    kept = pd.concat([turned(), turned(rank=2, scale=0.5)])
    said = about_angles.angles(kept, "target")
    assert "20° between base and expert" in said[0]
    assert said[-1].startswith("With r = 2 instead of 8 they would be 10°, 25° and 4.5°; all ranks")
    other = {**TURNS, ("expert-merge", TIES, "{own}"): [70] * 8}
    assert (
        "depends on r" in about_angles.angles(pd.concat([turned(), turned(other, rank=2)]), "x")[-1]
    )


def test_angles_survive_what_is_missing():
    base = {pair: values for pair, values in TURNS.items() if pair[0] == "base-expert"}
    said = about_angles.angles(turned(base), "source")
    assert len(said) == 2 and "halves" not in " ".join(said)
    assert about_angles.angles(turned().iloc[:0], "source") == []
    assert about_angles.angles(turned().assign(value=np.nan), "source") == []


# --- The chapter ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder, long = tmp_path_factory.mktemp("shown"), {}
    for direction, into in (("xx-en", True), ("en-xx", False)):
        for span in ("source", "target"):
            given = {"codes": ("hi", "bn"), "into": into, "span": span, **SMALL}
            given["names"] = made_up.models(("hi", "bn"), into, ("ties",), "many-to-one")
            long["cka", direction, span] = made_up.cka(**given)
            long["angles", direction, span] = made_up.angles(ranks=(4, 2), **given)
    drawn = {
        "cka": figures_cka.cka_figure(long["cka", "xx-en", "target"]),
        "angles": figures_angles.angle_figure(long["angles", "xx-en", "target"]),
        "angle-pairs": figures_angle_pairs.angle_pairs(long["angles", "xx-en", "target"]),
    }
    tables = [(f"cka-{which}", way) for way in ("xx-en", "en-xx") for which in ("bands", "last")]
    return made_up_report.shown(folder, long, drawn, tables)


def told(parts=None, **changes):
    """The chapter, of given parts or of few."""
    return chapter.representations(dataclasses.replace(parts or Parts(), study=STUDY, **changes))


def test_the_chapter_tells_and_shows_everything(parts):
    content = told(parts)
    assert content.count("<svg") == 12 and content.count("<table>") == 4
    for words in ("XX → English</h3>", "English → XX</h3>"):
        assert content.count(words) == 2
    assert content.index("cka-bands-xx-en") < content.index("cka-last-xx-en")
    assert "for XX → English and" in content or "for English → XX and" in content
    assert content.index("figure-cka-en-xx.target") < content.index("figure-angles-xx-en.source")
    captions = made_up_report.captions(content)
    assert sum(caption == "Target tokens. As before." for caption in captions) == 6
    assert sum("with 90% intervals" in caption for caption in captions) == 2
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", content, flags=re.S)


def test_one_direction_one_span_and_no_figures(parts):
    key = ("cka", "xx-en", "source")
    content = told(parts, long={key: parts.long[key]}, figures={})
    assert content.count("<h3>") == 1 and "target tokens" not in content
    assert "Principal angles" not in content and content.count("<table>") == 2


def test_no_chapter_of_nothing(parts):
    key = ("cka", "xx-en", "source")
    rows = parts.long[key]
    assert told() == told(long={key: rows.iloc[:0]}) == ""
    lone = rows[rows["comparison"] == "base-merge"].assign(owner="")
    assert told(long={key: lone}) == ""


# --- Scripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script,what,stem",
    [
        ("plot_cka", "cka", "cka-xx-en.target"),
        ("plot_angles", "angles", "angles-xx-en.target"),
        ("plot_angle_pairs", "angles", "angle-pairs-xx-en.target"),
        ("table_cka", "cka", "cka-bands-xx-en"),
        ("table_cka", "cka", "cka-last-xx-en"),
    ],
)
def test_scripts(script, what, stem, parts, tmp_path, monkeypatch):
    path = tmp_path / "long.tsv"
    parts.long[what, "xx-en", "target"].to_csv(path, sep="\t", index=False)
    figure = script.startswith("plot")
    endings = ("svg", "pdf", "png") if figure else ENDINGS
    outputs = [str(tmp_path / f"{stem}.{ending}") for ending in endings]
    groups = {"many-to-one": ["translation/hi-en", "translation/bn-en"]}
    cfg = groups if figure else {"direction": "xx-en", "spans": ["target"], "groups": groups}
    which = stem.split("-")[1]
    run_script(script, tmp_path, monkeypatch, [str(path)], outputs, cfg, which=which)
    assert all(Path(output).stat().st_size > 100 for output in outputs)
    if not figure:
        text = Path(outputs[1]).read_text()
        assert "XX → English" in text and ("last layers" in text) == ("last" in stem)
