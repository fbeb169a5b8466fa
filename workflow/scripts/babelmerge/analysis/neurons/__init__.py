"""Neurons: which are specific to a language, and how alike models use them all.

Offers: `rates` (how often each is active), `selection` (which belong to which language), `rows`
(long tables), `tables` (before and after fine-tuning), `figures` (counts), `usage_figures` (how
alike models use them), `findings`, `chapter`.
Who may come in: rule scripts, and `interventions`, which switches these neurons off. Start with
`selection.select_neurons`.
"""
