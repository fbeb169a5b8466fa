"""Languages, a folder each: `lexicon` has the forms of lexemes, `grammar` makes a sentence of them.

A language with items has `speech` as well. `grammars` is the table of all, `speakers` of those with
items; `table` reads lexicons, `verb_final` is what the verb-final languages of India share.
"""
