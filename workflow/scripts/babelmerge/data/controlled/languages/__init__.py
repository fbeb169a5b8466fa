"""Languages, a folder each: `lexicon` has the forms of lexemes, `grammar` makes a sentence of them.

`grammars` is the table of all; `table` reads lexicons, `verb_final` is what the verb-final languages
of India share. Knows no randomness.
"""
