"""Items for tasks: a text with its sentiment, a question with choices, a document with its summary,
statements with those on their shared theme.

Each is drawn as meanings (`sentiment`, `reasoning`, `summaries`, `themes`), which know no language,
and said by the speech of one (`languages.speakers`). Start with `drawing`: it draws the items of a
split.
"""
