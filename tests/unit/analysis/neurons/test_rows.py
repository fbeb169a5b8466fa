"""Rates of neurons from files, and the long rows of selections and of usage."""

import numpy as np
import pandas as pd
import pytest
from made_up_neurons import skewed
from made_up_report import run_script

from babelmerge.analysis.neurons import rates as neuron_rates
from babelmerge.analysis.neurons import rows as neuron_rows
from babelmerge.analysis.neurons import selection as neurons
from babelmerge.analysis.probing import files as representation_files
from babelmerge.analysis.probing.files import SPANS, Representations
from babelmerge.files import long_tables

LANGUAGES = {"translation/hi-en": "hi", "translation/bn-en": "bn"}
OWNERS = {"translation/hi-en": "experts/hi-en", "translation/bn-en": "experts/bn-en"}
MODELS = ["base", "experts/hi-en", "experts/bn-en", "merges/many-to-one/ties"]


def found():
    return {model: skewed(seed, languages=2) for seed, model in enumerate(MODELS)}


def table(rows):
    return pd.DataFrame(list(rows))


def one(frame, **facts):
    for name, value in facts.items():
        frame = frame[frame[name] == value]
    assert len(frame) == 1
    return frame.iloc[0]


def test_selection_rows():
    rates = found()
    rows = table(neuron_rows.selection_rows(rates, LANGUAGES, OWNERS, 0.2, 0.7))
    assert not rows.duplicated(["level", "where", "model", "dataset", "measure"]).any()
    base = neurons.select_neurons(rates["base"], 0.2, 0.7)
    for model in MODELS:
        selected = neurons.select_neurons(rates[model], 0.2, 0.7)
        for place, (dataset, language) in enumerate(LANGUAGES.items()):
            at = {"model": model, "dataset": dataset, "language": language}
            for block in range(3):
                here = {**at, "level": "layer", "where": str(block)}
                count = selected[place][block].sum()
                assert one(rows, **here, measure="selected").value == count
                difference = count - base[place][block].sum()
                assert one(rows, **here, measure="difference").value == difference
                kept = (selected[place][block] & base[place][block]).sum()
                assert one(rows, **here, measure="kept").value == kept
                assert one(rows, **here, measure="rate").n == 50
            whole = {**at, "level": "total", "where": "all"}
            assert one(rows, **whole, measure="selected").value == selected[place].sum()
    for place, (dataset, own) in enumerate(OWNERS.items()):
        after = neurons.select_neurons(rates[own], 0.2, 0.7)[place].sum()
        at = {"level": "total", "dataset": dataset, "model": own}
        assert one(rows, **at, measure="before").value == base[place].sum()
        assert one(rows, **at, measure="after").value == after
    threshold = one(rows, model="base", measure="threshold").value
    assert threshold == neurons.threshold(rates["base"], 0.7)


def test_usage_rows():
    rates = found()
    rows = table(neuron_rows.usage_rows(rates, list(LANGUAGES), OWNERS, shuffles=200))
    keys = ["level", "where", "dataset", "comparison", "model", "other", "measure"]
    assert not rows.duplicated(keys).any()
    a, b = (rates[m][0] for m in MODELS[:2])
    at = {"dataset": "translation/hi-en", "model": "experts/hi-en", "other": "base"}
    cosine = neurons.usage_alignment(a, b)
    assert one(rows, **at, where="1", measure="cosine").value == cosine[1]
    assert one(rows, **at, where="all 0-2", measure="cosine").value == pytest.approx(cosine.mean())
    assert one(rows, **at, where="all 0-2", measure="cosine").n == 150
    null = one(rows, **at, where="1", measure="cosine_null")
    assert null.low < null.value < null.high
    mean = 50 * a[1].mean() * b[1].mean() / np.linalg.norm(a[1]) / np.linalg.norm(b[1])
    assert null.value == pytest.approx(mean, abs=0.03)
    others = one(rows, **at | {"other": "others"}, where="0", measure="pearson")
    expert = neurons.usage_correlation(a * 0 + rates[MODELS[1]][0], rates[MODELS[2]][0])
    assert others.value == pytest.approx(expert[0])
    means = [rates[m].mean(axis=0) for m in MODELS[:2]]
    at["dataset"] = "mean"
    expected = neurons.usage_alignment(*means)[2]
    assert one(rows, **at, where="2", measure="cosine").value == pytest.approx(expected)
    assert "others" not in set(rows[rows["dataset"] == "mean"]["other"])


def test_usage_rows_do_not_depend_on_threads():
    first, second = (
        table(neuron_rows.usage_rows(found(), list(LANGUAGES), OWNERS, 50, threads=n))
        for n in (1, 3)
    )
    assert first.equals(second)


@pytest.mark.parametrize("blocks", [1, 2, 4, 36])
def test_bands_hold_every_block_once(blocks):
    bands = neuron_rows.block_bands(blocks)
    whole = bands.pop(f"all 0-{blocks - 1}")
    assert [b for band in bands.values() for b in band] == list(whole) == list(range(blocks))
    if blocks == 36:
        assert list(bands) == ["early 0-11", "mid 12-27", "late 28-35"]


def representation(seed, layers=3, width=50, tokens=1000):
    draw = np.random.default_rng(seed)
    counts = {s: draw.integers(0, tokens, (layers, width)) for s in SPANS}
    tokens = {s: np.array([tokens - 400, 0, 400]) for s in SPANS}
    states = {s: draw.normal(size=(layers + 2, 3, 8)).astype(np.float32) for s in SPANS}
    return Representations(counts, tokens, states)


@pytest.fixture
def files(tmp_path):
    paths = []
    for seed, model in enumerate(MODELS):
        for place, dataset in enumerate(LANGUAGES):
            path = tmp_path / model / f"{dataset}.safetensors"
            one = representation(10 * seed + place, width=40 if "merges" in model else 50)
            representation_files.save(path, one)
            paths.append(str(path))
    return paths


def test_read_rates(files, caplog):
    rates = neuron_rates.read_rates(files, MODELS, list(LANGUAGES), "target")
    assert list(rates) == MODELS[:3] and "merges/many-to-one/ties" in caplog.text
    expected = representation(11).counts["target"] / 1000
    assert np.array_equal(rates["experts/hi-en"][1], expected)
    empty = representation(0)
    empty.tokens["source"][:] = 0
    representation_files.save(files[1], empty)
    with pytest.raises(ValueError, match=r"bn-en.safetensors, source: the span has no tokens"):
        neuron_rates.read_rates(files, MODELS, list(LANGUAGES), "source")


def test_models_without_neurons_are_told_and_stop_nothing(files):
    def without(places):
        for place in places:
            empty = representation(place)
            nothing = {span: counts[:, :0] for span, counts in empty.counts.items()}
            representation_files.save(files[place], empty._replace(counts=nothing))
        return neuron_rates.read_rates(files, MODELS, list(LANGUAGES), "target")

    def tables(rates):
        yield pd.DataFrame(neuron_rows.selection_rows(rates, LANGUAGES, OWNERS))
        yield pd.DataFrame(neuron_rows.usage_rows(rates, list(LANGUAGES), OWNERS, shuffles=3))

    sets = len(LANGUAGES)
    before = list(tables(neuron_rates.read_rates(files, MODELS, list(LANGUAGES), "target")))
    for table, full in zip(tables(without(range(sets, 2 * sets))), before, strict=True):
        assert neuron_rows.without(table) == [MODELS[1]] and neuron_rows.without(full) == []
        rest = table[table["measure"] != neuron_rows.LACKING]
        assert set(rest["model"]) <= set(full["model"]) - {MODELS[1]} and len(rest)
    for table in tables(without(range(len(files)))):
        assert neuron_rows.without(table) == MODELS and len(table) == len(MODELS)


@pytest.mark.parametrize("script", ["compare_neurons", "compare_usage_alignment"])
def test_scripts(script, files, tmp_path, monkeypatch):
    cfg = {"models": MODELS, "languages": LANGUAGES, "datasets": list(LANGUAGES), "owners": OWNERS}
    cfg |= {"neurons": {"rho": 0.1, "tau": 0.8, "order": "paper"}, "seed": 0}
    outputs = []
    for number in range(2):
        out = tmp_path / f"{script}{number}.tsv"
        run_script(script, tmp_path, monkeypatch, files, [str(out)], cfg, span="source")
        outputs.append(out.read_bytes())
    assert outputs[0] == outputs[1]
    rows = long_tables.read_long(out)
    assert rows["value"].dtype == float and set(rows["model"]) >= set(MODELS[1:3])
