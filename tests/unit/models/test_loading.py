"""Models are loaded whole, with every number from their files, and with their own tokenizer."""

import json

import pytest
import tiny_models

from babelmerge.files import tensor_headers
from babelmerge.models import checkpoints
from babelmerge.models import loading as models


@pytest.fixture
def base(tmp_path):
    return tiny_models.save(tiny_models.model(0), tmp_path / "base")


def rewritten(folder, change):
    """The folder, its tensors changed in place by a function."""
    tensors = {n: t.clone() for n, t in checkpoints.Checkpoint(folder).state_dict().items()}
    change(tensors)
    checkpoints.save_state_dict(folder, tensors)
    return folder


def test_the_room_offers_both_ways_to_load():
    import babelmerge.models as room

    assert (room.load, room.load_tokenizer) == (models.load, models.load_tokenizer)
    with pytest.raises(AttributeError, match="has no attribute 'loads'"):
        _ = room.loads


def test_nothing_is_filled_with_random_numbers(base):
    rewritten(base, lambda tensors: tensors.pop("model.layers.1.mlp.gate_proj.weight"))
    with pytest.raises(ValueError, match=r"base: .*lacks 1 tensor \(model\.layers\.1\.mlp\.gate"):
        models.load(base)


def test_a_damaged_file_is_named(base):
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:5000])
    with pytest.raises(ValueError, match=r"model\.safetensors: 5000 bytes where its header prom"):
        models.load(base)


def test_weights_that_are_there_twice_are_refused(base):
    (base / "model.safetensors").rename(base / "other.safetensors")
    names = tensor_headers.read_header(base / "other.safetensors")
    index = {"metadata": {}, "weight_map": dict.fromkeys(names, "other.safetensors")}
    (base / tensor_headers.INDEX).write_text(json.dumps(index))
    models.load(base)
    (base / "model.safetensors").write_bytes((base / "other.safetensors").read_bytes())
    with pytest.raises(ValueError, match="expected the weights once"):
        models.load(base)


def test_a_generic_tokenizer_keeps_its_own_vocabulary(base):
    facts = json.loads((base / "tokenizer_config.json").read_text())
    assert facts["tokenizer_class"] in ("TokenizersBackend", "PreTrainedTokenizerFast")
    tokenizer = models.load_tokenizer(base)
    assert len(tokenizer) == 64
    assert tokenizer.convert_ids_to_tokens(63) == "<unk>"
