"""Items for tasks: a text with its sentiment; a question with choices, about facts, a passage or
what words mean; a beginning with how it goes on; a document with its summary; statements with those
on their shared theme; a sentence with a wrong one.

Each is drawn as meanings (`sentiment`, `reasoning`, `relations`, `passages`, `continuations`,
`summaries`, `themes`), which know no language, and said by the speech of one
(`languages.speakers`); `minimal_pairs` are made of the sentences of a language, by its `rules`.
Start with `drawing`: it draws the items of a split, and makes documents of those with choices.
"""
