"""What a narrow output loses of a merge is told, by whichever way it was made."""

import made_up_adapters
import pytest
import tiny_models
import torch
from safetensors.torch import load_file

from babelmerge import merging
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

WAYS = {
    "kernels": ("ties", {"density": 0.5, "weight": 0.1}),
    "whole models": ("linear", {"weight": [1, 2, 3]}),
    "torch": ("tsv", {"lambda": 0.05}),
    "rows": ("breadcrumbs", {"density": 0.5, "gamma": 0.1, "weight": 0.1}),
}


@pytest.fixture(scope="module")
def adapters(tmp_path_factory):
    """A base in bfloat16, and adapters whose changes are near what it can tell apart."""
    root = tmp_path_factory.mktemp("adapters")
    model = tiny_models.model(0).to(torch.bfloat16)
    base = tiny_models.save(model, root / "base")
    paths = {}
    for seed, id_ in enumerate(("hi", "bn"), start=1):
        paths[id_], _ = made_up_adapters.write(root / id_, model.float(), seed, size=0.0003)
    return base, paths


def written(members, method, point, folder):
    out = merging.merge_files(recipes.make_recipe(*members, method, point), folder)
    return out, {
        name: tensor.double() for name, tensor in load_file(out / "model.safetensors").items()
    }


def check(members, method, point, tmp_path, caplog):
    """Against the same merge in float32; every tensor is small enough to be seen whole."""
    base = {n: t.double() for n, t in load_file(members[0] / "model.safetensors").items()}
    out, rounded = written(members, method, point, tmp_path / "narrow")
    wide, exact = written(members, method, {**point, "dtype": "float32"}, tmp_path / "wide")
    wanted = torch.cat([(exact[name] - base[name]).reshape(-1) for name in base])
    kept = torch.cat([(rounded[name] - base[name]).reshape(-1) for name in base])
    lost = 1 - float((wanted * kept).sum() / wanted.square().sum())
    unmoved = float((kept[wanted != 0] == 0).double().mean())
    told = checkpoints.read_json(out / "manifest.json")["rounding"]
    assert told == {
        "lost": pytest.approx(max(0, lost), abs=1e-4),
        "unmoved": pytest.approx(unmoved, abs=1e-4),
    }
    assert f"{told['unmoved']:.1%} stay unchanged" in (out / "README.md").read_text()
    assert "rounding" not in checkpoints.read_json(wide / "manifest.json")
    assert "unchanged" not in (wide / "README.md").read_text()
    warned = any("of the merged change away" in r.getMessage() for r in caplog.records)
    assert warned is (told["lost"] > 0.05)
    return told


@pytest.mark.parametrize("way", WAYS)
def test_the_share_is_what_a_merge_in_float32_keeps(low_family, tmp_path, caplog, way):
    assert check(low_family, *WAYS[way], tmp_path, caplog)["unmoved"] >= 0


@pytest.mark.parametrize("way", ["kernels", "torch"])
def test_what_a_rounded_base_has_too_is_unmoved(tmp_path, way):
    members = tiny_models.family(tmp_path / "family")
    method, point = WAYS[way]
    out, rounded = written(members, method, {**point, "dtype": "bfloat16"}, tmp_path / "out")
    _, exact = written(members, method, point, tmp_path / "wide")
    base = load_file(members[0] / "model.safetensors")
    pairs = [(exact[n] != t, rounded[n] == t.bfloat16()) for n, t in base.items()]
    changed, same = (torch.cat([pair[n].reshape(-1) for pair in pairs]) for n in (0, 1))
    told = checkpoints.read_json(out / "manifest.json")["rounding"]["unmoved"]
    assert told == pytest.approx(float(same[changed].double().mean()), abs=1e-4) and told > 0


@pytest.mark.parametrize("method", ["task_arithmetic", "slerp", "ties"])
def test_of_adapters_too(adapters, tmp_path, caplog, method):
    point = {"slerp": {"t": 0.5}, "ties": {"density": 0.5, "weight": 0.1}}.get(
        method, {"weight": 0.2}
    )
    told = check(adapters, method, point, tmp_path, caplog)
    if method != "slerp":
        assert told["lost"] > 0.01 and told["unmoved"] > 0.2


def test_the_share_does_not_depend_on_threads_or_shards(low_family, tmp_path):
    recipe = recipes.make_recipe(*low_family, "dare", {"density": 0.5, "weight": 0.1})
    told = [
        checkpoints.read_json(
            merging.merge_files(recipe, tmp_path / str(n), threads=n, max_shard_bytes=10**4 * n)
            / "manifest.json"
        )["rounding"]
        for n in (1, 3)
    ]
    assert told[0] == told[1] and told[0]["lost"] >= 0
