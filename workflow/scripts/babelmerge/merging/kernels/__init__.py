"""What the methods do to each element, compiled by numba: blocks of memory in, blocks out.

Equal, bit for bit, to `merging.methods`, on any machine and any number of threads. Addresses and
arrays in; no torch, no names, no files. The machine code is kept in a folder named by a hash of all
files here: the folder itself is the list of what is compiled.

Start at `loops` (form, apply, cast). `blocks` and `combining` are its steps, and `walks` goes
through them all at once where the merge is a usual one; `tallies` (sums, votes) and `scans`
(magnitudes of a rank) read only; `draws` has random numbers and ranks, by which `pruning` drops
elements of whole rows. `shares` and `random_keys` are the numbers that kernels and methods have in
common, uncompiled, `staging` the stages that are changed field by field; `masks` says which
magnitudes lie within a window; `compiled` has the decorators.

Come in from `methods` and `streaming`; this takes nothing from the house.
"""
