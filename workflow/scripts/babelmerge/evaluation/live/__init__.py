"""Models that live in memory: formed, asked, scored, and overwritten by the next; no file of them.

`memory.Live` is one model whose weights others take; sweeps, interventions and `families` use it.
`families.run` forms the merges of a family of groups one after the other and keeps their scores
alone. May know merging, models, data and tasks; knows no study.
"""
