"""A study with all names resolved: its data sets, models, groups and merges, and what each is for.

`expand.expand(study)` makes the `Plan` (`types` says what it is made of) and is the way in;
`expand.check_built` says what cannot run. `datasets` and `corpora` resolve tasks, `splits` which
rows of a corpus, `scope` which data sets are meant, `selection` what chooses merges, `models` and
`training` what is trained, `groups` and `merges` what is merged, `directions` what stands beside
what, `analysis` what is looked at inside, `templates` fills placeholders. `graph` comes in. Pure
functions of a study.
"""
