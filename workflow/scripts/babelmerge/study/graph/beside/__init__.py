"""What is scored beside the study's own tasks: `harness`, the benchmarks that others wrote.

A module a rule file, like those of the room around it, which alone comes in.
"""
