"""Items for tasks: a text with its sentiment, a question with choices, a document with its summary.

Each is drawn as meanings (`sentiment`, `reasoning`, `summaries`), which know no language, and said
by the speech of one (`languages.speakers`). Start with `drawing`: it draws those of a split.
"""
