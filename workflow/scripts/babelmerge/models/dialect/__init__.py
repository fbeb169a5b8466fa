"""One reading of configs as people have them: what is a difference, and what a spelling of one.

For all rooms that put models beside each other: merging, inspecting, comparing. `configs` compares
two config.json, `opening` opens a folder whose head may be tied by its class alone. No torch, and
transformers only where two files leave a question open. Start at `configs`.
"""
