"""One point of a merge over the members' tensors, streamed: what merges, sweeps and adapters share.

Offers `members.Members` (base and experts, checked against each other), `opening.opened` (members
as torch reads them), `former.Former` (merged tensors by the compiled kernels) and `merger.Merger`
(the same in torch, for what the kernels lack); where both can, both give the same bits.

Start at `merger` and `updates` for a method in torch: `updates` has a row a method (with those of
`elements`, and of `turning`, on spheres), `inputs` what it reads. Start at `former` and `stages`
for the kernels: `stages` has a row a method, `chunks` what a thread does, `planner` what holds for
the whole model, `passes`, `ranks` and `windows` the readings that it takes.

Come in from `merging` alone, but for `members`, which knows no torch and may be used anywhere above
merging. From below this takes `methods` and `kernels`; of adapters, alignment and files of
statistics it knows nothing.
"""
