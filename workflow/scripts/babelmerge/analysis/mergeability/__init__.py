"""Mergeability: does the inside of experts tell what a merge of them will keep?

Offers: `pairs` (measures of two experts, and their outlook), `typology` (of their languages),
`points` (what merges kept beside how alike their experts are), `permutation` (tests by exchanging
experts), `printed` (the paper's numbers), `tables`, `figures` (`scatter`), `findings`, `chapter`;
and `outlook`, the first chapter of a study that only looks at models. Who may come in: rule
scripts. Start with `pairs.MEASURES`.
"""
