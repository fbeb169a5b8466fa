"""The one forward pass: against loops over sentences, transformers' own states, counts."""

import json
import logging
import tracemalloc
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from families import FAMILIES, MIXTURES, UNGATED, family
from safetensors.numpy import load_file
from tiny_training import TEMPLATE, make_rows, make_tokenizer
from torch import nn

from babelmerge.analysis.probing import files as representation_files
from babelmerge.analysis.probing import hooks as representation_hooks
from babelmerge.analysis.probing import parts, representations
from babelmerge.analysis.probing.files import SPANS
from babelmerge.tasks import prompts

TOKENIZER = make_tokenizer()
ROWS = make_rows(23, seed=3, longest=9)


def asked(rows=ROWS, **options):
    return representations.probes(rows, TEMPLATE, TOKENIZER, **options)


def gate_of(mlp, inputs):
    """The gate's pre-activation, from the weights."""
    fused = getattr(mlp, "gate_up_proj", None)
    weight = mlp.gate_proj.weight if fused is None else fused.weight.chunk(2)[0]
    return inputs @ weight.T


def run(model, blocks, ids):
    """Gates of each block, the raw output of the last, and transformers' hidden states."""
    seen, raw = [], []
    handles = [
        b.mlp.register_forward_pre_hook(lambda m, x: seen.append(gate_of(m, x[0][0])))
        for b in blocks
    ]
    handles += [blocks[-1].register_forward_hook(lambda m, x, y: raw.append(y))]
    hidden = model.get_decoder()(ids, output_hidden_states=True).hidden_states
    for handle in handles:
        handle.remove()
    return seen, raw[0][0] if isinstance(raw[0], tuple) else raw[0], hidden


@torch.no_grad()
def by_sentence(model, rows):
    """States by transformers' own output_hidden_states, gates by forming them, one by one."""
    counts, states, gates = 0, [], []
    blocks = model.get_decoder().layers
    for row in rows:
        one = prompts.encode(row, TEMPLATE, TOKENIZER, None)
        seen, last, hidden = run(model, blocks, torch.tensor([one.ids]))
        layers = torch.stack([h[0] for h in (*hidden[:-1], last, hidden[-1])])
        masks = torch.tensor([one.source_mask, one.target_mask])
        states.append([[layer[mask].double().mean(0) for layer in layers] for mask in masks])
        gates.append(torch.stack(seen))
        counts = counts + torch.stack(
            [torch.stack([(g[mask] > 0).sum(0) for g in seen]) for mask in masks]
        )
    tensors = torch.stack([torch.stack([torch.stack(span) for span in row]) for row in states])
    return counts.numpy(), tensors.permute(1, 2, 0, 3).numpy(), gates


# --- What is computed -----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", FAMILIES)
def test_any_family_agrees_with_a_loop_over_sentences(kind):
    model = family(kind)
    counts, states, gates = by_sentence(model, ROWS)
    doubtful = sum((g.abs() < 1e-5).sum(1) for g in gates)  # (blocks, width)
    found = representations.represent(model, asked(), batch_tokens=150)
    for place, span in enumerate(SPANS):
        assert found.states[span].shape == (5, len(ROWS), 32)
        assert found.states[span].dtype == np.float32
        assert np.allclose(found.states[span], states[place], rtol=1e-4, atol=1e-5)
        assert found.counts[span].dtype == np.int64
        assert (abs(found.counts[span] - counts[place]) <= doubtful.numpy()).all()


@torch.no_grad()
@pytest.mark.parametrize("kind", UNGATED)
def test_without_gates_a_neuron_is_active_where_its_activation_is_positive(kind):
    """Counted are inputs of the activation; here its outputs, which the projection down gets."""
    model, heard = family(kind), []
    found = representations.represent(model, asked(), batch_tokens=150)
    probed, neurons = asked(), parts.parts(model).neurons
    handles = [
        own.down.register_forward_pre_hook(lambda _, x: heard.append(x[0].flatten(0, -2)))
        for own in neurons
    ]
    counts, embedded = {span: 0 for span in SPANS}, []
    for ids, masks in zip(probed.ids, probed.masks, strict=True):
        heard.clear()
        decoder = model.get_decoder()
        states = decoder(torch.from_numpy(ids)[None], output_hidden_states=True).hidden_states
        embedded.append(states[0][0][torch.from_numpy(masks[0])].mean(0).numpy())
        for span, mask in zip(SPANS, torch.from_numpy(masks), strict=True):
            counts[span] += torch.stack([(x[mask] > 0).sum(0) for x in heard]).numpy()
    for handle in handles:
        handle.remove()
    assert np.allclose(found.states["source"][0], np.array(embedded), atol=1e-6)
    for span in SPANS:
        assert found.counts[span].shape == parts.parts(model).shape
        assert 0 < found.counts[span].sum()
        assert abs(found.counts[span] - counts[span]).sum() <= 2


@pytest.mark.parametrize("kind", MIXTURES)
def test_a_mixture_of_experts_has_states_and_no_neurons(kind, caplog):
    with caplog.at_level(logging.WARNING):
        found = representations.represent(family(kind), asked())
    assert "is a mixture of experts" in caplog.text
    for span in SPANS:
        assert found.counts[span].shape == (3, 0)
        assert found.states[span].any() and np.isfinite(found.states[span]).all()


def test_neurons_that_cannot_be_compared_are_left_out():
    other = family("qwen2")
    other.model.layers[1].mlp.gate_proj = nn.Linear(32, 40)
    assert "from 40 to 48 neurons" in parts.parts(other).lacking
    nameless = family("llama")
    nameless.model.layers[1].mlp = nn.ModuleDict({"w1": nn.Linear(4, 4)})
    assert "block 1: has no MLP of a known kind (found" in parts.parts(nameless).lacking
    model = family("llama", hidden_act="sigmoid")
    assert "not positive exactly where" in parts.parts(model).lacking
    assert parts.parts(model).shape == (3, 0)
    found = representations.represent(model, asked())
    assert all(counts.shape == (3, 0) for counts in found.counts.values())


def test_a_decoder_that_projects_its_output():
    """OPT-350m: states of 32 features inside, 16 outside, and no final norm."""
    model = family("opt", word_embed_proj_dim=16, do_layer_norm_before=False)
    states = representations.represent(model, asked()).states["source"]
    assert states.shape == (5, len(ROWS), 32)
    assert np.array_equal(states[-1], states[-2])


def test_exact_counts_and_means_of_a_model_made_by_hand():
    """Embeddings are one-hot by token, attention is off, gates are -1, 0 or 1 by token."""
    model = family("llama", hidden_size=len(TOKENIZER) + len(TOKENIZER) % 2, num_hidden_layers=2)
    size, width = model.config.hidden_size, model.config.intermediate_size
    generator = torch.Generator().manual_seed(1)
    table = torch.randint(-1, 2, (2, width, size), generator=generator).float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.model.embed_tokens.weight.copy_(torch.eye(len(TOKENIZER), size))
        for block, gates in zip(model.model.layers, table, strict=True):
            block.post_attention_layernorm.weight.fill_(1)
            block.mlp.gate_proj.weight.copy_(gates)
    found = representations.represent(model, asked(), batch_tokens=64)
    encoded = [prompts.encode(row, TEMPLATE, TOKENIZER, None) for row in ROWS]
    for span, mask in (("source", "source_mask"), ("target", "target_mask")):
        tokens = [[i for i, m in zip(e.ids, getattr(e, mask), strict=True) if m] for e in encoded]
        for block in range(2):
            positive = sum((table[block][:, i] > 0).long() for row in tokens for i in row)
            assert np.array_equal(found.counts[span][block], positive.numpy())
        means = np.zeros((len(ROWS), size))
        for place, row in enumerate(tokens):
            np.add.at(means[place], row, 1 / len(row))
        for layer in range(3):
            assert np.allclose(found.states[span][layer], means, atol=1e-6)
        assert found.tokens[span].tolist() == [len(row) for row in tokens]
        assert not found.states[span][3].any()  # the final norm's weight is 0


@pytest.mark.parametrize("batch_tokens", [1, 37, 100, 100_000])
def test_batch_size_changes_nothing(model, batch_tokens):
    alone = representations.represent(model, asked(), batch_tokens=1)
    found = representations.represent(model, asked(), batch_tokens=batch_tokens)
    for span in SPANS:
        assert np.array_equal(found.tokens[span], alone.tokens[span])
        assert np.allclose(found.states[span], alone.states[span], rtol=1e-5, atol=1e-6)
        assert abs(found.counts[span] - alone.counts[span]).sum() <= 2


def test_the_same_bits_when_repeated(model):
    first, second = (representations.represent(model, asked(), 64) for _ in range(2))
    for span in SPANS:
        assert np.array_equal(first.states[span], second.states[span])
        assert np.array_equal(first.counts[span], second.counts[span])


def test_order_of_the_data(model):
    order = list(reversed(range(len(ROWS))))
    plain = representations.represent(model, asked(), 100)
    turned = representations.represent(model, asked([ROWS[i] for i in order]), 100)
    for span in SPANS:
        assert np.allclose(plain.states[span][:, order], turned.states[span], atol=1e-6)
        assert np.array_equal(plain.tokens[span][order], turned.tokens[span])


def test_logits_are_never_formed_and_hooks_go(model):
    before = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    handle = model.lm_head.register_forward_hook(lambda *_: pytest.fail("logits were formed"))
    try:
        representations.represent(model, asked())
    finally:
        handle.remove()
    assert before == [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]


def test_bfloat16_counts_do_not_saturate_and_pool_in_float32():
    """256 is where a bfloat16 sum of ones stops growing."""
    model = family("llama", num_hidden_layers=1).to(torch.bfloat16)
    with torch.no_grad():
        model.model.layers[0].mlp.gate_proj.weight[:8] *= 0
        bias = nn.Parameter(torch.zeros(48, dtype=torch.bfloat16))
        bias[:8] = 1
        model.model.layers[0].mlp.gate_proj.bias = bias
    rows = make_rows(60, seed=5)
    found = representations.represent(model, asked(rows), 4096)
    for span in SPANS:
        total = int(found.tokens[span].sum())
        assert total > 256 and (found.counts[span][0, :8] == total).all()
        assert found.states[span].dtype == np.float32
    exact = representations.represent(model.float(), asked(rows), 4096)
    for span in SPANS:
        scale = abs(exact.states[span]).max()
        assert np.allclose(found.states[span], exact.states[span], atol=0.02 * scale)


def test_positive_counts_in_slices():
    generator = torch.Generator().manual_seed(0)
    gates = torch.randn(1000, 7, generator=generator)
    gates[::3] = 0
    gates[5], gates[6] = float("nan"), float("inf")
    masks = torch.rand(2, 1000, generator=generator).round()
    expected = [[int((gates[m > 0][:, k] > 0).sum()) for k in range(7)] for m in masks]
    assert representation_hooks.positive_counts(gates, masks).tolist() == expected


# --- What is refused ------------------------------------------------------------------------------


def test_training_mode_is_refused():
    with pytest.raises(ValueError, match=r"call model.eval\(\)"):
        representations.represent(family("qwen2").train(), asked())


def test_states_that_are_not_finite_are_refused():
    broken = family("qwen2")
    with torch.no_grad():
        broken.model.layers[1].mlp.down_proj.weight[0, 0] = float("nan")
    with pytest.raises(ValueError, match=r"row row\d+: layer 2 holds NaN"):
        representations.represent(broken, asked())


def test_a_block_that_does_not_run_is_refused():
    model = family("llama")
    model.model.layers[1].forward = lambda states, **_: states  # its MLP is never called
    with pytest.raises(ValueError, match="block 1 was not run"):
        representations.represent(model, asked())


# --- Files ----------------------------------------------------------------------------------------


def test_files(model, tmp_path):
    found = representations.represent(model, asked())
    path = tmp_path / "deep" / "hi-en.safetensors"
    representation_files.save(path, found)
    first = path.read_bytes()
    representation_files.save(path, found)
    assert path.read_bytes() == first and [p.name for p in path.parent.iterdir()] == [path.name]
    mapped, plain = representation_files.load(path), load_file(path)
    for kind in ("counts", "tokens", "states"):
        for span in SPANS:
            expected = getattr(found, kind)[span]
            assert np.array_equal(getattr(mapped, kind)[span], expected)
            assert np.array_equal(plain[f"{kind}.{span}"], expected)
            assert plain[f"{kind}.{span}"].dtype == expected.dtype
    assert isinstance(mapped.states["source"], np.memmap)


def test_files_of_another_kind_are_refused(tmp_path):
    from safetensors.numpy import save_file

    save_file({"counts.source": np.zeros(3)}, tmp_path / "x.safetensors")
    with pytest.raises(ValueError, match="not a file of representations"):
        representation_files.load(tmp_path / "x.safetensors")


def test_represent_file(model, tmp_path, caplog):
    folder = tmp_path / "model"
    model.save_pretrained(folder)
    TOKENIZER.save_pretrained(folder)
    rows = [*ROWS[:3], ROWS[3] | {"target": ""}, *ROWS[4:]]
    out = tmp_path / "out" / "hi-en.safetensors"
    with caplog.at_level(logging.WARNING):
        facts = representations.represent_file(folder, rows, out, template=TEMPLATE)
    assert "1 sentences have no target token" in caplog.text
    assert facts == json.loads(out.with_suffix(".json").read_text())
    assert facts["empty"] == {"source": 0, "target": 1}
    assert (facts["sentences"], facts["blocks"], facts["width"]) == (len(rows), 3, 64)
    expected = representations.represent(model, asked(rows))
    found = representation_files.load(out)
    assert np.array_equal(found.states["target"], expected.states["target"])
    assert facts["tokens"]["source"] == int(found.tokens["source"].sum())


def test_models_on_unlike_numbers_of_sentences_are_refused(model):
    one, two = (representations.represent(model, asked(ROWS[:n])) for n in (3, 4))
    with pytest.raises(ValueError, match="on one data set"):
        representation_files.common({"base": one, "experts/a": two}, "source")


def test_memory_grows_by_the_states_alone(model):
    """Peak of the arrays beside what is returned, for few and for many sentences."""

    def beside(count):
        probed = asked(ROWS * count)
        tracemalloc.start()
        found = representations.represent(model, probed, 128)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        kept = sum(a.nbytes for part in found for a in part.values())
        return peak - kept

    beside(1)
    assert beside(40) < beside(2) + 200_000


def test_states_of_embeddings_come_from_keywords_too():
    """Some decoders hand states to their blocks by name."""
    seen = SimpleNamespace(hear_states=lambda layer, states: seen.__setattr__("got", states))
    representation_hooks._embeddings(seen)(None, (), {"hidden_states": "states"})
    assert seen.got == "states"
