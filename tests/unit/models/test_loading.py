"""Ready models become folders of our own; what could run code is refused."""

import json

import pytest
import tiny_models
import torch
from peft import LoraConfig, get_peft_model

from babelmerge.models import adapter_config
from babelmerge.models import loading as models

IDS = torch.tensor([[1, 5, 9, 13, 2]])


@pytest.fixture
def base(tmp_path):
    return tiny_models.save(tiny_models.model(0), tmp_path / "base")


def logits(folder):
    model, _ = models.load(folder, where="cpu")
    with torch.no_grad():
        return model(IDS).logits


def taken(tmp_path, base, path):
    folder = tmp_path / "taken"
    folder.mkdir()
    models.take_in(folder, base, path=str(path))
    return folder


def test_a_local_model_is_viewed_not_copied(tmp_path, base):
    folder = taken(tmp_path, None, base)
    assert torch.equal(logits(folder), logits(base))
    assert (folder / "model.safetensors").is_symlink()
    assert not (folder / "config.json").is_symlink()
    assert not (folder / "raw").exists()


def test_an_adapter_is_merged_into_the_base(tmp_path, base):
    model, tokenizer = models.load(base, where="cpu")
    torch.manual_seed(1)
    adapted = get_peft_model(model, LoraConfig(r=2, lora_alpha=8, init_lora_weights=False))
    adapted.save_pretrained(tmp_path / "adapter")
    with torch.no_grad():
        expected = adapted.eval()(IDS).logits
    folder = taken(tmp_path, base, tmp_path / "adapter")
    assert not models.is_adapter(folder)
    assert models.is_adapter(adapter_config.adapter_of(folder))
    with pytest.raises(ValueError, match="was not taken in as an adapter"):
        adapter_config.adapter_of(base)
    assert torch.allclose(logits(folder), expected, atol=1e-5)
    assert not torch.allclose(logits(base), expected, atol=1e-2)


def test_an_adapter_cannot_be_a_base(tmp_path, base):
    model, _ = models.load(base, where="cpu")
    get_peft_model(model, LoraConfig(r=2)).save_pretrained(tmp_path / "adapter")
    with pytest.raises(ValueError, match="is an adapter"):
        taken(tmp_path, None, tmp_path / "adapter")


def test_a_pickle_is_refused_with_the_remedy(tmp_path, base):
    (base / "model.safetensors").rename(base / "pytorch_model.bin")
    with pytest.raises(ValueError, match=r"pytorch_model\.bin.*save_pretrained"):
        taken(tmp_path, None, base)
    with pytest.raises(ValueError, match="no such folder"):
        models.link(tmp_path / "absent", tmp_path)


def test_a_generic_tokenizer_keeps_its_own_vocabulary(base):
    facts = json.loads((base / "tokenizer_config.json").read_text())
    assert facts["tokenizer_class"] in ("TokenizersBackend", "PreTrainedTokenizerFast")
    tokenizer = models.load_tokenizer(base)
    assert len(tokenizer) == 64
    assert tokenizer.convert_ids_to_tokens(63) == "<unk>"
