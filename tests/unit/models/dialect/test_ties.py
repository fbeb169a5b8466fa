"""A head is one tensor with the embeddings where its bytes are, and never dropped where not."""

import json
import shutil

import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from babelmerge import merging
from babelmerge.analysis.task_vectors import inspection
from babelmerge.merging import files as merge_files
from babelmerge.merging.streaming.members import Members
from babelmerge.models import checkpoints, differences
from babelmerge.recipes import recipes

HEAD, EMBEDDINGS = "lm_head.weight", "model.embed_tokens.weight"
IDS = torch.arange(8)[None]


def rewritten(source, target, head=None, told=None):
    """A copy of a model with this head, whose config says this of ties (None: nothing)."""
    shutil.copytree(source, target)
    tensors = load_file(source / "model.safetensors")
    tensors.pop(HEAD, None)
    if head is not None:
        tensors[HEAD] = tensors[EMBEDDINGS] + head
    save_file(tensors, target / "model.safetensors", metadata={"format": "pt"})
    config = json.loads((source / "config.json").read_text())
    config.pop("tie_word_embeddings")
    config |= {} if told is None else {"tie_word_embeddings": told}
    (target / "config.json").write_text(json.dumps(config))
    return target


@pytest.fixture(scope="module")
def tied(tmp_path_factory):
    """A family of tied models without heads, and noise of a head's shape."""
    root = tmp_path_factory.mktemp("tied")
    base, experts = tiny_models.family(root, ("a", "b"))
    noise = torch.randn(64, 32, generator=torch.Generator().manual_seed(9))
    return base, experts["a"], experts["b"], 0.1 * noise


def merged(base, experts, out, method="task_arithmetic", point=None):
    recipe = recipes.make_recipe(base, experts, method, point or {"weight": 0.5})
    merge_files.check_files(recipe, out)
    return merging.merge_files(recipe, out)


def whole(model):
    """Logits as transformers computes them from a folder."""
    with torch.no_grad():
        return AutoModelForCausalLM.from_pretrained(model)(IDS).logits


def says(folder):
    return json.loads((folder / "config.json").read_text()).get("tie_word_embeddings")


def full(folder):
    """Tensors with a head, whichever way it lies there."""
    tensors = load_file(folder / "model.safetensors")
    return {HEAD: tensors[EMBEDDINGS], **tensors}


@pytest.mark.parametrize("who", [(0,), (1,), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("told", [True, False])
def test_a_head_that_differs_is_merged_and_the_result_untied(tied, tmp_path, who, told):
    *sources, noise = tied
    models = [
        rewritten(
            one, tmp_path / str(n), noise * (n + 1) if n in who else None, told or n not in who
        )
        for n, one in enumerate(sources)
    ]
    out = merged(models[0], {"a": models[1], "b": models[2]}, tmp_path / "out")
    base, a, b = map(full, models)
    expected = {n: base[n] + 0.5 * (a[n] - base[n]) + 0.5 * (b[n] - base[n]) for n in base}
    made = load_file(out / "model.safetensors")
    assert says(out) is False and set(made) == set(base)
    assert all(torch.allclose(made[name], expected[name], atol=1e-6) for name in made)
    plain = AutoModelForCausalLM.from_pretrained(out)
    assert torch.equal(plain.lm_head.weight, made[HEAD])


@pytest.mark.parametrize("who", [(0,), (1,), (2,), (0, 2), (0, 1, 2)])
@pytest.mark.parametrize("told", [True, False])
def test_a_copied_head_is_one_tensor_that_dare_masks_once(tied, tmp_path, who, told):
    """By the embeddings' mask; but where every model has two tensors by its own word."""
    *sources, noise = tied
    if not told and len(who) == 3:
        pytest.skip("two tensors, by every config")
    models = [
        rewritten(one, tmp_path / str(n), 0 * noise if n in who else None, told or n not in who)
        for n, one in enumerate(sources)
    ]
    point = {"density": 0.5, "weight": 0.5}
    ids = ("a", "b")
    out = merged(
        models[0], dict(zip(ids, models[1:], strict=True)), tmp_path / "out", "dare", point
    )
    plain = merged(
        sources[0], dict(zip(ids, sources[1:3], strict=True)), tmp_path / "p", "dare", point
    )
    ours, theirs = (load_file(one / "model.safetensors") for one in (out, plain))
    assert says(out) is True and tiny_models.same(ours, theirs)
    assert torch.equal(whole(out), whole(plain))


def test_members_with_heads_of_their_own_stay_as_they_are(tied, tmp_path):
    """Copies among them too: their configs say that there are two tensors."""
    *sources, noise = tied
    models = [rewritten(s, tmp_path / str(n), noise * n, False) for n, s in enumerate(sources)]
    members = Members(models[0], models[1:])
    assert HEAD in members.names and members.tied is None


def test_a_head_without_embeddings_is_what_both_are(tied, tmp_path):
    """As safetensors' save_model leaves a tied model: the name that sorts first."""
    base, expert, *_ = tied
    for number, source in enumerate((base, expert)):
        folder = rewritten(source, tmp_path / str(number), told=True)
        tensors = load_file(folder / "model.safetensors")
        tensors[HEAD] = tensors.pop(EMBEDDINGS)
        save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    out = merged(tmp_path / "0", {"a": tmp_path / "1"}, tmp_path / "out")
    plain = merged(base, {"a": expert}, tmp_path / "plain")
    assert torch.equal(whole(out), whole(plain))


@pytest.mark.parametrize("who", [0, 1])
def test_a_head_that_the_config_unties_and_the_files_lack_is_not_made_up(tied, tmp_path, who):
    """As where an index leaves out the shard that has it: the embeddings are no head then."""
    *sources, noise = tied
    models = [
        rewritten(one, tmp_path / str(n), None if n == who else noise, False)
        for n, one in enumerate(sources[:2])
    ]
    with pytest.raises(ValueError, match=f"has {HEAD}, which .* lacks"):
        Members(models[0], {"a": models[1]})


@pytest.mark.parametrize("kind", ["gemma", "llama"])
def test_a_class_that_ties_by_default_counts_as_tied(tied, tmp_path, kind):
    folder = rewritten(tied[0], tmp_path / "m", 0 * tied[3])
    config = json.loads((folder / "config.json").read_text()) | {"model_type": kind}
    (folder / "config.json").write_text(json.dumps(config))
    assert (HEAD in checkpoints.Checkpoint(folder).names) is (kind == "llama")


def test_a_difference_of_heads_is_told(tied, tmp_path):
    base, *_, noise = tied
    own = rewritten(base, tmp_path / "own", noise, True)
    copied = rewritten(base, tmp_path / "copied", 0 * noise, True)
    assert differences.compare(base, copied).same
    for pair in ((own, base), (base, own), (own, copied)):
        found = differences.compare(*pair)
        assert [one.name for one in found.tensors] == [HEAD] and not found.same
        assert float((whole(pair[0]) - whole(pair[1])).abs().max()) > 0.01
    seen = inspection.inspect(base, {"own": own})
    moved = [one.where for one in seen.tensors if one.moments.norms.any()]
    assert moved == [HEAD]
    assert not inspection.inspect(base, {"copied": copied}).model.moments.norms.any()


def test_a_state_dict_keeps_a_head_that_differs(tied, tmp_path):
    base, *_, noise = tied
    tensors = load_file(base / "model.safetensors")
    for name, head in (("own", noise), ("copy", 0 * noise)):
        (tmp_path / name).mkdir()
        shutil.copy(base / "config.json", tmp_path / name)
        state = {**tensors, HEAD: tensors[EMBEDDINGS] + head}
        checkpoints.save_state_dict(tmp_path / name, state)
        assert (HEAD in load_file(tmp_path / name / "model.safetensors")) is (name == "own")


def test_a_live_model_that_ties_takes_no_merge_with_two_tensors(tied, tmp_path):
    base, expert, _, noise = tied
    own = rewritten(expert, tmp_path / "own", noise, True)
    model = AutoModelForCausalLM.from_pretrained(base)
    before = model.get_input_embeddings().weight.clone()
    sweep = merging.Sweep(base, {"own": own}, "task_arithmetic")
    for _, made in sweep.points([{"weight": 0.5}]):
        with pytest.raises(ValueError, match="which are one tensor in the model"):
            merging.load_into(model, made)
    assert torch.equal(model.get_input_embeddings().weight, before)
