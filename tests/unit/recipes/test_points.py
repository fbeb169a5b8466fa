"""One point's settings: defaults by semantics, what wrappers take, values by tensor, aliases."""

import re
import subprocess
import sys

import pytest
from places import SCRIPTS

from babelmerge.display import labels
from babelmerge.recipes import points
from babelmerge.recipes.coefficients import Conditional
from babelmerge.recipes.methods import COMMON, METHODS, PARAMETERS, from_mergekit, parameters
from babelmerge.recipes.points import aliases, settings
from babelmerge.study.grammar import methods as study_methods

IDS = ("experts/hi", "experts/bn")
# What has no default, for each method.
NEEDED = {"density": 0.4, "t": 0.25, "from": "hi", "top": 1}


def needed(method, then=None):
    then = then or METHODS[method].defaults.get("then")
    names = points.defaults(method, "original", then)
    return {name: value for name, value in NEEDED.items() if name in names}


def ids_of(method):
    """As many experts as the method takes."""
    return IDS[: min(2, METHODS[method].experts[1])]


def point(method, **values):
    return settings(method, ids_of(method), {**needed(method, values.get("then")), **values})


PAIRS = [
    (name, semantics) for name, rule in METHODS.items() for semantics in rule.semantics or [None]
]


def test_nothing_here_needs_torch():
    code = (
        "import sys\n"
        "from babelmerge import recipes, study\n"
        "from babelmerge.recipes import points, recipes\n"
        "from babelmerge.study.docs import write\n"
        "assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(SCRIPTS)})


def test_the_table_is_whole():
    assert len({rule.label for rule in METHODS.values()}) == len(METHODS)
    for name, rule in METHODS.items():
        assert re.fullmatch(r"[A-Z].+ \d{4}, (arXiv:\d{4}\.\d{5}|doi:\S+)", rule.source), name
        assert labels.method(name) == rule.label
        assert set(parameters(name)) <= set(PARAMETERS)
        assert set(rule.inner) <= set(METHODS)
        assert bool(rule.variants) is (len(rule.semantics) > 1)
        assert ("then" in rule.defaults) is bool(rule.inner)
        assert set(rule.scopes) <= set(rule.semantics)
        changed = [*rule.lacks, *rule.only, *(k for d in rule.by_semantics.values() for k in d)]
        assert set(changed) <= set(rule.defaults)
        own = [value for value in rule.defaults.values() if value is not points.REQUIRED]
        for parameter, value in rule.defaults.items():
            if value in own and value is not None:
                assert study_methods.PARAMETERS[parameter].allows(value), (name, parameter)
    assert set(COMMON) <= set(PARAMETERS)
    assert set(study_methods.METHODS) == set(points.DEFAULTS) == set(METHODS)


@pytest.mark.parametrize(("method", "semantics"), PAIRS)
def test_every_method_has_settings_under_each_of_its_semantics(method, semantics):
    made = point(method, semantics=semantics)
    assert made.method == method
    assert made.semantics == (semantics or "original")
    assert not made.conditional and made.at("model.layers.0.mlp.w", 2) is made
    assert isinstance(hash(made), int)
    told = points.checked(method, ids_of(method), {**needed(method), "semantics": semantics})
    assert settings(method, ids_of(method), told) == made  # what is written down gives the same


@pytest.mark.parametrize("method", [name for name, rule in METHODS.items() if rule.inner])
def test_wrappers_take_the_parameters_of_then(method):
    for then in METHODS[method].inner:
        made = point(method, then=then)
        alone = settings(then, IDS, {**needed(then), **METHODS[method].inner_defaults})
        assert made.inner == alone, then
        assert made.rule is METHODS[then]
    with pytest.raises(ValueError, match=rf"{method}: then is 'fisher'; "):
        settings(method, IDS, {"then": "fisher"})
    with pytest.raises(ValueError, match=r"no parameter 'densty'; did you mean density"):
        settings(method, IDS, {"then": "ties", "densty": 1})


def test_defaults_by_semantics():
    def told(method, semantics):
        made = point(method, semantics=semantics)
        return made.normalize, made.scope

    assert told("ties", "original") == (True, "model")
    assert told("ties", "mergebench") == (False, "model")
    assert told("ties", "mergekit") == (True, "tensor")
    assert told("dare_ties", "original") == (True, "tensor")
    assert told("dare_ties", "mergekit") == (False, "tensor")
    assert told("dare_ties", "fusebench") == (False, "model")
    assert told("breadcrumbs_ties", "mergekit") == (False, "tensor")
    assert point("dare_ties", semantics="fusebench").trim == (0.2, 0.2)
    assert point("dare_ties").trim == ()
    assert point("della").normalize and not point("della_linear").normalize


def test_mergekits_own_defaults():
    """Where semantics is mergekit and mergekit has a default, ours is the same."""
    registry = pytest.importorskip("mergekit.merge_methods.registry")
    for method, rule in METHODS.items():
        if rule.mergekit is None:
            continue
        ours = points.defaults(method, "mergekit")
        for theirs in registry.get(rule.mergekit).spec.parameters:
            name = from_mergekit(method, theirs.name)
            if name in ours and not theirs.required and name != "density":
                assert ours[name] == theirs.default, (method, name)


def test_the_shared_weight_is_in_the_factor():
    made = point("ties", weight=0.3, **{"lambda": 2})
    assert (made.weights, made.factor) == ((1, 1), 0.6)
    assert made.update_key == point("ties").update_key
    assert point("ties", weight=0.3, semantics="mergekit").weights == (0.3, 0.3)
    assert point("ties", weight=0.3, semantics="mergebench").factor == 0.3
    assert point("linear", weight=0.3).weights == (0.3, 0.3)
    assert point("fisher", weight=0.3).weights == (0.3, 0.3)
    assert point("layer_swap", then="linear", weight=0.3).weights == (0.3, 0.3)
    assert point("layer_swap", then="ties", weight=0.3).factor == 0.3
    assert point("task_arithmetic", weight=[1, -0.5]).weights == (1, -0.5)


def test_an_update_that_knows_its_scale_is_no_other_point_s():
    assert point("svc", weight=0.3).update_key != point("svc", weight=0.4).update_key
    assert point("svc", weight=0.3).update_key == point("svc", **{"lambda": 0.3}).update_key
    with pytest.raises(ValueError, match="svc: floor is 0; expected a number above 0"):
        point("svc", floor=0)


def test_values_by_tensor_become_plain():
    made = point(
        "ties",
        scope="tensor",
        density=[{"layers": [0.2, 0.8]}, 0.5],
        weight=[{"filter": "mlp", "value": 0.5}, {"value": 1}],
        normalize=[{"filter": "norm", "value": False}],
        **{"lambda": [1, 3]},
    )
    assert made.conditional
    assert isinstance(made.densities[0], Conditional)
    for name, expected in (
        ("model.layers.0.self_attn.w", {"density": [0.2, 0.5], "weight": 1, "lambda": 1}),
        ("model.layers.1.mlp.w", {"density": [0.5, 0.5], "weight": 0.5, "lambda": 2}),
        ("model.layers.2.mlp.w", {"density": [0.8, 0.5], "weight": 0.5, "lambda": 3}),
        ("model.norm.weight", {"density": [0.2, 0.5], "normalize": False}),
    ):
        assert made.at(name, 3) == point("ties", scope="tensor", **expected), name
    assert made.at("model.norm.weight", 3).at("x", 1) == made.at("model.norm.weight", 3)


def test_a_filter_that_fits_nothing_is_told():
    made = point("task_arithmetic", weight=[{"filter": "mpl", "value": 1}, {"value": 0}])
    assert made.unmatched(["model.layers.0.mlp.w", "lm_head.weight"]) == ("mpl",)
    assert point("task_arithmetic").unmatched(["x"]) == ()


def test_layer_swap_takes_blocks_and_merges_the_rest():
    def taken(**values):
        made = settings("layer_swap", IDS, {"from": "hi", **values})
        return [made.taken_from(f"model.layers.{k}.w", 6) == "experts/hi" for k in range(6)]

    assert taken(top=2) == [False] * 4 + [True] * 2
    assert taken(bottom=1, top=1) == [True, False, False, False, False, True]
    assert taken(blocks="2-3") == [False, False, True, True, False, False]
    assert taken(blocks=5) == [False] * 5 + [True]
    assert taken(bottom=3, top=3) == [True] * 6
    made = settings("layer_swap", IDS, {"from": "hi", "top": 2})
    for name in ("model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"):
        assert made.taken_from(name, 6) is None
    assert made.inner.taken_from("model.layers.5.w", 6) is None
    for values in ({"bottom": 4, "top": 3}, {"blocks": "4-6"}):
        with pytest.raises(ValueError, match="of a model of 6 blocks"):
            taken(**values)


ERRORS = [
    ("tias", {}, "no merging method 'tias'; did you mean ties"),
    ("ties", {}, "ties: density is missing; give the fraction to keep, as 0.2"),
    ("slerp", {}, "slerp: t is missing; give a place between the two"),
    ("layer_swap", {"top": 1}, "from is missing; give the id of the expert"),
    ("layer_swap", {"from": "hi"}, "no block is taken; give bottom, top or blocks"),
    ("layer_swap", {"from": "ta", "top": 1}, "from is 'ta'; the experts are"),
    ("layer_swap", {"from": "hi", "blocks": "8-3"}, "a block's number or a range such as 8-15"),
    ("ties", {"density": 0.5, "from": "hi"}, "no parameter 'from'"),
    ("ties", {"density": 0.5, "semantics": "mergkit"}, "original, mergebench or mergekit"),
    ("ties", {"density": 0.5, "semantics": "fusebench"}, "original, mergebench or mergekit"),
    ("nan", {"semantics": "mergekit"}, "nan: semantics is 'mergekit'; expected original"),
    ("ties", {"density": 0.5, "scope": "tensor", "semantics": "mergebench"}, "trims per model"),
    ("ties", {"density": 0.5, "scope": "row"}, "found scope: row; set scope: model or tensor"),
    ("breadcrumbs", {"density": 0.5, "scope": "row", "semantics": "mergekit"}, "trims per tensor"),
    (
        "dare_ties",
        {"density": 0.5, "scope": "model"},
        "has no scope; leave it out or use semantics",
    ),
    ("dare_ties", {"density": 0.5, "trim": 0.2}, "original's has no trim; leave it out or use"),
    ("sce", {"lambda": 2, "semantics": "mergekit"}, "mergekit's has no lambda"),
    ("ties", {"density": [0.5, 2]}, "density is 2; expected a number from 0 to 1"),
    ("ties", {"density": {"layers": [0, 1]}}, "give one number, or scope: tensor"),
    ("ties", {"density": [{"filter": "mlp", "value": 1}]}, "density has no value where no filter"),
    ("dare_ties", {"density": 1, "trim": [[0, 1], 1], "semantics": "fusebench"}, "trim differs"),
    ("della", {"density": 0.9}, "epsilon 0.15 gives keep probabilities from 0.75 to 1.05"),
    ("dare", {"density": 0.5, "seed": -1}, "seed is -1; expected a whole number from 0"),
    ("fisher", {"rows": 0}, "rows is 0; expected a whole number from 1"),
    ("consensus", {"agreement": 1.5}, "agreement is 1.5; expected a whole number from 1"),
    ("consensus", {"threshold": -1}, "threshold is -1; expected a number from 0"),
    ("linear", {"weight": "much"}, "weight is 'much'; expected a finite number"),
    ("linear", {"weight": float("nan")}, "weight is nan; expected a finite number"),
    ("linear", {"dtype": "int8"}, "dtype is 'int8'; expected float32, bfloat16 or float16"),
    ("linear", {"device": "gpu"}, "device is 'gpu'; expected cpu, cuda or cuda:N"),
    ("linear", {"backend": "mergkit"}, "backend is 'mergkit'; expected babelmerge or mergekit"),
    ("task_arithmetic", {"lambda": 1, "lambda_": 1}, "lambda and lambda_ are the same"),
    ("task_arithmetic", {"normalize": [{"value": 1}]}, "normalize is 1; expected true or false"),
    ("tsv", {"backend": "mergekit"}, "it has no such method; use backend: babelmerge"),
    ("ties", {"density": 1, "backend": "mergekit"}, "set semantics: mergekit, or use backend"),
]


@pytest.mark.parametrize(("method", "values", "part"), ERRORS)
def test_errors_give_fact_and_fix(method, values, part):
    with pytest.raises(ValueError) as error:
        settings(method, IDS, values)
    assert part in str(error.value), str(error.value)


@pytest.mark.parametrize(
    ("method", "ids", "part"),
    [("slerp", ("a",), "merges 2 experts, found 1"), ("model_stock", ("a",), "at least 2 experts")],
)
def test_too_few_experts(method, ids, part):
    with pytest.raises(ValueError, match=part):
        settings(method, ids, needed(method))
    with pytest.raises(ValueError, match=part):
        settings("layer_swap", ids, {"from": "a", "top": 1, "then": method, **needed(method)})


def test_what_mergekit_runs():
    for method, values in (
        ("linear", {}),
        ("task_arithmetic", {"weight": [1, 2]}),
        ("ties", {"semantics": "mergekit"}),
        ("dare", {"semantics": "mergekit"}),
    ):
        made = point(method, **values)
        assert points.mergekit_lacks(made) is None
        assert point(method, **values, backend="mergekit").backend == "mergekit"
    assert "semantics: mergekit" in points.mergekit_lacks(
        point("task_arithmetic", weight=[1, 2], normalize=True)
    )


GRIDS = [
    # method, common, grid, {index: the earlier point it repeats}
    ("fisher", {}, [{"weight": 1}, {"weight": 3}, {"weight": [1, 2]}], {1: 0}),
    ("della", {"density": 1}, [{"seed": 1}, {"seed": 2}, {"epsilon": 0.3}], {1: 0, 2: 0}),
    ("dare_ties", {"density": 0.5}, [{"seed": 1}, {"seed": 2}], {}),
    ("tsv", {}, [{"lambda": 0}, {"lambda": 0, "rank": 0.5}, {"lambda": 1}], {1: 0}),
    ("linear", {"normalize": False}, [{"weight": [1, -1]}, {"weight": [2, -2]}], {}),
    ("linear", {}, [{"device": "cpu"}, {}, {"dtype": "float16"}], {1: 0}),
    (
        "knots",
        {"density": 0.5},
        [{"weight": 1}, {"weight": 0.5, "lambda": 2}, {"then": "dare_ties"}],
        {1: 0},
    ),
    (
        "layer_swap",
        {"from": "hi", "then": "task_arithmetic"},
        [{"top": 1, "weight": 0}, {"top": 2, "weight": 0}, {"top": 1, "lambda": 0}],
        {2: 0},
    ),
    (
        "task_arithmetic",
        {},
        [{"weight": {"layers": [0, 1]}}, {"weight": {"layers": [0, 1]}}, {"weight": 1}],
        {1: 0},
    ),
    (
        "ties",
        {"density": 0.5, "semantics": "mergebench"},
        [{"weight": 1}, {"weight": 0.5, "lambda": 2}, {"normalize": True}],
        {1: 0},
    ),
]


@pytest.mark.parametrize(("method", "common", "grid", "expected"), GRIDS)
def test_aliases(method, common, grid, expected):
    assert aliases([{**common, **one} for one in grid], method, 2, IDS) == expected


def test_grids_of_values_by_tensor():
    conditions = [{"filter": "mlp", "value": 0.2}, {"value": 1}]
    gradient = {"layers": [0, 1]}
    for values, expected in (
        ([0.1, 0.2], [0.1, 0.2]),
        (gradient, [gradient]),
        ([gradient, 0.5], [gradient, 0.5]),
        (conditions, [conditions]),
        ([conditions, 0.5], [conditions, 0.5]),
        ({"hi": 1, "bn": 2}, [{"hi": 1, "bn": 2}]),
    ):
        grid = study_methods.points({"weight": values, "seed": 1})
        assert [one["weight"] for one in grid] == expected
        assert all(study_methods.PARAMETERS["weight"].allows(one["weight"]) for one in grid)
        assert all(point("dare", **one) for one in grid)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", [0.5, 1]),
        ("weight", "0.5"),
        ("weight", {"hi": "x"}),
        ("weight", {"layers": ["x"]}),
        ("weight", {}),
        ("density", 0),
        ("density", {"hi": 0.5, "bn": 0}),
        ("seed", {"layers": [1, 2]}),
        ("normalize", 1),
    ],
)
def test_what_a_grid_refuses(name, value):
    assert not study_methods.PARAMETERS[name].allows(value)
