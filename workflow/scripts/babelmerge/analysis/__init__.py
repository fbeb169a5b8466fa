"""What is measured inside and outside of models, and how it is drawn, tabled and said.

A sub-room a chapter: `scores`, `groups`, `benchmarks`, `outputs`, `progress` (along training),
`cost`, `forgetting`, `cka` and `angles` (the chapter on representations),
`neurons`, `task_vectors`, `mergeability`, `interventions`; `probing` is the forward pass behind
them. In each the same words: `rows` make long tables from arrays, `tables` lay them out, `figures`
draw them, `findings` say what the numbers show, `chapter` puts that together.
Shared here: `comparisons` (which models are compared with which), `layers` (names of layers and
bands), `curves` (what is told of long tables over depth), `panels` (small multiples).
Who may come in: rule scripts and the report. No module here sees a study.
Start with `comparisons`, then any `chapter`.
"""
