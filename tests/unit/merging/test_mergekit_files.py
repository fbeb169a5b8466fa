"""mergekit's files as people write them: merged as mergekit merges them, or refused.

docs/merging-recipes.md lists which of the examples that come with mergekit run here; files of the
same kinds are run through here.
"""

import re

import made_up_adapters
import pytest
import tiny_models
import torch
import yaml
from places import ROOT
from tokenizers import Tokenizer
from transformers import LlamaConfig, LlamaForCausalLM

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

LAYERS = 4
ROUNDING = 1e-6
SIZES = {"hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2, "vocab_size": 32}
MEMBERS = ("base", "a", "b")
# Written as the examples are: the same keys, other models and numbers.
EXAMPLES = {
    "linear.yml": """
models:
  - {model: a, parameters: {weight: 1.0}}
  - {model: base, parameters: {weight: 0.2}}
  - {model: b, parameters: {weight: 0.6}}
merge_method: linear
dtype: float32
""",
    "ties.yml": """
models:
  - {model: a, parameters: {density: [1, 0.6, 0.2], weight: 1.0}}
  - {model: b, parameters: {density: 0.5, weight: [0, 0.4, 0.6, 1]}}
  - model: base
  - model: a2
    parameters: {density: 0.3, weight: [{filter: mlp, value: 0.5}, {value: 0}]}
merge_method: ties
base_model: base
parameters: {normalize: true, int8_mask: true}
dtype: float32
""",
    "bio-merge.yml": """
models:
  - {model: a, parameters: {density: 0.4, weight: 0.3}}
  - {model: b, parameters: {density: 0.4, weight: 0.3}}
merge_method: ties
base_model: base
parameters: {normalize: false, int8_mask: true}
dtype: float32
""",
    "gradient-slerp.yml": """
slices:
  - sources:
      - {model: a, layer_range: [0, 4]}
      - {model: b, layer_range: [0, 4]}
merge_method: slerp
base_model: a
parameters:
  t:
    - {filter: self_attn, value: [0, 0.4, 0.6, 1]}
    - {filter: mlp, value: [1, 0.6, 0.4, 0]}
    - value: 0.3
dtype: float32
""",
    "orcamini-platy-44layer.yml": """
slices:
  - sources: [{model: a, layer_range: [0, 3]}]
  - sources: [{model: b, layer_range: [2, 4]}]
merge_method: passthrough
dtype: float32
""",
    "arcee_fusion.yml": """
models:
  - model: a
  - model: b
merge_method: arcee_fusion
base_model: a
dtype: float32
""",
}
# What else mergekit's files hold.
MORE = {
    "passthrough in slices": """
slices:
  - sources: [{model: ./a, layer_range: [0, 1]}]
  - sources: [{model: b/, layer_range: [1, 3]}]
    parameters: {scale: [{filter: o_proj, value: 0.5}]}
  - sources: [{model: a, layer_range: [3, 4]}]
merge_method: passthrough
""",
    "passthrough of one": """
models: [{model: a, parameters: {scale: 2}}]
merge_method: passthrough
""",
    "values by slice": """
slices:
  - sources:
      - {model: base, layer_range: [0, 2]}
      - {model: a, layer_range: [0, 2], parameters: {weight: 0.4}}
      - {model: b, layer_range: [0, 2], parameters: {weight: [0.2, 0.6], density: 0.5}}
    parameters: {normalize: true}
  - sources:
      - {model: base, layer_range: [2, 4]}
      - {model: b, layer_range: [2, 4], parameters: {density: [{filter: mlp, value: 0.2}]}}
      - {model: a, layer_range: [2, 4]}
    parameters: {weight: [1, 0.3], density: 0.7}
merge_method: ties
base_model: base
parameters: {normalize: false, lambda: [0.5, 1]}
""",
    "slerp by slice": """
slices:
  - sources: [{model: a, layer_range: [0, 3]}, {model: base, layer_range: [0, 3]}]
    parameters: {t: [0, 1]}
  - sources: [{model: base, layer_range: [3, 4]}, {model: a, layer_range: [3, 4]}]
merge_method: slerp
base_model: base
parameters: {t: [0.2, 0.9]}
""",
    "other models by slice": """
slices:
  - sources:
      - {model: a, layer_range: [0, 2], parameters: {weight: 1}}
      - {model: b, layer_range: [0, 2], parameters: {weight: 3}}
  - sources:
      - {model: base, layer_range: [2, 4], parameters: {weight: 1}}
      - {model: b, layer_range: [2, 4], parameters: {weight: 1}}
merge_method: linear
""",
    "left out for one": """
models:
  - {model: a, parameters: {weight: 0.5, density: 0.5, gamma: 0.1}}
  - {model: b, parameters: {weight: 1.0}}
  - {model: a2, parameters: {weight: 1.0, density: [{filter: mlp, value: 0.4}]}}
  - {model: ./base/}
merge_method: breadcrumbs
base_model: base
""",
    "a name, a seed and anchors": """
name: of-a-card
random_seed: 0
x-both: &both {density: 0.5, weight: 0.5}
models:
  - {model: a, parameters: *both}
  - model: b
    parameters:
      <<: *both
      weight: -0.2
merge_method: ties
base_model: base
parameters: {int8_mask: true, random_seed: 1}
""",
    "model_stock with what others take": """
models: [{model: a, parameters: {weight: 1, density: 0.5}}, {model: b}]
merge_method: model_stock
base_model: base
parameters: {normalize: false, int8_mask: true}
""",
    "slerp of old": """
models: [{model: a}, {model: b}]
merge_method: slerp
base_model: a
parameters: {t: [0.1, 0.6, 0.3], embed_slerp: true}
""",
    "as a card has it": """
base_model: base
merge_method: task_arithmetic
modules:
  default:
    parameters: {lambda: [0.5, 1], weight: 0.2}
    slices:
    - sources:
      - {layer_range: [0, 4], model: a, parameters: {weight: [{filter: mlp, value: 0.3}]}}
      - {layer_range: [0, 4], model: b}
      - {layer_range: [0, 4], model: base}
      merge_method: task_arithmetic
parameters: {int8_mask: 1.0, normalize: 1.0, weight: 0.9}
""",
    "models of one module": """
merge_method: linear
modules:
  default: {models: [{model: a, parameters: {weight: 3}}, {model: b, parameters: {weight: 1}}]}
parameters: {normalize: 0.0}
""",
    "switches as numbers and words": """
models: [{model: a, parameters: {density: 1}}, {model: b, parameters: {weight: "0.5"}}]
merge_method: dare_ties
base_model: base
parameters: {normalize: [Yes, "off"], rescale: [{filter: mlp, value: 0}, {value: "T"}], weight: 1}
""",
    "another's parameters in sce": """
models: [{model: a, parameters: {weight: 0.3, density: 0.9}}, {model: b}]
merge_method: sce
base_model: base
parameters: {normalize: true, rescale: true, filter_wise: false, lambda: 1.0, select_topk: 0.7}
""",
    "another's parameters in slerp": """
models: [{model: b, parameters: {weight: 0.7}}]
merge_method: slerp
base_model: a
parameters: {t: 0.4, gamma: 0.1}
""",
    "another's parameters in arcee_fusion": """
models: [{model: a}, {model: b, parameters: {weight: [{filter: lm_hed, value: 1}, {value: 2}]}}]
merge_method: arcee_fusion
base_model: a
""",
    "nobody's density": "{merge_method: ties, base_model: base, models: [{model: a}, {model: b}], "
    "parameters: {weight: 0.5}}",
}
REFUSED = {
    "layers twice": (
        "slices:\n- sources: [{model: a, layer_range: [0, 3]}]\n"
        "- sources: [{model: b, layer_range: [2, 4]}]\nmerge_method: passthrough\n",
        ["line 3", "layer 3 of the result would be layer 2 of b", "keeps the architecture"],
    ),
    "layers left out": (
        "merge_method: linear\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n",
        ["line 2", "they have 2 layers, a has 4"],
    ),
    "unlike lengths": (
        "merge_method: linear\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n"
        "  - {model: b, layer_range: [0, 4]}\n",
        ["line 3", "end at layers [2, 4]"],
    ),
    "two in passthrough": (
        "merge_method: passthrough\nslices:\n- sources:\n  - {model: a, layer_range: [0, 4]}\n"
        "  - {model: b, layer_range: [0, 4]}\n",
        ["line 3", "found 2 sources"],
    ),
    "other models": (
        "merge_method: karcher\nslices:\n- sources:\n  - {model: a, layer_range: [0, 2]}\n"
        "  - {model: b, layer_range: [0, 2]}\n- sources:\n  - {model: a, layer_range: [2, 4]}\n",
        ["line 6", "other models here than in the first slice"],
    ),
    "residual": (
        "merge_method: linear\nslices:\n- sources: [{model: a, layer_range: [0, 4]}]\n"
        "  residual_weight: 0.5\n",
        ["line 4", "residual_weight is not built here"],
    ),
    "own base": (
        "merge_method: ties\nbase_model: base\nslices:\n"
        "- sources: [{model: a, layer_range: [0, 4]}]\n  base_model: b\n",
        ["line 5", "a base of its own"],
    ),
    "words as layers": (
        "merge_method: linear\nslices:\n- sources:\n  - model: a\n    layer_range: all\n",
        ["line 5", "layer_range is 'all'"],
    ),
    "unknown key": (
        "merge_method: linear\nmodels:\n- model: a\n  paramters: {}\n",
        ["line 4", "'paramters'"],
    ),
    "wrong value": (
        "merge_method: ties\nbase_model: base\nmodels:\n- model: a\n  parameters:\n"
        "    weight: 1\n    density: 3\n",
        ["line 7", "density is 3"],
    ),
    "no weight": (
        "merge_method: ties\nbase_model: base\nmodels:\n- {model: a, parameters: {weight: 1}}\n"
        "- model: b\n",
        ["line 4", "b has no 'weight'"],
    ),
    "new tokens": (
        "merge_method: linear\nmodels:\n- model: a\ntokenizer:\n  source: union\n"
        "  tokens: {'<|im_start|>': {source: a}}\n",
        ["line 6", "no member has"],
    ),
    "padded rows": (
        "merge_method: linear\nmodels:\n- model: a\ntokenizer: {pad_to_multiple_of: 64}\n",
        ["line 4", "pad_to_multiple_of is 64"],
    ),
    "another's tokenizer": (
        "merge_method: linear\nmodels:\n- model: a\ntokenizer_source: elsewhere\n",
        ["line 4", "elsewhere", "one of the members"],
    ),
    "two of them": (
        "merge_method: linear\nmodels:\n- model: a\ntokenizer_source: union\ntokenizer: {}\n",
        ["line 4", "expected one of them"],
    ),
    "modules": (
        "merge_method: linear\nmodules: {decoder: {models: []}}\n",
        ["line 2", "{'decoder': {'models': []}}", "expected default alone"],
    ),
    "nobody's filter": (
        "merge_method: linear\nmodels:\n- model: a\n  parameters:\n    weight:\n"
        "    - {filter: mlp, value: 1}\n    - filter: mpl\n      value: 2\n    - value: 1\n",
        ["line 7", "filter 'mpl' is part of no tensor's name"],
    ),
    "template": (
        "merge_method: linear\nmodels:\n- model: a\nchat_template: chatlm\n",
        ["line 4", "chat_template is 'chatlm'", "babelmerge: {chat_template: ID}"],
    ),
    "two templates": (
        "merge_method: linear\nmodels:\n- model: a\nchat_template: auto\n"
        "babelmerge: {chat_template: a}\n",
        ["line 4", "at the top and under babelmerge"],
    ),
    "base of neither": (
        "merge_method: slerp\nmodels:\n- model: a\n- model: b\nbase_model: base\n",
        ["line 2", "base is neither of the two that are listed"],
    ),
    "other methods in slices": (
        "merge_method: linear\nslices:\n- sources:\n  - {model: a, layer_range: [0, 4]}\n"
        "  merge_method: slerp\n",
        ["line 5", "a method of its own"],
    ),
    "two documents": (
        "name: one\nmerge_method: linear\nmodels: [{model: a}]\n---\nmerge_method: linear\n",
        ["line 5", "another document, of 2"],
    ),
    "a factor that mergekit's has not": (
        "merge_method: sce\nbase_model: base\nmodels:\n- model: a\nparameters:\n  lambda: 0.5\n",
        ["line 6", "mergekit's has no lambda; leave it out"],
    ),
    "beside the parameters": (
        "merge_method: ties\nbase_model: base\nmodels:\n- model: a\n  density: 0.5\n",
        ["line 5", "unknown key 'density'", "write it under 'parameters'"],
    ),
    "at the top": (
        "merge_method: sce\nbase_model: base\nmodels:\n- model: a\nselect_topk: 0.5\n",
        ["line 5", "unknown key 'select_topk', which mergekit passes over", "where it belongs"],
    ),
    "loud": (
        "merge_method: TIES\nmodels:\n- model: a\n",
        ["line 1", "'TIES' is not built here; did you mean ties?"],
    ),
    "ours without a prefix": (
        "merge_method: magmax\nmodels:\n- model: a\n",
        ["line 1", "did you mean babelmerge:magmax?"],
    ),
    "what mergekit reads and we lack": (
        "merge_method: ties\nbase_model: base\nmodels: [{model: a}]\n"
        "parameters: {weight: 1, rescale: 1.0}\n",
        ["line 4", "no parameter 'rescale'"],
    ),
    "mixture": (
        "base_model: base\ngate_mode: hidden\nexperts:\n- source_model: a\n",
        ["line 2", "'gate_mode'", "mergekit-moe makes a mixture"],
    ),
    "adapter in full": (
        "merge_method: linear\nmodels:\n- model: {model: {path: base}, lora: {path: a}}\n",
        ["line 3", "'lora'", "give the directory of the adapter as the model"],
    ),
    "adapter by a plus": (
        "merge_method: linear\nmodels:\n- model: base+a\n",
        ["line 3", "'+' means an adapter on a model"],
    ),
    "commit": (
        "merge_method: linear\nmodels:\n- model: {model: {path: a, revision: x}}\n",
        ["line 3", "'revision'", "fetch that commit"],
    ),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """base and three models tuned from it."""
    root = tmp_path_factory.mktemp("files")
    torch.manual_seed(0)
    base = LlamaForCausalLM(LlamaConfig(**SIZES, num_hidden_layers=LAYERS))
    base.save_pretrained(root / "base")
    for name in ("a", "b", "a2"):
        model = LlamaForCausalLM(base.config)
        model.load_state_dict(
            {n: t + 0.02 * torch.randn_like(t) for n, t in base.state_dict().items()}
        )
        model.save_pretrained(root / name)
    return root


@pytest.fixture(autouse=True)
def there(folder, monkeypatch):
    monkeypatch.chdir(folder)


def by_mergekit(text, out, cache=None):
    config = pytest.importorskip("mergekit.config")
    merge = pytest.importorskip("mergekit.merge")
    read = config.MergeConfiguration.model_validate(yaml.safe_load(text))
    options = merge.MergeOptions(
        quiet=True, write_model_card=False, copy_tokenizer=False, lora_merge_cache=cache
    )
    merge.run_merge(read, str(out), options)
    return checkpoints.Checkpoint(out)


def require_same(text, tmp_path):
    """A file gives the model that mergekit makes of it, and so does the recipe kept with it."""
    (tmp_path / "r.yml").write_text(text)
    merging.merge_files(tmp_path / "r.yml", tmp_path / "ours")
    merging.merge_files(tmp_path / "ours" / "recipe.yaml", tmp_path / "again")
    plain = re.sub(r"model: (?:\./)?(\w+)/?", r"model: \1", text)  # it knows no other spelling
    theirs = by_mergekit(plain, tmp_path / "theirs")
    ours, again = (checkpoints.Checkpoint(tmp_path / name) for name in ("ours", "again"))
    assert set(ours.names) == set(theirs.names)
    for name in ours.names:
        assert torch.equal(again.read(name), ours.read(name))
        difference = (ours.read(name) - theirs.read(name).float()).abs().max().item()
        assert difference <= ROUNDING, (name, difference)


def table() -> dict[str, str]:
    """File -> whether it runs here, as the documentation says."""
    text = (ROOT / "docs" / "merging-recipes.md").read_text(encoding="utf-8")
    return dict(re.findall(r"(?m)^\| `(\S+\.yml)` \| (yes|no) \|", text))


def test_the_table_has_every_example():
    assert set(table()) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_files_like_the_examples_run_where_the_table_says_so(name, tmp_path):
    if table()[name] == "yes":
        require_same(EXAMPLES[name], tmp_path)
        return
    (tmp_path / "r.yml").write_text(EXAMPLES[name])
    with pytest.raises(ValueError, match=r"r\.yml, line \d+: "):
        recipes.read_recipe(tmp_path / "r.yml")


@pytest.mark.parametrize("what", MORE)
def test_what_else_a_file_holds_is_merged_as_mergekit_does(what, tmp_path):
    require_same(MORE[what], tmp_path)


@pytest.mark.parametrize(
    ("asked", "whose"),
    [
        ("tokenizer_source: union", "base"),
        ("tokenizer_source: base", "base"),
        ("# no base\ntokenizer_source: base", "base"),
        ("tokenizer_source: ./a/", "a"),
        ("tokenizer: {source: a, tokens: {}}", "a"),
        ("tokenizer: {}", "base"),
    ],
)
def test_the_tokenizer_is_that_of_whom_a_file_names(folder, tmp_path, asked, whose):
    for name in ("base", "a"):
        tiny_models.tokenizer(32).save_pretrained(folder / name)
        (folder / name / "chat_template.jinja").write_text(f"as {name} talks")
    (folder / "base" / "tokens.txt").write_text("of the base")
    models = "merge_method: linear\nbase_model: base\nmodels: [{model: base}, {model: a}]\n"
    models = models.replace("base_model: base\n", "") if "# no base" in asked else models
    (tmp_path / "r.yml").write_text(models + asked)
    for recipe, out in ((tmp_path / "r.yml", "out"), (tmp_path / "out" / "recipe.yaml", "again")):
        made = merging.merge_files(recipe, tmp_path / out)
        assert (made / "chat_template.jinja").read_text() == f"as {whose} talks"
        assert (made / "tokens.txt").is_file() and (made / "tokenizer.json").is_file()
    (folder / "a" / "tokenizer.json").unlink()
    if whose == "a":
        with pytest.raises(ValueError, match="a: has no tokenizer, and the recipe asks for its"):
            merging.merge_files(tmp_path / "r.yml", tmp_path / "none")


def test_a_union_has_the_rows_that_mergekit_gives_each_token(folder, tmp_path):
    torch.manual_seed(1)
    grown = {"x": (34, ["<both>", "<x>"]), "y": (33, ["<both>"])}
    for name, (size, added) in {"plain": (32, []), **grown}.items():
        config = LlamaConfig(**{**SIZES, "vocab_size": size}, num_hidden_layers=1)
        LlamaForCausalLM(config).save_pretrained(folder / name)
        spoken = tiny_models.tokenizer(32)
        spoken.add_tokens(added)
        spoken.save_pretrained(folder / name)
    text = (
        "merge_method: task_arithmetic\nbase_model: plain\ntokenizer_source: union\n"
        "models:\n- {model: x, parameters: {weight: 0.5}}\n"
        "- {model: y, parameters: {weight: 0.3}}\n"
    )
    require_same(text, tmp_path)
    made = Tokenizer.from_file(str(tmp_path / "ours" / "tokenizer.json"))
    assert [made.token_to_id(token) for token in ("<both>", "<x>")] == [32, 33]
    assert "gives the same model" in (tmp_path / "ours" / "recipe.yaml").read_text()


def test_a_filter_may_name_a_tied_head(folder, tmp_path):
    torch.manual_seed(2)
    for name in ("tied", "tied2"):
        config = LlamaConfig(**SIZES, num_hidden_layers=1, tie_word_embeddings=True)
        LlamaForCausalLM(config).save_pretrained(folder / name)
    text = (
        "merge_method: task_arithmetic\nbase_model: tied\nmodels:\n- model: tied2\n"
        "  parameters: {weight: [{filter: lm_head, value: 0}, {value: 0.5}]}\n"
    )
    require_same(text, tmp_path)
    with pytest.raises(ValueError, match="line 5: .*filter 'm_hed'"):
        (tmp_path / "r.yml").write_text(text.replace("lm_head", "m_hed"))
        merging.merge_files(tmp_path / "r.yml", tmp_path / "none")


def test_an_adapter_on_the_base_is_the_adapter(folder, tmp_path):
    base = LlamaForCausalLM.from_pretrained(folder / "base")
    base.name_or_path = "base"
    for seed, name in enumerate(("lora", "lora2"), start=1):
        made_up_adapters.write(folder / name, base, seed)
    text = (
        "merge_method: ties\nbase_model: base\nmodels:\n"
        "- {model: base+lora, parameters: {weight: 0.5, density: 0.6}}\n"
        "- model: {model: {path: base}, lora: {path: lora2}}\n"
        "  parameters: {weight: 1, density: 0.9}\n"
    )
    (tmp_path / "r.yml").write_text(text)
    made = merging.merge_files(tmp_path / "r.yml", tmp_path / "ours")
    again = merging.merge_files(made / "recipe.yaml", tmp_path / "again")
    assert [id_ for id_, _ in recipes.read_recipe(tmp_path / "r.yml").experts] == ["lora", "lora2"]
    theirs = by_mergekit(text, tmp_path / "theirs", str(tmp_path / "cache"))
    ours, same = (checkpoints.Checkpoint(one).state_dict() for one in (made, again))
    assert tiny_models.same(ours, same)
    for name, tensor in ours.items():
        assert (tensor - theirs.read(name)).abs().max() <= ROUNDING, name
    for wrong in ("a+lora", "base+b", "base+lora+lora2"):
        (tmp_path / "r.yml").write_text(text.replace("base+lora", wrong))
        with pytest.raises(ValueError, match="line 4: .*'\\+' means an adapter on a model"):
            recipes.read_recipe(tmp_path / "r.yml")


def test_what_another_method_has_is_told_and_what_none_has_refused(folder, tmp_path):
    text = "{merge_method: sce, base_model: base, models: [{model: a}, {model: b}], parameters: {"
    (tmp_path / "r.yml").write_text(text + "weight: 1, density: 0.5}}")
    made = merging.merge_files(tmp_path / "r.yml", tmp_path / "out")
    assert "sce has no weight and no density: passed over" in (made / "README.md").read_text()
    for more in ("wieght: 1}}", "weight: 1}, babelmerge: {semantics: original}}"):
        (tmp_path / "r.yml").write_text(text + more)
        with pytest.raises(ValueError, match="line 1: sce: no parameter 'w"):
            recipes.read_recipe(tmp_path / "r.yml")


def test_the_chat_template_is_the_one_that_a_file_asks_for(folder, tmp_path):
    talks = {"base": "of {base}", "a": " shared {x}\n", "b": "shared {x}", "a2": ""}
    for name, template in talks.items():
        tiny_models.tokenizer(32).save_pretrained(folder / name)
        (folder / name / "chat_template.jinja").write_text(template)

    def talk(asked, *models):
        listed = "".join(f"- {{model: {one}, parameters: {{weight: 1}}}}\n" for one in models)
        text = f"merge_method: task_arithmetic\nbase_model: base\nmodels:\n{listed}"
        (tmp_path / "r.yml").write_text(f"{text}chat_template: {asked}\n")
        out = merging.merge_files(tmp_path / "r.yml", tmp_path / "-".join(models))
        again = merging.merge_files(out / "recipe.yaml", tmp_path / "again")
        found = [(made / "chat_template.jinja").read_text() for made in (out, again)]
        assert found[0] == found[1] and (asked == "null") != (
            "the chat template is" in (out / "README.md").read_text()
        )
        return found[0]

    assert talk("auto", "a", "b", "a2") == "shared {x}"  # two of three
    assert talk("auto", "a", "a2") == talk("auto", "a2") == "of {base}"  # one each, or alone
    assert talk("'{{ messages }}'", "b") == "{{ messages }}"
    assert talk("null", "b", "a") == "of {base}"
    pytest.importorskip("mergekit")
    assert "<|im_start|>" in talk("chatml", "b", "a2", "a")


def test_a_name_on_the_hub_is_the_folder_that_its_cache_has(folder, tmp_path, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "cache"))
    for name in ("base", "a"):
        kept = tmp_path / "cache" / f"models--org--{name}"
        (kept / "refs").mkdir(parents=True)
        (kept / "refs" / "main").write_text("0f")
        (kept / "snapshots").mkdir()
        (kept / "snapshots" / "0f").symlink_to(folder / name)
    text = "merge_method: dare_ties\nbase_model: {}\nmodels:\n- model: {}\n"
    text += "  parameters: {{weight: 1, density: 0.5}}\n- model: {}\ntokenizer_source: {}\n"
    (tmp_path / "r.yml").write_text(text.format("org/base", "org/a", "org/base", "org/base"))
    made = merging.merge_files(tmp_path / "r.yml", tmp_path / "ours")
    again = merging.merge_files(made / "recipe.yaml", tmp_path / "again")
    read = recipes.read_recipe(made / "recipe.yaml")
    assert [id_ for id_, _ in read.experts] == ["org/a"]  # which seeds the drops
    ours, same = (checkpoints.Checkpoint(one).state_dict() for one in (made, again))
    assert tiny_models.same(ours, same)
    (tmp_path / "r.yml").write_text(text.format("base", "org/none", "base", "base"))
    with pytest.raises(ValueError, match="org/none"):
        merging.merge_files(tmp_path / "r.yml", tmp_path / "none")


def test_a_members_tokenizer_goes_with_no_other_rows(tmp_path):
    text = "merge_method: linear\nbabelmerge: {{embeddings: {}}}\ntokenizer_source: a\nmodels:\n"
    for choice in ("common", "base"):
        (tmp_path / "r.yml").write_text(text.format(choice) + "- model: base\n- model: a\n")
        with pytest.raises(ValueError, match="line 3: .*rows that are not for its tokens"):
            recipes.read_recipe(tmp_path / "r.yml")


@pytest.mark.parametrize("what", REFUSED)
def test_what_is_not_built_is_refused_with_its_line(what, tmp_path):
    text, parts = REFUSED[what]
    (tmp_path / "r.yml").write_text(text)
    with pytest.raises(ValueError) as error:
        merging.merge_files(tmp_path / "r.yml", tmp_path / "out")
    assert all(part in str(error.value) for part in parts), str(error.value)
    assert not (tmp_path / "out").exists()
