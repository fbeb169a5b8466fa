"""What a study file may say: strict models whose descriptions are the documentation.

`study.load` reads a file with what it extends (`yaml` has the rules of reading, and errors that
name the file and the key) and checks it against the models of `corpora`, `tasks`, `models`,
`groups`, `methods`, `selection` and `analysis`; `mistakes` tells all that does not fit, `limits` is
how much may be asked for, `architectures` (with `decoders`) checks a base from scratch. What a task
kind, a metric, a merging method or a training setting is, stands in rooms below (tasks, words,
recipes, training). `plan` and `docs` come in. Start with `study`.
"""
