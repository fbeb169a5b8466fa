"""Babelmerge: can these language experts be merged into one model, and if not, why?

The package is the science: functions over tensors, arrays, tables and plain paths. It knows nothing
of Snakemake; the rules and thin scripts around it live in `workflow/`.
"""

__version__ = "0.1.0"
