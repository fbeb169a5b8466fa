"""Likelihoods of choices: those of the whole sequence, whatever shares a batch."""

import math

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_training import ASKED, TEMPLATE, make_model, make_rows, make_tokenizer

from babelmerge.evaluation import answer_scores, answering, likelihood, metrics
from babelmerge.tasks import choices, kinds, prompts

ROWS = make_rows(30, seed=5, longest=9)
CHOICES = [["बिल्ली", "कुत्ता देखता", "लाल घर पानी", "घर"][: 2 + n % 3] for n in range(30)]
CHOSEN = {**ASKED, "kind": "multiple_choice"}


@pytest.fixture(scope="module")
def tiny():
    tokenizer = make_tokenizer()
    return make_model(tokenizer), tokenizer


def encoded(tokenizer, longest=None):
    """Items behind long prompts, or behind the last tokens of these."""
    rows = [{**row, "choices": own} for row, own in zip(ROWS, CHOICES, strict=True)]
    items = choices.encode(rows, {**ASKED, "template": TEMPLATE}, tokenizer)
    return [[((read * 3)[-(longest or 99) :], counted) for read, counted in item] for item in items]


def by_hand(model, prompt, choice):
    """One sequence, no cache, no padding."""
    with torch.no_grad():
        logits = torch.log_softmax(model(torch.tensor([prompt + choice])).logits[0].float(), -1)
    places = range(len(prompt) - 1, len(prompt) + len(choice) - 1)
    return sum(float(logits[at, token]) for at, token in zip(places, choice, strict=True))


@pytest.mark.parametrize("size", [1, 7, 64])
@pytest.mark.parametrize("longest", [1, likelihood.SHORT, None])
def test_batches_give_what_single_sequences_give(tiny, size, longest):
    """Behind one token, behind prompts that are read again for each choice, and kept ones."""
    model, tokenizer = tiny
    items = encoded(tokenizer, longest)
    found = likelihood.log_likelihoods(model, items, size)
    for item, values in zip(items, found, strict=True):
        expected = [by_hand(model, read, counted) for read, counted in item]
        assert values == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_models_that_look_back_some_tokens_only_see_the_same_in_batches(tiny, size):
    """Prompts of up to 30 tokens, padded on the left, behind which a window of 6 is kept."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    tokenizer = tiny[1]
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
        sliding_window=6,
        layer_types=["sliding_attention", "full_attention"],
        initializer_range=0.3,
    )
    model = Gemma3ForCausalLM(config).eval()
    items = encoded(tokenizer, 30)
    assert {len(item[0][0]) for item in items} - {30}, "of several lengths"
    found = likelihood.log_likelihoods(model, items, size)
    for item, values in zip(items, found, strict=True):
        expected = [by_hand(model, read, counted) for read, counted in item]
        assert values == pytest.approx(expected, rel=1e-5, abs=1e-4)


@pytest.mark.parametrize("longest", [1, likelihood.SHORT + 1, None])
@pytest.mark.parametrize("times", [1, 40])
def test_batches_hold_few_enough_tokens_and_every_choice_once(tiny, longest, times, monkeypatch):
    """In every pass of the model, padding among them: over long prompts and over long choices."""
    model, tokenizer = tiny
    items = [[(read, own * times) for read, own in item] for item in encoded(tokenizer, longest)]
    alone = max(len(item) * (len(item[0][0]) + max(len(own) for _, own in item)) for item in items)
    monkeypatch.setattr(likelihood, "EXACT_TOKENS", alone)
    plain, read = type(model).forward, []

    def forward(self, input_ids, **more):
        read.append(input_ids.numel())
        return plain(self, input_ids=input_ids, **more)

    expected = [likelihood.log_likelihoods(model, [item], 64)[0] for item in items]
    monkeypatch.setattr(type(model), "forward", forward)
    found = likelihood.log_likelihoods(model, items, 64)
    assert max(read) <= alone and 2 < len(read) < 1.7 * len(items)
    for values, one in zip(found, expected, strict=True):
        assert values == pytest.approx(one, rel=1e-5, abs=1e-4)


def test_long_choices_behind_a_short_prompt_fill_a_batch(tiny, monkeypatch):
    """Many prompts of 17 tokens would share a batch, were their choices not counted."""
    sizes = []
    monkeypatch.setattr(
        likelihood,
        "_shared",
        lambda items, model: sizes.append(len(items)) or [[0.0, -9.0]] * len(items),
    )
    prompt, choice = list(range(likelihood.SHORT + 1)), [5] * 300
    items = [[(prompt, choice)] * 4 for _ in range(6)] + [[(prompt, [5])] * 4 for _ in range(32)]
    likelihood.log_likelihoods(tiny[0], items, likelihood.EXACT_BATCH)
    assert sizes == [1] * 6 + [16, 16], "1,200 tokens each, and 64 choices at most"


@settings(
    deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(1, 120), min_size=1, max_size=40), st.booleans())
def test_batches_read_little_padding_and_are_no_smaller_than_that_asks(
    tiny, monkeypatch, lengths, behind
):
    """On a CPU padding costs what text costs: real pairs are of 10 to 80 tokens."""
    prompt = [7] * (likelihood.SHORT + 1 if behind else 1)
    items = [[(prompt, [5] * length), (prompt, [6] * length)] for length in lengths]
    batches = []
    for way in ("_shared", "_whole"):
        answer = lambda items, model: batches.append(items) or [[0.0, -9.0]] * len(items)  # noqa: E731
        monkeypatch.setattr(likelihood, way, answer)
    likelihood.log_likelihoods(tiny[0], items, 64)
    heads = len(prompt) * (1 if behind else 2)

    def share(batch):
        """(tokens read, share of padding)."""
        widths = [len(item[0][1]) for item in batch]
        read = len(batch) * (heads + 2 * max(widths))
        return read, 1 - (len(batch) * heads + 2 * sum(widths)) / read

    assert sorted(len(item[0][1]) for batch in batches for item in batch) == sorted(lengths)
    for batch, following in zip(batches, [*batches[1:], None], strict=True):
        read, padding = share(batch)
        assert read <= likelihood.FEW or padding <= likelihood.PADDING
        if following:
            read, padding = share([*batch, following[0]])
            full = read > likelihood.EXACT_TOKENS or len(batch) == likelihood.EXACT_BATCH // 2
            assert full or read > likelihood.FEW and padding > likelihood.PADDING


def test_choices_behind_different_prompts_are_compared(tiny):
    """As texts are, whose first token is left out."""
    model, tokenizer = tiny
    items = [
        [(read + counted[:1], counted[1:]) for read, counted in item]
        for item in encoded(tokenizer, 3)
        if min(len(counted) for _, counted in item) > 1
    ]
    assert items
    found = likelihood.log_likelihoods(model, items, 8)
    for item, values in zip(items, found, strict=True):
        assert values == pytest.approx([by_hand(model, *pair) for pair in item], abs=1e-4)


def test_a_long_prompt_is_read_once_for_all_its_choices(tiny, monkeypatch):
    model, prompt = tiny[0], list(range(5, 25))
    plain, read = type(model).forward, []

    def forward(self, input_ids, **more):
        read.append(input_ids.numel())
        return plain(self, input_ids=input_ids, **more)

    monkeypatch.setattr(type(model), "forward", forward)
    assert len(prompt) > likelihood.SHORT
    likelihood.log_likelihoods(model, [[(prompt, [5, 6, 7]), (prompt, [8, 9, 10])]], 8)
    assert sum(read) == len(prompt) + 2 * 2, "and what counts but for its last token"


def test_the_choice_does_not_depend_on_the_batch(tiny):
    model, tokenizer = make_model(tiny[1], seed=3), tiny[1]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()  # every token is as likely: choices of one length are ties
    sizes = [likelihood.log_likelihoods(model, encoded(tokenizer), size) for size in (1, 5, 64)]
    best = [[row.index(max(row)) for row in found] for found in sizes]
    assert best[0] == best[1] == best[2]


def test_answers_hold_the_likeliest_choice_and_all_numbers(tiny):
    rows = [{**row, "choices": own} for row, own in zip(ROWS, CHOICES, strict=True)]
    options = {"batch_size": 4, "max_new_tokens": 3, "max_length": 200}
    found = answering.answer(*tiny, rows, {**CHOSEN, "answer": "likelihood"}, options)
    assert found == answering.answer(
        *tiny, rows, {**CHOSEN, "answer": "likelihood"}, {**options, "batch_size": 64}
    ), "on a CPU in float32 no setting changes a number"
    for one, texts in zip(found, CHOICES, strict=True):
        assert [choice["text"] for choice in one["choices"]] == texts
        best = max(one["choices"], key=lambda choice: choice["log_likelihood"])
        assert one["output"] == best["text"]
        assert best["tokens"] == len(prompts.answer_ids(tiny[1], [best["text"]], TEMPLATE)[0])


def test_labels_of_the_study_are_the_choices_of_rows_without(tiny):
    asked = {**ASKED, "kind": "classification", "labels": ["घर", "पानी"]}
    options = {"batch_size": 4, "max_new_tokens": 3}
    for answer in ("likelihood", "generate"):
        found = answering.answer(*tiny, ROWS[:3], {**asked, "answer": answer}, options)
        assert [[c["text"] for c in one["choices"]] for one in found] == [["घर", "पानी"]] * 3
        assert ("log_likelihood" in found[0]["choices"][0]) == (answer == "likelihood")


def test_data_sets_that_are_asked_alike_are_scored_apart(tiny):
    rows = [
        {**row, "target": own[0], "choices": own} for row, own in zip(ROWS, CHOICES, strict=True)
    ]
    asked = {**CHOSEN, "answer": "likelihood"}
    cases = {"one": (rows[:10], asked), "two": (rows[10:], asked)}
    found = answer_scores.scores(*tiny, cases, {"batch_size": 8, "max_new_tokens": 3}, "accuracy")
    alone = answer_scores.scores(
        *tiny, {"two": cases["two"]}, {"batch_size": 8, "max_new_tokens": 3}, "accuracy"
    )
    assert list(found) == ["one", "two"] and found["two"] == alone["two"]


def test_signatures_say_the_rule(tiny):
    asked = {**CHOSEN, "answer": "likelihood"}
    told = answering.signature(tiny[0], asked, 8)
    assert told == f"{choices.rule(asked)}|dtype:float32|device:cpu"
    assert (
        answering.signature(tiny[0], {**asked, "shots": "5 of dev"}, 8) == f"{told}|shots:5 of dev"
    )
    assert answering.signature(tiny[0], {**asked, "answer": "generate"}, 8).startswith("greedy|")


def test_a_choice_without_tokens_is_refused(tiny):
    rows = [{**ROWS[0], "choices": ["", "घर"]}]
    with pytest.raises(ValueError, match="choice '' has no tokens"):
        answering.answer(*tiny, rows, {**CHOSEN, "answer": "likelihood"}, {"batch_size": 1})


def test_a_space_comes_before_choices_where_the_template_says_so(tiny):
    """As lm-evaluation-harness scores them: context, target_delimiter ' ', choice."""
    model, tokenizer = tiny
    template = TEMPLATE.strip()
    spaced = f"{template}{{space}}"
    options = {"batch_size": 4, "max_length": 200}
    rows = [{**row, "choices": own} for row, own in zip(ROWS[:3], CHOICES, strict=False)]
    asked = {**CHOSEN, "answer": "likelihood", "template": spaced}
    found = likelihood.choose(model, tokenizer, rows, asked, **options)
    context = list(prompts.encode_prompts(ROWS[:3], template, tokenizer, None))
    for ids, texts, row in zip(context, CHOICES, found, strict=False):
        wanted = [
            by_hand(model, ids, tokenizer(f" {text}", add_special_tokens=False)["input_ids"])
            for text in texts
        ]
        assert [c["log_likelihood"] for c in row] == pytest.approx(wanted, abs=1e-4)
        assert [c["text"] for c in row] == texts
    assert answering.signature(model, asked, 1).count("choice:a space") == 1
    assert "a space" not in answering.signature(model, {**asked, "template": template}, 1)


def test_foretelling_by_chance_costs_the_logarithm_of_the_vocabulary(tiny):
    """Bits a byte in closed form: every token as likely, whatever shares a batch; no end token."""
    model, tokenizer = make_model(tiny[1], seed=3), tiny[1]
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    kind, asked = kinds.kind("perplexity"), {**ASKED, "kind": "perplexity", "template": ""}
    rows = [kind.settle({**row, "target": ""}, []) for row in ROWS]
    options = {"batch_size": 7, "max_length": None}
    answers = answering.answer(model, tokenizer, rows, asked | {"answer": "likelihood"}, options)
    texts = [row["source"] for row in ROWS]
    counted = [len(tokenizer(text, add_special_tokens=False)["input_ids"]) for text in texts]
    assert [one["choices"][0]["tokens"] for one in answers] == counted
    expected = sum(counted) * math.log2(model.config.vocab_size) / len("".join(texts).encode())
    choices_ = [one["choices"] for one in answers]
    scored, table = metrics.score("perplexity", texts, texts, choices=choices_)
    assert scored["metrics"]["bits_per_byte"]["value"] == pytest.approx(expected, rel=1e-5)
    assert table["bits_per_byte"][:, 1].tolist() == [len(text.encode()) for text in texts]
