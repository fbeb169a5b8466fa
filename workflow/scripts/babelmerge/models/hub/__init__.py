"""What the hub is asked before anything is fetched from it.

`names` has the rule for repositories' names, which the grammar of studies shares and which imports
nothing slow; `looking_up` asks the hub whether repositories and revisions are there.
"""
