"""Task vectors: how far experts moved from the base, where, and what merges keep of each.

Offers: `measures` (norms, cosines, stable ranks), `moments` (their sums, tensor by tensor),
`inspection` and `members` (over whole models, without loading them), `projection` (what a merge
keeps), `depth`, `figures` and `kept_figure` (drawings), `tables`, `findings`, `chapter`.
Who may come in: rule scripts, and the command line, which inspects models. Start with
`inspection.Inspection`.
"""
