"""Which dimensions of which tensors of a decoder count the same units, and how units may move.

A decoder block computes the same function when its units are renamed consistently. Each dimension
of a parameter has a role here, what it counts, and each role follows one permutation:

- neurons: rows of gate and up, columns of down. Any order, as the activation acts on each alone.
- heads: queries (rows of q, columns of o) and, by group, keys and values (rows of k and v). A query
  head reads one KV group, so heads move within their group, and groups move whole.
- values: the inner dimensions of the values of a group, and what of o reads them. Nothing between
  acts on one of them alone.
- residual: the width of the model: columns of what reads the stream, rows of what writes to it,
  norm weights (a root mean square is the same in any order) and columns of the embeddings; a tied
  head is the same tensor and moves along. One permutation for the whole model.

What may not move: inner dimensions of queries and keys, because each pair turns at a frequency of
its own (rotary embeddings); rows of the embeddings (the vocabulary); blocks. Norms over one head
(q_norm and k_norm of Qwen3 and Gemma 3) are shared by all heads, so heads still move. Rotations of
the stream, which other methods use, have norm weights to cope with and are no permutations.

Names only: no tensors, no torch.
"""

from collections.abc import Mapping, Sequence
from typing import Any

FAMILIES = ("gemma", "gemma2", "gemma3_text", "llama", "mistral", "qwen2", "qwen3")
REASONS = {
    "gemma3": "its decoder sits in a multimodal model; save model.language_model (gemma3_text)",
    "phi3": "it fuses q, k and v, and gate and up, whose rows would have to be split first",
}
EMBEDDINGS = "embed_tokens.weight"
SYMMETRIES = ("neurons", "heads", "values", "residual")

Roles = tuple[str | None, ...]

# Within a block: tensor -> what each of its dimensions counts (None: nothing that moves).
_BLOCK: dict[str, Roles] = {
    "self_attn.q_proj.weight": ("queries", "residual"),
    "self_attn.q_proj.bias": ("queries",),
    "self_attn.k_proj.weight": ("keys", "residual"),
    "self_attn.k_proj.bias": ("keys",),
    "self_attn.v_proj.weight": ("values", "residual"),
    "self_attn.v_proj.bias": ("values",),
    "self_attn.o_proj.weight": ("residual", "outputs"),
    "self_attn.o_proj.bias": ("residual",),
    "self_attn.q_norm.weight": (None,),
    "self_attn.k_norm.weight": (None,),
    "self_attn.rotary_emb.inv_freq": (None,),
    "mlp.gate_proj.weight": ("neurons", "residual"),
    "mlp.gate_proj.bias": ("neurons",),
    "mlp.up_proj.weight": ("neurons", "residual"),
    "mlp.up_proj.bias": ("neurons",),
    "mlp.down_proj.weight": ("residual", "neurons"),
    "mlp.down_proj.bias": ("residual",),
    "input_layernorm.weight": ("residual",),
    "post_attention_layernorm.weight": ("residual",),
    "pre_feedforward_layernorm.weight": ("residual",),
    "post_feedforward_layernorm.weight": ("residual",),
}
_OUTSIDE: dict[str, Roles] = {
    "embed_tokens.weight": (None, "residual"),
    "norm.weight": ("residual",),
    "rotary_emb.inv_freq": (None,),
    "lm_head.weight": (None, "residual"),
}
_NEEDED = tuple(f"{part}_proj.weight" for part in ("mlp.gate", "mlp.up", "mlp.down")) + tuple(
    f"self_attn.{part}_proj.weight" for part in "qkvo"
)


def require_family(facts: Mapping[str, Any]) -> None:
    family = facts.get("model_type")
    if family in FAMILIES:
        return
    reason = REASONS.get(family, "where its units sit is not written down")
    if "moe" in str(family) or facts.get("num_experts") or facts.get("num_local_experts"):
        reason = "its experts would have to be matched among themselves first"
    raise ValueError(
        f"alignment does not know model_type {family!r}: {reason}; it knows "
        f"{', '.join(FAMILIES)}; merge this model without alignment"
    )


def prefix_of(names: Sequence[str]) -> str:
    found = [name for name in names if name.endswith(EMBEDDINGS)]
    if len(found) != 1:
        raise ValueError(f"alignment: found {found} as embeddings, expected one {EMBEDDINGS}")
    return found[0].removesuffix(EMBEDDINGS)


def require_names(names: Sequence[str], blocks: Sequence[str]) -> None:
    needed = [f"{block}.{part}" for block in blocks for part in _NEEDED]
    if missing := sorted(set(needed) - set(names)):
        raise ValueError(
            f"alignment: the model lacks {missing[0]} ({len(missing)} such tensors), which its "
            "config says it has; give the config.json of this model"
        )


def roles_of(name: str, prefix: str, blocks: Sequence[str]) -> tuple[str, Roles]:
    inside = name.removeprefix(prefix)
    if inside.startswith("layers."):
        _, number, part = inside.split(".", 2)
        block = f"{prefix}layers.{number}"
        if block in blocks and part in _BLOCK:
            return block, _BLOCK[part]
    elif inside in _OUTSIDE:
        return "", _OUTSIDE[inside]
    raise ValueError(
        f"alignment does not know the tensor {name} and what would have to move in it; "
        "merge this model without alignment"
    )
