"""Probing: what one forward pass over a data set yields, kept for all comparisons.

Offers: `representations` (the pass over a model), `parts` (its blocks and neurons), `hooks` (what
is read in them), `files` (the file that it becomes, and the states of several models over the same
sentences).
Who may come in: rule scripts and `interventions`; `files` alone needs no torch. Start with
`files.Representations`.
"""
