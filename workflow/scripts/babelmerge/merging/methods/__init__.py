"""The merging methods, defined: pure functions over float32 tensors of one parameter, in torch.

Each docstring says formula, source, and where mergekit's variant parts from the authors'. Task
vectors and numbers in, a tensor out: no files, no state dicts, no threads, no names of methods.

Start at `elementwise` (linear, task arithmetic, TIES, DARE, SCE). Then `sparsifying` (Breadcrumbs,
DELLA), `picking` (MagMax, RAM, Localize-and-Stitch, NearSwap, Arcee Fusion), `averaging` (SLERP,
Model Stock, NAN), `spherical` (Karcher mean, multislerp, nuslerp), `consensus`, `regression`
(Fisher, RegMean), `interference` (WUDI, SWUDI, ACE), `spectral` (TSV-M, Iso-C, Iso-CTS, Subspace
Boosting, SVC); `selection`, `randomness`, `voting` and `linear_algebra` serve them. Which method of
the table calls which function is told in `streaming.updates`.

Anyone may come in; from below this takes `kernels` alone.
"""
