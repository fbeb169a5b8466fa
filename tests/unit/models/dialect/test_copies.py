"""What encoders and decoders share is one tensor, by whichever names, and however often it lies."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import RobertaConfig, RobertaForMaskedLM, T5Config, T5ForConditionalGeneration

from babelmerge import merging
from babelmerge.models import checkpoints, differences
from babelmerge.models.dialect import configs
from babelmerge.recipes import recipes

SHARED = "shared.weight"
COPIES = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight", "lm_head.weight")
SIZES = {"vocab_size": 32, "d_model": 8, "d_kv": 4, "d_ff": 8, "num_layers": 1, "num_heads": 2}
IDS = torch.arange(3, 9)[None]
DROPS = {"density": 0.5, "weight": 0.5}


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    """A base and two experts, each with its shared embeddings once."""
    root, folders = tmp_path_factory.mktemp("t5"), []
    torch.manual_seed(0)
    model = T5ForConditionalGeneration(T5Config(**SIZES, decoder_start_token_id=0))
    for name in ("base", "a", "b"):
        model.save_pretrained(root / name)
        folders.append(root / name)
        with torch.no_grad():
            for parameter in model.parameters():
                parameter += 0.1 * torch.randn(parameter.shape)
    assert set(COPIES).isdisjoint(load_file(root / "base" / "model.safetensors"))
    return folders


def rewritten(source, target, change):
    shutil.copytree(source, target)
    tensors = load_file(source / "model.safetensors")
    change(tensors)
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    return target


def copied(tensors, names=COPIES):
    tensors |= {name: tensors[SHARED].clone() for name in names}


def under(name):
    def change(tensors):
        tensors[name] = tensors.pop(SHARED)

    return change


def merged(folders, out, method="dare", point=None):
    base, a, b = folders
    recipe = recipes.make_recipe(base, {"a": a, "b": b}, method, point or DROPS)
    return merging.merge_files(recipe, out)


def outputs(folder, kind=T5ForConditionalGeneration):
    """What transformers computes, with every tensor found."""
    model, found = kind.from_pretrained(folder, output_loading_info=True)
    assert not any(found.values())
    more = {"decoder_input_ids": IDS} if kind is T5ForConditionalGeneration else {}
    with torch.no_grad():
        return model.eval()(input_ids=IDS, **more).logits


@pytest.mark.parametrize("who", [(0,), (1,), (0, 1, 2)])
def test_copies_are_one_tensor_that_dare_masks_once(family, tmp_path, who):
    folders = [
        rewritten(one, tmp_path / str(n), copied) if n in who else one
        for n, one in enumerate(family)
    ]
    made = merged(folders, tmp_path / "out")
    plain = merged(family, tmp_path / "plain")
    assert torch.equal(outputs(made), outputs(plain))
    assert differences.compare(folders[who[0]], family[who[0]]).same


@pytest.mark.parametrize("name", COPIES)
@pytest.mark.parametrize("who", [0, 2])
def test_the_one_tensor_may_have_any_of_the_names(family, tmp_path, name, who):
    """As safetensors' save_model leaves them: the name that sorts first."""
    folders = list(family)
    folders[who] = rewritten(family[who], tmp_path / "m", under(name))
    made, plain = merged(folders, tmp_path / "out"), merged(family, tmp_path / "plain")
    if who:
        assert torch.equal(outputs(made), outputs(plain))
    else:  # drops are drawn by name
        assert not torch.equal(outputs(made), outputs(family[0]))


def test_a_copy_that_was_trained_apart_is_a_tensor_of_its_own_in_all(family, tmp_path):
    def apart(tensors):
        copied(tensors, COPIES[1:2])
        tensors[COPIES[1]] += 1

    folders = [*family[:2], rewritten(family[2], tmp_path / "b", apart)]
    made = load_file(
        merged(folders, tmp_path / "out", "linear", {"weight": 1.0}) / "model.safetensors"
    )
    a, b = (load_file(one / "model.safetensors") for one in folders[1:])
    assert torch.allclose(made[SHARED], (a[SHARED] + b[SHARED]) / 2)
    assert torch.allclose(made[COPIES[1]], (a[SHARED] + b[COPIES[1]]) / 2)
    assert not differences.compare(family[2], folders[2]).same


def test_a_word_that_scales_outputs_too_is_not_changed(family, tmp_path):
    """T5 takes a false tie_word_embeddings for outputs that are not scaled."""

    def apart(tensors):
        copied(tensors, COPIES[2:])
        tensors[COPIES[2]] *= 1.5

    folders = [rewritten(one, tmp_path / str(n), apart) for n, one in enumerate(family)]
    for folder in folders:  # as transformers 4 has it
        config = json.loads((folder / "config.json").read_text())
        del config["scale_decoder_outputs"]
        (folder / "config.json").write_text(json.dumps(config))
    same = [folders[1], folders[1], folders[1]]
    made = merged([folders[0], *same[1:]], tmp_path / "out", "linear", {"weight": 1.0})
    assert torch.allclose(outputs(made), outputs(folders[1]), atol=1e-6)
    told = json.loads((made / "config.json").read_text())
    scaled = T5Config(**SIZES, tie_word_embeddings=True).to_dict()
    plain = T5Config(**SIZES, tie_word_embeddings=False).to_dict()
    assert told["tie_word_embeddings"] is True
    v4 = {"model_type": "t5", **SIZES}
    ties = [{**v4, "tie_word_embeddings": one} for one in (True, False)]
    assert scaled != plain and configs.compare(*ties).differences


def test_a_bias_of_a_masked_models_head_is_one_too(tmp_path):
    sizes = {"vocab_size": 32, "hidden_size": 8, "num_hidden_layers": 1, "num_attention_heads": 2}
    torch.manual_seed(0)
    model = RobertaForMaskedLM(RobertaConfig(**sizes, intermediate_size=8))
    model.save_pretrained(tmp_path / "base")

    def doubled(tensors):
        tensors["lm_head.decoder.bias"] = tensors["lm_head.bias"].clone()
        tensors["lm_head.decoder.weight"] = tensors["roberta.embeddings.word_embeddings.weight"] * 1

    twice = rewritten(tmp_path / "base", tmp_path / "twice", doubled)
    assert checkpoints.Checkpoint(twice).names == checkpoints.Checkpoint(tmp_path / "base").names
    made = merged([tmp_path / "base", twice, twice], tmp_path / "out", "linear", {"weight": 1.0})
    got, expected = (outputs(one, RobertaForMaskedLM) for one in (made, twice))
    assert torch.allclose(got, expected)
