"""Whatever a file holds, reading it gives rows or a ValueError that names it."""

import csv
import gzip
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.data import corpora

GOOD = {
    "tsv": b"en\thi\nA cat.\t\xe0\xa4\x8f\nTwo.\tx\n",
    "csv": b'en,hi\nA cat.,"\xe0\xa4\x8f"\n"Tw""o,",x\n',
    "jsonl": b'{"en": "A cat.", "hi": "x"}\n{"en": "b", "hi": null}\n',
    "txt": b"One.\nTwo.\nThree.\nFour.\n",
}
ODD = [
    b"\0",
    b"\r",
    b"\n",
    b"\xff",
    b"\xef\xbb\xbf",
    b'"\\ud800"',
    b"[[",
    b"NaN",
    b"1" * 5000,
    b"\t",
]
pieces = st.lists(st.sampled_from([*ODD, *GOOD.values()]) | st.binary(max_size=8), max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("odd")


def read(path, **options):
    pair = ("en", "en") if ".txt" in path.name else ("en", "hi")
    return list(corpora.read("files", {"files": str(path), **options}, *pair))


@settings(deadline=None)
@given(
    st.sampled_from(["tsv", "csv", "jsonl", "txt", "parquet"]),
    st.booleans(),
    pieces,
    st.integers(0),
)
def test_any_bytes_are_rows_or_an_error_that_names_the_file(folder, ending, packed, parts, cut):
    content = GOOD.get(ending, b"PAR1") + b"".join(parts)
    if packed:
        whole = gzip.compress(content)
        content = whole[: cut % (2 * len(whole))]
    path = folder / f"corpus.{ending}{'.gz' if packed else ''}"
    path.write_bytes(content)
    try:
        rows = read(path)
    except ValueError as error:
        assert str(path) in str(error)
        assert str(error).encode()
    else:
        assert rows and json.dumps(rows, ensure_ascii=False).encode()


def parquet(path, columns, names):
    import pyarrow
    import pyarrow.parquet

    pyarrow.parquet.write_table(pyarrow.table(columns, names=names), path)
    return path


@settings(deadline=None)
@given(st.integers(0), st.integers(0, 255))
def test_a_parquet_file_with_a_wrong_byte_is_rows_or_an_error_that_names_it(folder, at, byte):
    path = parquet(folder / "a.parquet", [["a", "b"] * 20, ["c", "d"] * 20], ["en", "hi"])
    content = bytearray(path.read_bytes())
    content[at % len(content)] = byte
    path.write_bytes(content)
    try:
        assert read(path)
    except ValueError as error:
        assert str(path) in str(error)


def test_parquet_columns_that_occur_twice_are_refused(folder):
    path = parquet(folder / "twice.parquet", [["a"], ["b"], ["c"]], ["en", "hi", "hi"])
    with pytest.raises(ValueError, match="twice.parquet.*'hi' occurs 2 times among en, hi, hi"):
        read(path)


BAD = {
    "broken.tsv.gz": (gzip.compress(GOOD["tsv"] * 9)[:40], "not a whole gzip file"),
    "not.tsv.gz": (b"hello\n", "not a whole gzip file.*take .gz from its name"),
    "packed.tsv": (gzip.compress(GOOD["tsv"]), r"line 1: .*compressed: let its name end in \.gz"),
    "cr.tsv": (b"en\thi\ra\tb\rc\td\r", "line 1 is all of the file.*carriage returns.*tr "),
    "utf16.tsv": ("en\thi\n".encode("utf-16"), "line 1: .*iconv -f UTF-16"),
    "utf16-no-mark.tsv": ("en\thi\n".encode("utf-16-le"), "line 1: .*NUL.*UTF-16"),
    "nul.tsv": (b"en\thi\na\tb\nc\0\td\n", "line 3: holds a NUL character"),
    "few.tsv": (b"en\thi\na\n", "line 2 has 1 fields, expected 2"),
    "few.csv": (b'en,hi\n"a,b"\n', "line 2 has 1 fields, expected 2.*quotation marks"),
    "open.csv": (b'en,hi\n"a,b\nc,d\n', "line 3: not CSV"),
    "after.csv": (b'en,hi\n"a"b,c\n', "line 2: not CSV.*doubled"),
    "deep.jsonl": (b"[" * 100_000, "line 1: .*expected one object"),
    "digits.jsonl": (b'{"en": ' + b"1" * 5000 + b"}", "line 1: .*expected one object"),
    "half.jsonl": (b'{"en": "a\\ud800", "hi": "b"}', "line 1: column 'en' holds half a character"),
    "half-key.jsonl": (b'{"a\\ud800": "a"}', "line 1: no column 'en'; found: a\ufffd"),
    "number.jsonl": (b'{"en": "a", "hi": NaN}', "line 1: column 'hi' holds float nan"),
    "cut.parquet": (b"PAR1" + b"\0" * 30 + b"PAR1", "not a whole parquet file"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_odd_is_named_with_its_place_and_a_remedy(folder, name):
    content, message = BAD[name]
    (folder / name).write_bytes(content)
    with pytest.raises(ValueError, match=f"(?s){name}.*{message}"):
        read(folder / name)


def test_a_folder_is_no_corpus_file(folder):
    (folder / "a.tsv").mkdir()
    with pytest.raises(ValueError, match="a.tsv: is a folder; expected a corpus file"):
        read(folder / "a.tsv")


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("blank.tsv", GOOD["tsv"] + b"\n\n"),
        ("blank.jsonl", b"\n" + GOOD["jsonl"] + b" \n\n"),
        ("mark.jsonl", b"\xef\xbb\xbf" + GOOD["jsonl"]),
        ("windows.tsv", b"\xef\xbb\xbf" + GOOD["tsv"].replace(b"\n", b"\r\n")),
        ("inner.tsv", GOOD["tsv"].replace(b"A cat.", b"A\rcat.")),
    ],
)
def test_what_is_harmless_is_read(folder, name, content):
    (folder / name).write_bytes(content)
    rows = read(folder / name)
    assert rows[0]["source"].split() == ["A", "cat."]
    assert [row["id"] for row in rows] == [str(n) for n in range(len(rows))]


@pytest.mark.parametrize(
    ("cell", "told"),
    [
        ('"He said ""yes""."', True),
        ('"""Yes"", he said."', True),
        ('"Yes", he said. "No."', False),
        ('"Yes."', False),
        ('printf("")', False),
    ],
)
def test_cells_that_seem_to_be_quoted_are_read_as_they_are_and_told_once(
    folder, cell, told, caplog
):
    (folder / "quoted.tsv").write_text(f"en\thi\n{cell}\tb\n{cell}\td\n")
    assert [row["source"] for row in read(folder / "quoted.tsv")] == [cell, cell]
    if told:  # csv of the same file reads what was meant
        (meant,) = csv.reader([cell])
        rows = read(folder / "quoted.tsv", format="csv")
        assert [row["source"] for row in rows] == meant * 2
    messages = [one.message for one in caplog.records if "format: csv" in one.message]
    assert len(messages) == told and all("quoted.tsv: line 2: " in one for one in messages)
