"""Ready models become folders of our own, whole; what is damaged or could run code is refused."""

import json

import pytest
import tiny_models
import torch
from families import FAMILIES, MIXTURES, TOKENIZER, UNGATED, family
from peft import LoHaConfig, LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

from babelmerge.models import adapter_base, adapter_config, checkpoints, taking
from babelmerge.models import loading as models

IDS = torch.tensor([[1, 5, 9, 13, 2]])
WEIGHTS, CONFIG = "model.safetensors", "config.json"


@pytest.fixture
def base(tmp_path):
    return tiny_models.save(tiny_models.model(0), tmp_path / "base")


def logits(folder):
    model, _ = models.load(folder, where="cpu")
    with torch.no_grad():
        return model(IDS).logits


def taken(tmp_path, base, path, **options):
    folder = tmp_path / "taken"
    folder.mkdir(parents=True)
    taking.take_in(folder, base, path=str(path), **options)
    return folder


def change(folder, edit):
    """Tensors of a folder, or the mapping in its config.json, changed in place by a function."""
    tensors = load_file(folder / WEIGHTS)
    edit(tensors)
    save_file(tensors, folder / WEIGHTS, metadata={"format": "pt"})


def configure(folder, **keys):
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | keys))


# --- What is right --------------------------------------------------------------------------------


def test_a_local_model_is_viewed_not_copied(tmp_path, base):
    folder = taken(tmp_path, None, base)
    assert torch.equal(logits(folder), logits(base))
    assert (folder / WEIGHTS).is_symlink()
    assert not (folder / CONFIG).is_symlink()
    assert not (folder / "raw").exists()


@pytest.mark.parametrize("kind", [*FAMILIES, *UNGATED, *MIXTURES])
def test_models_of_any_family_are_whole_as_they_were_saved(tmp_path, kind):
    family(kind).save_pretrained(tmp_path)
    names = taking.check(tmp_path)
    assert set(names) == set(checkpoints.Checkpoint(tmp_path).names)
    assert all(name == old for name, old in names.items())


def test_a_tied_head_may_be_there_or_not(tmp_path, base):
    def add_head(tensors):
        tensors["lm_head.weight"] = tensors["model.embed_tokens.weight"].clone()

    taking.check(base)
    change(base, add_head)
    assert (taken(tmp_path, None, base) / WEIGHTS).is_symlink()
    change(base, lambda tensors: tensors["lm_head.weight"][3].add_(1))
    with pytest.raises(ValueError, match="lm_head.weight differs from model.embed_tokens.weight"):
        taking.check(base)
    configure(base, tie_word_embeddings=False)
    taking.check(base)


def test_names_of_old_become_those_of_today(tmp_path):
    """As gpt2 lies on the hub: no prefix, and masks among the weights."""
    model = family("gpt2")
    tiny_models.save(model, tmp_path / "new", len(TOKENIZER))

    def age(tensors):
        for name in list(tensors):
            tensors[name.removeprefix("transformer.")] = tensors.pop(name)
        tensors["h.0.attn.bias"] = torch.ones(1, 1, 128, 128, dtype=torch.uint8)

    old = tiny_models.save(model, tmp_path / "old", len(TOKENIZER))
    change(old, age)
    folder = taken(tmp_path, None, old)
    today, before = (load_file(path / WEIGHTS) for path in (folder, tmp_path / "new"))
    assert today.keys() == before.keys()
    assert all(torch.equal(today[name], before[name]) for name in today)
    assert torch.equal(logits(folder), logits(tmp_path / "new"))


# --- What is not ----------------------------------------------------------------------------------


def lose(name):
    return lambda folder: change(folder, lambda tensors: tensors.pop(name))


def resize(folder):
    change(folder, lambda tensors: tensors.update({"model.norm.weight": torch.ones(31)}))


def index_a_shard(folder):
    index = {"weight_map": {"model.norm.weight": "model-00002-of-00002.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def make_pickle(folder):
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def lose_tokenizer(folder):
    for path in folder.glob("token*"):
        path.unlink()


BROKEN = {
    "missing": (lose("model.layers.1.mlp.gate_proj.weight"), r"lacks 1 tensor \(model\.layers\.1"),
    "untied head": (lambda f: configure(f, tie_word_embeddings=False), "lm_head.weight"),
    "extra": (lambda f: change(f, lambda t: t.update(x=torch.ones(3))), r"1 tensor \(x\)"),
    "shape": (resize, r"model\.norm\.weight: \(31,\), expected \(32,\)"),
    "cut": (lambda f: (f / WEIGHTS).write_bytes((f / WEIGHTS).read_bytes()[:-9]), "cut short"),
    "empty": (lambda f: (f / WEIGHTS).write_bytes(b""), r"model\.safetensors: not a whole"),
    "text": (lambda f: (f / WEIGHTS).write_text("<html>" * 20), "not a whole safetensors"),
    "pickle": (make_pickle, r"pytorch_model\.bin.*save_pretrained"),
    "shards": (index_a_shard, r"lists model-00002-of-00002\.safetensors"),
    "no config": (lambda f: (f / CONFIG).unlink(), r"has no config\.json"),
    "bad config": (lambda f: (f / CONFIG).write_text("{nope"), r"config\.json: not valid JSON"),
    "no model": (lambda f: (f / CONFIG).write_text("{}"), r"config\.json: no decoder can be made"),
    "bad value": (lambda f: configure(f, hidden_size="x"), r"config\.json: no decoder can be"),
    "own code": (
        lambda f: configure(f, model_type="own", auto_map={"AutoConfig": "own.Own"}),
        r"config\.json: no decoder can be made",
    ),
    "quantised": (lambda f: configure(f, quantization_config={"quant_method": "gptq"}), "gptq"),
    "no tokenizer": (lose_tokenizer, "no tokenizer could be loaded"),
    "bad tokenizer": (lambda f: (f / "tokenizer.json").write_text("{nope"), "no tokenizer could"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_is_broken_is_named_before_anything_is_computed(tmp_path, base, kind):
    spoil, message = BROKEN[kind]
    spoil(base)
    with pytest.raises(ValueError, match=message) as told:
        taken(tmp_path, None, base)
    assert str(told.value).startswith(str(base)) and "raw" not in str(told.value)


def test_an_expert_that_is_missing_from_a_mixture_is_missed(tmp_path):
    family("mixtral").save_pretrained(tmp_path)
    lose("model.layers.1.block_sparse_moe.experts.3.w2.weight")(tmp_path)
    with pytest.raises(ValueError, match=r"experts\.down_proj: \(3, 32, 48\), expected \(4, 32"):
        taking.check(tmp_path)


def test_a_model_that_is_only_compared_needs_no_tokenizer(tmp_path, base):
    lose_tokenizer(base)
    assert (taken(tmp_path, None, base, tokenizer=False) / WEIGHTS).exists()


def test_there_must_be_a_folder(tmp_path):
    with pytest.raises(ValueError, match="no such folder"):
        taken(tmp_path, None, tmp_path / "absent")


# --- Adapters -------------------------------------------------------------------------------------


@pytest.fixture
def adapter(tmp_path, base):
    """The folder of an adapter, and what base and adapter make of a sentence."""
    model, _ = models.load(base, where="cpu")
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=8, init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    with torch.no_grad():
        return tmp_path / "adapter", adapted.eval()(IDS).logits


def test_an_adapter_stays_one_on_its_base(tmp_path, base, adapter):
    folder = taken(tmp_path, base, adapter[0])
    assert adapter_config.adapter_of(folder) == folder and not (folder / CONFIG).exists()
    with pytest.raises(ValueError, match="is no adapter and has none beside it"):
        adapter_config.adapter_of(base)
    facts = {"base": adapter_base.fact(folder, base)}
    (folder / checkpoints.MANIFEST).write_text(json.dumps(facts))
    assert torch.allclose(logits(folder), adapter[1], atol=1e-5)
    assert not torch.allclose(logits(base), adapter[1], atol=1e-2)
    loaded = PeftModel.from_pretrained(models.load(base, where="cpu")[0], folder).eval()
    with torch.no_grad():
        assert torch.allclose(loaded(IDS).logits, adapter[1], atol=1e-5)


def test_an_adapter_that_only_peft_reads_becomes_the_full_model(tmp_path, base, caplog):
    model, _ = models.load(base, where="cpu")
    other = get_peft_model(model, LoHaConfig(r=2, target_modules=["q_proj"], init_weights=False))
    other.save_pretrained(tmp_path / "adapter")
    folder = taken(tmp_path, base, tmp_path / "adapter")
    assert "is an adapter of type LOHA" in caplog.text and not adapter_config.is_adapter(folder)
    assert adapter_config.is_adapter(adapter_config.adapter_of(folder))
    with torch.no_grad():
        assert torch.allclose(logits(folder), other.eval()(IDS).logits, atol=1e-5)


def test_an_adapter_cannot_be_a_base(tmp_path, adapter):
    with pytest.raises(ValueError, match="is an adapter"):
        taken(tmp_path, None, adapter[0])


def edited(folder, edit):
    tensors = load_file(folder / adapter_config.WEIGHTS)
    edit(tensors)
    save_file(tensors, folder / adapter_config.WEIGHTS, metadata={"format": "pt"})


def test_an_adapter_that_is_not_whole_or_not_of_the_base_is_refused(tmp_path, base, adapter):
    folder, _ = adapter
    name = next(iter(load_file(folder / adapter_config.WEIGHTS)))
    edited(folder, lambda tensors: tensors.update({name.replace(".0.", ".7."): tensors.pop(name)}))
    with pytest.raises(ValueError, match="1 tensors are missing and 1 have no place") as told:
        taken(tmp_path, base, folder)
    assert str(told.value).startswith(str(folder))
    (folder / adapter_config.WEIGHTS).write_bytes(b"")
    with pytest.raises(ValueError, match=r"adapter_model\.safetensors: not a whole"):
        taken(tmp_path / "again", base, folder)


def test_a_tokenizer_is_taken_without_its_model(base):
    given = taking.tokenizer(path=str(base))
    assert given.get_vocab() == models.load_tokenizer(base).get_vocab()
    with pytest.raises(ValueError, match="no tokenizer could be loaded"):
        taking.tokenizer(path=str(base.parent / "absent"))
