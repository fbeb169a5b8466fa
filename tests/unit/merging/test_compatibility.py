"""Members that do not fit are refused and named before any work."""

import json
import shutil

import pytest
import tiny_models
import torch
from safetensors.torch import save_file
from tiny_models import load

from babelmerge import merging
from babelmerge.merging.files import check_files
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

torch.set_num_threads(1)


def spoil(family, tmp_path, change):
    """A copy of the family whose second expert was changed."""
    base, experts = family
    folder = tmp_path / "spoilt"
    shutil.copytree(experts["experts/bn-en"], folder)
    change(folder)
    return base, {**experts, "experts/bn-en": folder}


def check(family, tmp_path, parts, fingerprints=None):
    base, experts = family
    recipe = recipes.make_recipe(base, experts, "ties", {"density": 0.5}, fingerprints)
    with pytest.raises(ValueError) as error:
        merging.merge_files(recipe, tmp_path / "out")
    assert all(part in str(error.value) for part in parts), str(error.value)
    assert not (tmp_path / "out").exists()


def test_another_vocabulary_size_is_named_with_both_numbers(family, tmp_path):
    base, experts = family
    other = tiny_models.save(tiny_models.model(3, vocabulary=70), tmp_path / "other")
    members = base, {**experts, "experts/te-en": other}
    check(members, tmp_path, ["base has 64 embedding rows", "experts/te-en has 70"])


def test_another_tokenizer_is_noticed_at_equal_shapes(family, tmp_path):
    larger = spoil(
        family, tmp_path, lambda folder: tiny_models.tokenizer(66).save_pretrained(folder)
    )
    check(larger, tmp_path, ["base has 64 tokens", "experts/bn-en has 66"])

    def swap(folder):
        text = (folder / "tokenizer.json").read_text()
        content = json.loads(text)
        tokens = content["model"]["vocab"]
        tokens["w1"], tokens["w2"] = tokens["w2"], tokens["w1"]
        (folder / "tokenizer.json").write_text(json.dumps(content))

    shutil.rmtree(tmp_path / "spoilt")
    check(spoil(family, tmp_path, swap), tmp_path, ["'w1' at 1", "experts/bn-en at 2", "2 of 64"])


@pytest.mark.parametrize(("key", "kind"), [("normalizer", "NFC"), ("pre_tokenizer", "Whitespace")])
def test_the_same_tokens_cut_otherwise_are_told(family, tmp_path, caplog, key, kind):
    base, experts = family

    def cut_otherwise(folder):
        content = json.loads((folder / "tokenizer.json").read_text())
        (folder / "tokenizer.json").write_text(json.dumps({**content, key: {"type": kind}}))

    recipe = recipes.make_recipe(*spoil(family, tmp_path, cut_otherwise), "linear", {})
    check_files(recipe, tmp_path / "out")
    (told,) = [record.getMessage() for record in caplog.records]
    assert told.startswith(f"{tmp_path / 'spoilt' / 'tokenizer.json'} has another {key} than")
    assert str(base) in told


def statistics_files(members, tmp_path, changed):
    """A file of statistics an expert; the second has one entry changed, None: left out."""
    base, experts = members
    for number, id_ in enumerate(experts):
        shapes = {name: tuple(t.shape) for name, t in load(base).items() if "mlp" in name}
        made = {name: torch.ones(shape) for name, shape in shapes.items()} | changed(number, shapes)
        path = tmp_path / f"statistics{number}.safetensors"
        save_file({name: one for name, one in made.items() if one is not None}, path)
        yield id_, str(path)


@pytest.mark.parametrize(
    ("method", "change", "message"),
    [
        ("fisher", lambda shape: torch.ones(shape[0]), "statistics1.*mlp.*expected floats"),
        ("fisher", lambda shape: torch.ones(shape, dtype=torch.int32), "is I32 .*expected floats"),
        ("fisher", lambda shape: None, "statistics1.*no statistics of .*which .*statistics0"),
        ("regmean", lambda shape: torch.ones(shape[1], shape[1]), "statistics0.*expected floats"),
    ],
)
def test_statistics_that_do_not_fit_are_refused_before_work(
    family, tmp_path, method, change, message
):
    def changed(number, shapes):
        name = next(iter(shapes))
        return {name: change(shapes[name])} if number == 1 else {}

    files = dict(statistics_files(family, tmp_path, changed))
    recipe = recipes.make_recipe(*family, method, {}, statistics=files)
    with pytest.raises(ValueError, match=message):
        check_files(recipe, tmp_path / "out")


def test_another_architecture_is_noticed_at_equal_shapes(family, tmp_path):
    def more_heads(folder):
        config = checkpoints.read_json(folder / "config.json")
        checkpoints.write_json(folder / "config.json", {**config, "hidden_act": "gelu"})

    parts = ["hidden_act", "'silu'", "experts/bn-en", "'gelu'"]
    check(spoil(family, tmp_path, more_heads), tmp_path, parts)


def test_a_changed_member_is_noticed_by_its_fingerprint(family, tmp_path):
    check(
        family, tmp_path, ["experts/bn-en", "select the recipe again"], {"experts/bn-en": "0" * 64}
    )


def test_non_finite_weights_leave_no_model(family, tmp_path):
    def poison(folder):
        tensors = {name: tensor.clone() for name, tensor in load(folder).items()}
        tensors["model.norm.weight"][3] = float("inf")
        checkpoints.save_state_dict(folder, tensors)

    parts = ["experts/bn-en", "model.safetensors", "model.norm.weight has 1 of 32"]
    check(spoil(family, tmp_path, poison), tmp_path, parts)


def test_whole_numbers_in_place_of_floats_are_refused():
    base = {"w": torch.ones(8)}
    with pytest.raises(ValueError, match="base has it as F32, x as I64"):
        merging.merge(base, {"x": {"w": torch.full((8,), 7)}}, "task_arithmetic")


def test_bad_values_do_not_pass_by_way_of_a_copy(family, tmp_path):
    def poison(folder):
        tensors = {name: tensor.clone() for name, tensor in load(folder).items()}
        tensors["model.layers.1.mlp.up_proj.weight"][0, 0] = float("nan")
        checkpoints.save_state_dict(folder, tensors)

    base, experts = spoil(family, tmp_path, poison)
    point = {"from": "bn-en", "top": 1}
    recipe = recipes.make_recipe(base, experts, "layer_swap", point)
    with pytest.raises(ValueError, match="bn-en .*up_proj.weight has 1 of"):
        merging.merge_files(recipe, tmp_path / "out")
    low = {"a": torch.full((4,), 1e30), "layers.0.b": torch.zeros(3)}
    with pytest.raises(ValueError, match="a has"):
        merging.merge(
            low, {"x": dict(low)}, "ties", density=1, semantics="mergekit", dtype="float16"
        )


def test_a_head_of_its_own_is_no_copy_of_the_tied_one(family):
    start = load(family[0])
    tied = {**start, "lm_head.weight": start["model.embed_tokens.weight"]}
    copied = {**start, "lm_head.weight": start["model.embed_tokens.weight"].clone()}
    assert "lm_head.weight" in merging.merge(tied, [copied], "task_arithmetic")
    other = {**start, "lm_head.weight": start["model.embed_tokens.weight"] + 1}
    with pytest.raises(ValueError, match="has lm_head.weight, which base lacks"):
        merging.merge(tied, [other], "task_arithmetic")


@pytest.mark.parametrize(
    ("method", "point", "message"),
    [
        ("layer_swap", {"from": "bn-en", "top": 3}, "of a model of 2 blocks"),
        ("linear", {"weight": [1, -1, 0]}, "sum to 0"),
        ("fisher", {}, "needs fisher statistics of experts/hi-en, found none"),
    ],
)
def test_what_settings_ask_of_the_members_is_checked_first(
    family, tmp_path, method, point, message
):
    base, experts = family
    recipe = recipes.make_recipe(base, experts, method, point)
    with pytest.raises(ValueError, match=message):
        check_files(recipe, tmp_path / "out")


def test_a_folder_that_is_merged_twice_is_told(family, tmp_path, caplog):
    base, experts = family
    hi, bn, _ = experts.values()
    (tmp_path / "link").symlink_to(hi)
    for base_is_one in (False, True):
        caplog.clear()
        twice = {"a": hi, "b": bn, "c": base if base_is_one else tmp_path / "link"}
        recipe = recipes.make_recipe(base, twice, "ties", {"density": 0.5})
        check_files(recipe, tmp_path / "out")
        told = [record.getMessage() for record in caplog.records]
        expected = "base and c are one folder" if base_is_one else "a and c are one folder"
        assert len(told) == 1 and told[0].startswith(expected)
    caplog.clear()
    check_files(recipes.make_recipe(hi, {"a": hi, "b": bn}, "linear", {}), tmp_path / "out")
    assert not caplog.records


def test_copies_in_other_folders_are_told_by_their_weights(family, tmp_path, caplog):
    base, experts = family
    hi, bn, _ = experts.values()
    copies = {"a": hi, "b": bn, "c": shutil.copytree(hi, tmp_path / "c")}
    copies["d"] = shutil.copytree(base, tmp_path / "d")
    tensors = {name: one.clone() for name, one in load(bn).items()}
    tensors["model.layers.1.mlp.up_proj.weight"].view(-1)[1000] += 1  # where no sample is taken
    checkpoints.save_state_dict(shutil.copytree(bn, tmp_path / "e"), tensors)
    recipe = recipes.make_recipe(base, {**copies, "e": tmp_path / "e"}, "task_arithmetic", {})
    check_files(recipe, tmp_path / "out")
    assert [record.getMessage() for record in caplog.records] == [
        "base and d have the same weights: an expert without a change",
        "a and c have the same weights: it counts twice",
    ]


def with_more(source, target, tensors):
    """A copy of a model with more tensors."""
    shutil.copytree(source, target)
    (target / "model.safetensors").chmod(0o644)
    save_file({**load(source), **tensors}, target / "model.safetensors", {"format": "pt"})
    return target


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
@pytest.mark.parametrize("differs", [True, False])
def test_whole_numbers_that_an_expert_has_otherwise_are_told(
    family, tmp_path, caplog, dtype, differs
):
    base, experts = family
    values = [torch.tensor([1, 0], dtype=dtype), torch.tensor([1, 1], dtype=dtype)]
    base = with_more(base, tmp_path / "base", {"model.table": values[0]})
    more = {"model.table": values[differs]}
    members = {
        id_: with_more(e, tmp_path / str(n), more) for n, (id_, e) in enumerate(experts.items())
    }
    out = merging.merge_files(recipes.make_recipe(base, members, "linear", {}), tmp_path / "out")
    told = [one for one in caplog.messages if "model.table" in one]
    assert len(told) == len(members) * differs
    assert ("model.table" in (out / "README.md").read_text()) is differs
    assert torch.equal(load(out)["model.table"], values[0])


def test_weights_beside_a_models_own_are_told(family, tmp_path, caplog):
    """Heads in files of their own, and what sentence-transformers puts behind a model."""
    base, experts = family
    head = {"weight": torch.zeros(2)}

    def bring(folder):
        (folder / "modules.json").write_text("[]")
        for name in ("2_Dense/model.safetensors", "extra_heads.safetensors", "onnx/x.safetensors"):
            (folder / name).parent.mkdir(exist_ok=True)
            save_file(head, folder / name)
        save_file(head, folder / "consolidated.safetensors")

    recipe = recipes.make_recipe(*spoil(family, tmp_path, bring), "linear", {})
    check_files(recipe, tmp_path / "out")
    (told,) = caplog.messages
    assert told.startswith("experts/bn-en: 2_Dense/model.safetensors (and 1 more) beside")


def test_code_that_a_config_asks_for_is_told_and_not_copied(family, tmp_path, caplog):
    base, experts = family

    def bring(folder):
        (folder / "modeling_odd.py").write_text("raise SystemExit")
        config = json.loads((folder / "config.json").read_text())
        told = {"auto_map": {"AutoModelForCausalLM": "modeling_odd.Odd"}}
        (folder / "config.json").write_text(json.dumps({**config, **told}))

    spoilt = shutil.copytree(base, tmp_path / "base")
    for asks in (False, True):
        bring(spoilt) if asks else (spoilt / "modeling_odd.py").write_text("raise SystemExit")
        caplog.clear()
        recipe = recipes.make_recipe(spoilt, experts, "linear", {})
        out = merging.merge_files(recipe, tmp_path / "out")
        told = [one for one in caplog.messages if "modeling_odd.py" in one]
        assert len(told) == asks and not (out / "modeling_odd.py").exists()
        assert ("modeling_odd.py" in (out / "README.md").read_text()) is asks


def test_what_lies_behind_a_model_otherwise_is_told(family, tmp_path, caplog):
    """Pooling that one expert does otherwise: the result has the base's."""
    base, experts = family
    models = [
        shutil.copytree(one, tmp_path / str(n)) for n, one in enumerate([base, *experts.values()])
    ]
    for number, folder in enumerate(models):
        (folder / "modules.json").write_text("[]")
        (folder / "1_Pooling").mkdir()
        (folder / "1_Pooling/config.json").write_text(json.dumps({"cls": number == 2}))
    named = dict(zip(experts, models[1:], strict=True))
    out = merging.merge_files(recipes.make_recipe(models[0], named, "linear", {}), tmp_path / "out")
    told = [one for one in caplog.messages if "1_Pooling" in one]
    assert told == [
        f"{[*experts][1]}: 1_Pooling/config.json differs from the base's, which the result has"
    ]
    assert json.loads((out / "1_Pooling/config.json").read_text()) == {"cls": False}
