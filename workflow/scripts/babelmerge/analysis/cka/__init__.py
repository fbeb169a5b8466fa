"""CKA: how alike models represent the same sentences, by layer and band.

Offers: `cka` (the measure, biased and debiased), `pairs` (many pairs at once), `rows` (long
tables), `tables`, `figures`, `findings`. The chapter that shows it is in `angles`, with principal
angles.
Who may come in: rule scripts and `angles`. Start with `cka.linear_cka`.
"""
