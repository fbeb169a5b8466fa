"""A study, from its file to the graph of files that the workflow builds.

It runs whenever the workflow is parsed, so it imports nothing heavy, and no job imports it: what a
job needs to know is a setting that its rule gives it. Only the rules come in, and `docs`.

Rooms, each of which knows the one before it: `grammar` reads a study file and checks every
key; `plan` resolves its names into data sets, models and merges; `graph` says which file is made
from which, with which settings; `docs` writes config/README.md and config/schema.json from the
grammar. `sizes` says how big the models are. Above them `checks` looks at a whole plan, and
`reading` reads a study with every check there is. Start with `reading`.
"""
