"""Adapters merged over the model, in KnOTS' and the core basis, and where they have no factors."""

import json

import pytest
import torch
from made_up_adapters import Family, close, same

from babelmerge.merging.adapters import spaces
from babelmerge.merging.adapters.merges import merge_adapters
from babelmerge.merging.methods import randomness

torch.set_num_threads(1)
pytestmark = pytest.mark.filterwarnings("ignore")
QUERY = "model.layers.0.self_attn.q_proj.weight"


# Thresholds over the model ------------------------------------------------------------------------


def global_ties(vectors, share):
    """TIES of one flat vector an expert, as its authors' code computes it (but for its rank)."""
    stacked = torch.stack(vectors)
    count = max(1, int(share * stacked.shape[1]))
    limits = stacked.abs().sort(dim=1, descending=True).values[:, count - 1 : count]
    stacked = stacked * (stacked.abs() >= limits)
    signs = stacked.sum(0).sign()
    signs[signs == 0] = signs.sum().sign()
    agrees = (stacked.sign() == signs) & (stacked != 0)
    return (stacked * agrees).sum(0) / agrees.sum(0).clamp(min=1)


@pytest.mark.parametrize("share", [1.0, 0.3])
def test_ties_over_the_model_counts_what_any_adapter_changes(family, share):
    merge = family.merge("ties", density=share, weight=0.5)
    flat = [
        torch.cat([one.delta(name).reshape(-1) for name in merge.names])
        for one in family.adapters.values()
    ]
    expected = 0.5 * global_ties(flat, share)
    close(torch.cat([merge[name].reshape(-1) for name in merge.names]), expected)


def dense_knots(family, names, weight, merge):
    """KnOTS over several maps from the dense updates, as its authors' code has it."""
    bases, parts = [], []
    for name in names:
        deltas = [family.adapters[id_].delta(name).double() for id_ in sorted(family.adapters)]
        u, s, vh = torch.linalg.svd(torch.cat(deltas, dim=1), full_matrices=False)
        keep = s > 1e-5
        bases.append(u[:, keep])
        # What LAPACK leaves of an update that is 0 would count in the mean as a vote.
        chunks = vh[keep].chunk(len(deltas), dim=1)
        pairs = zip(chunks, deltas, strict=True)
        parts.append([s[keep, None] * (v if d.any() else torch.zeros_like(v)) for v, d in pairs])
    flat = [torch.cat([p[i].reshape(-1) for p in parts]) for i in range(len(parts[0]))]
    merged = weight * merge(flat)
    sizes = [p[0].numel() for p in parts]
    return {
        name: (u @ piece.view(p[0].shape)).float()
        for name, u, p, piece in zip(names, bases, parts, merged.split(sizes), strict=True)
    }


@pytest.mark.parametrize("share", [1.0, 0.5, 0.05])
def test_knots_ties_over_the_model_is_its_dense_definition(family, share):
    merge = family.merge("knots", then="ties", density=share, weight=0.7)
    expected = dense_knots(family, merge.names, 0.7, lambda flat: global_ties(flat, share))
    for name in merge:
        close(merge[name], expected[name])


def test_knots_with_task_arithmetic_is_task_arithmetic(family):
    weights = [0.5, -1, 2]
    knots = family.merge("knots", then="task_arithmetic", weight=weights)
    plain = family.merge("task_arithmetic", weight=weights)
    for name in plain:
        close(knots[name], plain[name])


def test_knots_drops_coordinates(family):
    """DARE in the shared basis: every coordinate is kept by its own random number, and rescaled."""
    merge = family.merge("knots", then="dare", density=0.5, seed=7)
    space = merge._formed(QUERY).space
    total = torch.zeros(space.shape(QUERY))
    for id_ in sorted(family.adapters):
        part = space.coordinates(id_, QUERY)
        key = randomness.key_for(7, id_, QUERY)
        total += torch.where(randomness.kept(key, tuple(part.shape), 0.5), part * 2, 0.0)
    close(merge[QUERY], space.factors(QUERY, total).b @ total)
    undropped = family.merge("knots", then="dare_ties", density=1.0)
    ties = family.merge("knots", then="ties", density=1.0)
    close(undropped[QUERY], ties[QUERY])


def test_scaling_every_adapter_scales_knots(family, tmp_path):
    doubled = {}
    for id_, path in family.paths.items():
        config = json.loads((path / "adapter_config.json").read_text())
        target = tmp_path / id_
        target.mkdir()
        (target / "adapter_model.safetensors").symlink_to(path / "adapter_model.safetensors")
        config["lora_alpha"] *= 2
        (target / "adapter_config.json").write_text(json.dumps(config))
        doubled[id_] = target
    once = family.merge("knots", then="ties", density=0.3)
    twice = merge_adapters(family.base, doubled, "knots", then="ties", density=0.3)
    for name in once:
        close(twice[name], 2 * once[name], atol=5e-6)


@pytest.mark.parametrize("then", ["task_arithmetic", "tsv", "iso_c"])
def test_core_space_of_what_acts_on_singular_values(then, tmp_path):
    """With equal ranks, TSV is what it is on the full updates; Iso-C up to the mean's zeros."""
    equal = Family(tmp_path, r=5, target_modules=["q_proj"])
    merge, plain = (
        equal.merge(name, **more) for name, more in (("core_space", {"then": then}), (then, {}))
    )
    factor = 15 / 32 if then == "iso_c" else 1  # the core has 15 singular values, the update 32
    close(merge[QUERY] * factor, plain[QUERY], atol=1e-5)


# Whole tensors ------------------------------------------------------------------------------------


WHOLE = {"modules_to_save": ["norm"], "lora_bias": True, "target_modules": ["q_proj", "v_proj"]}


@pytest.fixture(scope="module")
def wholes(tmp_path_factory):
    return Family(tmp_path_factory.mktemp("wholes"), **WHOLE)


@pytest.mark.parametrize("method", ["task_arithmetic", "ties", "nan", "linear"])
def test_biases_and_whole_modules_are_merged_too(method, wholes):
    more = {"density": 0.5, "scope": "tensor"} if method == "ties" else {}
    merge = wholes.merge(method, **more)
    assert "model.norm.weight" in merge and QUERY.replace("weight", "bias") in merge
    same(merge, wholes.whole(method, **more), wholes.base, atol=2e-5)


def test_in_a_shared_basis_they_are_merged_on_their_own(wholes):
    merge = wholes.merge("knots", then="ties", density=0.3)
    names = [name for name in merge.names if not merge.has_factors(name)]
    assert len(names) == 9 and all("bias" in name or "norm" in name for name in names)
    flat = [
        torch.cat([one.delta(name).reshape(-1) for name in names])
        for one in wholes.adapters.values()
    ]
    close(torch.cat([merge[name].reshape(-1) for name in names]), global_ties(flat, 0.3))


@pytest.mark.parametrize("space", ["knots", "core_space"])
def test_bases_that_are_not_kept_are_found_again(space, family, monkeypatch):
    kept = dict(family.merge(space, then="ties", density=0.5))
    monkeypatch.setattr(spaces, "KEPT_BYTES", 0)
    again = family.merge(space, then="ties", density=0.5)
    assert all(torch.equal(kept[name], again[name]) for name in kept)
