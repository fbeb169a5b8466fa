"""Output heads that an adapter saves whole (modules_to_save), on bases that tie them."""

import made_up_adapters
import pytest
import torch
from peft import PeftModel
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    BertConfig,
    BertForMaskedLM,
    DistilBertConfig,
    DistilBertForMaskedLM,
    ModernBertConfig,
    ModernBertForMaskedLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    RobertaConfig,
    RobertaForMaskedLM,
)

from babelmerge import merging
from babelmerge.models import adapters, checkpoints
from babelmerge.recipes import recipes

SIZES = {"vocab_size": 32, "hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2}
SIZES |= {"num_attention_heads": 2, "max_position_embeddings": 16}
SMALL = {"vocab_size": 32, "dim": 16, "hidden_dim": 24, "n_layers": 2, "n_heads": 2}
BART = {"vocab_size": 32, "d_model": 16, "encoder_layers": 1, "decoder_layers": 1}
BART |= {"encoder_attention_heads": 2, "decoder_attention_heads": 2, "encoder_ffn_dim": 16}
BART |= {"decoder_ffn_dim": 16, "max_position_embeddings": 16, "pad_token_id": 1}
IDS = dict.fromkeys(("pad", "bos", "eos", "cls", "sep"), 1)
MODERN = SIZES | {f"{mark}_token_id": id_ for mark, id_ in IDS.items()}
# Class, config, modules with LoRA, modules that are saved whole, the tensor that the base ties.
FAMILIES = {
    "roberta": (
        RobertaForMaskedLM,
        RobertaConfig(**SIZES, pad_token_id=1),
        ["query", "value"],
        ["lm_head"],
        "lm_head.decoder.weight",
    ),
    "bert": (
        BertForMaskedLM,
        BertConfig(**SIZES),
        ["query"],
        ["cls"],
        "cls.predictions.decoder.weight",
    ),
    "distilbert": (
        DistilBertForMaskedLM,
        DistilBertConfig(**SMALL),
        ["q_lin"],
        ["vocab_projector"],
        "vocab_projector.weight",
    ),
    "modernbert": (
        ModernBertForMaskedLM,
        ModernBertConfig(**MODERN),
        ["Wqkv"],
        ["decoder"],
        "decoder.weight",
    ),
    "qwen2": (
        Qwen2ForCausalLM,
        Qwen2Config(**SIZES, num_key_value_heads=1, tie_word_embeddings=True),
        ["q_proj"],
        ["lm_head"],
        "lm_head.weight",
    ),
    "bart": (
        BartForConditionalGeneration,
        BartConfig(**BART),
        ["q_proj"],
        ["lm_head"],
        "lm_head.weight",
    ),
}
pytestmark = pytest.mark.filterwarnings("ignore")


def made(family, root, trained):
    """(base's folder, adapter's folder, peft's merged tensors); trained: a head of its own."""
    kind, config, targets, saved, head = FAMILIES[family]
    torch.manual_seed(0)
    model = kind(config).eval()
    model.save_pretrained(root / "base")

    def untrained(adapted):
        weight = adapted.get_submodule(f"base_model.model.{head.rpartition('.')[0]}")
        weight.modules_to_save.default.weight.data = model.get_input_embeddings().weight.data

    def untrained_inside(adapted):
        whole, _, inside = head.removesuffix(".weight").partition(".")
        wrapped = adapted.get_submodule(f"base_model.model.{whole}").modules_to_save.default
        wrapped.get_submodule(inside).weight.data = model.get_input_embeddings().weight.data

    undo = untrained_inside if head.count(".") > 1 else untrained
    folder, merged = made_up_adapters.write(
        root / "a",
        model,
        1,
        prepare=None if trained else undo,
        target_modules=targets,
        modules_to_save=saved,
    )
    return root / "base", folder, merged


@pytest.mark.parametrize("family", ["roberta", "bert", "distilbert", "qwen2"])
def test_what_the_head_shares_is_no_tensor_of_its_own(family, tmp_path):
    """peft writes the bias twice, and the embeddings as the head's weight."""
    folder, adapter, merged = made(family, tmp_path, trained=False)
    base = checkpoints.Checkpoint(folder)
    found = adapters.Adapter(adapter, base)
    for name in base.names:
        ours = found.folded(name) if name in found.names else base.read(name)
        assert torch.equal(ours, merged[name]), name
    changed = {name for name in base.names if not torch.equal(base.read(name), merged[name])}
    assert changed <= {*found.names}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_trained_head_is_refused_by_its_name(family, tmp_path):
    folder, adapter, _ = made(family, tmp_path, trained=True)
    told = f"{FAMILIES[family][4]} is an output head with numbers of its own, which the base ties"
    with pytest.raises(ValueError, match=told):
        adapters.Adapter(adapter, checkpoints.Checkpoint(folder))


@pytest.mark.parametrize("family", ["roberta", "bert", "distilbert", "qwen2", "bart"])
def test_the_remedy_gives_the_model_that_peft_has(family, tmp_path):
    kind = FAMILIES[family][0]
    folder, adapter, merged = made(family, tmp_path, trained=True)
    adapted = PeftModel.from_pretrained(kind.from_pretrained(folder), adapter)
    adapted.merge_and_unload().save_pretrained(tmp_path / "folded")
    recipe = recipes.make_recipe(folder, {"x": tmp_path / "folded"}, "linear", {})
    out = merging.merge_files(recipe, tmp_path / "out")
    loaded, told = kind.from_pretrained(out, output_loading_info=True)
    assert not told["missing_keys"]
    for name, tensor in loaded.state_dict().items():
        torch.testing.assert_close(tensor, merged[name], rtol=0, atol=1e-6)
