"""Git Re-Basin: the units of one decoder in the order of another's, before they are merged.

Offers `align.match` (the permutations), `align.align` (a model seen through them) and
`aligned.Aligned` (such a model, a member of a merge like any other).

Start at `align`. `roles` says what each dimension of a decoder's tensors counts, `layout` what that
is in one model, `units` matches the units of a block, `matching` has the exact scores and
assignments.

Come in from `merging`, which imports this room only for a recipe with `align: true`, so that other
merges do not depend on it.
"""
