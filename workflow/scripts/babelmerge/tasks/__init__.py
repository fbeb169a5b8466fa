"""Task kinds, and how a row of a task becomes a prompt and tokens.

`kinds` is the table: ask `kinds.kind(name)` what a kind's rows hold, how it is answered and scored,
whether its data sets are of pairs or of languages. No other room compares a kind's name. A kind is
one file here with its record (`kind.Kind` says what a record holds); a new one is such a file and a
line in `kinds`. `rendering` makes a row a text and `prompts` tokens, the same way for training,
decoding, scoring and probing; `choices` has the tokens that are compared where the likeliest text
is taken, `reading` says which choice a written answer names.
`learning` has how rows become what models learn from.

Everyone above may come in: study, data, training, evaluation, analysis. Start with `kinds`, then
`translation`, the kind that uses most of the record. Nothing here imports torch.
"""
