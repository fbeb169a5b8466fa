"""The command completion, and what tab offers for words that argparse does not know. No torch."""

import argparse
from typing import Any

from babelmerge.recipes import methods
from babelmerge.recipes.methods import COMMON, METHODS
from babelmerge.recipes.parameters import PARAMETERS


def completion(options: argparse.Namespace) -> int:
    """Print the script that a shell evaluates."""
    try:
        import argcomplete
    except ImportError as error:
        raise ValueError("completion needs argcomplete; pip install argcomplete") from error
    print(argcomplete.shellcode(["babelmerge"], shell=options.shell))
    return 0


def method_names(**_: Any) -> list[str]:
    """For --method and methods."""
    return list(METHODS)


def parameters(prefix: str, parsed_args: argparse.Namespace, **_: Any) -> list[str]:
    """For --set: names=, or the values of a name where they are words."""
    rule = METHODS.get(parsed_args.method or "")
    name, equals, _ = prefix.partition("=")
    if not equals:
        own = methods.parameters(parsed_args.method) if rule else PARAMETERS
        return [f"{known}=" for known in dict.fromkeys([*own, *COMMON])]
    if name not in PARAMETERS:
        return []
    words = PARAMETERS[name].words
    if PARAMETERS[name].kind == "switch":
        words = ("true", "false")
    elif rule and name == "semantics":
        words = rule.semantics or words
    elif name == "then":
        words = rule.inner if rule else tuple(METHODS)
    return [f"{name}={word}" for word in words]


def expert_paths(prefix: str, **_: Any) -> list[str]:
    """For [ID=]PATH."""
    from argcomplete.completers import FilesCompleter

    id_, equals, path = prefix.rpartition("=")
    return [id_ + equals + found for found in FilesCompleter()(path)]
