"""Slices of splits: what the hub's library reads into the same text, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelmerge.words import splits


@st.composite
def slices(draw):
    """Texts of a slice or several, of which none needs rows that a hundred rows do not have."""

    def edge():
        number = draw(st.integers(-100, 100) | st.none())
        return "" if number is None else f"{number}{draw(st.sampled_from(['', '%']))}"

    parts = draw(st.lists(st.sampled_from(["dev", "train", "a.b"]), min_size=1, max_size=3))
    return "+".join(f"{name}[{edge()}:{edge()}]" for name in parts)


# What datasets.ReadInstruction (5.2.0) makes of them: (first row, row behind the last) of 1,997
# rows, of 10 and of 105.
HUB = {
    "[:80%]": [(0, 1598), (0, 8), (0, 84)],
    "[-10%:]": [(1797, 1997), (9, 10), (95, 105)],
    "[33%:67%]": [(659, 1338), (3, 7), (35, 70)],
    "[-7:-2]": [(1990, 1995), (3, 8), (98, 103)],
    "[5%:]": [(100, 1997), (0, 10), (5, 105)],
    "[:-3]": [(0, 1994), (0, 7), (0, 102)],
    "[1:50%]": [(20, 998), (0, 5), (1, 52)],  # both edges are per cent then
}


@pytest.mark.parametrize("text", HUB)
def test_a_slice_is_what_the_hub_makes_of_it(text):
    (cut,) = splits.parse(f"dev{text}")
    assert [cut.bounds(total) for total in (1997, 10, 105)] == HUB[text]


@given(slices())
def test_what_is_written_reads_as_it_was(text):
    try:
        cuts = splits.parse(text)
    except ValueError:
        return
    assert splits.parse("+".join(f"{cut.name}{cut.rows}" for cut in cuts)) == cuts


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("dev", [("dev", "", True)]),
        ("devtest-2019/a", [("devtest-2019/a", "", True)]),
        ("[:80%]", [("", "[:80%]", False)]),
        ("dev[1_000:]", [("dev", "[1000:]", False)]),
        ("train + dev[-9:]", [("train", "", True), ("dev", "[-9:]", False)]),
    ],
)
def test_names_and_slices_are_told_apart(text, found):
    assert [(cut.name, cut.rows, cut.whole) for cut in splits.parse(text)] == found


@pytest.mark.parametrize(
    "text",
    ["", "dev[", "dev[3]", "dev[1:2:3]", "dev[a:]", "dev[:20]x", "dev++a", "dev[:101%]", "dev[:0]"]
    + ["dev[5:2]", "dev[-2:-5]", "dev[:50%](closest)"],
)
def test_what_is_no_split_or_can_hold_no_row_is_refused(text):
    with pytest.raises(ValueError):
        splits.parse(text)


@pytest.mark.parametrize("text", ["[:11]", "[9:11]", "[10:]", "[-11:]", "[99%:]", "[-1%:]"])
def test_rows_that_are_not_there_are_an_error(text):
    with pytest.raises(IndexError, match="its 10"):
        splits.parse(text)[0].bounds(10)
