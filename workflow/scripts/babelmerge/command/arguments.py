"""The command line taken apart: a parser of all `commands`, which takes words in any order.

Quick to import, because help and completion wait for it: no torch, and nothing that a command does.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Any, NoReturn

import babelmerge
from babelmerge.command import commands as command_table
from babelmerge.recipes import points

TROUBLE = 2
CALLED = "BABELMERGE_CALLED"  # how ./babelmerge, which starts us as a module, was called


class Help(argparse.RawDescriptionHelpFormatter):
    """Examples as they are written, lines as wide as our tables."""

    def __init__(self, prog: str):
        super().__init__(prog, max_help_position=28, width=100)


class Parser(argparse.ArgumentParser):
    """argparse with one-line errors and no abbreviations."""

    def __init__(self, *arguments: Any, **options: Any):
        options.setdefault("allow_abbrev", False)
        options.setdefault("formatter_class", Help)
        super().__init__(*arguments, **options)

    def error(self, message: str) -> NoReturn:
        self.exit(TROUBLE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def build_parser() -> Parser:
    """All commands, with their completions."""
    started_as_module = os.path.basename(sys.argv[0]) == "__main__.py"
    usual = "python -m babelmerge" if started_as_module else "babelmerge"
    program = os.environ.get(CALLED) or usual  # help is to be copied into the same shell
    parser = Parser(
        prog=program,
        description="Run studies of merging; merge language models, and look into them.",
    )
    parser.add_argument("--version", action="version", version=babelmerge.__version__)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", dest="command")
    parser.set_defaults(run=None, parser=parser)
    for add in command_table.ALL:
        add(commands, program)
    return parser


def parse(parser: Parser, argv: Sequence[str] | None) -> argparse.Namespace:
    """Options and paths may come in any order, which argparse alone does not manage."""
    given = list(sys.argv[1:] if argv is None else argv)
    end = given.index("--") if given[:1] == ["run"] and "--" in given else len(given)
    options, rest = parser.parse_known_args(given[:end])
    options.passed_on = given[end + 1 :]
    if options.run is None:
        parser.print_help(sys.stderr)
        parser.exit(TROUBLE)
    for word in rest:
        if (word.startswith("-") and len(word) > 1) or not hasattr(options, "paths"):
            known = [name for a in options.parser._actions for name in a.option_strings]
            hint = points.nearest(word.partition("=")[0], known)
            options.parser.error(f"unknown argument {word}; {hint}")
        options.paths.append(word)
    return options
