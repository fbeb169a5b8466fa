"""What Fisher merging and RegMean must know of an expert: collected, written, checked, read.

Offers `collect.collect` (one model, its dev rows, one kind of statistics -> one file),
`along.collect_along` (all experts at once, as RegMean++ has it),
`files.open_all` (read tensor by tensor while merging) and `checks.check` (whether files fit a
model, by their headers alone).

Start at `collect`; `passes` has the sums over rows.

Come in from `merging` and the script that collects. Only `collect` and `passes` know data and live
models; `files` and `checks` are what a merge depends on.
"""
