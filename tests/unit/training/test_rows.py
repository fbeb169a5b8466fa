"""Which rows a model learns from, and what of them: unlike data sets in one model, long rows."""

import numpy as np
import pytest
import torch
from tiny_training import PROMPT, ROWS, make_model, make_rows, make_tokenizer, run, weights_hash

from babelmerge.data import batches as batching
from babelmerge.data import tokenised as training_checks
from babelmerge.models import losses

OTHER = {"template": "{source}?", "chat": False}
TEXT = {"template": "{source}", "chat": False, "whole": True}
ASKED = {"a/en-hi": PROMPT, "b/en-hi": OTHER, "text/en": TEXT}


@pytest.fixture(scope="module")
def tokenizer():
    return make_tokenizer()


def mixed(each=6, seed=1):
    """Rows of three data sets, the last of which are texts."""
    return [
        row | {"dataset": dataset} | ({"target": ""} if dataset == "text/en" else {})
        for number, dataset in enumerate(ASKED)
        for row in make_rows(each, seed=seed + number)
    ]


def by_hand(model, tokenizer, row):
    """Summed loss of what is learnt of a row, from all logits."""
    own = ASKED[row["dataset"]]
    text = own["template"].format(source=row["source"], source_language="English", **HINDI)
    read = tokenizer(text).input_ids
    ids = [*read, *tokenizer(row["target"]).input_ids, tokenizer.eos_token_id]
    first = 1 if own.get("whole") else len(read)
    logits = model(torch.tensor([ids])).logits[0].double().log_softmax(-1)
    return -sum(logits[at - 1, ids[at]].item() for at in range(first, len(ids)))


HINDI = {"target_language": "Hindi"}


def test_each_data_set_is_learnt_by_its_own_prompt_and_texts_as_a_whole(tmp_path, tokenizer):
    rows, model = mixed(), make_model(tokenizer).eval()
    triples = training_checks.tokenised(rows, ASKED, tokenizer, 128, training_checks.Counts())
    tokens = batching.store(triples, tmp_path, "train", len(tokenizer))
    batch = batching.collate(tokens, np.arange(len(rows)))
    with torch.no_grad():
        found = losses.summed_loss(model, batch, True).item()
        assert found == pytest.approx(sum(by_hand(model, tokenizer, r) for r in rows), rel=1e-5)


def test_a_model_of_unlike_data_sets_trains_and_has_a_loss_on_each(tmp_path, tokenizer):
    changes = {"sampling": {"temperature": 3.0}, "eval_steps": 2, "steps": 4, "batch_size": 6}
    _, record = run(tmp_path, tokenizer, mixed(), mixed(2, 9), prompt=ASKED, **changes)
    assert list(record["dev_losses_by_data_set"]) == list(ASKED)
    assert record["last_loss"] < record["first_loss"]
    assert record["rows"]["train"]["rows"] == 18


def test_one_prompt_for_all_is_the_same_prompt_for_each(tmp_path, tokenizer):
    rows = [row | {"dataset": f"t/{n // 20}"} for n, row in enumerate(ROWS)]
    run(tmp_path / "one", tokenizer, rows, steps=2)
    run(tmp_path / "each", tokenizer, rows, steps=2, prompt={"t/0": PROMPT, "t/1": PROMPT})
    assert weights_hash(tmp_path / "one") == weights_hash(tmp_path / "each")


# --- rows that are too long -------------------------------------------------------------------

LONG = ROWS[0] | {"id": "long", "source": "cat " * 100}
WORDY = ROWS[0] | {"id": "wordy", "target": "बिल्ली " * 100}


@pytest.mark.parametrize(
    ("policy", "cut", "dropped"), [(None, 1, None), ("cut", 1, None), ("drop", 0, 1)]
)
def test_rows_that_do_not_fit_become_what_is_asked(tmp_path, tokenizer, policy, cut, dropped):
    changes = {"max_length": 32, "steps": 1, "too_long": policy}
    _, record = run(tmp_path, tokenizer, [*ROWS, LONG, WORDY], **changes)
    counts = record["rows"]["train"]
    assert (counts["rows"], counts["prompts_too_long"], counts["targets_cut"]) == (42, 1, cut)
    assert counts.get("targets_dropped") == dropped


def test_refused_rows_are_named(tmp_path, tokenizer):
    with pytest.raises(ValueError, match="row wordy has .* max_length is 32; .*too_long: cut or"):
        run(tmp_path, tokenizer, [*ROWS, WORDY], max_length=32, steps=1, too_long="error")
    run(tmp_path, tokenizer, max_length=64, steps=1, too_long="error")


def test_nothing_left_is_an_error(tmp_path, tokenizer):
    with pytest.raises(ValueError, match="train: all 1 rows are longer than max_length 32"):
        run(tmp_path, tokenizer, [WORDY], max_length=32, steps=1, too_long="drop")


def test_a_long_text_is_cut_as_an_answer_is(tmp_path, tokenizer):
    text = WORDY | {"source": "cat " * 100, "target": ""}
    _, record = run(tmp_path, tokenizer, [text], prompt=TEXT, max_length=32, steps=1)
    assert record["rows"]["train"]["targets_cut"] == 1 and record["target_tokens"] == 31


def documents(tokenizer, most, policy, lengths=(3, 40, 90, 31, 32, 33)):
    """(ids, targets) of texts of so many words, joined by text, and the counts."""
    rows = [{"id": f"d{n}", "source": " ".join(words(n))} for n in lengths]
    rows = [ROWS[0] | row | {"target": ""} for row in rows]
    counts = training_checks.Counts()
    triples = list(training_checks.tokenised(rows, TEXT, tokenizer, most, counts, policy))
    found = {}
    for name, read, learnt in triples:
        found.setdefault(name.partition(",")[0], []).append((read, learnt))
    return found, counts


def words(count):
    return (ROWS[n % len(ROWS)]["source"].split()[0] for n in range(count))


@pytest.mark.parametrize("most", [2, 3, 17, 32])
def test_the_pieces_of_a_text_joined_are_the_text(tokenizer, most):
    whole, uncut = documents(tokenizer, None, "cut")
    found, counts = documents(tokenizer, most, "split")
    assert list(found) == list(whole)
    for name, pieces in found.items():
        ((read, learnt),) = whole[name]
        assert pieces[0][0] == read, "it begins as the text does"
        assert [token for _, own in pieces for token in own] == learnt
        assert all(len(one) + len(own) == most for one, own in pieces[:-1])
        assert len(pieces[-1][0]) + len(pieces[-1][1]) <= most and pieces[-1][1]
        for (_, before), (after, _) in zip(pieces, pieces[1:], strict=False):
            assert after == before[-1:], "and goes on where it was parted"
    assert counts.target_tokens == uncut.target_tokens
    parted = [len(pieces) for pieces in found.values() if len(pieces) > 1]
    assert (counts.texts_split, counts.pieces) == (len(parted), sum(parted))
    assert counts.parts[""] == sum(map(len, found.values())) and counts.rows == len(whole)


@pytest.mark.parametrize("packing", [False, True])
def test_a_model_learns_every_token_of_long_texts_once(tmp_path, tokenizer, packing):
    rows = [row | {"target": "", "source": f"{row['source']} " * 9} for row in make_rows(12)]
    changes = {"prompt": TEXT, "batch_size": 4, "steps": None, "epochs": 1, "packing": packing}
    _, whole = run(tmp_path / "1", tokenizer, rows, **changes)
    _, split = run(tmp_path / "2", tokenizer, rows, **changes, max_length=32, too_long="split")
    assert split["target_tokens"] == whole["target_tokens"]
    counts = split["rows"]["train"]
    assert counts["pieces"] >= 2 * counts["texts_split"] > 12
    assert counts["tokens_cut"] == counts["targets_cut"] == counts["prompts_too_long"] == 0
    assert "texts_split" not in whole["rows"]["train"]


def test_answers_are_not_split(tmp_path, tokenizer):
    with pytest.raises(ValueError, match="row row0 is a prompt and its answer, .* cut, drop or"):
        run(tmp_path, tokenizer, max_length=32, steps=1, too_long="split")
