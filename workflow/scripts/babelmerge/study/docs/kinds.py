"""The part of config/README.md about task kinds, from the table of kinds.

Text only; `write` puts it into the file.
"""

from babelmerge.tasks.kinds import KINDS, Kind
from babelmerge.words.metrics import metric

_HEAD = """\
## Task kinds

A data set is of a pair of languages or of one language. Fields are what `columns` of a corpus names
for kinds of one language; metrics in bold are reported when a task names none. Kinds that this
version cannot run yet may be written into a study all the same. The controlled corpus has rows of
the kinds that name what it makes for them. Metrics in brackets are not counted yet.

Answers are generated, or the likeliest choice is taken; a task of a kind that knows both says which
(`answer`). Of a generated answer the first label in it counts, as whole words; of choices the whole
text, or else the key (A, B, …) alone or before a mark, or else the first choice in it. Case,
punctuation and full width do not count; what can't be read is wrong, and counted as `unread`. The
likelihood of a choice is that of its tokens behind the prompt, tokenized apart as in training; the
prompt begins as its tokenizer or chat template has it, the end token is not counted. `accuracy`
takes the sum, `accuracy_tokens` and the like divide it by a length.

A row of `multiple_choice` has its choices as a list, as several columns or as lines of one text,
and an answer that is a choice, its letter or, where the row has `keys`, its key. Prompts show
`{choices}` as lines "A. text"; models learn to write the text. ROUGE is the mean F1 of summaries,
over words, in scripts without spaces over characters; the metrics with `_default` are over what
rouge-score finds by default, which is nothing but a-z and 0-9.

A task of `kind: harness` is none of these: it names benchmarks that EleutherAI's
lm-evaluation-harness runs on all models, with its own prompts, rows and metrics (docs/running.md).

| kind | of a | fields | in prompts | metrics | controlled corpus | runs |
|---|---|---|---|---|---|---|
"""


def _words(names: tuple[str, ...]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _metrics(kind: Kind) -> str:
    shown = (_metric(name, name in kind.main) for name in kind.metrics)
    return ", ".join(shown) or "none: it is looked at"


def _metric(name: str, main: bool) -> str:
    if not metric(name).built:
        return f"(`{name}`)"
    return f"**`{name}`**" if main else f"`{name}`"


def kinds() -> str:
    """The section as Markdown."""
    rows = [
        f"| `{kind.name}` | {kind.unit} | {_words(kind.fields)} "
        f"| {_words(tuple(f'{{{name}}}' for name in kind.placeholders))} | {_metrics(kind)} "
        f"| {kind.made or 'none'} | {'yes' if kind.built else 'not yet'} |"
        for kind in KINDS.values()
    ]
    return _HEAD + "\n".join(rows)
