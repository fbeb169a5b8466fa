"""The units of one decoder: how many there are, which permutations it has, what each one moves.

`roles` says what each dimension of each tensor counts; here that meets a model's names,
shapes and config. Reads no tensors.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import torch
from torch import Tensor

from babelmerge.merging.alignment.roles import (
    Roles,
    prefix_of,
    require_family,
    require_names,
    roles_of,
)
from babelmerge.merging.streaming.members import Member
from babelmerge.recipes.points import nearest

Permutations = Mapping[str, Tensor]


class HasConfig(Protocol):
    """A config object of transformers."""

    def to_dict(self) -> dict[str, Any]: ...


Config = Mapping[str, Any] | HasConfig  # config.json, or what transformers reads of it


@dataclass(frozen=True)
class Layout:
    """The units of one decoder. roles: tensor -> (its block, or "", and a role per dimension)."""

    heads: int
    groups: int
    head_dim: int
    neurons: int
    width: int
    blocks: tuple[str, ...]
    roles: Mapping[str, tuple[str, Roles]]

    @property
    def heads_per_group(self) -> int:
        return self.heads // self.groups

    def sizes(self) -> dict[str, int]:
        """Every permutation that this model has -> its length."""
        found = {}
        for block in self.blocks:
            found[neurons_key(block)] = self.neurons
            found[heads_key(block)] = self.heads
            found[values_key(block)] = self.groups * self.head_dim
        return {**found, "residual": self.width}

    def identity(self) -> dict[str, Tensor]:
        """The permutations that leave the model as it is."""
        return {key: torch.arange(size) for key, size in self.sizes().items()}

    def group_order(self, heads: Tensor) -> Tensor:
        """The order of KV groups that an order of query heads implies."""
        return heads[:: self.heads_per_group] // self.heads_per_group

    def complete(self, permutations: Permutations) -> dict[str, Tensor]:
        """All permutations of the model: what is not given stays, values stay with their groups.

        ValueError for a key that the model lacks, for what is no permutation of the right length,
        for heads that leave their group, and values that are not where their heads' group is.
        """
        sizes = self.sizes()
        for key in permutations:
            if key not in sizes:
                raise ValueError(f"alignment: no permutation {key!r} here; {nearest(key, sizes)}")
        given = {key: torch.as_tensor(order) for key, order in permutations.items()}
        whole = {**self.identity(), **given}
        for key, size in sizes.items():
            _require_permutation(key, whole[key], size)
        for block in self.blocks:
            groups = self._require_whole_groups(heads_key(block), whole[heads_key(block)])
            if values_key(block) not in permutations:
                whole[values_key(block)] = rows(groups, self.head_dim)
            elif not torch.equal(_unit(whole[values_key(block)], self.head_dim), groups):
                raise ValueError(
                    f"{values_key(block)}: does not follow its KV groups, whose order is "
                    f"{groups.tolist()} by {heads_key(block)}; leave it out to move them whole"
                )
        return whole

    def index(self, name: str, dim: int, permutations: Permutations) -> Tensor | None:
        """Where each position of a dimension is taken from; None when it stays as it is.

        permutations: complete ones.
        """
        block, roles = self.roles[name]
        role = roles[dim]
        if role is None:
            return None
        order = self._order(role, block, permutations)
        return None if torch.equal(order, torch.arange(len(order))) else order

    def _order(self, role: str, block: str, permutations: Permutations) -> Tensor:
        if role == "residual":
            return permutations["residual"]
        if role == "neurons":
            return permutations[neurons_key(block)]
        heads, values = permutations[heads_key(block)], permutations[values_key(block)]
        if role == "queries":
            return rows(heads, self.head_dim)
        if role == "keys":
            return rows(self.group_order(heads), self.head_dim)
        if role == "values":
            return values
        inner = values.view(self.groups, self.head_dim) % self.head_dim
        inner = inner.repeat_interleave(self.heads_per_group, dim=0)
        return (heads[:, None] * self.head_dim + inner).reshape(-1)

    def _require_whole_groups(self, key: str, heads: Tensor) -> Tensor:
        groups = self.group_order(heads)
        expected = groups.repeat_interleave(self.heads_per_group)
        if not torch.equal(heads // self.heads_per_group, expected):
            raise ValueError(
                f"{key}: {heads.tolist()} takes heads out of their KV group; with {self.groups} "
                f"groups each {self.heads_per_group} neighbours must stay together"
            )
        return groups


def neurons_key(block: str) -> str:
    return f"{block}.mlp.neurons"


def heads_key(block: str) -> str:
    return f"{block}.self_attn.heads"


def values_key(block: str) -> str:
    return f"{block}.self_attn.values"


def rows(units: Tensor, size: int) -> Tensor:
    """The rows of units that have `size` rows each, in the units' order."""
    return (units[:, None] * size + torch.arange(size)).reshape(-1)


def layout_of(model: Member, config: Config) -> Layout:
    """The units of a model: `names` and `shape(name)` of a member; config.json or a config object.

    ValueError for an architecture that is not known (all are listed), for a tensor whose place is
    not known, a tensor that is missing and shapes that do not fit the config.
    """
    facts = dict(config if isinstance(config, Mapping) else config.to_dict())
    require_family(facts)
    prefix = prefix_of(model.names)
    blocks = tuple(f"{prefix}layers.{number}" for number in range(facts["num_hidden_layers"]))
    heads = facts["num_attention_heads"]
    groups = facts.get("num_key_value_heads") or heads
    first = f"{blocks[0]}.self_attn.q_proj.weight"
    require_names(model.names, blocks)
    if heads % groups:
        raise ValueError(f"config.json: {heads} heads cannot share {groups} KV groups evenly")
    layout = Layout(
        heads=heads,
        groups=groups,
        head_dim=model.shape(first)[0] // heads,
        neurons=facts["intermediate_size"],
        width=facts["hidden_size"],
        blocks=blocks,
        roles={name: roles_of(name, prefix, blocks) for name in model.names},
    )
    _require_shapes(model, layout)
    return layout


def _require_shapes(model: Member, layout: Layout) -> None:
    sizes = {
        "queries": layout.heads * layout.head_dim,
        "outputs": layout.heads * layout.head_dim,
        "keys": layout.groups * layout.head_dim,
        "values": layout.groups * layout.head_dim,
        "neurons": layout.neurons,
        "residual": layout.width,
    }
    for name, (_, roles) in layout.roles.items():
        shape = model.shape(name)
        expected = tuple(sizes.get(role, size) for role, size in zip(roles, shape, strict=False))
        if len(shape) != len(roles) or shape != expected:
            raise ValueError(
                f"{name}: has shape {shape}, its config asks for {expected} ({layout.heads} heads, "
                f"{layout.groups} KV groups); give the config.json of this model"
            )


def _require_permutation(key: str, order: Tensor, size: int) -> None:
    if order.shape != (size,) or not torch.equal(order.sort().values, torch.arange(size)):
        raise ValueError(
            f"{key}: is no permutation of 0..{size - 1} (shape {tuple(order.shape)}); "
            "match the models again"
        )


def _unit(order: Tensor, size: int) -> Tensor:
    """The order of units of `size` rows that an order of rows keeps whole; empty if it does not."""
    units = order.view(-1, size) // size
    return units[:, 0] if bool((units == units[:, :1]).all()) else units.new_empty(0)
