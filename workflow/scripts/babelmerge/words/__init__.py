"""Facts in words and ids that every room shares; it has no tensors and no studies.

`ids` takes ids of models and data sets apart, and nothing else does. `metrics` is the table of
metrics: label, shown digits, which way is better. `languages` has names and scripts of languages.
`spelling` ends an error about an unknown word, `strict` has the parts of models that refuse one.
`path_names` says which names may be part of a path, `documents` reads the YAML that people write,
`showing` has values in messages, `patterns` looks up expressions that came with a file, `writing`
cuts texts into words. `likeness` has measures of two experts, `splits` says which rows a split is,
`trivial` names the baselines without a model.
What readers call methods and models is `display.labels`. Everyone comes in. Start with `ids`.
"""
