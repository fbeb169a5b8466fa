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
}
FAMILIES = ["qwen2", "qwen3", "llama", "mistral", "gemma", "gemma2", "gemma3_text", "olmo2", "glm"]
FAMILIES += ["phi3", "cohere2"]


def family(kind, **changes):
    from transformers import AutoConfig, AutoModelForCausalLM

    known = AutoConfig.for_model(kind).to_dict()
    sizes = {key: value for key, value in SIZES.items() if key in known} | changes
    sizes |= {"pad_token_id": 0} if "pad_token_id" in known else {}
    torch.manual_seed(0)
    return AutoModelForCausalLM.from_config(AutoConfig.for_model(kind, **sizes)).eval()
