"""Principal angles between the subspaces that models use, and the chapter on representations.

Offers: `angles` (the measure and its references), `rows` (long tables), `figures` (over depth),
`heatmap` (models with experts), `findings`, and `chapter`, which tells CKA too.
Who may come in: rule scripts. Start with `angles.principal_angles`.
"""
