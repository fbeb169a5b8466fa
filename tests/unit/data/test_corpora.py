"""Corpora: what is read from files and folders, what is refused, what overlaps."""

import csv
import gzip
import io
import json
import logging
import os
import sys
import types
from pathlib import Path

import pytest
from places import SHARED

from babelmerge.data import corpora
from babelmerge.tasks import kinds

ROWS = [("A cat.", "एक बिल्ली।"), ('He said "no', "उसने “नहीं” कहा।"), ("  Two\u2028dogs ", "दो कुत्ते")]


def read(options, source="en", target="hi", kind="files"):
    return list(corpora.read(kind, options, source, target))


def texts(rows):
    return [(row["source"], row["target"]) for row in rows]


def write(path, text, encoding="utf-8"):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode(encoding))
    return str(path)


def row(id_, source, target, pair=("en", "hi")):
    return dict(zip(corpora.KEYS, (id_, *pair, source, target), strict=True))


@pytest.fixture(params=["tsv", "tsv.gz", "csv", "csv.gz", "jsonl", "parquet", "text"])
def options(request, tmp_path):
    """The same three sentence pairs in every format."""
    path = tmp_path / f"corpus.{request.param}"
    if request.param == "text":
        sides = zip(*ROWS, strict=True)
        paths = [write(tmp_path / f"t.{n}", "\n".join(s)) for n, s in enumerate(sides)]
        return {"files": dict(zip(("en", "hi"), paths, strict=True))}
    if request.param == "jsonl":
        lines = [json.dumps({"x": 1, "t": {"en": e, "hi": h}}) for e, h in ROWS]
        write(path, "\n".join(lines) + "\n")
        return {"files": [str(path)], "columns": {"*": "t.{language}"}}
    if request.param == "parquet":
        import pyarrow
        import pyarrow.parquet

        table = {"t": [{"en": e, "hi": h} for e, h in ROWS], "x": [1, 2, 3]}
        pyarrow.parquet.write_table(pyarrow.table(table), path)
        return {"files": [str(path)], "columns": {"*": "t.{language}"}}
    if "csv" in request.param:
        table = io.StringIO()
        csv.writer(table).writerows([("id", "en", "hi"), *((7, *both) for both in ROWS)])
        data = "\ufeff" + table.getvalue()
        path.write_bytes(gzip.compress(data.encode()) if path.suffix == ".gz" else data.encode())
        return {"files": str(path)}
    data = "\ufeffid\ten\thi\r\n" + "".join(f"7\t{e}\t{h}\r\n" for e, h in ROWS)
    path.write_bytes(gzip.compress(data.encode()) if path.suffix == ".gz" else data.encode())
    return {"files": str(path)}


def test_every_format_gives_the_same_rows(options):
    rows = read(options)
    assert rows[0] == row("0", "A cat.", "एक बिल्ली।")
    assert texts(rows) == [(e.strip(), h) for e, h in ROWS]
    assert [r["id"] for r in rows] == ["0", "1", "2"]
    turned = read(options, "hi", "en")
    assert texts(turned) == [(t, s) for s, t in texts(rows)]
    assert turned[0]["source_language"] == "hi"


def test_text_is_not_normalised(tmp_path):
    path = write(tmp_path / "a.tsv", "en\tbn\ncafe\u0301\tড\u09bc\n")
    assert texts(read({"files": path}, "en", "bn")) == [("cafe\u0301", "ড\u09bc")]


def test_four_references_make_four_rows_and_empty_ones_are_skipped(tmp_path, caplog):
    path = write(tmp_path / "hi.dev.tsv", "src_hi\ten0\ten1\nएक\tone\ta\nदो\t \ttwo\n\tx\ty\n")
    options = {
        "files": str(tmp_path / "{other}.{split}.tsv"),
        "split": "dev",
        "columns": {"en": ["en0", "en1"], "*": "src_{other}"},
    }
    with caplog.at_level(logging.INFO):
        rows = read(options, "hi", "en")
    assert [(r["id"], r["target"]) for r in rows] == [("0.0", "one"), ("0.1", "a"), ("1.1", "two")]
    assert path in caplog.text and "3 rows, 3 skipped" in caplog.text


def test_rows_are_selected_by_the_values_of_a_column(options, tmp_path):
    if isinstance(options["files"], dict):
        with pytest.raises(ValueError, match="plain text has no columns"):
            read({**options, "where": {"x": "1"}})
        return
    column = "x" if "columns" in options else "id"
    value = {"id": "7", "x": 1}[column]
    assert texts(read({**options, "where": {column: value}}))[0] == ROWS[0]
    with pytest.raises(ValueError, match="no rows for en-hi"):
        read({**options, "where": {column: "8"}})
    with pytest.raises(ValueError, match="no column 'topic'"):
        read({**options, "where": {"topic": "8"}})


def test_several_files_are_one_corpus_with_unique_ids(tmp_path):
    paths = [write(tmp_path / f"{n}.tsv", f"en\thi\na{n}\tb{n}\n") for n in range(3)]
    rows = read({"files": paths})
    assert texts(rows) == [("a0", "b0"), ("a1", "b1"), ("a2", "b2")]
    assert [r["id"] for r in rows] == ["0", "1", "2"]


@pytest.fixture
def hundred(tmp_path):
    lines = [f"a{n}\t{f'b{n}' if n % 10 else ''}" for n in range(100)]
    return write(tmp_path / "hundred.tsv", "en\thi\n" + "\n".join(lines) + "\n")


def test_size_takes_the_first_usable_rows_and_keeps_their_ids(hundred):
    assert [r["id"] for r in read({"files": hundred, "size": 3})] == ["1", "2", "3"]


def test_a_sample_is_seeded_in_order_and_of_usable_rows(hundred):
    def sample(seed, size=20):
        return [
            r["id"] for r in read({"files": hundred, "size": size, "sample": True, "seed": seed})
        ]

    assert sample(1) == sample(1) != sample(2)
    assert len(set(sample(1))) == 20 and sample(1) == sorted(sample(1), key=int)
    assert not any(id_.endswith("0") for id_ in sample(1))
    assert sample(1, size=500) == [r["id"] for r in read({"files": hundred})]


def test_every_row_is_sampled_equally_often(hundred):
    counts = dict.fromkeys((r["id"] for r in read({"files": hundred})), 0)
    for seed in range(300):
        for r in read({"files": hundred, "size": 30, "sample": True, "seed": seed}):
            counts[r["id"]] += 1
    # 300 draws at probability 1/3: 100 expected, standard deviation 8.2; five of them either way.
    assert 59 < min(counts.values()) and max(counts.values()) < 141


def test_fewer_rows_than_asked_for_is_a_warning(hundred, caplog):
    assert len(read({"files": hundred, "size": 500})) == 90
    assert "500 rows asked for, 90 found" in caplog.text


def test_reading_is_lazy(hundred):
    with open(hundred, "ab") as stream:
        stream.write(b"\xff broken\n")
    rows = corpora.read("files", {"files": hundred}, "en", "hi")
    assert next(rows)["id"] == "1"
    with pytest.raises(ValueError, match="UTF-8"):
        list(rows)


BAD = {
    "not UTF-8": (b"en\thi\na\tb\nc\xe9\td\n", r"line 3: byte 11 .*0xe9.*not UTF-8.*iconv"),
    "UTF-16": ("en\thi\n".encode("utf-16"), r"line 1: byte 0 .*not UTF-8"),
    "fields": (b"en\thi\na\tb\na\tb\tc\n", r"line 3 has 3 fields, expected 2"),
    "column": (b"en\tde\na\tb\n", r"no column 'hi'; found: en, de; .*`columns`"),
    "twice": (b"en\thi\thi\na\tb\tc\n", r"column 'hi' occurs 2 times.*en, hi, hi"),
    "no rows": (b"en\thi\n", r"no rows for en-hi"),
    "only empty": (b"en\thi\na\t\n", r"no rows for en-hi \(0 rows, 1 skipped"),
    "nothing": (b"", r"no column 'en'"),
}


@pytest.mark.parametrize("data, message", BAD.values(), ids=BAD)
def test_bad_tsv_is_refused_with_its_name_and_place(tmp_path, data, message):
    path = tmp_path / "corpus.tsv"
    path.write_bytes(data)
    with pytest.raises(ValueError, match=message) as error:
        read({"files": str(path)})
    assert str(path) in str(error.value)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"en": "a"', "line 2.*not JSON"),
        ('["a"]', "line 2: found list, expected one JSON object"),
        ('{"en": "a"}', "line 2: no column 'hi'; found: en"),
        ('{"en": "a", "hi": 3}', "line 2: column 'hi' holds int 3, expected text"),
    ],
)
def test_bad_jsonl_is_refused_with_its_line(tmp_path, line, message):
    path = write(tmp_path / "c.jsonl", '{"en": "a", "hi": "b"}\n' + line + "\n")
    with pytest.raises(ValueError, match=message):
        read({"files": path})


def test_a_null_reads_as_an_empty_text_nested_or_not(tmp_path):
    rows = [{"t": {"en": "a", "hi": "b"}}, {"t": None}, {"t": {"en": "c", "hi": None}}]
    path = write(tmp_path / "c.jsonl", "\n".join(map(json.dumps, rows)))
    found = read({"files": path, "columns": {"*": "t.{language}"}})
    assert texts(found) == [("a", "b")]
    path = write(tmp_path / "d.jsonl", json.dumps({"t": "a"}))
    with pytest.raises(ValueError, match=r"no column 't\.en'; found: t"):
        read({"files": path, "columns": {"*": "t.{language}"}})


def test_sides_of_other_lengths_are_refused_even_when_only_the_first_rows_are_wanted(tmp_path):
    files = {"en": write(tmp_path / "a.en", "1\n2\n3\n"), "hi": write(tmp_path / "a.hi", "1\n2")}
    with pytest.raises(ValueError, match=r"a\.en has 3 lines, .*a\.hi has 2"):
        read({"files": files, "size": 1})


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"files": "absent.tsv"}, "absent.tsv: no such file"),
        ({"files": {"en": "absent.en"}}, "no file for 'hi'"),
        ({"files": "x.csv"}, "x.csv: no such file"),
        ({"file": "x.tsv"}, "unknown key 'file'; did you mean 'files'"),
        ({}, "'files' is missing"),
        ({"files": "x.tsv", "size": 0}, "size is 0"),
        ({"files": "x.tsv", "sample": True}, "needs `size`"),
        ({"files": "{other}.tsv"}, "{other} has no value"),
        ({"files": "x.tsv", "split": "dev"}, "no path holds {split}"),
        ({"files": {"en": "a", "hi": "b"}, "format": "tsv"}, "means plain text"),
    ],
)
def test_mistakes_in_options_are_refused_before_anything_is_read(options, message):
    with pytest.raises(ValueError, match=message):
        corpora.read("files", options, "en", "hi")


def test_unknown_formats_and_kinds_are_refused(tmp_path):
    path = write(tmp_path / "x.xml", "en,hi\n")
    told = "x.xml: format None, expected one of tsv, csv, jsonl, parquet"
    with pytest.raises(ValueError, match=told):
        read({"files": path})
    with pytest.raises(ValueError, match="'zip': expected one of files, hub, controlled"):
        read({}, kind="zip")


def test_missing_parquet_column_is_refused(tmp_path):
    import pyarrow
    import pyarrow.parquet

    path = tmp_path / "x.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"en": ["a"], "de": ["b"]}), path)
    with pytest.raises(ValueError, match="no column 'hi'; found: en, de"):
        read({"files": str(path)})


def test_controlled_corpus_is_asked_with_the_options(monkeypatch):
    fake = types.ModuleType("babelmerge.data.controlled")
    fake.rows = lambda *arguments: iter([row("0", repr(arguments), "x")])
    monkeypatch.setitem(sys.modules, "babelmerge.data.controlled", fake)
    monkeypatch.setattr("babelmerge.data.controlled", fake, raising=False)
    rows = read({"split": "dev", "size": 7, "seed": 3}, kind="controlled")
    assert rows[0]["source"] == repr(("en", "hi", "dev", 7, 3))


@pytest.mark.parametrize("name", ["classification", "multiple_choice", "summarization"])
def test_items_of_the_controlled_corpus_become_rows_of_their_kind(name):
    kind = kinds.kind(name)
    options = {"split": "test", "size": 6, "items": kind.made, "fields": kind.row}
    rows = read(options, "ja", "ja", kind="controlled")
    assert list(corpora.check_rows(iter(rows), f"{name}/ja", kind.row)) == rows
    assert len(rows) == 6 and all(row["source"] and row["target"] for row in rows)
    english = read(options, "en", "en", kind="controlled")
    assert [row["id"] for row in english] == [row["id"] for row in rows]
    if name == "classification":
        assert [row["target"] for row in english] == [row["target"] for row in rows]


def test_items_that_no_kind_asks_about_are_documents():
    options = {"split": "train", "size": 6, "items": "continuations"}
    rows = read(options, "de", "de", kind="controlled")
    asked = read({**options, "fields": kinds.kind("multiple_choice").row}, "de", "de", "controlled")
    for row, item in zip(rows, asked, strict=True):
        assert row == {k: item[k] for k in corpora.KEYS} | {
            "source": f"{item['source']} {item['target']}", "target": ""
        }  # fmt: skip
    with pytest.raises(ValueError, match="no passages items in 'hi'"):
        read({**options, "items": "passages"}, "hi", "hi", "controlled")


def test_good_rows_pass_unchanged():
    rows = [row("0", "a", "b"), row("1", "a", "b")]
    assert list(corpora.check_rows(iter(rows), "translation/en-hi")) == rows


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([], "no rows"),
        ([{"id": "0"}], "row 0: keys id; expected id, source_language"),
        ([row("0", "a", " ")], "row 0: target is ' '"),
        ([row(0, "a", "b")], "row 0: id is 0"),
        (
            [row("0", "a", "b"), row("1", "a", "b", ("hi", "en"))],
            "row 1: hi-en after rows of en-hi",
        ),
        ([row(i, "a", "b") for i in ("x", "y", "z", "y")], "rows 1 and 3 have the same id"),
    ],
)
def test_bad_rows_are_refused_with_the_data_set(rows, message):
    with pytest.raises(ValueError, match=f"translation/en-hi.*{message}"):
        list(corpora.check_rows(iter(rows), "translation/en-hi"))


def test_rows_survive_writing_and_reading(tmp_path):
    rows = [row("0", 'line\u2028end \\ " \n\t', "नहीं।"), row("1", "\x85x", "y")]
    path = tmp_path / "data" / "train.jsonl"
    assert corpora.write_rows(path, iter(rows)) == 2
    assert list(corpora.read_rows(path)) == rows
    assert "नहीं" in path.read_text(encoding="utf-8")
    assert os.listdir(path.parent) == ["train.jsonl"]


def test_a_write_that_fails_leaves_what_was_there(tmp_path):
    path = tmp_path / "train.jsonl"
    corpora.write_rows(path, [{"id": "0"}])
    with pytest.raises(ValueError, match="train.jsonl: row 1: lone surrogate"):
        corpora.write_rows(path, [{"id": "1"}, {"id": "\ud800"}])
    assert list(corpora.read_rows(path)) == [{"id": "0"}]
    assert os.listdir(tmp_path) == ["train.jsonl"]
    with pytest.raises(ValueError, match="no such file"):
        corpora.read_rows(tmp_path / "absent.jsonl")


def test_rows_are_streamed_and_not_held_in_memory(tmp_path):
    import tracemalloc

    path = tmp_path / "big.tsv"
    with open(path, "w") as stream:
        stream.write("en\thi\n")
        stream.writelines(f"a sentence numbered {n}\tb {n}\n" for n in range(8_000))
    tracemalloc.start()
    rows = corpora.check_rows(corpora.read("files", {"files": str(path)}, "en", "hi"), "big")
    assert corpora.write_rows(tmp_path / "big.jsonl", rows) == 8_000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000  # 8,000 dicts would take over 4 MB


def test_shared_corpora_have_the_documented_sizes():
    data = Path(os.environ.get("BABELMERGE_SHARED", SHARED)) / "data"
    if not data.is_dir():
        pytest.skip("no shared data here")
    flores = {"files": [str(data / "flores200/{split}.tsv")], "columns": {"*": "{flores}"}}
    for split, count in (("dev", 997), ("devtest", 1012)):
        assert len(read({**flores, "split": split}, "en", "ja")) == count
    tatoeba = {"files": str(data / "tatoeba/tatoeba_test_v2021-08-07.en-{other}.tsv")}
    tatoeba["columns"] = {"en": "en", "*": "{other}"}
    assert len(read(tatoeba, "ta", "en")) == 311
    crowd = {"files": str(data / "indian_parallel_corpora/{other}.test.tsv")}
    crowd["columns"] = {"en": [f"en{n}" for n in range(4)], "*": "src_{other}"}
    rows = list(corpora.check_rows(iter(read(crowd, "en", "bn")), "crowd"))
    assert 3_900 < len(rows) <= 4 * 1001
