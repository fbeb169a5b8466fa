"""Checks of a whole plan that need no work to be done.

`files`: every file and folder that the study names is there and can be read. `path_lengths`: names
fit into the paths that are made of them. `adapters`: adapters fit the base, as far as it is known.
`beside`: other studies are built. `packing`, `splitting`: what training asks for can be done.
`taken`: ready models hold weights that can be used. `harness`: benchmarks can be run.
`reading` comes in; start there.
"""
