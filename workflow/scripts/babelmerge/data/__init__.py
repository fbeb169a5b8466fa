"""Corpora become rows, and rows become tokens.

`corpora.read` gives the rows of one corpus as a stream and is where to start: of files (`files`,
`readers`, `lines`), of the hub (`hub`) or of the corpus that comes with the house (`controlled`).
`overlap` finds held-out rows that training would see. `tokenised` makes tokens of a split and
refuses what cannot work; `lengths` and `learnt_lengths` find rows that are too long (`measuring`),
`settling` checks rows with choices. `batches` keeps tokens on disk and orders them, by `sampling`
or `packing`; only `batches` and `packing` import torch. Training, merging, evaluation and analysis
come in; a plan writes the options of `corpora.read` without it.
"""
