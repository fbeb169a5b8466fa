"""Mistakes in recipes, configs, tokenizers, indexes, headers and adapters, one at a time."""

import json
import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from mutated_studies import BOMB, CHAIN, NAMES, VALUES, changed, put, renamed, walk

WEIGHTS = {"a": 0.5, "b": 0.25}
SUM = {
    "merge_method": "task_arithmetic",
    "base_model": "base",
    "models": [{"model": id_, "parameters": {"weight": w}} for id_, w in WEIGHTS.items()],
    "dtype": "float32",
}
FULL = {
    "merge_method": "ties",
    "base_model": {"model": {"path": "base"}},
    "models": [
        {"model": "base"},
        {"model": "a", "parameters": {"weight": [0.5, 0.7], "density": 0.6}},
        {
            "model": "b",
            "parameters": {"weight": [{"filter": "mlp", "value": 0.5}, {"value": 1}], "density": 1},
        },
    ],
    "parameters": {"normalize": True, "int8_mask": True, "lambda": 1.0},
    "dtype": "float32",
    "out_dtype": "float16",
    "babelmerge": {
        "method": "ties",
        "semantics": "mergekit",
        "scope": "tensor",
        "device": "cpu",
        "align": False,
        "output": "model",
    },
}
LORA = {
    "merge_method": "task_arithmetic",
    "base_model": "base",
    "models": [{"model": "lora", "parameters": {"weight": 0.5}}],
    "babelmerge": {
        "method": "task_arithmetic",
        "members": [{"id": "base", "model": "base"}, {"id": "lora", "model": "lora"}],
    },
}
SLICED = {
    "merge_method": "slerp",
    "base_model": "base",
    "slices": [
        {
            "sources": [
                {"model": "base", "layer_range": [0, 1]},
                {"model": "a", "layer_range": [0, 1]},
            ],
            "parameters": {"t": [0.2, 0.4]},
        },
        {
            "sources": [
                {"model": "base", "layer_range": [1, 2]},
                {"model": "a", "layer_range": [1, 2]},
            ],
        },
    ],
    "parameters": {"t": [{"filter": "mlp", "value": 0.5}, {"value": 0.1}]},
    "tokenizer": {"source": "a"},
}
COMMON = {
    "merge_method": "task_arithmetic",
    "base_model": "base",
    "models": [{"model": "c", "parameters": {"weight": 1.0}}],
    "dtype": "float32",
    "babelmerge": {"method": "task_arithmetic", "embeddings": "common", "chat_template": "c"},
}
RANKS = {
    "merge_method": "task_arithmetic",
    "base_model": "base",
    "models": [{"model": id_, "parameters": {"weight": 0.5}} for id_ in ("ranks", "lora")],
    "babelmerge": {"method": "task_arithmetic", "output": "adapter"},
}
RECIPES = {
    "common.yml": COMMON,
    "ranks.yml": RANKS,
    "sum.yml": SUM,
    "full.yml": FULL,
    "lora.yml": LORA,
    "sliced.yml": SLICED,
}
# Files whose every value is edited, and the recipes that read them.
JSONS = {
    "base/config.json": "sum.yml",
    "a/config.json": "sum.yml",
    "a/tokenizer.json": "sum.yml",
    "a/tokenizer_config.json": "sum.yml",
    "a/generation_config.json": "sum.yml",
    "b/model.safetensors.index.json": "sum.yml",
    "b/manifest.json": "sum.yml",
    "lora/adapter_config.json": "lora.yml",
}
# The same of files that other recipes read otherwise: by token, with an expert's conventions.
AGAIN = (
    ("base/config.json", "common.yml"),
    ("base/tokenizer.json", "common.yml"),
    ("c/config.json", "common.yml"),
    ("c/tokenizer.json", "common.yml"),
    ("c/tokenizer_config.json", "common.yml"),
    ("c/generation_config.json", "common.yml"),
    ("c/special_tokens_map.json", "common.yml"),
    ("ranks/adapter_config.json", "ranks.yml"),
)
HEADERS = {
    "base/model.safetensors": "sum.yml",
    "a/model.safetensors": "sum.yml",
    "lora/adapter_model.safetensors": "lora.yml",
    "ranks/adapter_model.safetensors": "ranks.yml",
}
LINKED = ("../secret.json", "/dev/zero", "/dev/fd/0", "config.json", ".", "../a", "nowhere")
SLOW = "(a+)+$"
LABELLED = [(f"{v!r:.40}", v) for v in (*VALUES, SLOW, -0.5, 2**70, {SLOW: 4}, [[[]]])]
GARBAGE = {
    **{f"deep {n}": b'{"a":' * n + b"1" + b"}" * n for n in (60, 3000, 300_000)},
    "brackets": b"[" * 500_000,
    "empty": b"",
    "list": b"[1]",
    "word": b'"x"',
    "number": b"1" * 9000,
    "many": b"[" + b"[]," * 1_600_000 + b"[]]",
    "bomb": f"{BOMB}x: *a11\n".encode(),
    "chain": CHAIN.encode(),
}


@dataclass(frozen=True)
class Mutation:
    """file: whose content is `made`, or is a link to `link`. recipe: what is run with it."""

    kind: str
    what: str
    file: str
    recipe: str
    made: Callable[[], bytes] | None = None
    link: str = ""


def dumped(data: Any) -> bytes:
    return json.dumps(data, allow_nan=True).encode()


def headed(content: bytes, header: bytes) -> bytes:
    """A safetensors file with another header."""
    length = int.from_bytes(content[:8], "little")
    return len(header).to_bytes(8, "little") + header + content[8 + length :]


def header_of(content: bytes) -> Any:
    return json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])


def edited(data: Any, extra: tuple = ()) -> Iterator[tuple[str, Callable[[], Any]]]:
    """(what, the data with one mistake in it) for every value and every name."""
    for loc, value in walk(data):
        place = ".".join(map(str, loc))
        if isinstance(value, dict):
            yield f"{place}.zzz", lambda loc=loc: changed(data, (*loc, "zzz"), put(1))
        if not loc:
            continue
        for label, new in (*LABELLED, *((repr(one), one) for one in extra)):
            yield f"{place} {label}", lambda loc=loc, new=new: changed(data, loc, put(new))
        if isinstance(loc[-1], str):
            yield f"no {place}", lambda loc=loc: changed(data, loc, lambda p, k: p.pop(k))
            for name in (n for n in NAMES if isinstance(n, str)):
                new = lambda loc=loc, name=name: changed(data, loc, renamed(name))  # noqa: E731
                yield f"{place} as {name!r:.40}", new


def texts(content: bytes) -> dict[str, bytes]:
    """What may be wrong with a whole file of JSON or YAML."""
    return {
        **GARBAGE,
        "cut": content[: len(content) // 2],
        "no UTF-8": content[:-2] + b"\xff\xfe}",
        "UTF-16": content.decode(errors="replace").encode("utf-16"),
        "NUL": content + b"\0",
        "mark": b"\xef\xbb\xbf" + content,
        "half a character": content.replace(b'"', b'"\\ud800', 1),
        "codes": content.replace(b'"', b'"\\u001b[2J\\u009b31m', 1),
        "large": b" " * 6_000_000 + content,
    }


def in_recipes(folder: Path) -> Iterator[Mutation]:
    for name, recipe in RECIPES.items():
        content = (folder / name).read_bytes()
        for what, text in texts(content).items():
            yield Mutation("recipe", what, name, name, lambda text=text: text)
        for key in recipe:
            text = f"{BOMB}{key}: *a11\n".encode()
            yield Mutation("recipe", f"bomb as {key}", name, name, lambda text=text: text)
        for what, made in edited(recipe, ("a", "base", "lora", "secret.json")):
            yield Mutation("recipe", what, name, name, lambda made=made: written(made()))


def written(data: Any) -> bytes:
    return yaml.dump(data, Dumper=yaml.CSafeDumper, allow_unicode=True, sort_keys=False).encode()


def in_files(folder: Path) -> Iterator[Mutation]:
    for name, recipe in (*JSONS.items(), *AGAIN):
        content = (folder / name).read_bytes()
        for what, text in texts(content).items():
            yield Mutation("file", f"{name}: {what}", name, recipe, lambda text=text: text)
        for what, made in edited(json.loads(content)):
            text = lambda made=made: dumped(made())  # noqa: E731
            yield Mutation("JSON", f"{name}: {what}", name, recipe, text)
        for link in LINKED:
            yield Mutation("link", f"{name} -> {link}", name, recipe, link=link)


def in_headers(folder: Path, chosen: random.Random) -> Iterator[Mutation]:
    for name, recipe in HEADERS.items():
        content = (folder / name).read_bytes()
        header = header_of(content)
        for what, text in texts(dumped(header)).items():
            made = lambda text=text, content=content: headed(content, text)  # noqa: E731
            yield Mutation("header", f"{name}: {what}", name, recipe, made)
        places = [fact["data_offsets"] for fact in header.values() if "data_offsets" in fact]
        for what, made in edited(header, (*places[:3], "F64", "I32", [8, 4], [0, 0])):
            text = lambda made=made, content=content: headed(content, dumped(made()))  # noqa: E731
            yield Mutation("header", f"{name}: {what}", name, recipe, text)
        for number in range(200):
            at, byte = chosen.randrange(len(content)), chosen.randrange(256)
            at = at % 2000 if number % 2 else at % 9
            flipped = content[:at] + bytes([byte]) + content[at + 1 :]
            yield Mutation("byte", f"{name}: {at} {byte}", name, recipe, lambda f=flipped: f)
        for link in LINKED:
            yield Mutation("link", f"{name} -> {link}", name, recipe, link=link)


def mutations(folder: Path, seed: int) -> Iterator[Mutation]:
    """Mistakes of every kind in random order, as many of each as there are of the others."""
    chosen = random.Random(seed)
    kinds = [list(in_recipes(folder)), list(in_files(folder)), list(in_headers(folder, chosen))]
    while True:
        yield chosen.choice(chosen.choice(kinds))
