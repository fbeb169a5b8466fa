"""Sweeps: the points of a merging method's grid, each formed, scored and remembered.

`scoring` asks a model in memory at every point, with processes of its own where that is faster, and
is where to start; `journal` keeps what was scored, so that a sweep goes on after a kill, and picks
the winner; `figures` draws sweeps and has their caption. The rules' scripts come in, and the
chapter on merges.
"""
