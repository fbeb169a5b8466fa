"""Merges along training, and of more and more models: the pretraining study's Figures 1 and 2.

Offers `lines` (scores of the models of a series), `branching` (what merges of branches keep),
`figures`, `findings` (sentences) and `chapter`. Who may come in: rule scripts and the report. Start
with `lines`.
"""
