"""Scores told: what training gave, what merges keep of it, and what fails.

Offers: `retention` (what a merge keeps, with paired tests), `score_table`, `retention_tables` and
`tables` (layouts), `matrix` and `figures` (drawings), `findings` and `model_findings` (sentences),
`published` (printed values beside ours), `owners` (whose a data set is), and the chapters
`question`, `chapter` (experts, merges) and `failures`.
Who may come in: rule scripts and the report. Start with `scored.Scored`, which all of them take.
"""
