"""The command line, `babelmerge`, for people who only merge and need no study.

Nothing imports this room. `line` is where it starts: it reads `arguments` and calls `merge`,
`inspect`, `diff`, `methods` or `completion`; `terminal` lays out what they print. Torch is imported
only by a command that reads tensors, so that help and completion answer at once.
"""
