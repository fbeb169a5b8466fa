"""`python -m babelmerge`: see `command.line`."""

# PYTHON_ARGCOMPLETE_OK
import gc
import sys

from babelmerge.command.line import main

if __name__ == "__main__":
    gc.set_threshold(50_000)  # imports make many objects and hardly any rubbish
    sys.exit(main())
