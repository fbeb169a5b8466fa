"""What two config.json make of equal weights: the same, however they are written, or not.

Every key is compared, those of parts (text_config) too, but for a list of harmless ones. What a
file leaves out has the value that transformers' own class gives it, which also knows older forms
(rope_theta and rope_scaling for rope_parameters); it is asked where two files differ, and imported
then. Writes nothing; runs no code of a model's.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from babelmerge.files import ties
from babelmerge.words.showing import shown

# What changes nothing that a model computes from a text, or nothing but its last bits; and what
# is compared elsewhere: shapes, ties, quantised weights.
HARMLESS = frozenset(
    """
    transformers_version name_or_path dtype torch_dtype architecture_version auto_map use_cache
    tokenizer_class model_max_length max_position_embeddings vocab_size decoder_vocab_size
    vocab_size_per_layer_input n_ctx
    seq_length tie_word_embeddings quantization_config
    bos_token_id eos_token_id pad_token_id sep_token_id cls_token_id decoder_start_token_id
    forced_bos_token_id forced_eos_token_id prefix bad_words_ids suppress_tokens
    begin_suppress_tokens max_length min_length max_new_tokens do_sample early_stopping num_beams
    num_beam_groups diversity_penalty temperature top_k top_p typical_p repetition_penalty
    length_penalty no_repeat_ngram_size encoder_no_repeat_ngram_size num_return_sequences
    exponential_decay_length_penalty remove_invalid_values return_dict return_dict_in_generate
    output_attentions output_hidden_states output_scores output_router_logits
    router_aux_loss_coef router_z_loss_coef router_jitter_noise aux_loss_alpha seq_aux
    num_labels id2label label2id problem_type finetuning_task task_specific_params
    attn_implementation use_flash_attn use_flash_attention use_bfloat16 fp16 bf16 fp32 torchscript
    tf_legacy_loss gradient_checkpointing pretraining_tp chunk_size_feed_forward
    reorder_and_upcast_attn keys_to_ignore_at_inference cache_implementation trust_remote_code
    use_flash_attention_2 use_reentrant model_parallel neftune_noise_alpha attn_impl ep_size
    use_mamba_kernels use_cache_kernel use_cache_quantization num_logits_to_keep
    calc_logits_for_entire_prompt reference_compile deterministic_flash_attn sparse_prediction
    sparse_pred_ignore_index repad_logits_with_grad
    """.split()
)
STARTS = ("_", "unsloth", "summary_", "init_", "initializer_")
ENDS = ("dropout", "dropout_prob", "pdrop", "layerdrop")
# Names of one activation function.
ACTIVATIONS = {
    "swish": "silu",
    "gelu_python": "gelu",
    "gelu_new": "gelu_pytorch_tanh",
    "gelu_fast": "gelu_pytorch_tanh",
    "gelu_accurate": "gelu_pytorch_tanh",
}
UNSAID = "architectures"  # that one file has no word on it is no difference
BY_GEMMA = "hidden_activation"  # by which all but its first go, whatever hidden_act is
CLASSIFIER, UNNAMED = "Classification", "LABEL_"
LIMIT, FIRST = "max_position_embeddings", "original_max_position_embeddings"
# Rotary embeddings that are stretched by a factor, LIMIT over FIRST where a config has none.
STRETCHED = ("llama3", "yarn", "longrope", "su")
# Classes that number positions from the padding token's id on, and pass over that token.
PAD = "pad_token_id"
FROM_PAD = frozenset(
    """
    roberta xlm-roberta xlm-roberta-xl roberta-prelayernorm camembert xmod data2vec-text longformer
    luke mpnet ibert esm m2m_100 nllb-moe seamless_m4t seamless_m4t_v2
    fsmt layoutlmv3 lilt markuplm trocr speech_to_text speecht5 evolla EvollaModel
    altclip_text_model bridgetower_text_model clap_text_model kosmos_2_text_model
    kosmos_2_5_text_model
    """.split()
)
MOST = 10_000  # layers of a config that a class is asked about: it may list them all
ROPE = "rope"  # in the names of what holds rotary settings
LONG = 60  # characters of a value in a message


class Difference(NamedTuple):
    """A key under which two configs differ; None: it is not there and has no default."""

    key: str
    ours: Any
    theirs: Any

    def __str__(self) -> str:
        return f"{self.key} {_shown(self.ours)} and {_shown(self.theirs)}"

    @property
    def is_off(self) -> bool:
        """Whether it is a switch that one file has, off, and no class knows."""
        return (self.ours, self.theirs) in ((False, None), (None, False))


class Comparison(NamedTuple):
    """differences: of what is computed. unsettled: keys of one file that no class knows."""

    differences: tuple[Difference, ...]
    unsettled: tuple[Difference, ...]


def compare(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> Comparison:
    """Whether two config.json make the same of equal weights, see above."""
    left, right = (dict(_flat(config)) for config in (ours, theirs))
    labels = _other(*map(_labels, (ours, theirs)))
    told = _other(left, right)
    plain = left.keys() == right.keys() and ties.said(ours) == ties.said(theirs)
    if (plain and not told) or "model_type" in told:
        return Comparison((*told.values(), *labels.values()), ())
    full = [resolved(config) for config in (ours, theirs)]
    known = None not in full
    if known:
        left, right = (dict(_flat(config, True)) for config in full)
        told = {k: one for k, one in told.items() if k not in left or left[k] != right.get(k)}
    unlike = {
        key: Difference(key, left.get(key), right.get(key))
        for key in {**left, **right}
        if left.get(key) != right.get(key) and key not in told and not key.endswith(UNSAID)
    }
    unlike = {key: one for key, one in unlike.items() if not one.is_off}
    sure = {
        k: one for k, one in unlike.items() if known and (k in left and k in right or ROPE in k)
    }
    unsettled = [one for key, one in unlike.items() if key not in sure]
    return Comparison((*told.values(), *labels.values(), *sure.values()), tuple(unsettled))


def _other(left: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, Difference]:
    """What both have, and not alike."""
    keys = (key for key in left if key in right and left[key] != right[key])
    return {key: Difference(key, left[key], right[key]) for key in keys}


def _labels(config: Mapping[str, Any]) -> dict[str, str]:
    """What the rows of a classifier's head stand for, where that is said; any case is the same."""
    kinds, names = config.get(UNSAID), config.get("id2label")
    classifies = isinstance(kinds, list) and any(str(one).endswith(CLASSIFIER) for one in kinds)
    given = names.items() if classifies and isinstance(names, Mapping) else ()
    return {f"id2label.{n}": str(v).lower() for n, v in given if not str(v).startswith(UNNAMED)}


def spelt_alike(ours: Mapping[str, Any], theirs: Mapping[str, Any]) -> bool:
    """Whether two config.json differ in spelling alone: no value differs once both are resolved."""
    if compare(ours, theirs).differences:
        return False
    full = [resolved(config) for config in (ours, theirs)]
    if None in full:
        return False
    left, right = (dict(_flat(config, True, ())) for config in full)
    dtypes = [config.get("dtype", config.get("torch_dtype")) for config in (ours, theirs)]
    return left == right and dtypes[0] == dtypes[1]


def retold(config: Mapping[str, Any], tied: bool) -> dict[str, Any]:
    """A config that says whether head and embeddings are tied.

    As it is where its class takes that for something else too: T5 scales its outputs by it.
    """
    new = ties.retold(config, tied)
    full = [resolved(one) for one in (config, new)]
    left, right = (dict(_flat(one or {}, True)) for one in full)
    return new if left == right else dict(config)


def ties_by_default(config: Mapping[str, Any]) -> bool:
    """Whether the class of a config that does not say so ties the head to the embeddings."""
    return bool((resolved(config) or {}).get("tie_word_embeddings"))


def is_known(config: Mapping[str, Any]) -> bool:
    """Whether transformers has a class for a config."""
    from transformers import CONFIG_MAPPING

    kind = config.get("model_type")
    return isinstance(kind, str) and kind in CONFIG_MAPPING


def resolved(config: Mapping[str, Any]) -> dict[str, Any] | None:
    """A config.json as transformers' class reads it, with all defaults; None where there is none.

    Left out are its dtype, since a class would import torch for it, and its number of labels, each
    of which a class would name.
    """
    return made(config, lambda one: _filled(one.to_dict()))


def made(config: Mapping[str, Any], then: Callable[[Any], Any] = lambda one: one) -> Any:
    """What is made of transformers' own object of a config; None where there is none."""
    from transformers import CONFIG_MAPPING

    left_out = ("dtype", "torch_dtype", "num_labels")
    given = {key: value for key, value in config.items() if key not in left_out}
    kind = given.pop("model_type", None)
    if not is_known(config) or _is_endless(given):
        return None
    present = {key: value for key, value in given.items() if value is not None}
    for attempt in (given, present):  # some classes take no null
        try:
            return then(CONFIG_MAPPING[kind](**attempt))
        except Exception:  # each class of configs has errors of its own
            continue
    return None


def _is_endless(config: Mapping[str, Any]) -> bool:
    """Whether a config has more layers than there are, each of which a class may list."""
    parts = (config, *(value for value in config.values() if isinstance(value, Mapping)))
    numbers = [value for part in parts for key, value in part.items() if "layer" in str(key)]
    return any(isinstance(one, int | float) and not one <= MOST for one in numbers)


def _filled(config: dict[str, Any]) -> dict[str, Any]:
    """With the sizes of heads and layers where a class leaves them to its model."""
    parts = {k: _filled(v) if isinstance(v, dict) else v for k, v in config.items()}
    width, heads = parts.get("hidden_size"), parts.get("num_attention_heads")
    whole = isinstance(width, int) and isinstance(heads, int) and heads > 0
    if whole and parts.get("head_dim") is None:
        parts["head_dim"] = width // heads
    if "n_inner" in parts and parts["n_inner"] is None and isinstance(parts.get("n_embd"), int):
        parts["n_inner"] = 4 * parts["n_embd"]  # GPT-2 and its like
    return parts


def _flat(
    config: Mapping[str, Any], nulls: bool = False, left_out=HARMLESS, start: str = ""
) -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of all that counts, spelt in one way. nulls: those too."""
    counted = (LIMIT,) if _goes_by_limit(config) else ()
    counted += (PAD,) if config.get("model_type") in tuple(FROM_PAD) else ()
    unused = set(_unused(config)) if left_out else ()
    for key, value in config.items():
        name = str(key)
        value = None if name in unused else value
        harmless = name in left_out or name.startswith(STARTS) or name.endswith(ENDS)
        if left_out and harmless and name not in counted:
            continue
        if ROPE in start and name == "type":
            if "rope_type" in config:
                continue
            name = "rope_type"
        if isinstance(value, Mapping):
            yield from _flat(value, nulls, left_out, f"{start}{name}.")
        elif nulls or value is not None:
            yield f"{start}{name}", _spelt(name, value)


def _unused(config: Mapping[str, Any]) -> Iterator[str]:
    """Keys whose value says nothing: windows that no text is longer than, and names of old.

    Bases and what was tuned from them differ in these, as Qwen2.5 and its Instruct do.
    """
    window, limit = config.get("sliding_window"), config.get(LIMIT)
    if isinstance(window, int) and isinstance(limit, int) and window >= limit:
        yield "sliding_window"
    if not config.get("use_sliding_window"):
        yield "max_window_layers"
    if config.get(BY_GEMMA) and config.get("model_type") != "gemma":  # whose first looks at both
        yield "hidden_act"


def _goes_by_limit(config: Mapping[str, Any]) -> bool:
    """Whether rotary embeddings depend on how long texts may be, as a config says it."""
    given = [value for key, value in config.items() if ROPE in str(key)]
    given = [one for one in given if isinstance(one, Mapping)]
    given += [one for kinds in given for one in kinds.values() if isinstance(one, Mapping)]
    for one in given:
        kind = one.get("rope_type", one.get("type"))
        said = one.get("factor") is not None and (FIRST in one or FIRST in config)
        if kind == "dynamic" or (kind in STRETCHED and not said):
            return True
    return False


def _spelt(key: str, value: Any) -> Any:
    if key == "architectures" and isinstance(value, list):
        return [str(name).lower() for name in value]
    if "act" in key and isinstance(value, str):
        return ACTIVATIONS.get(value, value)
    return value


def _shown(value: Any) -> str:
    return "nothing" if value is None else shown(value, LONG - 1)
