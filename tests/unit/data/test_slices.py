"""Train, dev and test cut out of files: by rows, by per cent, by a column; disjoint, and whole."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.data import corpora


def texts(options):
    return [row["source"] for row in corpora.read("files", options, "en", "hi")]


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """The same ninety sentence pairs in every format, in one file and in two."""
    folder = tmp_path_factory.mktemp("corpus")
    rows = [(f"sentence {n}", f"वाक्य {n}", "dev" if n % 3 else "test") for n in range(90)]
    made = {}
    for name, some in {"all": rows, "a": rows[:37], "b": rows[37:]}.items():
        tsv = "en\thi\tfold\n" + "".join("\t".join(row) + "\n" for row in some)
        lines = (json.dumps(dict(zip(("en", "hi", "fold"), row, strict=True))) for row in some)
        made[name] = [folder / f"{name}.tsv", folder / f"{name}.jsonl"]
        made[name][0].write_text(tsv)
        made[name][1].write_text("\n".join(lines))
    for at, language in enumerate(("en", "hi")):
        (folder / f"all.{language}").write_text("".join(f"{row[at]}\n" for row in rows))
    plain = {language: str(folder / f"all.{language}") for language in ("en", "hi")}
    tables = [[str(path)] for path in made["all"]] + [[str(made["a"][0]), str(made["b"][1])]]
    return [*tables, plain], [row[0] for row in rows]


@settings(deadline=None, max_examples=50)
@given(st.data())
def test_slices_at_the_same_places_are_disjoint_and_together_everything(corpus, data):
    files, everything = corpus
    percent = data.draw(st.booleans())
    most = 100 if percent else len(everything)
    places = sorted(data.draw(st.sets(st.integers(2, most - 2), min_size=2, max_size=2)))
    sign, end = ("%", "%") if percent else ("", "")
    if data.draw(st.booleans()):  # counted from the end
        places = [place - most for place in places]
    first, second = (f"{place}{sign}" for place in places)
    cuts = [f"[:{first}]", f"[{first}:{second}]", f"[{second}:]"]
    options = {"files": data.draw(st.sampled_from(files))}
    try:
        found = [texts({**options, "split": f"dev{cut}"}) for cut in cuts]
    except ValueError as error:  # too near for a row between them
        assert "holds none" in str(error)
        return
    assert sum(found, []) == everything
    joined = "+".join(f"x{cut}" for cut in reversed(cuts))
    assert texts({**options, "split": joined}) == sum(reversed(found), [])


def test_a_slice_counts_rows_before_where_selects_and_size_takes_of_it(corpus):
    files, everything = corpus
    options = {"files": files[0], "split": "dev[10:40]"}
    assert texts({**options, "where": {"fold": "test"}}) == everything[12:40:3]
    assert texts({**options, "size": 2}) == everything[10:12]
    sampled = texts({**options, "size": 5, "sample": True, "seed": 1})
    assert len(sampled) == 5 and set(sampled) < set(everything[10:40])
    rows = list(corpora.read("files", options, "en", "hi"))
    assert [row["id"] for row in rows] == [str(n) for n in range(30)]


def test_slices_of_several_splits_are_of_their_own_files(corpus):
    files, everything = corpus
    path = files[0][0].replace("all.tsv", "{split}.tsv")
    assert texts({"files": path, "split": "b[-2:]+a[:1]"}) == [*everything[-2:], everything[0]]
    parts = [{"files": [path.replace("{split}", "a")], "rows": ""}, {"files": files[0], "rows": ""}]
    assert texts({"files": parts}) == everything[:37] + everything


@pytest.mark.parametrize(
    ("split", "message"),
    [
        ("dev[80:91]", r"split \[80:91\] asks for rows that are not among its 90"),
        ("dev[-91:]", r"\[-91:\] asks for rows that are not among its 90"),
        ("dev[90:]", r"\[90:\] holds none of its 90 rows"),
        ("dev[5:3]", r"'dev\[5:3\]', which holds no row; expected a split"),
        ("dev[:1]+dev", r"no path holds \{split\}"),
        ("dev", r"no path holds \{split\}.*cut rows out"),
    ],
)
def test_slices_that_cannot_be_had_are_refused(corpus, split, message):
    for files in corpus[0]:
        with pytest.raises(ValueError, match=message):
            texts({"files": files, "split": split})


def test_a_slice_that_ends_early_reads_no_further(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_bytes(b"en\thi\na\tb\nc\td\n\xff broken\n")
    assert texts({"files": str(path), "split": "dev[:2]"}) == ["a", "c"]
