"""Coefficients that a search moves: points that settings and recipes take, tensor by tensor."""

import pytest

from babelmerge.recipes import points, recipes, spaces
from babelmerge.recipes.methods import METHODS
from babelmerge.recipes.reading import read_recipe

IDS = ("experts/a", "experts/b")
LLAMA = {
    "model.embed_tokens.weight": (8, 4),
    **{
        f"model.layers.{n}.{name}.weight": shape
        for n in range(3)
        for name, shape in {
            "self_attn.q_proj": (4, 4),
            "self_attn.o_proj": (4, 4),
            "mlp.up_proj": (8, 4),
            "post_attention_layernorm": (4,),
        }.items()
    },
    "model.norm.weight": (4,),
}
WEIGHTED = [name for name, rule in METHODS.items() if "weight" in rule.defaults]
GIVEN = {"density": 0.4, "t": 0.5}


def start(method, **more):
    return {k: v for k, v in GIVEN.items() if k in METHODS[method].defaults} | more


@pytest.mark.parametrize(
    ("by", "parts"),
    [
        ("expert", ("",)),
        ("layer-band", ("0", "1")),
        ("module", (".self_attn.", ".mlp.", "")),
    ],
)
def test_a_space_has_a_weight_for_each_expert_and_part(by, parts):
    space = spaces.space(IDS, by, 2, LLAMA)
    assert space.parts == parts and space.size == 2 * len(parts)
    assert space.start("ties", start("ties", weight={"a": 0.3, "b": -1})) == [
        weight for weight in (0.3, -1) for _ in parts
    ]


def test_there_are_no_more_bands_than_blocks():
    assert len(spaces.space(IDS, "layer-band", 64, LLAMA).parts) == 3
    assert len(spaces.space(IDS, "layer-band", 4, {}).parts) == 4


def test_modules_are_what_holds_matrices_in_a_block_whatever_it_is_called():
    gpt = {"h.0.attn.c_attn.weight": (4, 12), "h.0.mlp.c_fc.weight": (4, 16), "h.0.ln_1.bias": (4,)}
    assert spaces.space(IDS, "module", 0, gpt).parts == (".attn.", ".mlp.", "")
    opt = {"model.decoder.layers.0.fc1.weight": (4, 4), "model.decoder.layers.0.fc2.weight": (4, 4)}
    assert spaces.space(IDS, "module", 0, opt).parts == (".fc1.", ".fc2.", "")
    block, inside = "encoder.block.1.layer", ("0.SelfAttention.q", "1.DenseReluDense.wi")
    t5 = {f"{block}.{name}.weight": (4, 4) for name in inside}
    expected = (".SelfAttention.", ".DenseReluDense.", "")
    assert spaces.space(IDS, "module", 0, t5).parts == expected


def test_every_tensor_has_the_weight_of_its_part():
    space = spaces.space(IDS, "module", 0, LLAMA)
    point = points.settings("ties", IDS, space.point(start("ties"), range(6)))
    found = {name: point.at(name, 3).weights for name in LLAMA}
    assert found["model.layers.1.self_attn.q_proj.weight"] == (0, 3)
    assert found["model.layers.2.mlp.up_proj.weight"] == (1, 4)
    assert found["model.layers.0.post_attention_layernorm.weight"] == (2, 5)
    assert found["model.embed_tokens.weight"] == (2, 5)
    banded = spaces.space(IDS, "layer-band", 3, LLAMA).point(start("ties"), range(6))
    point = points.settings("ties", IDS, banded)
    assert [point.at(f"model.layers.{n}.x", 3).weights for n in range(3)] == [
        (0, 3),
        (1, 4),
        (2, 5),
    ]


@pytest.mark.parametrize("method", WEIGHTED)
@pytest.mark.parametrize("by", ["expert", "layer-band", "module"])
def test_a_recipe_says_what_was_tried(method, by, tmp_path):
    space = spaces.space(IDS, by, 2, LLAMA)
    assert spaces.lacks(method, start(method)) is None
    values = [0.1 + number / 7 for number in range(space.size)]
    point = space.point(start(method), values)
    experts = {name: f"models/{name}" for name in IDS}
    recipes.write_recipe(recipes.make_recipe("base", experts, method, point), tmp_path / "r.yaml")
    back = read_recipe(tmp_path / "r.yaml")
    asked = points.settings(method, IDS, point)
    assert points.settings(back.method, IDS, back.parameters) == asked
    first = asked.at("model.layers.0.self_attn.q_proj.weight", 3)
    assert asked.method == first.method and abs(first.weights[0] - 0.1) < 1e-12


@pytest.mark.parametrize(
    ("method", "point", "found"),
    [
        ("sce", {}, "no weight of each expert"),
        ("core_space", {"then": "tsv"}, "no weight of each expert"),
        ("ties", {"weight": {"layers": [0, 1]}}, "a start with weight"),
        ("ties", {"weight": {"a": 1, "b": {"layers": [0, 1]}}}, "a start with weight"),
        ("linear", {"backend": "mergekit"}, "in memory"),
    ],
)
def test_where_no_search_can_start_it_is_said_why(method, point, found):
    assert found in spaces.lacks(method, point)[0]


def test_what_a_method_works_on_may_have_the_weights():
    assert spaces.lacks("core_space", {}) is None
    assert spaces.lacks("layer_swap", {"from": "a", "top": 1}) is None
