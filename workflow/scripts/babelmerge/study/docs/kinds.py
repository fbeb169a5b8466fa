"""The part of config/README.md about task kinds, from the table of kinds.

Text only; `write` puts it into the file.
"""

from babelmerge.tasks.kinds import KINDS, Kind

_HEAD = """\
## Task kinds

A data set is of a pair of languages or of one language. Fields are what `columns` of a corpus names
for kinds of one language; metrics in bold are reported when a task names none. The
controlled corpus has rows of the kinds that name what it makes for them.

Answers are generated, or the likeliest choice is taken; a task of a kind that knows both says which
(`answer`). Of a generated answer the first label in it counts, as whole words; of choices the whole
text, or else the key (A, B, …) alone or before a mark, or else the first choice in it. Case,
punctuation and full width do not count; what can't be read is wrong, and counted as `unread`. The
likelihood of a choice is that of its tokens behind the prompt, tokenized apart as in training; the
prompt begins as its tokenizer or chat template has it, the end token is not counted. Where the
likeliest is taken, behind a prompt that ends without white space and without a chat template, a
space comes before the answer, also in training, as in lm-evaluation-harness; a prompt of any kind
that ends with `{space}` does that. `accuracy` takes the sum, `accuracy_tokens` and the like divide
it by a length. docs/likelihood.md sets all this beside what other harnesses do.

`minimal_pairs` has two sentences that are compared as they are, without a prompt, the good one
first; models are not trained on them. `perplexity` is of texts that are foretold as they are:
`bits_per_byte` is -log2 of their likelihood over their bytes of UTF-8, put together, as
lm-evaluation-harness has it, but never with a BOS; less is better, and retention is expert over
merged. `first_token` says of both whether the first token counts. Sentences that are the same, and
choices that are empty or the same, are errors, or left out (`unusable: drop`).

`shots: 5` shows examples before each item. A prompt's words may differ by language (`words`):

```yaml
prompt: "{passage}\\n{question_word}{question}\\n{answer_word}"
words:
  de: {question_word: "Frage: ", answer_word: "Antwort:"}
  zh: {question_word: 问题：, answer_word: 答案：, space: ""}
shots: 5
```

A row of `multiple_choice` has its choices as a list, as several columns or as lines of one text,
and an answer that is a choice, its letter or, where the row has `keys`, its key; where it is the
number of a choice, the corpus says what the first one's is (`keys_from: 0` or 1). Prompts show
`{choices}` as lines "A. text"; models learn to write the text. ROUGE is the mean F1 of summaries,
over words, in scripts without spaces over characters; the metrics with `_default` are over what
rouge-score finds by default, which is nothing but a-z and 0-9. BERTScore (Zhang et al. 2020) is the
mean F1 of tokens that a model matches by the cosine of their embeddings, as bert-score counts it,
without idf weights and without rescaling; it is there where the study names that model
(`evaluation: {bertscore: {path: …, layer: …}}`), and left out with a warning where a task asks for
it and the study names none.

Tables of scores show what can be answered without a model, computed from the data sets' own rows:
of classification the label that a logistic regression finds from words alone, and the commonest
label; of multiple choice the choice that shares most words with its question, and one at random; of
summarization the first sentence. An expert whose interval is not above the commonest label, or a
choice at random, has learnt nothing.

`extraction` takes themes from texts: a document, or a list of statements, and examples quoted from
it, as a list or as lines ("theme: example" is one). Each line that a model writes is an example,
but for headings, which end with a colon. `hallucination` is the share of all examples of a data set
that are not in their own input: neither the line, without a mark of a list, nor what follows its
first colon occurs there as whole words, with NFKC, case, white space and marks at the ends folded.
An answer without examples counts none there and is counted by `without_examples`. Input of several
languages is a data set like any other: name it in `languages` by the code `mul`.

A task of `kind: harness` is none of these: it names benchmarks that EleutherAI's
lm-evaluation-harness runs on all models, with its own prompts, rows and metrics (docs/running.md).

| kind | of a | fields | in prompts | metrics | controlled corpus |
|---|---|---|---|---|---|
"""


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _metrics(kind: Kind) -> str:
    shown = (_metric(name, name in kind.main) for name in kind.metrics)
    return ", ".join(shown) or "none: it is looked at"


def _metric(name: str, main: bool) -> str:
    return f"**`{name}`**" if main else f"`{name}`"


def kinds() -> str:
    """The section as Markdown."""
    rows = [
        f"| `{kind.name}` | {kind.unit} | {_words(kind.fields)} "
        f"| {_words(tuple(f'{{{name}}}' for name in kind.placeholders))} | {_metrics(kind)} "
        f"| {kind.made or 'none'} |"
        for kind in KINDS.values()
    ]
    return _HEAD + "\n".join(rows)
