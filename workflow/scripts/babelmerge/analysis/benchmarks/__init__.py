"""Benchmarks over languages: of each system the mean over a task's languages, and how it varies.

`means` has the numbers, from sentence statistics, `printed` the papers', `tables` lay both out.
Scripts of rules come in; start with `means.over_languages`. Imports neither torch nor a study.
"""
