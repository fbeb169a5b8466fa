"""Recipes as people write them for mergekit: read as mergekit means them, or refused."""

import pytest
import yaml

from babelmerge.recipes import recipes
from babelmerge.recipes.points import settings


def test_a_plain_mergekit_file_is_read_with_mergekits_semantics(tmp_path):
    (tmp_path / "r.yaml").write_text(
        "merge_method: dare_linear\nbase_model: org/base\ndtype: bfloat16\n"
        "models:\n- model: org/a\n  parameters: {weight: 0.5}\n"
        "- model: org/b\n  parameters: {weight: 1}\nparameters: {density: 0.5, int8_mask: true}\n"
    )
    read = recipes.read_recipe(tmp_path / "r.yaml")
    assert read.method == "dare"
    assert dict(read.experts) == {"org/a": "org/a", "org/b": "org/b"}
    assert read.parameters == {
        "density": 0.5,
        "weight": [0.5, 1],
        "semantics": "mergekit",
        "dtype": "bfloat16",
    }


PLAIN = """\
merge_method: {method}
base_model: org/base
dtype: bfloat16
models:
{models}
parameters: {parameters}
"""


def plain(method, models, parameters="{}", base="org/base"):
    text = PLAIN.format(method=method, models=models, parameters=parameters)
    return recipes.read_recipe(yaml.safe_load(text.replace("org/base", base)))


def point_of(read):
    return settings(read.method, tuple(id_ for id_, _ in read.experts), read.parameters)


def test_a_plain_file_may_list_its_base():
    models = "- model: org/base\n- model: org/a\n  parameters: {weight: 0.5}\n"
    read = plain("ties", models)
    assert (read.base, read.experts) == ("org/base", (("org/a", "org/a"),))
    assert read.parameters["density"] == 1.0  # mergekit's default
    read = plain("linear", models.replace("base\n", "base\n  parameters: {weight: 2}\n"))
    assert [id_ for id_, _ in read.experts] == ["org/base", "org/a"]
    assert read.parameters["weight"] == [2, 0.5]
    read = plain("slerp", "- model: org/a\n", "{t: [0, 1]}")
    assert [id_ for id_, _ in read.experts] == ["org/base", "org/a"]
    assert point_of(read).at("model.layers.1.x", 3).t == 0.5
    assert plain("slerp", "- model: org/base\n- model: org/a\n", "{t: 1}").experts == read.experts


SPELLINGS = ("m/base", "./m/base", "m/base/", "m/../m/base", "m//base", "link", "{here}/m/base")


@pytest.mark.parametrize("spelt", SPELLINGS)
def test_a_listed_base_is_the_base_however_it_is_spelt(tmp_path, monkeypatch, spelt):
    (tmp_path / "m" / "base").mkdir(parents=True)
    (tmp_path / "link").symlink_to("m/base")
    monkeypatch.chdir(tmp_path)
    models = f"- model: {spelt.format(here=tmp_path)}\n- model: ./m/a/\n"
    for method, given in (("ties", "{weight: 0.5}"), ("slerp", "{t: 0.5}")):
        read = plain(method, models, given, base="m/base")
        assert read.experts[-1] == ("m/a", "./m/a/") and read.base == "m/base"
        assert len(read.experts) == (2 if method == "slerp" else 1)
    with pytest.raises(ValueError, match="m/a is listed twice"):
        plain("ties", f"{models}- model: m/a\n", "{weight: 0.5}", base="m/base")


@pytest.mark.parametrize("method", ["nuslerp", "multislerp"])
def test_a_plain_files_base_is_the_centre_of_the_sphere(method):
    models = (
        "- model: org/a\n  parameters: {weight: 0.5}\n- model: org/b\n  parameters: {weight: 1}\n"
    )
    for more in ("", "- model: org/base\n"):
        read = plain(method, models + more)
        assert (read.base, read.parameters["origin"]) == ("org/base", "base")
        assert [id_ for id_, _ in read.experts] == ["org/a", "org/b"]
    alone = plain(method, models, base="null")
    assert (alone.parameters["origin"], len(alone.experts)) == ("zero", 2)
    assert alone.parameters["weight"] == [0.5, 1] and alone.parameters["semantics"] == "mergekit"
    with pytest.raises(ValueError, match="origin is 'base', but the recipe has no base_model"):
        recipes.read_recipe({**alone.source, "babelmerge": {"method": method, "origin": "base"}})
    with pytest.raises(ValueError, match="would merge base_model org/base as one more model"):
        plain("karcher", "- model: org/a\n- model: org/b\n")


def test_parameters_that_have_another_name_here():
    models = "- model: org/a\n- model: org/b\n"
    read = plain("ramplus_tl", models, "{epsilon: 1e-4, r: 0.2, alpha: [0.1, 0.3]}")
    point = point_of(read).at("model.layers.1.w", 2)
    assert (point.least, point.gain, point.cap) == (1e-4, 0.2, 0.3)
    assert point_of(plain("ram", models)).least == 1e-5
    near = plain("nearswap", "- model: org/a\n", "{t: [{value: 0.0001}]}")
    assert (near.base, point_of(near).at("x", 1).t) == ("org/base", 0.0001)
    fused = plain("arcee_fusion", "- model: org/base\n- model: org/a\n")
    assert [id_ for id_, _ in fused.experts] == ["org/a"]
    with pytest.raises(ValueError, match="arcee_fusion: merges 1 expert, found 2"):
        plain("arcee_fusion", models)


def test_a_plain_files_gradients_and_filters():
    models = (
        "- model: org/a\n  parameters: {weight: [0, 1], density: [{filter: mlp, value: 0.1}]}\n"
        "- model: org/b\n"
    )
    shared = "{weight: 2, density: [{filter: q_proj, value: [0.2, 0.4]}, {value: 0.9}]}"
    read = plain("ties", models, shared)
    point = point_of(read)
    at = point.at("model.layers.1.mlp.w", 2)
    assert (at.weights, at.densities) == ((1, 2), (0.1, 0.9))
    at = point.at("model.layers.0.q_proj.w", 2)
    assert (at.weights, at.densities) == ((0, 2), (0.2, 0.2))
    alone = plain("task_arithmetic", "- model: org/a\n- model: org/b\n", "{weight: [0, 1]}")
    assert point_of(alone).at("model.norm.w", 2).weights == (0, 0)


def test_what_has_no_effect_in_mergekit_is_passed_over():
    models = "- model: org/a\n"
    read = plain("task_arithmetic", models, "{weight: 1, density: 0.5, rescale: true}")
    assert set(read.parameters) == {"weight", "semantics", "dtype"}
    assert plain("ties", models, "{weight: 1, rescale: false}").method == "ties"
    with pytest.raises(ValueError, match="no parameter 'rescale'"):  # there it has one
        plain("ties", models, "{weight: 1, rescale: true}")


@pytest.mark.parametrize(
    ("method", "models", "part"),
    [
        ("linear", "- model: org/a\n", "would merge base_model org/base as one more model"),
        ("ties", "- model: org/base\n", "lists no expert beside base_model"),
        ("ties", "- model: org/a\n- model: org/a\n", "org/a is listed twice"),
        ("slerp", "- model: org/a\n- model: org/b\n", "slerp goes from base_model to one other"),
        ("ties", "- model: org/a+org/lora\n", "'+' means an adapter on a model"),
        ("ties", "- model: org/a@main\n", "'@' means a commit on the hub"),
        ("ties", "- model: {model: {path: org/a, revision: x}}\n", "'revision'"),
        ("ties", "- model: {merge_method: ties}\n", "'merge_method', which is not built here"),
        ("ties", "- model: org/a\n  parameters: {lambda: 2}\n", "move it to 'parameters'"),
        ("ties", "- model: org/a\n  paramters: {}\n", "models: unknown key 'paramters'"),
        (
            "ties",
            "- model: org/a\n  parameters: {weight: 1}\n- model: org/b\n",
            "models: org/b has no 'weight', others have",
        ),
    ],
)
def test_a_plain_file_is_refused_where_it_means_something_else(method, models, part):
    with pytest.raises(ValueError) as error:
        plain(method, models)
    assert part in str(error.value), str(error.value)
    if method == "ties":
        with pytest.raises(ValueError, match="'base_model' is missing, which ties needs"):
            recipes.read_recipe({"merge_method": "ties", "models": [{"model": "a"}]})


def test_a_key_that_is_given_twice_is_no_choice_of_the_last(tmp_path):
    path, text = tmp_path / "r.yml", "merge_method: linear\nmodels:\n- model: a\n"
    path.write_text(text + "  parameters: &p {weight: 1}\n- {model: b, parameters: {<<: *p}}\n")
    assert recipes.read_recipe(path).parameters["weight"] == [1, 1]
    for more in ("merge_method: ties\n", "  model: b\n", "- {model: b, model: c}\n"):
        path.write_text(text + more)
        with pytest.raises(ValueError, match=r"r.yml: .*key 'm\w+' is given twice \(line 4\)"):
            recipes.read_recipe(path)


@pytest.mark.parametrize("spelt", ["m/a", "./m/a/", "m/../m/a", "{here}/m/a", "{here}/x/../m/a/"])
def test_an_expert_has_one_id_however_its_path_is_spelt(tmp_path, monkeypatch, spelt):
    monkeypatch.chdir(tmp_path)
    models = f"- {{model: {spelt.format(here=tmp_path)}, parameters: {{weight: 1, density: 1}}}}"
    assert [id_ for id_, _ in plain("dare_linear", models, base="m/base").experts] == ["m/a"]


SLICED = """\
merge_method: {}
base_model: org/base
slices:
- sources:
  - {{model: org/a, layer_range: [0, 2], parameters: {}}}
  - {{model: org/base, layer_range: [0, 2]}}
- sources:
  - {{model: org/a, layer_range: [2, 4]}}
  - {{model: org/base, layer_range: [2, 4]}}
parameters: {{normalize: 1.0}}
dtype: float32
tokenizer: {{source: base}}
chat_template: auto
"""
LISTED = """\
merge_method: ramplus_tl
base_model: org/base
models:
- model: org/a
- model: org/b
parameters: {epsilon: 1e-4, r: [0.2, 0.3], alpha: [{filter: mlp, value: 0.3}]}
"""
ODD = (None, -1, "x", [], {}, [[1]], {"value": {}}, {1: 2}, float("inf"))


def places(value, at=()):
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    for key, one in inside:
        yield (*at, key)
        yield from places(one, (*at, key))


@pytest.mark.parametrize(
    "text",
    [SLICED.format("ties", "{weight: 1, density: [0.5, 1]}"), LISTED],
    ids=["slices", "list"],
)
def test_whatever_is_wrong_in_a_file_is_told_with_a_line(tmp_path, text):
    path, refused = tmp_path / "r.yml", 0
    for number, place in enumerate(places(yaml.safe_load(text))):
        for odd in ODD[number % 3 :: 3]:  # each at every third place
            whole = inside = yaml.safe_load(text)
            for key in place[:-1]:
                inside = inside[key]
            inside[place[-1]] = odd
            path.write_text(yaml.safe_dump(whole, sort_keys=False))
            try:
                recipes.read_recipe(path)
            except ValueError as error:
                refused += 1
                if "missing" in str(error) and odd is None:
                    continue  # what is not there has no line
                assert str(error).startswith(f"{path}, line "), (place, odd, str(error))
    assert refused > 30


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        (LISTED.replace("0.3]", "x]"), "line 6: ramplus_tl: r is 'x'; expected a finite number"),
        (LISTED.replace("1e-4", "-1"), "line 6: ramplus_tl: epsilon is -1; expected a number from"),
        (
            "merge_method: passthrough\nmodels:\n- model: org/a\n  parameters:\n    scale: x\n",
            "line 5: passthrough: scale is 'x'; expected a finite number",
        ),
        ("merge_method: slerp\nbase_model: org/a\nmodels: [{model: org/b}]\n", "line 1: slerp: t"),
    ],
)
def test_parameters_are_called_in_errors_as_the_file_calls_them(tmp_path, text, parts):
    (tmp_path / "r.yml").write_text(text)
    with pytest.raises(ValueError) as error:
        recipes.read_recipe(tmp_path / "r.yml")
    assert parts in str(error.value), str(error.value)


@pytest.mark.parametrize("where", ["base_model", "models", "members"])
def test_a_path_that_no_system_has_is_named(where):
    odd = "m\0a"
    recipe = {
        "merge_method": "task_arithmetic",
        "base_model": odd if where == "base_model" else "base",
        "models": [{"model": "a" if where != "models" else odd, "parameters": {"weight": 1}}],
    }
    if where == "members":
        ids = [{"id": "base", "model": "base"}, {"id": "a", "model": odd}]
        recipe["babelmerge"] = {"method": "task_arithmetic", "members": ids}
    with pytest.raises(ValueError, match=r"model is 'm\\x00a'; expected (the|a word or a) path"):
        recipes.read_recipe(recipe)
