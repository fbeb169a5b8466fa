"""What is set beside each other over several groups, and beside the study's own tasks.

Offers `relations` (a direction's main group, and how others differ from it), `groups` (the files
that compare them), `retention` (what merges keep of their experts), `live` (merges tested in
memory), `progress` (merges along training), `across` (merges across tasks), `studies` (this study
beside others), `ablations` (the chapter of these), `cost` (what training cost), `outputs`
(how what models write fails) and `harness` (benchmarks that others wrote). Used by the rules of the
same names, those of groups.smk, scores.smk and evaluate.smk, and by the report.
"""
