"""Sweeps: the points of a merging method's grid, or of a search, each formed, scored, remembered.

`scoring` asks a model in memory at every point, with processes of its own where that is faster, and
is where to start; `tasks` is what it is asked; `journal` keeps what was scored, so that a sweep
goes on after a kill, and picks the winner; `beyond` is a search that goes on from there, by the
rules of `search`. `figures` draws both and has their caption, `searched` tells what was gained,
`caution` warns of what was chosen on test. The rules' scripts come in, and the chapter on merges.
"""
