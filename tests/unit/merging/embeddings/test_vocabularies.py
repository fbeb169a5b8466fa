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
from transformers import (
    BertConfig,
    BertForMaskedLM,
    MllamaForCausalLM,
    MllamaTextConfig,
    ModernBertConfig,
    ModernBertForMaskedLM,
    PegasusConfig,
    PegasusForConditionalGeneration,
    PhiConfig,
    PhiForCausalLM,
)

from babelmerge import merging
from babelmerge.analysis.task_vectors import inspection
from babelmerge.command import line
from babelmerge.evaluation import generation
from babelmerge.merging import files
from babelmerge.merging.streaming import members
from babelmerge.models import checkpoints
from babelmerge.models.dialect import conventions, rows
from babelmerge.models.loading import load_tokenizer
from babelmerge.recipes import recipes

HEAD, EMBEDDINGS = "lm_head.weight", "model.embed_tokens.weight"
NORM = "model.norm.weight"
TINY = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 1}
TINY |= {"num_attention_heads": 2, "max_position_embeddings": 16}
SIDES = {"d_model": 16, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 16}
SIDES |= {"decoder_ffn_dim": 16, "encoder_attention_heads": 2, "decoder_attention_heads": 2}


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
        if method in ("task_arithmetic", "linear"):  # of equal weights
            assert torch.allclose(made[name][61], both, atol=1e-2)
        else:
            assert made[name][61].norm() > 0
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
    for merge in (merging.merge_files, files.check_files):
        recipe = recipes.make_recipe(
            base, {"e": expert}, "task_arithmetic", {**point, "embeddings": "base"}
        )
        with pytest.raises(ValueError, match="'<end>' at 61"):
            merge(recipe, tmp_path / "none")
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
    recipe = recipes.make_recipe(
        base, {"a": folder}, "ties", {"density": 1, "embeddings": "common"}
    )
    with pytest.raises(ValueError, match="has 67 rows of embeddings, its base 64.*fold"):
        files.check_files(recipe, tmp_path / "none")


def test_tokens_that_cross_between_experts_are_refused(tmp_path):
    base = member(tmp_path / "base", 0, 64, words())
    one = member(tmp_path / "a", 1, 64, words(), ["<a>", "<both>"])
    other = member(tmp_path / "b", 2, 64, words(), ["<b>"])
    with pytest.raises(ValueError, match="a has '<a>' at 60, b has '<b>' there.*common"):
        merged(tmp_path, base, {"a": one, "b": other}, weight=0.5)
    later = member(tmp_path / "c", 3, 64, words())
    content = json.loads((later / "tokenizer.json").read_text())
    content["model"]["vocab"]["<a>"] = 62
    (later / "tokenizer.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="a has '<a>' at 60, c at 62.*common"):
        merged(tmp_path, base, {"a": one, "c": later}, weight=0.5)
    merged(tmp_path, base, {"a": one, "b": other}, weight=0.5, embeddings="common")


def test_a_head_may_have_other_rows_than_the_embeddings(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 64, words(), ["<a>"])
    padded = load_file(base / "model.safetensors")
    padded[HEAD] = torch.cat([padded[HEAD], torch.ones(3, 32)])
    save_file(padded, base / "model.safetensors", metadata={"format": "pt"})
    out = merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings="common")
    made, own = tiny_models.load(out), tiny_models.load(expert)
    assert made[HEAD].shape[0] == made[EMBEDDINGS].shape[0] == 63 and places(out)["<a>"] == 60
    assert torch.allclose(made[HEAD][:60], (padded[HEAD][:60] + own[HEAD][:60]) / 2, atol=1e-6)
    assert torch.equal(made[EMBEDDINGS][60], own[EMBEDDINGS][60])
    assert not made[EMBEDDINGS][61:].any()  # nobody's


def grown(tmp_path, base, seed, token):
    """An adapter whose head and embeddings have a row more, for a token of its own."""
    model = tiny_models.model(0, tied=False, vocabulary=60)
    folder, _ = made_up_adapters.write(tmp_path / token, model, seed, modules_to_save=["lm_head"])
    file = folder / "adapter_model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if "lm_head" in name)
    row = torch.full((1, 32), float(seed))
    rest = tiny_models.load(base)[EMBEDDINGS]
    embeddings = name.replace("lm_head", "model.embed_tokens")
    tensors |= {name: torch.cat([tensors[name], row]), embeddings: torch.cat([rest, row])}
    save_file(tensors, file)
    speak(folder, words(), [f"<{token}>"])
    return folder


@pytest.mark.parametrize("method", ["task_arithmetic", "slerp"])
def test_tokens_of_adapters_come_with_their_rows(tmp_path, method):
    base = member(tmp_path / "base", 0, 60, words())
    adapters = {token: grown(tmp_path, base, seed, token) for seed, token in enumerate("ab", 1)}
    point = {"t": 0.5} if method == "slerp" else {"weight": 0.5}
    point["embeddings"] = "common"
    recipe = recipes.make_recipe(base, adapters, method, point)
    files.check_files(recipe, tmp_path / "out")
    out = merged(tmp_path, base, adapters, method, **point)
    made, at = tiny_models.load(out), places(out)
    assert (at["<a>"], at["<b>"], made[HEAD].shape[0]) == (60, 61, 62)
    assert checkpoints.read_json(out / "config.json")["vocab_size"] == 62
    for name in (HEAD, EMBEDDINGS):
        assert made[name][60].eq(1).all() and made[name][61].eq(2).all()
    left = tiny_models.load(base)
    if method == "task_arithmetic":
        assert torch.allclose(made[EMBEDDINGS][:60], left[EMBEDDINGS], atol=1e-6)
    assert not torch.equal(
        made["model.layers.0.self_attn.q_proj.weight"],
        left["model.layers.0.self_attn.q_proj.weight"],
    )


def test_tokens_of_adapters_go_with_full_models_and_sweeps_and_not_with_factors(tmp_path):
    base = member(tmp_path / "base", 0, 60, words())
    experts = {
        "a": grown(tmp_path, base, 1, "a"),
        "e": member(tmp_path / "e", 1, 64, words(), ["<e>"]),
    }
    out = merged(tmp_path, base, experts, weight=0.5, embeddings="common")
    made, own = tiny_models.load(out), tiny_models.load(experts["e"])
    assert made[HEAD][60].eq(1).all() and torch.equal(made[HEAD][61], own[HEAD][60])
    sweep = merging.Sweep(base, experts, "task_arithmetic", embeddings="common")
    ((_, tensors),) = sweep.points([{"weight": 0.5}])
    assert tiny_models.same(made, dict(tensors)) and len(sweep.tokenizer({"weight": 0.5})) == 62
    plain, _ = made_up_adapters.write(tmp_path / "plain", tiny_models.model(0, False, 60), 3)
    merged(tmp_path, base, {"p": plain, "e": experts["e"]}, weight=0.5, embeddings="common")
    alone = {"a": experts["a"]}
    for given in ({"method": "knots", "density": 0.5}, {"method": "task_arithmetic", "weight": 1}):
        point = {k: v for k, v in given.items() if k != "method"} | {"embeddings": "common"}
        factors = given["method"] == "knots"
        recipe = recipes.make_recipe(
            base, alone, given["method"], point, output="model" if factors else "adapter"
        )
        with pytest.raises(ValueError, match="base's tokens" if factors else "tokens of its own"):
            files.check_files(recipe, tmp_path / "none")


def test_task_vectors_of_other_rows_are_measured_as_they_are_merged(tmp_path, capsys):
    base = member(tmp_path / "base", 0, 60, words())
    experts = {"e": member(tmp_path / "e", 1, 64, words(), ["<a>"])}
    with pytest.raises(ValueError, match="--embeddings common measures rows by token"):
        inspection.inspect(base, experts)
    by_token = {s.where: s for s in inspection.inspect(base, experts, embeddings="common").tensors}
    left, right = tiny_models.load(base)[HEAD], tiny_models.load(experts["e"])[HEAD]
    assert by_token[HEAD].moments.size == 61 * 32
    assert by_token[HEAD].moments.norms[0] == pytest.approx((right[:60] - left).norm().item())
    experts["a"] = grown(tmp_path, base, 1, "a")
    kept = inspection.inspect(base, experts, embeddings="base")
    assert {s.where for s in kept.tensors} == by_token.keys() - {HEAD, EMBEDDINGS}
    given = ["--quiet", "--embeddings", "base", "--tsv", "-", str(base), str(experts["e"])]
    assert line.main(["inspect", *given]) == 0 and "norm" in capsys.readouterr().out


def test_models_without_tokenizers_have_one_vocabulary_if_they_have_as_many_rows(tmp_path):
    base, expert = (member(tmp_path / name, seed, 60, words()) for seed, name in enumerate("be"))
    for folder in (base, expert):
        (folder / "tokenizer.json").unlink()
    made = tiny_models.load(merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings="common"))
    halves = [tiny_models.load(folder)[HEAD] / 2 for folder in (base, expert)]
    assert torch.allclose(made[HEAD], sum(halves), atol=1e-6)


BIASES = {
    "bert": (BertForMaskedLM, BertConfig, {}, "cls.predictions.bias"),
    "phi": (PhiForCausalLM, PhiConfig, {}, "lm_head.bias"),
    "modernbert": (ModernBertForMaskedLM, ModernBertConfig, {}, "decoder.bias"),
    "pegasus": (PegasusForConditionalGeneration, PegasusConfig, SIDES, "final_logits_bias"),
}


@pytest.mark.parametrize("kind", BIASES)
@pytest.mark.parametrize("fewer", [0, 6])
def test_biases_of_tokens_go_by_token_too(tmp_path, kind, fewer):
    """The head's bias of each token stays with its token, by whatever name and shape it lies."""
    made, config, more, name = BIASES[kind]
    orders = words(size=30), words(size=30)[::-1][fewer:]
    for seed, order in enumerate(orders):
        torch.manual_seed(seed)
        marks = {"pad_token_id": 0, "eos_token_id": 1, "decoder_start_token_id": 0}
        model = made(config(vocab_size=len(order), **TINY, **marks, **more))
        for key, tensor in model.state_dict().items():
            tensor.copy_(torch.randn(tensor.shape)) if key == name else None
        model.save_pretrained(tmp_path / str(seed))
        speak(tmp_path / str(seed), order)
    members = tmp_path / "0", {"e": tmp_path / "1"}
    out = merged(tmp_path, *members, weight=1.0, embeddings="common")
    base, expert, ours = (
        load_file(one / "model.safetensors")[name].reshape(-1)
        for one in (members[0], tmp_path / "1", out)
    )
    for token, row in places(out).items():
        own = token in orders[1]
        want = expert[orders[1].index(token)] if own else base[orders[0].index(token)]
        assert torch.allclose(ours[row], want, atol=1e-6), token


@pytest.mark.parametrize(
    "name, shapes, differs",
    [
        ("final_logits_bias", ((1, 60), (1, 61)), True),
        ("lm_head.bias", ((60,), (61,)), True),
        (HEAD, ((60, 8), (61, 8)), True),
        (HEAD, ((60, 8), (60, 9)), False),
        ("model.norm.weight", ((8,), (9,)), False),
    ],
)
def test_shapes_that_differ_in_tokens_are_told_apart(name, shapes, differs):
    for ours, theirs in (shapes, shapes[::-1]):
        assert rows.differ(name, ours, theirs) is differs
        told = members._shape_message(name, ours, "e", theirs)
        assert ("60 embedding rows" in told or "has 60;" in told) is differs


def turned_with(tmp_path, *tensors):
    """The folders of two models of the same tokens in another order, each with more tensors."""
    folders = []
    for seed, order in enumerate((words(), words()[:1] + words()[:0:-1])):
        folders.append(member(tmp_path / str(seed), seed, 60, order))
        file = folders[-1] / "model.safetensors"
        file.chmod(0o644)
        more = {name: torch.full(shape, float(seed)) for name, shape in tensors}
        save_file({**load_file(file), **more}, file, {"format": "pt"})
    return folders[0], {"e": folders[1]}


@pytest.mark.parametrize(
    "name, shape",
    [
        ("odd.bias", (60,)),
        ("odd_head.3.bias", (60,)),
        ("odd_head.weight", (60, 8)),
        ("cls.predictions.dense.weight", (8, 60)),
    ],
)
def test_what_all_tokens_have_by_an_unknown_name_is_refused(tmp_path, name, shape):
    members = turned_with(tmp_path, (name, shape))
    with pytest.raises(ValueError, match=rf"{name} is .*, with numbers or rows for each"):
        merged(tmp_path, *members, weight=1.0, embeddings="common")


@pytest.mark.parametrize(
    "tensors",
    [
        [("model.layers.0.mlp.odd.bias", (60,))],
        [("model.layers.0.odd.weight", (60, 8))],
        [("odd_norm.weight", (60,)), ("odd_norm.bias", (60,))],
        [("pooler.dense.weight", (60, 60))],
        [("position_embeddings.weight", (60, 8))],
        [("head.weight", (1, 60)), ("head.bias", (1,))],
        [("head.weight", (2, 8)), ("head.bias", (2,))],
        [("decoder.weight", (7, 8))],
    ],
)
def test_what_has_as_many_numbers_by_chance_is_merged_as_it_lies(tmp_path, tensors):
    """In blocks and norms; and what is called a head and is of classes."""
    out = merged(tmp_path, *turned_with(tmp_path, *tensors), weight=1.0, embeddings="common")
    made = tiny_models.load(out)
    assert all(torch.equal(made[name], torch.ones(shape)) for name, shape in tensors)


LEARNT = [f"x{number}" for number in range(8)]
IDS = {"eos_token_id": [3, 7], "bos_token_id": 2, "pad_token_id": -1, "sep_token_id": None}
BEYOND = {"forced_bos_token_id": 9, "begin_suppress_tokens": [4, 5], "bad_words_ids": [[6, 8]]}


def tell(folder, name, ids):
    """A model whose file says these ids too."""
    file = folder / name
    file.write_text(json.dumps({**(json.loads(file.read_text()) if file.exists() else {}), **ids}))


def speaks_of(folder, name):
    """What a file says, with tokens in place of ids."""
    tokens = {id_: token for token, id_ in places(folder).items()}

    def token(value):
        if isinstance(value, list):
            return [token(one) for one in value]
        return tokens.get(value, value) if type(value) is int else value

    found = json.loads((folder / name).read_text())
    return {key: token(value) for key, value in found.items() if key in {**IDS, **BEYOND}}


@pytest.fixture
def turned_pair(tmp_path):
    """A base, and an expert whose tokenizer has all tokens, at other ids."""
    base = member(tmp_path / "base", 0, 60, words())
    expert = member(tmp_path / "e", 1, 70, [*LEARNT, *words()[::-1]])
    tell(base, "config.json", IDS)
    tell(base, "generation_config.json", {**IDS, **BEYOND})
    (base / "chat_template.jinja").write_text("base")
    (expert / "chat_template.jinja").write_text("expert")
    return base, expert


def test_a_tokenizer_of_an_expert_leaves_the_base_its_tokens_and_template(turned_pair, tmp_path):
    base, expert = turned_pair
    tell(expert, "generation_config.json", {"eos_token_id": 1})
    out = merged(tmp_path, base, {"e": expert}, weight=0.5, embeddings="common")
    assert places(out) == places(expert)
    for name in ("config.json", "generation_config.json"):
        assert speaks_of(out, name) == speaks_of(base, name)
        assert json.loads((out / name).read_text())["eos_token_id"] != IDS["eos_token_id"]
    assert (out / "chat_template.jinja").read_text() == "base"


def test_conventions_that_are_taken_are_those_of_their_expert(turned_pair, tmp_path):
    base, expert = turned_pair
    tell(expert, "config.json", {"eos_token_id": 1, "bos_token_id": 0})
    (expert / "generation_config.json").unlink()
    point = {"weight": 0.5, "embeddings": "common", "chat_template": "e"}
    out = merged(tmp_path, base, {"e": expert}, **point)
    made, own = conventions.read(out), conventions.read(expert)
    assert made[:3] == own[:3] and own.generation.items() <= made.generation.items()
    assert not (out / "generation_config.json").exists()
    assert (out / "chat_template.jinja").read_text() == "expert"
    sweep = merging.Sweep(base, {"e": expert}, "task_arithmetic", embeddings="common")
    for whose, folder in (("e", out), (None, base)):
        tokenizer = sweep.tokenizer({"weight": 0.5, "chat_template": whose} if whose else {})
        model = tiny_models.model(0, tied=False, vocabulary=70)
        model.generation_config.eos_token_id = 3
        stops = generation._stops(model, tokenizer, False).eos.tolist()
        of = {token: id_ for id_, token in enumerate(tokenizer.convert_ids_to_tokens(range(68)))}
        tokens = {id_: token for token, id_ in places(folder).items()}
        assert stops == sorted(of[tokens[id_]] for id_ in conventions.read(folder).ends)


def test_an_id_of_no_token_is_told_before_merging(turned_pair, tmp_path):
    base, expert = turned_pair
    tell(base, "config.json", {"pad_token_id": 4000})
    recipe = recipes.make_recipe(
        base, {"e": expert}, "task_arithmetic", {"weight": 1.0, "embeddings": "common"}
    )
    for merge in (merging.merge_files, files.check_files):
        with pytest.raises(ValueError, match=r"base: config.json or .* speaks of token 4000"):
            merge(recipe, tmp_path / "out")


@pytest.mark.parametrize("embeddings", ["base", "strict", "common"])
def test_an_end_token_comes_with_a_row_of_its_own(tmp_path, embeddings):
    """transformers adds a token that a config names and a tokenizer lacks, beyond all rows."""
    base = member(tmp_path / "base", 0, 64, words())
    expert = member(tmp_path / "e", 1, 64, words(), ["<end>"])
    tell(expert, "tokenizer_config.json", {"eos_token": "<end>"})
    point = {"weight": 0.5, "embeddings": embeddings, "chat_template": "e"}
    if embeddings == "base":
        with pytest.raises(ValueError, match="e ends texts with '<end>', which the merge's"):
            merged(tmp_path, base, {"e": expert}, **point)
        return
    out = merged(tmp_path, base, {"e": expert}, **point)
    tokenizer = load_tokenizer(out)
    assert tokenizer.eos_token == "<end>"
    assert tokenizer.eos_token_id < tiny_models.load(out)[EMBEDDINGS].shape[0]


@pytest.mark.parametrize("added", [[], ["<think>"]])
def test_a_head_may_end_before_the_embeddings_by_its_class(tmp_path, added):
    """As Mllama's does, whose images have rows of embeddings alone: its config says the head's."""
    sizes = {"cross_attention_layers": [1], "pad_token_id": 0, "num_key_value_heads": 1}
    orders, folders, made = (words(), [*words()[:5], *words()[5:][::-1]]), [], []
    for seed, order in enumerate(orders):
        folders.append(tmp_path / str(seed))
        torch.manual_seed(seed)
        text = {**TINY, **sizes, "num_hidden_layers": 2}
        config = MllamaTextConfig(vocab_size=60 + seed * len(added), **text)
        made.append(MllamaForCausalLM(config).eval())
        made[-1].save_pretrained(folders[-1])
        speak(folders[-1], order, added if seed else ())
    given = folders[0], {"e": folders[1]}
    out = MllamaForCausalLM.from_pretrained(
        merged(tmp_path, *given, weight=1.0, embeddings="common")
    )
    known = [places(one) for one in (tmp_path / "out", folders[1])]
    assert out.lm_head.weight.shape[0] == 60 + len(added) == len(known[0])
    text = [*words()[3:30], *added]
    with torch.no_grad():
        ours, theirs = (
            model(torch.tensor([[ids[word] for word in text]])).logits[0]
            for model, ids in zip((out, made[1]), known, strict=True)
        )
    assert all(
        torch.allclose(ours[:, known[0][w]], theirs[:, known[1][w]], atol=1e-5) for w in text
    )


@pytest.mark.parametrize("embeddings", ["common", "base"])
def test_embeddings_by_an_unknown_name_are_refused_where_vocabularies_differ(tmp_path, embeddings):
    """Whether all have one, or one beside a head that is known, with more rows (CPM-Ant)."""
    folders = [member(tmp_path / str(n), n, 60, words()[:: 1 - 2 * n]) for n in range(2)]
    given, point = (folders[0], {"e": folders[1]}), {"weight": 0.5, "embeddings": embeddings}
    for name, message in (("symbols", "none of the base's"), ("input_embedding", "cannot be merg")):
        for folder in folders:
            file = folder / "model.safetensors"
            state = {n.replace("embed_tokens", name): t for n, t in load_file(file).items()}
            if name == "symbols":
                del state[HEAD]
            else:
                state |= {f"model.{name}.weight": torch.ones(64, 32), HEAD: torch.ones(60, 32)}
            file.chmod(0o644)
            save_file(state, file, {"format": "pt"})
            tell(folder, "config.json", {"tie_word_embeddings": name == "symbols"})
        with pytest.raises(ValueError, match=message):
            merged(tmp_path, *given, **point)
