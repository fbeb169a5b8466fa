"""What fails in an output as such: laws, and sentences that a reader would call so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from babelmerge.analysis.outputs import rates

SOURCE = "We now have four-month-old mice that are non-diabetic that used to be diabetic."
GERMAN = "Wir haben jetzt vier Monate alte Mäuse, die nicht mehr zuckerkrank sind."
CHINESE = "我们现在有四个月大没有糖尿病的老鼠，但它们曾经得过该病。"
TEXTS = st.text(st.characters(categories=["L", "Zs", "P", "N"]), min_size=1, max_size=60)


@pytest.mark.parametrize(
    ("output", "found"),
    [
        (GERMAN, []),
        (CHINESE, []),
        ("", ["empty"]),
        (" \n", ["empty"]),
        (SOURCE, ["copied"]),
        (f"  {SOURCE.upper()}", ["copied"]),
        (SOURCE[:40], ["copied"]),
        (f"{SOURCE} Danke.", ["copied"]),
        (f"{GERMAN} {SOURCE}", []),
        ("die Mäuse " * 12, ["repeated"]),
        (f"{GERMAN} " * 3, ["repeated"]),
        (f"{GERMAN} " * 2, []),
        ("1 2 3 4 5 6 7 8 9 10 11 12 14 15 20", ["numerals"]),
        ("0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0", ["repeated", "numerals"]),
        ("१२३४५", ["numerals"]),
        ("4 Mäuse", []),
    ],
)
def test_outputs_of_one_sentence(output, found):
    assert rates.faults(output, SOURCE, GERMAN) == found


def test_what_the_reference_has_too_is_no_fault():
    assert rates.faults("Angela Merkel", "Angela Merkel", "Angela Merkel") == []
    assert rates.faults("42", "How many? 6 by 7.", "42") == []
    assert rates.faults("la " * 20, "Sing.", "la " * 30) == []
    assert rates.faults("42", "How many?", "forty-two") == ["numerals"]


@given(TEXTS, TEXTS)
@settings(max_examples=200, deadline=None)
def test_laws(text, other):
    found = rates.faults(text, other, other)
    assert ("empty" in found) == (not text.strip()) and set(found) <= set(rates.RATES)
    if text.strip():
        assert rates.copies(text, text) and rates.copies(f"  {text}\n", text)
        assert rates.loops(f"{text} " * 40)
    assert not rates.is_numeric("".join(c for c in text if c.isalpha()))
