"""The command completion, and what completes the words after --set. No torch."""

import argparse
import re

from babelmerge import merge_parameters, study_methods
from babelmerge.command_methods import COMMON


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
    known = merge_parameters.DEFAULTS.get(method or "")
    names = [*known, *COMMON] if known else list(study_methods.PARAMETERS)
    name, equals, _ = prefix.partition("=")
    if not equals:
        return [f"{name}=" for name in names]
    default = (known or {}).get(name)
    expected = study_methods.PARAMETERS[name].expected if name in study_methods.PARAMETERS else ""
    words = ["true", "false"] if isinstance(default, bool) else []
    if re.fullmatch(r"[\w, ]+ or \w+", expected) and "number" not in expected:
        words = re.split(r", | or ", expected)
    return [f"{name}={word}" for word in words]
