"""What the commands print while they work."""

import logging

from babelmerge.command import terminal


def test_warnings_are_shown_and_of_all_else_that_kernels_are_compiled(capsys):
    ours, kernels = (logging.getLogger(f"babelmerge.merging{one}") for one in ("", ".kernels"))
    before = ours.level
    ours.setLevel(logging.INFO)
    try:
        with terminal.warnings_shown(None):
            ours.info("merged")
            ours.warning("twice")
            kernels.info("compiling")
    finally:
        ours.setLevel(before)
    assert capsys.readouterr().err == "warning: twice\ncompiling\n"
