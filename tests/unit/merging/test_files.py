"""Streaming merges and sweeps: the same bits as in memory, whole models or none, early errors."""

import json
import os
import shutil
import signal
import subprocess
import sys

import pytest
import tiny_models
import torch
from families import MIXTURES
from families import family as family_of
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM, AutoTokenizer

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

torch.set_num_threads(1)
POINTS = [
    ("linear", {}),
    ("task_arithmetic", {"weight": 0.3}),
    ("ties", {"density": 0.4, "weight": 0.3}),
    ("ties", {"density": 0.4, "weight": 0.3, "scope": "tensor"}),
    ("ties", {"density": 0.4, "weight": 0.3, "semantics": "mergekit"}),
    ("dare", {"density": 0.3, "weight": 0.3, "seed": 5}),
    ("sce", {"select_topk": 0.3}),
    ("sce", {"select_topk": 0.3, "semantics": "mergekit"}),
    ("dare_ties", {"density": 0.6, "semantics": "fusebench"}),
    ("breadcrumbs", {"density": 0.3, "gamma": 0.1}),
    ("breadcrumbs_ties", {"density": 0.3, "semantics": "mergekit"}),
    ("della", {"density": 0.3, "epsilon": 0.1}),
    ("model_stock", {}),
    ("nan", {"lambda": 0.7}),
    ("consensus", {"agreement": 2, "threshold": 0.5}),
    ("layer_swap", {"from": "experts/bn-en", "bottom": 1, "then": "linear"}),
    ("layer_swap", {"from": "bn-en", "top": 1, "then": "ties", "density": 0.4}),
]


@pytest.fixture(scope="module")
def family(tmp_path_factory):
    return tiny_models.family(tmp_path_factory.mktemp("family"))


@pytest.fixture(scope="module")
def low_family(tmp_path_factory):
    return tiny_models.family(tmp_path_factory.mktemp("low"), tied=False, dtype=torch.bfloat16)


def load(path):
    return checkpoints.Checkpoint(path).state_dict()


def in_memory(family, method, point):
    base, experts = family
    members = {id_: load(path) for id_, path in experts.items()}
    return merging.merge(load(base), members, method, **point)


def on_disk(family, method, point, folder, **options):
    base, experts = family
    recipe = recipes.make_recipe(base, experts, method, point)
    return load(merging.merge_files(recipe, folder, **options))


def same(left, right):
    return set(left) == set(right) and all(torch.equal(left[name], right[name]) for name in left)


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_streaming_equals_in_memory(family, low_family, tmp_path, method, point):
    for number, members in enumerate((family, low_family)):
        streamed = on_disk(members, method, point, tmp_path / str(number), max_shard_bytes=20_000)
        assert same(streamed, in_memory(members, method, point))
        assert len(list((tmp_path / str(number)).glob("*.safetensors"))) > 1


@pytest.mark.parametrize(("method", "point"), POINTS)
def test_a_sweep_gives_what_merge_files_writes(family, low_family, tmp_path, method, point):
    grid = [{**point, **scale} for scale in scales(method, point)]
    for number, (base, experts) in enumerate((family, low_family)):
        model = AutoModelForCausalLM.from_pretrained(base, dtype="auto")
        start = load(base)
        for index, (told, tensors) in enumerate(merging.Sweep(base, experts, method).points(grid)):
            assert told == grid[index]
            merging.load_into(model, tensors)
            folder = tmp_path / f"{number}-{index}"
            written = on_disk((base, experts), method, told, folder)
            state = model.state_dict()
            assert all(torch.equal(state[name], written[name]) for name in written)
            assert all(torch.equal(tensors[name], written[name]) for name in start)
            if model.config.tie_word_embeddings:
                assert torch.equal(state["lm_head.weight"], written["model.embed_tokens.weight"])


@pytest.mark.parametrize("kind", MIXTURES)
def test_a_mixture_of_experts_is_swept_as_its_merged_folder_is_loaded(kind, tmp_path):
    """Experts lie apart in files, and packed in one tensor in memory."""
    start = family_of(kind)
    folders = {name: tmp_path / name for name in ("base", "a", "b")}
    for seed, folder in enumerate(folders.values()):
        with torch.no_grad():
            for parameter in start.parameters():
                noise = torch.Generator().manual_seed(seed)
                parameter += 0.02 * seed * torch.randn(parameter.shape, generator=noise)
        tiny_models.save(start, folder, start.config.vocab_size)
    base = folders.pop("base")
    model = AutoModelForCausalLM.from_pretrained(base)
    assert any(name not in model.state_dict() for name in load(base))
    grid = [{"density": 0.5, "weight": weight} for weight in (0.4, 1.0)]
    for number, (point, tensors) in enumerate(merging.Sweep(base, folders, "ties").points(grid)):
        merging.load_into(model, tensors)
        on_disk((base, folders), "ties", point, tmp_path / str(number))
        loaded = AutoModelForCausalLM.from_pretrained(tmp_path / str(number))
        assert same(loaded.state_dict(), model.state_dict())
    merging.load_into(model, load(base))
    assert same(model.state_dict(), AutoModelForCausalLM.from_pretrained(base).state_dict())
    broken = {name: t for name, t in load(base).items() if not name.endswith("norm.weight")}
    with pytest.raises(ValueError, match="the merge: .*lacks .* tensors"):
        merging.load_into(model, broken)


def scales(method, point):
    if method == "model_stock":
        return [{}, {"filter_wise": True}]
    if method == "nan":
        return [{}, {"lambda": 0.1}]
    if method == "linear" or point.get("then") == "linear":
        return [{}, {"weight": [1, 2, 3]}]
    if method == "sce":
        return [{}, {"select_topk": 0.9}]
    # The third returns to another density, the last two share an update.
    return [{"weight": 0.5}] + [{"weight": 0.1}, {"weight": 0.2}, {"weight": 0.2, "lambda": 3}]


def test_the_merged_directory_is_a_whole_model(low_family, tmp_path):
    base, experts = low_family
    prints = {id_: checkpoints.fingerprint(path) for id_, path in experts.items()}
    recipe = recipes.make_recipe(
        base, experts, "task_arithmetic", {"weight": 0.3, "dtype": "float32"}, prints
    )
    out = merging.merge_files(recipe, tmp_path / "out")
    model = AutoModelForCausalLM.from_pretrained(out, dtype="auto")
    assert model.dtype == torch.float32
    vocabularies = [AutoTokenizer.from_pretrained(path).get_vocab() for path in (base, out)]
    assert vocabularies[0] == vocabularies[1]
    assert (out / "generation_config.json").is_file()
    manifest = checkpoints.read_json(out / "manifest.json")
    assert set(manifest["files"]) >= {"config.json", "model.safetensors", "tokenizer.json"}
    assert "recipe.yaml" not in manifest["files"]
    assert "task_arithmetic" in (out / "README.md").read_text()
    again = merging.merge_files(out / "recipe.yaml", tmp_path / "again")
    assert checkpoints.fingerprint(again) == checkpoints.fingerprint(out)


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


@pytest.mark.parametrize("key", ["normalizer", "pre_tokenizer", "model.merges"])
def test_the_same_tokens_cut_otherwise_are_told(family, tmp_path, caplog, key):
    base, experts = family

    def cut_otherwise(folder):
        content = json.loads((folder / "tokenizer.json").read_text())
        place = content["model"] if "." in key else content
        place[key.split(".")[-1]] = ["w1 w2"] if "." in key else {"type": "NFC"}
        (folder / "tokenizer.json").write_text(json.dumps(content))

    recipe = recipes.make_recipe(*spoil(family, tmp_path, cut_otherwise), "linear", {})
    merging.files.check_files(recipe, tmp_path / "out")
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
        merging.files.check_files(recipe, tmp_path / "out")


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


def test_load_into_refuses_before_it_copies(family):
    base, _ = family
    model = AutoModelForCausalLM.from_pretrained(base)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    tensors = {name: tensor + 1 for name, tensor in load(base).items()}
    missing = {name: tensor for name, tensor in tensors.items() if "norm" not in name}
    wrong = {**tensors, "model.norm.weight": torch.zeros(31)}
    for broken, message in (
        (missing, "has no tensor"),
        ({**tensors, "x": torch.zeros(1)}, r"beyond these, 1 tensor \(x\)"),
        (wrong, "31"),
    ):
        with pytest.raises(ValueError, match=message):
            merging.load_into(model, broken)
        assert same(model.state_dict(), before)


GRIDS = [
    # Normalised with equal weights, the weight cancels: three densities, three models.
    (
        "ties",
        {"semantics": "mergekit"},
        [{"density": d, "weight": w} for d in (0.2, 0.4, 0.9) for w in (0.1, 0.5, 2.5)],
        {1: 0, 2: 0, 4: 3, 5: 3, 7: 6, 8: 6},
    ),
    ("ties", {}, [{"density": d, "weight": w} for d in (0.2, 0.4) for w in (0.1, 0.5)], {}),
    (
        "ties",
        {"semantics": "mergekit", "normalize": False},
        [{"density": 0.5, "weight": w} for w in (0.1, 0.5)],
        {},
    ),
    (
        "task_arithmetic",
        {},
        [{"weight": 0.5}, {"weight": 1, "lambda": 0.5}, {"weight": 0}, {"weight": 1, "lambda": 0}],
        {1: 0, 3: 2},
    ),
    ("linear", {}, [{"weight": 1}, {"weight": 3}, {"weight": [1, 2, 3]}], {1: 0}),
    (
        "dare",
        {"weight": 0.5},
        [{"density": d, "seed": s} for d in (0.5, 1) for s in (1, 2)],
        {3: 2},
    ),
    ("sce", {}, [{"select_topk": k} for k in (0.1, 0.5, 1.0, 1)], {3: 2}),
]


@pytest.mark.parametrize(("method", "common", "grid", "expected"), GRIDS)
def test_aliases_are_the_points_that_measure_the_same(family, method, common, grid, expected):
    base, experts = family
    grid = [{**common, **point} for point in grid]
    assert merging.aliases(grid, method, len(experts)) == expected
    start = load(base)
    models = [dict(tensors) for _, tensors in merging.Sweep(base, experts, method).points(grid)]
    moves = [torch.cat([(m[n] - start[n]).reshape(-1) for n in start]) for m in models]
    for index, move in enumerate(moves):
        for other in range(index):
            alike = torch.allclose(move, moves[other], rtol=1e-4, atol=1e-6)
            assert alike is (expected.get(index, index) == expected.get(other, other))
        if index in expected:
            assert move.norm().item() == pytest.approx(moves[expected[index]].norm().item(), 1e-5)


def test_unknown_names_come_with_the_nearest(family):
    base, experts = family
    with pytest.raises(ValueError, match="'densty'; did you mean density"):
        list(merging.Sweep(base, experts, "ties").points([{"densty": 0.5}]))
    with pytest.raises(ValueError, match="did you mean task_arithmetic"):
        merging.merge(load(base), [load(base)], "task_aritmetic")
    for point, message in (
        ({}, "density is missing"),
        ({"density": 1.5}, "density is 1.5; expected a number from 0 to 1"),
        ({"density": 0.5, "weight": [1]}, "1 values for 3 experts"),
        ({"density": 0.5, "normalize": 1}, "expected true or false"),
        ({"density": 0.5, "semantics": "fusebench"}, "original, mergebench or mergekit"),
        ({"density": 0.5, "semantics": "mergekit", "scope": "model"}, "trims per tensor"),
    ):
        with pytest.raises(ValueError, match=message):
            list(merging.Sweep(base, experts, "ties").points([point]))


def test_a_live_model_of_another_dtype_gets_the_rounded_merge(low_family, tmp_path):
    base, experts = low_family
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    point = {"weight": 0.3}
    for _, tensors in merging.Sweep(base, experts, "task_arithmetic").points([point, point]):
        merging.load_into(model, tensors)
    written = on_disk((base, experts), "task_arithmetic", point, tmp_path / "out")
    assert written["model.norm.weight"].dtype == torch.bfloat16
    state = model.state_dict()
    assert all(torch.equal(state[name], written[name].float()) for name in written)


def test_a_killed_merge_leaves_no_model(low_family, tmp_path):
    base, experts = low_family
    recipe = recipes.make_recipe(base, experts, "ties", {"density": 0.5})
    recipes.write_recipe(recipe, tmp_path / "recipe.yaml")
    script = (
        "import os, signal, sys\n"
        "from babelmerge import merging\n"
        "def stop(done, total):\n"
        "    if done > total / 2:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "merging.merge_files(sys.argv[1], sys.argv[2], progress=stop)\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "recipe.yaml"), str(tmp_path / "out")]
    places = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    assert subprocess.run(command, env=places).returncode == -signal.SIGKILL
    assert not (tmp_path / "out").exists()
    assert [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]
    merging.merge_files(tmp_path / "recipe.yaml", tmp_path / "out")
    assert not [path for path in tmp_path.iterdir() if path.name.endswith(".partial")]
    undisturbed = merging.merge_files(recipe, tmp_path / "undisturbed")
    assert checkpoints.fingerprint(tmp_path / "out") == checkpoints.fingerprint(undisturbed)


def plain(base, experts, method, places, **shared):
    """A mergekit config that lists the base among its models, at this place."""
    models = [
        {"model": str(path), "parameters": {"density": 0.5, "weight": 0.4}}
        for path in experts.values()
    ]
    models.insert(places, {"model": str(base)})
    return {
        "merge_method": method,
        "base_model": str(base),
        "models": models,
        "parameters": shared,
        "dtype": "float32",
    }


@pytest.mark.parametrize("place", [0, 1, 3])
def test_a_config_that_lists_the_base_merges_and_merges_again(family, tmp_path, place):
    base, experts = family
    out = merging.merge_files(plain(base, experts, "ties", place), tmp_path / "out")
    again = merging.merge_files(out / "recipe.yaml", tmp_path / "again")
    assert checkpoints.fingerprint(out) == checkpoints.fingerprint(again)


def test_the_result_never_replaces_a_member_or_lies_in_one(family, tmp_path):
    root = tmp_path / "models"
    shutil.copytree(family[0].parent, root)
    base = root / "base"
    experts = {id_: root / id_ for id_ in family[1]}
    recipe = recipes.make_recipe(base, experts, "linear", {})
    for out in (base, root, base / "merged"):
        with pytest.raises(ValueError, match="holds|lies in"):
            merging.merge_files(recipe, out)
    assert not (base / "merged").exists() and (base / "config.json").is_file()


def test_a_link_to_the_result_stays_a_link(family, tmp_path):
    base, experts = family
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    merging.merge_files(recipes.make_recipe(base, experts, "linear", {}), tmp_path / "link")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "model.safetensors").is_file()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "real"]


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
        merging.files.check_files(recipe, tmp_path / "out")
