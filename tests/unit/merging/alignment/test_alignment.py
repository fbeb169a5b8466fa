"""Alignment: the same function in another order, the best order there is, copies recovered."""

import itertools

import pytest
import tiny_models
import torch
from families import CONFIGS, config, model
from transformers import AutoModelForCausalLM as Auto

from babelmerge import merging
from babelmerge.merging.alignment import align as alignment
from babelmerge.merging.alignment.layout import layout_of, rows
from babelmerge.merging.streaming.opening import InMemory
from babelmerge.models import checkpoints
from babelmerge.recipes import recipes

torch.set_num_threads(1)
ALL = ("neurons", "heads", "values", "residual")


def shuffled(layout, seed, kinds=ALL):
    """Random permutations of the kinds given, with heads in their groups."""
    generator = torch.Generator().manual_seed(seed)

    def order(size, kind):
        return torch.randperm(size, generator=generator) if kind in kinds else torch.arange(size)

    found = {"residual": order(layout.width, "residual")}
    for block in layout.blocks:
        groups = order(layout.groups, "heads")
        size, dim = layout.heads_per_group, layout.head_dim
        found[f"{block}.mlp.neurons"] = order(layout.neurons, "neurons")
        heads = [g * size + order(size, "heads") for g in groups]
        values = [g * dim + order(dim, "values") for g in groups]
        found[f"{block}.self_attn.heads"] = torch.cat(heads)
        found[f"{block}.self_attn.values"] = torch.cat(values)
    return found


def copy_of(made, seed, kinds=ALL):
    """(the permuted state dict, its permutations)."""
    permutations = shuffled(layout_of(InMemory(made.state_dict()), made.config), seed, kinds)
    return alignment.apply(made.state_dict(), permutations, made.config), permutations


def logits(made, state):
    other = Auto.from_config(made.config).double().eval()
    other.load_state_dict(state)
    generator = torch.Generator().manual_seed(9)
    words = torch.randint(0, made.config.vocab_size, (2, 11), generator=generator)
    with torch.no_grad():
        return other(words).logits


def noisy(state, seed, size):
    """A state dict with noise on every tensor; what is tied stays tied."""
    generator = torch.Generator().manual_seed(seed)
    tied = InMemory(state).aliases
    noise = {
        n: t + size * torch.randn(t.shape, generator=generator, dtype=torch.float64)
        for n, t in state.items()
        if n not in tied
    }
    return {**noise, **{name: noise[original] for name, original in tied.items()}}


def same(left, right):
    return left.keys() == right.keys() and all(torch.equal(left[n], right[n]) for n in left)


def agreement(reference, state):
    """What matching maximises: the inner product of two models, tied tensors once."""
    names = InMemory(state).names
    return sum(float((reference[n].double() * state[n].double()).sum()) for n in names)


VARIANTS = [
    *itertools.product(CONFIGS, [1, 2, 4], [True, False], [{}]),
    ("llama", 2, False, {"attention_bias": True, "mlp_bias": True}),
    ("qwen3", 2, True, {"attention_bias": True}),
    ("qwen2", 3, True, {"num_attention_heads": 9}),
]


@pytest.mark.parametrize(("family", "kv", "tied", "changes"), VARIANTS)
def test_permuted_models_compute_the_same_and_are_recovered(family, kv, tied, changes):
    made = model(config(family, kv, tied, **changes))
    original = made.state_dict()
    permuted, permutations = copy_of(made, seed=kv)
    assert not same(permuted, original)
    assert torch.allclose(logits(made, permuted), logits(made, original), atol=2e-5)
    found = alignment.match(original, permuted, made.config, ALL)
    assert same(found, alignment.inverse(permutations))
    assert same(alignment.apply(permuted, found, made.config), original)


@pytest.mark.parametrize("kinds", [(kind,) for kind in ALL])
@pytest.mark.parametrize("family", ["qwen2", "gemma3"])
def test_each_symmetry_alone_keeps_the_function_but_not_the_weights(family, kinds):
    made = model(config(family))
    permuted, _ = copy_of(made, 5, kinds)
    assert not same(permuted, made.state_dict())
    assert torch.allclose(logits(made, permuted), logits(made, made.state_dict()), atol=2e-5)


def test_what_may_not_move_changes_the_function():
    """Heads out of their groups, and queries and keys within a head, under rotary embeddings."""
    made = model(config())
    state = made.state_dict()
    attention = "model.layers.0.self_attn"
    swap = torch.tensor([2, 1, 0, 3])  # query heads 0 and 2, of two KV groups
    inner = rows(torch.arange(4), 6).view(4, 6)[:, [1, 0, 2, 3, 4, 5]].reshape(-1)
    changes = {"queries": (rows(swap, 6), None), "inner": (inner, inner[:12])}
    for name, (queries, keys) in changes.items():
        other = dict(state)
        for part in ("weight", "bias"):
            other[f"{attention}.q_proj.{part}"] = state[f"{attention}.q_proj.{part}"][queries]
            if keys is not None:
                other[f"{attention}.k_proj.{part}"] = state[f"{attention}.k_proj.{part}"][keys]
        if name == "queries":
            output = f"{attention}.o_proj.weight"
            other[output] = state[output][:, queries]
        assert not torch.allclose(logits(made, other), logits(made, state), atol=1e-3), name


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16])
def test_default_symmetries_recover_a_copy_and_the_average_is_the_original(dtype):
    made = model(config()).to(dtype)
    original = made.state_dict()
    permuted, _ = copy_of(made, 3, alignment.DEFAULT)
    view = alignment.align(original, permuted, made.config)
    average = {n: (original[n] + view.read(n)) / 2 for n in view.names}
    assert all(torch.equal(average[n], original[n]) for n in average)
    assert alignment.moved(view.permutations)["residual"] == (0, 24)
    assert alignment.moved(view.permutations)["neurons"][0] > 20


@pytest.mark.parametrize("symmetries", [alignment.DEFAULT, ALL])
def test_a_model_in_its_own_order_stays(symmetries):
    made = model(config())
    original = made.state_dict()
    stay = layout_of(InMemory(original), made.config).identity()
    for size in (0, 1e-3, 0.1):
        expert = noisy(original, 1, size)
        assert same(alignment.match(original, expert, made.config, symmetries), stay)


@pytest.mark.parametrize("family", ["qwen2", "llama", "gemma2"])
@pytest.mark.parametrize(("kv", "size"), [(1, 0.05), (2, 0.05), (4, 0.05)])
def test_noise_does_not_hide_the_order(family, kv, size):
    made = model(config(family, kv, tied=False))
    original = made.state_dict()
    permuted, permutations = copy_of(made, 7)
    found = alignment.match(original, noisy(permuted, 8, size), made.config, ALL)
    assert same(found, alignment.inverse(permutations))


def test_members_are_aligned_each_by_itself_in_any_order():
    made = model(config())
    original = made.state_dict()
    members = [noisy(copy_of(made, s, alignment.DEFAULT)[0], s, 0.02) for s in (1, 2, 3)]
    merged = []
    for order in ((0, 1, 2), (2, 0, 1)):
        views = {str(n): alignment.align(original, members[n], made.config) for n in order}
        merged.append({n: sum(views[i].read(n) for i in sorted(views)) / 3 for n in original})
    assert same(*merged)
    assert float((merged[0]["model.norm.weight"] - original["model.norm.weight"]).abs().max()) < 0.1
    plain = {n: sum(m[n] for m in members) / 3 for n in original}
    name = "model.layers.0.mlp.up_proj.weight"
    assert (merged[0][name] - original[name]).norm() < 0.2 * (plain[name] - original[name]).norm()


def orders_of_heads(groups, size):
    for order in itertools.permutations(range(groups)):
        for inner in itertools.product(itertools.permutations(range(size)), repeat=groups):
            yield torch.tensor([g * size + h for g, i in zip(order, inner, strict=True) for h in i])


@pytest.mark.parametrize(("heads", "kv"), [(4, 2), (4, 1), (6, 3), (3, 3)])
def test_heads_and_neurons_reach_the_best_of_all_orders(heads, kv):
    """Unrelated models, every order tried: the exact maximum, in one pass."""
    shape = config("qwen2", kv, num_attention_heads=heads, num_hidden_layers=1, intermediate_size=5)
    ours, theirs = model(shape, 1).state_dict(), model(shape, 2).state_dict()
    found = alignment.match(ours, theirs, shape)
    reached = agreement(ours, alignment.apply(theirs, found, shape))
    best = {}
    for key, orders in {
        "model.layers.0.self_attn.heads": orders_of_heads(kv, heads // kv),
        "model.layers.0.mlp.neurons": map(torch.tensor, itertools.permutations(range(5))),
    }.items():
        tried = (alignment.apply(theirs, {key: order}, shape) for order in orders)
        best[key] = max(agreement(ours, state) for state in tried)
    plain = agreement(ours, theirs)
    assert reached == pytest.approx(sum(best.values()) - plain, rel=1e-6)
    assert reached > plain


def test_values_reach_the_best_of_all_orders_with_one_head_a_group():
    shape = config("llama", 2, num_attention_heads=2, head_dim=4, num_hidden_layers=1)
    ours, theirs = model(shape, 1).state_dict(), model(shape, 2).state_dict()
    found = alignment.match(ours, theirs, shape, ("heads", "values"))
    reached = agreement(ours, alignment.apply(theirs, found, shape))
    block = "model.layers.0.self_attn"
    inner = [torch.tensor(order) for order in itertools.permutations(range(4))]
    tried = [
        {
            f"{block}.heads": torch.tensor(g),
            f"{block}.values": torch.cat([4 * g[0] + a, 4 * g[1] + b]),
        }
        for g in ((0, 1), (1, 0))
        for a, b in itertools.product(inner, inner)
    ]
    best = max(agreement(ours, alignment.apply(theirs, one, shape)) for one in tried)
    assert reached == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("family", ["qwen2", "gemma3"])
def test_more_symmetries_agree_more_and_again_changes_nothing(family):
    shape = config(family, 2, tied=False)
    ours, theirs = model(shape, 1).state_dict(), model(shape, 2).state_dict()
    stay = layout_of(InMemory(ours), shape).identity()
    reached = [agreement(ours, theirs)]
    for symmetries in (("neurons",), alignment.DEFAULT, (*alignment.DEFAULT, "values"), ALL):
        found = alignment.match(ours, theirs, shape, symmetries)
        aligned = alignment.apply(theirs, found, shape)
        reached.append(agreement(ours, aligned))
        again = alignment.match(ours, aligned, shape, symmetries)
        # With the residual it would begin with the embeddings again.
        assert "residual" in symmetries or same(again, stay)
    assert reached == sorted(reached)
    assert len(set(reached)) == 5


def composed(first, second):
    """What `first` and then `second` do, in one."""
    return {key: order[second[key]] for key, order in first.items()}


def test_composition_and_inverse():
    made = model(config())
    state = made.state_dict()
    layout = layout_of(InMemory(state), made.config)
    one, two, three = (shuffled(layout, seed) for seed in (1, 2, 3))
    stepwise = alignment.apply(alignment.apply(state, one, made.config), two, made.config)
    assert same(alignment.apply(state, composed(one, two), made.config), stepwise)
    assert same(composed(one, alignment.inverse(one)), layout.identity())
    left = composed(composed(one, two), three)
    assert same(left, composed(one, composed(two, three)))
    assert same(layout.complete(left), left)
    swapped = {"model.layers.0.self_attn.heads": torch.tensor([2, 3, 0, 1])}
    whole = layout.complete(swapped)["model.layers.0.self_attn.values"]
    assert whole.tolist() == [*range(6, 12), *range(6)]


def test_apply_by_hand():
    """Attention written as a sum over heads: each keeps its own q, k, v and o."""
    made = model(config("qwen2", 2))
    state = made.state_dict()
    permuted, permutations = copy_of(made, 4, ("heads", "values"))
    attention = "model.layers.1.self_attn"
    heads = permutations[f"{attention}.heads"]
    values = permutations[f"{attention}.values"].view(2, 6) % 6

    def parts(of):
        weights = {p: of[f"{attention}.{p}_proj.weight"] for p in "qkvo"}
        return (
            *(weights[p].view(-1, 6, 24) for p in "qkv"),
            weights["o"].view(24, 4, 6),
            *(of[f"{attention}.{p}_proj.bias"].view(-1, 6) for p in "qkv"),
        )

    q, k, v, o, q_bias, k_bias, v_bias = parts(state)
    new_q, new_k, new_v, new_o, new_q_bias, new_k_bias, new_v_bias = parts(permuted)
    for place, head in enumerate(heads.tolist()):
        group, old, inner = place // 2, head // 2, values[place // 2]
        assert torch.equal(new_q[place], q[head]) and torch.equal(new_q_bias[place], q_bias[head])
        assert torch.equal(new_k[group], k[old]) and torch.equal(new_k_bias[group], k_bias[old])
        assert torch.equal(new_v[group], v[old][inner])
        assert torch.equal(new_v_bias[group], v_bias[old][inner])
        assert torch.equal(new_o[:, place], o[:, head][:, inner])


def test_ties_stay():
    """Neurons that are dead or equal in the reference could go anywhere; they do not."""
    made = model(config())
    state = {n: t.clone() for n, t in made.state_dict().items()}
    for part in ("gate", "up", "down"):
        weight = state[f"model.layers.0.mlp.{part}_proj.weight"]
        weight = weight.T if part == "down" else weight
        weight[3:6] = 0
        weight[[8, 9, 11]] = weight[7].clone()
    expert = noisy(state, 1, 0.01)
    for shift in (0, 2):
        order = torch.arange(20)
        order[12:] = order[12:].roll(shift)
        moved = alignment.apply(expert, {"model.layers.0.mlp.neurons": order}, made.config)
        found = alignment.match(state, moved, made.config)["model.layers.0.mlp.neurons"]
        assert torch.equal(found, torch.argsort(order))


def test_a_view_of_a_checkpoint_is_a_member_that_reads_what_apply_gives(tmp_path):
    base = tiny_models.model(0)
    folder = tiny_models.save(base, tmp_path / "base")
    permuted, permutations = copy_of(base, 1)
    other = tiny_models.model(1)
    other.load_state_dict(permuted)
    copy = tiny_models.save(other, tmp_path / "copy")
    view = alignment.align(folder, copy, symmetries=ALL)
    opened = checkpoints.Checkpoint(folder)
    assert view.names == checkpoints.Checkpoint(copy).names and view.path == copy
    assert view.config["model_type"] == "qwen2"
    for name in view.names:
        assert torch.equal(view.read(name), opened.read(name)), name
        assert bytes(view.raw(name)) == bytes(opened.raw(name))
        assert (view.shape(name), view.code(name)) == (opened.shape(name), opened.code(name))
    assert same(view.permutations, alignment.inverse(permutations))
    assert same(alignment.apply(copy, view.permutations), opened.state_dict())


def test_a_recipe_and_a_sweep_align_to_the_base_or_to_a_member(tmp_path):
    """Of a member and a permuted copy of it nothing is left to average, whatever the base is."""
    first = tiny_models.model(1)
    paths = {"a": tiny_models.save(first, tmp_path / "a")}
    base = tiny_models.save(tiny_models.model(0), tmp_path / "base")
    permuted, _ = copy_of(first, 1, alignment.DEFAULT)
    second = tiny_models.model(1)
    second.load_state_dict(permuted)
    paths["b"] = tiny_models.save(second, tmp_path / "b")
    made = {}
    for to in ("a", True, False):
        recipe = recipes.make_recipe(base, paths, "linear", {}, align=to)
        made[to] = tiny_models.load(merging.merge_files(recipe, tmp_path / f"to-{to}"))
        for _, tensors in merging.Sweep(base, paths, "linear", align=to).points([{}]):
            assert all(torch.equal(tensors[name], made[to][name]) for name in tensors)
    own = tiny_models.load(paths["a"])
    assert all(torch.allclose(made["a"][name], own[name], atol=1e-7) for name in own)
    assert not all(torch.allclose(made[False][name], own[name], atol=1e-3) for name in own)


def test_the_engine_merges_a_view():
    base = tiny_models.model(0)
    state = base.state_dict()
    permuted, _ = copy_of(base, 1, alignment.DEFAULT)
    view = alignment.align(state, permuted, base.config)
    merged = merging.merge(state, {"a": state, "b": view}, "linear")
    assert same(merged, state)
    assert not same(merging.merge(state, {"a": state, "b": permuted}, "linear"), state)
