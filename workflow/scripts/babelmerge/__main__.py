"""`python -m babelmerge`: see `command_line`."""

# PYTHON_ARGCOMPLETE_OK
import sys

from babelmerge.command.line import main

if __name__ == "__main__":
    sys.exit(main())
