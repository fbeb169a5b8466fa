"""Random bases: a model of any decoder architecture from a mapping and a seed."""

from collections.abc import Mapping

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from babelmerge.words.showing import shown
from babelmerge.words.spelling import hint


def initialise(architecture: Mapping, vocab_size: int, seed: int, tokenizer=None):
    """A seeded, randomly initialised causal language model in float32 on the CPU.

    architecture: `model_type` (qwen2, llama, …) and settings of that type's config, such as
    hidden_size. The tokenizer, where given, says which tokens begin and end a text: by their type
    models have others. The same arguments give the same weights. Raises ValueError for an unknown
    model type or setting.
    """
    settings = dict(architecture)
    model_type = settings.pop("model_type", None)
    try:
        usual = AutoConfig.for_model(model_type)
    except ValueError as error:
        raise ValueError(
            f"base.architecture.model_type: found {shown(model_type)}, expected a decoder that "
            "transformers knows, such as qwen2 or llama"
        ) from error
    aliases = usual.attribute_map
    known = dict.fromkeys((*usual.to_dict(), *aliases, *aliases.values()))
    for key in settings:
        if key not in known:
            raise ValueError(
                f"base.architecture: {model_type} has no setting {shown(key)}{hint(key, known)}"
            )
    if tokenizer is not None:
        settings |= {key: getattr(tokenizer, key) for key in ("bos_token_id", "eos_token_id")}
    config = AutoConfig.for_model(model_type, **{**settings, "vocab_size": vocab_size})
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return AutoModelForCausalLM.from_config(config, dtype=torch.float32)
