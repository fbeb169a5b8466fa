"""The report on neurons: sentences that turn with the numbers, and a section that survives gaps."""

import dataclasses
from pathlib import Path

import made_up_neurons
import made_up_report
import numpy as np
import pandas as pd
import pytest
from made_up_report import run_script

from babelmerge.analysis.neurons import chapter, findings
from babelmerge.analysis.neurons import figures as figures_neurons
from babelmerge.analysis.neurons import usage_figures as figures_usage
from babelmerge.analysis.neurons.tables import neuron_table
from babelmerge.display.chapters import Parts
from babelmerge.display.tables import ENDINGS

STUDY = {"neurons": {"rho": 0.1, "tau": 0.8}}
EXPERTS = {"hi": "experts/hi-en", "bn": "experts/bn-en"}
BLOCKS = 6  # early 0-1, mid 2-4, late 5


def selected(counts, kept=0.5):
    """A long table from counts: model -> language -> one number a block."""
    rows = []
    for model, languages in counts.items():
        for language, blocks in languages.items():
            dataset = f"translation/{language}-en"
            at = {"model": model, "dataset": dataset, "language": language, "n": 100}
            base = np.array(counts["base"][language]) if "base" in counts else np.nan
            measures = {"selected": np.array(blocks), "difference": np.array(blocks) - base}
            for measure, values in measures.items():
                places = [("layer", str(n), v) for n, v in enumerate(values)]
                for level, where, value in [*places, ("total", "all", values.sum())]:
                    told = {"level": level, "where": where, "measure": measure, "value": value}
                    rows.append({**at, **told})
            total = {**at, "level": "total", "where": "all"}
            rows.append({**total, "measure": "kept", "value": kept * np.sum(base)})
            if model == EXPERTS[language]:
                rows.append({**total, "measure": "before", "value": np.sum(base)})
                rows.append({**total, "measure": "after", "value": np.sum(blocks)})
    return pd.DataFrame(rows)


def flat(number):
    return [number] * BLOCKS


def plus(number, block, more):
    return [number + more * (at == block) for at in range(BLOCKS)]


COUNTS = {
    "base": {"hi": flat(10), "bn": flat(10)},
    "experts/hi-en": {"hi": plus(10, 5, 60), "bn": flat(9)},
    "experts/bn-en": {"hi": flat(11), "bn": plus(10, 0, -20 + 10)},
    "merges/many-to-one/ties": {"hi": flat(12), "bn": flat(12)},
    "merges/many-to-one/sce": {"hi": flat(8), "bn": flat(8)},
}


def related(values, blocks=BLOCKS, null=0.7):
    """A long table of usage from (comparison, model, other) -> cosine; r = 2 cosine - 1."""
    rows = []
    for (comparison, model, other), value in values.items():
        at = {"level": "layer", "dataset": "mean", "comparison": comparison}
        at |= {"model": model, "other": other, "low": np.nan, "high": np.nan, "n": 9}
        measures = {"cosine": value, "pearson": 2 * value - 1}
        measures |= {"cosine_null": null, "pearson_null": 0.0}
        for measure, number in measures.items():
            rows += [
                {**at, "where": str(block), "measure": measure, "value": number}
                for block in range(blocks)
            ]
    return pd.DataFrame(rows)


PAIRS = {
    ("base-expert", EXPERTS["hi"], "base"): 0.90,
    ("base-expert", EXPERTS["bn"], "base"): 0.92,
    ("expert-expert", EXPERTS["hi"], EXPERTS["bn"]): 0.98,
    ("expert-merge", "merges/g/ties", EXPERTS["hi"]): 0.97,
    ("expert-merge", "merges/g/sce", EXPERTS["hi"]): 0.95,
}


# --- Counts ---------------------------------------------------------------------------------------


def test_growth_and_shrinking_of_own_languages():
    first = findings.counts(selected(COUNTS), "target")[0]
    assert "from 120 to 170 (+42%)" in first
    assert "grow for 1 and shrink for 1 of 2 languages" in first
    assert "most growth: Hindi (+100%), least: Bengali (−17%)" in first


def test_the_depth_of_the_change_is_where_it_is():
    second = findings.counts(selected(COUNTS), "target")[1]
    assert "−10 in early blocks (0–1), 0 in mid blocks (2–4) and +60 in the late block" in second
    assert "86% of what changes on balance lies in the late blocks, which are 17%" in second
    early = {**COUNTS, "experts/hi-en": {"hi": plus(10, 0, 60), "bn": flat(9)}}
    assert "100% of what changes on balance lies in the early blocks" in " ".join(
        findings.counts(selected(early), "target")
    )


def test_other_languages_and_what_is_kept():
    text = " ".join(findings.counts(selected(COUNTS, kept=0.25), "source"))
    # Others: Bengali in the Hindi expert 54, Hindi in the Bengali expert 66, the base 60 each.
    assert "experts have as many neurons as the base: more in 1 of 2 cases" in text
    assert "25% of the base's neurons of a language are still specific" in text


def test_merges_stand_beside_base_and_experts():
    last = findings.counts(selected(COUNTS), "target")[-1]
    assert "60 neurons a language on average, from 48 (SCE) to 72 (TIES)" in last
    assert "60 in the base and 72 in experts" in last


def test_counts_survive_what_is_missing():
    without = {model: found for model, found in COUNTS.items() if not model.startswith("merges")}
    assert "Merges" not in " ".join(findings.counts(selected(without), "target"))
    ownerless = selected(COUNTS)
    ownerless = ownerless[~ownerless.measure.isin(["before", "after"])]
    (only,) = findings.counts(ownerless, "target")
    assert only.startswith("Merges have")
    assert findings.counts(selected(COUNTS).query("model != 'base'"), "target") == []
    none = {model: {"hi": flat(0), "bn": flat(0)} for model in COUNTS}
    (said,) = findings.counts(selected(none), "target")
    assert "no model has a neuron" in said
    late = {**none, "experts/hi-en": {"hi": flat(3), "bn": flat(0)}}
    assert "from 0 to 18: they grow for 1" in findings.counts(selected(late), "target")[0]


# --- Usage ----------------------------------------------------------------------------------------


def test_usage_is_told_beside_chance():
    text = " ".join(findings.usage(related(PAIRS), "target"))
    assert "0.91 (0.82) between the base and an expert, 0.98 (0.96) between two experts" in text
    assert "shuffled it is 0.70 (0.00)" in text
    # Chance over the mean of what is told: 0.7 / mean(0.91, 0.98, 0.96).
    assert f"{100 * 0.7 / np.mean([0.91, 0.98, 0.96]):.0f}% of these cosines" in text
    assert "closest to experts" in text and "merges by TIES (r = 0.940)" in text


def test_only_late_blocks_count():
    rows = related(PAIRS)
    rows.loc[(rows["where"] != "5") & (rows.measure == "cosine"), "value"] = 0.1
    assert "0.91 (0.82)" in findings.usage(rows, "target")[0]


def test_whether_experts_are_closer_to_each_other_than_to_the_base():
    assert "in 1 of 1 pair" in " ".join(findings.usage(related(PAIRS), "target"))
    apart = {**PAIRS, ("expert-expert", EXPERTS["hi"], EXPERTS["bn"]): 0.91}
    assert "in 0 of 1 pair" in " ".join(findings.usage(related(apart), "target"))


def test_usage_survives_what_is_missing():
    base = {pair: value for pair, value in PAIRS.items() if pair[0] == "base-expert"}
    said = findings.usage(related(base, blocks=1), "source")
    assert len(said) == 2 and "in the early block (0)" in said[0]
    alone = {("base-merge", "merges/g/ties", "base"): 0.9}
    assert findings.usage(related(alone), "source") == []
    assert findings.usage(related(PAIRS).query("level == 'band'"), "source") == []
    dead = related(PAIRS).assign(value=np.nan)
    assert findings.usage(dead, "source") == []


# --- The section ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def parts(tmp_path_factory):
    folder = tmp_path_factory.mktemp("shown")
    sizes = {"blocks": 4, "width": 60, "merges": ("ties",)}
    long = {}
    for direction, into in (("xx-en", True), ("en-xx", False)):
        counts, used = (
            make(("hi", "bn"), into, **sizes)
            for make in (made_up_neurons.neurons, made_up_neurons.usage)
        )
        for span in ("source", "target"):
            long["neurons", direction, span] = counts
            long["usage_alignment", direction, span] = used
    drawn = {
        "neurons": figures_neurons.neuron_counts(counts),
        "neuron-changes": figures_neurons.neuron_changes(counts),
        "usage": figures_usage.usage_figure(used),
    }
    return made_up_report.shown(folder, long, drawn, [("neurons", "xx-en"), ("neurons", "en-xx")])


def told(parts=None, study=STUDY, **changes):
    """The chapter, of given parts or of few."""
    return chapter.neurons(dataclasses.replace(parts or Parts(), study=study, **changes))


def test_the_chapter_tells_and_shows_everything(parts):
    content = told(parts)
    assert content.count("<svg") == 12 and content.count("<table>") == 2
    assert "10% (rho)" in content and "80% (tau)" in content
    for words in ("XX → English</h3>", "English → XX</h3>"):
        assert content.count(words) == 2
    assert content.index("figure-neurons-xx-en.source") < content.index("figure-usage-xx-en.source")
    captions = made_up_report.captions(content)
    assert sum("Framed: the language" in caption for caption in captions) == 4
    assert sum(caption == "Target tokens. As before." for caption in captions) == 6


def test_one_direction_and_one_span(parts):
    key = ("neurons", "xx-en", "source")
    content = told(parts, long={key: parts.long[key]}, figures={key: parts.figures[key]})
    assert content.count("<svg") == content.count("<h3>") == 1 and "target tokens" not in content
    assert "How alike models use" not in content and content.count("<table>") == 1


def test_a_chapter_without_owners_has_no_table(parts):
    key = ("neurons", "xx-en", "source")
    rows = parts.long[key]
    rows = rows[~rows.measure.isin(["before", "after"])]
    content = told(parts, study={}, long={key: rows})
    assert "<table>" not in content and "more often than most" in content


def test_no_chapter_of_nothing(parts):
    empty = parts.long["neurons", "xx-en", "source"].iloc[:0]
    assert told() == told(long={("neurons", "xx-en", "source"): empty}) == ""


def lacking(rows, *models):
    """A long table in which these models, or all, have no neurons."""
    models = models or tuple(rows["model"].unique())
    nothing = dict.fromkeys(rows, "") | {"level": "total", "where": "all"}
    nothing |= {"measure": "lacking", "value": 0.0}
    added = pd.DataFrame([{**nothing, "model": model} for model in models])
    return pd.concat([rows[~rows["model"].isin(models)], added], ignore_index=True)


def test_models_without_neurons_are_left_out_with_a_sentence(parts):
    keys = [("neurons", "xx-en", "target"), ("usage_alignment", "xx-en", "target")]
    every = {key: lacking(parts.long[key]) for key in keys}
    content = told(parts, long=every)
    assert content.count("Left out: ") == 2 and "<svg" not in content
    assert figures_neurons.neuron_counts(every[keys[0]]).axes[0].texts
    assert figures_neurons.neuron_changes(every[keys[0]]).axes[0].texts
    assert figures_usage.usage_figure(every[keys[1]]).axes[0].texts
    assert neuron_table({"target": every[keys[0]]}, "XX → English") is None
    expert = parts.long[keys[0]]["model"].unique()[1]
    one = {key: lacking(parts.long[key], expert) for key in keys}
    content = told(parts, long=one)
    assert content.count("Left out: ") == 2 and content.count("<svg") > 1
    assert neuron_table({"target": one[keys[0]]}, "XX → English").rows


# --- Scripts --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "script,what,figure",
    [
        ("plot_neurons", "neurons", "neurons"),
        ("plot_neurons", "neurons", "neuron-changes"),
        ("plot_usage_alignment", "usage_alignment", "usage"),
        ("table_neurons", "neurons", ""),
    ],
)
def test_scripts(script, what, figure, parts, tmp_path, monkeypatch):
    path = tmp_path / "long.tsv"
    parts.long[what, "xx-en", "target"].to_csv(path, sep="\t", index=False)
    stem = tmp_path / (f"{figure}-xx-en.target" if figure else "neurons-xx-en")
    endings = ("svg", "pdf", "png") if figure else ENDINGS
    outputs = [f"{stem}.{ending}" for ending in endings]
    cfg = {"direction": "xx-en", "spans": ["target"], "neurons": {"rho": 0.1, "tau": 0.8}}
    run_script(script, tmp_path, monkeypatch, [str(path)], outputs, cfg, figure=figure)
    assert all(Path(output).stat().st_size > 100 for output in outputs)
    if not figure:
        assert "XX → English" in Path(outputs[1]).read_text()
