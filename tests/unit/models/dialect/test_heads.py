"""Output heads by all names that transformers has for them: copies of embeddings are these."""

import re
import shutil
from pathlib import Path

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from babelmerge import merging
from babelmerge.files import ties
from babelmerge.models import differences
from babelmerge.recipes import recipes

WORDS = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1}
WORDS |= {"num_attention_heads": 2, "max_position_embeddings": 16}
GPT = {"vocab_size": 32, "n_positions": 16, "n_embd": 16, "n_layer": 1, "n_head": 2}
SOUNDS = {"vocab_size": 32, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
SOUNDS |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16}
SOUNDS |= {"decoder_ffn_dim": 16, "num_mel_bins": 4, "max_source_positions": 8, "pad_token_id": 1}
SOUNDS |= {"max_target_positions": 16, "decoder_start_token_id": 2, "eos_token_id": 2}
XLNET = {"vocab_size": 32, "d_model": 16, "n_layer": 1, "n_head": 2, "d_inner": 16}
XLM = {"vocab_size": 32, "emb_dim": 16, "n_layers": 1, "n_heads": 2, "max_position_embeddings": 16}
FAMILIES = {
    "ModernBert": ("ForMaskedLM", {**WORDS, "pad_token_id": 0}),
    "Bert": ("ForMaskedLM", WORDS),
    "BioGpt": ("ForCausalLM", WORDS),
    "XLNet": ("LMHeadModel", XLNET),
    "XLM": ("WithLMHeadModel", XLM),
    "OpenAIGPT": ("LMHeadModel", GPT),
    "CTRL": ("LMHeadModel", {**GPT, "dff": 16}),
    "Whisper": ("ForConditionalGeneration", {**SOUNDS, "bos_token_id": 2}),
    "Rwkv": ("ForCausalLM", {**WORDS, "tie_word_embeddings": True, "num_hidden_layers": 2}),
}
# Tensors that transformers shares and that are no words' embeddings: of images, sounds, entities.
OTHERS = (
    "patch",
    "relative",
    "entity_predictions",
    "additional_fc",
    "ctc_head",
    "language_model.n",
)
OTHERS += ("unembedding_projection", "embed_audio_tokens", "positional", "codec")
# Sides of models of images that share their words in ways of their own.
OTHERS += ("encoder.language_model", "encoder.text_model")
TIES = re.compile(r"_tied_weights_keys = \{([^}]*)\}")
PAIR = re.compile(r'"([\w.]+\.weight)": "([\w.]+\.weight)\$?"')


def tuned(family, folder, seed):
    """A model of a family on disk, and the tensors that transformers leaves out there."""
    ending, sizes = FAMILIES[family]
    torch.manual_seed(seed)
    made = getattr(transformers, family + ending)(getattr(transformers, f"{family}Config")(**sizes))
    made.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)
    tied = made.all_tied_weights_keys.items()
    return folder, {old: new for old, new in tied if old.endswith(".weight")}


def copied(folder, target, names):
    """A copy of a model that holds what is tied by both names."""
    shutil.copytree(folder, target)
    file = target / "model.safetensors"
    tensors = load_file(file)
    more = {old: tensors[new].clone() for old, new in names.items()}
    assert more and not set(more) & set(tensors)
    save_file({**more, **tensors}, file, metadata={"format": "pt"})
    return target


@pytest.mark.parametrize("family", FAMILIES)
def test_a_copied_head_is_one_tensor_whoever_has_it(tmp_path, family):
    (base, names), *experts = (tuned(family, tmp_path / str(n), n) for n in range(3))
    plain = [base, *(folder for folder, _ in experts)]
    copies = [copied(one, tmp_path / f"copied-{n}", names) for n, one in enumerate(plain)]
    made = {}
    for who in ((), (0,), (1,), (0, 1, 2)):
        models = [copies[n] if n in who else one for n, one in enumerate(plain)]
        recipe = recipes.make_recipe(
            models[0], {"a": models[1], "b": models[2]}, "dare", {"density": 0.5}
        )
        out = merging.merge_files(recipe, tmp_path / f"out-{len(made)}")
        made[who] = load_file(out / "model.safetensors")
    for found in made.values():
        assert found.keys() == made[()].keys()
        assert all(torch.equal(found[name], tensor) for name, tensor in made[()].items())
    assert differences.compare(plain[0], copies[0]).tensors == ()


def test_every_head_that_transformers_ties_is_known_by_its_name():
    root = Path(transformers.__file__).parent / "models"
    blocks = (b for f in root.glob("*/modeling_*.py") for b in TIES.findall(f.read_text()))
    pairs = {pair for block in blocks for pair in PAIR.findall(block)}
    pairs = {pair for pair in pairs if not any(part in name for part in OTHERS for name in pair)}
    assert len(pairs) > 60
    for pair in pairs:
        head = next((name for name in pair if ties.is_head(name)), None)
        copies = ties.source_of(pair[0]) is not None
        other = pair[pair[0] == head]
        known = other.endswith(ties.EMBEDDINGS) or ties.source_of(other) is not None
        assert copies or (head and known), pair


def test_a_head_of_words_comes_before_what_is_called_a_head_alone():
    names = ["decoder.weight", "lm_head.weight", "blocks.0.proj_out.weight"]
    assert ties.head_of(names) == "lm_head.weight"
    assert ties.head_of(names[:1] + names[2:]) == "decoder.weight"
    assert ties.head_of(names[2:]) is None and ties.head_of(["encoder.decoder.weight"]) is None
