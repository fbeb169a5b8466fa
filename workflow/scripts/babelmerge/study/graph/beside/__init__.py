"""What is set beside each other over several groups: a direction's groups, and what training cost.

Offers `relations` (a direction's main group, and how others differ from it), `groups` (the files
and chapter that compare them) and `cost`. Used by the rules of groups.smk and by the report.
"""
