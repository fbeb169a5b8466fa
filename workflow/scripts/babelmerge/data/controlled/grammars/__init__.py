"""One grammar per language: a function from a meaning to a sentence."""

from collections.abc import Callable

from babelmerge.data.controlled.grammars import bn, en, hi, ta, te
from babelmerge.data.controlled.meaning import Meaning

GRAMMARS: dict[str, Callable[[Meaning], str]] = {
    "en": en.sentence,
    "hi": hi.sentence,
    "bn": bn.sentence,
    "ta": ta.sentence,
    "te": te.sentence,
}
