"""Embeddings that an adapter keeps whole, on bases whose output head is those."""

import copy
import json

import made_up_adapters
import pytest
import tiny_models
import torch
from peft import LoraConfig, PeftModel, get_peft_model
from transformers import AutoModelForCausalLM, Qwen2Config, Qwen2ForSequenceClassification

from babelmerge import merging
from babelmerge.merging import files
from babelmerge.merging.adapters import output
from babelmerge.merging.adapters.merges import merge_adapters
from babelmerge.models import adapters, checkpoints
from babelmerge.recipes import recipes

NAME = "model.embed_tokens.weight"
IDS = torch.tensor([[1, 2, 3, 4, 5]])
WHOLE = {"modules_to_save": ["embed_tokens"]}
TIED = WHOLE | {"ensure_weight_tying": True}
pytestmark = pytest.mark.filterwarnings("ignore")


def made(root, **settings):
    """(base's folder, adapter's folder)."""
    model = tiny_models.model(0, tied=True)
    base = tiny_models.save(model, root / "base")
    return base, made_up_adapters.write(root / "a", model, 1, **settings)[0]


def resized(root):
    """(base's folder, adapter's folder), with the embeddings as peft saves those it resized."""
    model = tiny_models.model(0, tied=True)
    base = tiny_models.save(model, root / "base")
    adapted = get_peft_model(copy.deepcopy(model), LoraConfig(target_modules=["q_proj"]))
    with torch.no_grad():
        adapted.get_input_embeddings().weight += 0.1
    adapted.save_pretrained(root / "a", save_embedding_layers=True)
    return base, root / "a"


@torch.no_grad()
def logits(model):
    return model.eval()(IDS).logits


def on_top(base, adapter):
    return PeftModel.from_pretrained(AutoModelForCausalLM.from_pretrained(base), adapter)


def full(base, expert, out):
    recipe = recipes.make_recipe(base, {"x": expert}, "task_arithmetic", {"weight": 1.0})
    return AutoModelForCausalLM.from_pretrained(merging.merge_files(recipe, out))


def alone(base, adapter, out):
    merge = merge_adapters(base, {"x": adapter}, "task_arithmetic", weight=1.0)
    out.mkdir()
    output.write_adapter(out, merge)
    return on_top(base, out)


def test_a_head_that_stays_the_base_s_is_refused_with_what_makes_a_model_of_it(tmp_path):
    base, adapter = made(tmp_path, **WHOLE)
    told = "has model.embed_tokens.weight in modules_to_save, without ensure_weight_tying"
    recipe = recipes.make_recipe(base, {"x": adapter}, "task_arithmetic", {"weight": 1.0})
    opened = adapters.Adapter(adapter, checkpoints.Checkpoint(base))
    assert opened.apart == (NAME,) and not opened.together
    for make in (
        lambda: files.check_files(recipe, tmp_path / "out"),
        lambda: full(base, adapter, tmp_path / "out"),
        lambda: merging.merge(base, {"x": adapter}, "linear", weight=1.0),
        lambda: adapters.Folded(opened),
    ):
        with pytest.raises(ValueError, match=told):
            make()
    adapted = on_top(base, adapter)
    expected = logits(adapted)
    adapted.merge_and_unload().save_pretrained(tmp_path / "folded")
    found = logits(full(base, tmp_path / "folded", tmp_path / "out"))
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-4)
    written = logits(alone(base, adapter, tmp_path / "written"))
    torch.testing.assert_close(written, expected, rtol=0, atol=1e-4)


@pytest.mark.parametrize("case", ["tied by a word", "of the model itself"])
def test_a_head_that_changes_too_is_what_peft_has(case, tmp_path, caplog):
    base, adapter = made(tmp_path, **TIED) if case == "tied by a word" else resized(tmp_path)
    opened = adapters.Adapter(adapter, checkpoints.Checkpoint(base))
    assert opened.together == (NAME,) and not opened.apart
    found = logits(full(base, adapter, tmp_path / "out"))
    torch.testing.assert_close(found, logits(on_top(base, adapter)), rtol=0, atol=1e-4)
    assert "shares its weights" not in caplog.text
    with pytest.raises(ValueError, match="head changes with it, "):
        alone(base, adapter, tmp_path / "written")


def test_copies_that_were_not_trained_are_no_change(tmp_path):
    base, adapter = made(tmp_path, size=0.0, **WHOLE)
    opened = adapters.Adapter(adapter, checkpoints.Checkpoint(base))
    assert not opened.apart and not opened.together
    full(base, adapter, tmp_path / "out")


def test_a_base_without_a_head_of_words_ties_nothing(tmp_path):
    sizes = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
    sizes |= {"num_attention_heads": 2, "num_key_value_heads": 1, "tie_word_embeddings": True}
    model = Qwen2ForSequenceClassification(Qwen2Config(vocab_size=32, **sizes))
    model.save_pretrained(tmp_path / "base")
    folder, merged = made_up_adapters.write(tmp_path / "a", model, 1, **WHOLE)
    opened = adapters.Adapter(folder, checkpoints.Checkpoint(tmp_path / "base"))
    assert torch.equal(adapters.Folded(opened).read(NAME), merged[NAME])


@pytest.mark.parametrize("name", ["embed_tokens", "tokens", "model.embed_tokens", "model"])
def test_modules_are_kept_by_the_ends_of_their_names_with_all_within(name, tmp_path):
    _, adapter = made(tmp_path)
    file = adapter / "adapter_config.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | {"modules_to_save": [name]}))
    config = adapters.read_config(adapter)
    assert config.is_saved(NAME) and not config.is_saved("other.norm.weight")
