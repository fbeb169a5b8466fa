"""The command line: run, merge, methods, inspect, diff, completion.

Here errors become one line and an exit code; a command is in the module `command.{name}`, imported
when it runs, so that help, lists and mistakes in a recipe are instant. Exit codes: 0 done (diff:
same), 1 diff found differences, 2 bad input or trouble, 130 stopped by Ctrl-C, 143 by SIGTERM.
"""

import atexit
import gc
import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from babelmerge.command import arguments as command_arguments
from babelmerge.command.terminal import LONGEST
from babelmerge.words.showing import plain

TROUBLE, INTERRUPTED, BROKEN_PIPE = command_arguments.TROUBLE, 130, 141


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code (argparse's own exits leave as SystemExit)."""
    if argv is None:  # the process is this command's
        signal.signal(signal.SIGTERM, _terminate)
        atexit.register(gc.freeze)  # the exit looks for no rubbish: half a second after a merge
    parser = command_arguments.build_parser()
    if "_ARGCOMPLETE" in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser, always_complete_options=False)
    options = command_arguments.parse(parser, argv)
    try:
        code = options.run(options)
        sys.stdout.flush()
        return code
    except KeyboardInterrupt:
        print(f"{parser.prog}: stopped; nothing was left half-written", file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:
        # Whoever read our output has left; Python would complain again when it exits.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    except (ValueError, OSError, MemoryError) as error:
        print(f"{options.parser.prog}: {_one_line(error)}", file=sys.stderr)
    except Exception:
        traceback.print_exc()
        print(f"{parser.prog}: this is a mistake of ours; please report it", file=sys.stderr)
    return TROUBLE


def _terminate(number: int, frame: FrameType | None) -> NoReturn:
    sys.exit(128 + number)


def _one_line(error: BaseException) -> str:
    if isinstance(error, OSError) and error.strerror and error.filename:
        return f"{plain(str(error.filename), 200)}: {error.strerror}"
    if isinstance(error, MemoryError):
        return "not enough memory; try fewer --threads"
    text = " ".join(str(error).split())
    return plain(text, LONGEST)
