"""The hallucination rate: what counts as an example, and whether the input has it."""

import numpy as np
import pytest

from babelmerge.evaluation import metrics, statistics
from babelmerge.tasks import extraction

DOCUMENT = "The room was clean. Das Essen war gut! 「部屋」は広かったです。L'hôtel : petit."


@pytest.mark.parametrize(
    ("output", "found"),
    [
        ("The room was clean.", [True]),
        ("the  ROOM was clean", [True]),
        ("- rooms: The room was clean.\n2) food: Das Essen war gut", [True, True]),
        ("Food:\n* Das Essen war gut!\n\n* Das Essen war schlecht!", [True, False]),
        ("場所：「部屋」は広かったです。", [True]),
        ("・部屋", [True]),
        ("L'hôtel : petit", [True]),
        ("hôtel : L'hôtel : petit", [True]),
        ("The room was cleaned", [False]),
        ("he room was clean", [False]),
        ("rooms", [False]),
        ("...\n—\n", []),
        ("Ｔｈｅ　ｒｏｏｍ　ｗａｓ　ｃｌｅａｎ", [True]),
        ("“The room was clean.”", [True]),
        ("", []),
    ],
)
def test_what_is_an_example_and_what_the_input_has(output, found):
    assert list(extraction.quoted(output, DOCUMENT)) == found


def scored(outputs, sources=None, **options):
    sources = [DOCUMENT] * len(outputs) if sources is None else sources
    return metrics.score("extraction", outputs, ["x"] * len(outputs), sources=sources, **options)


def test_the_rate_is_over_all_examples_and_not_a_mean_of_answers():
    found, table = scored(["a\nb\nc", "The room was clean.", "Das Essen war gut\nwas clean", ""])
    assert table["hallucination"].tolist() == [[3, 3], [0, 1], [0, 2], [0, 0]]
    entry = found["metrics"]["hallucination"]
    assert entry["value"] == 3 / 6 and entry["examples"] == 6
    assert "NFKC, case, white space and marks at the ends folded" in entry["signature"]
    assert found["metrics"]["without_examples"]["value"] == 1 / 4
    assert list(found["metrics"]) == ["rougeL", "hallucination", "without_examples"]


def test_answers_without_any_example_have_no_rate():
    entry = scored(["", "-"])[0]["metrics"]["hallucination"]
    assert (entry["value"], entry["low"], entry["examples"]) == (None, None, 0)


def test_intervals_and_paired_tests_resample_answers():
    honest = ["The room was clean.\nDas Essen war gut!"] * 40
    liars = ["The room was clean.\nThe room was dirty."] * 20 + honest[:20]
    entry = scored(liars)[0]["metrics"]["hallucination"]
    assert entry["low"] < entry["value"] == 0.25 < entry["high"]
    tables = [scored(texts)[1]["hallucination"] for texts in (liars, honest)]
    told = statistics.paired_bootstrap(*map(np.asarray, tables), metrics.aggregate("hallucination"))
    assert told.p < 0.01 and told.difference == pytest.approx(0.25)


def test_answers_without_their_inputs_are_refused():
    with pytest.raises(ValueError, match="without their inputs; answer the data set again"):
        scored(["a"], sources=[])
