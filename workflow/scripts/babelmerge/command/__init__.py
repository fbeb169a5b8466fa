"""The command line, `babelmerge`: for studies, and for people who only merge.

Nothing in the package imports this room. `line` is where it starts: it reads `arguments`, of the
`commands` that there are, and calls `run`, `merge`, `inspect`, `diff`, `methods` or `completion`;
`terminal` lays out what they print. `holders`, for the Snakefile, says which runs are at work in a
folder. Torch is imported only by a command that reads tensors, so that help and completion answer
at once.
"""
