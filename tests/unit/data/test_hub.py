"""Corpora of the hub: configs, columns and splits, revisions, and refusals with their remedies."""

import json
import sys
import types
from pathlib import Path

import pytest

from babelmerge.data import corpora
from babelmerge.data import hub as corpus_hub


def read(options, source="en", target="hi"):
    return list(corpora.read("hub", options, source, target))


def texts(rows):
    return [(row["source"], row["target"]) for row in rows]


def write(path, text):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """A folder in a hub data set's layout, with a config for each language and a nested one."""
    datasets = pytest.importorskip("datasets")
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")
    folder = tmp_path / "set"
    for name, count in (("eng_Latn", 4), ("hin_Deva", 4), ("tam_Taml", 3)):
        lines = [json.dumps({"id": n, "text": f"{name} {n}"}) for n in range(count)]
        write(folder / name / "dev.jsonl", "\n".join(lines))
    lines = [json.dumps({"translation": {"en": f"e{n}", "hi": f"h{n}"}}) for n in range(30)]
    write(folder / "nested" / "dev.jsonl", "\n".join(lines))
    configs = [
        f"- config_name: {name}\n  data_files:\n  - {{split: dev, path: {name}/dev.jsonl}}\n"
        for name in ("eng_Latn", "hin_Deva", "tam_Taml", "nested")
    ]
    write(folder / "README.md", "---\nconfigs:\n" + "".join(configs) + "---\n")
    return str(folder)


def test_hub_nested_columns_first_rows_and_sample(hub):
    options = {"hub": hub, "config": "nested", "split": "dev"}
    options["columns"] = {"*": "translation.{language}"}
    assert texts(read({**options, "size": 2})) == [("e0", "h0"), ("e1", "h1")]
    assert len(read(options)) == 30
    sampled = [r["id"] for r in read({**options, "size": 5, "sample": True, "seed": 1})]
    assert len(sampled) == 5 and sampled == sorted(sampled, key=int) != ["0", "1", "2", "3", "4"]
    chosen = {**options, "where": {"translation.en": "e7"}}
    assert texts(read(chosen)) == [("e7", "h7")]
    with pytest.raises(ValueError, match="no column 'en'; found: translation"):
        read({**options, "columns": {}})


def test_hub_configs_of_one_language_each_are_joined(hub):
    columns = {"*": {"config": "{flores}", "column": "text"}}
    options = {"hub": hub, "split": "dev", "columns": columns}
    assert texts(read({**options, "where": {"id": 2}})) == [("eng_Latn 2", "hin_Deva 2")]
    rows = read(options)
    assert texts(rows)[3] == ("eng_Latn 3", "hin_Deva 3") and len(rows) == 4
    for extra in (
        {},
        {"size": 4},
    ):  # at once where the lengths are known, at the end where streamed
        with pytest.raises(ValueError, match="config tam_Taml.*aligned row by row"):
            read({**options, **extra}, "en", "ta")


def test_hub_rows_that_are_not_of_one_id_are_refused(hub):
    lines = [json.dumps({"id": n, "text": f"x {n}"}) for n in (0, 2, 1, 3)]
    write(Path(hub) / "hin_Deva" / "dev.jsonl", "\n".join(lines))
    columns = {"*": {"config": "{flores}", "column": "text"}}
    with pytest.raises(ValueError, match="row 1: id 1 .*eng_Latn, 2 .*hin_Deva"):
        read({"hub": hub, "split": "dev", "columns": columns})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"config": "none"}, "name one of the configs in `config`"),
        ({"split": "test"}, "name one of its splits in `split`"),
        ({"split": None}, "`split` is missing"),
        ({"columns": {"en": {"config": "nested", "column": "x"}}}, "columns: hi: found"),
    ],
)
def test_hub_mistakes_come_with_the_remedy(hub, change, message):
    with pytest.raises(ValueError, match=message):
        read({"hub": hub, "config": "nested", "split": "dev", **change})


@pytest.mark.parametrize(
    ("error", "remedy"),
    [
        (FileNotFoundError("Dataset 'x' is a gated dataset on the Hub."), "accept the terms"),
        (
            RuntimeError("Dataset scripts are no longer supported, but found x.py"),
            "convert/parquet",
        ),
        (ConnectionError("Couldn't reach 'x' on the Hub"), "local folder"),
        (FileNotFoundError("Dataset 'x' doesn't exist on the Hub"), "check `hub`"),
    ],
)
def test_hub_refusals_come_with_the_remedy(monkeypatch, error, remedy):
    def load_dataset(*_, **__):
        raise error

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    with pytest.raises(ValueError, match=remedy) as raised:
        corpus_hub.load({"hub": "owner/x", "config": "hi", "split": "train"}, stream=False)
    assert "owner/x, config hi, split train" in str(raised.value)


def test_hub_asks_for_the_pinned_revision_and_streams_only_first_rows(monkeypatch):
    calls = []

    def load_dataset(*arguments, **options):
        calls.append((arguments, options))
        return [{"src": "a", "tgt": "b"}, {"src": "c", "tgt": "d"}]

    monkeypatch.setitem(sys.modules, "datasets", types.SimpleNamespace(load_dataset=load_dataset))
    options = {"hub": "o/s", "revision": "abc", "config": "{other}", "split": "train", "size": 1}
    options["columns"] = {"en": "src", "*": "tgt"}
    assert texts(read(options, "hi", "en")) == [("b", "a")]
    expected = {"revision": "abc", "split": "train", "streaming": True}
    assert calls == [(("o/s", "hi"), expected)]
    read({**options, "sample": True})
    assert [streamed["streaming"] for _, streamed in calls[1:]] == [False, False]
    read({**options, "hub": "hf://datasets/o/s@refs/convert/parquet/hi/train/*.parquet"})
    assert calls[-1][0] == ("parquet",)
