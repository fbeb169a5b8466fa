"""Forgetting: what models score beside the study's own tasks, on benchmarks by name.

`rows` compares every model with the base, item by item; `tables` lays that out, one for each
benchmark; `findings` says what it comes to, `chapter` puts both together. Scores are those of
`evaluation.harness`. Scripts of rules come in. Start with `rows`.
"""
