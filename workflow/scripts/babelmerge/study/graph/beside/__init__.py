"""What is set beside the scores of a study's own tasks, a module a rule file.

Offers `relations` (a direction's main group, and how others differ from it), `groups` (the files
and chapter that compare them), `cost` (what training took) and `harness` (the benchmarks that
others wrote). Used by their rules, by the report and by the room around it.
"""
