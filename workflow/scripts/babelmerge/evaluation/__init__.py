"""What models answer, and how good the answers are.

`generation` decodes answers, `metrics.score` scores them and is where to start: `counting` has how
each metric is counted, one record each, and a new metric is registered there; `statistics` has
intervals and paired tests, `language_id` says which language a text is in, `baselines` what
can be answered without understanding. `sweeps` tries points of
a merge on a model in memory. Analysis and the rules' scripts come in; nothing here knows a study.
"""
