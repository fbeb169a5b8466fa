"""Values by layer and tensor: mergekit's own functions as oracle, round trips, every error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from babelmerge.recipes import coefficients
from babelmerge.recipes.coefficients import Conditional
from babelmerge.recipes.points import settings

config = pytest.importorskip("mergekit.config")

NAMES = [
    "model.embed_tokens.weight",
    "model.layers.0.self_attn.q_proj.weight",
    "model.layers.0.mlp.up_proj.weight",
    "model.layers.3.self_attn.q_proj.weight",
    "model.layers.11.mlp.up_proj.weight",
    "model.norm.weight",
    "lm_head.weight",
]
NUMBERS = st.floats(-10, 10, allow_nan=False) | st.integers(-3, 3)
VALUES = NUMBERS | st.lists(NUMBERS, min_size=1, max_size=5)
PARTS = st.sampled_from([None, "*", "mlp", "self_attn", "layers.1", "layers.3.", "nowhere"])
CONDITIONS = st.lists(
    st.builds(lambda part, value: {"filter": part, "value": value}, PARTS, VALUES),
    min_size=1,
    max_size=4,
)


def number(where, value):
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"{where} is {value!r}")
    return float(value)


@given(VALUES | CONDITIONS, st.sampled_from(NAMES), st.sampled_from([12, 13, 40]))
def test_mergekit_resolves_the_same(setting, name, layers):
    model = config.OutputModuleDefinition.model_validate(
        {"models": [{"model": "m", "parameters": {"weight": setting}}]}
    )
    theirs = model.models[0].parameters["weight"]
    block = coefficients.block_of(name)
    t = 0 if block is None else block / (layers - 1)
    expected = config.evaluate_setting(name, theirs, t, validate=float)
    assert coefficients.resolve(setting, name, layers) == expected  # to the bit


def test_where_blocks_lie():
    assert [coefficients.block_of(name) for name in NAMES] == [None, 0, 0, 3, 11, None, None]
    assert [coefficients.position(name, 12) for name in NAMES] == [0, 0, 0, 3 / 11, 1, 0, 0]
    assert coefficients.position(NAMES[1], 1) == 1  # a model of one block: its end, as mergekit
    assert coefficients.block_of("transformer.h.7.attn.weight") == 7
    for tower in (
        "vision_tower.vision_model.encoder.layers",
        "model.visual.blocks",
        "audio_tower.h",
    ):
        assert coefficients.block_of(f"{tower}.7.mlp.weight") is None
    assert coefficients.block_of("model.layers.7.mlp.vision_mlp.up.weight") == 7
    with pytest.raises(ValueError, match="block 11 of a model of 4 blocks"):
        coefficients.position(NAMES[4], 4)


def test_a_gradient_is_a_polyline():
    values = [coefficients.resolve({"layers": [0, 1, 0.5]}, f"m.layers.{k}.w", 5) for k in range(5)]
    assert values == [0, 0.5, 1, 0.75, 0.5]
    assert coefficients.resolve({"layers": [0.25, 1]}, "model.norm.weight", 5) == 0.25
    switches = [coefficients.resolve([True, False], f"m.layers.{k}.w", 3) for k in range(3)]
    assert switches == [True, True, False]


def test_the_first_filter_that_fits_counts():
    value = [
        {"filter": "layers.3.", "value": 1},
        {"filter": "mlp", "value": [0, 1]},
        {"value": 0.5},
    ]
    found = [coefficients.resolve(value, name, 12) for name in NAMES]
    assert found == [0.5, 0.5, 0, 1, 1, 0.5, 0.5]
    assert coefficients.resolve(value[:2], "lm_head.weight", 12) is None


def test_parse_gives_plain_numbers_where_it_can():
    for value in (0.5, [0.5], {"layers": [0.5]}, {"value": 0.5}, [{"filter": "*", "value": 0.5}]):
        assert coefficients.parse("w", value, number) == 0.5
    assert isinstance(coefficients.parse("w", [0, 1], number), Conditional)
    one = [{"filter": "mlp", "value": 1}]
    assert coefficients.parse("w", one, number, 0.0).at("lm_head.weight", 2) == 0.0
    # What stands behind a condition for all is never reached.
    cut = coefficients.parse("w", [{"value": 1}, {"filter": "mlp", "value": 2}], number)
    assert cut == 1
    assert coefficients.parse("w", coefficients.parse("w", [0, 1], number), number).at("x", 2) == 0


@given(VALUES | CONDITIONS)
def test_as_written_in_a_recipe_and_back(setting):
    parsed = coefficients.parse("w", setting, number, 0.0)
    written = coefficients.to_recipe(parsed)
    again = coefficients.parse("w", coefficients.from_recipe(written), number, 0.0)
    assert again == parsed
    assert isinstance(hash(again), int)


@given(VALUES | CONDITIONS, VALUES | CONDITIONS, st.sampled_from(NAMES))
def test_a_model_that_says_nothing_follows_what_is_shared(first, then, name):
    """mergekit looks under the model, then under parameters."""
    expected = coefficients.resolve(first, name, 12)
    if expected is None:
        expected = coefficients.resolve(then, name, 12)
    written = [coefficients.from_recipe(value) for value in (first, then)]
    assert coefficients.resolve(coefficients.chain(*written), name, 12) == expected


def test_filters_are_told():
    value = [{"filter": "mlp", "value": 1}, {"filter": "*", "value": 2}]
    assert coefficients.parse("w", value, number).filters == ("mlp",)


@pytest.mark.parametrize(
    ("value", "part"),
    [
        ([], "w is an empty list"),
        ({"layers": []}, "w is an empty list"),
        (["x"], "w is 'x'"),
        ([0.5, True], "w is True"),
        ([{"filter": "mlp", "value": "x"}, {"value": 1}], "w, filter mlp is 'x'"),
        ([{"filtre": "mlp", "value": 1}], "'filtre'; expected filter and value"),
        ([{"filter": 3, "value": 1}], "filter 3; expected part of a tensor's name"),
        ([{"filter": "mlp", "value": 1}], "no value where no filter fits; end its list with"),
        ({"layer": [0, 1]}, "w is {'layer': [0, 1]}"),
    ],
)
def test_errors_say_what_was_found(value, part):
    with pytest.raises(ValueError) as error:
        coefficients.parse("w", value, number)
    assert part in str(error.value), str(error.value)


def test_values_per_expert():
    ids = ("experts/hi", "experts/bn")
    gradient = {"layers": [0, 1]}
    for value, expected in (
        (1, [1, 1]),
        ([1, 2], [1, 2]),
        ([gradient, 2], [gradient, 2]),
        ({"bn": 2, "hi": 1}, [1, 2]),
        (gradient, [gradient] * 2),
        ([{"value": 3}], [[{"value": 3}]] * 2),
    ):
        assert coefficients.per_expert("w", value, ids) == expected
    assert (
        coefficients.id_of("from", "bn", ids) == coefficients.id_of("from", ids[1], ids) == ids[1]
    )
    with pytest.raises(ValueError, match=r"w has 3 values for 2 experts: \['experts/hi'"):
        coefficients.per_expert("w", [1, 2, 3], ids)
    with pytest.raises(ValueError, match=r"w is given for \['bn', 'ta'\]; the experts are"):
        coefficients.per_expert("w", {"bn": 1, "ta": 2}, ids)
    with pytest.raises(ValueError, match="from is 'ta'; the experts are"):
        coefficients.id_of("from", "ta", ids)


@pytest.mark.parametrize("value", [b"hello", bytearray(b"ab"), 1e39, -1e308, 10**40])
def test_what_no_weight_is_made_of_is_refused(value):
    with pytest.raises(ValueError, match=r"weight is .*; expected a finite number"):
        settings("linear", ("a", "b"), {"weight": {"a": value, "b": 1}})
    with pytest.raises(ValueError, match=r"weight"):
        settings("linear", ("a", "b"), {"weight": value})
