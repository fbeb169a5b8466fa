"""LoRA adapters: read, merged by their factors where the method allows it, and written for peft.

Offers `merges.merge_adapters` (merged task vectors, and the model that they make) and
`output.write_adapter`; `knots`, `core_space` and `ctm` hold the bases in which other methods merge,
`factors` the algebra of scale * B A. What one adapter adds to its base is `models.adapters`.

Start at `merges`: sums are concatenations of factors (`sums`), everything else is formed by
`streaming` in a space (`spaces`, `forming`).

Come in from `merging` (which imports this room only when an expert is an adapter, so that merges of
full models do not depend on it). Whether a directory is an adapter is asked of
`models.adapter_config`, without this room.
"""
