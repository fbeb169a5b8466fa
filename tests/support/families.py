"""Small models of many families, by transformers' own classes."""

import torch
from tiny_training import make_tokenizer

TOKENIZER = make_tokenizer()
SIZES = {
    "vocab_size": len(TOKENIZER),
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    # The same by other names, and what else is small.
    "n_embd": 32,
    "n_inner": 48,
    "ffn_dim": 48,
    "ffn_hidden_size": 48,
    "word_embed_proj_dim": 32,
    "n_layer": 3,
    "n_head": 4,
    "n_positions": 128,
    "rotary_dim": 4,
    "num_experts": 4,
    "num_local_experts": 4,
    "num_experts_per_tok": 2,
    "moe_intermediate_size": 16,
    "shared_expert_intermediate_size": 16,
}
FAMILIES = ["qwen2", "qwen3", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "olmo2", "glm"]
FAMILIES += ["phi3", "cohere2"]
UNGATED = ["gpt2", "gpt_neox", "bloom", "opt", "phi", "falcon", "gptj", "starcoder2", "nemotron"]
MIXTURES = ["mixtral", "qwen2_moe", "olmoe"]


def family(kind, **changes):
    from transformers import AutoConfig, AutoModelForCausalLM

    known = AutoConfig.for_model(kind).to_dict()
    sizes = {key: value for key, value in SIZES.items() if key in known} | changes
    sizes |= {"pad_token_id": 0} if "pad_token_id" in known else {}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes)).eval()
