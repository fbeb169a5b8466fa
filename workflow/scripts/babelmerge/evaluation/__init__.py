"""What models answer, and how good the answers are.

`answering` has rows of any task answered, by `generation`, which decodes, or `likelihood`, which
compares choices; `answer_scores` scores them at once. `metrics.score` scores answers: start there.
`counting` has how each metric is counted, one record each, and a new metric is registered there;
`choosing` and `rouge` count choices and summaries, `bertscore` measures them by a model's
embeddings (`records` are what they count), `hallucination` looks for what is quoted, `statistics`
has intervals and paired tests, `language_id` says which language a text is in, `baselines` what can
be answered without understanding. `harness` runs benchmarks that others wrote; `sweeps` tries
points of a merge on a model in memory, `live` tests merges there of which no file is written.
Analysis and scripts of rules come in; nothing knows a study.
"""
