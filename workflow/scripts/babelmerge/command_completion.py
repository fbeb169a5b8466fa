"""The command completion, and what completes the words after --set. No torch."""

import argparse

from babelmerge import merge_methods_table
from babelmerge.merge_methods_table import COMMON, METHODS
from babelmerge.merge_parameter_table import PARAMETERS


def completion(options: argparse.Namespace) -> int:
    """Print the script that a shell evaluates."""
    try:
        import argcomplete
    except ImportError as error:
        raise ValueError("completion needs argcomplete; pip install argcomplete") from error
    print(argcomplete.shellcode(["babelmerge"], shell=options.shell))
    return 0


def complete_parameter(prefix: str, method: str | None) -> list[str]:
    """What --set may say: names=, or the values of a name where they are words."""
    rule = METHODS.get(method or "")
    name, equals, _ = prefix.partition("=")
    if not equals:
        names = [*merge_methods_table.parameters(method), *COMMON] if rule else PARAMETERS
        return [f"{known}=" for known in names]
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
