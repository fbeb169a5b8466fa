"""The check of `base.architecture`: is it something that transformers can make a decoder of?"""

import math
from collections.abc import Mapping
from typing import Any

from babelmerge.study.grammar import decoders
from babelmerge.study.grammar.decoders import ANY, Configuration, Setting
from babelmerge.words.showing import shown
from babelmerge.words.spelling import listed, nearest
from babelmerge.words.strict import wrong

# Sizes by the names that most decoders have for them; a configuration's aliases are the others.
SIZES = (
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "max_position_embeddings",
)
FLOATS = ("float32", "bfloat16", "float16")
ACTIVATIONS = ("hidden_act", "hidden_activation", "activation_function", "activation")
_TYPES = {"int": int, "float": float, "bool": bool, "str": str, "list": list, "dict": dict}
_WORDS = {
    "int": "a whole number",
    "float": "a number with a point, such as 1.0",
    "bool": "true or false",
    "str": "text",
    "list": "a list",
    "dict": "a mapping",
}


def check(architecture: Mapping[str, Any]) -> None:
    """Raise for a model type or setting that there is none of, and for values that can't be."""
    asked = {key: value for key, value in architecture.items() if key != "model_type"}
    model_type, types = architecture["model_type"], decoders.known()
    if not isinstance(model_type, str) or types and model_type not in types:
        expected = "a decoder that transformers knows, such as qwen2 or llama"
        raise wrong(f"model_type {shown(model_type)}", expected, nearest(model_type, types))
    known = decoders.configuration(model_type)
    for key, value in asked.items():
        if not _finite(value):
            raise wrong(f"{key}: {shown(value)}", "finite numbers")
        if known is not None:
            _check_name(model_type, known, key)
            _check_value(key, value, _setting(known, key))
    if known is not None:
        _check_sizes(known, asked)
        _check_heads(known, asked)


def _check_name(model_type: str, known: Configuration, key: str) -> None:
    if key not in known.settings and key not in known.aliases:
        remedy = nearest(key, (*known.settings, *known.aliases))
        raise wrong(f"unknown key {shown(key)}", f"a setting of {model_type}", remedy)


def _check_value(key: str, value: Any, setting: Setting) -> None:
    types = setting.types
    if ANY not in types and not any(_is(value, name) for name in types):
        expected = " or ".join(word for name, word in _WORDS.items() if name in types)
        raise wrong(f"{key}: {shown(value)}", expected)
    if isinstance(value, int | float) and not setting.low <= value <= setting.high:
        raise wrong(f"{key}: {shown(value)}", f"a number from {setting.low:g} to {setting.high:g}")
    words = {"dtype": FLOATS, **dict.fromkeys(ACTIVATIONS, decoders.activations())}.get(key)
    if words and isinstance(value, str) and value not in words:
        raise wrong(f"{key}: {shown(value)}", f"one of {listed(words)}", nearest(value, words))


def _setting(known: Configuration, key: str) -> Setting:
    own = known.settings.get(key) or known.settings.get(known.aliases.get(key, key))
    return own or Setting()


def _check_sizes(known: Configuration, asked: Mapping[str, Any]) -> None:
    for size in SIZES:
        name, value = _size(known, asked, size)
        if name in asked and value is not None and value < 1:
            raise wrong(f"{name}: {value}", "a whole number from 1")


def _check_heads(known: Configuration, asked: Mapping[str, Any]) -> None:
    """Heads share the hidden size evenly, and their keys and values are shared evenly by them."""
    hidden, hidden_size = _size(known, asked, "hidden_size")
    heads, number = _size(known, asked, "num_attention_heads")
    shared, groups = _size(known, asked, "num_key_value_heads")
    free = not {hidden, heads} & set(asked) or _heads_have_a_size(known, asked) and not known.even
    if hidden_size and number and hidden_size % number and not free:
        multiple = -(-hidden_size // number) * number
        expected = f"{hidden} that {heads} divides, such as {multiple}"
        raise wrong(f"{hidden} {hidden_size} with {heads} {number}", expected)
    if number and groups and number % groups:
        found = f"{heads} {number} with {shared} {groups}"
        raise wrong(found, f"{shared} that divides {heads}, such as {math.gcd(number, groups)}")


def _size(known: Configuration, asked: Mapping[str, Any], size: str) -> tuple[str, int | None]:
    """(a size's name as asked for, or as the type has it; its value where that is whole)."""
    name = size if size in asked else known.aliases.get(size, size)
    value = asked.get(name, _setting(known, name).default)
    return name, value if _is(value, "int") else None


def _heads_have_a_size(known: Configuration, asked: Mapping[str, Any]) -> bool:
    """Whether the size of a head is told, and is no share of the hidden size."""
    told = {**{name: setting.default for name, setting in known.settings.items()}, **asked}
    return any(name.endswith(("head_dim", "head_size")) and told[name] for name in told)


def _is(value: object, name: str) -> bool:
    kind = _TYPES[name]
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _finite(value: object) -> bool:
    if isinstance(value, Mapping):
        return all(map(_finite, value.values()))
    if isinstance(value, list):
        return all(map(_finite, value))
    return not isinstance(value, float) or math.isfinite(value)
