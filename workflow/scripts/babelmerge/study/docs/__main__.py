"""`python -m babelmerge.study.docs [FOLDER]`: see `write`."""

import sys

from babelmerge.study.docs.write import write

if __name__ == "__main__":
    write(*sys.argv[1:2])
