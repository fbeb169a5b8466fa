"""Interventions: models are changed in memory, to test what the comparisons of their insides say.

Offers: `cases` (what is scored, and how), `blocks` (a merge gets back blocks of an expert),
`neurons` (those of a language are switched off), `tables`, `figures`, `findings`, `chapter`.
Who may come in: rule scripts. Start with `blocks` or `neurons`.
"""
