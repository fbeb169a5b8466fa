"""What is set beside each other over several groups, and beside the study's own tasks.

Offers `relations` (a direction's main group, and how others differ from it), `groups` (the files
that compare them), `across` (merges across tasks), `studies` (this study beside others),
`ablations` (the chapter of these), `cost` (what training cost) and `harness` (benchmarks that
others wrote). Used by the rules of groups.smk and evaluate.smk, and by the report.
"""
