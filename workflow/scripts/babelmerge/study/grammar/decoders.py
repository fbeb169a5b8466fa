"""What transformers' decoders can be told, read from its source; nothing of it is imported.

Importing transformers takes longer than a plan. A configuration there is a class whose annotated
fields are its settings, with types and defaults, so its lines say all. What is not written so
plainly is not known here, and `training.scratch` finds it when the base is made.
"""

import ast
import functools
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

ANY = "Any"  # the type of a setting that may be anything, as far as we know
# Types that YAML can write, by the names of those that a setting may have.
_TYPES = {name: name for name in ("int", "float", "bool", "str", "list", "dict", "ClassVar")}
_TYPES |= {"RopeParameters": "dict", "PreTrainedConfig": "dict"}
_NONE = ("tuple",)  # that YAML can't
_HEADS = re.compile(r"% self\.(?:num_attention_heads|n_heads?)\b")
_RANGE = re.compile(r"^interval\((?:min=([-\d.e]+))?(?:, )?(?:max=([-\d.e]+))?\)")


@dataclass(frozen=True)
class Setting:
    """types: names of its types. default: where it is plain. low, high: included."""

    types: frozenset[str] = frozenset({ANY})
    default: Any = None
    low: float = -math.inf
    high: float = math.inf


@dataclass
class Configuration:
    """What one type of model can be told.

    aliases: common name -> its own. even: refuses heads that do not divide the hidden size, also
    where their own size is given.
    """

    settings: dict[str, Setting] = field(default_factory=dict)
    aliases: dict[str, str] = field(default_factory=dict)
    even: bool = False


@functools.cache
def known() -> tuple[str, ...]:
    """The types of models that write from left to right; none where they can't be read."""
    text = _source("models/auto/modeling_auto.py")
    return tuple(_pairs(text, "MODEL_FOR_CAUSAL_LM_MAPPING_NAMES"))


@functools.cache
def activations() -> tuple[str, ...]:
    """The names of activation functions."""
    body = re.search(r"(?ms)^ACT2CLS = \{\n(.*?)^\}", _source("activations.py"))
    return tuple(re.findall(r'(?m)^ +"(\w+)":', body[1])) if body else ()


@functools.cache
def configuration(model_type: str) -> Configuration | None:
    """What a type of model can be told; None where its source does not say so plainly."""
    text = _source("models/auto/auto_mappings.py")
    name = _pairs(text, "CONFIG_MAPPING_NAMES").get(model_type)
    place = _place(model_type)
    own = _class(_source(f"models/{place}/configuration_{place}.py"), name)
    common = _class(_source("configuration_utils.py"), "PreTrainedConfig")
    if own is None or common is None or [ast.unparse(b) for b in own.bases] != [common.name]:
        return None
    found = Configuration()
    _add_fields(found, common)
    _add_fields(found, own)
    _add_others(found, own)
    return found


@functools.cache
def linear_maps(model_type: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Last names of a type's linear maps, and of all else in it that may be one as far as is known.

    Nothing where its source can't be read.
    """
    place = _place(model_type)
    text = _source(f"models/{place}/modeling_{place}.py")
    made = dict.fromkeys(re.findall(r"self\.(\w+) = ([\w.]+)", text))
    linear = dict.fromkeys(name for name, kind in made if kind in ("nn.Linear", "Conv1D"))
    others = dict.fromkeys(name for name, kind in made if kind != "nn.Embedding")
    return tuple(linear), tuple(others) if linear else ()


@functools.cache
def takes_positions(model_type: str) -> bool | None:
    """Whether models of a type are told where tokens stand; None where its source can't be read."""
    place = _place(model_type)
    text = _source(f"models/{place}/modeling_{place}.py")
    return bool(re.search(r"\bposition_ids: ", text)) if text else None


def _place(model_type: str) -> str:
    """The folder of a type's source."""
    text = _source("models/auto/auto_mappings.py")
    places = _pairs(text, "SPECIAL_MODEL_TYPE_TO_MODULE_NAME")
    return places.get(model_type, model_type).replace("-", "_")


@functools.cache
def _source(path: str) -> str:
    """A file of transformers; empty where it is not installed or has none."""
    package = find_spec("transformers")
    folders = package.submodule_search_locations if package else None
    file = Path(folders[0]) / path if folders else None
    return file.read_text(encoding="utf-8") if file and file.is_file() else ""


def _pairs(text: str, name: str) -> Mapping[str, str]:
    """The pairs of words of an ordered mapping that is written out in a module."""
    body = re.search(rf"(?ms)^{name} = OrderedDict\(\n(.*?)^\)", text)
    return dict(re.findall(r'\("([\w.-]+)", "(\w+)"\)', body[1])) if body else {}


def _class(text: str, name: str | None) -> ast.ClassDef | None:
    """A class of a module; only its own lines are parsed."""
    body = re.search(rf"(?ms)^class {name}\(.*?(?=^\S|\Z)", text) if name else None
    node = ast.parse(body[0]).body[0] if body else None
    return node if isinstance(node, ast.ClassDef) else None


def _add_fields(found: Configuration, node: ast.ClassDef) -> None:
    for entry in node.body:
        if isinstance(entry, ast.AnnAssign) and isinstance(entry.target, ast.Name):
            types = _types(entry.annotation)
            if "ClassVar" not in types:
                found.settings[entry.target.id] = _setting(types, entry.value)


def _add_others(found: Configuration, node: ast.ClassDef) -> None:
    """Names of its own, what is set after the fields, and whether heads have to fit."""
    for entry in node.body:
        if isinstance(entry, ast.Assign) and ast.unparse(entry.targets[0]) == "attribute_map":
            found.aliases |= _plain(entry.value) or {}
        elif isinstance(entry, ast.FunctionDef):
            text = ast.unparse(entry)
            found.even |= entry.name == "validate_architecture" and bool(_HEADS.search(text))
            for name in re.findall(r"self\.([a-z]\w*) = ", text):
                found.settings.setdefault(name, Setting())


def _types(annotation: ast.expr) -> frozenset[str]:
    """Names of the types that a field may have, as far as YAML can write them."""
    if isinstance(annotation, ast.BinOp):
        return _types(annotation.left) | _types(annotation.right)
    inner = annotation.value if isinstance(annotation, ast.Subscript) else annotation
    name = ast.unparse(inner)
    if name in _NONE or isinstance(annotation, ast.Constant) and annotation.value is None:
        return frozenset()
    return frozenset({_TYPES.get(name, "dict" if name.endswith("Config") else ANY)})


def _setting(types: frozenset[str], value: ast.expr | None) -> Setting:
    """A field by its types and what stands behind its =: a default, perhaps with a range."""
    types = types or frozenset({ANY})
    inside = _RANGE.match(ast.unparse(value)) if value is not None else None
    if inside:
        low, high = (float(end) if end else None for end in inside.groups())
        return Setting(
            types, None, -math.inf if low is None else low, math.inf if high is None else high
        )
    return Setting(types, _plain(value))


def _plain(value: ast.expr | None) -> Any:
    """A default that is written as a constant; None for any other."""
    try:
        return ast.literal_eval(value) if value is not None else None
    except ValueError:
        return None
