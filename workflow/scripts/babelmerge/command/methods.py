"""The command methods: what there is to merge by, and what each method can be told. No torch."""

import argparse
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from babelmerge.command import terminal
from babelmerge.recipes import points
from babelmerge.recipes.methods import COMMON, METHODS, REQUIRED, Method
from babelmerge.recipes.parameters import PARAMETERS

INDENT = " " * (max(map(len, METHODS)) + len(terminal.GAP))
EXAMPLES = {"t": "0.5", "density": "0.4", "from": "hi --set top=8"}
HEADER = ("parameter", "default", "may be", "meaning")


def methods(options: argparse.Namespace) -> int:
    """List all methods, or tell all about one."""
    if options.name is None:
        print("\n".join(map(_listed, METHODS)))
        return 0
    points.refuse_unknown_parameters(options.name, ())
    print("\n\n".join(_explained(options.name, options.program)))
    return 0


def _listed(name: str) -> str:
    own = ", ".join(f"{key} {_text(value)}" for key, value in METHODS[name].defaults.items())
    first = f"{name:<{len(INDENT)}}{METHODS[name].summary}"
    if not own:
        return first
    lines = textwrap.wrap(
        own, terminal.WIDTH, initial_indent=INDENT, subsequent_indent=INDENT, break_on_hyphens=False
    )
    return "\n".join([first, *lines])


def _explained(name: str, program: str) -> Iterator[str]:
    rule = METHODS[name]
    yield f"{name}: {rule.summary}"
    rows = [
        (key, _text(default), _expected(rule, key), PARAMETERS[key].meaning)
        for key, default in rule.defaults.items()
    ]
    if len(rule.semantics) > 1:
        choice = _either(rule.semantics)
        rows.append(("semantics", rule.semantics[0], choice, PARAMETERS["semantics"].meaning))
    if rows:
        yield terminal.table(HEADER, list(_wrapped(rows)), left=4)
    also = ", ".join(key for key in COMMON if key != "semantics")
    yield f"Every method also takes {also}."
    if rule.inner:
        inner = f"then may be {_either(rule.inner)}, with its parameters"
        yield textwrap.fill(inner, terminal.WIDTH)
    yield from _variants(rule)
    needed = [key for key in rule.defaults if key == "density" or rule.defaults[key] is REQUIRED]
    settings = "".join(f" --set {key}={EXAMPLES[key]}" for key in needed)
    base = "" if rule.whole else " --base DIR"
    some = ("hi", "bn")[: int(min(2, rule.experts[1]))]
    experts = "".join(f" --expert {id_}=DIR" for id_ in some)
    yield f"{program} merge --method {name}{base}{experts}{settings} OUT"


def _wrapped(rows: Sequence[Sequence[str]]) -> Iterator[Sequence[str]]:
    """Rows whose last cell fits the page, in as many lines as it takes."""
    widths = [max(map(len, column)) for column in zip(HEADER, *rows, strict=True)]
    left = terminal.WIDTH - sum(widths[:-1]) - len(terminal.GAP) * (len(widths) - 1)
    for *cells, last in rows:
        first, *more = textwrap.wrap(last, max(left, terminal.LEAST))
        yield (*cells, first)
        yield from ((*[""] * len(cells), line) for line in more)


def _either(words: Sequence[str]) -> str:
    return " or ".join(", ".join(words).rsplit(", ", 1))


def _expected(rule: Method, key: str) -> str:
    scopes = dict.fromkeys(word for words in rule.scopes.values() for word in words)
    special = {"scope": _either(list(scopes)), "then": "a method, see below"}
    words = special.get(key) or PARAMETERS[key].expected
    return f"{words}, or one each" if PARAMETERS[key].per_expert else words


def _variants(rule: Method) -> Iterator[str]:
    """How each semantics differs from the defaults in the table."""
    lines = []
    for semantics in rule.semantics:
        told = dict(rule.by_semantics.get(semantics, {}))
        if (scopes := rule.scopes.get(semantics)) and scopes[0] != rule.defaults["scope"]:
            told["scope"] = scopes[0]
        others = [f"{key} {_text(value)}" for key, value in told.items()]
        others += [f"no {key}" for key, where in rule.only.items() if semantics not in where]
        if others:
            lines.append(f"semantics {semantics}: {', '.join(others)}")
    if lines:
        yield "\n".join(lines)


def _text(value: Any) -> str:
    if value is REQUIRED:
        return "required"
    if value is None:
        return "auto"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)
