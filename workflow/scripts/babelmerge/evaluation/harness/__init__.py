"""Benchmarks by name: what EleutherAI's lm-evaluation-harness makes of a model, as scores of ours.

`running` looks its tasks up and runs them on a model in memory; it alone needs the package lm_eval,
an optional extra (envs/harness.txt). `scoring` turns what it wrote down into scores with signatures
and bootstrap intervals, and needs nothing of it. Scripts of rules come in; start with `scoring`.
"""
