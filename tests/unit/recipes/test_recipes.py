"""Recipes: valid mergekit configs, read back as they were made, with errors that name the key."""

from pathlib import Path

import numpy as np
import pytest
import yaml

from babelmerge.recipes import recipes
from babelmerge.recipes.methods import METHODS

EXPERTS = {"experts/hi-en": "models/hi-en", "experts/bn-en": "models/bn-en"}
PRINTS = {"base": "b" * 64, "experts/hi-en": "h" * 64}
GRADIENT = {"layers": [0.2, 0.8]}
CONDITIONS = [{"filter": "mlp", "value": [0.1, 0.9]}, {"value": 0.5}]
POINTS = [
    ("linear", {"weight": [1, 2]}),
    ("slerp", {"t": [0.2, 0.8]}),
    ("nuslerp", {"weight": [1, 2]}),
    ("nuslerp", {"weight": [GRADIENT, 2], "nuslerp_flatten": False, "origin": "base"}),
    ("multislerp", {"weight": CONDITIONS, "eps": 1e-6}),
    ("multislerp", {"normalize_weights": False, "origin": "base", "semantics": "mergekit"}),
    ("karcher", {"max_iter": 20, "tol": 1e-6}),
    ("task_arithmetic", {"weight": 0.3, "lambda": 0.5}),
    ("task_arithmetic", {"weight": {"hi-en": GRADIENT, "bn-en": -0.1}, "lambda": CONDITIONS}),
    ("ties", {"density": 0.4, "weight": 0.3, "scope": "tensor"}),
    ("ties", {"density": 0.4, "weight": {"hi-en": 1, "bn-en": 2}, "semantics": "mergekit"}),
    ("ties", {"density": [CONDITIONS, 0.2], "weight": CONDITIONS, "scope": "tensor"}),
    ("ties", {"density": 0.4, "semantics": "mergebench"}),
    ("dare", {"density": 0.4, "weight": 0.3, "seed": 7, "dtype": "bfloat16"}),
    ("dare_ties", {"density": 0.4, "semantics": "fusebench", "trim": [0.2, 0.3]}),
    ("dare_ties", {"density": GRADIENT, "semantics": "mergekit", "backend": "mergekit"}),
    ("sce", {"select_topk": 0.3, "semantics": "mergekit"}),
    ("sce", {"select_topk": GRADIENT, "lambda": GRADIENT}),
    ("breadcrumbs", {"density": 0.5, "gamma": [0.1, GRADIENT], "scope": "row"}),
    ("breadcrumbs_ties", {"density": 0.5, "rescale": True}),
    ("della", {"density": 0.5, "epsilon": [0.1, 0.2], "seed": 3}),
    ("della_linear", {"density": 0.5, "normalize": [{"filter": "mlp", "value": True}]}),
    ("model_stock", {"filter_wise": True, "device": "cpu"}),
    ("ram", {"least": CONDITIONS}),
    ("ramplus_tl", {"least": 1e-4, "gain": 0.2, "cap": GRADIENT, "semantics": "mergekit"}),
    ("nearswap", {"t": [0.1, 0.2]}),
    ("arcee_fusion", {"lambda": 0.5}),
]
OURS = [
    ("fisher", {"weight": [1, 2], "floor": 1e-8, "rows": 10}),
    ("regmean", {"alpha": GRADIENT}),
    ("tsv", {"rank": 0.5, "lambda": 2}),
    ("iso_c", {}),
    ("subspace_boosting", {"then": "ties", "density": 0.2, "beta": 0.1, "semantics": "mergekit"}),
    ("nan", {"dtype": "float16"}),
    ("consensus", {"threshold": [0.3, GRADIENT], "agreement": 1, "then": "ties", "density": 1}),
    ("layer_swap", {"from": "bn-en", "top": 2, "blocks": "1-3", "then": "slerp", "t": 0.5}),
    ("iso_cts", {"common": 0.5}),
    ("wudi", {"steps": 10, "learning_rate": GRADIENT}),
    ("swudi", {"time": 10, "rank": 0.85, "start": "mean"}),
    ("swudi_a", {"rank_rule": "gavish_donoho", "start": "mean"}),
    ("ace", {"ridge": 1e-4, "rank": CONDITIONS}),
    ("svc", {"then": "ties", "density": 0.2, "floor": 0.5, "lambda": 0.4}),
    ("magmax", {"lambda": 0.4}),
    ("localize_and_stitch", {"density": [0.1, 0.2], "scope": "tensor"}),
    ("knots", {"then": "dare_ties", "density": [0.5, 0.6], "seed": 3}),
    ("core_space", {"then": "tsv", "rank": 0.5}),
    ("ctm", {"then": "ties", "density": 0.5, "subspace_rank": 8}),
    ("ctm", {"subspace_beta": 0.25}),
    ("ctm", {}),
]


def experts_of(method):
    """As many experts as the method takes."""
    return dict(list(EXPERTS.items())[: min(2, METHODS[method].experts[1])])


def prints(method):
    return {id_: PRINTS[id_] for id_ in ("base", *experts_of(method)) if id_ in PRINTS}


def point_of(method, parameters):
    from babelmerge.recipes.points import settings

    return settings(method, tuple(experts_of(method)), parameters)


@pytest.mark.parametrize(("method", "point"), POINTS + OURS)
def test_round_trip(tmp_path, method, point):
    made = recipes.make_recipe("models/base", experts_of(method), method, point, prints(method))
    recipes.write_recipe(made, tmp_path / "recipe.yaml")
    read = recipes.read_recipe(tmp_path / "recipe.yaml")
    assert read == recipes.read_recipe(made)
    assert (read.method, read.base, dict(read.experts)) == (
        method,
        "models/base",
        experts_of(method),
    )
    assert read.fingerprints == prints(method)
    assert point_of(method, read.parameters) == point_of(method, point)
    recipes.write_recipe(read.source, tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_text() == (tmp_path / "recipe.yaml").read_text()


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_mergekit_parses_it(method, point):
    config = pytest.importorskip("mergekit.config")
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    made = recipes.make_recipe("models/base", experts_of(method), method, point, prints(method))
    parsed = config.MergeConfiguration.model_validate(yaml.safe_load(yaml.safe_dump(made)))
    spec = registry.get(parsed.merge_method).spec
    assert [str(model.model) for model in parsed.models] == list(experts_of(method).values())
    theirs = {"linear": "None", "slerp": "models/hi-en", "karcher": "None"}
    if method in ("nuslerp", "multislerp") and point.get("origin") != "base":
        theirs[method] = "None"
    assert str(parsed.base_model) == theirs.get(method, "models/base")
    # Every parameter that we write is one of that method's: mergekit would pass over others.
    known = {parameter.name for parameter in spec.parameters}
    assert set(parsed.parameters or {}) <= known
    assert all(set(model.parameters or {}) <= known for model in parsed.models)


def test_the_file_says_what_mergekit_would_do(tmp_path):
    for method, point, words in (
        ("ties", {"density": 0.5}, "would give another model"),
        ("ties", {"density": 0.5, "semantics": "mergekit"}, "up to rounding and ties"),
        ("sce", {"select_topk": 0.5, "semantics": "mergekit"}, "up to rounding and ties"),
        ("dare", {"density": 0.5, "semantics": "mergekit"}, "other random numbers"),
        ("task_arithmetic", {}, "gives the same model up to rounding.\n"),
    ):
        made = recipes.make_recipe("b", EXPERTS, method, point)
        recipes.write_recipe(made, tmp_path / "r.yaml")
        assert words in (tmp_path / "r.yaml").read_text().split("merge_method")[0]


@pytest.mark.parametrize(
    ("change", "parts"),
    [
        ({"merge_methd": "ties"}, ["'merge_methd'", "did you mean merge_method"]),
        ({"merge_method": None}, ["'merge_method' is missing"]),
        ({"merge_method": "tie", "babelmerge": None}, ["'tie'", "did you mean ties"]),
        ({"merge_method": "linear"}, ["'linear'", "'ties'", "mend one"]),
        ({"models": None}, ["'models' is missing"]),
        ({"models": [{"parameters": {}}]}, ["'models'", "'model'", "as - model: DIR"]),
        ({"models": [{"model": "a", "density": 1}]}, ["'density'", "write it under 'parameters'"]),
        ({"models": [{"model": "a", "paramters": 1}]}, ["'paramters'", "mean 'parameters'"]),
        ({"merge_method": "TIES", "babelmerge": None}, ["'TIES'", "did you mean ties"]),
        ({"merge_method": "dare", "babelmerge": None}, ["'dare'", "did you mean dare_linear"]),
        ({"merge_method": "magmax", "babelmerge": None}, ["did you mean babelmerge:magmax"]),
        ({"slices": []}, ["line 27", "slices and models"]),
        ({"modules": {}}, ["modules is {}", "expected default alone"]),
        ({"models": [{"model": "x"}]}, ["list different experts"]),
        ({"base_model": "other"}, ["different bases"]),
        ({"parameters": {"normalise": True}}, ["'normalise'", "did you mean normalize"]),
    ],
)
def test_errors_name_file_and_key(tmp_path, change, parts):
    made = recipes.make_recipe("models/base", EXPERTS, "ties", {"density": 0.5})
    (tmp_path / "r.yaml").write_text(yaml.safe_dump({**made, **change}))
    with pytest.raises(ValueError) as error:
        recipes.read_recipe(tmp_path / "r.yaml")
    assert all(part in str(error.value) for part in ["r.yaml", *parts]), str(error.value)


@pytest.mark.parametrize(("method", "point"), OURS)
def test_mergekit_refuses_what_it_lacks(tmp_path, method, point):
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    made = recipes.make_recipe("models/base", experts_of(method), method, point)
    with pytest.raises(RuntimeError, match=f"babelmerge:{method}"):
        registry.get(made["merge_method"])
    recipes.write_recipe(made, tmp_path / "r.yaml")
    assert "refuses the file" in (tmp_path / "r.yaml").read_text().split("merge_method")[0]


def test_every_method_is_written_here():
    from babelmerge.recipes.methods import METHODS

    assert {method for method, _ in POINTS + OURS} == set(METHODS)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            {"parameters": {"weight": [0.5, 0.3], "density": 0.5}},
            "weight: [0.5, 0.3] is a gradient",
        ),
        ({"parameters": {"density": [0.5, 0.3]}}, "density: [0.5, 0.3] is a gradient"),
        ({"parameters": {"weight": [0.5, 0.3, 1], "density": 0.5}}, ""),  # no model has it alone
        ({"parameters": {"lambda": [0.5, 1], "density": 0.5}}, ""),  # it is not an expert's
        ({"parameters": {"weight": [{"value": 1}, {"value": 2}], "density": 0.5}}, ""),
        ({"parameters": {"weight": [0.5, 0.3], "density": 0.5}, "babelmerge": {}}, ""),
    ],
)
def test_weights_of_models_in_a_list_for_all_are_told(change, told):
    """mergekit takes them for a gradient over the layers, and so do we."""
    weight = {"weight": 1} if "weight" not in change["parameters"] else {}
    models = [{"model": one, "parameters": weight} for one in ("a", "b")]
    plain = {"merge_method": "ties", "base_model": "base", "models": models}
    found = recipes.doubtful(recipes.read_recipe({**plain, **change}))
    assert [one.startswith(told) for one in found] == [True] * bool(told)


def test_what_else_a_recipe_carries(tmp_path):
    made = recipes.make_recipe(
        "models/base",
        EXPERTS,
        "fisher",
        {},
        output="adapter",
        rank=16,
        statistics={"experts/hi-en": tmp_path / "hi.safetensors"},
    )
    recipes.write_recipe(made, tmp_path / "r.yaml")
    read = recipes.read_recipe(tmp_path / "r.yaml")
    assert (read.align, read.output, read.rank) == (False, "adapter", 16)
    assert read.statistics == {"experts/hi-en": str(tmp_path / "hi.safetensors")}
    plain = recipes.read_recipe(recipes.make_recipe("b", EXPERTS, "linear", {}))
    assert (plain.align, plain.output, plain.rank, plain.statistics) == (False, "model", None, {})
    aligned = recipes.make_recipe("b", EXPERTS, "linear", {}, align=True)
    recipes.write_recipe(aligned, tmp_path / "r.yaml")
    assert "passes over align" in (tmp_path / "r.yaml").read_text()
    assert recipes.read_recipe(aligned).align is True
    to = recipes.read_recipe(recipes.make_recipe("b", EXPERTS, "linear", {}, align="bn-en"))
    assert to.align == "experts/bn-en" and "those of experts/bn-en" in recipes.model_card(to)
    with pytest.raises(ValueError, match="align: fisher reads fisher statistics"):
        recipes.make_recipe("b", EXPERTS, "fisher", {}, align=True)


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"align": "yes"}, "align is 'yes'; the experts are"),
        ({"align": 1}, "align is 1; expected true, false or an expert's id"),
        ({"output": "lora"}, "output is 'lora'; expected model or adapter"),
        ({"rank": 8}, "set output: adapter"),
        ({"output": "adapter", "rank": 0}, "rank is 0; expected a whole number from 1"),
        ({"sede": 1}, "babelmerge: unknown key 'sede'; did you mean seed"),
        ({"density": 0.5}, "density belongs under 'parameters'"),
        ({"method": "tias"}, "merge_method is 'dare_ties', babelmerge: method is 'tias'"),
        ({"backend": "mergekit", "align": True}, "backend mergekit has no align"),
        ({"backend": "mergekit", "semantics": "original"}, "semantics is original"),
        ({"members": [{"id": "base"}]}, "expected keys id, model"),
    ],
)
def test_our_own_keys_are_checked(change, part):
    made = recipes.make_recipe("b", EXPERTS, "dare_ties", {"density": 0.5, "semantics": "mergekit"})
    with pytest.raises(ValueError) as error:
        recipes.read_recipe({**made, "babelmerge": {**made["babelmerge"], **change}})
    assert part in str(error.value), str(error.value)


def test_paths_that_mergekit_would_take_apart():
    """merges/two-a+b/ties is a directory of ours; mergekit reads + as model + adapter."""
    config = pytest.importorskip("mergekit.config")
    experts = {"a": "merges/two-a+b/ties", "b": "models/b@2"}
    made = recipes.make_recipe("base+x", experts, "task_arithmetic", {})
    parsed = config.MergeConfiguration.model_validate(yaml.safe_load(yaml.safe_dump(made)))
    assert [model.model.model.path for model in parsed.models] == list(experts.values())
    assert all(model.model.lora is None for model in [*parsed.models])
    assert parsed.base_model.model.path == "base+x"
    read = recipes.read_recipe(made)
    assert (read.base, dict(read.experts)) == ("base+x", experts)


@pytest.mark.parametrize(
    ("changed", "part"),
    [
        ({"merge_method": ["ties"]}, r"merge_method is \['ties'\]; expected the name of one"),
        ({"babelmerge": {"method": 3}}, "babelmerge: method is 3; expected the name of one"),
        ({"babelmerge": {"members": 3}}, "members is 3; expected a list, the base first"),
        ({"models": 3}, "'models' is .*; expected a list of mappings"),
        ({"models": {"a": 1}}, "'models' is .*; expected a list of mappings"),
        ({"models": [{"model": "a", "parameters": [1]}]}, r"of a are \[1\]; expected a mapping"),
        ({"models": [{"model": "a", 3: 4}]}, "unknown key '3'"),
        ({"parameters": 3}, "'parameters' is 3; expected a mapping"),
        ({"base_model": 3}, "model is 3; expected the path of a directory"),
    ],
)
def test_values_of_wrong_types_are_refused_by_key(changed, part):
    plain = {"merge_method": "ties", "base_model": "b", "models": [{"model": "a"}]}
    with pytest.raises(ValueError, match=part):
        recipes.read_recipe(plain | changed)


def test_chained_merges_are_refused_by_name(tmp_path):
    path = tmp_path / "r.yaml"
    path.write_text("name: a\nmerge_method: ties\n---\nmerge_method: linear\n")
    with pytest.raises(
        ValueError, match=r"r.yaml, line 4: .*of 2; .*write a recipe for each merge"
    ):
        recipes.read_recipe(path)
    path.write_text("merge_method: ties\nmerges:\n- name: a\n")
    with pytest.raises(ValueError, match=r"r.yaml, line 2: key 'merges' is not of one merge"):
        recipes.read_recipe(path)
    for text, part in (("[1]", "expected a mapping"), ("a: [", "not valid YAML"), ("", "mapping")):
        path.write_text(text)
        with pytest.raises(ValueError, match=part):
            recipes.read_recipe(path)
    with pytest.raises(ValueError, match="no such recipe"):
        recipes.read_recipe(tmp_path / "nowhere.yaml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: &a [1]\nb: &b [*a, *a]\nc: &c [*b, *b]\nd: [*d]", "names nothing"),
        ("x: " + "[" * 100, "50 levels"),
        ("[1]: 2", "not valid YAML"),
        ("dtype: !!bool x", "can't be read"),
    ],
)
def test_a_recipe_that_yaml_cannot_hold_is_named(tmp_path, text, told):
    (tmp_path / "recipe.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match=f"recipe.yaml: .*{told}"):
        recipes.read_recipe(tmp_path / "recipe.yaml")
    with pytest.raises(ValueError, match="found a folder"):
        recipes.read_recipe(tmp_path)


def test_stamped_recipes_say_from_what_they_were_merged():
    models = [{"model": "org/a", "parameters": {"weight": [0, 1]}}]
    given = {"merge_method": "task_arithmetic", "base_model": "org/base", "dtype": "bfloat16"}
    read = recipes.read_recipe({**given, "models": models})
    prints = {"base": "b" * 64, "org/a": "a" * 64}
    again = recipes.read_recipe(recipes.stamped(read, prints))
    assert again.fingerprints == prints
    assert (again.base, again.experts) == (read.base, read.experts)
    assert again.parameters == read.parameters
    made = recipes.read_recipe(recipes.make_recipe("b", EXPERTS, "ties", {"density": 0.5}))
    assert recipes.read_recipe(recipes.stamped(made, PRINTS)).fingerprints == PRINTS


def test_the_card_lists_members_with_fingerprints():
    point = {"density": {"layers": [0.5, 1]}, "scope": "tensor"}
    made = recipes.make_recipe("models/base", EXPERTS, "ties", point, PRINTS, align=True)
    card = recipes.model_card(recipes.read_recipe(made), {"experts/bn-en": "n" * 64})
    for id_, path, letter in (("base", "models/base", "b"), ("experts/bn-en", "models/bn-en", "n")):
        assert f"| {id_} | `{path}` | {letter * 64} |" in card
    assert (
        "elect a sign" in card
        and "matched to those of the base" in card
        and "- scope: tensor" in card
    )


def test_make_recipe_refuses_what_would_not_run():
    with pytest.raises(ValueError, match="did you mean density"):
        recipes.make_recipe("b", EXPERTS, "ties", {"densitty": 1})
    with pytest.raises(ValueError, match="'base'"):
        recipes.make_recipe("b", {"base": "x"}, "linear", {})


def test_numbers_and_paths_of_python_are_what_a_file_has_them_as(tmp_path):
    written = recipes.make_recipe(
        "m/base", {"a": "m/a", "b": "m/b"}, "linear", {"weight": [0.5, 1]}
    )
    given = {**written, "models": [dict(one) for one in written["models"]]}
    kinds = (np.float32(0.5), np.array(1), Path("m/a"))
    given["models"][0] = {"model": kinds[2], "parameters": {"weight": kinds[0]}}
    given["models"][1]["parameters"] = {"weight": kinds[1]}
    parsed = recipes.read_recipe(given)
    assert parsed.parameters == recipes.read_recipe(written).parameters
    recipes.write_recipe(parsed.source, tmp_path / "recipe.yaml")
    assert recipes.read_recipe(tmp_path / "recipe.yaml").parameters == parsed.parameters
    assert [type(one["parameters"]["weight"]) for one in parsed.source["models"]] == [float, int]
    loop = {}
    loop["a"] = loop
    with pytest.raises(ValueError, match="recipe: more than 50 levels"):
        recipes.read_recipe({**written, "x-a": loop})
