"""One reading of configs as people have them: what is a difference, and what a spelling of one.

For all rooms that put models beside each other: merging, inspecting, comparing. `configs` compares
two config.json, `opening` opens a folder whose head may be tied by its class alone. No torch, and
transformers only where two files leave a question open. Start at `configs`.

`experts` takes packed experts of mixtures apart where others have them apart; `renames` asks
transformers for names that no rule here knows. `tokenizers` compares what cuts texts, `vocabulary`
makes one of several, and `rows` brings embeddings to it; `agreement` holds a tokenizer in memory to
its file. `conventions` has end tokens, generation defaults and chat templates, which `templates`
reads; `sameness` finds models that are copies of each other.
"""
