"""The part of config/README.md on merging methods, from the table of methods.

Text only; `write` puts it into the file.
"""

import json
from collections.abc import Iterable
from typing import Any, get_args

from pydantic.fields import FieldInfo

from babelmerge.recipes.methods import COMMON, METHODS, REQUIRED, Method
from babelmerge.study.grammar.methods import PARAMETERS, PRESETS, Value
from babelmerge.study.grammar.selection import Search
from babelmerge.words.spelling import listed

_TEXT = """\
## Merging methods

| method | what it does | parameters (default) | in mergekit |
|---|---|---|---|
{methods}

A parameter without a default has to be given, but for `blocks` and `subspace_rank`. Every method
also takes {common}.
Defaults are those of `semantics: original`; others may differ: `babelmerge methods NAME` tells
them. `trim` and `scope` of `dare_ties` are there under `fusebench` alone; `lambda` of `sce`, `ram`,
`ramplus_tl`, `nearswap` and `arcee_fusion` under `original` alone.

A group with `methods: modern` has the newest of them that need no data, at one point each:
{modern}.
`modern-adapters` has `ctm` too, which merges adapters alone. They are one-shot, with the defaults
above: what a grid would choose for them is not known. Of fine-tunes of one base `karcher` is nearly
`linear`. [docs/merging-methods.md](../docs/merging-methods.md) says which formulas were checked
against their authors' code; that of `nan` is our reading of an abstract.

### Semantics

One name means several algorithms. `semantics` says whose: `original` is the method's authors',
`mergekit` that of version 0.1.5, `mergebench` and `fusebench` (FusionBench) where they differ. The
default is always `original`: a name should mean the published algorithm, equal weights then scale
the result instead of cancelling (with mergekit's `normalize`, a grid over them is one model), and
embeddings take part. Take another to repeat a study that used it. Methods that are not listed have
`original` alone, or the semantics of `then`.

| method | semantics | in what they part |
|---|---|---|
{semantics}

Of some methods `original` is not the authors' code to the letter, since that decides by accident.
Methods of singular values leave out triplets that are null up to rounding (of adapters and of equal
experts nearly all are), where that takes whatever vectors come with them. Fisher's `floor` is a
share of the tensor's mean information, where theirs is the number 1e-6, below which all information
of a large model lies. TIES keeps as many changes as its density says, and under `fusebench` as
`trim` says; the code of its authors, of MergeBench and of FusionBench keeps one more, which
`mergebench` alone repeats.

### Parameters

| parameter | values | meaning |
|---|---|---|
{parameters}

What is one per expert may be a mapping by expert: `weight: {{hi-en: 0.3, bn-en: -0.1}}` (a weight
below 0 takes an expert's task vector away). Numbers and switches may also differ by layer and by
tensor, as in mergekit:

- `weight: {{layers: [0, 0.5, 1]}}` is a gradient: the first number in the first block, the last in
  the last, straight lines between them. Embeddings, final norm and head take the first.
- `weight: [{{filter: mlp, value: 0.2}}, {{filter: layers.3., value: 1}}, {{value: 0.5}}]` takes the
  value of the first filter that is part of the tensor's name. It may be a gradient, a bare list.

Any other list in a grid is a set of alternatives: `weight: [0.3, {{layers: [0, 1]}}]` is two
points. (In `merging.merge` a bare list of numbers is one for each expert where a parameter is per
expert, else a gradient; in a recipe it is a gradient, as in mergekit.) A `density` that differs by
tensor needs `scope: tensor`.

### Searches

`ties: {{density: [0.4, 0.8], search: {{points: 200, by: expert}}}}` is two merges: `ties`, the best
point of the grid, and `ties-search`, what CMA-ES (Hansen, arXiv:1604.00772) finds from there. It
moves the experts' weights, each within its sign, and leaves everything else as it is at that point.
Of the rows that `selection` names one half is searched on, drawn by the rows' numbers. The other
half is for the choice among the points that were the best so far, and for seeing what the search
overfits: the table of searches and the figure of sweeps have both halves, and test of both merges.
A search that is killed goes on where it was, and one of more points keeps those that it has.

| key | type | default | meaning |
|---|---|---|---|
{search}
"""


def methods() -> str:
    """The section "Merging methods"."""
    variants = {name: m for name, m in METHODS.items() if m.variants}
    return _TEXT.format(
        common=_code(COMMON),
        modern=listed(map(_point, PRESETS["modern"].items())),
        methods=_rows((_code([n]), m.summary, _own(m), _theirs(m)) for n, m in METHODS.items()),
        semantics=_rows((_code([n]), _code(m.semantics), m.variants) for n, m in variants.items()),
        search=_rows(_key(*one) for one in Search.model_fields.items()),
        parameters=_rows((_code([n]), _may_be(n, v), v.meaning) for n, v in PARAMETERS.items()),
    )


def _point(named: tuple[str, dict[str, Any]]) -> str:
    told = ", ".join(f"{key}: {value}" for key, value in named[1].items())
    return f"`{named[0]}`" + (f" (`{told}`)" if told else "")


def _rows(rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _key(name: str, field: FieldInfo) -> tuple[str, ...]:
    words = get_args(field.annotation)
    kind = _code(words) if name == "by" else "whole number"
    default = "required" if field.is_required() else _code([field.default] if field.default else [])
    return _code([name]), kind, default, str(field.description)


def _code(words: Iterable[str]) -> str:
    return listed(f"`{word}`" for word in words)


def _own(method: Method) -> str:
    own = [f"`{name}`{_default(value)}" for name, value in method.defaults.items()]
    return listed(own + (["those of `then`"] if method.inner else []))


def _theirs(method: Method) -> str:
    return f"`{method.mergekit}`" if method.mergekit else ""


def _default(value: Any) -> str:
    return "" if value in (REQUIRED, None) else f" ({json.dumps(value)})"


def _may_be(name: str, value: Value) -> str:
    if name != "then":
        return value.expected
    return "; ".join(f"of `{n}`: {listed(m.inner)}" for n, m in METHODS.items() if m.inner)
