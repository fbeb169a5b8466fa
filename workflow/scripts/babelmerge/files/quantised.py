"""Quantised weights are refused: an average of codes, or of scales, is no average of weights.

They are told by the config, by tensors that only quantisers write beside weights (scales, zero
points, codebooks), and by weights that are whole numbers or floats of eight bits and fewer. Reads
nothing but what it is given.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from babelmerge.words.showing import plain

LONG = 40  # characters of a method's name in a message
# Keys of a config.json under which quantisers write what they did.
KEYS = ("quantization_config", "compression_config", "quantization")
# Ends of names of what lies beside or in place of quantised weights -> who writes them.
COMPANIONS = {
    ".absmax": "bitsandbytes",
    ".quant_map": "bitsandbytes",
    ".nested_absmax": "bitsandbytes",
    ".nested_quant_map": "bitsandbytes",
    ".SCB": "bitsandbytes",
    ".weight_format": "bitsandbytes",
    ".qweight": "GPTQ or AWQ",
    ".qzeros": "GPTQ or AWQ",
    ".g_idx": "GPTQ or AWQ",
    ".scales": "GPTQ or AWQ",
    "_scale_inv": "FP8",
    ".weight_scale": "FP8 or compressed-tensors",
    ".input_scale": "FP8 or compressed-tensors",
    ".weight_scale_2": "NVFP4",
    ".weight_packed": "compressed-tensors",
    ".weight_shape": "compressed-tensors",
    ".weight_zero_point": "compressed-tensors",
    ".weight_global_scale": "compressed-tensors",
    ".input_global_scale": "compressed-tensors",
    "_blocks": "MXFP4",
    ".W_q": "HQQ",
    ".codebooks": "AQLM",
    "._data": "quanto",
    "_qdata": "torchao",
}
STATE = ".quant_state."  # of bitsandbytes, within a name
SMALL_FLOATS = ("F8", "F6_", "F4")  # starts of dtype codes; F64 is none
WHOLE = ("I8", "U8", "I16", "U16", "I32", "U32", "I64", "U64")
# Ends of buffers of whole numbers that are no weights; the last is of experts by token (DeepSeek).
COUNTED = ("bias", "mask", "ids", "index", "tid2eid")
UNQUANTISED = (
    "give the model that it was quantised from (on the hub mostly the same name without -bnb-4bit, "
    "-GPTQ, -AWQ, -FP8 and the like), or dequantise it, {how}"
)
SAVED = "in transformers from_pretrained(DIR{}){}.save_pretrained(NEW), and give NEW"
HOW = {
    "BITSANDBYTES": SAVED.format("", ".dequantize()"),
    "FP8": SAVED.format(", quantization_config=FineGrainedFP8Config(dequantize=True)", ""),
    "MXFP4": SAVED.format(", quantization_config=Mxfp4Config(dequantize=True)", ""),
    "COMPRESSED-TENSORS": SAVED.format(
        ", quantization_config=CompressedTensorsConfig(dequantize=True)", ""
    ),
}
ELSEWHERE = "by the library that quantised it, and give what that saves"
Facts = Mapping[str, tuple[str, tuple[int, ...]]]  # name -> (dtype code, shape)


def refuse(where: str | Path, config: Mapping[str, Any], tensors: Facts) -> None:
    """ValueError when a model's config or tensors are those of a quantised one.

    where: what a message calls the model.
    """
    method = _configured(config)
    name, maker = next(_told(tensors), (None, None))
    if name is None and method is None:
        return
    remedy = UNQUANTISED.format(how=_how(str(method or maker)))
    if name is None:
        raise ValueError(
            f"{where}: config.json says that the weights are quantised ({method}), the files hold "
            "none that are; take quantization_config out of config.json if they were dequantised "
            f"already, else {remedy}"
        )
    code, shape = tensors[name]
    raise ValueError(
        f"{where}: is quantised ({method or maker}): {name} is {code} {tuple(shape)}; expected "
        f"weights in bfloat16, float16 or float32, which can be averaged and compared; {remedy}"
    )


def _configured(config: Mapping[str, Any]) -> str | None:
    """The method that a config names, its own or a part's (text_config)."""
    for part in (config, *(value for value in config.values() if isinstance(value, Mapping))):
        for key in KEYS:
            if found := part.get(key):
                name = found.get("quant_method", key) if isinstance(found, Mapping) else found
                return plain(name, LONG)
    return None


def _told(tensors: Facts) -> Iterator[tuple[str, str]]:
    """(name, who wrote it) of tensors that are not plain weights; what names its maker first."""
    ends = tuple(COMPANIONS)
    for name in tensors:
        if STATE in name:
            yield name, "bitsandbytes"
        if name.endswith(ends):
            yield name, next(maker for end, maker in COMPANIONS.items() if name.endswith(end))
    for name, (code, shape) in tensors.items():
        if code.startswith(SMALL_FLOATS):
            yield name, "FP8" if code.startswith("F8") else code
        elif code in WHOLE and _is_weight(name, shape):
            yield name, f"whole numbers of {code[1:]} bits"


def _is_weight(name: str, shape: tuple[int, ...]) -> bool:
    last = name.rpartition(".")[2]
    many = len(shape) > 1 and not last.endswith(COUNTED)
    return last.endswith(("weight", "weights")) or many


def _how(method: str) -> str:
    return next((how for key, how in HOW.items() if method.upper().startswith(key)), ELSEWHERE)
