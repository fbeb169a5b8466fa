"""Recipes: valid mergekit configs, read back as they were made, with errors that name the key."""

import pytest
import yaml

from babelmerge import recipes

EXPERTS = {"experts/hi-en": "models/hi-en", "experts/bn-en": "models/bn-en"}
PRINTS = {"base": "b" * 64, "experts/hi-en": "h" * 64}
POINTS = [
    ("linear", {"weight": [1, 2]}),
    ("task_arithmetic", {"weight": 0.3, "lambda": 0.5}),
    ("ties", {"density": 0.4, "weight": 0.3, "scope": "tensor"}),
    ("ties", {"density": 0.4, "weight": {"hi-en": 1, "bn-en": 2}, "semantics": "mergekit"}),
    ("dare", {"density": 0.4, "weight": 0.3, "seed": 7, "dtype": "bfloat16"}),
    ("sce", {"select_topk": 0.3, "semantics": "mergekit"}),
]


def point_of(method, parameters):
    from babelmerge.merge_parameters import settings

    return settings(method, tuple(EXPERTS), parameters)


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_round_trip(tmp_path, method, point):
    made = recipes.make_recipe("models/base", EXPERTS, method, point, PRINTS)
    recipes.write_recipe(made, tmp_path / "recipe.yaml")
    read = recipes.read_recipe(tmp_path / "recipe.yaml")
    assert read == recipes.read_recipe(made)
    assert (read.method, read.base, dict(read.experts)) == (method, "models/base", EXPERTS)
    assert read.fingerprints == PRINTS
    assert point_of(method, read.parameters) == point_of(method, point)
    recipes.write_recipe(read.source, tmp_path / "again.yaml")
    assert (tmp_path / "again.yaml").read_text() == (tmp_path / "recipe.yaml").read_text()


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_mergekit_parses_it(method, point):
    config = pytest.importorskip("mergekit.config")
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    made = recipes.make_recipe("models/base", EXPERTS, method, point, PRINTS)
    parsed = config.MergeConfiguration.model_validate(yaml.safe_load(yaml.safe_dump(made)))
    spec = registry.get(parsed.merge_method).spec
    assert [str(model.model) for model in parsed.models] == list(EXPERTS.values())
    assert (parsed.base_model is None) is (method == "linear")
    # Every parameter that we write is one of that method's: mergekit would pass over others.
    known = {parameter.name for parameter in spec.parameters}
    assert set(parsed.parameters or {}) <= known
    assert all(set(model.parameters or {}) <= known for model in parsed.models)


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


def test_the_file_says_what_mergekit_would_do(tmp_path):
    for method, point, words in (
        ("ties", {"density": 0.5}, "would give another model"),
        ("ties", {"density": 0.5, "semantics": "mergekit"}, "gives the same model"),
        ("dare", {"density": 0.5, "semantics": "mergekit"}, "other random numbers"),
        ("task_arithmetic", {}, "gives the same model"),
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
        ({"models": [{"parameters": {}}]}, ["'models'", "'model'"]),
        ({"slices": []}, ["'slices'", "not built here"]),
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


def test_make_recipe_refuses_what_would_not_run():
    with pytest.raises(ValueError, match="did you mean density"):
        recipes.make_recipe("b", EXPERTS, "ties", {"densitty": 1})
    with pytest.raises(ValueError, match="'base'"):
        recipes.make_recipe("b", {"base": "x"}, "linear", {})
