"""Headers of very many tensors: names are looked up in sets or dicts, and sought in no list."""

import numpy as np
import pytest
import tiny_models
from safetensors.numpy import load_file, save_file

from babelmerge.files import layouts, ties
from babelmerge.models.dialect import experts, sameness
from babelmerge.models.dialect.opening import ModelFiles, alike


class Many(tuple):
    """Names that may be gone through, and in which none may be sought."""

    def __contains__(self, name):
        raise AssertionError(f"{name} is sought in a list")


class Files(ModelFiles):
    """A model that gives out its names so."""

    @property
    def names(self):
        return Many(self.__dict__.get("listed") or ModelFiles.names.func(self))

    @names.setter
    def names(self, value):
        self.__dict__["listed"] = tuple(value)

    @property
    def stored(self):
        return Many(super().stored)


@pytest.fixture
def pair(tmp_path):
    """A model, and the same with its layers by other names and a table that it makes itself."""
    one = tiny_models.save(tiny_models.model(0, tied=True), tmp_path / "one")
    two = tiny_models.save(tiny_models.model(0, tied=True), tmp_path / "two")
    file = two / "model.safetensors"
    tensors = load_file(file)
    file.chmod(0o644)
    named = {name.removeprefix("model."): tensor for name, tensor in tensors.items()}
    table = {"layers.0.self_attn.rotary_emb.inv_freq": np.ones(4, np.float32)}
    save_file({**named, **table}, file, {"format": "pt"})
    return Files(one), Files(two)


@pytest.mark.parametrize("form", [alike, layouts.alike, ties.alike])
def test_models_are_brought_to_one_form_by_looking_up(pair, form):
    for models in (pair, pair[::-1], [pair[0], pair[0]]):
        form(models)


def test_what_models_are_made_of_is_found_by_looking_up(pair):
    one, two = layouts.alike(pair)
    assert [*sameness.equal({"a": one, "b": two})] == [("a", "b")]
    names = dict.fromkeys(one.names)
    assert tuple(one.renamed({name: name for name in names}).names) == tuple(names)
    head = one.with_copy("lm_head.weight", "model.embed_tokens.weight")
    assert {*head.names} - {*names} == {"lm_head.weight"}
    assert {*ties.alike([head, two])[0].names} == {*names}
    kept = dict.fromkeys(list(names)[:2])
    whole = {name: experts.Slice(name, 0, one.shape(name)) for name in kept}
    assert tuple(one.sliced(whole).names) == tuple(kept)
