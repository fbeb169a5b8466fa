"""Small models of many families, by transformers' own classes."""

import torch
from tiny_training import make_tokenizer
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    Gemma2Config,
    Gemma3TextConfig,
    GemmaConfig,
    LlamaConfig,
    MistralConfig,
    Qwen2Config,
    Qwen3Config,
)

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
    known = AutoConfig.for_model(kind).to_dict()
    sizes = {key: value for key, value in SIZES.items() if key in known} | changes
    sizes |= {"pad_token_id": 0} if "pad_token_id" in known else {}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes)).eval()


# Of these, alignment knows where their units sit.
CONFIGS = {
    "qwen2": Qwen2Config,
    "qwen3": Qwen3Config,
    "llama": LlamaConfig,
    "mistral": MistralConfig,
    "gemma": GemmaConfig,
    "gemma2": Gemma2Config,
    "gemma3": Gemma3TextConfig,
}


def config(family="qwen2", kv=2, tied=True, **changes):
    sizes = {
        "hidden_size": 24,
        "intermediate_size": 20,
        "num_hidden_layers": 2,
        "num_attention_heads": 4,
        "head_dim": 6,
        "vocab_size": 40,
        "max_position_embeddings": 64,
    }
    sizes |= {"num_key_value_heads": kv, "tie_word_embeddings": tied, "dtype": "float64", **changes}
    return CONFIGS[family](**sizes)


def model(config, seed=0):
    """A model with noise in every parameter: norms and biases start as ones and zeros otherwise."""
    generator = torch.Generator().manual_seed(seed)
    made = AutoModelForCausalLM.from_config(config).double().eval()
    with torch.no_grad():
        for parameter in made.parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            parameter.copy_(0.3 * noise + (parameter.dim() == 1))
    return made
