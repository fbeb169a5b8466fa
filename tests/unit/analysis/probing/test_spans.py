"""Which tokens count: spans as in training, empty ones, cut ones, and batches of them."""

import numpy as np
import pytest
from tiny_training import TEMPLATE, make_rows, make_tokenizer

from babelmerge.analysis.probing import files as representation_files
from babelmerge.analysis.probing import representations
from babelmerge.analysis.probing.files import SPANS
from babelmerge.tasks import prompts

TOKENIZER = make_tokenizer()
ROWS = make_rows(23, seed=3, longest=9)


def asked(rows=ROWS, **options):
    return representations.probes(rows, TEMPLATE, TOKENIZER, **options)


def test_tokens_and_masks_are_those_of_training():
    found = asked()
    for place, row in enumerate(ROWS):
        one = prompts.encode(row, TEMPLATE, TOKENIZER, None)
        length = len(found.ids[place])
        assert found.ids[place].tolist() == one.ids[:-1]  # all but EOS, which no span holds
        assert found.masks[place].tolist() == [one.source_mask[:length], one.target_mask[:length]]
    assert found.names == [row["id"] for row in ROWS]


def emptied(place, **texts):
    return [row | texts if number == place else row for number, row in enumerate(ROWS)]


@pytest.mark.parametrize(
    "texts,empty",
    [
        ({"source": ""}, ["source"]),
        ({"target": ""}, ["target"]),
        ({"source": "", "target": ""}, SPANS),
    ],
)
def test_empty_spans_are_marked_and_change_no_other_sentence(model, texts, empty):
    plain = representations.represent(model, asked(), 90)
    found = representations.represent(model, asked(emptied(4, **texts)), 90)
    others = [n for n in range(len(ROWS)) if n != 4]
    for span in SPANS:
        assert (found.tokens[span][4] == 0) == (span in empty)
        assert np.isfinite(found.states[span]).all()
        assert bool(found.states[span][:, 4].any()) != (span in empty)
        assert np.allclose(found.states[span][:, others], plain.states[span][:, others], atol=1e-6)
    layers, kept = representation_files.common({"a": found, "b": plain}, empty[0])
    assert kept.tolist() == others
    assert len(layers["a"]) == 5
    assert np.array_equal(layers["a"][2], found.states[empty[0]][2][others])
    assert layers["b"][0].shape == (len(others), 32)


def test_all_spans_empty(model):
    rows = [row | {"source": "", "target": ""} for row in ROWS[:3]]
    found = representations.represent(model, asked(rows))
    for span in SPANS:
        assert not found.counts[span].any() and not found.states[span].any()
        assert found.counts[span].shape == (3, 64)
    with pytest.raises(ValueError, match="no sentence has a target span"):
        representation_files.common({"a": found}, "target")


def test_one_sentence(model):
    found = representations.represent(model, asked(ROWS[:1]))
    all_of_them = representations.represent(model, asked(), 1)
    for span in SPANS:
        assert np.allclose(found.states[span], all_of_them.states[span][:, :1], atol=1e-6)


def test_prompts_too_long_and_references_cut():
    lengths = [len(prompts.encode(row, TEMPLATE, TOKENIZER, None).prompt_ids) for row in ROWS]
    longest = sorted(lengths)[len(lengths) // 2]
    found = asked(max_length=longest)
    assert found.too_long == sum(length >= longest for length in lengths) > 0
    assert found.cut > 0
    for ids, length in zip(found.ids, lengths, strict=True):
        assert len(ids) == 0 if length >= longest else 0 < len(ids) <= longest
    with pytest.raises(ValueError, match="no rows"):
        asked([])


def test_chat_template():
    tokenizer = make_tokenizer()
    tokenizer.chat_template = (
        "{% for m in messages %}[{{ m['role'] }}]{{ m['content'] }}{% endfor %}[assistant]"
    )
    found = representations.probes(ROWS, TEMPLATE, tokenizer, None, True)
    for ids, masks, row in zip(found.ids, found.masks, ROWS, strict=True):
        assert tokenizer.decode(ids[masks[0]]).strip() == row["source"]
        assert tokenizer.decode(ids[masks[1]]) == row["target"]


def test_batches_hold_every_sentence_once_and_keep_the_budget():
    found = asked(emptied(2, source="", target=""))
    taken = list(representations.batches(found, 80))
    assert sorted(np.concatenate(taken)) == [n for n in range(len(ROWS)) if n != 2]
    for rows in taken:
        lengths = [len(found.ids[row]) for row in rows]
        assert len(rows) == 1 or max(lengths) * len(rows) <= 80
