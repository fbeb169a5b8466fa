"""Greedy decoding: independent of the batch, equal to Transformers' own, stopped in time."""

import gc

import pytest
import torch
from tiny_training import PROMPT, TEMPLATE, make_model, make_rows, make_tokenizer

from babelmerge.evaluation import generation
from babelmerge.tasks import prompts
from babelmerge.training import train as training

ROWS = make_rows(70, seed=9, longest=9)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    tokenizer = make_tokenizer()
    model = make_model(tokenizer)
    settings = {"learning_rate": 5e-3, "steps": 200, "batch_size": 32, "scheduler": "linear"}
    places = {"out_dir": folder / "model", "run_dir": folder / "run"}
    train_rows = make_rows(400, seed=1)
    training.train(
        model, tokenizer, train_rows, None, prompt=PROMPT, settings=settings, seed=0, **places
    )
    return model, tokenizer


def run(trained, rows=ROWS, batch_size=64, **options):
    options = {"max_new_tokens": 40, "first_line": False} | options
    return generation.generate(*trained, rows, TEMPLATE, batch_size=batch_size, **options)


def test_the_batch_size_changes_nothing(trained):
    outputs = run(trained)
    assert outputs == run(trained, batch_size=1) == run(trained, batch_size=3)
    assert len(set(outputs)) > 20  # a model that has learnt to say different things


def test_equal_to_the_librarys_greedy_search(trained):
    model, tokenizer = trained
    for row, output in zip(ROWS[:12], run(trained), strict=False):
        ids = torch.tensor([prompts.encode(row, TEMPLATE, tokenizer, None).prompt_ids])
        found = model.generate(ids, do_sample=False, max_new_tokens=40)[0, ids.shape[1] :]
        assert tokenizer.decode(found, skip_special_tokens=True).strip() == output


def test_an_output_is_finished_where_it_is_the_same_with_more_room(trained):
    def write(limit, **more):
        options = {"max_new_tokens": limit, "batch_size": 16, "first_line": False} | more
        return generation.write(*trained, ROWS, TEMPLATE, **options)

    free = write(40)
    assert all(one.finished for one in free)
    for limit in (3, 8, 16):
        short = write(limit)
        same = [one.text == all_.text for one, all_ in zip(short, free, strict=True)]
        # One token more is needed to say that it is over.
        assert all(same[at] for at, one in enumerate(short) if one.finished)
        more = write(limit + 1)
        for one, longer in zip(short, more, strict=True):
            assert one.finished <= longer.finished
            assert one.finished or not longer.finished or one.text == longer.text
    assert {one.finished for one in write(8)} == {False, True}


def test_a_line_is_finished_by_its_end(trained):
    model, tokenizer = trained
    stops = generation._stops(model, tokenizer, first_line=True)
    word, newline = (tokenizer(t, add_special_tokens=False).input_ids[-1] for t in ("cat", "\n"))
    assert generation._ended([word, newline], stops, 2)
    assert not generation._ended([newline, word], stops, 2)
    assert not generation._ended([newline, newline], stops, 2), "nothing was said yet"
    assert generation._ended([word], stops, 2) and generation._ended([], stops, 2)


def test_outputs_come_back_in_row_order(trained):
    backwards = run(trained, rows=ROWS[::-1])
    assert backwards[::-1] == run(trained)


def test_near_ties_are_decided_as_in_a_batch_of_one(trained):
    model = make_model(trained[1], seed=4)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()  # every logit is equal: nothing but ties
    outputs = run((model, trained[1]), max_new_tokens=3)
    assert outputs == run((model, trained[1]), max_new_tokens=3, batch_size=1)


def test_stops_at_eos_or_at_the_limit(trained):
    model, tokenizer = trained
    encoded = list(prompts.encode_prompts(ROWS, TEMPLATE, tokenizer, None))
    stops = generation._stops(model, tokenizer, first_line=False)
    free = generation.generate_ids(model, encoded, stops, max_new_tokens=40, batch_size=16)
    short = generation.generate_ids(model, encoded, stops, max_new_tokens=2, batch_size=16)
    assert [ids[:2] for ids in free] == short
    assert all(tokenizer.eos_token_id not in ids for ids in free)
    assert min(map(len, free)) < max(map(len, free)) < 40


def test_every_eos_that_the_model_names_counts(trained):
    model, tokenizer = trained
    first = run(trained, rows=ROWS[:1])[0]
    token = tokenizer(first).input_ids[1]
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, token]
    try:
        assert run(trained, rows=ROWS[:1])[0] == tokenizer.decode(tokenizer(first).input_ids[:1])
    finally:
        model.generation_config.eos_token_id = tokenizer.eos_token_id


def test_the_first_line_ends_decoding():
    tokenizer = make_tokenizer()
    table = generation._stops(make_model(tokenizer), tokenizer, first_line=True)
    newline, word = (tokenizer(text).input_ids[0] for text in ("\n", "English"))
    seen = torch.tensor([False, True, False])
    over, seen = generation._is_over(torch.tensor([newline, newline, word]), seen, table)
    assert over.tolist() == [False, True, False]
    assert seen.tolist() == [False, True, True]


def test_a_vocabulary_is_decoded_once_and_again_when_it_grew(monkeypatch):
    tokenizer = make_tokenizer()
    model, decoded = make_model(tokenizer), []
    plain = type(tokenizer).decode
    monkeypatch.setattr(
        type(tokenizer), "decode", lambda self, ids: decoded.append(ids) or plain(self, ids)
    )
    size = len(tokenizer)
    once, twice = (generation._stops(model, tokenizer, first_line=True) for _ in range(2))
    assert len(decoded) == size and torch.equal(once.has_text, twice.has_text)
    assert len(once.has_text) == max(size, model.get_output_embeddings().weight.shape[0])
    tokenizer.add_tokens(["over.\nthere"])
    model.resize_token_embeddings(len(tokenizer))
    grown = generation._stops(model, tokenizer, first_line=True)
    assert len(decoded) == 2 * size + 1
    assert grown.ends_line[size] and torch.equal(grown.ends_line[:size], once.ends_line[:size])


def test_what_is_known_of_a_tokenizer_goes_with_it():
    before = len(generation._tables)
    tokenizer = make_tokenizer()
    generation._stops(make_model(tokenizer), tokenizer, first_line=True)
    assert len(generation._tables) == before + 1
    del tokenizer
    gc.collect()
    assert len(generation._tables) <= before


def test_first_line_and_whole_text_agree_on_one_line(trained):
    whole = run(trained)
    assert run(trained, first_line=True) == [generation.clean(text) for text in whole]
    assert not any("\n" in text for text in whole)


@pytest.mark.parametrize(
    ("raw", "line", "whole"),
    [
        ("  one \n two ", "one", "one \n two"),
        ("\n\n one\n\ntwo", "one", "one\n\ntwo"),
        ('"Quoted."', "Quoted.", '"Quoted."'),
        ('He said "no".', 'He said "no".', 'He said "no".'),
        ('"', '"', '"'),
        ("half a \ufffd letter", "half a", "half a \ufffd letter"),
        ("", "", ""),
        (" \n ", "", ""),
    ],
)
def test_clean(raw, line, whole):
    assert generation.clean(raw) == line
    assert generation.clean(raw, first_line=False) == whole


def test_a_prompt_that_is_too_long_is_an_error(trained):
    with pytest.raises(prompts.PromptTooLong, match="raise max_length"):
        run(trained, max_length=4)


def test_no_rows_give_no_outputs(trained):
    assert run(trained, rows=[]) == []


def test_signature_names_what_can_change_outputs(trained):
    model = trained[0]
    assert generation.signature(model, 1) == generation.signature(model, 64)
    assert generation.signature(model, 8) == "greedy|dtype:float32|device:cpu"
    half = make_model(trained[1]).to(torch.bfloat16)
    assert generation.signature(half, 8) == "greedy|dtype:bfloat16|device:cpu|batch:8"


def test_progress_is_called_to_the_end(trained):
    calls = []
    run(trained, batch_size=32, max_new_tokens=1, progress=lambda *call: calls.append(call))
    assert calls == [(32, 70), (64, 70), (70, 70)]
