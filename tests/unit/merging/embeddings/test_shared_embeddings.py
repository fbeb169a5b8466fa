"""Encoders and decoders that share their embeddings: one tensor, however files spell it."""

import copy
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    M2M100Config,
    M2M100ForConditionalGeneration,
    MarianConfig,
    MarianMTModel,
    MBartConfig,
    MBartForConditionalGeneration,
    OPTConfig,
    OPTForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
    T5Config,
    T5ForConditionalGeneration,
    WhisperConfig,
    WhisperForConditionalGeneration,
)

from babelmerge import merging
from babelmerge.files import tensor_headers, ties
from babelmerge.merging import places
from babelmerge.recipes import recipes

SIZES = {"vocab_size": 32, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
SIZES |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16}
SIZES |= {"decoder_ffn_dim": 16, "max_position_embeddings": 16, "pad_token_id": 1}
T5 = {"vocab_size": 32, "d_model": 16, "d_kv": 8, "d_ff": 24, "num_layers": 1, "num_heads": 2}
MASKED = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
MASKED |= {"num_attention_heads": 2, "max_position_embeddings": 16, "pad_token_id": 1}
FAMILIES = {
    "t5": (T5ForConditionalGeneration, T5Config(**T5)),
    "bart": (BartForConditionalGeneration, BartConfig(**SIZES)),
    "mbart": (MBartForConditionalGeneration, MBartConfig(**SIZES)),
    "m2m100": (M2M100ForConditionalGeneration, M2M100Config(**SIZES)),
    "roberta": (RobertaForMaskedLM, RobertaConfig(**MASKED)),
}
LISTENING = SIZES | {"num_mel_bins": 4, "max_source_positions": 8, "max_target_positions": 16}
LISTENING |= {"decoder_start_token_id": 2, "eos_token_id": 2, "bos_token_id": 2}
OPT = {"vocab_size": 32, "hidden_size": 16, "ffn_dim": 16, "num_hidden_layers": 1}
OPT |= {"num_attention_heads": 2, "max_position_embeddings": 16, "word_embed_proj_dim": 16}
UNTIED = {"tie_word_embeddings": False}
# Models whose embeddings are nobody's copies, as are none that they lack.
APART = {
    "opt": (OPTForCausalLM, OPTConfig(**OPT, **UNTIED)),
    "marian": (
        MarianMTModel,
        MarianConfig(**SIZES, **UNTIED, share_encoder_decoder_embeddings=False),
    ),
    "bart": (BartForConditionalGeneration, BartConfig(**SIZES, **UNTIED)),
    "whisper": (WhisperForConditionalGeneration, WhisperConfig(**LISTENING, **UNTIED)),
}
SHARED = ("shared.weight", "embed_tokens.weight", "lm_head.weight")
SPELLINGS = {
    "all": SHARED,
    "shared": ("shared.weight",),
    "orphans and head": ("embed_tokens.weight", "lm_head.weight"),
    "orphans": ("embed_tokens.weight",),
    "encoder": ("encoder.embed_tokens.weight",),
    "decoder": ("decoder.embed_tokens.weight",),
    "head": ("lm_head.weight",),
}
WEIGHTS = "model.safetensors"


def tuned(family, number, families=FAMILIES):
    """A model near others of its family."""
    kind, config = families[family]
    torch.manual_seed(0)
    model = kind(copy.deepcopy(config)).eval()
    noise = torch.Generator().manual_seed(number)
    with torch.no_grad():
        for parameter in (one for one in model.parameters() if one.requires_grad):
            parameter += 0.1 * torch.randn(parameter.shape, generator=noise)
    return model


def written(model, folder, spelling=None, **own):
    """A model's folder with its shared embeddings in some spelling, and tensors of its own."""
    model.save_pretrained(folder)
    state = {**model.state_dict(), **own}
    kept = load_file(folder / WEIGHTS) if spelling is None else state
    names = {n for n in kept if spelling is None or not n.endswith(SHARED) or n.endswith(spelling)}
    save_file({n: state[n].clone() for n in {*names, *own}}, folder / WEIGHTS, {"format": "pt"})
    return folder


def merged(members, out, method, **point):
    base, *experts = members
    named = {str(number): expert for number, expert in enumerate(experts)}
    return merging.merge_files(recipes.make_recipe(base, named, method, point), out)


def require(kind, folder, expected):
    """What transformers loads from a folder, all of it from the files."""
    model, found = kind.from_pretrained(folder, output_loading_info=True)
    assert not found["missing_keys"] and not found["unexpected_keys"]
    for name, tensor in model.state_dict().items():
        torch.testing.assert_close(tensor.double(), expected[name], rtol=0, atol=1e-6)


@pytest.mark.parametrize("spelling", SPELLINGS)
@pytest.mark.parametrize("family", ["t5", "bart", "mbart", "m2m100"])
def test_every_spelling_gives_the_model_that_arithmetic_gives(family, spelling, tmp_path):
    """Also where the base has another."""
    models = [tuned(family, number) for number in range(3)]
    for own in (SPELLINGS[spelling], SHARED[:1]):
        spelt = [own, SPELLINGS[spelling], SHARED]
        folders = [
            written(model, tmp_path / str(number), one)
            for number, (model, one) in enumerate(zip(models, spelt, strict=True))
        ]
        out = merged(folders, tmp_path / "out", "task_arithmetic", weight=[0.5, 0.25])
        base, one, two = (
            {n: t.double() for n, t in model.state_dict().items()} for model in models
        )
        expected = {n: t + 0.5 * (one[n] - t) + 0.25 * (two[n] - t) for n, t in base.items()}
        require(FAMILIES[family][0], out, expected)
        shutil.rmtree(out)


@pytest.mark.parametrize("spelling", ["all", "orphans and head", "orphans"])
def test_shared_embeddings_are_masked_once(spelling, tmp_path):
    made = []
    for own in (SPELLINGS[spelling], SHARED[:1]):
        folders = [written(tuned("bart", n), tmp_path / f"{n}{own[0]}", own) for n in range(2)]
        out = merged(folders, tmp_path / own[0], "dare", density=0.5)
        made.append(FAMILIES["bart"][0].from_pretrained(out).state_dict())
        tied = [name for name in made[-1] if name.endswith(SHARED)]
        assert len(tied) == 4
        assert all(torch.equal(made[-1][tied[0]], made[-1][name]) for name in tied)
    moved = [(one[tied[0]] != tuned("bart", 0).state_dict()[tied[0]]).sum() for one in made]
    assert all(150 < count < 362 for count in moved)  # half of 512 elements, once


@pytest.mark.parametrize("family", FAMILIES)
def test_a_head_of_its_own_leaves_the_rest_shared(family, tmp_path):
    """Where the result's config ties nothing, what was shared is written by all of its names."""
    base, expert = (tuned(family, number) for number in range(2))
    head = next(n for n in expert.state_dict() if n.endswith(("lm_head.weight", "decoder.weight")))
    own = expert.state_dict()[head] + 0.3
    folders = [written(base, tmp_path / "b"), written(expert, tmp_path / "e", **{head: own})]
    out = merged(folders, tmp_path / "out", "linear")
    expected = {**expert.state_dict(), head: own}
    require(FAMILIES[family][0], out, {n: t.double() for n, t in expected.items()})
    again = merged([out, out], tmp_path / "again", "linear")
    require(FAMILIES[family][0], again, {n: t.double() for n, t in expected.items()})


@pytest.mark.parametrize("family", APART)
def test_what_nobody_shares_is_written_by_its_own_names(family, tmp_path):
    """And the merge is a base as its own base is."""
    models = [tuned(family, number, APART) for number in range(2)]
    folders = [written(model, tmp_path / str(n)) for n, model in enumerate(models)]
    names = [set(load_file(folder / WEIGHTS)) for folder in folders]
    out = merged(folders, tmp_path / "out", "linear")
    again = merged([out, folders[1]], tmp_path / "again", "linear")
    for folder in (out, again):
        assert set(load_file(folder / WEIGHTS)) == names[0] == names[1]
        expected = {n: t.double() for n, t in models[1].state_dict().items()}
        require(APART[family][0], folder, expected)


@pytest.mark.parametrize("family", FAMILIES)
def test_room_is_asked_for_all_that_is_written(family, tmp_path, monkeypatch):
    base, expert = (tuned(family, number) for number in range(2))
    head = next(n for n in expert.state_dict() if n.endswith(("lm_head.weight", "decoder.weight")))
    own = {head: expert.state_dict()[head] + 0.3}
    for name, more in (("tied", {}), ("untied", own)):
        folders = [written(base, tmp_path / f"b{name}"), written(expert, tmp_path / name, **more)]
        asked = []
        monkeypatch.setattr(
            places, "check_room", lambda out, needed, asked=asked: asked.append(needed)
        )
        out = merged(folders, tmp_path / f"out-{name}", "linear")
        entries = (
            entry
            for file in tensor_headers.weight_files(out)
            for entry in tensor_headers.read_header(out / file).values()
        )
        spans = [entry["data_offsets"] for entry in entries]
        assert asked == [sum(stop - start for start, stop in spans)]


def test_what_an_untied_model_has_beside_its_tensors():
    decoders = ["encoder.layers.0.w", "decoder.layers.0.w", "lm_head.bias"]
    ends = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
    assert ties.copies_of(["shared.weight", *decoders]) == dict.fromkeys(ends, "shared.weight")
    left = dict.fromkeys((ends[1], "shared.weight"), ends[0])
    assert ties.copies_of([ends[0], *decoders]) == left
    assert ties.copies_of(["lm_head.bias", "lm_head.decoder.weight"]) == {
        "lm_head.decoder.bias": "lm_head.bias"
    }
    assert ties.copies_of(["model.embed_tokens.weight", "lm_head.weight", "lm_head.bias"]) == {}
    assert ties.copies_of([*ends, *decoders]) == {}
    assert ties.copies_of([ends[1], *decoders[1:]]) == {}
    assert ties.copies_of([ends[1], *decoders, "encoder.conv1.weight"]) == {}
    assert ties.copies_of([*ends, "shared.weight", *decoders]) == {}
    assert ties.copies_of(["shared.weight", decoders[0]]) == {ends[0]: "shared.weight"}
