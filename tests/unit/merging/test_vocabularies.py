"""Members of other vocabularies: refused, merged by token, or left as the base's; always told."""

import json
import shutil

import made_up_adapters
import pytest
import tiny_models
import torch
from safetensors.torch import load_file, save_file
from tokenizers import AddedToken, Tokenizer
from tokenizers.models import WordLevel

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.models.dialect import rows
from babelmerge.recipes import recipes

HEAD, EMBEDDINGS = "lm_head.weight", "model.embed_tokens.weight"
NORM = "model.norm.weight"


def words(*more, first="<unk>", size=60):
    return [first, *(f"w{number}" for number in range(size - 1)), *more]


def speak(folder, vocabulary, added=()):
    made = Tokenizer(WordLevel({w: n for n, w in enumerate(vocabulary)}, unk_token="<unk>"))
    made.add_tokens([AddedToken(one, special=True) for one in added])
    made.save(str(folder / "tokenizer.json"))
    config = {"tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>"}
    (folder / "tokenizer_config.json").write_text(json.dumps(config))


def member(folder, seed, size, vocabulary, added=(), dtype=torch.float32):
    base = tiny_models.model(0, tied=False, vocabulary=size)
    tiny_models.save((tiny_models.near(base, seed) if seed else base).to(dtype), folder)
    speak(folder, vocabulary, added)
    return folder


def merged(tmp_path, base, experts, method="task_arithmetic", **point):
    recipe = recipes.make_recipe(base, experts, method, point or {"weight": 0.5})
    return merging.merge_files(recipe, tmp_path / "out")


def said(folder):
    return " ".join(checkpoints.read_json(folder / "manifest.json").get("told", []))


def places(folder):
    return Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()


def test_tokens_in_rows_that_are_padding_elsewhere_are_taken_in(tmp_path, caplog):
    base = member(tmp_path / "base", 0, 64, words())
    expert = member(tmp_path / "e", 1, 64, words(), ["<think>", "</think>"])
    out = merged(tmp_path, base, {"e": expert}, weight=0.5)
    left, right, made = map(tiny_models.load, (base, expert, out))
    assert torch.allclose(made[HEAD], (left[HEAD] + right[HEAD]) / 2, atol=1e-7)
    assert places(out)["</think>"] == 61 and "'<think>', '</think>'" in said(out)
    assert said(out) in (out / "README.md").read_text().replace("\n- ", " ")
    assert all(part in caplog.text for part in ("'<think>'", "with these added"))


def test_two_tokens_of_one_row_are_refused_with_ways_that_apply(tmp_path):
    base = member(tmp_path / "base", 0, 64, words(), ["<pad>"])
    expert = member(tmp_path / "e", 1, 64, words(), ["<think>"])
    with pytest.raises(ValueError, match="base has '<pad>' at 60, e has '<think>'.*common"):
        merged(tmp_path, base, {"e": expert}, weight=0.5)
    for choice in ("common", "base"):
        merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings=choice)


@pytest.mark.parametrize("method", ["task_arithmetic", "linear", "ties", "slerp"])
def test_rows_go_by_token_and_lone_ones_come_from_their_owners(tmp_path, method):
    base = member(tmp_path / "base", 0, 60, words())
    longer = member(tmp_path / "a", 1, 64, words(), ["<a>", "<both>"])
    turned = [*reversed(words()[1:]), "<unk>"]  # the same tokens at other ids
    other = member(tmp_path / "b", 2, 62, turned, ["<both>"], torch.bfloat16)
    point = {"ties": {"density": 0.5}, "slerp": {"t": 0.3}}.get(method, {"weight": 0.5})
    experts = {"a": longer, "b": other}
    out = merged(tmp_path, base, experts, method, embeddings="common", **point)
    state = {"base": tiny_models.load(base), "a": tiny_models.load(longer)}
    state["b"] = {name: one.float() for name, one in tiny_models.load(other).items()}
    assert checkpoints.read_json(out / "config.json")["vocab_size"] == 62
    at = places(out)
    assert (at["<a>"], at["<both>"]) == (60, 61)
    order = torch.tensor([turned.index(token) for token in words()])
    made = tiny_models.load(out)
    for name in (EMBEDDINGS, HEAD):
        lone, both = state["a"][name][60], (state["a"][name][61] + state["b"][name][60]) / 2
        assert torch.allclose(made[name][60], lone, atol=1e-6)
        assert torch.allclose(made[name][61], both, atol=1e-2 if method == "linear" else 5e-3)
        state["a"][name], state["b"][name] = state["a"][name][:60], state["b"][name][order]
    want = merging.merge(state["base"], {k: state[k] for k in "ab"}, method, **point)
    if method in ("task_arithmetic", "linear"):  # others look at whole tensors
        assert all(torch.allclose(made[n][:60], want[n][:60], atol=1e-6) for n in want)
    assert torch.allclose(made[NORM], want[NORM], atol=1e-6)
    assert "the rows of 60 tokens that all have are merged" in said(out)


def test_the_tokenizer_is_an_experts_where_its_words_were_learnt_with_it(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 70, words(*(f"x{n}" for n in range(8))))
    out = merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings="common")
    assert places(out) == places(expert) and "the tokenizer is that of e" in said(out)
    made, own = tiny_models.load(out), tiny_models.load(expert)
    assert torch.equal(made[HEAD][60:], own[HEAD][60:]) and made[HEAD].shape[0] == 70
    second = member(tmp_path / "f", 2, 70, words(*(f"y{n}" for n in range(8))))
    with pytest.raises(ValueError, match="no model has the tokens of all.*embeddings: base"):
        merged(tmp_path, base, {"e": expert, "f": second}, weight=0.5, embeddings="common")


def test_the_bases_rows_can_be_kept_whatever_the_experts_have(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 70, words(*(f"x{n}" for n in range(8))))
    (expert / "tokenizer.json").unlink()
    with pytest.raises(ValueError, match="e has no tokenizer.*embeddings: base"):
        merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings="common")
    for method, point in (("linear", {"weight": 0.3}), ("ties", {"density": 0.5})):
        out = merged(tmp_path, base, {"e": expert}, method, embeddings="base", **point)
        left, made = tiny_models.load(base), tiny_models.load(out)
        assert all(torch.equal(made[name], left[name]) for name in (HEAD, EMBEDDINGS))
        assert not torch.equal(made[NORM], left[NORM]) and "are the base's" in said(out)


def test_a_sweep_and_a_dictionary_are_the_merge_that_is_written(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 64, words(), ["<a>"])
    point = {"weight": 0.5, "embeddings": "common"}
    out = merged(tmp_path, base, {"e": expert}, **point)
    made = tiny_models.load(out)
    assert tiny_models.same(made, merging.merge(base, {"e": expert}, "task_arithmetic", **point))
    sweep = merging.Sweep(base, {"e": expert}, "task_arithmetic", embeddings="common")
    ((_, tensors),) = sweep.points([{"weight": 0.5}])
    assert tiny_models.same(made, dict(tensors)) and rows.count(tensors) == 61
    assert len(sweep.tokenizer({"weight": 0.5})) == 61
    with pytest.raises(ValueError, match="make a sweep for each"):
        list(sweep.points([{"weight": 0.5, "embeddings": "base"}]))


def test_conventions_of_an_expert_come_with_its_tokens(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 64, words(), ["<a>", "<end>"])
    (expert / "chat_template.jinja").write_text("{{ x }}")
    shutil.copy(base / "config.json", expert / "kept.json")
    (expert / "generation_config.json").write_text(json.dumps({"eos_token_id": 61}))
    point = {"weight": 0.5, "chat_template": "e"}
    with pytest.raises(ValueError, match="'<end>' at 61"):
        merged(tmp_path, base, {"e": expert}, embeddings="base", **point)
    out = merged(tmp_path, base, {"e": expert}, embeddings="common", **point)
    assert (out / "chat_template.jinja").read_text() == "{{ x }}"
    assert checkpoints.read_json(out / "generation_config.json")["eos_token_id"] == 61


def test_an_adapters_embeddings_may_be_cut_to_its_tokenizer(tmp_path):
    base = member(tmp_path / "base", 0, 64, words())
    cut = tiny_models.model(0, tied=False, vocabulary=64)
    cut.load_state_dict({n: t for n, t in tiny_models.load(base).items()})
    folder, _ = made_up_adapters.write(tmp_path / "a", cut, 1, modules_to_save=["lm_head"])
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "lm_head" in name)
    whole = tensors[name]
    save_file({**tensors, name: whole[:60].clone()}, file)
    with pytest.raises(ValueError, match=r"is \(60, 32\).*embeddings: common"):
        merged(tmp_path, base, {"a": folder}, weight=1.0)
    left = tiny_models.load(base)
    for method in ("task_arithmetic", "ties"):
        given = {"density": 1.0} if method == "ties" else {"weight": 1.0}
        out = merged(tmp_path, base, {"a": folder}, method, embeddings="common", **given)
        made = tiny_models.load(out)
        assert torch.allclose(made[HEAD][:60], whole[:60], atol=1e-6)
        assert torch.equal(made[HEAD][60:], left[HEAD][60:])
        out = merged(tmp_path, base, {"a": folder}, method, embeddings="base", **given)
        assert torch.equal(tiny_models.load(out)[HEAD], left[HEAD])
    save_file({**tensors, name: torch.cat([whole, whole[:3]])}, file)
    with pytest.raises(ValueError, match="has 67 rows of embeddings, its base 64.*fold"):
        merged(tmp_path, base, {"a": folder}, weight=1.0, embeddings="common")
