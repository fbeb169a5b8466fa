"""Tiny Qwen2 models on disk, for tests of checkpoints and merging."""

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

EXPERTS = ("experts/hi-en", "experts/bn-en", "experts/ta-en")


def config(tied=True, vocabulary=64):
    return Qwen2Config(
        hidden_size=32,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        vocab_size=vocabulary,
        tie_word_embeddings=tied,
        dtype="float32",
    )


def model(seed, tied=True, vocabulary=64):
    torch.manual_seed(seed)
    return Qwen2ForCausalLM(config(tied, vocabulary)).eval()


def tokenizer(words):
    vocabulary = {f"w{number}": number for number in range(words - 1)} | {"<unk>": words - 1}
    return PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(WordLevel(vocabulary, unk_token="<unk>")), unk_token="<unk>"
    )


def near(base, seed, size=0.02):
    """A copy of a model with noise on every weight, as if it had been fine-tuned."""
    expert = Qwen2ForCausalLM(base.config).eval()
    expert.load_state_dict(base.state_dict())
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in expert.parameters():
            parameter += size * torch.randn(parameter.shape, generator=generator)
    return expert


def save(model, folder, words=None):
    model.save_pretrained(folder)
    tokenizer(words or model.config.vocab_size).save_pretrained(folder)
    return folder


def family(root, experts=EXPERTS, tied=True, seed=0, dtype=None):
    """Base and experts on disk; returns (base path, {id: path})."""
    base = model(seed, tied)
    members = {id_: near(base, 100 + number) for number, id_ in enumerate(experts)}
    if dtype is not None:
        base = base.to(dtype)
        members = {id_: member.to(dtype) for id_, member in members.items()}
    paths = {id_: save(member, root / id_) for id_, member in members.items()}
    return save(base, root / "base"), paths


def load(path):
    return checkpoints.Checkpoint(path).state_dict()


def on_disk(family, method, point, folder, **options):
    """What `merge_files` writes for a family."""
    base, experts = family
    recipe = recipes.make_recipe(base, experts, method, point)
    return load(merging.merge_files(recipe, folder, **options))


def same(left, right):
    return set(left) == set(right) and all(torch.equal(left[name], right[name]) for name in left)
